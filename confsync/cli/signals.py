"""What Ctrl-C and SIGTERM do, from the start of the process to its end."""

from __future__ import annotations

import signal

_ENDING = (signal.SIGINT, signal.SIGTERM)


def raise_interrupts() -> None:
    """From here on either one is a KeyboardInterrupt. What the process was told to ignore when it
    was started stays ignored.
    """
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def ignore_interrupts() -> None:
    """From here on there is nothing left to interrupt: the process ends, with the status that it
    has. Otherwise one that comes while Python cleans up would give another.
    """
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
