"""Apply: plan, ask, send the smallest update, and prove that it is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.errors import Declined, Refused, SecretUnavailable, WrongUsage
from confsync.kinds import KINDS
from confsync.secrets import RESOLVERS
from confsync.secrets.moment import At
from confsync.secrets.resolve import resolve
from confsync.sync.fingerprint import is_digest
from confsync.sync.outcome import NotSent, Outcome, changed
from confsync.sync.risk import check_allowed
from confsync.workflow.audit import entry as audited
from confsync.workflow.discreet import callers, discreet
from confsync.workflow.load import load
from confsync.workflow.plan import DEFAULTS, Options, missing, planned, replanned
from confsync.workflow.saved import saved
from confsync.workflow.send import send
from confsync.workflow.server import read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

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
    check_allowed(options.allow)
    if expect is not None and not is_digest(expect):
        hint = "copy it whole from a plan that this version of confsync made"
        raise WrongUsage("what is expected is no digest of a plan", hint=hint)
    loaded = load(files, session.vault)
    resolvers = At(RESOLVERS, "allowed" if allow_commands else "apply")
    resolved = resolve(loaded.desired, session.vault, resolvers, environment)
    if resolved.problems and options.hidden_secrets != "keep":
        raise SecretUnavailable(resolved.problems)
    live = read(loaded.desired.object, session)
    plan = planned(session.target, resolved.desired, live, options, loaded.risks)
    if problems := missing(resolved, plan):
        raise SecretUnavailable(tuple(problems))
    if show is not None:
        callers(show)(plan)
    with audited(audit, plan) as entry:
        if expect is not None and plan.digest != expect:
            raise Declined(
                f"this is not the plan that is expected: its digest is {plan.digest}",
                hint="the server, the files or the options are others now: look at the plan again",
            )
        _refuse(plan, asking=ask is not None)
        if plan.empty:
            return entry.ended(NotSent(plan))
        if ask is not None:
            _ask(plan, ask, session)
        entry.begin()
        return entry.ended(send(plan, session))


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
        entry.begin()
        return entry.ended(send(plan, session))


def _refuse(plan: Plan, *, asking: bool) -> None:
    """Raise Refused where a finding stops the apply, and no question is left to ask."""
    asked = asking and not plan.empty and all(finding.risk for finding in plan.refusals)
    if plan.refusals and not asked:
        raise Refused(
            tuple(finding.message for finding in plan.refusals),
            tuple(dict.fromkeys(finding.rule for finding in plan.refusals if finding.risk)),
        )


def _ask(plan: Plan, ask: Callable[[Plan], bool], session: Session) -> None:
    if not callers(ask)(plan):
        hint = "answer yes, in full, and the name of each risk, to apply"
        raise Declined("declined", hint=hint if plan.refusals else "answer yes, in full, to apply")
    now = read(plan.desired.object, session)
    if changed(plan.live, now, KINDS[plan.desired.object].shape):
        raise Declined(
            "the server's state has changed since the plan was shown",
            hint="plan again, and look at what changed",
        )
