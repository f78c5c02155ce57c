"""The Python API for many targets: the plans of the command, as values."""

from __future__ import annotations

import json
import os
from datetime import date
from typing import TYPE_CHECKING

import pytest

import confsync
from confsync.errors import Declined, InvalidFiles, WrongUsage
from confsync.sandbox import Server
from tests.cli.process import ENV_SECRET, KEYS, LIVE, LIVE_URL_SECRET, PLAN_KEY, Desk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

STORE = """\
InMemoryStore:
  '@type': Redis
  url: {address: 'redis://a.example.com', username: stalwart, password: {secret: redis}}
  timeout: 5s
"""
ENVIRONMENT = {"TOKEN": PLAN_KEY, "REDIS_PASSWORD": ENV_SECRET}
COMMAND: Mapping[str, str | None] = {**ENVIRONMENT, "STALWART_TOKEN": None}


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    with Server(initial=LIVE, keys=KEYS) as one, Server(keys=KEYS) as two:
        yield [one, two]


@pytest.fixture
def desk(tmp_path: Path, servers: list[Server], monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Three targets, the second of which is not there."""
    monkeypatch.chdir(tmp_path)
    desk = Desk(tmp_path)
    desk.file("stores/base.yaml", STORE)
    desk.file("stores/large.yaml", "InMemoryStore: {poolMaxConnections: 64}\n")
    urls = (servers[0].url, "http://127.0.0.1:9", servers[1].url)
    lines = (
        f"  {name}: {{url: '{url}', in: [{group}]}}\n"
        for name, url, group in zip(("eu-1", "eu-2", "us-1"), urls, ("eu", "eu", "us"), strict=True)
    )
    desk.file(
        "confsync.yaml",
        "groups:\n  all:\n    files: [stores/base.yaml]\n    token: {env: TOKEN}\n"
        "    secrets: {redis: {env: REDIS_PASSWORD}}\n    allow: [change-variant]\n"
        "  eu: {in: [all], files: [stores/large.yaml]}\n  us: {in: [all]}\n"
        f"targets:\n{''.join(lines)}",
    )
    return desk


def opened(**more: str) -> confsync.Fleet:
    return confsync.open("confsync.yaml", environment=ENVIRONMENT | more, retries=0)


@pytest.mark.usefixtures("desk")
def test_plans_come_in_the_order_of_the_file_and_an_error_is_a_result() -> None:
    with opened() as fleet:
        found = fleet.plan(all=True, jobs=16)
    assert [one.name for one in found] == ["eu-1", "eu-2", "us-1"]
    one, away, three = found
    assert away.digest is None
    assert isinstance(away.error, confsync.ConfsyncError)
    assert away.error.message == "cannot connect to http://127.0.0.1:9: connection refused"
    assert (away.changes, away.findings, away.to_send, away.restart) == ((), (), (), "no")
    assert one.error is three.error is None
    assert one.groups == ("all", "eu")
    assert next(map(str, three.changes)).startswith("InMemoryStore: @type Default → ")
    assert three.changes[0].action == "replace"
    assert three.restart == "yes"
    assert three.to_send == ("InMemoryStore/url",)


def test_digests_and_documents_are_those_of_the_command(desk: Desk) -> None:
    with opened() as fleet:
        found = fleet.plan(all=True)
    ran = desk.run("plan", "--all", "--output", "json", env=COMMAND)
    targets = json.loads(ran.out)["targets"]
    assert [one.digest for one in found] == [target["digest"] for target in targets]
    documents = [json.loads(json.dumps(one.to_json())) for one in found]
    for one in (*documents, *targets):
        assert one.pop("seconds") >= 0
    assert documents == targets
    assert [one.url for one in found] == [target["url"] for target in targets]
    document = found[0].to_json()
    document.clear()
    assert found[0].to_json()["name"] == "eu-1"


def test_a_file_named_in_another_way_has_the_same_digests(desk: Desk) -> None:
    desk.file("password", ENV_SECRET)
    config = (desk.directory / "confsync.yaml").read_text()
    desk.file("confsync.yaml", config.replace("{env: REDIS_PASSWORD}", "{file: password}"))
    paths = ("confsync.yaml", os.path.abspath("confsync.yaml"), desk.directory / "confsync.yaml")  # noqa: PTH100
    digests = set()
    for path in paths:
        with confsync.open(path, environment=ENVIRONMENT, retries=0) as fleet:
            digests.add(fleet.plan(target="us-1")[0].digest)
    ran = desk.run("plan", "--target", "us-1", "--output", "json", env=COMMAND)
    assert digests == {json.loads(ran.out)["targets"][0]["digest"]}


@pytest.mark.usefixtures("desk")
def test_targets_are_chosen_as_by_the_options() -> None:
    with opened() as fleet:
        assert fleet.targets() == fleet.targets(all=True) == ("eu-1", "eu-2", "us-1")
        assert fleet.targets(target="eu-*") == fleet.targets(group="eu") == ("eu-1", "eu-2")
        assert fleet.targets(target=["us-1", "eu-1"]) == ("us-1", "eu-1")
        assert fleet.targets(group=["us", "eu,all"], exclude="eu-2") == ("eu-1", "us-1")
        assert fleet.targets(using="stores/large.yaml") == ("eu-1", "eu-2")
        parts = [fleet.targets(all=True, shard=f"{part}/2") for part in (1, 2)]
        assert sorted(name for part in parts for name in part) == ["eu-1", "eu-2", "us-1"]
        assert [one.name for one in fleet.plan(group="all", exclude=["eu-*"])] == ["us-1"]
        for wrong, message in (
            ({}, "several targets"),
            ({"group": "asia"}, "has no group"),
            ({"target": "asia"}, "has no target"),
            ({"all": True, "shard": "0/2"}, "there is no shard 0"),
            ({"all": True, "jobs": 0}, "jobs: out of range"),
            ({"all": True, "allow": "nonsense"}, "unknown risk"),
            ({"all": True, "unlisted": "kep"}, "unlisted: unknown value"),
            ({"all": True, "hidden_secrets": "hide"}, "hidden_secrets: unknown value"),
        ):
            with pytest.raises(WrongUsage, match=message):
                fleet.plan(**wrong)


@pytest.mark.usefixtures("desk")
def test_the_error_of_the_only_target_is_a_result_too() -> None:
    with opened(TOKEN="wrong") as fleet:
        (found,) = fleet.plan(target="eu-1")
    assert found.error is not None
    assert found.error.__traceback__ is None
    assert "401" in str(found.error)


@pytest.mark.usefixtures("desk")
def test_an_invalid_store_is_the_error_of_its_targets(desk: Desk) -> None:
    desk.file("stores/large.yaml", "InMemoryStore: {poolMaxConnections: x}\n")
    with opened() as fleet:
        one, two, three = fleet.plan(all=True)
        assert isinstance(one.error, InvalidFiles)
        assert isinstance(two.error, InvalidFiles)
        assert one.error.problems[0].file == "stores/large.yaml"
        assert three.error is None
        desk.file("stores/large.yaml", "InMemoryStore: {poolMaxConnections: 9}\n")
        assert fleet.plan(target="eu-1")[0].error is None, "files are read by each plan"


@pytest.mark.usefixtures("desk")
def test_no_secret_is_in_a_result(servers: list[Server]) -> None:
    servers[1].stored = {"@type": "Redis", "url": f"redis://u:{LIVE_URL_SECRET}@b.example.com"}
    with opened() as fleet:
        found = fleet.plan(all=True)
        shown = [repr(fleet), str(fleet), *map(repr, found), *map(str, found)]
    for one in found:
        shown += [*map(str, one.changes), json.dumps(one.to_json()), str(one.error)]
        shown += [str(finding) for finding in one.findings]
    assert "redis://u:****@b.example.com" in "".join(shown)
    assert "canary" not in "".join(shown).lower()


@pytest.mark.usefixtures("desk")
def test_a_closed_fleet_plans_nothing() -> None:
    with opened() as fleet:
        pass
    with pytest.raises(WrongUsage, match="closed"):
        fleet.plan(all=True)


def test_an_invalid_file_is_refused_with_all_of_its_problems(desk: Desk) -> None:
    desk.file("confsync.yaml", "targets: {one: {url: 1, nope: 2}}\n")
    with pytest.raises(InvalidFiles) as caught:
        opened()
    assert len(caught.value.problems) > 1
    with pytest.raises(InvalidFiles, match="1 error in"):
        confsync.open("missing.yaml", environment={})


@pytest.mark.usefixtures("desk")
def test_servers_that_are_not_allowed_are_refused(servers: list[Server]) -> None:
    with opened(CONFSYNC_HOSTS="mail.example.com") as fleet:
        with pytest.raises(Declined):
            fleet.plan(all=True)
        assert isinstance(fleet.plan(target="us-1")[0].error, Declined)
    assert servers[1].requests == []


def test_an_allowance_ends_with_its_day(desk: Desk) -> None:
    config = (desk.directory / "confsync.yaml").read_text()
    until = "[{risk: change-variant, until: 2026-01-31}]"
    desk.file("confsync.yaml", config.replace("[change-variant]", until))
    stops = {}
    for day in (date(2026, 1, 31), date(2026, 2, 1)):
        with confsync.open(environment=ENVIRONMENT, retries=0, today=day) as fleet:
            (found,) = fleet.plan(target="eu-1")
        stops[day.day] = any(
            one.rule == "change-variant" and one.severity == "error" for one in found.findings
        )
    assert stops == {31: False, 1: True}
