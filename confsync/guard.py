"""What leaves confsync takes no frame along: a frame's variables may hold what is secret.

Crash reporters and debuggers print them, and the exceptions that an error is chained to.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from confsync.errors import ConfsyncError, Fault, alone, as_fault

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


class Callers(Exception):
    """Carries what the caller's own function raised, `error`, through our frames."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


def discreet(function: Callable[P, R]) -> Callable[P, R]:
    """Let nothing out of a function of the API but its result, and errors without their past.

    A ConfsyncError keeps what it says. Any other exception is a Fault with its type and its places;
    what a function of the caller raised (see `callers`) passes as it is.
    """

    @wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except Callers as theirs:
            error = theirs.error
        except Fault as fault:
            error = alone(as_fault(fault))
        except ConfsyncError as ours:
            error = alone(ours)
        except Exception as unexpected:  # noqa: BLE001 - whatever it is, its frames stay here
            error = alone(as_fault(unexpected))
        except BaseException as ending:  # noqa: BLE001 - the same; it goes on below
            error = alone(ending)
        del args, kwargs
        raise error

    return guarded


def callers(function: Callable[P, R]) -> Callable[P, R]:
    """A function of the caller's, whose exceptions are the caller's own."""

    @wraps(function)
    def marked(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - raised again, as it is, by `discreet`
            raise Callers(error) from None

    return marked
