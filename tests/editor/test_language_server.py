"""The schema in a real editor's hands: `yaml-language-server`, which most editors run for YAML."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from confsync.kinds import KINDS
from confsync.workflow.documentation import schema
from tests.editor.core_yaml import NoYaml, load
from tests.editor.language_server import Editor, editor, missing
from tests.store.test_schema import NO_YAML, OF_ALL, UNSEEN

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "it is there")

CASES = Path(__file__).parents[1] / "cases"
PAGE = (Path(__file__).parents[2] / "docs" / "schema.md").read_text(encoding="utf-8")
STORE = KINDS["InMemoryStore"].shape
IN_A_SECRET = "InMemoryStore:\n  '@type': RedisCluster\n  authSecret:\n    '@type': Value\n"


def on_the_page(pattern: str) -> str:
    """The one piece of the page that matches."""
    (found,) = re.findall(pattern, PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


MODELINE = on_the_page("^(# yaml-language-server:[^\\n]*)")
SETTINGS = {
    name.removeprefix("yaml."): value
    for name, value in json.loads(on_the_page("^```json\\n(.*?)^```")).items()
}
BLIND = {
    "byte-order-mark": "it takes the mark for white space",
    "field-without-a-space-in-braces": "it leaves out a key in braces that has no value",
    "reference-without-a-space": "it leaves out a key in braces that has no value",
    "template": "it leaves out a key that is a mapping",
    "secret-in-braces": "it leaves out a key in braces that has no value",
    "yaml-merge-key": "it merges, as YAML did until version 1.1",
    "yaml-only-a-comment": "it says nothing of a file without a value",
    "yaml-tag": "it makes of a text what its tag says",
}
"""The mistakes that a validator finds, and this editor does not."""


@dataclass
class Project:
    """A directory with the schema in it, and an editor set up as the page says; `|` marks places
    in texts.
    """

    root: Path
    editor: Editor
    opened: int = 0

    def place(self, text: str) -> tuple[str, int, int]:
        """The marked place, in a document of that text."""
        before, mark, after = text.partition("|")
        assert mark
        self.opened += 1
        name = f"elsewhere/{self.opened}.yaml"
        self.editor.open({name: f"{MODELINE}\n{before}{after}"})
        return name, before.count("\n") + 1, len(before.rpartition("\n")[2])

    def proposed(self, text: str) -> dict[str, dict[str, Any]]:
        """What is proposed at the marked place, by its label."""
        return {item["label"]: item for item in self.editor.complete(*self.place(text))}

    def hover(self, text: str) -> str:
        """What is shown at the marked place."""
        return self.editor.hover(*self.place(text))

    def wrong(self, text: str) -> dict[int, str]:
        """The words for each line, from 1, that is wrong. Where the file lies names its schema."""
        self.opened += 1
        name = f"stores/{self.opened}.yaml"
        self.editor.open({name: text})
        found = self.editor.mistakes(name)[name]
        lines = {mistake["range"]["start"]["line"] + 1: mistake["message"] for mistake in found}
        assert len(lines) == len(found)
        return lines


def prepared(root: Path) -> Path:
    (root / "stores.schema.json").write_text(json.dumps(schema()), encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    root = prepared(tmp_path_factory.mktemp("project"))
    with editor(root, SETTINGS) as started:
        yield Project(root, started)
    assert not (root / "network").exists(), "the language server wanted to reach the network"


def test_it_proposes_the_variants_and_says_what_they_are(project: Project) -> None:
    found = project.proposed("InMemoryStore:\n  '@type': |\n")
    assert list(found) == list(STORE.objects)
    assert [item["documentation"] for item in found.values()] == [
        known.summary for known in STORE.objects.values()
    ]


def test_it_writes_the_type_in_quotes(project: Project) -> None:
    found = project.proposed("InMemoryStore:\n  |\n")
    assert found["@type"]["insertText"] == '"@type": '


@pytest.mark.parametrize("tag", ["Redis", "RedisCluster", "RedisSentinel", "Sharded"])
def test_behind_a_variant_it_proposes_the_fields_of_that_one_alone(
    tag: str, project: Project
) -> None:
    found = project.proposed(f"InMemoryStore:\n  '@type': {tag}\n  |\n")
    assert found.keys() - {tag} == STORE.objects[tag].fields.keys()


def test_it_proposes_the_fields_of_a_shard_and_of_a_secret(project: Project) -> None:
    shard = project.proposed(
        "InMemoryStore:\n  '@type': Sharded\n  stores:\n    - '@type': Redis\n      |"
    )
    assert shard.keys() == STORE.objects["Redis"].fields.keys()
    cluster = "InMemoryStore:\n  '@type': RedisCluster\n  authSecret:\n    '@type': "
    assert list(project.proposed(f"{cluster}|\n"))[:4] == [
        "None",
        "Value",
        "EnvironmentVariable",
        "File",
    ]
    assert "filePath" in project.proposed(f"{cluster}File\n    |\n")
    assert "variableName" not in project.proposed(f"{cluster}File\n    |\n")


def test_it_proposes_references_and_the_parts_of_a_url(project: Project) -> None:
    assert project.proposed(f"{IN_A_SECRET}    secret:\n      |").keys() >= {
        "env",
        "file",
        "command",
    }
    url = project.proposed("InMemoryStore:\n  '@type': Redis\n  url:\n    |\n")
    assert url.keys() >= {"address", "username", "password", "env", "file", "command"}


def test_nothing_that_it_inserts_has_the_type_without_quotes(project: Project) -> None:
    cluster = "InMemoryStore:\n  '@type': RedisCluster\n"
    for text in (
        *("|", "InMemoryStore: |\n", "InMemoryStore:\n  |\n", f"{cluster}  |\n"),
        *(f"{cluster}  authSecret: |\n", f"{cluster}  authSecret:\n    |\n"),
        *("InMemoryStore:\n  '@type': Sharded\n  stores: |\n",),
        *("InMemoryStore:\n  '@type': Sharded\n  stores:\n    - |\n",),
    ):
        for label, item in project.proposed(text).items():
            assert not re.search(r"(?<!['\"])@type", item["insertText"]), (text, label)
            assert "[object" not in item["insertText"] + label


def test_it_proposes_durations_with_units(project: Project) -> None:
    found = project.proposed("InMemoryStore:\n  '@type': Redis\n  timeout: |\n")
    assert list(found) == ["10s", "5s", "500ms"]


def test_it_shows_what_a_field_is(project: Project) -> None:
    cluster = STORE.objects["RedisCluster"].fields
    shown = project.hover("InMemoryStore:\n  '@type': RedisCluster\n  maxRe|tryWait: 1s\n")
    assert f"{cluster['maxRetryWait'].summary}; 1ms to 1024ms" in shown
    store = f"{IN_A_SECRET}    secret: {{env: X}}\n".replace("auth", "auth|")
    assert cluster["authSecret"].summary in project.hover(store)
    kind = project.hover("InMemory|Store:\n  '@type': Default\n")
    assert STORE.summary in kind


def test_it_shows_what_the_variants_are(project: Project) -> None:
    shown = project.hover("InMemoryStore:\n  '@type': Redis|Sentinel\n")
    for tag, known in STORE.objects.items():
        assert f"`{tag}`: {known.summary}" in shown


def test_it_tells_of_a_field_that_is_wrong_and_of_one_of_another_variant(project: Project) -> None:
    store = "InMemoryStore:\n  '@type': RedisCluster\n  poolMaxConnection: 32\n  url: redis://a\n"
    assert project.wrong(store) == {
        3: "Property poolMaxConnection is not allowed.",
        4: "Property url is not allowed.",
    }


def test_it_tells_of_a_wrong_value_in_our_words(project: Project) -> None:
    store = (
        "InMemoryStore:\n  '@type': RedisCluster\n  timeout: 10\n  maxRetryWait: 2s\n"
        "  urls: ['redis://u:p@a']\n  authSecret: {'@type': Value, secret: hunter2}\n"
    )
    found = project.wrong(store)
    assert found[3].startswith("write numbers with units (d, h, m, s, ms), like 10s")
    assert found[4].endswith("1ms to 1024ms")
    assert found[5].startswith("write the URL as a mapping")
    assert found[6] == "write a reference, like `{env: NAME}` or `{file: PATH}`"
    assert len(found) == 4


def test_it_finds_in_every_case_file_what_a_validator_finds(project: Project) -> None:
    """Its own reading of YAML and of the schema. What is no YAML for it, it tells of that alone."""
    files = {
        f"stores/{file.parent.name}-{file.stem}.yaml": file
        for folder in ("invalid", "plan")
        for file in sorted((CASES / folder).rglob("*.yaml"))
    }
    texts = {name: file.read_bytes().decode(errors="replace") for name, file in files.items()}
    assert len(texts) > 300
    project.editor.open(texts)
    blind = set()
    for name, mistakes in project.editor.mistakes(*texts).items():
        case = files[name].parent
        seen = {mistake["source"].partition(":")[0] for mistake in mistakes}
        try:
            valid = OF_ALL.is_valid(load(files[name].read_bytes()))
        except NoYaml:
            assert seen or UNSEEN[case.name] != NO_YAML, name
            continue
        if "YAML" in seen:
            assert case.parent.name == "invalid", (name, mistakes)
        elif not valid and not seen:
            blind.add(case.name)
        else:
            assert ("yaml-schema" in seen) == (not valid), (name, mistakes)
    assert blind == BLIND.keys()


def test_what_wants_to_reach_the_network_is_noticed(tmp_path: Path) -> None:
    """So that the other tests would notice it."""
    with editor(prepared(tmp_path), {"schemaStore": {"enable": True}}) as started:
        started.open({"a.yaml": "InMemoryStore: {}\n"})
        started.mistakes("a.yaml")
    assert (tmp_path / "network").exists()
