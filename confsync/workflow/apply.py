"""Apply: plan, ask, send the smallest update to one target or to several, and verify the result."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from confsync.errors import (
    Cancelled,
    Declined,
    Refused,
    WrongUsage,
)
from confsync.guard import callers, discreet
from confsync.kinds import using
from confsync.report.lines import changes_in_words
from confsync.sync.compare import difference
from confsync.sync.findings import STALE, facts
from confsync.sync.outcome import Ended, NotBegun, NotSent, Outcome, changed
from confsync.sync.plan import check_no_secret_in_clear, is_digest, whole_digest
from confsync.sync.values import Failed, Finding, Plan, named
from confsync.workflow.audit import entry as audited
from confsync.workflow.backup import backed_up, with_backup
from confsync.workflow.in_turn import applied
from confsync.workflow.jobs import ALONE, side_by_side
from confsync.workflow.load import check_output
from confsync.workflow.plan import made, only, saved
from confsync.workflow.server import read
from confsync.workflow.session import aim_of_saved, attempted
from confsync.workflow.targets import DEFAULTS, Options, same_server_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from confsync.secrets.resolver import Moment
    from confsync.sync.tree import Object
    from confsync.workflow.audit import Audit
    from confsync.workflow.jobs import Jobs
    from confsync.workflow.server import Session
    from confsync.workflow.session import Reach
    from confsync.workflow.targets import Access, Aim

    Prepare: TypeAlias = Callable[[ExitStack], tuple[tuple[Plan, ...], Session]]
    """Makes the plans of a target. The stack holds its session."""


@dataclass(frozen=True)
class How:
    """How an apply goes on: see `apply`. `show` and `ask` get all plans."""

    show: Callable[[Sequence[Plan | Failed]], None] | None = None
    ask: Callable[[Sequence[Plan]], bool] | None = None
    expect: str | None = None
    audit: Audit | None = None
    backup: str | None = None
    reload: bool = False


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
    backup: str | None = None,
    reload: bool = False,
    show: Callable[[Plan], None] | None = None,
    ask: Callable[[Plan], bool] | None = None,
) -> Outcome:
    """Bring the server to the desired state.

    Every reference is resolved before anything is sent. `show` gets the plan, even an empty one,
    before anything is sent. `ask` returns True to go on, and answers for each risk among the plan's
    refusals; the live state is then read again and must still be the planned one. Without `ask`
    each risk must be allowed, and the state is not read again. `allow_commands` runs the commands
    that the files refer to. With `expect` nothing is sent unless the plan has that digest. `audit`
    records the apply before anything is sent, and its end. `backup`: a file for the state before,
    written before anything is sent. `reload`: afterwards the server reloads its settings, if an
    object takes effect by that, even if nothing differs; see `Stored.reload`. Raises the errors of
    `plan`, SecretUnavailable, Refused, Declined, and NotWritten and OutputFailed for the backup:
    nothing was changed then.
    """
    with using(session.tables):
        options.check()
    check_output("--backup", backup, files)
    moment: Moment = "allowed" if allow_commands else "apply"
    how = How(
        None if show is None else lambda plans: callers(show)(plans[0]),  # type: ignore[arg-type] # not Failed: it is alone
        None if ask is None else lambda plans: callers(ask)(plans[0]),
        *(expect, audit, backup, reload),
    )
    job = (None, lambda _: (made(files, session, options, moment, environment), session))
    return only(_run([job], how))  # type: ignore[return-value] # the only target has an outcome, or raised


def apply_all(
    aims: Sequence[Aim], reach: Reach, how: How, kept: tuple[Plan, ...] = ()
) -> tuple[Ended, ...]:
    """Bring one server, or several one after another in the given order, to their desired states.

    If planning one of several fails nothing is sent to any; errors of the only target are raised.
    The first target that does not end as wanted ends the run. `kept`: the saved plans of the only
    target. Raises Refused and Declined if nothing was changed anywhere, and WrongUsage for several
    targets with one digest or one backup.
    """
    if len(aims) > 1 and how.backup is not None:
        raise WrongUsage("--backup takes one target", hint="choose it with --target")
    marks = (aim.config.url_mark for aim in aims if aim.config is not None)
    configuration = (mark.file for mark in marks if mark is not None)
    check_output("--backup", how.backup, [*aims[0].files, *configuration])
    if len(aims) > 1 and how.expect is not None:
        raise WrongUsage("--expect takes one target", hint="choose its target with --target")
    reach.check(aims)
    if facts := same_server_facts(aims):
        hint = "choose one of them with --target: the last would overwrite the others"
        raise Declined("; ".join(facts), hint=hint)
    moment: Moment = "allowed" if reach.allow_commands else "apply"

    def prepared(aim: Aim, stack: ExitStack) -> tuple[tuple[Plan, ...], Session]:
        session = stack.enter_context(reach.session(aim))
        return made(kept or aim.files, session, aim.options, moment, reach.environment), session

    return _run([(aim, partial(prepared, aim)) for aim in aims], how, kept, reach.jobs)


def apply_planned(
    path: str, directory: Path, access: Access, reach: Reach, how: How
) -> tuple[Ended, ...]:
    """Apply a saved plan on its server, without asking. A new plan on the live state must be equal.

    `directory` is searched for `confsync.yaml`. Raises the errors of `apply_all`, and Declined for
    a changed plan, another server or another state. If the server already has the plan's state
    nothing is sent.
    """
    kept = saved(path)
    origins = (origin for plan in kept for origin in plan.desired.origins.values())
    check_output("--backup", how.backup, [path, *(origin.file for origin in origins)])
    ended = apply_all([aim_of_saved(directory, kept[0], access, reach)], reach, how, kept)
    done = all(isinstance(one, NotSent) for one in ended)
    if done and not all(plan.empty for plan in kept):
        reach.tell("nothing to do: the server already has the state of this plan")
    return ended


def _run(
    targets: Sequence[tuple[Aim | None, Prepare]],
    how: How,
    kept: tuple[Plan, ...] = (),
    jobs: Jobs = ALONE,
) -> tuple[Ended, ...]:
    """Plan all side by side, show all, decide on all, then send, object by object."""
    expect, ask = how.expect, how.ask
    if expect is not None and not is_digest(expect):
        hint = "copy the whole digest from a plan of this version of confsync"
        raise WrongUsage("--expect: not a plan digest", hint=hint)
    with ExitStack() as stack:

        def prepared(one: tuple[Aim | None, Prepare]) -> tuple[tuple[Plan, ...], Session] | Failed:
            aim, prepare = one
            return attempted(aim, partial(prepare, stack))

        found = side_by_side(prepared, targets, jobs)
        ready = [(plan, one[1]) for one in found if not isinstance(one, Failed) for plan in one[0]]
        flat = [of for one in found for of in ([one] if isinstance(one, Failed) else one[0])]
        plans = [plan for plan, _ in ready]
        stale = _stale(plans, kept, expect) if ready else None
        if how.show is not None:
            how.show(flat if stale is None else _not_this_one(plans, saved=bool(kept)))
        if len(plans) < len(flat):
            return tuple(one if isinstance(one, Failed) else NotBegun(one) for one in flat)
        for plan in plans if expect is not None else ():
            check_no_secret_in_clear(plan.desired.written)
        with ExitStack() as books:
            entries = [books.enter_context(audited(how.audit, plan)) for plan in plans]
            if stale is not None:
                raise stale
            _decide(plans, saved=bool(kept), asking=ask is not None)
            pending = not all(plan.empty for plan in plans)
            if ask is not None and pending:
                _ask(ready, ask)
            if how.backup is not None and pending:
                ready = backed_up(ready, entries, how.backup)
        return with_backup(applied(ready, entries, reloads=how.reload))


def _stale(plans: Sequence[Plan], kept: Sequence[Plan], expect: str | None) -> Declined | None:
    """The refusal of plans that are not the saved ones, or not the expected ones; or None, also if
    the server certainly has the state of the saved ones.
    """
    if kept and whole_digest(plans) != whole_digest(kept):
        from confsync.store.plan_codec import as_saved  # noqa: PLC0415 - with pydantic

        if all(plan.empty for plan in plans):
            if not any(
                old.to_send and plan.difference.unknown
                for old, plan in zip(kept, plans, strict=True)
            ):
                return None
            fact = "the server already has the visible state of this plan"
            return Declined(fact, hint="its hidden secrets cannot be compared: plan again")
        since = "; ".join(
            named(plan, plans) + _changes_since(old, as_saved(plan.live.tree))
            for old, plan in zip(kept, plans, strict=True)
            if old.digest != plan.digest
        )
        fact = f"the server's state has changed since the plan was made: {since}"
        return Declined(fact, hint="plan again and review it")
    if expect is not None and (now := whole_digest(plans)) != expect:
        return Declined(
            f"the plan does not have the expected digest: it is now {now}",
            hint="the server, the files or the options have changed: plan again and review it",
        )
    return None


def _not_this_one(plans: Sequence[Plan], *, saved: bool) -> list[Plan | Failed]:
    """Stale plans, to be shown as what they are."""
    which = "the saved one" if saved else "the one with the expected digest"
    fact = f"this is the current plan, not {which}: not applied"
    stale = Finding(STALE, "error", fact, "plan again and review it")
    return [
        replace(plan, findings=(stale, *(() if plan.empty else plan.findings))) for plan in plans
    ]


def _changes_since(plan: Plan, now: Object) -> str:
    """Changes of the live state since a plan was made, in one line."""
    since = difference(plan.live.tree, now, plan.shape, plan.desired.origin).changes
    return changes_in_words(since) or "in fields that confsync does not know"


def _decide(plans: Sequence[Plan], *, saved: bool, asking: bool) -> None:
    """Raise Declined for refusals of a saved plan, and Refused for findings that stop the apply and
    that no question can lift.
    """
    if saved and any(plan.refusals for plan in plans):
        messages = "; ".join(
            named(plan, plans) + finding.message for plan in plans for finding in plan.refusals
        )
        hint = "plan again with --allow for each risk that you accept, and save that plan"
        raise Declined(messages, hint=hint)
    stopped = [
        plan
        for plan in plans
        if (refusals := plan.refusals)
        and not (asking and not plan.empty and all(finding.risk for finding in refusals))
    ]
    if stopped:
        told = tuple(named(plan, plans) + fact for plan in stopped for fact in facts(plan.findings))
        refused = [finding for plan in stopped for finding in plan.refusals]
        # No allowance helps beside an error that is no risk.
        helps = all(finding.risk for finding in refused)
        risks = tuple(dict.fromkeys(finding.rule for finding in refused)) if helps else ()
        raise Refused(told, risks)


def _ask(ready: Sequence[tuple[Plan, Session]], ask: Callable[[Sequence[Plan]], bool]) -> None:
    """Raise Cancelled unless all plans are accepted, and Declined unless the live
    states are still the planned ones.
    """
    plans = [plan for plan, _ in ready]
    if not ask(plans):
        raise Cancelled("cancelled: nothing was sent")
    for plan, session in ready:
        name = plan.desired.object
        if plan.empty:
            continue
        now = read(name, session)
        if changed(plan.live, now, plan.shape):
            since = named(plan, plans) + _changes_since(plan, now.tree)
            fact = f"the server's state has changed since the plan was shown: {since}"
            raise Declined(fact, hint="plan again and review it")
