"""Limits of a request: seconds in all, tries, and the waits between them."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 30.0
RETRIES = 3
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 8.0
_LEAST = 2.0
"""Seconds that a try must have left, or a quarter of all if that is less."""


def untold(_: str) -> None:
    """Ignore a line about a wait."""


@dataclass(frozen=True)
class Patience:
    """The limits of one request: `seconds` in all, tries, waits and answer included, and at most
    `retries` tries after the first.

    `tell` gets a line for each wait, with its reason. `clock` and `sleep` are in seconds, `chance`
    is between 0 and 1.
    """

    seconds: float = SECONDS
    retries: int = RETRIES
    tell: Callable[[str], None] = untold
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


class Tries:
    """The tries of one request that begins now. `made`: their number, with the present one."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._end = patience.clock() + patience.seconds
        self.made = 1

    @property
    def left(self) -> float:
        """The seconds that are left for this try."""
        return max(0.0, self._end - self._patience.clock())

    def again(self, reason: str, asked: float | None = None) -> bool:
        """Tell the reason and wait. False, at once, if no try or too little time is left.

        `asked`: the seconds that the server wants. Otherwise each wait is about twice as long as
        the one before. Jitter keeps many clients from coming back at once.
        """
        patience, jitter = self._patience, self._patience.chance()
        longest: float = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (self.made - 1))
        wait = longest * (1 + jitter) / 2 if asked is None else asked + jitter / 2
        if self.made > patience.retries or wait + min(_LEAST, patience.seconds / 4) > self.left:
            return False
        patience.tell(f"{reason}; trying again in {wait:.1f} s ({self.made} of {patience.retries})")
        patience.sleep(wait)
        self.made += 1
        return True
