"""CPU time compared with a baseline measured beside it, so that no test depends on the machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TRIES = 3
"""Further measurements of work over the limit, so that one disturbance fails no test."""


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds that `work` takes in this process."""
    start = time.process_time()
    work()
    return time.process_time() - start


class Baseline:
    """Work that takes `seconds` of CPU on this machine; run once before, for its late imports."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        work()
        self.seconds = max(cpu(work), 1e-6)

    def times(self, work: Callable[[], object], limit: float) -> float:
        """CPU time of `work` as a multiple of the baseline's.

        Over the limit both are measured again, and the smallest multiple counts.
        """
        found = cpu(work) / self.seconds
        for _ in range(TRIES):
            if found <= limit:
                break
            found = min(found, cpu(work) / max(cpu(self._work), 1e-6))
        return found
