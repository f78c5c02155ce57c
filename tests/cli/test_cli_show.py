"""`confsync show` as a process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.cli.process import PLAN_KEY

if TYPE_CHECKING:
    from confsync.sandbox import Server
    from tests.cli.process import Desk

SHOWN = """\
InMemoryStore:
  '@type': RedisCluster
  urls:
    - redis://stalwart:****@old.example.com:6379
  timeout: 10s
  authUsername: stalwart
  authSecret:
    '@type': Value
    secret: '****'
  maxRetryWait: null
  minRetryWait: null
  maxRetries: null
  readFromReplicas: true
  protocolVersion: resp2
  poolMaxConnections: 10
  poolTimeoutCreate: 30s
  poolTimeoutWait: 30s
  poolTimeoutRecycle: 30s
"""


def test_show_writes_the_live_state_as_a_file_says_it_masked(desk: Desk, server: Server) -> None:
    ran = desk.run("show", env={"STALWART_TOKEN": PLAN_KEY, "REDIS_PASSWORD": None})
    assert (ran.status, ran.out, ran.err) == (0, SHOWN, "")
    assert len(server.requests) == 1


def test_show_as_json_holds_the_same(desk: Desk) -> None:
    ran = desk.run("show", "--output", "json")
    assert (ran.status, ran.err) == (0, "")
    state = json.loads(ran.out)["state"]["InMemoryStore"]
    assert state["urls"] == ["redis://stalwart:****@old.example.com:6379"]
    assert state["authSecret"] == {"@type": "Value", "secret": "****"}
    assert state["timeout"] == "10s"


def test_what_show_writes_of_a_state_without_secrets_is_a_file_that_changes_nothing(
    desk: Desk, server: Server
) -> None:
    server.stored = {
        "@type": "Sharded",
        "stores": {
            "0": {"@type": "Redis", "url": "redis://a.example.com", "timeout": 90_061_001},
            "1": {"@type": "RedisCluster", "urls": {"redis://b": True, "redis://c": True}},
            "2": {"@type": "RedisSentinel", "serviceName": "no: 'really'", "authUsername": "12"},
        },
    }
    ran = desk.run("plan", desk.file("a.yaml", desk.run("show").out))
    assert (ran.status, ran.err) == (0, "")
    assert "No changes." in ran.out


def test_a_masked_state_is_no_desired_state(desk: Desk) -> None:
    file = desk.file("a.yaml", desk.run("show").out)
    ran = desk.run("validate", file)
    assert ran.status == 1
    assert ":4:7: error: urls/0 " in ran.out
    assert ":9:13: error: authSecret/secret " in ran.out


def test_text_of_the_server_cannot_steer_a_terminal(desk: Desk, server: Server) -> None:
    server.stored = {"@type": "RedisSentinel", "serviceName": "a\x1b[2Jb\x07\u202ec\x9b2J"}
    file = desk.file("a.yaml", "InMemoryStore: {'@type': RedisSentinel}\n")
    for ran in (
        desk.run("show"),
        desk.run("show", "--output", "json"),
        desk.run("plan", file),
        desk.run("plan", file, "--output", "json"),
    ):
        assert ran.status == 0
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(ran.out + ran.err)
