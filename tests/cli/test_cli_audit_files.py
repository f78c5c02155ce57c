"""`confsync audit` as a process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from confsync.sandbox import Server
    from tests.cli.process import Desk

TARGET = {"name": "a", "url": "https://a.example.com"}
BEGUN = json.dumps({"event": "started", "id": "1", "target": TARGET, "object": "Http"}) + "\n"


def test_an_apply_has_an_end_and_its_restart_is_pending(desk: Desk, server: Server) -> None:
    assert desk.run("apply", desk.file("a.yaml"), "--yes", "--audit", "audit.jsonl").status == 0
    ran = desk.run("audit", "check", "audit.jsonl")
    assert (ran.status, ran.out, ran.err) == (0, "Every apply in 1 file has an end.\n", "")
    ran = desk.run("audit", "pending", "audit.jsonl")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith(f"{server.url}\n  InMemoryStore: stored at ")
    ran = desk.run("audit", "pending", "audit.jsonl", "--output", "json")
    ((found,),) = (one["objects"] for one in json.loads(ran.out)["targets"])
    assert (found["object"], found["required"], found["line"]) == ("InMemoryStore", "yes", 1)


def test_an_apply_without_an_end_is_status_1(offline: Desk) -> None:
    offline.file("a.jsonl", BEGUN)
    offline.file("b.jsonl", '{"event":"finished","id":"2","result":"stored"}\n{"eve')
    for output in ("text", "json"):
        ran = offline.run("audit", "check", "a.jsonl", "b.jsonl", "--output", output)
        assert ran.status == 1
        assert ran.err == "warning: b.jsonl:2: 1 line cut off or edited, and left out\n"
    assert json.loads(ran.out)["summary"] == {"files": 2, "unfinished": 1}


@pytest.mark.parametrize(
    ("arguments", "fact"),
    [
        ((), "missing REPORT\n"),
        (("check",), "missing FILES\n"),
        (("a.jsonl",), "REPORT: invalid value\nhint: allowed: check, pending\n"),
        (("check", "none.jsonl"), "none.jsonl: no such file\n"),
        (("check", "a.jsonl", "--output", "json=a.jsonl"), "--output json=FILE"),
    ],
)
def test_wrong_usage_is_named(offline: Desk, arguments: tuple[str, ...], fact: str) -> None:
    offline.file("a.jsonl", BEGUN)
    ran = offline.run("audit", *arguments)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("error: ")
    assert fact in ran.err
    assert (offline.directory / "a.jsonl").read_text() == BEGUN
