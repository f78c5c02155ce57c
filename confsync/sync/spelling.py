"""The known name that is nearest to a misspelt one."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest_name(name: str, known: Iterable[str]) -> str:
    """The known name that is nearest to a misspelt one; empty where none is near."""
    lower = {other.lower(): other for other in known}
    found = get_close_matches(name.lower(), lower, n=1, cutoff=0.6)
    return lower[found[0]] if found else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean …? ` with the known name that is nearest to a misspelt one, or nothing."""
    found = nearest_name(name, known)
    return f"did you mean {found}? " if found else ""
