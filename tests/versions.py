"""Schemas of servers that are newer or older than the built-in one."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, TypeAlias

from confsync.sandbox import Schema
from confsync.sandbox.schema import builtin

if TYPE_CHECKING:
    from collections.abc import Callable

Json: TypeAlias = dict[str, Any]

STORE = "x:InMemoryStore"
TEXT = {"type": "string", "format": "string"}


def content() -> Json:
    """A copy of the schema of 0.16.19."""
    return copy.deepcopy(builtin().content)


def served(made: Json) -> Schema:
    """A schema as the sandbox serves it."""
    return Schema(json.dumps(made).encode()).check()


def add_keep(made: Json) -> None:
    """Add the variant of Stalwart 1.1: docs/development/objects.md, section 5."""
    made["schemas"][STORE]["variants"].append({"name": "Keep", "schemaName": "x:KeepStore"})
    made["schemas"]["x:KeepTls"] = {
        "type": "multiple",
        "variants": [{"name": "Disabled"}, {"name": "RawPublicKeys", "schemaName": "x:KeepKeys"}],
    }
    secret, tls = ({"type": "object", "objectName": f"x:{name}"} for name in _NESTED)
    made["fields"]["x:KeepStore"] = {
        "defaults": {"hosts": {"127.0.0.1:6380": True}},
        "properties": {
            "hosts": {"type": {"type": "set", "class": TEXT, "minItems": 1}},
            "clusterDiscovery": {"type": {"type": "boolean"}},
            "secret": {"type": secret},
            "tls": {"type": tls},
        },
    }
    keys = {"keyPath": {"type": TEXT}, "serverKeysPath": {"type": TEXT}}
    made["fields"]["x:KeepKeys"] = {"properties": keys}


_NESTED = ("SecretKeyOptional", "KeepTls")


def add_field(made: Json) -> None:
    """Add a field to `Redis`."""
    limited = {"type": "number", "format": "unsignedInteger", "min": 1, "max": 9}
    made["fields"]["x:RedisStore"]["properties"]["brandNew"] = {"type": limited}
    made["fields"]["x:RedisStore"].setdefault("defaults", {})["brandNew"] = 3


def add_object(made: Json) -> None:
    """Add a settings object with two variants."""
    made["objects"]["x:Limiter"] = {"type": "singleton", "permissionPrefix": "sysLimiter"}
    made["schemas"]["x:Limiter"] = {
        "type": "multiple",
        "variants": [{"name": "Off"}, {"name": "On", "schemaName": "x:LimiterOn"}],
    }
    number = {"type": "number", "format": "unsignedInteger", "min": 1, "max": 100}
    made["fields"]["x:LimiterOn"] = {
        "defaults": {"rate": 10},
        "properties": {"rate": {"type": number}, "label": {"type": {**TEXT, "nullable": True}}},
    }


def newer() -> Json:
    """A server with a variant, a field and an object more."""
    return _with(add_keep, add_field, add_object)


def older() -> Json:
    """A server without a variant and two fields."""
    made = content()
    variants = made["schemas"][STORE]["variants"]
    variants[:] = [one for one in variants if one["name"] != "RedisSentinel"]
    for type_, field in (("RedisStore", "poolTimeoutRecycle"), ("RedisClusterStore", "maxRetries")):
        del made["fields"][f"x:{type_}"]["properties"][field]
        made["fields"][f"x:{type_}"].get("defaults", {}).pop(field, None)
    return made


def _with(*edits: Callable[[Json], None]) -> Json:
    made = content()
    for edit in edits:
        edit(made)
    return made
