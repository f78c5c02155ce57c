"""Send an update, and find out what became of it: product page, section 5."""

from __future__ import annotations

from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Event
from typing import TYPE_CHECKING

from confsync.errors import ConfsyncError, ConnectionFailed, Fault, ServerRefused
from confsync.guard import alone, caught
from confsync.kinds import KINDS
from confsync.net.http import begin
from confsync.sync.outcome import Outcome, Unknown, judged, looked, not_done
from confsync.workflow.server import decoder, read

if TYPE_CHECKING:
    from threading import Thread

    from confsync.sync.values import Plan
    from confsync.workflow.server import Session

_HURRY = 5.5
"""Seconds that an interrupted update may take: its answer, and one more reading."""
_GLANCE = 0.5
"""Seconds between two looks at whether the sending thread is alive."""


def send(plan: Plan, session: Session) -> Outcome:
    """Send a plan's update, once, and read what is stored then.

    All of it happens in a thread of its own, which no signal reaches: a first interrupt makes it
    hurry, a second one leaves the outcome unknown. Raises ConnectionFailed, and ServerRefused where
    the server certainly did not look at the update; KeyboardInterrupt only if it was not sent.
    """
    results: SimpleQueue[Outcome | BaseException] = SimpleQueue()
    allowed = Event()

    def work() -> None:
        allowed.wait()
        try:
            results.put(caught(lambda: _sent(plan, session)))
        except BaseException as error:  # noqa: BLE001 - whoever waits has to get something
            results.put(alone(error))

    thread = begin(work, "confsync-update")
    session.sending("under way")
    try:
        allowed.set()
        result = _awaited(plan, results, thread)
    except KeyboardInterrupt:
        result = _hurried(plan, session, results)
    if not isinstance(result, BaseException):
        session.sending("known")
        return result
    if isinstance(result, ConfsyncError) and not isinstance(result, Fault):
        session.sending("not sent")
    if isinstance(result, ConnectionFailed) and result.interrupted:
        raise KeyboardInterrupt
    raise result


def _awaited(
    plan: Plan, results: SimpleQueue[Outcome | BaseException], thread: Thread
) -> Outcome | BaseException:
    """The result of the sending thread; an unknown outcome if it died without one."""
    alive = True
    while alive:
        alive = thread.is_alive()
        with suppress(Empty):
            return results.get(timeout=_GLANCE)
    return Unknown(plan, "a fault inside confsync: the update ended without a result")


def _hurried(
    plan: Plan, session: Session, results: SimpleQueue[Outcome | BaseException]
) -> Outcome | BaseException:
    try:
        session.server.hurry()
        session.sending("finishing")
        return results.get(timeout=_HURRY)
    except (Empty, KeyboardInterrupt):
        return Unknown(plan, "interrupted while the update was under way")


def _sent(plan: Plan, session: Session) -> Outcome:
    name = plan.desired.object
    shape = KINDS[name].shape
    try:
        exchange = session.server.update(
            name,
            plan.patch,
            decoder(KINDS[name], session.vault),
            not_done=lambda found: not_done(plan, found.refusal, found.after, shape),
        )
    except ConfsyncError as error:
        refused = isinstance(error, ServerRefused) and error.certainly_not_done
        if refused or isinstance(error, ConnectionFailed | Fault):
            raise
        return _look(plan, session, error.message)
    return judged(plan, exchange.before, exchange.refusal, exchange.after, shape)


def _look(plan: Plan, session: Session, reason: str) -> Outcome:
    """After an update that may have arrived: it is never sent again, the state is read."""
    try:
        now = read(plan.desired.object, session)
    except ConfsyncError as error:
        return Unknown(plan, f"{reason}; reading the state afterwards failed too: {error.message}")
    return looked(plan, now, KINDS[plan.desired.object].shape, reason)
