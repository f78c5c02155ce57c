"""Send an update, and find out what became of it: product page, section 5."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.errors import ConfsyncError, ConnectionFailed, ServerRefused
from confsync.kinds import KINDS
from confsync.sync.outcome import Outcome, Unknown, judged, looked, not_done
from confsync.workflow.server import decoder, read

if TYPE_CHECKING:
    from confsync.sync.values import Plan
    from confsync.workflow.server import Session


def send(plan: Plan, session: Session) -> Outcome:
    """Send a plan's update, once, and read what is stored then.

    From here on an interrupt means that nothing happened only where nothing was sent. Raises
    ConnectionFailed, and ServerRefused where the server certainly did not look at the update.
    """
    session.sending("under way")
    try:
        return _sent(plan, session)
    except ConnectionFailed as failed:
        session.sending("not sent")
        if not failed.interrupted:
            raise
    except KeyboardInterrupt:
        return Unknown(plan, "interrupted while the update was under way")
    raise KeyboardInterrupt


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
    except ConnectionFailed:
        raise
    except ServerRefused as refused:
        if refused.certainly_not_done:
            raise
        return _look(plan, session, refused.message)
    except ConfsyncError as error:
        return _look(plan, session, error.message)
    return judged(plan, exchange.before, exchange.refusal, exchange.after, shape)


def _look(plan: Plan, session: Session, reason: str) -> Outcome:
    """After an update that may have arrived: it is never sent again, the state is read."""
    try:
        now = read(plan.desired.object, session)
    except ConfsyncError as error:
        return Unknown(plan, f"{reason}; reading the state afterwards failed too: {error.message}")
    return looked(plan, now, KINDS[plan.desired.object].shape, reason)
