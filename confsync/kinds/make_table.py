"""From the schema that a server publishes to tables: one an object, with defaults of the wire.

A table is JSON: `types` has each type that the object needs, by name; a type has its variants by
`@type`, or the one variant "" if it has no `@type`; a variant has its fields. `table.py` reads it.
Facts: docs/development/objects.md, sections 2 and 4.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from confsync.kinds.kind import UNSET_ID

Json: TypeAlias = dict[str, Any]

ELSEWHERE = frozenset({"AccountPassword", "AccountSettings", "Bootstrap", "VacationResponse"})
"""Singletons of an account, and one that is gone once the server is set up."""

_NUMBERS = {
    "unsignedInteger": (0, 2**64 - 1),
    "integer": (-(2**63), 2**63 - 1),
    "size": (0, 2**64 - 1),
    "duration": (1, 2**64 - 1),
}
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"([0-9]+)(ms|s|m|h|d)")
_EXPRESSION = "Expression"


def objects(schema: Json) -> tuple[str, ...]:
    """The names of the settings objects of a schema, without `x:`."""
    names = (name for name, about in schema["objects"].items() if about["type"] == "singleton")
    return tuple(sorted({_bare(name) for name in names} - ELSEWHERE))


def collections(schema: Json) -> tuple[str, ...]:
    """The names of objects of which a server has any number, without `x:`."""
    names = {_bare(name) for name, about in schema["objects"].items() if about["type"] == "object"}
    return tuple(sorted(names - {*objects(schema)}))


def table(schema: Json, name: str) -> Json:
    """The table of one object."""
    types: dict[str, Json] = {}
    _add(schema, name, types)
    return {
        "object": name,
        "types": {one: types[one] for one in (name, *sorted({*types} - {name}))},
    }


def table_text(found: Json) -> str:
    """A table as text: one line a field."""
    lines = ["{", f'"object": {json.dumps(found["object"])},', '"types": {']
    for name, variants in found["types"].items():
        lines.append(f"{json.dumps(name)}: {{")
        for tag, fields in variants.items():
            members = ",\n".join(f"  {json.dumps(one)}: {_text(of)}" for one, of in fields.items())
            lines.append(
                f" {json.dumps(tag)}: {{\n{members}\n }},"
                if fields
                else f" {json.dumps(tag)}: {{}},"
            )
        lines[-1] = lines[-1].removesuffix(",")
        lines.append("},")
    lines[-1] = "}"
    return "\n".join([*lines, "}", "}", ""])


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _bare(name: str) -> str:
    return name.removeprefix("x:")


def _full(schema: Json, name: str) -> str:
    return f"x:{name}" if f"x:{name}" in schema["schemas"] else name


def _variants(schema: Json, name: str) -> dict[str, str | None]:
    """The names of a type's fields, by variant."""
    about = schema["schemas"][_full(schema, name)]
    if about["type"] == "single":
        return {"": about.get("schemaName")}
    return {one["name"]: one.get("schemaName") for one in about["variants"]}


def _add(schema: Json, name: str, types: dict[str, Json]) -> None:
    if name in types:
        return
    made = types[name] = {}
    for tag, fields in _variants(schema, name).items():
        about = schema["fields"][fields] if fields else {"properties": {}}
        given = about.get("defaults", {})
        made[tag] = {
            one: _field(schema, of["type"], given.get(one), types)
            for one, of in sorted(about["properties"].items())
        }


def _field(schema: Json, about: Json, given: object, types: dict[str, Json]) -> Json:
    found = _shape(schema, about, types)
    if about.get("nullable"):
        found["nullable"] = True
    default = _default(schema, about, given)
    if not _valid(schema, about, default):
        found["required"] = True
    else:
        found["default"] = default
    return found


def _shape(schema: Json, about: Json, types: dict[str, Json]) -> Json:
    match about["type"]:
        case "set":
            least = {"min": about["minItems"]} if about.get("minItems") else {}
            return {"type": "set", "of": _shape(schema, about["class"], types), **least}
        case "map":
            key, value = (_shape(schema, about[one], types) for one in ("keyClass", "valueClass"))
            return {"type": "map", "key": key, "of": value}
        case "object" | "objectList" as kind:
            name = _bare(about["objectName"])
            _add(schema, name, types)
            least = {"min": about["minItems"]} if about.get("minItems") else {}
            return {"type": "list" if kind == "objectList" else "object", "of": name, **least}
        case "enum":
            words = [one["name"] for one in schema["enums"][about["enumName"]]]
            return {"type": "enum", "words": words}
        case "objectId" | "blobId":
            return {"type": "id", "of": _bare(about.get("objectName", ""))}
        case "number":
            bounds = _NUMBERS.get(about["format"], (None, None))
            low, high = _whole(about.get("min")), _whole(about.get("max"))
            lows = [one for one in (low, bounds[0]) if one is not None]
            found = {"min": max(lows, default=None), "max": bounds[1] if high is None else high}
            return {"type": about["format"], **found}
        case "string":
            return {"type": about.get("format", "string")}
        case other:
            return {"type": other}


def _whole(limit: float | None) -> float | None:
    return int(limit) if limit is not None and limit == int(limit) else limit


def _default(schema: Json, about: Json, given: object) -> object:
    """The default of a field in the form of the wire: `given`, or that of its type."""
    kind = about["type"]
    if given is None:
        return None if about.get("nullable") else _of_type(schema, about)
    if kind == "object":
        return _object(schema, _bare(about["objectName"]), given)
    if kind == "objectList":
        items = given if isinstance(given, list) else [*_mapping(given).values()]
        return [_object(schema, _bare(about["objectName"]), one) for one in items]
    if kind == "map":
        return {
            one: _default(schema, about["valueClass"], of) for one, of in _mapping(given).items()
        }
    if kind == "set":
        return [*_mapping(given)]
    if isinstance(given, str) and about.get("format") == "duration":
        found = _DURATION.fullmatch(given)
        if found is None:
            raise ValueError("not a duration")
        return int(found[1]) * _UNITS[found[2]]
    return float(str(given)) if about.get("format") == "float" else given


def _mapping(given: object) -> Mapping[str, object]:
    if isinstance(given, list):
        return dict.fromkeys(map(str, given))
    if not isinstance(given, Mapping):
        raise TypeError("not an object")
    return given


def _of_type(schema: Json, about: Json) -> object:
    match about["type"]:
        case "boolean":
            return False
        case "number":
            return 0.0 if about["format"] == "float" else 0
        case "enum":
            return schema["enums"][about["enumName"]][0]["name"]
        case "objectId" | "blobId":
            return UNSET_ID
        case "set" | "objectList":
            return []
        case "map":
            return {}
        case "object":
            return _object(schema, _bare(about["objectName"]), {})
        case _:
            return ""


def _object(schema: Json, name: str, given: object) -> Json:
    """An object of the wire with all of its members: the given ones, and the type's defaults."""
    members = dict(_mapping(given))
    if name == _EXPRESSION and "default" in members:
        members["else"] = members.pop("default")
    tag = str(members.get("@type", next(iter(_variants(schema, name)))))
    fields = _variants(schema, name)[tag]
    about = schema["fields"][fields] if fields else {"properties": {}}
    defaults = about.get("defaults", {})
    made = {
        one: _default(schema, of["type"], members.get(one, defaults.get(one)))
        for one, of in about["properties"].items()
    }
    return {"@type": tag, **made} if tag else made


def _valid(schema: Json, about: Json, value: object) -> bool:
    """True for a default that the server's own validation accepts."""
    if value is None:
        return bool(about.get("nullable"))
    match about["type"]:
        case "number":
            least = _NUMBERS.get(about["format"], (None, None))[0]
            low = about.get("min", least)
            return low is None or float(str(value)) >= low
        case "objectId" | "blobId":
            return value != UNSET_ID
        case "set" | "objectList":
            return isinstance(value, list) and len(value) >= about.get("minItems", 0)
        case "object":
            return _valid_object(schema, _bare(about["objectName"]), _mapping(value))
        case "string":
            return value != ""
        case _:
            return True


def _valid_object(schema: Json, name: str, members: Mapping[str, object]) -> bool:
    fields = _variants(schema, name)[str(members.get("@type", ""))]
    about = schema["fields"][fields] if fields else {"properties": {}}
    return all(_valid(schema, of["type"], members[one]) for one, of in about["properties"].items())


def words(tables: Iterable[Json]) -> tuple[str, ...]:
    """Names of objects, variants and fields, choices and default texts of tables."""
    found: set[str] = set()
    for one in tables:
        found.add(one["object"])
        for variants in one["types"].values():
            for tag, fields in variants.items():
                found |= {tag, *fields}
                for about in fields.values():
                    default = about.get("default")
                    texts = default if isinstance(default, list) else [default]
                    found |= {text for text in texts if isinstance(text, str)}
                    inner = about.get("of")
                    found.update(about.get("words", ()))
                    found.update(inner.get("words", ()) if isinstance(inner, dict) else ())
    return tuple(sorted(word for word in found if word and "\n" not in word))


def main(source: str, directory: str) -> None:
    """Write the tables of all objects of a gzipped schema into a directory, and beside it their
    words, and the names of collections.
    """
    schema = json.loads(gzip.decompress(Path(source).read_bytes()))
    tables = [table(schema, name) for name in objects(schema)]
    for one in tables:
        Path(directory, f"{one['object']}.json").write_text(table_text(one), "utf-8")
    for file, found in {"words": words(tables), "collections": collections(schema)}.items():
        text = "".join(f"{word}\n" for word in found)
        Path(directory).with_name(f"{file}.txt").write_text(text, "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
