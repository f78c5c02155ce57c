"""A live state as a file that brings it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from confsync.errors import NotWritten
from confsync.jmap.decode import from_wire
from confsync.kinds import KINDS
from confsync.sandbox import patch_rules as rules
from confsync.secrets import RESOLVERS
from confsync.secrets.resolver import resolve
from confsync.store.encode import to_store
from confsync.sync.plan import make_plan
from confsync.sync.secret import Vault
from confsync.sync.values import Target
from confsync.workflow.load import load
from confsync.yaml.emit import yaml_text
from tests.states import Json, sayable, stored_states
from tests.sync.runs import strings
from tests.sync.second_opinion import passwords

if TYPE_CHECKING:
    from pathlib import Path

    from confsync.sync.values import Live

KIND = KINDS["InMemoryStore"]
TARGET = Target("t", "https://mail.example.com")


def read(stored: Json, vault: Vault) -> Live:
    view: Any = rules.get_view(stored)
    return from_wire(KIND, view, vault)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stores")


@given(stored=stored_states().map(sayable))
def test_what_is_written_is_a_store_file_and_shows_no_change(folder: Path, stored: Json) -> None:
    vault = Vault()
    live = read(stored, vault)
    try:
        document = to_store(live, KIND)
    except NotWritten:
        assert any(passwords(text) for text in strings(stored))
        return
    file = folder / "back.yaml"
    file.write_text(yaml_text(document), encoding="utf-8")
    loaded = load([str(file)], vault)
    assert loaded.problems == ()
    plan = make_plan(TARGET, loaded.desired[0], live, KIND.shape)
    assert plan.difference.changes == ()


@pytest.mark.parametrize(
    "url",
    ["redis://${NAME}", "$NAME", "{{ url }}", "{env: NAME}", "env:NAME", "\u201credis://a\u201d"],
)
def test_a_url_that_a_file_would_take_for_something_else_goes_back_too(
    folder: Path, url: str
) -> None:
    vault = Vault()
    live = read({**rules.defaults("Redis"), "url": url}, vault)
    document = to_store(live, KIND)
    file = folder / "odd.yaml"
    file.write_text(yaml_text(document), encoding="utf-8")
    loaded = load([str(file)], vault)
    assert loaded.problems == ()
    plan = make_plan(TARGET, loaded.desired[0], live, KIND.shape)
    assert plan.difference.changes == ()


def test_it_goes_back_with_the_secrets_filled_in(tmp_path: Path) -> None:
    vault = Vault()
    stored = {
        **rules.defaults("RedisCluster"),
        "urls": {"redis://a%20b:p%40ss@h/1": True, "redis://c": True, "redis://d?token=t": True},
        "authSecret": {"@type": "Value", "secret": "hidden"},
        "timeout": 90_000,
        "poolTimeoutWait": None,
    }
    live = read(stored, vault)
    document = to_store(live, KIND)
    assert document == {
        "InMemoryStore": {
            "@type": "RedisCluster",
            "urls": [
                {
                    "address": "redis://h/1",
                    "username": "a b",
                    "password": {"env": "FILL_IN_1"},
                },
                "redis://c",
                {"env": "FILL_IN_2"},
            ],
            "timeout": "1m30s",
            "authUsername": "stalwart",
            "authSecret": {"@type": "Value", "secret": {"env": "FILL_IN_3"}},
            "poolTimeoutWait": None,
        }
    }
    file = tmp_path / "back.yaml"
    file.write_text(yaml_text(document).replace("FILL_IN_", "FILLED_"), encoding="utf-8")
    filled = {"FILLED_1": "p@ss", "FILLED_2": "redis://d?token=t", "FILLED_3": "hidden"}
    desired = resolve(load([str(file)], vault).desired[0], vault, RESOLVERS, filled).desired
    assert make_plan(TARGET, desired, live, KIND.shape).difference.changes == ()


@pytest.mark.parametrize(
    "url",
    [
        "redis://%zz:p@h",
        "redis://a b:p@h",
        "redis://u:p@h?password=q",
        "a b://u:p@h",
        "u:p@h",
        "redis://h?password=p",
        "redis://%20:p@h",
    ],
)
def test_a_url_that_the_mapping_form_cannot_say_is_one_reference(url: str) -> None:
    live = read({**rules.defaults("Redis"), "url": url}, Vault())
    document: Any = to_store(live, KIND)
    assert document["InMemoryStore"]["url"] == {"env": "FILL_IN_1"}


def test_a_url_with_a_password_alone_needs_no_user_name() -> None:
    live = read({**rules.defaults("Redis"), "url": "redis://:p@h"}, Vault())
    document: Any = to_store(live, KIND)
    password = {"env": "FILL_IN_1"}
    assert document["InMemoryStore"]["url"] == {"address": "redis://h", "password": password}


@pytest.mark.parametrize(
    ("tag", "more", "named"),
    [
        ("RedisSentinel", {"sentinelSecret": {"@type": "Value", "secret": "s"}}, False),
        ("RedisSentinel", {"urls": {"redis://u:p@h": True}}, False),
        ("RedisSentinel", {"authSecret": {"@type": "Value", "secret": "s"}}, True),
        ("RedisCluster", {"urls": {"redis://u:p@h": True}}, True),
        ("RedisCluster", {"authSecret": {"@type": "File", "filePath": "/a"}}, True),
        ("RedisCluster", {}, False),
    ],
)
def test_a_default_user_is_written_beside_a_secret_with_which_the_server_uses_it(
    tag: str, more: Json, *, named: bool
) -> None:
    live = read({"@type": tag, **rules.defaults(tag), **more}, Vault())
    document: Any = to_store(live, KIND)
    assert ("authUsername" in document["InMemoryStore"]) == named


def test_what_confsync_does_not_know_cannot_be_said() -> None:
    live = read({"@type": "Redis", **rules.defaults("Redis"), "newer": 1}, Vault())
    assert live.unrecognised
    with pytest.raises(NotWritten, match="does not know: InMemoryStore/newer"):
        to_store(live, KIND)
