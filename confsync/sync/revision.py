"""What is to become of a document that somebody wrote: which nodes stay, go, come or are others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from confsync.errors import Problem
    from confsync.sync.tree import Path

Plain: TypeAlias = "bool | int | str | list[Plain] | dict[str, Plain] | None"


@dataclass(frozen=True)
class Keep:
    """A node stays exactly as it is written."""


@dataclass(frozen=True)
class Write:
    """A value takes the place of a node, or is new."""

    value: Plain


@dataclass(frozen=True)
class Entries:
    """A mapping stays, with these entries: those that it has keep their places, others are new and
    come behind the one before them here. Entries that are not named go.
    """

    entries: tuple[tuple[str, Revision], ...]


@dataclass(frozen=True)
class Elements:
    """A list stays, with these items in this order: each by its index, or None for a new one.
    Items that are not named go.
    """

    items: tuple[tuple[int | None, Revision], ...]


Revision: TypeAlias = Keep | Write | Entries | Elements

KEEP = Keep()


@dataclass(frozen=True)
class Revised:
    """A revision, and what it comes to.

    `changed` and `gone` are fields; `fill_in` are the names of references that are to be filled
    in; `unsayable` are the fields that no file can hold.
    """

    revision: Revision
    changed: tuple[Path, ...]
    gone: tuple[Path, ...]
    fill_in: tuple[str, ...]
    unsayable: tuple[Path, ...]


@dataclass(frozen=True)
class Pulled:
    """What a pull did to a file, or would do.

    `new`: there was none. `changed` and `gone` are fields, `comments` the number of those that
    went with something. `fill_in` are the references that are to be filled in, as problems with
    their places. `before` and `after` are the file's text, every secret masked.
    """

    file: str
    new: bool
    changed: tuple[Path, ...]
    gone: tuple[Path, ...]
    comments: int
    fill_in: tuple[Problem, ...]
    before: str
    after: str
