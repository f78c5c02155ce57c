"""Send the updates of an apply: one target after another, or some at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
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

    from confsync.sync.outcome import Outcome
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
    must be restarted; a target that is locked out by it stops the others in any case. `number`:
    targets that are updated at once.
    """

    several: bool
    keep_going: bool
    reloads: bool
    late: Callable[[], bool]
    tell: Callable[[Sequence[Ended]], None] | None = None
    after: After | None = None
    number: int = 1

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
    deadline has passed. `turn.number` targets are updated at once, and the next ones when all of
    these have ended. A target that is begun is finished after the deadline.

    Raises errors of the only target, and an interrupt before anything was sent to any.
    """
    courses: list[_Course] = []
    for (plan, session), entry in zip(ready, entries, strict=True):
        if not courses or courses[-1].session is not session:
            courses.append(_Course(session))
        courses[-1].plans.append(plan)
        courses[-1].entries.append(entry)
    run = _Run(courses, turn)
    try:
        for first in range(0, len(courses), turn.number):
            run.update(courses[first : first + turn.number])
    except BaseException as error:
        for entry in entries:
            if entry.begun:
                entry.failed(error)
        for entry in entries[:1]:
            entry.report_failed()
        raise
    return tuple(one for course in courses for one in course.ended)


@dataclass
class _Course:
    """The updates of one target, object by object. `begun`: one of them may have been sent."""

    session: Session
    plans: list[Plan] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    begun: bool = False

    @property
    def well(self) -> bool:
        """True if all that has ended did so as wanted."""
        return all(map(as_wanted, self.ended))


@dataclass
class _Run:
    """The updates of all targets. `well`: nothing stops the targets that are not begun."""

    courses: Sequence[_Course]
    turn: Turn
    well: bool = True
    interrupted: bool = False

    def update(self, courses: Sequence[_Course]) -> None:
        """Update some targets at once; then reload or restart them, one after another."""
        for step in range(max(len(course.plans) for course in courses)):
            self._step([course for course in courses if len(course.plans) > step], step)
        well = self.well
        for course in courses:
            known = (course.ended, course.session, course.entries, self.turn)
            course.ended = [*_in_effect(*known, well=well, interrupted=self.interrupted)]
            self.turn.target(course.ended, course.entries[-1])
            self._note_interrupts(course)
            locked = any(map(locked_out, course.ended))
            self.well &= not locked and (self.turn.keep_going or course.well)

    def _step(self, courses: Sequence[_Course], step: int) -> None:
        """Send the next update of each target that may go on."""
        due: list[tuple[_Course, Session]] = []
        for course in courses:
            self._note_interrupts(course)
            plan, entry = course.plans[step], course.entries[step]
            late = not plan.empty and not course.begun and self.turn.late()
            stopped = self.interrupted or not self.well or not course.well
            if not plan.empty and (stopped or (late and self.turn.several)):
                end = NotBegun(
                    plan, interrupted=self.interrupted, late=late and not self.interrupted
                )
                course.ended.append(end)
                continue
            try:
                if plan.empty:
                    course.ended.append(entry.ended(NotSent(plan)))
                    continue
                _check_time(late=late)
                due.append((course, entry.begin(course.session)))
            except BaseException as error:  # noqa: BLE001 - raised again, unless it is an end
                self._fail(course, error)
        for course, _ in due:
            course.begun = True
        self._send(due, step)

    def _send(self, due: Sequence[tuple[_Course, Session]], step: int) -> None:
        """Send updates, and write down their ends: the outcomes before the errors."""
        results: Sequence[Outcome | BaseException] = [KeyboardInterrupt()] * len(due)
        if due and not self.interrupted:
            try:
                results = send([(course.plans[step], session) for course, session in due])
            except BaseException as error:  # noqa: BLE001 - raised again, unless it is an end
                results = [error] * len(due)
        for (course, _), result in zip(due, results, strict=True):
            if not isinstance(result, BaseException):
                try:
                    course.ended.append(course.entries[step].ended(result))
                except BaseException as error:  # noqa: BLE001 - raised again, unless it is an end
                    self._fail(course, error)
        for (course, _), result in zip(due, results, strict=True):
            if isinstance(result, BaseException):
                self._fail(course, result)

    def _fail(self, course: _Course, error: BaseException) -> None:
        """End an update with an error. Raises it if it ends the run."""
        place = len(course.ended)
        entry = course.entries[place]
        ended = [one for other in self.courses for one in other.ended]
        found = _end_of(error, course.plans[place], entry, ended)
        if found is None or not self.turn.several:
            raise error
        course.ended.append(found)
        interrupted = isinstance(error, KeyboardInterrupt)
        entry.interrupted |= interrupted
        self.interrupted |= interrupted

    def _note_interrupts(self, course: _Course) -> None:
        begun = course.entries[: len(course.ended)]
        self.interrupted |= _interrupted(course.ended, begun, course.session)


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
