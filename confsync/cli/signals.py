"""What Ctrl-C and SIGTERM do, from the start of the process to its end."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM)


def raise_interrupts() -> None:
    """From here on either one is a KeyboardInterrupt. What the process was told to ignore when it
    was started stays ignored.
    """
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def mute_interrupts() -> None:
    """Until `raise_interrupts` nothing is interrupted: what is known has to be told."""
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _nothing)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """What a signal does meanwhile."""


def ignore_interrupts() -> None:
    """From here on there is nothing left to interrupt: the process ends, with the status that it
    has. Otherwise one that comes while Python cleans up would give another.
    """
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
