"""Errors as values, without the frames that they came through.

Crash reporters show the local variables of every frame of a traceback, and of the exceptions that
it came from. What stands there while a request is under way is the password.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from confsync.errors import ConfsyncError, Fault, alone, as_fault

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def caught(act: Callable[[], T]) -> T | ConfsyncError:
    """What `act` returns, or the error that it raises: one of ours as it is, any other as a Fault.

    The error holds no frame and no other error; a Fault says where it was. Whoever raises it anew
    does so where nothing secret stands.
    """
    try:
        return act()
    except ConfsyncError as error:
        return alone(as_fault(error) if isinstance(error, Fault) else error)
    except Exception as error:  # noqa: BLE001 - its kind and place are told, its text is not
        return alone(as_fault(error))
