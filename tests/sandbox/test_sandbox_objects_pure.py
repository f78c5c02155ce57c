"""The rules for all settings objects, executed in this process, against every recorded update."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from confsync.sandbox import body
from confsync.sandbox import patch_rules as rules
from confsync.sandbox import texts as cleaners
from confsync.sandbox.fields import EXPRESSION, MapOf, Nested
from confsync.sandbox.leaves import Text, UnknownReference
from confsync.sandbox.make_fields import made_fields
from confsync.sandbox.schema import builtin
from tests.sync.second_opinion import texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from confsync.sandbox.fields import Type

WIRE = Path(__file__).parent.parent / "wire"
NORMALISE = json.loads((WIRE / "objects-normalise.json").read_bytes())
FRESH = json.loads((WIRE / "objects-fresh.json").read_bytes())

Json = dict[str, Any]


def recorded(name: str) -> Iterator[Json]:
    yield from map(json.loads, gzip.decompress((WIRE / name).read_bytes()).splitlines())


def refusal(type_: str, properties: object, errors: Any) -> Json:  # noqa: ANN401 - JSON
    """A refusal without texts for people. The order of fields is not in the schema."""
    named = [(error["type"], error["property"], error.get("required")) for error in errors]
    return {"type": type_, "properties": list(properties or []), "errors": sorted(named, key=str)}  # type: ignore[call-overload]  # JSON


def answered(line: Json, type_: Type) -> tuple[Json, Json]:
    """The refusal, empty for an accepted update, and the object after it as get shows it."""
    before = {name: value for name, value in line["before"].items() if name != "id"}
    kept = json.dumps(before)
    try:
        body.read(json.dumps(line["patch"]).encode())
        outcome = rules.update(before, line["patch"], type_)
    except UnknownReference:
        return refusal("invalidResultReference", [], []), line["before"]
    except ValueError:
        return {"status": 400}, line["before"]
    assert json.dumps(before) == kept, "what was handed in is changed"
    if isinstance(outcome, rules.Updated):
        return {}, rules.get_view(outcome.stored, type_)
    return refusal(outcome.type, outcome.properties, outcome.validation_errors), line["before"]


def expected(result: Json) -> Json:
    """The recorded refusal, like that of `answered`."""
    if "status" in result:
        return {"status": result["status"]}
    refused = result.get("notUpdated", {}).get("singleton") or result
    if "updated" in refused:
        return {}
    errors = refused.get("validationErrors", [])
    return refusal(refused["type"], refused.get("properties"), errors)


def written(value: object) -> str:
    """An object as text: 6 is not 6.0, and 1 not true. The order of members does not count."""
    return json.dumps(value, sort_keys=True)


def exception(line: Json, type_: Type, found: Json, after: Json) -> str | None:
    """Name the reason for a disagreement that the schema cannot rule out (objects.md, section 2).

    `meaning`: the server refuses an expression, and the sandbox, which does not compile any, goes
    on to what is checked later. `id`: the sandbox stores an id that does not exist.
    """
    recorded_as = expected(line["result"])
    invalid = [kind for kind, *_ in recorded_as.get("errors", [])] == ["Invalid"]
    if invalid and recorded_as["properties"] and found.get("type") != "invalidPatch":
        field = type_.fields(after)[recorded_as["properties"][0]]
        if isinstance(field, Nested) and field.type.name == EXPRESSION:
            return "meaning"
    if recorded_as.get("type") == "invalidForeignKey" and not found:
        id_ = line["result"]["notUpdated"]["singleton"]["objectId"]["id"]
        return "id" if id_ in texts(after) else None
    return None


@pytest.mark.parametrize(
    ("name", "count", "exceptions"),
    [
        ("objects.jsonl.gz", 4400, {"meaning": 391, "id": 35}),
        ("objects-types.jsonl.gz", 328, {"meaning": 2, "id": 13}),
    ],
)
def test_every_recorded_update_is_answered_alike(
    name: str, count: int, exceptions: dict[str, int]
) -> None:
    allowed: Counter[str] = Counter()
    differing, lines = [], list(recorded(name))
    for line in lines:
        type_ = builtin().type(line["object"])
        found, after = answered(line, type_)
        if found == expected(line["result"]) and written(after) == written(line["after"]):
            continue
        if reason := exception(line, type_, found, after):
            allowed[reason] += 1
        else:
            differing.append(f"{line['object']} {json.dumps(line['patch'])}\n  {found}\n  {after}")
    assert not differing, f"{len(differing)} disagree, first:\n" + "\n".join(differing[:3])
    assert allowed == exceptions
    assert len(lines) == count


def test_fresh_objects_are_those_of_a_fresh_server() -> None:
    """All but `x:DataStore`, which a server reads from its own config file."""
    types = {name: builtin().type(name) for name in builtin().singletons}
    made = {name: rules.get_view(rules.defaults(of=of), of) for name, of in types.items()}
    assert len(made) == 55
    assert made.pop("x:DataStore")["@type"] == "RocksDb"
    assert written(made) == written(FRESH)


CLEANERS: dict[Callable[[str], str], list[str]] = {
    cleaners.keep: [],
    cleaners.solid: [],
    cleaners.trim: ["Trim"],
    cleaners.address: ["Trim"],
    cleaners.domain: ["Domain"],
    cleaners.email: ["Email"],
    cleaners.host: ["Hostname"],
}


def test_each_text_of_a_settings_object_is_changed_as_the_source_says() -> None:
    """Members of sets are not in question: they are trimmed, whatever the source says."""
    schema = builtin().check()
    about = [schema.content["schemas"][name] for name in schema._types]
    variants = [variant for one in about for variant in one.get("variants", [one])]
    found = {
        f"{variant['schemaName']}/{word}": CLEANERS[text.clean]
        for variant in variants
        if "schemaName" in variant
        for word, field in made_fields(schema, variant["schemaName"]).items()
        if isinstance(text := field.value if isinstance(field, MapOf) else field, Text)
    }
    assert len(found) > 80
    assert found == {name: NORMALISE.get(name, []) for name in found}
