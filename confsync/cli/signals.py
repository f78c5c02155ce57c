"""Interrupts: Ctrl-C, SIGTERM and SIGHUP, from the start of the process to its end."""

from __future__ import annotations

import signal
from sys import maxsize
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_NEVER = maxsize


class _Interrupts:
    """The interrupts of this process: the number that came, the first one that raises, and the
    first one that raises while results are reported.
    """

    def __init__(self) -> None:
        self.came = 0
        self.raises = 1
        self.ends_telling = 2
        self.hung_up = False

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal."""
        if number == signal.SIGHUP:
            # The kernel and the shell both send it when a terminal is closed.
            if self.hung_up:
                return
            self.hung_up = True
        self.came += 1
        self.check()

    def check(self) -> None:
        """Raise KeyboardInterrupt if an interrupt came that is not held back any more."""
        if self.came >= self.raises:
            raise KeyboardInterrupt


_interrupts = _Interrupts()


def raise_interrupts() -> None:
    """Raise KeyboardInterrupt for each from here on. A signal that the process was started to
    ignore stays ignored.
    """
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupts)


def hold_interrupts() -> None:
    """Hold interrupts back: an outcome has to be kept and written down first."""
    _interrupts.raises, _interrupts.ends_telling = _NEVER, max(2, _interrupts.came + 1)


def raise_held_interrupts() -> None:
    """End `hold_interrupts`, for the next update. Raises KeyboardInterrupt if one was held back."""
    _interrupts.raises = 1
    _interrupts.check()


def let_second_interrupt_end_telling() -> None:
    """After `hold_interrupts`, raise KeyboardInterrupt for the second interrupt of the run, or for
    the next one if two came during the update. Without it interrupts raise as they did.
    """
    if _interrupts.raises == _NEVER:
        _interrupts.raises = _interrupts.ends_telling
        _interrupts.check()


def ignore_interrupts() -> None:
    """Ignore interrupts from here on: the process ends with the status that it has. One that comes
    while Python cleans up would give another.
    """
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
