"""What each object is: models, from which shapes, defaults and decoding derive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.kinds.in_memory_store import IN_MEMORY_STORE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.kinds.kind import Kind

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (IN_MEMORY_STORE,)}
"""Every object that a file can hold, by its name in Stalwart."""
