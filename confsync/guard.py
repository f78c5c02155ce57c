"""Strip tracebacks from errors that leave confsync: local variables may hold secrets, and crash
reporters print those of each frame, of the error and of its causes.
"""

from __future__ import annotations

from functools import wraps
from os import sep
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from confsync.errors import ConfsyncError, Fault

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

E = TypeVar("E", bound=BaseException)
P = ParamSpec("P")
R = TypeVar("R")

_HERE = __file__.rpartition(sep)[0] + sep


class Callers(Exception):
    """Carries `error`, raised by a function of the caller, through confsync's frames."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


def discreet(function: Callable[P, R]) -> Callable[P, R]:
    """Raise errors of an API function without traceback and cause.

    A ConfsyncError keeps its message. Any other exception becomes a Fault with its type and places.
    An exception of a caller's function (see `callers`) passes unchanged.
    """

    @wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except Callers as theirs:
            error = theirs.error
        except Exception as ours:  # noqa: BLE001 - its frames stay here
            # Python 3.11 wraps an interrupt inside of a class statement.
            wrapped = isinstance(ours.__cause__, KeyboardInterrupt)
            error = KeyboardInterrupt() if wrapped else _stripped(ours)
        except BaseException as ending:  # noqa: BLE001 - raised below, without its frames
            error = alone(ending)
        del args, kwargs
        raise error

    return guarded


def callers(function: Callable[P, R]) -> Callable[P, R]:
    """Wrap a function of the caller, so that `discreet` lets its exceptions pass unchanged."""

    @wraps(function)
    def marked(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - raised again, unchanged, by `discreet`
            raise Callers(error) from None

    return marked


def caught(act: Callable[[], R]) -> R | ConfsyncError:
    """Return the result of `act`, or its stripped error: a ConfsyncError, or else a Fault.

    Callers raise it where no local variable holds a secret; frames of a request hold the password.
    """
    try:
        return act()
    except Exception as error:  # noqa: BLE001 - its type and places are kept, its text is not
        return _stripped(error)


def alone(error: E) -> E:
    """Strip an error of its traceback, cause and context."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def as_fault(error: BaseException) -> Fault:
    """Make a Fault of an unexpected exception: type and places, no text, which may hold a secret.
    A Fault gets its places added.
    """
    fault = error if isinstance(error, Fault) else Fault(type(error).__name__)
    ours = (
        f"{frame.f_code.co_filename.rpartition(sep)[2]}:{line}"
        for frame, line in _frames(error)
        if frame.f_code.co_filename.startswith(_HERE)
    )
    fault.places = (*fault.places, *ours)
    cause: BaseException | None = error
    seen: set[int] = set()
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        places = (
            f"{frame.f_globals.get('__name__')}:{line} in {frame.f_code.co_name}"
            for frame, line in _frames(cause)
        )
        fault.trail = (*fault.trail, (type(cause).__name__, *places))
        cause = cause.__cause__ or cause.__context__
    return fault


def _stripped(error: Exception) -> ConfsyncError:
    if isinstance(error, ConfsyncError) and not isinstance(error, Fault):
        return alone(error)
    return alone(as_fault(error))


def _frames(error: BaseException) -> list[tuple[FrameType, int]]:
    """Frames of a traceback with their lines, innermost first."""
    found: list[tuple[FrameType, int]] = []
    trace = error.__traceback__
    while trace is not None:
        found.append((trace.tb_frame, trace.tb_lineno))
        trace = trace.tb_next
    return found[::-1]
