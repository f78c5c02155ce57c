"""Apply: plan, ask, send the smallest update, and prove that it is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.errors import Declined, Refused, SecretUnavailable, WrongUsage
from confsync.guard import callers, discreet
from confsync.kinds import KINDS
from confsync.secrets import RESOLVERS
from confsync.secrets.resolve import resolve
from confsync.secrets.resolver import At
from confsync.sync.codec import check_no_secret_in_clear, is_digest
from confsync.sync.findings import facts
from confsync.sync.outcome import NotSent, Outcome, changed
from confsync.workflow.audit import entry as audited
from confsync.workflow.load import load
from confsync.workflow.options import DEFAULTS, Options
from confsync.workflow.plan import missing, planned, replanned
from confsync.workflow.saved import saved
from confsync.workflow.send import send
from confsync.workflow.server import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from confsync.sync.values import Plan
    from confsync.workflow.audit import Audit
    from confsync.workflow.server import Session


@discreet
def apply(  # noqa: PLR0913 - what touches the world is passed in, each by its name
    files: Sequence[str],
    session: Session,
    *,
    environment: Mapping[str, str],
    options: Options = DEFAULTS,
    allow_commands: bool = False,
    expect: str | None = None,
    audit: Audit | None = None,
    show: Callable[[Plan], None] | None = None,
    ask: Callable[[Plan], bool] | None = None,
) -> Outcome:
    """Bring the server to the desired state.

    Every reference is resolved before anything is sent. `show` gets the plan before that, even an
    empty one. `ask` says whether to go on, and answers for each risk among the plan's refusals;
    the live state is then read again and must still be the planned one. Without `ask` the planning
    read counts, and each risk must be allowed. With `allow_commands` the commands that the files
    refer to are run. With `expect` nothing is sent unless the plan has that digest. `audit` takes
    note of the apply before anything is sent, and of its end. Raises what `plan` raises, and
    SecretUnavailable, Refused and Declined: in all of these nothing was changed.
    """
    options.check()
    if expect is not None and not is_digest(expect):
        hint = "copy it whole from a plan that this version of confsync made"
        raise WrongUsage("what is expected is no digest of a plan", hint=hint)
    plan = plan_to_apply(
        files, session, environment=environment, options=options, allow_commands=allow_commands
    )
    if show is not None:
        callers(show)(plan)
    if expect is not None:
        check_no_secret_in_clear(plan.desired.written)
    with audited(audit, plan) as entry:
        if expect is not None and plan.digest != expect:
            raise Declined(
                f"this is not the plan that is expected: its digest is {plan.digest}",
                hint="the server, the files or the options are others now: look at the plan again",
            )
        refuse([plan], asking=ask is not None)
        if plan.empty:
            return entry.ended(NotSent(plan))
        if ask is not None:
            if not callers(ask)(plan):
                raise declined([plan])
            check_still_planned(plan, session)
        return entry.ended(send(plan, entry.begin(session)))


@discreet
def apply_saved(  # noqa: PLR0913 - what touches the world is passed in, each by its name
    path: str,
    session: Session,
    *,
    environment: Mapping[str, str],
    allow_commands: bool = False,
    audit: Audit | None = None,
    show: Callable[[Plan], None] | None = None,
) -> Outcome:
    """Do what a saved plan says, or nothing.

    Its references are resolved, the live state is read, and the plan is made again: it must be the
    same. Nobody is asked. Raises what `apply` raises; Declined for a plan that is not as it was
    saved, that was made for another server, or on another state.
    """
    kept = saved(path)
    if kept.target.url != session.target.url:
        raise Declined(
            "the plan was made for another server",
            hint=f"it is for {kept.target.url}; this one is {session.target.url}",
        )
    resolvers = At(RESOLVERS, "allowed" if allow_commands else "apply")
    resolved = resolve(kept.desired, session.vault, resolvers, environment)
    if resolved.problems and kept.hidden_secrets != "keep":
        raise SecretUnavailable(resolved.problems)
    plan = replanned(kept, resolved.desired, read(kept.desired.object, session))
    if problems := missing(resolved, plan):
        raise SecretUnavailable(tuple(problems))
    if show is not None:
        callers(show)(plan)
    with audited(audit, plan) as entry:
        if plan.digest != kept.digest:
            raise Declined(
                "the server's state has changed since the plan was made",
                hint="plan again, and look at what changed",
            )
        if plan.refusals:
            facts = "; ".join(finding.message for finding in plan.refusals)
            raise Declined(facts, hint="plan again with what you accept allowed, and save that")
        if plan.empty:
            return entry.ended(NotSent(plan))
        return entry.ended(send(plan, entry.begin(session)))


def plan_to_apply(
    files: Sequence[str],
    session: Session,
    *,
    environment: Mapping[str, str],
    options: Options,
    allow_commands: bool,
) -> Plan:
    """The plan of an apply: with every reference resolved, before anything is read.

    Raises what `plan` raises, and SecretUnavailable.
    """
    loaded = load(files, session.vault)
    resolvers = At(RESOLVERS, "allowed" if allow_commands else "apply")
    resolved = resolve(loaded.desired, session.vault, resolvers, environment)
    # What becomes of secrets that may be left alone can only be seen beside the live state.
    if resolved.problems and options.hidden_secrets != "keep" and not options.ignore:
        raise SecretUnavailable(loaded.shown(resolved.problems))
    live = read(loaded.desired.object, session)
    plan = planned(session.target, resolved.desired, live, options, loaded.problems)
    if problems := missing(resolved, plan):
        raise SecretUnavailable(loaded.shown(problems))
    return plan


def refuse(plans: Sequence[Plan], *, asking: bool) -> None:
    """Raise Refused where a finding stops the apply, and no question is left to ask."""
    stopped = [plan for plan in plans if plan.refusals and not (asking and _can_be_asked(plan))]
    if stopped:
        raise Refused(
            tuple(fact for plan in stopped for fact in _facts(plan, alone=len(plans) == 1)),
            tuple(
                dict.fromkeys(risk.rule for plan in stopped for risk in plan.refusals if risk.risk)
            ),
        )


def declined(plans: Iterable[Plan]) -> Declined:
    """Somebody said no."""
    risks = any(plan.refusals for plan in plans)
    hint = "answer yes, in full, and the name of each risk, to apply"
    return Declined("declined", hint=hint if risks else "answer yes, in full, to apply")


def check_still_planned(plan: Plan, session: Session, name: str = "") -> None:
    """Raise Declined where the server has something else than the plan was made on."""
    now = read(plan.desired.object, session)
    if changed(plan.live, now, KINDS[plan.desired.object].shape):
        of = f"the state of {name}" if name else "the server's state"
        raise Declined(
            f"{of} has changed since the plan was shown",
            hint="plan again, and look at what changed",
        )


def _can_be_asked(plan: Plan) -> bool:
    return not plan.empty and all(finding.risk for finding in plan.refusals)


def _facts(plan: Plan, *, alone: bool) -> Iterator[str]:
    of = "" if alone else f"{plan.target.name}: "
    return (f"{of}{fact}" for fact in facts(plan.findings))
