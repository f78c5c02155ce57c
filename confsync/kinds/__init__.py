"""Objects of the server: models, from which shapes, defaults and decoding derive."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from confsync.kinds.in_memory_store import IN_MEMORY_STORE
from confsync.sync.shape import Choice, variants_within
from confsync.sync.url import Url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.kinds.kind import Kind

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (IN_MEMORY_STORE,)}
"""Every object that a file can have, by its name in Stalwart."""


_RULES: Mapping[str, str] = {
    **{rule.id: rule.severity for kind in KINDS.values() for rule in kind.state_rules},
    **{rule.id: rule.severity for kind in KINDS.values() for rule in kind.change_rules},
}
RISKS = ("plaintext-secret", *(name for name, how in _RULES.items() if how == "error"))
"""The rules that stop an apply until they are allowed."""

WARNINGS = ("guessable-secret", *(name for name, how in _RULES.items() if how == "warning"))
"""The rules that `--fail-on` can make risks."""


@cache
def documented() -> frozenset[str]:
    """Names of objects, variants and fields, choices and default texts: as secrets, guessable."""
    words = {*KINDS}
    for known in (one for kind in KINDS.values() for one in variants_within(kind.shape)):
        words |= {known.tag, *known.fields}
        for field in known.fields.values():
            if isinstance(field.default, str | Url):
                words.add(str(field.default))
            if isinstance(field.shape, Choice):
                words.update(field.shape.choices)
    return frozenset(words)
