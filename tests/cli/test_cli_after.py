"""`confsync apply --after`: restart target by target, and look at each before the next."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from confsync.sandbox import Server
from tests.cli.hostile import hostile, http, passes_to
from tests.cli.process import ENV_SECRET, KEYS, ended
from tests.cli.test_cli_run_plan import APPLY, BEFORE, KEY, SENDS, configure, of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.hostile import Action
    from tests.cli.process import Desk, Ran

FAILURE = json.dumps({"type": "about:blank", "status": 500, "title": "x"}).encode()
LOCKED_OUT = http(500, FAILURE, "application/problem+json")


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    with Server(keys=KEYS) as one, Server(keys=KEYS) as two, Server(keys=KEYS) as three:
        for server in (one, two, three):
            server.stored = BEFORE
        yield [one, two, three]


def script(desk: Desk, text: str) -> str:
    desk.file("restart", f"#!/bin/sh\n{text}\n")
    (desk.directory / "restart").chmod(0o755)
    return "./restart"


def since_the_restart(desk: Desk, server: Server, answer: bytes) -> Action:
    """Pass requests to a server, until the command has written its log."""
    asked = passes_to(server)
    return lambda request: answer if (desk.directory / "log").exists() else asked(request)


def restarts(desk: Desk) -> list[str]:
    return (desk.directory / "log").read_text().splitlines()


def targets(ran: Ran) -> list[tuple[str, str | None]]:
    found: list[dict[str, Any]] = json.loads(ran.out)["targets"]
    return [(one["outcome"]["result"], one["after"]) for one in found]


def audited(desk: Desk) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (desk.directory / "audit").read_text().splitlines()]


def test_each_target_is_restarted_and_looked_at_before_the_next(
    desk: Desk, servers: list[Server]
) -> None:
    servers[1].stored = {"@type": "Redis", "url": "redis://wanted"}
    configure(desk, *of(servers))
    command = script(desk, 'echo "$1 $CONFSYNC_NAME $CONFSYNC_URL" >> log; echo said')
    words = (*APPLY, "--yes", "--audit", "audit", "--after", f"{command} 'a b'")
    ran = desk.run(*words, env=KEY)
    assert (ran.status, ran.err) == (0, "said\nsaid\n")
    assert targets(ran) == [("stored", "running"), ("not-sent", None), ("stored", "running")]
    assert restarts(desk) == [f"a b t0 {servers[0].url}", f"a b t2 {servers[2].url}"]
    assert json.loads(ran.out)["summary"]["restart_required"] == "no"
    events = [one["event"] for one in audited(desk)]
    assert events == ["started", "finished", "restarted"] * 2 + ["started", "finished"] or (
        events.count("restarted") == 2
    )
    # Its state is read once more: plan, update, and after the restart.
    assert [len(server.requests) for server in servers] == [3, 1, 3]
    pending = desk.run("audit", "pending", "audit")
    assert pending.status == 0
    assert "t0" not in pending.out


def test_the_text_says_what_was_seen(desk: Desk, servers: list[Server]) -> None:
    configure(desk, servers[0].url)
    ran = desk.run("apply", "--yes", "--after", script(desk, "true"), env=KEY)
    assert ran.status == 0
    text = " ".join(ran.out.split())
    assert "Restarted: the server answers through loopback, where a locked-out" in text
    assert "Not active yet" not in text


def test_nothing_is_run_where_nothing_must_be_restarted(desk: Desk, servers: list[Server]) -> None:
    configure(desk, servers[0].url)
    desk.file("a.yaml", "Http: {enableHsts: true}\n")
    ran = desk.run("apply", "--yes", "--after", script(desk, "echo >> log"), env=KEY)
    assert not (desk.directory / "log").exists()
    servers[1].stored = {"@type": "Redis", "url": "redis://wanted"}
    configure(desk, servers[1].url)
    ran = desk.run("apply", "--yes", "--after", "./restart", env=KEY)
    assert ran.status == 0
    assert not (desk.directory / "log").exists()


@pytest.mark.parametrize("more", [(), ("--keep-going",)])
def test_a_locked_out_server_stops_the_run_in_any_case(
    desk: Desk, servers: list[Server], more: tuple[str, ...]
) -> None:
    with hostile(since_the_restart(desk, servers[0], LOCKED_OUT)) as between:
        configure(desk, between.url, servers[1].url, servers[2].url)
        command = script(desk, "echo >> log")
        ran = desk.run(*APPLY, "--yes", "--audit", "audit", *more, "--after", command, env=KEY)
    assert ran.status == 5
    assert targets(ran) == [("stored", "locked-out"), ("not-begun", None), ("not-begun", None)]
    summary = json.loads(ran.out)["summary"]
    assert (summary["as_wanted"], summary["restart_required"]) == (False, "yes")
    (event,) = [one for one in audited(desk) if one["event"] == "restarted"]
    assert (event["result"], event["target"]["name"]) == ("locked-out", "t0")


def test_a_locked_out_server_is_told_with_the_ways_back(desk: Desk, servers: list[Server]) -> None:
    with hostile(since_the_restart(desk, servers[0], LOCKED_OUT)) as between:
        configure(desk, between.url, servers[1].url)
        command = script(desk, "echo >> log")
        ran = desk.run("apply", "--all", "--yes", "--after", command, env=KEY)
    text = " ".join(ran.out.split())
    assert "Locked out: since the restart the server answers remote clients with errors" in text
    assert "hint: restart no other node; get back in: confsync explain lock-out" in text
    assert "confsync apply" in text.partition("To go back")[2]
    assert "Skipped: the run stopped at t0 (locked out)." in text
    assert text.endswith("2 targets: 1 locked out, 1 skipped. 1 change.")


@pytest.mark.parametrize(
    ("text", "reason"),
    [("exit 3", "the command exited with status 3"), ("kill -9 $$", "killed by signal 9")],
)
def test_a_command_that_fails_ends_the_run_and_is_told(
    desk: Desk, servers: list[Server], text: str, reason: str
) -> None:
    configure(desk, *of(servers[:2]))
    ran = desk.run(*APPLY, "--yes", "--after", script(desk, text), env=KEY)
    assert ran.status == 5
    assert targets(ran) == [("stored", "failed"), ("not-begun", None)]
    assert reason in json.loads(ran.out)["targets"][0]["after_reason"]
    assert json.loads(ran.out)["summary"]["restart_required"] == "yes"


def test_a_command_that_cannot_be_started_is_told(desk: Desk, servers: list[Server]) -> None:
    configure(desk, servers[0].url)
    ran = desk.run("apply", "--yes", "--after", "./nothing", env=KEY)
    assert ran.status == 5
    assert "Stored, but not restarted: the command cannot be started" in ran.out


def test_a_server_that_does_not_answer_is_not_known_to_run(
    desk: Desk, servers: list[Server]
) -> None:
    with hostile(since_the_restart(desk, servers[0], b"")) as between:
        configure(desk, between.url)
        ran = desk.run("apply", "--yes", "--after", script(desk, "echo >> log"), env=KEY)
    assert ran.status == 5
    assert "Stored. It is unknown whether the server has restarted: " in " ".join(ran.out.split())


def test_the_command_gets_no_secret(desk: Desk, servers: list[Server]) -> None:
    configure(desk, servers[0].url, store=SENDS)
    more = {"HAS_IT_INSIDE": f"x={ENV_SECRET}", "STALWART_TOKEN": "API_x", "OTHER": "kept"}
    words = ("apply", "--yes", "--allow", "change-variant", "--after")
    ran = desk.run(*words, script(desk, "env > log"), env={**KEY, **more})
    assert ran.status == 0
    names = {line.partition("=")[0] for line in restarts(desk)}
    assert {"OTHER", "PATH", "CONFSYNC_NAME", "CONFSYNC_URL"} <= names
    assert not names & {"REDIS_PASSWORD", "T0", "STALWART_TOKEN", "HAS_IT_INSIDE"}
    assert ENV_SECRET not in (desk.directory / "log").read_text()


def test_the_command_gets_no_secret_of_a_target_that_is_not_chosen(
    desk: Desk, servers: list[Server]
) -> None:
    """Nor one that is too short to be found in other variables."""
    configure(desk, *of(servers[:2]))
    text = (desk.directory / "confsync.yaml").read_text()
    text = text.replace("token: {env: T1}", "user: u, password: {env: P1}, secrets: {a: {env: S1}}")
    desk.file("confsync.yaml", text)
    more = {"P1": "short", "S1": "a-long-secret", "OTHER": "kept"}
    words = ("apply", "--target", "t0", "--yes", "--allow", "change-variant", "--after")
    assert desk.run(*words, script(desk, "env > log"), env={**KEY, **more}).status == 0
    names = {line.partition("=")[0] for line in restarts(desk)}
    assert "OTHER" in names
    assert not names & {"P1", "S1", "T0"}


def test_an_interrupt_ends_the_command_and_the_run(desk: Desk, servers: list[Server]) -> None:
    configure(desk, *of(servers[:2]))
    os.mkfifo(desk.directory / "begun")
    command = script(desk, "echo $$ > begun; exec sleep 1000")
    with desk.start("apply", "--all", "--yes", "--after", command, env=KEY) as process:
        pid = int((desk.directory / "begun").read_text())
        process.send_signal(signal.SIGTERM)
        ran = ended(process)
    assert ran.status == 5
    assert "Stored, but not restarted: interrupted while the command ran." in ran.out
    assert "Skipped: interrupted." in ran.out
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize("command", ["", "  ", "'"])
def test_what_is_no_command_is_wrong_usage(desk: Desk, servers: list[Server], command: str) -> None:
    configure(desk, servers[0].url)
    ran = desk.run("apply", "--yes", "--after", command, env=KEY)
    assert ran.status == 1
    assert ran.err.startswith("error: --after: not a command\n")
    assert not servers[0].requests


def test_no_variable_sets_it(desk: Desk, servers: list[Server]) -> None:
    configure(desk, servers[0].url)
    script(desk, "echo >> log")
    assert desk.run("apply", "--yes", env={**KEY, "CONFSYNC_AFTER": "./restart"}).status in {0, 1}
    assert not (desk.directory / "log").exists()
