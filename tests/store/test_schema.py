"""The JSON Schema says of a file what `validate` says of it, as far as a schema can see it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from jsonschema import Draft7Validator

from confsync.kinds import KINDS, RISKS, WARNINGS
from confsync.kinds.kind import Kind
from confsync.secrets import BUILT_IN
from confsync.store.decode import from_file
from confsync.store.schema import DRAFT, file_schema, layer_schema
from confsync.sync.secret import Form, Vault
from confsync.sync.shape import Boolean, Choice, Field, Fields, Integer, Variants
from confsync.workflow.documentation import schema
from confsync.workflow.validate import validate
from confsync.yaml.nodes import MappingNode, Mark, Node, ScalarNode, SequenceNode
from tests.editor.core_yaml import NoYaml, load

if TYPE_CHECKING:
    from collections.abc import Iterator

Json: TypeAlias = dict[str, Any]

CASES = Path(__file__).parents[1] / "cases"
INVALID = sorted(folder.name for folder in (CASES / "invalid").iterdir())
DESIRED = sorted(path.relative_to(CASES).as_posix() for path in CASES.glob("plan/*/*.yaml"))

NO_YAML = "no YAML: an editor says so itself"
SPELLING = "the value is the same, however YAML spells it"
TEXT = "any text is good there for a schema; confsync knows what its author meant"
FORM = "the schema has no patterns for domains and addresses"
ONE_VALUE = "an editor has the one value that YAML makes of both"
UNSEEN = {
    "code-fence": NO_YAML,
    "code-fence-at-the-end": NO_YAML,
    "conflict-around-the-whole": NO_YAML,
    "conflict-marker": NO_YAML,
    "directive": "an editor follows the directive",
    "yaml-directive-version": NO_YAML,
    "equals-sign": NO_YAML,
    "form-of-a-domain": FORM,
    "form-of-an-address": FORM,
    "form-of-an-e-mail-address": FORM,
    "home-in-reference": TEXT,
    "item-beside-key": NO_YAML,
    "item-in-line": NO_YAML,
    "json-without-a-comma": NO_YAML,
    "key-in-list": NO_YAML,
    "mask-unquoted": NO_YAML,
    "missing-colon": NO_YAML,
    "missing-comma": NO_YAML,
    "not-key-value": NO_YAML,
    "not-yaml": NO_YAML,
    "number-float": "32.0 is a whole number for JSON Schema",
    "number-leading-zero": SPELLING,
    "number-sign": SPELLING,
    "number-with-exponent": SPELLING,
    "odd-space": NO_YAML,
    "only-a-field-without-a-space": NO_YAML,
    "other-base": SPELLING,
    "properties-file": NO_YAML,
    "reference-as-two-keys": NO_YAML,
    "secret-as-a-line-alone": NO_YAML,
    "slash-comment": NO_YAML,
    "smart-quotes": TEXT,
    "tab-before-a-value": "an editor takes the tab for a space",
    "template-in-text": TEXT,
    "template-jinja": NO_YAML,
    "text-after-bar": NO_YAML,
    "text-after-quotes": NO_YAML,
    "two-keys-in-line": NO_YAML,
    "type-unquoted": NO_YAML,
    "utf-16": NO_YAML,
    "value-missing": NO_YAML,
    "variable-in-a-path": TEXT,
    "yaml-alias": ONE_VALUE,
    "yaml-anchor": SPELLING,
    "yaml-at-value": NO_YAML,
    "yaml-bad-escape": NO_YAML,
    "yaml-control-character": "an editor reads it as one of the text's characters",
    "yaml-delete-character": "it stands in a comment",
    "yaml-duplicate-key": ONE_VALUE,
    "yaml-duplicate-object": ONE_VALUE,
    "yaml-indentation": NO_YAML,
    "yaml-indentation-less": NO_YAML,
    "yaml-line-separator": "it stands in a comment",
    "yaml-lone-surrogate": "half a character is a character for JSON",
    "yaml-no-space-after-colon": NO_YAML,
    "yaml-no-space-after-quoted-key": NO_YAML,
    "yaml-no-such-character": NO_YAML,
    "yaml-not-utf-8": "an editor shows another character in its place",
    "yaml-tab": NO_YAML,
    "yaml-tab-in-between": NO_YAML,
    "yaml-text-after": NO_YAML,
    "yaml-text-with-colon": NO_YAML,
    "yaml-two-documents": "each of the two is a store",
    "yaml-unclosed-brace": NO_YAML,
    "yaml-unclosed-bracket": NO_YAML,
    "yaml-unclosed-double-quote": NO_YAML,
    "yaml-unclosed-quote": NO_YAML,
}
"""The mistakes of cases/invalid that no JSON Schema can see, each with the reason."""


def as_read(value: Json) -> Json:
    """A schema as programs read it from what `confsync schema` prints."""
    read_back: Json = json.loads(json.dumps(value))
    return read_back


STORES = {"InMemoryStore": KINDS["InMemoryStore"]}
FORMS = {key: resolver.form for key, resolver in BUILT_IN.items()}
SCHEMA = as_read(file_schema(STORES, FORMS))
LAYER = as_read(layer_schema(STORES, FORMS))
OF_A_FILE = Draft7Validator(SCHEMA)
OF_A_LAYER = Draft7Validator(LAYER)
OF_ALL = Draft7Validator(as_read(schema()))


def sees(name: str) -> bool:
    """Whether the schema says that something is wrong with a case file."""
    try:
        return not OF_ALL.is_valid(load((CASES / name).read_bytes()))
    except NoYaml:
        return False


@pytest.mark.parametrize("written", [SCHEMA, LAYER])
def test_it_is_a_schema_of_draft_7(written: Json) -> None:
    assert written["$schema"] == DRAFT
    assert Draft7Validator.META_SCHEMA["$id"] == DRAFT
    Draft7Validator.check_schema(written)


def test_it_has_no_address_that_nobody_promises() -> None:
    assert "$id" not in SCHEMA
    assert set(re.findall(r"https?://[^\"]*", json.dumps(SCHEMA))) == {DRAFT}


@pytest.mark.parametrize("name", INVALID)
def test_a_mistake_is_one_in_an_editor_too(name: str) -> None:
    """A setting that no server can start with is no mistake in the form of a file, a risk none."""
    told = (CASES / "invalid" / name / "expected.txt").read_text(encoding="utf-8")
    told = re.sub(r".*\[(will-not-start|default-username)\]\n.*\n", "", told)
    assert sees(f"invalid/{name}/store.yaml") == (bool(told) and name not in UNSEEN)


def test_what_no_schema_can_see_is_in_the_cases() -> None:
    assert not set(UNSEEN) - set(INVALID)


@pytest.mark.parametrize("name", DESIRED)
def test_a_desired_state_is_valid_where_validate_takes_the_file(name: str) -> None:
    """Layers that leave out their variant are valid as layers, and plain text nowhere."""
    settings = {*RISKS, *WARNINGS} - {"plaintext-secret"}
    problems = {problem.rule for problem in validate([str(CASES / name)])} - settings
    value = load((CASES / name).read_bytes())
    assert OF_A_FILE.is_valid(value) == (not problems)
    assert OF_A_LAYER.is_valid(value) == ("plaintext-secret" not in problems)
    assert problems <= {"plaintext-secret", "no-type"}


VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, 10, 1024, 1025, 8192, 8193, -1, 2**64),
    *("", " ", "****", " ****", "resp2", "resp3", "RESP3", "true", "stalwart", "name\n"),
    *("10", "10s", "0s", "1m30s", "30s1m", "1s24ms", "1024ms", "1s25ms", "1025ms", "10s\n"),
    *("redis://a", "redis://u@a", "redis://u:p@a", "redis://:@a", " redis://a ", "a:b@c", "a@b:c"),
    *("redis://a?db=1", "redis://a?password=x", "redis://a#my-Token=x", "ENC[x]"),
    *({}, {"env": "X"}, {"env": ""}, {"env": "X Y"}, {"env": "X", "file": "y"}, {"env": None}),
    *({"file": "a b"}, {"file": " "}, {"file": "x://y"}, {"file": 1}, {"file": ["x"]}),
    *({"command": ["a", "b c", "", 1, True]}, {"command": ["a b"]}, {"command": []}),
    *({"command": "a"}, {"command": ["a", None]}, {"command": ["a\0"]}, {"command": ["a", "\0"]}),
    *({"vault": "x"}, {"env": "X", "username": "u"}),
    {"address": "redis://a", "password": {"env": "X"}},
    {"address": " redis://a", "username": " u ", "password": {"file": "x"}},
    {"address": "redis://a", "username": "****", "password": {"env": "X"}},
    {"address": "redis://a", "username": " ", "password": {"env": "X"}},
    {"address": "redis://a", "password": "x"},
    {"address": "redis://a"},
    {"username": "u", "password": {"env": "X"}},
    {"username": "u"},
    {"address": "redis://a", "username": " **** ", "password": {"env": "X"}},
    {"address": "redis://u@a", "password": {"env": "X"}},
    {"address": "a", "password": {"env": "X"}},
    {"address": "redis://a?token=x", "password": {"env": "X"}},
    {"address": "redis://a", "password": {"env": "X"}, "env": "X"},
    *([], ["redis://a"], ["redis://a", "redis://a"], [{"env": "X"}], [None], [["redis://a"]]),
    {"redis://a": True},
    *({"@type": "None"}, {"@type": "Value"}, {"@type": "value"}, {"@type": None}),
    {"@type": "Value", "secret": {"env": "X"}},
    {"@type": "Value", "secret": "x"},
    {"@type": "None", "secret": {"env": "X"}},
    {"@type": "EnvironmentVariable", "variableName": " X "},
    {"@type": "EnvironmentVariable", "variableName": ""},
    {"@type": "File", "filePath": "****"},
    {"@type": "File", "filePath": "/x", "secret": {"env": "X"}},
    {"secret": {"env": "X"}},
)
"""What may stand anywhere in a document: fitting in one place, wrong in another."""

STORE = KINDS["InMemoryStore"].shape
MARK = Mark("store.yaml", 1, 1)
FIELDS = [
    *(("RedisCluster", name) for name in STORE.objects["RedisCluster"].fields),
    *(("RedisSentinel", name) for name in ("urls", "serviceName", "sentinelSecret")),
    *(("Redis", name) for name in ("url", "timeout", "urls")),
    *(("Sharded", "stores"), ("Default", "url"), ("Default", "@type"), ("Redis", "@type")),
]


def node(value: object) -> Node:
    """What reading a file makes of a value, texts in quotes."""
    match value:
        case dict():
            entries = (
                (ScalarNode(MARK, key, plain=False), node(inner)) for key, inner in value.items()
            )
            return MappingNode(MARK, tuple(entries))
        case list():
            return SequenceNode(MARK, tuple(map(node, value)))
        case str():
            return ScalarNode(MARK, value, plain=False)
        case _:
            return ScalarNode(MARK, json.dumps(value), plain=True)


def mistakes(document: Json) -> list[str]:
    """What reading a document finds wrong."""
    mapping = node(document)
    assert isinstance(mapping, MappingNode)
    return [str(found) for found in from_file(mapping, STORES, Vault(), BUILT_IN).problems]


def placed(value: object) -> Iterator[object]:
    """A value in a field's place, and in the places within a list and within a shard."""
    yield value
    yield [value]
    yield [{"@type": "Redis", "url": value}, {"@type": "Redis"}]
    yield [{"@type": value}, {"@type": "Redis"}]


@pytest.mark.parametrize(("tag", "name"), FIELDS)
def test_a_value_is_valid_where_reading_a_file_takes_it(tag: str, name: str) -> None:
    """Every value that a file may hold somewhere, in every kind of place."""
    taken = 0
    for inner in VALUES:
        for value in placed(inner):
            document = {"InMemoryStore": {"@type": tag, name: value}}
            found = mistakes(document)
            taken += not found
            assert OF_A_FILE.is_valid(document) == (not found), (document, found)
    assert bool(taken) == (name in STORE.objects[tag].fields)


def test_a_store_is_valid_where_reading_a_file_takes_it() -> None:
    for value in VALUES:
        for document in ({"InMemoryStore": value}, {"DataStore": value}, {}):
            assert OF_A_FILE.is_valid(document) == (not mistakes(document)), document


@pytest.mark.parametrize(
    ("field", "text"), [("url", "{env: true}"), ("authUsername", ".inf"), ("serviceName", ".nan")]
)
def test_only_an_editor_wants_these_in_quotes(field: str, text: str, tmp_path: Path) -> None:
    """As the page on the schema says: YAML makes something else of them, and `validate` a text."""
    tag = "Redis" if field == "url" else "RedisSentinel"
    for quotes in ("", "'"):
        value = text.replace("true", f"{quotes}true{quotes}")
        value = value if "env" in value else f"{quotes}{value}{quotes}"
        file = tmp_path / "store.yaml"
        file.write_text(f"InMemoryStore:\n  '@type': {tag}\n  {field}: {value}\n")
        assert validate([str(file)]) == ()
        assert OF_A_FILE.is_valid(load(file.read_bytes())) == bool(quotes)


def parts(written: object) -> Iterator[Json]:
    """Every mapping within a schema."""
    if isinstance(written, dict):
        yield written
        for inner in written.values():
            yield from parts(inner)
    elif isinstance(written, list):
        for inner in written:
            yield from parts(inner)


def described(written: Json) -> dict[str, list[Json]]:
    """Every property within a schema that says something of its own, by its name."""
    found: dict[str, list[Json]] = {}
    for part in parts(written):
        for name, inner in part.get("properties", {}).items():
            if isinstance(inner, dict) and "const" not in inner and "pattern" not in part:
                found.setdefault(name, []).append(inner)
    return found


def test_every_object_variant_and_field_says_what_it_is() -> None:
    found = described(SCHEMA)
    for tag, known in STORE.objects.items():
        assert found.keys() >= {"InMemoryStore", "@type", *known.fields}, tag
    assert found.keys() >= {"secret", "variableName", "filePath", "address", "username", "env"}
    assert not [
        name for name, all_of_it in found.items() for it in all_of_it if not it["description"]
    ]
    for tags in found["@type"]:
        assert len(tags["enum"]) == len(tags["enumDescriptions"])
        assert all(tags["enumDescriptions"])


def test_defaults_are_what_a_file_would_say() -> None:
    cluster = SCHEMA["definitions"]["RedisCluster"]["properties"]
    assert cluster["timeout"]["default"] == "10s"
    assert cluster["maxRetryWait"]["default"] is None
    assert cluster["urls"]["default"] == ["redis://127.0.0.1"]
    assert cluster["readFromReplicas"]["default"] is True
    assert cluster["authSecret"]["description"].endswith("default '@type': None")
    assert "default" not in cluster["authSecret"]
    assert not [part for part in parts(LAYER["properties"]) if "default" in part]


def test_limits_are_told_where_an_editor_shows_them() -> None:
    cluster = SCHEMA["definitions"]["RedisCluster"]["properties"]
    assert cluster["maxRetryWait"]["description"].endswith("; 1ms to 1024ms")
    assert cluster["poolMaxConnections"]["description"].endswith("; 1 to 8192")
    assert cluster["timeout"]["errorMessage"].startswith("write numbers with units")


FILLED = [
    (tag, name, value)
    for tag in STORE.objects
    for name, written in SCHEMA["definitions"][tag]["properties"].items()
    if name != "@type"
    for value in (
        *([written["default"]] if "default" in written else []),
        *written.get("examples", []),
        *(snippet["body"] for snippet in written.get("defaultSnippets", [])),
    )
]


@pytest.mark.parametrize(("tag", "name", "value"), FILLED)
def test_a_default_or_an_example_can_be_written(tag: str, name: str, value: object) -> None:
    document = {"InMemoryStore": {"@type": tag, name: value}}
    assert not mistakes(document)
    assert OF_A_FILE.is_valid(document)


def test_every_field_that_is_a_text_of_its_own_has_an_example() -> None:
    without = {
        name
        for tag in (
            "Redis",
            "RedisCluster",
            "RedisSentinel",
            "Value",
            "EnvironmentVariable",
            "File",
        )
        for name, written in SCHEMA["definitions"][tag]["properties"].items()
        if name != "@type" and not {"examples", "defaultSnippets"} & written.keys()
    }
    assert without == {"authSecret", "sentinelSecret", "readFromReplicas", "protocolVersion"}


INCOMPLETE: tuple[Json, ...] = ({}, {"@type": "Value"}, {"secret": {"env": "X"}})


@pytest.mark.parametrize("name", ["authSecret", "url", "urls", "timeout", "stores"])
def test_a_layer_may_say_what_a_file_may_and_leave_out_more(name: str) -> None:
    tags = [tag for tag, known in STORE.objects.items() if name in known.fields]
    for value in (
        placed for inner in VALUES for placed in (inner, [{"@type": "Redis", "url": inner}] * 2)
    ):
        files = ({"InMemoryStore": {"@type": tag, name: value}} for tag in tags)
        taken = any(map(OF_A_FILE.is_valid, files)) or (
            name == "authSecret" and value in INCOMPLETE
        )
        assert OF_A_LAYER.is_valid({"InMemoryStore": {name: value}}) == taken, value


def test_a_layer_may_be_empty_and_its_shards_are_whole() -> None:
    assert OF_A_LAYER.is_valid({})
    assert OF_A_LAYER.is_valid({"InMemoryStore": {}})
    shards = [{"@type": "Redis"}, {"@type": "RedisCluster", "urls": []}]
    assert OF_A_LAYER.is_valid({"InMemoryStore": {"stores": shards}})
    assert not OF_A_LAYER.is_valid({"InMemoryStore": {"stores": [*shards, {"url": "redis://a"}]}})
    assert not OF_A_LAYER.is_valid({"InMemoryStore": {"noSuchField": 1}})
    assert not OF_A_LAYER.is_valid({"InMemoryStore": {"@type": "Redis", "urls": []}})


def variants(name: str, *known: Fields) -> Variants:
    return Variants(name, {fields.tag: fields for fields in known})


PLAIN = Fields(
    "Plain",
    {
        "choice": Field(Choice(("a", "b")), nullable=True, summary="one of some, or none"),
        "flag": Field(Boolean(), nullable=True, summary="yes, no, or neither"),
        "inner": Field(
            variants("inner", Fields("Inner", {}, "Nothing but a variant.")),
            nullable=True,
            summary="an object, or none",
        ),
    },
    "Of an invented kind.",
)
OTHER = Fields(
    "Plain",
    {"count": Field(Integer(2, 3), default=2, summary="two or three")},
    "Of another kind, with a variant of the same name.",
)


def test_it_derives_from_any_shape() -> None:
    kinds = {"One": Kind("One", variants("One", PLAIN)), "Two": Kind("Two", variants("Two", OTHER))}
    made = Draft7Validator(as_read(file_schema(kinds, {})))
    for field in ("choice", "flag", "inner"):
        assert made.is_valid({"One": {"@type": "Plain", field: None}})
    assert made.is_valid({"One": {"@type": "Plain", "choice": "a", "inner": {"@type": "Inner"}}})
    assert made.is_valid({"One": {"@type": "Plain"}, "Two": {"@type": "Plain", "count": 3}})
    wrongs: tuple[Json, ...] = ({"choice": "c"}, {"flag": 0}, {"inner": {}}, {"count": 2})
    for wrong in wrongs:
        assert not made.is_valid({"One": {"@type": "Plain", **wrong}})
    assert not made.is_valid({"Two": {"@type": "Plain", "count": 4}})


def test_references_of_other_packages_are_in_it() -> None:
    forms = {
        "pass": Form("an entry's name", "{pass: NAME}", re.compile(r"[a-z/]+")),
        "odd": Form("an odd name", "{odd: NAME}", re.compile(r"\w+")),
    }
    for made in (file_schema(STORES, forms), layer_schema(STORES, forms)):
        check = Draft7Validator(as_read(made))
        for url, good in (
            ({"pass": "mail/cache"}, True),
            ({"pass": "MAIL"}, False),
            ({"odd": "what Python takes differently from others is left out"}, True),
            ({"env": "NAME"}, False),
        ):
            document = {"InMemoryStore": {"@type": "Redis", "url": url}}
            assert check.is_valid(document) == good
