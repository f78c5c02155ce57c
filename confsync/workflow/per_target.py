"""One target after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from confsync.errors import ConfsyncError, Fault
from confsync.guard import alone
from confsync.net.endpoint import origin
from confsync.sync.values import Failed, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from confsync.workflow.server import Session
    from confsync.workflow.session import Reach
    from confsync.workflow.targets import Aim

R = TypeVar("R")


def each(
    aims: Sequence[Aim], reach: Reach, use: Callable[[Aim, Session], R]
) -> tuple[R | Failed, ...]:
    """Do something with one target after another: an error with one of several hides no other.

    With one alone it is raised.
    """
    reach.check(aims)
    return tuple(_tried(aim, reach, use) for aim in aims)


def _tried(aim: Aim, reach: Reach, use: Callable[[Aim, Session], R]) -> R | Failed:
    try:
        with reach.session(aim) as session:
            return use(aim, session)
    except Fault:
        raise
    except ConfsyncError as error:
        if aim.alone:
            raise
        return failed(aim, error)


def failed(aim: Aim, error: ConfsyncError) -> Failed:
    """That an error ended what was to be done with one of several targets."""
    url = "" if aim.config is None else origin(aim.config.url)
    return Failed(Target(aim.name, url), alone(error))
