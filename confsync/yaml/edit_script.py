"""An edit script for a YAML document: keep, replace, insert and remove nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from confsync.sync.tree import Path

Plain: TypeAlias = "bool | int | str | list[Plain] | dict[str, Plain] | None"


@dataclass(frozen=True)
class Keep:
    """Keep a node exactly as it is written."""


@dataclass(frozen=True)
class Write:
    """Replace a node by a value, or insert the value."""

    value: Plain


@dataclass(frozen=True)
class Entries:
    """Keep a mapping, with these entries. Old entries keep their places; each new one comes behind
    its predecessor here. Other entries are removed.
    """

    entries: tuple[tuple[str, Revision], ...]


@dataclass(frozen=True)
class Elements:
    """Keep a list, with these items in this order: each by its old index, or None for a new one.
    Other items are removed.
    """

    items: tuple[tuple[int | None, Revision], ...]


Revision: TypeAlias = Keep | Write | Entries | Elements

KEEP = Keep()


@dataclass(frozen=True)
class Revised:
    """A revision and the fields that it changes.

    `changed` and `gone` are fields; `fill_in` are the names of references to fill in; `unsayable`
    are the fields that no file can hold.
    """

    revision: Revision
    changed: tuple[Path, ...]
    gone: tuple[Path, ...]
    fill_in: tuple[str, ...]
    unsayable: tuple[Path, ...]
