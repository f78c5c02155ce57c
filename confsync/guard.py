"""Strip tracebacks from errors that leave confsync: their frames' variables may hold secrets.

Crash reporters print the local variables of each frame, of the error and of those it came from.
"""

from __future__ import annotations

from functools import wraps
from os import sep
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from confsync.errors import ConfsyncError, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

E = TypeVar("E", bound=BaseException)
P = ParamSpec("P")
R = TypeVar("R")

_HERE = __file__.rpartition(sep)[0] + sep


class Callers(Exception):
    """Carries `error`, raised by a function of the caller, through our frames."""

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
            error = _told(ours)
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
    """Return the result of `act`, or its error, stripped: a ConfsyncError, or else a Fault.

    Callers raise the error where no secret is in a local variable: while a request is under way,
    frames hold the password.
    """
    try:
        return act()
    except Exception as error:  # noqa: BLE001 - its type and places are kept, its text is not
        return _told(error)


def alone(error: E) -> E:
    """Strip an error of its traceback, cause and context."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def as_fault(error: BaseException) -> Fault:
    """Make a Fault of an unexpected exception: its type and places, without its text, which may
    hold a secret. A Fault gets its places added.
    """
    fault = error if isinstance(error, Fault) else Fault(type(error).__name__)
    fault.places = (*fault.places, *_places(error))
    fault.trail = (*fault.trail, *_trail(error))
    return fault


def _told(error: Exception) -> ConfsyncError:
    if isinstance(error, ConfsyncError) and not isinstance(error, Fault):
        return alone(error)
    return alone(as_fault(error))


def _places(error: BaseException) -> tuple[str, ...]:
    """Lines of confsync in the traceback, innermost first."""
    found = [
        f"{frame.f_code.co_filename.rpartition(sep)[2]}:{line}"
        for frame, line in _frames(error)
        if frame.f_code.co_filename.startswith(_HERE)
    ]
    return tuple(reversed(found))


def _trail(error: BaseException | None) -> Iterator[tuple[str, ...]]:
    """Type and all places of an exception, and of each that it came from."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        found = [
            f"{frame.f_globals.get('__name__')}:{line} in {frame.f_code.co_name}"
            for frame, line in _frames(error)
        ]
        yield (type(error).__name__, *reversed(found))
        error = error.__cause__ or error.__context__


def _frames(error: BaseException) -> Iterator[tuple[FrameType, int]]:
    """Frames of a traceback with their lines, outermost first."""
    trace = error.__traceback__
    while trace is not None:
        yield trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next
