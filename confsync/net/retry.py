"""How long a request may take in all, and how often it is tried again."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 30.0
RETRIES = 3
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 8.0
_LEAST = 2.0
"""Seconds that a try must have after its wait, or a quarter of all if that is less: one that cannot
be finished would only make a certain outcome unknown."""


def untold(_: str) -> None:
    """Whom a wait is told of where nobody asked."""


@dataclass(frozen=True)
class Patience:
    """The limits of one request: `seconds` in all, its tries, the waits between them and the
    answer included, and at most `retries` tries after the first.

    `tell` gets a line for each wait, with its reason. What touches the world is passed in: the
    clock and the waits are in seconds, `chance` is between 0 and 1.
    """

    seconds: float = SECONDS
    retries: int = RETRIES
    tell: Callable[[str], None] = untold
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random

    def tries(self) -> Tries:
        """The tries of a request that begins now."""
        return Tries(self)


@dataclass
class Tries:
    """The tries of one request."""

    patience: Patience
    made: int = 1
    _end: float = field(init=False)

    def __post_init__(self) -> None:
        self._end = self.patience.clock() + self.patience.seconds

    @property
    def left(self) -> float:
        """The seconds that are left for this try."""
        return max(0.0, self._end - self.patience.clock())

    def again(self, reason: str, asked: float | None = None) -> bool:
        """Wait, and say why; False at once where no try is left, or no time for the wait.

        `asked` is the wait that the server wants, in seconds; otherwise each wait is about twice
        as long as the one before, with jitter, so that many clients do not come back at once.
        """
        wait = self._wait(asked)
        least = min(_LEAST, self.patience.seconds / 4)
        if self.made > self.patience.retries or wait + least > self.left:
            return False
        self.patience.tell(
            f"{reason}; trying again in {wait:.1f} s ({self.made} of {self.patience.retries})"
        )
        self.patience.sleep(wait)
        self.made += 1
        return True

    def _wait(self, asked: float | None) -> float:
        jitter = self.patience.chance()
        if asked is not None:
            return asked + jitter / 2
        longest: float = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (self.made - 1))
        return longest * (1 + jitter) / 2
