"""The exit statuses: product page, section 3."""

from __future__ import annotations

from enum import IntEnum

from confsync.errors import ConfsyncError, Declined
from confsync.sync.outcome import NotSent, Outcome, Overtaken, Rejected, Stored, Unknown


class Status(IntEnum):
    """What a command says to the program that called it."""

    DONE = 0
    ERROR = 1
    PENDING = 2
    REFUSED = 3
    UNKNOWN = 4
    NOT_AS_WANTED = 5
    INTERRUPTED = 130


def of_error(error: ConfsyncError) -> Status:
    """The status of an error: everything is ERROR, but what was refused before sending."""
    return Status.REFUSED if isinstance(error, Declined) else Status.ERROR


def of_outcome(outcome: Outcome) -> Status:
    """The status of an apply that came to an end."""
    match outcome:
        case NotSent():
            return Status.DONE
        case Rejected():
            return Status.ERROR
        case Overtaken():
            return Status.REFUSED
        case Stored():
            wanted = outcome.verified and not outcome.overwritten
            return Status.DONE if wanted else Status.NOT_AS_WANTED
        case Unknown():
            return Status.UNKNOWN
