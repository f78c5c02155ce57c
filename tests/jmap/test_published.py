"""A schema that cannot be used is refused whole; a field of an unknown type is left out alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from confsync.errors import UnexpectedAnswer
from confsync.jmap.published import version
from confsync.kinds import KINDS, using
from confsync.sync.shape import variants_within
from tests.versions import STORE, TEXT, Json, content

if TYPE_CHECKING:
    from collections.abc import Callable


def fields(schema: Json, type_: str = "RedisStore") -> Json:
    found: Json = schema["fields"][f"x:{type_}"]
    return found


def about(schema: Json, name: str, type_: str = "RedisStore") -> Json:
    found: Json = fields(schema, type_)["properties"][name]["type"]
    return found


def defaults(**values: object) -> Callable[[Json], None]:
    return lambda schema: fields(schema)["defaults"].update(values)


def typed(**changes: object) -> Callable[[Json], None]:
    return lambda schema: about(schema, "poolMaxConnections").update(changes)


def field(name: str, **kind: object) -> Callable[[Json], None]:
    return lambda schema: fields(schema)["properties"].update({name: {"type": kind}})


def diamonds(schema: Json) -> None:
    """Types whose fields double at each level."""
    for level in range(14):
        inner = {"type": "object", "objectName": f"x:D{level + 1}"} if level < 13 else TEXT
        schema["schemas"][f"x:D{level}"] = {"type": "single", "schemaName": f"x:D{level}"}
        schema["fields"][f"x:D{level}"] = {
            "properties": {"one": {"type": inner}, "two": {"type": inner}}
        }
    field("deep", type="object", objectName="x:D0")(schema)


def chain(schema: Json) -> None:
    for level in range(3000):
        inner = {"type": "object", "objectName": f"x:C{level + 1}"} if level < 2999 else TEXT
        schema["schemas"][f"x:C{level}"] = {"type": "single", "schemaName": f"x:C{level}"}
        schema["fields"][f"x:C{level}"] = {"properties": {"one": {"type": inner}}}
    field("deep", type="object", objectName="x:C0")(schema)


def many_defaults(schema: Json) -> None:
    field("many", type="objectList", objectName="x:HttpAuth")(schema)
    defaults(many=[{}] * 6000)(schema)


FORM, DEFAULT = "it is not of the known form", "a default is not of its type"
REFUSED: dict[str, tuple[Callable[[Json], None], str]] = {
    "a name with a blank": (field("a b", **TEXT), FORM),
    "a name with a control character": (field("a\x1b[2J", **TEXT), FORM),
    "a long name": (field("a" * 65, **TEXT), FORM),
    "an empty name": (field("", **TEXT), FORM),
    "a limit in words": (typed(max="many"), FORM),
    "a limit that is true": (typed(max=True), FORM),
    "null as nullable": (typed(nullable=None), FORM),
    "a list for a field": (lambda s: fields(s)["properties"].update(url=[]), FORM),
    "a list for the fields": (lambda s: fields(s).update(properties=[]), FORM),
    "no fields": (lambda s: s["fields"].pop("x:RedisStore"), "the fields of a type are missing"),
    "no variants": (lambda s: s["schemas"].update({STORE: {"type": "multiple"}}),
                    "a type is neither single nor multiple"),
    "a third kind of type": (lambda s: s["schemas"].update({STORE: {"type": "double"}}),
                             "a type is neither single nor multiple"),
    "a variant with a strange name": (
        lambda s: s["schemas"][STORE]["variants"].append({"name": "****"}), FORM),
    "an unknown nested type": (field("a", type="object", objectName="x:None"),
                               "a type is missing"),
    "an unknown enum": (field("a", type="enum", enumName="None"),
                        "the choices of a field are missing"),
    "an enum of numbers": (lambda s: s["enums"].update(RedisProtocol=[1]), FORM),
    "a choice with a newline": (lambda s: s["enums"].update(RedisProtocol=[{"name": "a\nb"}]),
                                FORM),
    "a text for a number": (defaults(poolMaxConnections="10"), DEFAULT),
    "true for a number": (defaults(poolMaxConnections=True), DEFAULT),
    "a fraction for a number": (defaults(poolMaxConnections=1.5), DEFAULT),
    "a number for a text": (defaults(url=5), DEFAULT),
    "a text that is no duration": (defaults(timeout="soon"), DEFAULT),
    "a list of durations": (defaults(timeout=[1]), DEFAULT),
    "an object with an unknown variant": (
        lambda s: fields(s, "RedisClusterStore")["defaults"].update(authSecret={"@type": "X"}),
        DEFAULT),
    "types that double": (diamonds, "an object has too many fields, or is nested too deep"),
    "a chain of types": (chain, ""),
    "too many defaults": (many_defaults, "its defaults are too many"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_schema_that_cannot_be_used_is_refused_as_a_whole(name: str) -> None:
    edit, fact = REFUSED[name]
    schema = content()
    edit(schema)
    body = json.dumps(schema).encode()
    with pytest.raises(UnexpectedAnswer) as caught:
        version(body, "h")
    assert caught.value.message.startswith(f"the server's schema cannot be used: {fact}")
    assert caught.value.hint


UNKNOWN: dict[str, Json] = {
    "another type": {"type": "tuple"},
    "another number": {"type": "number", "format": "decimal"},
    "another text": {"type": "string", "format": "token"},
    "a set of objects": {"type": "set", "class": {"type": "object", "objectName": "x:Rate"}},
    "a set of secrets": {"type": "set", "class": {"type": "string", "format": "token"}},
    "a map by numbers": {"type": "map", "keyClass": {"type": "number", "format": "size"},
                         "valueClass": TEXT},
    "a map of sets": {"type": "map", "keyClass": TEXT,
                      "valueClass": {"type": "set", "class": TEXT}},
    "a set of nothing": {"type": "set"},
    "its own type": {"type": "objectList", "objectName": "x:InMemoryStore"},
}  # fmt: skip


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_field_of_an_unknown_type_is_left_out_alone(name: str) -> None:
    schema = content()
    field("fresh", **UNKNOWN[name])(schema)
    found = version(json.dumps(schema).encode(), "h")
    assert "RedisStore/fresh" in found.left_out
    plain = version(json.dumps(content()).encode(), "h")
    if name != "its own type":
        assert found.left_out == ("RedisStore/fresh",)
        assert found.types == plain.types
    with using(found.tables()):
        assert all([*variants_within(kind.shape)] for kind in KINDS.values())


def test_what_no_settings_object_needs_is_not_looked_at() -> None:
    schema = content()
    schema["schemas"]["x:Odd"] = {"type": 5}
    schema["enums"]["Odd"] = None
    schema["forms"] = [[[]]]
    schema["objects"]["x:Odd"] = {"type": "object"}
    assert version(json.dumps(schema).encode(), "h").types
