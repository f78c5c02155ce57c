"""Kinds of fields, and the types of objects that are made of them.

`schema.py` makes them from the schema that a server publishes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from confsync.sandbox.leaves import Leaf

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, object]

EXPRESSION = "x:Expression"
"""The type of expressions, which have rules of their own."""


@dataclass(frozen=True, slots=True)
class SetOf:
    """A set: an object whose members are all true."""

    member: Leaf
    shortest: int
    default: Json


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map: an object with names of its own."""

    key: Leaf
    value: Leaf | Nested
    default: Json


@dataclass(frozen=True, slots=True)
class Nested:
    """An object inside an object."""

    type: Type
    nullable: bool
    default: Json | None


@dataclass(frozen=True, slots=True)
class ItemList:
    """A list of objects: an object whose members are numbered from 0."""

    type: Type
    shortest: int
    default: Json


Field = Leaf | SetOf | MapOf | Nested | ItemList
Fields = Mapping[str, Field]


class Type:
    """What an object is: its variants and the fields of each, made when first used.

    A type without variants has one, named `""`, and its objects have no `@type`.
    """

    def __init__(
        self,
        name: str,
        variants: Mapping[str, Callable[[], Fields]],
        is_known: Callable[[str], bool],
    ) -> None:
        self.name = name
        self.is_known = is_known
        """True for the name of a field of any object of this server."""
        self.has_variants = "" not in variants
        self.first = next(iter(variants))
        """The variant that an object has where nothing says another."""
        self._makers = variants

    @cached_property
    def variants(self) -> Mapping[str, Fields]:
        """The fields of each variant."""
        return {name: make() for name, make in self._makers.items()}

    def fields(self, target: Mapping[str, object]) -> Fields:
        """Look up the fields of an object; an unknown variant has none."""
        return self.variants.get(str(target.get("@type")) if self.has_variants else "", {})
