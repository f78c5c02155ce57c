"""The built-in tables are those of the recorded schema, and their shapes those of the wire."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from confsync.jmap.decode import from_wire
from confsync.kinds import KINDS, documented
from confsync.kinds.forms import FORMS
from confsync.kinds.kind import default_object
from confsync.kinds.make_table import collections, objects, table, table_text, words
from confsync.kinds.not_managed import not_managed
from confsync.sync import shape as shapes
from confsync.sync.secret import Vault
from confsync.sync.tree import Object, certainly_equal

ROOT = Path(__file__).parent.parent.parent
TABLES = ROOT / "confsync" / "kinds" / "tables"
SCHEMA = json.loads(gzip.decompress((ROOT / "confsync/sandbox/schema.json.gz").read_bytes()))
WIRE = ROOT / "tests" / "wire"
FRESH = json.loads((WIRE / "objects-fresh.json").read_text("utf-8"))


def test_there_is_a_table_for_each_settings_object() -> None:
    assert sorted(file.stem for file in TABLES.iterdir()) == [*objects(SCHEMA)] == [*KINDS]
    assert len(KINDS) == 55


@pytest.mark.parametrize("name", KINDS)
def test_a_table_is_made_of_the_recorded_schema(name: str) -> None:
    assert (TABLES / f"{name}.json").read_text("utf-8") == table_text(table(SCHEMA, name))
    assert SCHEMA["objects"][f"x:{name}"]["permissionPrefix"] == f"sys{name}"


def test_the_words_of_the_documentation_are_those_of_the_tables() -> None:
    assert documented() == {*words(table(SCHEMA, name) for name in KINDS)}
    assert {"InMemoryStore", "poolMaxConnections", "resp3", "stalwart", "mymaster"} <= documented()


def test_every_object_of_the_schema_is_managed_or_said_not_to_be() -> None:
    listed = (TABLES.parent / "collections.txt").read_text("utf-8").splitlines()
    assert listed == [*collections(SCHEMA)]
    real = [name for name, about in SCHEMA["objects"].items() if about["type"] != "view"]
    for name in real:
        assert bool(not_managed(name)) == (name.removeprefix("x:") not in KINDS)
    assert not_managed("x:Domain").startswith("confsync does not manage Domain: ")
    assert not not_managed("Nonsense")


@pytest.mark.parametrize("name", [name for name in KINDS if f"x:{name}" in FRESH])
def test_a_fresh_object_has_the_defaults_of_its_table(name: str) -> None:
    live = from_wire(KINDS[name], FRESH[f"x:{name}"], Vault())
    assert live.unrecognised == ()
    shape = KINDS[name].shape
    assert live.tree.tag == next(iter(shape.objects))
    default = default_object(shape, live.tree.tag)
    for field, known in shape.objects[live.tree.tag].fields.items():
        if not known.required:
            assert certainly_equal(live.tree.members[field], default.members[field]), field


def test_the_forms_of_texts_are_those_of_the_recordings() -> None:
    """Of settings objects: a form for each text that the server does not only trim."""
    words = {"Email": "email", "Domain": "domain", "Hostname": "host"}
    recorded = json.loads((WIRE / "objects-normalise.json").read_text("utf-8"))
    wrong = []
    for name in KINDS:
        for type_, field, shape in _texts(KINDS[name].shape):
            how = recorded.get(f"x:{type_}/{field}", [])
            form = next((words[one] for one in how if one in words), None)
            if form is not None and shape.form != form:
                wrong.append((type_, field, how, shape.form))
    assert wrong == []
    assert {"email", "domain", "host"} <= {*FORMS.values()}


def test_a_text_that_is_empty_or_blank_is_refused_as_in_the_recordings() -> None:
    seen = set()
    for recording in ("objects.jsonl.gz", "objects-types.jsonl.gz"):
        for line in gzip.decompress((WIRE / recording).read_bytes()).splitlines():
            one = json.loads(line)
            patch, result = one["patch"], one["result"] or {}
            for pointer, value in patch.items() if isinstance(patch, dict) else ():
                shape = _at(KINDS[one["object"][2:]].shape, pointer, one["before"])
                if not isinstance(shape, shapes.Text) or value is None or str(value).strip():
                    continue
                refused = result.get("notUpdated", {}).get("singleton", {})
                said = value if shape.blank else value.strip()
                if "updated" in result or refused.get("properties") == [pointer]:
                    seen.add((value == "", shape.blank, "updated" in result))
                    assert bool(said) == ("updated" in result), (one["object"], pointer, value)
    empty = {(True, False, False), (True, True, False)}
    assert seen == empty | {(False, False, False), (False, True, True)}


def _at(shape: shapes.Shape, pointer: str, state: object) -> shapes.Shape | None:
    """The shape of a member of an object; None if there is none by this name."""
    for name in pointer.split("/"):
        if not isinstance(shape, shapes.Variants) or not isinstance(state, dict):
            return None
        known = shape.fields_of(state.get("@type", "")).get(name)
        shape, state = (known.shape, state.get(name)) if known else (shapes.UrlText(), None)
    return shape


def _texts(shape: shapes.Shape) -> list[tuple[str, str, shapes.Text]]:
    found = []
    match shape:
        case shapes.Variants():
            for fields in shape.objects.values():
                for name, known in fields.fields.items():
                    if isinstance(known.shape, shapes.Text):
                        found.append((shape.name, name, known.shape))
                    found += _texts(known.shape)
        case shapes.ListOf(item):
            found += _texts(item)
        case shapes.ValueMap(value=value):
            found += _texts(value)
        case _:
            pass
    return found


def test_a_default_of_a_type_is_no_default_of_a_field() -> None:
    rate = KINDS["Http"].shape.objects[""].fields["rateLimitAnonymous"]
    assert rate.default == Object("", {"count": 100, "period": 60_000})
    assert isinstance(rate.shape, shapes.Variants)
    assert rate.shape.objects[""].fields["count"].required
