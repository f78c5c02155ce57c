"""Names that people write: searchable rules, and the nearest known name to a misspelt one.

`--help` loads this module, so it imports nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SEARCHABLE = ("plaintext-secret", "credential-in-clear")
"""The rules that files of any kind can be searched for."""


def nearest_name(name: str, known: Iterable[str]) -> str:
    """The known name nearest to a misspelt one; empty if none is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - only mistakes need it

    lower = {other.lower(): other for other in known}
    found = get_close_matches(name.lower(), lower, n=1, cutoff=0.6)
    return lower[found[0]] if found else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean …? ` with the known name nearest to a misspelt one, or nothing."""
    found = nearest_name(name, known)
    return f"did you mean {found}? " if found else ""
