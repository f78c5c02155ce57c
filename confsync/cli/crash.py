"""Errors that nobody expected, in our words: where they arose and what kind, never a value."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING

from confsync.cli.console import Console
from confsync.guard import as_fault

if TYPE_CHECKING:
    from confsync.errors import Fault

_LOG = logging.getLogger("confsync")
_PLACES = 3


def told(fault: Fault) -> list[str]:
    """The lines that tell of it; with `--debug` all of its places are logged."""
    for kind, *where in fault.trail:
        _LOG.debug("%s was raised at", kind)
        for place in where:
            _LOG.debug("  %s", place)
    places = f" at {' < '.join(fault.places[:_PLACES])}" if fault.places else ""
    return [
        f"error: a fault inside confsync: {fault.message}{places}",
        "hint: this is a bug; please report this line",
    ]


def take_over() -> None:
    """Have nothing printed by Python itself: it would print messages, which may hold a value.

    For the process of the command line: errors that nobody can catch are told as faults are,
    warnings are logged by their type, and what other libraries log is dropped.
    """
    sys.excepthook = lambda _, error, trace: _say(error.with_traceback(trace))
    threading.excepthook = lambda lost: _say(lost.exc_value)
    sys.unraisablehook = lambda lost: _say(lost.exc_value)
    warnings.showwarning = lambda _, kind, *rest: _warned(kind, *rest)
    # Without a handler at the root, warnings and errors would go to standard error.
    logging.getLogger().addHandler(logging.NullHandler())


def _warned(kind: type[Warning], *_: object) -> None:
    _LOG.debug("a library warns: %s", kind.__name__)


def _say(error: BaseException | None) -> None:
    match error:
        case None | SystemExit():
            return
        case KeyboardInterrupt():
            lines = ["interrupted"]
        case _:
            lines = told(as_fault(error))
    # Nobody would be told of an error in here; the process may be half gone.
    with suppress(Exception):
        Console().say("".join(f"{line}\n" for line in lines))
