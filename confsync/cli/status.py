"""The exit statuses: product page, section 3."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from confsync.errors import ConfsyncError
    from confsync.sync.outcome import Ended


class Status(IntEnum):
    """The exit status of a command."""

    DONE = 0
    ERROR = 1
    PENDING = 2
    REFUSED = 3
    UNKNOWN = 4
    NOT_AS_WANTED = 5
    INTERRUPTED = 130


_WORST_FIRST = (
    Status.UNKNOWN,
    Status.NOT_AS_WANTED,
    Status.ERROR,
    Status.REFUSED,
    Status.INTERRUPTED,
    Status.PENDING,
    Status.DONE,
)


def worst(statuses: Iterable[Status]) -> Status:
    """The status of a run over several targets: the worst of theirs."""
    return min(statuses, key=_WORST_FIRST.index, default=Status.DONE)


def of_error(error: ConfsyncError) -> Status:
    """REFUSED for an error that is a refusal before sending, ERROR for any other."""
    from confsync.errors import Declined

    return Status.REFUSED if isinstance(error, Declined) else Status.ERROR


def of_run(ended: Sequence[Ended]) -> Status:
    """The status of an apply to some targets: DONE where all of it is done, ERROR, REFUSED and
    INTERRUPTED only where nothing was changed on any server.
    """
    from confsync.sync.outcome import Stored, as_wanted

    status = worst(map(_of_outcome, ended))
    stored = any(isinstance(one, Stored) for one in ended)
    if stored and status is not Status.UNKNOWN and not all(map(as_wanted, ended)):
        return Status.NOT_AS_WANTED
    return status


def _of_outcome(outcome: Ended) -> Status:
    """The status of one target. One that was not begun counts only where an interrupt is why: any
    other reason is the status of another target.
    """
    from confsync.sync.outcome import (
        NotBegun,
        NotSent,
        Overtaken,
        Rejected,
        Stored,
        Unknown,
        as_wanted,
    )
    from confsync.sync.values import Failed

    match outcome:
        case NotBegun(interrupted=True):
            return Status.INTERRUPTED
        case NotSent() | NotBegun():
            return Status.DONE
        case Failed(error=error):
            return of_error(error)
        case Rejected():
            return Status.ERROR
        case Overtaken():
            return Status.REFUSED
        case Stored():
            return Status.DONE if as_wanted(outcome) else Status.NOT_AS_WANTED
        case Unknown():
            return Status.UNKNOWN
