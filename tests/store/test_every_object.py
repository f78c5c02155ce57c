"""Store files of every settings object: text and state, there and back."""

from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator

from confsync.jmap.decode import from_wire
from confsync.kinds import KINDS
from confsync.masking.document import masked_scalars
from confsync.masking.excerpt import excerpt, objects_in
from confsync.sandbox import patch_rules as rules
from confsync.sandbox.schema import builtin
from confsync.secrets import BUILT_IN
from confsync.secrets.resolver import At, resolving
from confsync.store.decode import from_file
from confsync.store.durations import milliseconds
from confsync.store.encode import to_store
from confsync.store.layers import lay_over
from confsync.store.plan_codec import as_saved, fits
from confsync.store.revise import Words, revise
from confsync.store.schema import file_schema, layer_schema
from confsync.store.sizes import bytes_of
from confsync.store.texts import wanted
from confsync.sync import shape as shapes
from confsync.sync.compare import difference
from confsync.sync.plan import state_json
from confsync.sync.secret import Ref, Secret, Vault
from confsync.sync.shape import Text
from confsync.sync.tree import Items, Members, Object, leaves
from confsync.sync.url import Url
from confsync.yaml.edit import edited
from confsync.yaml.emit import yaml_text
from confsync.yaml.nodes import MappingNode
from confsync.yaml.read import parse
from tests.store.test_schema import VALUES, node
from tests.sync.test_all_objects import Draw, origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.sync.values import Live
    from confsync.yaml.edit import Revised

STATES = 20
FORMS = {key: resolver.form for key, resolver in BUILT_IN.items()}
SCHEMA = Draft7Validator(json.loads(json.dumps(file_schema(KINDS, FORMS))))
LAYER = Draft7Validator(json.loads(json.dumps(layer_schema(KINDS, FORMS))))


def live_of(name: str, stored: dict[str, Any], vault: Vault) -> Live:
    view: Any = rules.get_view(stored, builtin().type(f"x:{name}"))
    return from_wire(KINDS[name], view, vault)


@pytest.mark.parametrize("name", KINDS)
def test_the_file_of_a_state_is_read_as_that_state(name: str) -> None:
    draw, kind = Draw(f"file {name}"), KINDS[name]
    for _ in range(STATES):
        vault = Vault()
        live = live_of(name, draw.some(kind.shape), vault)
        document = to_store(live, kind)
        text = yaml_text(document)
        found = difference(live.tree, read(text, name, vault), kind.shape, origin)
        assert found.changes == (), text


def read(text: str, name: str, vault: Vault) -> Object:
    """The state that a file says; it has no mistake."""
    parsed = parse("store.yaml", text)
    assert parsed.problems == (), text
    assert parsed.document is not None
    reading = from_file(parsed.document, KINDS, vault, BUILT_IN)
    assert reading.problems == (), text
    (desired,) = reading.desired
    assert desired.object == name
    return desired.tree


def commented(text: str, chance: random.Random) -> str:
    """A file with a comment behind every line, and with other spellings of equal values."""
    return "".join(f"{line}  # {chance.random()}\n" for line in text.splitlines())


def pulled(text: str, live: Live, vault: Vault) -> tuple[str, Revised]:
    """A file after a live state was pulled into it."""
    name, document = live.object, parse("store.yaml", text).document
    assert document is not None
    entry = document.get(name)
    assert entry is not None
    assert isinstance(entry[1], MappingNode)
    words = Words(vault, BUILT_IN, lambda tree: tree, frozenset())
    revised = revise(live, KINDS[name], entry[1], None, words)
    return edited(text, document, name, revised.revision).text, revised


@pytest.mark.parametrize("name", KINDS)
def test_a_pull_into_a_file_with_comments_shows_no_change(name: str) -> None:
    draw, kind, chance = Draw(f"pull {name}"), KINDS[name], random.Random(name)  # noqa: S311 - reproducible
    before = None
    for _ in range(STATES):
        vault = Vault()
        state = draw.some(kind.shape, before)
        live = live_of(name, state, vault)
        if before is not None:
            document = to_store(live_of(name, before, vault), kind)
            text = commented(yaml_text(document), chance)
            after, revised = pulled(text, live, vault)
            assert revised.unsayable == ()
            found = difference(live.tree, read(after, name, vault), kind.shape, origin)
            assert found.changes == (), (text, after)
            again, nothing = pulled(after, live, vault)
            assert (again, nothing.changed, nothing.gone) == (after, (), ())
        before = state


@pytest.mark.parametrize("name", KINDS)
def test_a_saved_state_is_read_as_that_state_and_fits(name: str) -> None:
    draw, kind = Draw(f"saved {name}"), KINDS[name]
    for _ in range(STATES):
        live = live_of(name, draw.some(kind.shape), Vault())
        saved = as_saved(live.tree)
        assert fits(saved, kind.shape)
        assert state_json(saved) == state_json(live.tree)
        found = [type(leaf) for _, leaf in leaves(saved) if not isinstance(leaf, Secret | Url)]
        assert found == [
            type(leaf) for _, leaf in leaves(live.tree) if not isinstance(leaf, Secret | Url)
        ]


def test_no_reference_fits_into_a_set_of_texts() -> None:
    shape = KINDS["HttpForm"].shape.objects[""].fields["deliverTo"].shape
    assert fits(Members((Url(("a@b.c",)),)), shape)
    assert not fits(Members((Url((), Ref("env", "NAME")),)), shape)
    assert not fits(Members((Url(("a", Secret(None, Ref("env", "NAME")))),)), shape)


@pytest.mark.parametrize("name", KINDS)
def test_the_json_schema_accepts_the_file_of_a_state(name: str) -> None:
    draw, kind = Draw(f"schema {name}"), KINDS[name]
    for _ in range(STATES):
        document = to_store(live_of(name, draw.some(kind.shape), Vault()), kind)
        assert [*SCHEMA.iter_errors(document)] == []
        assert [*LAYER.iter_errors(document)] == []


def test_the_json_schema_of_all_objects_is_small() -> None:
    """The editor loads it with each file."""
    assert len(json.dumps(file_schema(KINDS, FORMS))) < 400_000


def fields() -> Iterator[tuple[str, str, str]]:
    """An object, a variant and a field for each shape of a field."""
    seen = set()
    for name, kind in KINDS.items():
        for tag, known in kind.shape.objects.items():
            for field, of in known.fields.items():
                key = (repr(of.shape), of.nullable, isinstance(of.default, Object))
                if key not in seen and not (isinstance(of.shape, Text) and wanted(of.shape.form)):
                    seen.add(key)
                    yield name, tag, field


MORE: tuple[Any, ...] = (
    *("1B", "0B", "25MiB", "99B", "100B", "1KiB", "01KB", "18446744073709551615B", "16777216TiB"),
    *("18446744073709551616B", "20000TiB", "10", "abc", "AB", "p3", "p3 ", "192.0.2.0/24"),
    *(0.5, 6.5, -100.5, 100, 101, -1, "1e3", {"X-A": "b"}, {"X-Api-Key": "b"}),
    *({"X-Api-Key": {"env": "X"}}, {"X-A": {"env": "X"}}, {"X-A": None}, {" ": "b"}, {"X-A": " "}),
    *({"imap": {}}, {"imap": {"cleartext": True}}, {"imap": None}, {"other": {}}, {" imap": {}}),
    *({"count": 5}, {"count": 5, "period": "1m"}, {"period": "1m"}, {"count": 0}, {"@type": "x"}),
    *({"else": "x"}, {"else": ""}, {"else": " x "}, {"match": []}, {"else": "x", "match": [{}]}),
    {"else": "x", "match": [{"if": "a", "then": "b"}]},
    {"else": "x", "match": [{"if": "a"}]},
    *([""], ["a"], ["a", "a"], ["a", "b"], ["u:p@h"], ["title"], ["title", "title"], ["nope"]),
    *([{}], [{"priority": 5}], [{"priority": 0}], [{"hostname": None}], [{"@type": "x"}]),
)


@pytest.mark.parametrize(("name", "tag", "field"), [*fields()])
def test_a_value_is_valid_where_reading_a_file_takes_it(name: str, tag: str, field: str) -> None:
    draw, kind = Draw(f"value {name}{field}"), KINDS[name]
    check = Draft7Validator(json.loads(json.dumps(file_schema({name: kind}, FORMS))))
    state = draw.some(kind.shape)
    while state.get("@type", "") != tag:
        state = draw.some(kind.shape)
    document: Any = to_store(live_of(name, state, Vault()), kind)
    known = kind.shape.objects[tag].fields[field].shape
    for value in (*VALUES, *MORE):
        wanted_ = {name: {**document[name], field: value}}
        mapping = node(wanted_)
        assert isinstance(mapping, MappingNode)
        problems = from_file(mapping, {name: kind}, Vault(), BUILT_IN).problems
        rules_ = {problem.rule for problem in problems}
        texts = [repr(one) for one in value] if isinstance(value, list) else []
        # No schema sees what a text means, or that two of a list become one.
        unseen = {"too-few-items"} if len({*texts}) < len(texts) else set()
        unseen |= set() if "Id(" in repr(known) else {"invalid-text"}
        if not rules_ or rules_ - unseen:
            assert check.is_valid(wanted_) == (not problems), (value, problems)


class Hand:
    """Other spellings of the values of a file, as people write them."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - reproducible, not secret

    def again(self, value: Any, shape: shapes.Shape) -> Any:  # noqa: ANN401, C901 - YAML
        chance = self._random.random() < 0.5
        match value, shape:
            case dict(), shapes.Variants():
                known = shape.fields_of(value.get("@type", ""))
                entries = [
                    (name, self.again(one, known[name].shape) if name in known else one)
                    for name, one in value.items()
                ]
                self._random.shuffle(entries)
                return dict(entries)
            case str(), shapes.Variants() if chance:
                return {"else": value, "match": []}
            case dict(), shapes.ValueMap(value=inner):
                pad = " " * (chance and not isinstance(shape.key, shapes.Choice))
                return {f"{pad}{name}": self.again(one, inner) for name, one in value.items()}
            case list(), shapes.ListOf(item):
                return [self.again(one, item) for one in value]
            case [_, *_], shapes.TextSet(member=shapes.Text()):
                return [*value, f" {value[0]} "]
            case str(), shapes.Text(form="email" | "domain" | "host"):
                return f" {value.upper()} "
            case str(), shapes.Text(form="trimmed"):
                return f"\t{value} "
            case str(), shapes.Size() if chance:
                return f"{bytes_of(value)}B"
            case str(), shapes.Duration() if chance:
                return f"{milliseconds(value)}ms"
            case float(), shapes.Float() if value.is_integer():
                return int(value)
            case _:
                return value


@pytest.mark.parametrize("name", KINDS)
def test_another_spelling_is_the_same_state(name: str) -> None:
    draw, hand, kind = Draw(f"hand {name}"), Hand(name), KINDS[name]
    for _ in range(STATES):
        vault = Vault()
        live = live_of(name, draw.some(kind.shape), vault)
        document: Any = to_store(live, kind)
        spelt = {name: hand.again(document[name], kind.shape)}
        assert [*SCHEMA.iter_errors(spelt)] == [], spelt
        tree = read(yaml_text(spelt), name, vault)
        assert difference(live.tree, tree, kind.shape, origin).changes == (), spelt


@pytest.mark.parametrize("name", KINDS)
def test_no_message_repeats_a_text_of_the_author(name: str) -> None:
    """A text in the place of every field, and of every key that is none."""
    kind = KINDS[name]
    for tag, known in kind.shape.objects.items():
        members = dict.fromkeys((*known.fields, "hunter2hunter2"), "correct.horse: @:x@ ****")
        for value in (members, [members], {"hunter2hunter2": members}):
            mapping = node({name: {"@type": tag, **members} if value is members else value})
            assert isinstance(mapping, MappingNode)
            found = from_file(mapping, KINDS, Vault(), BUILT_IN).problems
            assert found
            assert not [one for one in found if re.search("horse|hunter2", f"{one} {one.hint}")]


BELOW = """\
Http:
  rateLimitAnonymous: {count: 5, period: 2m}
  responseHeaders: {X-A: a, X-Api-Key: {env: BELOW}}
  allowedEndpoints:
    else: '200'
    match: [{if: a, then: b}]
"""
ABOVE = """\
Http:
  rateLimitAnonymous: {count: 7}
  responseHeaders: {X-B: b, X-Api-Key: {file: above}}
  allowedEndpoints: '404'
"""


def test_a_layer_merges_objects_and_maps_and_replaces_references_and_short_texts() -> None:
    layers = [parse("store.yaml", text).document for text in (BELOW, ABOVE)]
    whole = lay_over([layer for layer in layers if layer is not None])
    (desired,) = from_file(whole, KINDS, Vault(), BUILT_IN).desired
    members = desired.tree.members
    assert members["rateLimitAnonymous"] == Object("", {"count": 7, "period": 120_000})
    assert members["allowedEndpoints"] == Object("", {"else": "404", "match": Items(())})
    headers = members["responseHeaders"]
    assert isinstance(headers, Object)
    assert {name: str(value) for name, value in headers.members.items()} == {
        "X-A": "a",
        "X-Api-Key": "****",
        "X-B": "b",
    }
    assert headers.members["X-Api-Key"] == Url((Secret(None, Ref("file", "above", ".")),))


def test_a_member_that_a_file_leaves_out_has_the_default_of_the_field() -> None:
    tree = read("Http: {rateLimitAuthenticated: {period: 5m}}\n", "Http", Vault())
    assert tree.members["rateLimitAuthenticated"] == Object("", {"count": 1000, "period": 300_000})


def test_a_header_from_a_reference_is_the_secret_itself() -> None:
    vault = Vault()
    tree = read("Http: {responseHeaders: {X-Api-Key: {env: NAME}}}\n", "Http", vault)
    resolved = resolving(vault, At(BUILT_IN, "apply"), {"NAME": "Bearer a/b"})(tree)
    assert isinstance(resolved, Object)
    headers = resolved.members["responseHeaders"]
    assert isinstance(headers, Object)
    url = headers.members["X-Api-Key"]
    assert isinstance(url, Url)
    assert [vault.open(secret) for secret in url.secrets] == ["Bearer a/b"]


def test_what_may_be_shown_of_files_of_other_objects() -> None:
    text = (
        "Http:\n  responseHeaders: {X-A: a, X-Api-Key: hunter2, 'a b c': d}\n"
        "  rateLimitAnonymous: {count: 5, other: 6}\n  allowedEndpoints: '200'\n"
    )
    document = parse("store.yaml", text).document
    assert document is not None
    masks = masked_scalars(document, KINDS, BUILT_IN)
    lines = text.splitlines()
    hidden = {lines[line - 1][column - 1 :].split(",")[0] for line, column in masks}
    assert hidden == {"hunter2", "'a b c': d}", "d}", "other: 6}", "6}"}
    objects = objects_in(lines)
    assert objects == {"Http"}
    shown = excerpt("  rateLimitAnonymous: {count: 5x, period: 1m}", 31, "", (), objects)
    assert shown is not None
    assert shown.line == "  rateLimitAnonymous: {count: ****"
    shown = excerpt("  enableHsts: maybe", 15, "", (), objects)
    assert shown is not None
    assert shown.line == "  enableHsts: ****"


def test_a_pull_says_which_names_of_a_map_it_adds_and_removes() -> None:
    vault = Vault()
    stored = rules.defaults(of=builtin().type("x:Http")) | {"responseHeaders": {"X-B": "b"}}
    text = "Http:\n  responseHeaders:\n    X-A: a  # one\n    X-B: b  # two\n"
    after, revised = pulled(text, live_of("Http", stored, vault), vault)
    assert after == "Http:\n  responseHeaders:\n    X-B: b  # two\n"
    assert (revised.changed, revised.gone) == ((), (("responseHeaders", "X-A"),))
