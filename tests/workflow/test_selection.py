"""Which targets a run takes, and how they are listed."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from confsync.errors import WrongUsage
from confsync.workflow.selection import Filters, in_shard, listing, reported, shard_of
from confsync.workflow.targets import (
    NOTHING_WANTED,
    Access,
    Asked,
    aims,
    checked_of,
    configuration,
)

if TYPE_CHECKING:
    from pathlib import Path

NO_ACCESS = Access(None, insecure_http=False, ca_file=None, client_cert=None, client_key=None,
                   proxy=None, timeout=30, retries=3)  # fmt: skip
FLEET = """\
groups:
  all: {files: [base.yaml], secrets: {redis: {env: REDIS}}}
  production: {in: [all], files: [production.yaml], token: {env: TOKEN, of: target}}
  eu: {files: [eu.yaml]}
targets:
  us-01: {url: 'https://us-01.example.com', in: [production]}
  eu-01: {url: 'https://eu-01.example.com', in: [production, eu]}
  eu-02: {url: 'https://eu-02.example.com', in: [production, eu]}
  staging: {url: 'https://staging.example.com', in: [all, eu]}
"""
EVERY = ("us-01", "eu-01", "eu-02", "staging")
SHARDS = {
    # Frozen: with others a fleet in the middle of a rollout would be dealt out anew.
    "production-eu-01": {2: 1, 3: 2, 4: 3, 8: 3},
    "staging": {2: 1, 3: 1, 4: 3, 8: 3},
    "a": {2: 2, 3: 2, 4: 4, 8: 4},
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "confsync.yaml").write_text(FLEET)
    return tmp_path


def names(here: Path, *targets: str, all: bool = False, **filters: Any) -> tuple[str, ...]:  # noqa: A002, ANN401 - as in `Asked`
    asked = Asked((), targets, all, filters=Filters(**filters))
    found = aims(here, asked, NOTHING_WANTED, NO_ACCESS, today=date(2027, 1, 31))
    assert all or targets or not found or found[0].of == len(EVERY)
    return tuple(aim.name for aim in found)


def test_names_and_patterns_keep_their_order_and_count_once(here: Path) -> None:
    assert names(here, "staging", "eu-*", "eu-01") == ("staging", "eu-01", "eu-02")
    assert names(here, all=True) == EVERY


def test_groups_are_alternatives_and_their_names_in_one_are_not(here: Path) -> None:
    assert names(here, groups=(("production",),)) == ("us-01", "eu-01", "eu-02")
    assert names(here, groups=(("production", "eu"),)) == ("eu-01", "eu-02")
    assert names(here, groups=(("production",), ("eu",))) == EVERY


def test_what_several_options_say_must_hold_at_once(here: Path) -> None:
    found = names(here, "*-01", "staging", groups=(("eu",),), using=("production.yaml",))
    assert found == ("eu-01",)
    assert names(here, all=True, exclude=("eu-*", "staging")) == ("us-01",)


def test_a_file_selects_the_targets_that_use_it_and_the_configuration_all(here: Path) -> None:
    assert names(here, using=("./eu.yaml", "README.md")) == ("eu-01", "eu-02", "staging")
    assert names(here, using=("confsync.yaml",)) == EVERY
    assert names(here, using=("README.md",)) == ()


@pytest.mark.parametrize(
    ("targets", "filters", "fact"),
    [
        (("eu-3",), {}, "has no target"),
        (("ap-*",), {}, "has no target"),
        (("eu-01",), {"exclude": ("stagin",)}, "has no target `stagin`"),
        ((), {"groups": (("producton",),)}, "has no group `producton`"),
        (("us-01",), {"groups": (("eu",),)}, "no target of confsync.yaml is selected"),
        ((), {"exclude": ("staging",)}, "has several targets: us-01, eu-01, eu-02, staging"),
        ((), {"shard": (1, 2)}, "has several targets"),
    ],
)
def test_what_selects_nothing_by_mistake_is_refused(
    targets: tuple[str, ...], filters: dict[str, Any], fact: str, here: Path
) -> None:
    with pytest.raises(WrongUsage, match=fact):
        names(here, *targets, **filters)


def test_a_shard_is_frozen_and_every_target_is_in_one() -> None:
    for name, numbers in SHARDS.items():
        for shards, number in numbers.items():
            found = [one for one in range(1, shards + 1) if in_shard(name, one, shards)]
            assert found == [number]


def test_an_empty_shard_is_no_mistake(here: Path) -> None:
    parts = [names(here, all=True, shard=(number, 50)) for number in range(1, 51)]
    assert sorted(name for part in parts for name in part) == sorted(EVERY)
    assert () in parts


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("0/8", "shards count from 1: add 1 to an index that counts from 0"),
        ("9/8", "write --shard 1/8 to 8/8"),
        *[(one, "write it like --shard 1/4") for one in ("", "1", "1/", "a/2", "1/2/3", "-1/2")],
    ],
)
def test_a_wrong_shard_says_how_to_write_it(text: str, hint: str) -> None:
    with pytest.raises(WrongUsage) as raised:
        shard_of(text, "--shard")
    assert raised.value.hint == hint


def test_a_report_selects_what_failed_changed_or_is_stored(tmp_path: Path) -> None:
    stored = {"result": "stored", "verified": True, "overwritten": [], "lost": None}
    targets = [
        {"name": "a", "objects": [], "error": {"message": "no"}},
        {"name": "b", "objects": [{"changes": [1]}], "outcome": stored},
        {"name": "c", "objects": [{"changes": [], "outcome": {"result": "unknown"}}]},
        {"name": "d", "objects": [{"changes": [], "outcome": {**stored, "verified": False}}]},
        {"name": "e", "objects": [{"changes": []}], "outcome": {"result": "not-sent"}},
        {"name": "f", "objects": [{"changes": []}], "outcome": stored, "reload": "failed"},
        {"name": "g", "objects": [{"changes": []}], "outcome": {**stored, "overwritten": ["url"]}},
        {"name": "h", "objects": [{"changes": []}], "outcome": {**stored, "lost": "the answer"}},
        {"name": "i", "objects": [{"changes": []}], "outcome": stored, "reload": "done"},
        {"name": "j", "objects": [{"changes": []}], "outcome": stored, "after": "failed"},
        {"name": "k", "objects": [{"changes": []}], "outcome": stored, "after": "running"},
    ]
    file = tmp_path / "report.json"
    file.write_text(json.dumps({"targets": targets}))
    for part, wanted in (
        *((None, "abcdefghijk"), ("failed", "acdfgj")),
        *(("changed", "b"), ("stored", "bdfghijk")),
    ):
        assert "".join(sorted(reported(str(file), part)[1])) == wanted  # type: ignore[arg-type] # a word
    for broken in ("[]", "{", '{"targets": [{}]}', '{"targets": [{"name": "a"}]}'):
        file.write_text(broken)
        with pytest.raises(WrongUsage, match="not a report"):
            reported(str(file), "changed")


def test_only_what_is_asked_for_is_checked_and_all_without_a_word(here: Path) -> None:
    config = configuration(here)

    def checked(**asked: Any) -> tuple[str, ...]:  # noqa: ANN401 - as in `Asked`
        return tuple(one.name for one in checked_of(config, Asked(**asked)))

    assert checked() == EVERY
    assert checked(filters=Filters(exclude=("eu-*",))) == ("us-01", "staging")
    with pytest.raises(WrongUsage, match="files and --target cannot be combined"):
        checked(files=("base.yaml",), targets=("eu-01",))


def test_a_listing_names_the_variables_of_what_counts(here: Path) -> None:
    (here / "base.yaml").write_text(
        "InMemoryStore: {'@type': Redis, url: {env: OLD}}\nHttp: {responseHeaders: {X-Env: env}}\n"
    )
    (here / "production.yaml").write_text(
        "InMemoryStore:\n  '@type': Redis\n"
        "  url: {address: 'redis://h', username: u, password: {secret: redis}}\n"
    )
    config = configuration(here)
    assert config is not None
    found = {one.name: one.variables for one in listing(config.targets)}
    assert found == {
        "us-01": ("TOKEN_US_01", "REDIS"),
        "eu-01": ("TOKEN_EU_01", "REDIS"),
        "eu-02": ("TOKEN_EU_02", "REDIS"),
        "staging": ("OLD",),
    }
