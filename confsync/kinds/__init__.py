"""Objects of the server: tables, from which shapes, defaults and decoding derive."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from confsync.kinds.in_memory_store_changes import CHANGE_RULES
from confsync.kinds.in_memory_store_risks import STATE_RULES
from confsync.kinds.table import built_in, names, shape_of
from confsync.sync.shape import Choice, variants_within
from confsync.sync.url import Url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.kinds.kind import Kind


@cache
def _kind(name: str) -> Kind:
    """An object of the server, from its table. Raises KeyError for an unknown one."""
    if name == "InMemoryStore":
        from confsync.kinds.in_memory_store import IN_MEMORY_STORE  # noqa: PLC0415

        return IN_MEMORY_STORE
    from confsync.kinds.kind import Kind  # noqa: PLC0415

    return Kind(name, shape_of(built_in(name)))


class _Kinds(Mapping[str, "Kind"]):
    """Objects by name, each made when it is used."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def __getitem__(self, name: str) -> Kind:
        if name not in self._names:
            raise KeyError(name)
        return _kind(name)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


ALL: Mapping[str, Kind] = _Kinds(*names())
"""Every settings object with a table."""

KINDS = ALL
"""Every object that a file can have, by its name in Stalwart."""

_RULES: Mapping[str, str] = {
    **{rule.id: rule.severity for rule in STATE_RULES},
    **{rule.id: rule.severity for rule in CHANGE_RULES},
}
RISKS = ("plaintext-secret", *(name for name, how in _RULES.items() if how == "error"))
"""The rules that stop an apply until they are allowed."""

WARNINGS = ("guessable-secret", *(name for name, how in _RULES.items() if how == "warning"))
"""The rules that `--fail-on` can make risks."""


@cache
def documented() -> frozenset[str]:
    """Names of objects, variants and fields, choices and default texts: as secrets, guessable."""
    words = {*KINDS}
    for known in (one for found in KINDS.values() for one in variants_within(found.shape)):
        words |= {known.tag, *known.fields}
        for field in known.fields.values():
            if isinstance(field.default, str | Url):
                words.add(str(field.default))
            if isinstance(field.shape, Choice):
                words.update(field.shape.choices)
    return frozenset(words)
