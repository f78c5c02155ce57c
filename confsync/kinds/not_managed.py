"""Objects of Stalwart that confsync does not manage, and why."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_OF_ACCOUNT = "it belongs to one account, not to the server"
_REASONS: Mapping[str, str] = {
    "AccountPassword": _OF_ACCOUNT,
    "AccountSettings": _OF_ACCOUNT,
    "Bootstrap": "it exists only until the server is set up",
    "VacationResponse": _OF_ACCOUNT,
}
_COLLECTION = "it is a collection, not a settings object"


def not_managed(name: str) -> str:
    """The fact that an object is not managed; empty for any other name. `x:` may stand before."""
    bare = name.removeprefix("x:")
    reason = _REASONS.get(bare) or (_COLLECTION if bare in _collections() else "")
    return f"confsync does not manage {bare}: {reason}" if reason else ""


@cache
def _collections() -> frozenset[str]:
    """Written by make_table.py."""
    text = (Path(__file__).parent / "collections.txt").read_text("utf-8")
    return frozenset(text.splitlines())
