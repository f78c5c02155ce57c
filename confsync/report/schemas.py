"""JSON Schemas (draft 7) of the JSON outputs: `schemas.json` has the definitions of all."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, TypeAlias

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


def _references(schema: Schema) -> list[str]:
    """The names of the definitions that a schema refers to."""
    return re.findall(r'"#/definitions/(\w+)"', json.dumps(schema))
