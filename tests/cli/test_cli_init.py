"""`confsync init` as a process, and what a plan says straight after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.sandbox import Server
from tests.cli.process import ENVIRONMENT, KEYS, LIVE, Desk

if TYPE_CHECKING:
    from pathlib import Path

NEXT = """
Next:
  1. Set the server's url in confsync.yaml, and edit stores/in-memory.yaml.
  2. Set STALWART_TOKEN, or STALWART_USER and STALWART_PASSWORD.
  3. confsync plan
  4. git init && pre-commit install
"""


def test_without_a_server_it_writes_a_template_and_says_what_comes_next(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    ran = desk.run("init", "--variant", "RedisCluster")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == (
        "confsync.yaml: written\n"
        "stores/in-memory.yaml: written, a template\n"
        ".pre-commit-config.yaml: written\n" + NEXT
    )
    for command in ("validate", "plan"):
        ran = desk.run(command)
        assert ran.status == 1
        assert "targets/production/url is the placeholder of `confsync init`" in ran.out + ran.err


def test_a_plan_straight_after_shows_no_change(tmp_path: Path) -> None:
    """From a server that is named in the environment, and whose secrets stay out of the files."""
    with Server(initial=LIVE, keys=KEYS) as server:
        desk, stored = Desk(tmp_path, server.url), server.stored
        ran = desk.run("init", "mail")
        assert ran.status == 0, ran.err
        assert "mail/stores/in-memory.yaml: written from the server\n" in ran.out
        assert "env FILL_IN_1 is a placeholder [fill-in]" in ran.err
        there = Desk(tmp_path / "mail", environment=ENVIRONMENT)
        plan = there.run("plan", "--detailed-exitcode")
        assert plan.status == 0, plan.err
        assert "No visible changes." in plan.out
        again = desk.run("init", "mail")
        assert again.err == ran.err
        assert "stores/in-memory.yaml: already exists, not changed" in again.out
        applied = there.run("apply", "--yes")
        assert (applied.status, server.stored) == (1, stored), applied.err
        assert there.run("fmt", "--check", "stores/in-memory.yaml").status == 0
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*.yaml"))
    assert b"Canary" not in written
    assert server.url.encode() in written


def test_a_server_that_cannot_be_reached_leaves_nothing_behind(tmp_path: Path) -> None:
    ran = Desk(tmp_path).run("init", "mail", "--url", "http://127.0.0.1:9")
    assert ran.status == 1
    assert ran.out == ""
    assert not list(tmp_path.iterdir())


def test_a_variant_that_there_is_not_is_wrong_usage(tmp_path: Path) -> None:
    ran = Desk(tmp_path).run("init", "--variant", "Redi")
    assert ran.status == 1
    assert "Redis" in ran.err
    assert not list(tmp_path.iterdir())
