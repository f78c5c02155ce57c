"""Objects of the server: tables, from which shapes, defaults and decoding derive."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING

from confsync.kinds.in_memory_store_changes import CHANGE_RULES
from confsync.kinds.in_memory_store_risks import STATE_RULES
from confsync.kinds.table import BUILT_IN, shape_of
from confsync.sync.shape import Choice, variants_within
from confsync.sync.url import Url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.kinds.kind import Kind
    from confsync.kinds.table import Tables

_IN_USE: ContextVar[Tables] = ContextVar("tables in use", default=BUILT_IN)


def in_use() -> Tables:
    """The tables that `KINDS` and `ALL` are made of: the built-in ones, or those of `using`."""
    return _IN_USE.get()


@contextmanager
def using(tables: Tables | None) -> Iterator[None]:
    """Make `KINDS` and `ALL` of other tables; None: of those in use."""
    before = _IN_USE.set(_IN_USE.get() if tables is None else tables)
    try:
        yield
    finally:
        _IN_USE.reset(before)


@cache
def _kind(name: str, tables: Tables) -> Kind:
    """An object of the server, from its table. Raises KeyError for an unknown one."""
    table = tables.table(name)
    if name == "InMemoryStore":
        from confsync.kinds.in_memory_store import made  # noqa: PLC0415

        return made(table)
    from confsync.kinds.kind import Kind  # noqa: PLC0415

    return Kind(name, shape_of(table))


class _Kinds(Mapping[str, "Kind"]):
    """Objects by name, each made when it is used. Of built-in names only `chosen` count."""

    def __init__(self, *chosen: str) -> None:
        self._chosen = chosen

    def __getitem__(self, name: str) -> Kind:
        if name not in self:
            raise KeyError(name)
        return _kind(name, in_use())

    def __contains__(self, name: object) -> bool:
        return name in self._names()

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def _names(self) -> list[str]:
        there = in_use().names
        known = (name for name in self._chosen if name in there)
        return [*known, *(name for name in there if name not in BUILT_IN.names)]


KINDS: Mapping[str, Kind] = _Kinds("InMemoryStore")
"""Every object that a file can have, by its name in Stalwart. A name that only the tables in use
have, and confsync does not, is one of them.
"""


ALL: Mapping[str, Kind] = _Kinds(*BUILT_IN.names)
"""Every settings object with a table."""

_RULES: Mapping[str, str] = {
    **{rule.id: rule.severity for rule in STATE_RULES},
    **{rule.id: rule.severity for rule in CHANGE_RULES},
}
RISKS = ("plaintext-secret", *(name for name, how in _RULES.items() if how == "error"))
"""The rules that stop an apply until they are allowed."""

WARNINGS = ("guessable-secret", *(name for name, how in _RULES.items() if how == "warning"))
"""The rules that `--fail-on` can make risks."""


def documented() -> frozenset[str]:
    """Names of objects, variants and fields, choices and default texts: as secrets, guessable."""
    return _documented(in_use())


@cache
def _documented(_: Tables) -> frozenset[str]:
    words = {*KINDS}
    for known in (one for found in KINDS.values() for one in variants_within(found.shape)):
        words |= {known.tag, *known.fields}
        for field in known.fields.values():
            if isinstance(field.default, str | Url):
                words.add(str(field.default))
            if isinstance(field.shape, Choice):
                words.update(field.shape.choices)
    return frozenset(words)
