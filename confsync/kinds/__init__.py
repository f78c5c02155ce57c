"""Objects of the server: tables, from which shapes, defaults and decoding derive."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from confsync.kinds.in_memory_store_changes import CHANGE_RULES
from confsync.kinds.in_memory_store_risks import STATE_RULES
from confsync.kinds.kept_secrets import KEPT_ELSEWHERE
from confsync.kinds.table import BUILT_IN, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.kinds.kind import Kind
    from confsync.kinds.table import Tables

_IN_USE: ContextVar[Tables] = ContextVar("tables in use", default=BUILT_IN)


def in_use() -> Tables:
    """The tables that `KINDS` are made of: the built-in ones, or those of `using`."""
    return _IN_USE.get()


@contextmanager
def using(tables: Tables | None) -> Iterator[None]:
    """Make `KINDS` of other tables; None: of those in use."""
    before = _IN_USE.set(_IN_USE.get() if tables is None else tables)
    try:
        yield
    finally:
        _IN_USE.reset(before)


@cache
def _kind(name: str, tables: Tables) -> Kind:
    """An object of the server, from its table. Raises KeyError for an unknown one."""
    table = tables.table(name)
    if name == FIRST:
        from confsync.kinds.in_memory_store import made  # noqa: PLC0415

        return made(table)
    from confsync.kinds.kind import Kind  # noqa: PLC0415

    return Kind(name, shape_of(table), change_rules=(KEPT_ELSEWHERE,))


class _Kinds(Mapping[str, "Kind"]):
    """Objects by name, each made when it is used."""

    def __getitem__(self, name: str) -> Kind:
        if name not in self:
            raise KeyError(name)
        return _kind(name, in_use())

    def __contains__(self, name: object) -> bool:
        return name in in_use().names

    def __iter__(self) -> Iterator[str]:
        return iter(in_use().names)

    def __len__(self) -> int:
        return len(in_use().names)


KINDS: Mapping[str, Kind] = _Kinds()
"""Every settings object, by its name in Stalwart."""

FIRST = "InMemoryStore"
"""The object for files that name none."""

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
    return frozenset((Path(__file__).parent / "words.txt").read_text("utf-8").splitlines())
