"""Values that the targets of a run share: files, states, tables and TLS contexts."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

R = TypeVar("R")


class Once:
    """Values that targets of a run share, each made once. Errors are not kept."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._made: dict[Hashable, object] = {}

    def __call__(self, key: Hashable, make: Callable[[], R]) -> R:
        """The value of a key, which is made only for the first caller."""
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]  # type: ignore[return-value] # a key has values of one type
