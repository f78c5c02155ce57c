"""Send the updates of an apply: one target after another, or some at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

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

    from confsync.sync.outcome import Outcome, Reload, Restart
    from confsync.workflow.after import After
    from confsync.workflow.apply import How
    from confsync.workflow.audit import Entry
    from confsync.workflow.jobs import Jobs
    from confsync.workflow.server import Session


def applied(entries: Sequence[Entry], how: How, jobs: Jobs, *, several: bool) -> tuple[Ended, ...]:
    """Send each pending update, until a target does not end as wanted, an interrupt comes or the
    deadline has passed. `jobs.updated` targets are updated at once, and the next ones when all of
    these have ended. A target that is begun is finished after the deadline. `several`: the run has
    other ends than this one, and errors are no reason to lose them.

    Raises errors of the only target, and an interrupt before anything was sent to any.
    """
    courses: list[_Course] = []
    for entry in entries:
        if not courses or courses[-1].session is not entry.session:
            courses.append(_Course(entry.session))
        courses[-1].entries.append(entry)
    run = _Run(courses, how, jobs.late, several)
    # A restart that locks a server out is found before the next one is stored.
    at_once = jobs.updated if how.after is None else 1
    try:
        for first in range(0, len(courses), at_once):
            run.update(courses[first : first + at_once])
    except BaseException as error:
        for entry in entries:
            if entry.begun:
                entry.failed(error)
        entries[0].report_failed()
        raise
    return tuple(one for course in courses for one in course.ended)


@dataclass
class _Course:
    """The updates of one target, object by object."""

    session: Session
    entries: list[Entry] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)

    @property
    def begun(self) -> bool:
        """True if an update may have been sent."""
        return not all(isinstance(one, NotSent | NotBegun) for one in self.ended)

    @property
    def well(self) -> bool:
        """True if all that has ended did so as wanted."""
        return all(map(as_wanted, self.ended))

    @property
    def interrupted(self) -> bool:
        """True if an interrupt came: before an update, during it, or while its end was written."""
        return (
            any(isinstance(one, NotBegun) and one.interrupted for one in self.ended)
            or any(isinstance(one, Unknown) and one.reason == INTERRUPTED for one in self.ended)
            or any(entry.interrupted for entry in self.entries[: len(self.ended)])
            or self.session.server.interrupted
        )

    def reload(self, *, interrupted: bool) -> None:
        """Have the server reload its settings, if one of the objects takes effect by it. Those of
        them that were stored get the end of the reload; if there is none, the others get it: an
        earlier reload may have failed.
        """
        takes = [
            one.plan is not None and one.plan.desired.object not in RESTARTED for one in self.ended
        ]
        due = [of and isinstance(one, Stored) for of, one in zip(takes, self.ended, strict=True)]
        if not any(due) and not interrupted:
            due = takes
        if not any(due):
            return
        found, cut = reload(self.session)
        self._note("reloaded", found, due, cut=cut)
        self.ended = [
            replace(one, reload=found) if of and isinstance(one, Stored | NotSent) else one
            for one, of in zip(self.ended, due, strict=True)
        ]

    def restart(self, after: After) -> None:
        """Do what is done with a target that must be restarted, unless one of its objects did not
        end as wanted. The ends of objects that take effect at a restart get its end.
        """
        due = [
            isinstance(one, Stored) and one.plan.desired.object in RESTARTED and one.plan.effective
            for one in self.ended
        ]
        if not any(due) or not self.well:
            return
        plans = [one.plan for one in self.ended if one.plan is not None]
        found, cut = after.restarted(plans, self.session)
        self._note("restarted", found, due, cut=cut)
        self.ended = [
            replace(one, restart=found) if of and isinstance(one, Stored) else one
            for one, of in zip(self.ended, due, strict=True)
        ]

    def _note(
        self,
        event: Literal["reloaded", "restarted"],
        found: Reload | Restart,
        due: Sequence[bool],
        *,
        cut: bool,
    ) -> None:
        """Write an end to the audit, at the last update that it is for."""
        *_, entry = (entry for entry, of in zip(self.entries, due, strict=True) if of)
        entry.active(event, found)
        entry.interrupted |= cut


@dataclass
class _Run:
    """The updates of all targets. `late`: True after the deadline. `well`: nothing stops the
    targets that are not begun.
    """

    courses: Sequence[_Course]
    how: How
    late: Callable[[], bool]
    several: bool
    well: bool = True
    interrupted: bool = False

    def update(self, courses: Sequence[_Course]) -> None:
        """Update some targets at once; then reload or restart them, one after another."""
        for step in range(max(len(course.entries) for course in courses)):
            self._step([course for course in courses if len(course.entries) > step], step)
        well = self.well
        for course in courses:
            if self.how.reload and well and course.well:
                course.reload(interrupted=self.interrupted)
            if self.how.after is not None:
                course.restart(self.how.after)
            try:
                if self.how.ended is not None:
                    self.how.ended(course.ended)
            except KeyboardInterrupt:
                # The run has to end with an outcome.
                course.entries[-1].interrupted = True
            self.interrupted |= course.interrupted
            locked = any(map(locked_out, course.ended))
            self.well &= not locked and (self.how.keep_going or course.well)

    def _step(self, courses: Sequence[_Course], step: int) -> None:
        """Send the next update of each target that may go on."""
        due: list[tuple[_Course, Session]] = []
        for course in courses:
            self.interrupted |= course.interrupted
            entry = course.entries[step]
            plan = entry.plan
            late = not plan.empty and not course.begun and self.late()
            stopped = self.interrupted or not self.well or not course.well
            if not plan.empty and (stopped or (late and self.several)):
                end = NotBegun(
                    plan, interrupted=self.interrupted, late=late and not self.interrupted
                )
                course.ended.append(end)
            elif late:
                self._fail(course, DeadlinePassed())
            else:
                try:
                    if plan.empty:
                        course.ended.append(entry.ended(NotSent(plan)))
                    else:
                        due.append((course, entry.begin()))
                except BaseException as error:  # noqa: BLE001 - raised again, unless it is an end
                    self._fail(course, error)
        self._send(due, step)

    def _send(self, due: Sequence[tuple[_Course, Session]], step: int) -> None:
        """Send updates, and write down their ends: the outcomes before the errors."""
        results: Sequence[Outcome | BaseException] = [KeyboardInterrupt()] * len(due)
        if due and not self.interrupted:
            try:
                results = send([(course.entries[step].plan, session) for course, session in due])
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
        entry = course.entries[len(course.ended)]
        ended = [one for other in self.courses for one in other.ended]
        found = _end_of(error, entry, ended)
        if found is None or not self.several:
            raise error
        course.ended.append(found)
        interrupted = isinstance(error, KeyboardInterrupt)
        entry.interrupted |= interrupted
        self.interrupted |= interrupted


def _end_of(error: BaseException, entry: Entry, before: Sequence[Ended]) -> Ended | None:
    """The end of one of several updates after an error. None: the error ends the run."""
    if (unknown := entry.failed(error)) is not None:
        return unknown
    if isinstance(error, ConfsyncError):
        return Failed(entry.plan.target, alone(error), entry.plan)
    begun = not all(isinstance(one, NotSent) for one in before)
    if isinstance(error, KeyboardInterrupt) and begun:
        return NotBegun(entry.plan, interrupted=True)
    return None
