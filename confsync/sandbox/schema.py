"""The schema that a server publishes at `/api/schema`, and the types that it describes.

Built in is the one of the version that the wire page is about, without its texts for people.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from confsync.sandbox.fields import Type
from confsync.sandbox.make_fields import made_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.sandbox.fields import Fields

IN_MEMORY_STORE = "x:InMemoryStore"
_ZIPPED = b"\x1f\x8b"


class Schema:
    """A schema: which objects there are, and what they are made of.

    `document` is the answer of `GET /api/schema`, plain JSON or gzip. Raises `ValueError` for
    anything else. Types are made when first asked for; `check` makes all of them. `hash` is part of
    the schema's address, made from the document where none is given.
    """

    def __init__(self, document: bytes, hash_: str = "") -> None:
        zipped = document.startswith(_ZIPPED)
        try:
            plain = gzip.decompress(document) if zipped else document
            self.content: dict[str, Any] = json.loads(plain)
            self.objects: Mapping[str, dict[str, Any]] = self.content["objects"]
            self.fields: Mapping[str, dict[str, Any]] = self.content["fields"]
            self._schemas: Mapping[str, dict[str, Any]] = self.content["schemas"]
            self._enums: Mapping[str, list[dict[str, str]]] = self.content["enums"]
        except (ValueError, OSError, EOFError, TypeError, LookupError):
            raise ValueError("no schema of a server") from None
        self.zipped = document if zipped else gzip.compress(plain, mtime=0)
        digest = base64.urlsafe_b64encode(hashlib.sha256(plain).digest())
        self.hash = hash_ or digest.decode().rstrip("=")
        self._types: dict[str, Type] = {}

    def check(self) -> Self:
        """Make all types of settings objects. Raises `ValueError` where that is impossible."""
        try:
            for name in self.singletons:
                self.type(name)
            checked = 0
            while checked < len(self._types):  # making one type finds others
                _ = [*self._types.values()][checked].variants
                checked += 1
        except (AttributeError, LookupError, RecursionError, StopIteration, TypeError, ValueError):
            raise ValueError("no schema of a server") from None
        return self

    @cached_property
    def singletons(self) -> Mapping[str, str]:
        """The settings objects, and the word that the permissions of each begin with."""
        return {
            name: about["permissionPrefix"]
            for name, about in self.objects.items()
            if about["type"] == "singleton" and name not in NO_SETTINGS
        }

    def type(self, name: str) -> Type:
        """Look up a type; raises `KeyError` for an unknown one."""
        if name not in self._types:
            about = self._schemas[name]
            single = about["type"] == "single"
            variants = [{"name": "", **about}] if single else about["variants"]
            makers = {
                variant["name"]: partial(self._fields, variant.get("schemaName"))
                for variant in variants
            }
            self._types[name] = Type(name, makers, lambda field: field in self._names)
        return self._types[name]

    def words(self, enum: str) -> tuple[str, ...]:
        """Name the members of an enum."""
        return tuple(member["name"] for member in self._enums[enum])

    def _fields(self, name: str | None) -> Fields:
        return {} if name is None else made_fields(self, name)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset({"id"}.union(*(about["properties"] for about in self.fields.values())))


NO_SETTINGS = frozenset(
    {"VacationResponse", "x:AccountPassword", "x:AccountSettings", "x:Bootstrap"}
)
"""Singletons that are of an account, or gone once the server is set up (objects.md, section 1)."""


# Of the whole answer, texts included.
_HASH = "25gnm1_xB9bPk-puX9VTFMP1W5V-1muUWuK964-_uEw"


@cache
def builtin() -> Schema:
    """Load the schema of the server that the wire page is about."""
    return Schema(Path(__file__).with_name("schema.json.gz").read_bytes(), _HASH)
