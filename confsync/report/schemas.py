"""JSON Schemas (draft 7) of the JSON outputs: `schemas.json` has the definitions of all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    Schema: TypeAlias = dict[str, Any]


def report_schema(name: str) -> Schema:
    """The schema of a report, with the definitions that it needs."""
    whole = json.loads(Path(__file__).with_name("schemas.json").read_text("utf-8"))
    known: dict[str, Schema] = whole["definitions"]
    needed: dict[str, None] = {}
    left = [*_references(known[name])]
    while left:
        if (one := left.pop()) not in needed:
            needed[one] = None
            left += _references(known[one])
    definitions = {one: schema for one, schema in known.items() if one in needed}
    return {"$schema": whole["$schema"], **known[name], "definitions": definitions}


def _references(schema: object) -> Iterator[str]:
    """The names of the definitions that a part of a schema refers to."""
    if isinstance(schema, dict):
        if isinstance(reference := schema.get("$ref"), str):
            yield reference.rpartition("/")[2]
        schema = [*schema.values()]
    for part in schema if isinstance(schema, list) else ():
        yield from _references(part)
