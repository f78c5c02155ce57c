"""Apply: plan, ask, send the smallest update to one target or to several, and verify the result."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from confsync.disk.write import write_backup
from confsync.errors import (
    Cancelled,
    ConfsyncError,
    Declined,
    NotWritten,
    OutputFailed,
    Refused,
    WrongUsage,
)
from confsync.guard import alone, callers, discreet
from confsync.kinds import using
from confsync.kinds.forms import RESTARTED
from confsync.kinds.kind import Kind
from confsync.report.lines import changes_in_words
from confsync.store.encode import way_back
from confsync.sync.compare import difference
from confsync.sync.findings import STALE, facts
from confsync.sync.outcome import Ended, NotBegun, NotSent, Outcome, Stored, as_wanted, changed
from confsync.sync.plan import check_no_secret_in_clear, is_digest, whole_digest
from confsync.sync.values import Failed, Finding, Plan, named
from confsync.workflow.audit import entry as audited
from confsync.workflow.load import check_output
from confsync.workflow.plan import made, only, saved
from confsync.workflow.server import read, reload, send
from confsync.workflow.session import aim_of_saved, attempted
from confsync.workflow.targets import DEFAULTS, Options, same_server_facts
from confsync.yaml.emit import yaml_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from confsync.secrets.resolver import Moment
    from confsync.sync.tree import Object
    from confsync.sync.values import Live
    from confsync.workflow.audit import Audit, Entry
    from confsync.workflow.server import Session
    from confsync.workflow.session import Reach
    from confsync.workflow.targets import Access, Aim
    from confsync.yaml.emit import Plain


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
    stores = (file for aim in aims for file in aim.files)
    check_output("--backup", how.backup, [*stores, *configuration])
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

    return _run([(aim, partial(prepared, aim)) for aim in aims], how, kept)


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
    jobs: Sequence[tuple[Aim | None, Callable[[ExitStack], tuple[tuple[Plan, ...], Session]]]],
    how: How,
    kept: tuple[Plan, ...] = (),
) -> tuple[Ended, ...]:
    """Plan all, show all, decide on all, then send, object by object. The stack of a job holds its
    session.
    """
    expect, ask = how.expect, how.ask
    if expect is not None and not is_digest(expect):
        hint = "copy the whole digest from a plan of this version of confsync"
        raise WrongUsage("--expect: not a plan digest", hint=hint)
    with ExitStack() as stack:
        found = [attempted(aim, partial(prepared, stack)) for aim, prepared in jobs]
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
                ready = _backed_up(ready, entries, how.backup)
        return _with_backup(_applied(ready, entries, reloads=how.reload))


def _backed_up(
    ready: Sequence[tuple[Plan, Session]], entries: Sequence[Entry], path: str
) -> list[tuple[Plan, Session]]:
    """Write the backup of the objects to update. Returns the plans with its name."""
    _write_backup([(plan.live, plan) for plan, _ in ready], path)
    found = [(replace(plan, backup=path), session) for plan, session in ready]
    for entry, (plan, _) in zip(entries, found, strict=True):
        entry.plan = plan
    return found


def _write_backup(states: Sequence[tuple[Live, Plan]], path: str, *, again: bool = False) -> None:
    """Write the states of objects to update as a store file that restores them. Raises NotWritten
    and OutputFailed.
    """
    whole: dict[str, Plain] = {}
    beside = str(Path(path).parent)
    try:
        for before, plan in states:
            if not plan.empty:
                whole |= way_back(before, plan, Kind(before.object, plan.shape), beside=beside)
    except NotWritten as error:
        hint = f"{error.hint}; or apply without --backup"
        raise NotWritten(f"--backup: {error.message}", hint=hint) from None
    write_backup(path, yaml_text(whole), again=again)


def _with_backup(ended: tuple[Ended, ...]) -> tuple[Ended, ...]:
    """Outcomes with somebody else's changes in their backup too; if that cannot be written again,
    without a backup.
    """
    theirs = [one for one in ended if isinstance(one, Stored) and one.foreign and one.plan.backup]
    if theirs:
        states = [
            (one.before if isinstance(one, Stored) else one.plan.live, one.plan)
            for one in ended
            if one.plan is not None
        ]
        try:
            _write_backup(states, theirs[0].plan.backup, again=True)
        except (NotWritten, OutputFailed):
            return tuple(
                one if one.plan is None else replace(one, plan=replace(one.plan, backup=""))
                for one in ended
            )
    return ended


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


def _applied(
    ready: Sequence[tuple[Plan, Session]], entries: Sequence[Entry], *, reloads: bool
) -> tuple[Ended, ...]:
    """Send each pending update, until a target does not end as wanted or an interrupt comes. With
    `reloads` a target's server reloads its settings after the last update there.

    Raises errors of the only target, and an interrupt before anything was sent to any.
    """
    ended: list[Ended] = []
    for (plan, session), entry in zip(ready, entries, strict=True):
        # Before an update, during it, or while its end was written.
        interrupted = (
            any(isinstance(done, NotBegun) and done.interrupted for done in ended)
            or any(known.interrupted for known in entries)
            or any(known.server.interrupted for _, known in ready)
        )
        if not plan.empty and (interrupted or not all(map(as_wanted, ended))):
            ended.append(NotBegun(plan, interrupted=interrupted))
            continue
        result: Ended
        try:
            result = entry.ended(NotSent(plan) if plan.empty else send(plan, entry.begin(session)))
        except BaseException as error:
            unknown = entry.failed(error)
            begun = not all(isinstance(done, NotSent) for done in ended)
            if len(ready) > 1 and unknown is not None:
                result = unknown
            elif len(ready) > 1 and isinstance(error, ConfsyncError):
                result = Failed(plan.target, alone(error), plan)
            elif len(ready) > 1 and isinstance(error, KeyboardInterrupt) and begun:
                result = NotBegun(plan, interrupted=True)
            else:
                entry.report_failed()
                raise
        ended.append(result)
        done = len(ended)
        last = done == len(ready) or ready[done][1] is not session
        if reloads and last and all(map(as_wanted, ended)):
            first = next(at for at, (_, known) in enumerate(ready) if known is session)
            ended[first:] = _reloaded(
                ended[first:], session, entries[first:done], interrupted=interrupted
            )
    return tuple(ended)


def _reloaded(
    ended: Sequence[Ended], session: Session, entries: Sequence[Entry], *, interrupted: bool
) -> tuple[Ended, ...]:
    """Have the server of a target reload its settings, if one of the objects takes effect by it.
    Those of them that were stored get the end of the reload; if there is none, the others get it:
    an earlier reload may have failed. Returns the ends with that of the reload.
    """
    takes = [one.plan is not None and one.plan.desired.object not in RESTARTED for one in ended]
    due = [of and isinstance(one, Stored) for of, one in zip(takes, ended, strict=True)]
    if not any(due) and not interrupted:
        due = takes
    if not any(due):
        return tuple(ended)
    found, cut = reload(session)
    entry = next(
        entry for entry, is_due in zip(reversed(entries), reversed(due), strict=True) if is_due
    )
    entry.reloaded(found)
    entry.interrupted |= cut
    return tuple(
        replace(one, reload=found) if is_due and isinstance(one, Stored | NotSent) else one
        for one, is_due in zip(ended, due, strict=True)
    )
