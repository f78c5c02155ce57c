"""Single values: the leaf fields of an object, and their limits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.sandbox.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

U64_MAX = 2**64 - 1
_I64_MAX = 2**63 - 1

UNSET_ID = "p333333333333"
"""A mandatory id that was never set (wire page objects.md, section 2.7)."""
_ID = re.compile(r"[a-z792013]*")


@dataclass(frozen=True, slots=True)
class Text:
    """A string. `""` can be a default and never be sent. `clean` is what the server does to it."""

    default: str | None
    nullable: bool
    clean: Callable[[str], str]
    longest: int | None = None
    secret: bool = False

    def accept(self, value: object) -> object:
        """Return the value to store; raises `Refused`."""
        if value is None and self.nullable:
            return None
        if not isinstance(value, str) or not (cleaned := self.clean(value)):
            raise Refused
        return cleaned

    def problems(self, name: str, value: object) -> Iterator[dict[str, object]]:
        """Name the limits that a stored value breaks."""
        if value == "":
            yield {"type": "Required", "property": name}
        if self.longest is not None and isinstance(value, str) and len(value) > self.longest:
            yield {"type": "MaxLength", "property": name, "required": self.longest}


@dataclass(frozen=True, slots=True)
class Number:
    """An integer, or a float.

    Values outside of `least` … `most` are refused at once; values outside of the limits are found
    after the patch, and are another error (wire section 5.2).
    """

    default: float | None
    nullable: bool
    least: int
    most: int
    minimum: float | None
    maximum: float | None
    is_float: bool = False

    def accept(self, value: object) -> object:
        """Return the number to store, or null; raises `Refused`. A boolean is no number."""
        if value is None and self.nullable:
            return None
        if self.is_float and type(value) in {int, float}:
            return float(value)  # type: ignore[arg-type]  # it is a number
        if type(value) is not int or not self.least <= value <= self.most:
            raise Refused
        return value

    def problems(self, name: str, value: object) -> Iterator[dict[str, object]]:
        """Name the limits that a stored value breaks."""
        if not isinstance(value, int | float):
            return
        if not self.is_float and value < self.least:
            yield {"type": "Invalid", "property": name, "value": str(value)}
        if self.minimum is not None and value < self.minimum:
            yield {"type": "MinValue", "property": name, "required": self.minimum}
        if self.maximum is not None and value > self.maximum:
            yield {"type": "MaxValue", "property": name, "required": self.maximum}


NUMBERS = {
    "duration": (1, U64_MAX),
    "integer": (-_I64_MAX - 1, _I64_MAX),
    "size": (0, U64_MAX),
    "unsignedInteger": (0, U64_MAX),
    "float": (0, 0),
}
"""Smallest and largest number of each format."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words, spelled exactly, or a boolean."""

    values: frozenset[str] | frozenset[bool]
    default: str | bool | None
    nullable: bool = False

    def accept(self, value: object) -> object:
        """Return the value to store; raises `Refused`."""
        if value is None and self.nullable:
            return None
        if not isinstance(value, str | bool) or value not in self.values:
            raise Refused
        return value

    def problems(self, _name: str, _value: object) -> Iterator[dict[str, object]]:
        """Name the limits that a stored value breaks."""
        return iter(())


class UnknownReference(ValueError):
    """`#x` names an object that the request did not create: `invalidResultReference`."""


@dataclass(frozen=True, slots=True)
class Id:
    """The id of another object. Every id exists here (wire page objects.md, section 2.7)."""

    default: str | None
    nullable: bool

    def accept(self, value: object) -> object:
        """Return the id to store; raises `Refused`, and `UnknownReference` for `#…`."""
        if value is None and self.nullable:
            return None
        if isinstance(value, str) and value.startswith("#"):
            raise UnknownReference
        if not isinstance(value, str) or not _ID.fullmatch(value):
            raise Refused
        return value or "a"

    def problems(self, name: str, value: object) -> Iterator[dict[str, object]]:
        """Name the limits that a stored value breaks."""
        if value == UNSET_ID:
            yield {"type": "Required", "property": name}


Leaf = Text | Number | Choice | Id
