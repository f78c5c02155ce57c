"""`confsync render`: what a target will be set to, and which line says it. Nothing is contacted."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.process import ENV_SECRET, PLAN_KEY, Desk

if TYPE_CHECKING:
    from confsync.sandbox import Server

FLEET = Path(__file__).parent.parent.parent / "examples/fleet"
CONFIG = """\
groups:
  all:
    files: [base.yaml]
    token: {env: TOKEN, of: target}
    secrets:
      redis: {env: REDIS, of: target}
    set: {InMemoryStore/poolTimeoutWait: 4s}
  large:
    in: [all]
    set:
      InMemoryStore/poolMaxConnections: 64
      Http/responseHeaders: {X-Size: large}
targets:
  one: {url: https://one.example.com, in: [large]}
  two:
    url: https://two.example.com
    in: [all]
    files: [two.yaml]
    set: {InMemoryStore/timeout: 7s}
    secrets: {redis: {file: redis.txt}}
    ignore: [InMemoryStore/poolTimeoutCreate]
    unlisted: keep
"""
BASE = """\
InMemoryStore:
  '@type': Redis
  url:
    address: redis://a.example.com
    username: stalwart
    password: {secret: redis}
Http:
  enableHsts: true
"""
TWO = "InMemoryStore: {poolTimeoutCreate: 9s, poolTimeoutRecycle: 8s}\n"
ONE = """\
InMemoryStore:
  '@type': Redis                    # base.yaml:2
  url:
    address: redis://a.example.com  # base.yaml:3
    username: stalwart              # base.yaml:3
    password: {env: REDIS_ONE}      # confsync.yaml:6 group all
  timeout: 10s                      # default
  poolMaxConnections: 64            # confsync.yaml:11 group large
  poolTimeoutCreate: 30s            # default
  poolTimeoutWait: 4s               # confsync.yaml:7 group all
  poolTimeoutRecycle: 30s           # default
Http:
  allowedEndpoints: '200'           # default
  enableHsts: true                  # base.yaml:8
  rateLimitAnonymous:
    count: 100                      # default
    period: 1m                      # default
  rateLimitAuthenticated:
    count: 1000                     # default
    period: 1m                      # default
  redirectRoot: /account            # default
  responseHeaders: {X-Size: large}  # confsync.yaml:12 group large
  usePermissiveCors: false          # default
  useXForwarded: false              # default
"""
BOTH = f"""\
# one  https://one.example.com
{ONE}---
# two  https://two.example.com
InMemoryStore:
  '@type': Redis                    # base.yaml:2
  url:
    address: redis://a.example.com  # base.yaml:3
    username: stalwart              # base.yaml:3
    password: {{file: redis.txt}}     # confsync.yaml:20
  timeout: 7s                       # confsync.yaml:19
  poolTimeoutWait: 4s               # confsync.yaml:7 group all
  poolTimeoutRecycle: 8s            # two.yaml:1
  # poolMaxConnections: not managed (not in any file)
  # poolTimeoutCreate: not managed (ignored)
Http:
  enableHsts: true                  # base.yaml:8
  # allowedEndpoints: not managed (not in any file)
  # rateLimitAnonymous: not managed (not in any file)
  # rateLimitAuthenticated: not managed (not in any file)
  # redirectRoot: not managed (not in any file)
  # responseHeaders: not managed (not in any file)
  # usePermissiveCors: not managed (not in any file)
  # useXForwarded: not managed (not in any file)
"""


@pytest.fixture
def team(offline: Desk) -> Desk:
    for name, text in {"confsync.yaml": CONFIG, "base.yaml": BASE, "two.yaml": TWO}.items():
        offline.file(name, text)
    return offline


def objects(text: str) -> object:
    (target,) = json.loads(text)["targets"]
    return target["objects"]


def test_every_value_of_a_target_is_shown_with_the_line_that_says_it(team: Desk) -> None:
    ran = team.run("render", "--target", "one")
    assert (ran.status, ran.err, ran.out) == (0, "", ONE)


def test_several_targets_are_a_document_each_and_fields_left_alone_are_said_so(team: Desk) -> None:
    for arguments in ((), ("--all",), ("base.yaml",), ("confsync.yaml",)):
        ran = team.run("render", *arguments)
        assert (ran.status, ran.err) == (0, "")
        assert ran.out == BOTH


def test_json_has_the_objects_as_a_store_file_and_the_place_of_each_value(team: Desk) -> None:
    ran = team.run("render", "--group", "all", "--output", "json")
    assert ran.err == "note: 2 of 2 targets: group all\n"
    one, two = json.loads(ran.out)["targets"]
    assert (one["name"], one["url"]) == ("one", "https://one.example.com")
    assert one["groups"] == ["all", "large"]
    assert one["objects"]["InMemoryStore"]["url"]["password"] == {"env": "REDIS_ONE"}
    assert one["objects"]["Http"]["responseHeaders"] == {"X-Size": "large"}
    assert "poolTimeoutCreate" not in two["objects"]["InMemoryStore"]
    keys = ("why", "file", "line", "column", "group")
    one, two = (
        {source["path"]: tuple(source[key] for key in keys) for source in target["sources"]}
        for target in (one, two)
    )
    assert one["InMemoryStore/url"] == ("file", "base.yaml", 3, 3, None)
    assert one["InMemoryStore/url/password"] == ("file", "confsync.yaml", 6, 7, "all")
    assert one["InMemoryStore/poolMaxConnections"] == ("file", "confsync.yaml", 11, 7, "large")
    assert one["InMemoryStore/timeout"] == ("default", None, None, None, None)
    assert one["Http/responseHeaders/X-Size"] == ("file", "confsync.yaml", 12, 30, "large")
    assert two["InMemoryStore/timeout"] == ("file", "confsync.yaml", 19, 11, None)
    assert two["InMemoryStore/poolTimeoutCreate"][0] == "ignored"
    assert two["InMemoryStore/poolMaxConnections"][0] == "unmanaged"


def test_the_text_is_a_store_file_with_the_same_state(team: Desk) -> None:
    shutil.copytree(FLEET, team.directory / "fleet")
    fleet = Desk(team.directory / "fleet")
    for name in ("production-eu-03", "staging-ap-02"):
        text = fleet.run("render", "--target", name).out
        team.file("alone/store.yaml", text)
        alone = Desk(team.directory / "alone")
        assert alone.run("validate", "store.yaml").status == 0
        again = alone.run("render", "store.yaml", "--output", "json").out
        assert objects(again) == objects(
            fleet.run("render", "--target", name, "--output", "json").out
        )


def test_lists_and_shards_have_a_place_for_each_item(offline: Desk) -> None:
    text = """\
InMemoryStore:
  '@type': Sharded
  stores:
    - '@type': Redis
      url: redis://a.example.com
    - '@type': RedisCluster
      urls:
        - redis://b.example.com
        - redis://c.example.com
      authUsername: null
      authSecret: {'@type': Value, secret: {env: B}}
"""
    ran = offline.run("render", offline.file("a.yaml", text), "--output", "json")
    assert (ran.status, ran.err) == (0, "")
    (target,) = json.loads(ran.out)["targets"]
    lines = {source["path"]: source["line"] for source in target["sources"]}
    assert lines["InMemoryStore/stores/1/urls/1"] == 9
    assert lines["InMemoryStore/stores/1/@type"] == 6
    assert lines["InMemoryStore/stores/1/authSecret/secret"] == 11
    assert lines["InMemoryStore/stores/0/timeout"] is None
    out = offline.run("render", "a.yaml").out
    assert "    - '@type': Redis " in out
    assert "        - redis://c.example.com " in out


def test_the_type_of_an_object_in_an_object_has_the_place_of_the_layer_that_says_it(
    offline: Desk,
) -> None:
    offline.file(
        "base.yaml",
        "InMemoryStore:\n  '@type': RedisCluster\n  urls: [redis://a]\n  authUsername: null\n"
        "  authSecret:\n    '@type': Value\n    secret: {env: A}\n",
    )
    offline.file("top.yaml", "InMemoryStore:\n  authSecret:\n    secret: {env: B}\n")
    out = offline.run("render", "base.yaml", "top.yaml").out
    shown = [" ".join(line.split()) for line in out.splitlines()]
    assert "'@type': Value # base.yaml:6" in shown
    assert "secret: {env: B} # top.yaml:3" in shown


def test_secrets_in_plain_text_and_arguments_of_commands_are_masked(offline: Desk) -> None:
    text = f"""\
InMemoryStore:
  '@type': RedisCluster
  urls:
    - redis://stalwart:{ENV_SECRET}@a.example.com
    - {{address: redis://b.example.com, password: {{command: [vault, {ENV_SECRET}]}}}}
    - {{env: WHOLE}}
  authUsername: null
  authSecret: {{'@type': Value, secret: {ENV_SECRET}}}
Http:
  responseHeaders:
    Authorization: {{env: HEADER}}
"""
    ran = offline.run("render", offline.file("a.yaml", text))
    assert (ran.status, ran.err) == (0, "")
    shown = [line.partition("  #")[0].strip() for line in ran.out.splitlines()]
    assert "- redis://stalwart:****@a.example.com" in shown
    assert "password: {command: [vault, '****']}" in shown
    assert "- {env: WHOLE}" in shown
    assert "secret: '****'" in shown
    assert "Authorization: {env: HEADER}" in shown


def test_no_reference_is_resolved_and_no_command_is_run(team: Desk) -> None:
    team.file("base.yaml", BASE.replace("{secret: redis}", "{command: [touch, ran]}"))
    ran = team.run("render", "--target", "one", env={"REDIS_ONE": ENV_SECRET, "TOKEN_ONE": None})
    assert (ran.status, ran.err) == (0, "")
    assert not (team.directory / "ran").exists()


def test_an_invalid_target_is_an_error_and_the_others_are_rendered(team: Desk) -> None:
    team.file("two.yaml", "InMemoryStore:\n  poolTimeoutRecycle: 10\n")
    ran = team.run("render", "--all")
    assert ran.status == 1
    assert ran.err.startswith("two.yaml:2:23: error: ")
    assert ran.err.endswith("error: target two: 1 error in the desired state\n")
    one, two = ran.out.split("---\n")
    assert one == "# one  https://one.example.com\n" + ONE
    assert two == ("# two  https://two.example.com\n# not rendered: 1 error in the desired state\n")
    _, two = json.loads(team.run("render", "--all", "--output", "json").out)["targets"]
    assert (two["name"], two["objects"], two["sources"]) == ("two", None, [])
    assert two["error"]["problems"][0]["line"] == 2


def test_a_value_that_is_set_wrongly_is_told_with_its_line(team: Desk) -> None:
    team.file("confsync.yaml", CONFIG.replace("poolMaxConnections: 64", "poolMaxConnections: x"))
    ran = team.run("render")
    assert ran.status == 1
    assert ran.err.startswith("confsync.yaml:11:41: error: ")
    assert "# two  https" in ran.out


def test_a_file_that_no_target_uses_and_wrong_choices_are_wrong_usage(team: Desk) -> None:
    team.file("other.yaml", BASE)
    ran = team.run("render", "base.yaml", "other.yaml")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == (
        "error: no target of confsync.yaml uses other.yaml\n"
        "hint: add it to `files` of a target, or leave it out\n"
    )
    assert "cannot be combined" in team.run("render", "base.yaml", "--all").err
    assert "has no group" in team.run("render", "--group", "no").err


def test_without_a_configuration_files_are_layers(offline: Desk) -> None:
    offline.file("base.yaml", BASE)
    offline.file("two.yaml", TWO)
    ran = offline.run("render", "base.yaml", "two.yaml")
    assert (ran.status, ran.err) == (0, "")
    assert "  password: {secret: redis} " in ran.out
    assert "  poolTimeoutCreate: 9s  " in ran.out
    assert offline.run("render").status == 1


def test_names_of_files_are_no_commands(offline: Desk) -> None:
    name = offline.file("a\n::error::b.yaml", "InMemoryStore: {'@type': Default}\n")
    out = offline.run("render", name).out
    assert out.splitlines() == ["InMemoryStore:", "  '@type': Default  # a\\x0a::error::b.yaml:1"]


def test_an_output_never_replaces_a_file_of_the_run(team: Desk) -> None:
    ran = team.run("render", "--target", "one", "--output", "text=base.yaml")
    assert ran.status == 1
    assert "would overwrite" in ran.err


def test_a_plan_names_the_group_of_a_change(offline: Desk, server: Server) -> None:
    offline.file("base.yaml", "InMemoryStore: {'@type': Redis, url: 'redis://a.example.com'}\n")
    offline.file(
        "confsync.yaml",
        f"groups: {{large: {{set: {{InMemoryStore/poolMaxConnections: 64}}}}}}\n"
        f"targets: {{one: {{url: '{server.url}', in: [large], files: [base.yaml],"
        " token: {env: TOKEN}, set: {InMemoryStore/timeout: 7s}}}\n",
    )
    server.stored = {"@type": "Redis", "url": "redis://b.example.com"}
    variables = {"TOKEN": PLAN_KEY, "STALWART_TOKEN": None}
    ran = offline.run("plan", "--output", "json", env=variables)
    (target,) = json.loads(ran.out)["targets"]
    groups = {
        change["path"]: change["source"]["group"]
        for one in target["objects"]
        for change in one["changes"]
    }
    assert groups == {"url": None, "timeout": None, "poolMaxConnections": "large"}
    # The group changes neither the text nor the digest, and a saved plan keeps it.
    text = offline.run("plan", "--out", "saved.plan", env=variables).out
    assert "  ~ poolMaxConnections  10 → 64" in text
    assert target["digest"] in text
    saved = offline.run("show", "saved.plan", "--output", "json").out
    (read,) = json.loads(saved)["targets"]
    assert read | {"seconds": 0} == target | {"seconds": 0}
