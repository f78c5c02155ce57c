"""Several settings objects in a file, as processes against the sandbox."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from confsync.sandbox import Server
from tests.cli.process import ENVIRONMENT, Desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MANY = """\
Http:
  enableHsts: true
  responseHeaders: {X-Frame-Options: DENY}
InMemoryStore:
  '@type': Redis
  url: rediss://cache.example.com:6379
Imap: {timeoutIdle: 10m}
"""
KEY = "API_of-some-objects"
ADMIN = {"STALWART_TOKEN": "", "STALWART_USER": "admin", "STALWART_PASSWORD": "sandbox"}


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as found:
        yield found


@pytest.fixture
def desk(tmp_path: Path, server: Server) -> Desk:
    return Desk(tmp_path, server.url, {**ENVIRONMENT, **ADMIN})


def test_they_are_planned_applied_and_the_same_afterwards(desk: Desk, server: Server) -> None:
    file = desk.file("many.yaml", MANY)
    planned = desk.run("plan", file)
    assert planned.status == 0
    assert re.search(
        r"^Http\n  ~ enableHsts +false → true +many\.yaml:2$", planned.out, re.MULTILINE
    )
    assert re.search(r"^  \+ responseHeaders/X-Frame-Options +DENY", planned.out, re.MULTILINE)
    assert "InMemoryStore will be replaced: Default → Redis\n" in planned.out
    assert "Plan: 1 to add, 1 to replace, 2 to change.\n" in planned.out
    (digest,) = re.findall("^Digest (.*)$", planned.out, re.MULTILINE)
    done = desk.run("apply", file, "--expect", digest, "--backup", "before.yaml")
    assert done.status == 0, done.err
    assert done.out.endswith("\n3 objects: Http, InMemoryStore and Imap applied.\n")
    (command,) = re.findall("^To go back: confsync (.*)$", done.out, re.MULTILINE)
    assert "\n\n\n" not in done.out
    assert server.get("x:Http")["enableHsts"] is True
    again = desk.run("plan", file, "--detailed-exitcode")
    assert (
        again.status,
        "No changes: Http, InMemoryStore, Imap.\n\nNo changes.\n" in again.out,
    ) == (
        0,
        True,
    )
    back = desk.run(*command.split(), "--yes")
    assert back.status == 0
    assert server.get("x:Http")["responseHeaders"] == {}
    assert server.stored == {"@type": "Default"}


def test_a_saved_plan_holds_all_of_them(desk: Desk, server: Server) -> None:
    file = desk.file("many.yaml", MANY)
    assert desk.run("plan", file, "--out", "all.plan").status == 0
    server.put("x:Imap", {**server.get("x:Imap"), "maxAuthFailures": 7})
    ran = desk.run("apply", "all.plan")
    assert (ran.status, server.stored) == (3, {"@type": "Default"})
    assert "has changed since the plan was made: Imap: maxAuthFailures" in ran.err
    assert desk.run("plan", file, "--out", "all.plan").status == 0
    assert desk.run("apply", "all.plan").status == 0


def test_what_is_said_of_one_names_it(desk: Desk, server: Server) -> None:
    file = desk.file("many.yaml", MANY)
    server.put("x:Imap", {**server.get("x:Imap"), "newer": 1})
    planned = desk.run("plan", file)
    assert "warning: Imap: unknown field on the server: newer [unknown-on-server]" in planned.out
    plain = MANY.replace("rediss://", "rediss://u:correct-horse@")
    ran = desk.run("apply", desk.file("many.yaml", plain), "--yes")
    assert ran.status == 3
    assert "InMemoryStore: url contains a password in plain text" in ran.err


PLAIN = """\
Http: {rateLimitAnonymous: null}
SystemSettings:
  defaultDomainId: b
  defaultHostname: a.test
  mailExchangers: [{}, {priority: 5}]
  services: {jmap: {cleartext: true}}
"""


def test_values_without_a_type_and_values_that_were_never_set_are_shown(desk: Desk) -> None:
    shown = desk.run("plan", desk.file("many.yaml", PLAIN)).out
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    for line in (
        "- rateLimitAnonymous count 100, period 1m many.yaml:1",
        "~ defaultDomainId null → b many.yaml:3",
        '~ defaultHostname "" → a.test many.yaml:4',
        "+ mailExchangers/1 item many.yaml:5",
        "- services/imap cleartext false, hostname null not in any file",
    ):
        assert line in lines
    live = desk.run("show", "--object", "SystemSettings").out
    assert "  defaultDomainId: null\n" in live


def test_each_has_its_outcome_in_a_report(desk: Desk) -> None:
    ran = desk.run("apply", desk.file("many.yaml", MANY), "--yes", "--output", "json")
    (target,) = json.loads(ran.out)["targets"]
    assert [(one["object"], one["outcome"]["result"]) for one in target["objects"]] == [
        ("Http", "stored"),
        ("InMemoryStore", "stored"),
        ("Imap", "stored"),
    ]
    assert json.loads(ran.out)["summary"]["targets"] == 1


def test_the_first_that_fails_stops_the_rest(tmp_path: Path) -> None:
    store = "Http: {enableHsts: true}\nCache: {accessTokens: 5MiB}\nImap: {timeoutIdle: 10m}\n"
    may = "authenticate sysHttpGet sysHttpUpdate sysCacheGet sysImapGet sysImapUpdate"
    with Server(keys={KEY: frozenset(may.split())}) as limited:
        desk = Desk(tmp_path, limited.url, {**ENVIRONMENT, "STALWART_TOKEN": KEY})
        ran = desk.run("apply", desk.file("three.yaml", store), "--yes")
        assert ran.status == 5
        assert "3 objects: Http applied; Cache failed; Imap skipped.\n" in ran.out
        assert limited.get("x:Http")["enableHsts"] is True
        assert limited.get("x:Imap")["timeoutIdle"] == 1_800_000


def test_plain_text_in_one_stops_them_all(desk: Desk, server: Server) -> None:
    store = """\
Http: {}
InMemoryStore:
  '@type': RedisCluster
  authUsername: null
  authSecret: {'@type': Value, secret: hunter2hunter2}
"""
    ran = desk.run("apply", desk.file("plain.yaml", store), "--yes")
    assert (ran.status, server.stored) == (3, {"@type": "Default"})
    assert "[plaintext-secret]" in ran.out
    assert "hunter2" not in ran.out + ran.err
