"""`confsync.schema.json`: the tables of a version of the server as a file, and their differences.

One line a type, so that a review sees what changed. The last member is the checksum of the text
before it: an edited or cut file is found without a look at each table.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from confsync.kinds.table import BUILT_IN, Tables
from confsync.sync.url import masked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from confsync.kinds.table import Json

NAME = "confsync.schema.json"
MAX_BYTES = 4 * 1024 * 1024
MAX_CHANGES = 400
"""Changes that are told; more are counted."""

_FORMAT = "confsync_schema"
_VERSION = 1
_SUM = '"sum": "'
_LONGEST = 60
_TRAITS = ("type", "of", "key", "nullable", "required", "min", "max", "default")


class NoTables(Exception):
    """A file that holds no tables: the fact, and what to do. `ours`: it did once."""

    def __init__(self, fact: str, hint: str, *, ours: bool = False) -> None:
        super().__init__(fact)
        self.fact, self.hint, self.ours = fact, hint, ours


@dataclass(frozen=True)
class Version:
    """The tables of all settings objects of one version: each type once, by its name.

    `hash`: that of the server's schema. `left_out`: fields of types that confsync does not know.
    """

    hash: str
    objects: tuple[str, ...]
    types: Mapping[str, Json]
    left_out: tuple[str, ...] = ()

    def tables(self) -> Tables:
        """The tables by the names of objects."""
        return Tables(self.objects, lambda name: {"object": name, "types": self.types})


def built_in_version() -> Version:
    """The tables that are built in."""
    types: dict[str, Json] = {}
    for name in BUILT_IN.names:
        types |= BUILT_IN.table(name)["types"]
    return Version("", BUILT_IN.names, types)


def text_of(version: Version) -> str:
    """The text of a file: the same for the same schema."""
    types = ",\n".join(
        f"{_json(name)}: {_json(version.types[name])}" for name in sorted(version.types)
    )
    head = f'{{\n"{_FORMAT}": {_VERSION},\n"server": {_json(version.hash)},\n'
    body = f'{head}"objects": {_json(version.objects)},\n"types": {{\n{types}\n}},\n'
    return f'{body}{_SUM}{_sum(body)}"\n}}\n'


def version_of(text: str) -> Version:
    """The tables of a text that `text_of` made. Raises NoTables for any other."""
    plain = text.replace("\r\n", "\n").removeprefix("\ufeff")
    again = "restore it, or write it again with `confsync schema --update`"
    try:
        found = json.loads(plain)
    except (ValueError, RecursionError):
        ours = plain.startswith(f'{{\n"{_FORMAT}"') or not plain.strip()
        raise NoTables("is edited or cut off", again, ours=ours) from None
    if not isinstance(found, dict) or _FORMAT not in found:
        if isinstance(found, dict) and "$schema" in found:
            hint = "rename it, like stores.schema.json: this name is for `confsync schema --update`"
            raise NoTables("is a JSON Schema for editors", hint)
        raise NoTables("holds no tables of a server's schema", again)
    if found[_FORMAT] != _VERSION:
        hint = "update confsync, or write it again with `confsync schema --update`"
        raise NoTables("is from another version of confsync", hint, ours=True)
    body, _, end = plain.rpartition(_SUM)
    if end != f'{_sum(body)}"\n}}\n':
        raise NoTables("is edited or cut off", again, ours=True)
    match found:
        case {"server": str(hash_), "objects": list(objects), "types": dict(types)}:
            return Version(hash_, tuple(map(str, objects)), types)
        case _:
            raise NoTables("holds no tables of a server's schema", again, ours=True)


def changes(old: Version, new: Version) -> tuple[str, ...]:
    """The differences of two versions, each a line for people."""
    lines = [*_objects(old, new)]
    for name in sorted({*old.types} & {*new.types}):
        lines += _variants(name, old.types[name], new.types[name])
    more = len(lines) - MAX_CHANGES
    return tuple(lines if more <= 0 else [*lines[:MAX_CHANGES], f"and {more:,} more"])


def _objects(old: Version, new: Version) -> Iterator[str]:
    yield from (f"+ object {name}" for name in new.objects if name not in old.objects)
    yield from (f"- object {name}" for name in old.objects if name not in new.objects)


def _variants(name: str, old: Json, new: Json) -> Iterator[str]:
    yield from (f"+ {name}: variant {tag}" for tag in new if tag not in old)
    yield from (f"- {name}: variant {tag}" for tag in old if tag not in new)
    for tag in (tag for tag in new if tag in old):
        place = f"{name} · {tag}" if tag else name
        before, after = old[tag], new[tag]
        yield from (
            f"+ {place}: {field} ({_type(about)})"
            for field, about in after.items()
            if field not in before
        )
        yield from (f"- {place}: {field}" for field in before if field not in after)
        for field in (field for field in after if field in before):
            yield from _traits(f"~ {place}: {field}", before[field], after[field])


def _traits(place: str, old: Json, new: Json) -> Iterator[str]:
    for trait in _TRAITS:
        before, after = old.get(trait), new.get(trait)
        if before != after or (trait in old) != (trait in new):
            shown = (_shown(side, trait) for side in (old, new))
            yield f"{place}: {trait} {' → '.join(shown)}"
    before, after = old.get("words", []), new.get("words", [])
    yield from (f"{place}: + choice {word}" for word in after if word not in before)
    yield from (f"{place}: - choice {word}" for word in before if word not in after)


def _type(about: Json) -> str:
    of = about.get("of")
    kind = str(about["type"])
    return f"{kind} of {of['type'] if isinstance(of, dict) else of}" if of else kind


def _shown(about: Json, trait: str) -> str:
    if trait not in about:
        return "none"
    text = masked(_json(about[trait]))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _sum(text: str) -> str:
    return sha256(text.encode()).hexdigest()
