"""Send the updates of an apply, one after another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from confsync.errors import ConfsyncError, DeadlinePassed
from confsync.guard import alone
from confsync.kinds.forms import RESTARTED
from confsync.sync.outcome import (
    Ended,
    NotBegun,
    NotSent,
    Stored,
    Unknown,
    as_wanted,
    locked_out,
)
from confsync.sync.values import Failed
from confsync.workflow.server import INTERRUPTED, reload, send

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from confsync.sync.values import Plan
    from confsync.workflow.after import After
    from confsync.workflow.audit import Entry
    from confsync.workflow.server import Session


@dataclass(frozen=True)
class Turn:
    """The rules for a row of updates. `several`: the run has other ends than this one, and errors
    are no reason to lose them. `keep_going`: a target that does not end as wanted stops no other.
    `reloads`: a server reloads its settings after its last update. `late`: True after the deadline.
    `tell` gets the ends of each target when it has ended. `after`: what is done with a target that
    must be restarted; a target that is locked out by it stops the others in any case.
    """

    several: bool
    keep_going: bool
    reloads: bool
    late: Callable[[], bool]
    tell: Callable[[Sequence[Ended]], None] | None = None
    after: After | None = None

    def target(self, ended: Sequence[Ended], entry: Entry) -> None:
        """Tell the ends of a target. An interrupt is noted: the run has to end with an outcome."""
        try:
            if self.tell is not None:
                self.tell(ended)
        except KeyboardInterrupt:
            entry.interrupted = True


def applied(
    ready: Sequence[tuple[Plan, Session]], entries: Sequence[Entry], turn: Turn
) -> tuple[Ended, ...]:
    """Send each pending update, until a target does not end as wanted, an interrupt comes or the
    deadline has passed. A target that is begun is finished after the deadline.

    Raises errors of the only target, and an interrupt before anything was sent to any.
    """
    ended: list[Ended] = []
    begun_at: Session | None = None
    first, well, interrupted, locked = 0, True, False, False
    for done, ((plan, session), entry) in enumerate(zip(ready, entries, strict=True), start=1):
        last = done == len(ready) or ready[done][1] is not session
        if done > 1:
            before = ready[done - 2][1]
            interrupted |= _interrupted(ended[first:], entries[first : done - 1], before)
            if before is not session:
                locked |= any(map(locked_out, ended[first:]))
                good = turn.keep_going or (well and all(map(as_wanted, ended[first:])))
                well = good and not locked
                first = done - 1
        late = session is not begun_at and turn.late()
        stopped = not (well and all(map(as_wanted, ended[first:])))
        if not plan.empty and (interrupted or stopped or (late and turn.several)):
            ended.append(NotBegun(plan, interrupted=interrupted, late=late and not interrupted))
            if last:
                turn.target(ended[first:], entry)
            continue
        result: Ended
        try:
            _check_time(late=late and not plan.empty)
            begun_at = begun_at if plan.empty else session
            result = entry.ended(NotSent(plan) if plan.empty else send(plan, entry.begin(session)))
        except BaseException as error:
            found = _end_of(error, plan, entry, ended)
            if found is None or not turn.several:
                entry.report_failed()
                raise
            result = found
            entry.interrupted |= isinstance(error, KeyboardInterrupt)
        ended.append(result)
        if last:
            known = (ended[first:], session, entries[first:done], turn)
            ended[first:] = _in_effect(*known, well=well, interrupted=interrupted)
            turn.target(ended[first:], entry)
    return tuple(ended)


def _in_effect(  # noqa: PLR0913 - all that it depends on
    ended: Sequence[Ended],
    session: Session,
    entries: Sequence[Entry],
    turn: Turn,
    *,
    well: bool,
    interrupted: bool,
) -> tuple[Ended, ...]:
    """Reload the settings of a target, and restart it, if that is asked for. `well`: no earlier
    target stops the run. Returns the ends with those of reload and restart.
    """
    found = tuple(ended)
    if turn.reloads and well and all(map(as_wanted, found)):
        found = _reloaded(found, session, entries, interrupted=interrupted)
    return found if turn.after is None else _restarted(found, session, entries, turn.after)


def _interrupted(ended: Sequence[Ended], entries: Sequence[Entry], session: Session) -> bool:
    """True if an interrupt came: before an update of a target, during it, or while its end was
    written.
    """
    return (
        any(isinstance(one, NotBegun) and one.interrupted for one in ended)
        or any(isinstance(one, Unknown) and one.reason == INTERRUPTED for one in ended)
        or any(entry.interrupted for entry in entries)
        or session.server.interrupted
    )


def _end_of(
    error: BaseException, plan: Plan, entry: Entry, before: Sequence[Ended]
) -> Ended | None:
    """The end of one of several updates after an error. None: the error ends the run."""
    if (unknown := entry.failed(error)) is not None:
        return unknown
    if isinstance(error, ConfsyncError):
        return Failed(plan.target, alone(error), plan)
    begun = not all(isinstance(one, NotSent) for one in before)
    if isinstance(error, KeyboardInterrupt) and begun:
        return NotBegun(plan, interrupted=True)
    return None


def _check_time(*, late: bool) -> None:
    if late:
        raise DeadlinePassed


def _restarted(
    ended: Sequence[Ended], session: Session, entries: Sequence[Entry], after: After
) -> tuple[Ended, ...]:
    """Do what is done with a target that must be restarted, unless one of its objects did not end
    as wanted. Returns the ends, those of objects that take effect at a restart with its end.
    """
    due = [
        isinstance(one, Stored) and one.plan.desired.object in RESTARTED and one.plan.effective
        for one in ended
    ]
    if not any(due) or not all(map(as_wanted, ended)):
        return tuple(ended)
    plans = [one.plan for one in ended if one.plan is not None]
    found, cut = after.restarted(plans, session)
    entry = next(entry for entry, of in zip(reversed(entries), reversed(due), strict=True) if of)
    entry.active("restarted", found)
    entry.interrupted |= cut
    return tuple(
        replace(one, restart=found) if of and isinstance(one, Stored) else one
        for one, of in zip(ended, due, strict=True)
    )


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
    entry.active("reloaded", found)
    entry.interrupted |= cut
    return tuple(
        replace(one, reload=found) if is_due and isinstance(one, Stored | NotSent) else one
        for one, is_due in zip(ended, due, strict=True)
    )
