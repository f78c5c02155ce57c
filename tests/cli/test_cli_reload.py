"""`confsync apply --reload` as a process: status, streams, audit and interrupts."""

from __future__ import annotations

import json
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.cli.hostile import Held, hostile, passes_to
from tests.cli.process import PATIENCE, Desk, ended

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.process import Ran

from confsync.sandbox import Server

MAY = {"authenticate", "sysHttpGet", "sysHttpUpdate", "sysActionCreate"}
RELOADS, STORES = "API_Canary-that-reloads", "API_Canary-that-stores"
HTTP = "Http: {enableHsts: true}\n"


@pytest.fixture
def server() -> Iterator[Server]:
    keys = {RELOADS: frozenset({*MAY, "actionReloadSettings"}), STORES: frozenset(MAY)}
    with Server(keys=keys) as found:
        yield found


@pytest.fixture
def desk(tmp_path: Path, server: Server) -> Iterator[Desk]:
    environment = {**Desk(tmp_path).environment, "STALWART_TOKEN": RELOADS}
    made = Desk(tmp_path, server.url, environment)
    yield made
    made.close()


def audited(desk: Desk) -> list[dict[str, object]]:
    lines = (desk.directory / "audit.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def applied(desk: Desk, *more: str, env: dict[str, str | None] | None = None) -> Ran:
    return desk.run(
        "apply", "--yes", desk.file("a.yaml", HTTP), "--audit", "audit.jsonl", *more, env=env
    )


@pytest.mark.parametrize(
    ("more", "env"),
    [(("--reload",), {}), ((), {"CONFSYNC_RELOAD": "1"})],
    ids=["option", "variable"],
)
def test_a_reload_is_told_and_audited(
    desk: Desk, more: tuple[str, ...], env: dict[str, str | None]
) -> None:
    ran = applied(desk, *more, env=env)
    assert (ran.status, ran.err) == (0, "")
    assert "\nActive: the server has reloaded its settings.\n" in ran.out
    begun, finished, reloaded = audited(desk)
    assert [begun["event"], finished["event"], reloaded["event"]] == [
        *("started", "finished", "reloaded")
    ]
    assert begun["id"] == reloaded["id"]
    assert reloaded["result"] == "done"


def test_a_reload_that_is_refused_ends_with_5_and_the_settings_are_stored(
    desk: Desk, server: Server
) -> None:
    ran = applied(desk, "--reload", env={"STALWART_TOKEN": STORES})
    assert (ran.status, ran.err) == (5, "")
    assert "Stored and verified: 1 change." in ran.out
    assert "actionReloadSettings is missing" in " ".join(ran.out.split())
    assert server.get("x:Http")["enableHsts"] is True
    *_, reloaded = audited(desk)
    assert reloaded["result"] == "failed"
    assert reloaded["reason"] == "the permission actionReloadSettings is missing"
    assert applied(desk).err == ""
    again = applied(desk, "--reload", env={"STALWART_TOKEN": STORES})
    assert (again.status, again.err) == (5, "")
    assert [record["event"] for record in audited(desk)[-3:]] == ["started", "finished", "reloaded"]


@contextmanager
def interrupted(
    desk: Desk, server: Server, part: bytes
) -> Iterator[tuple[Held, subprocess.Popen[bytes]]]:
    """An apply that is interrupted while the answer to a part of it is awaited."""
    held = Held(passes_to(server))

    def act(request: bytes) -> bytes:
        return held(request) if part in request else passes_to(server)(request)

    with hostile(act) as between:
        arguments = ("--reload", "--url", between.url, "--audit", "audit.jsonl")
        process = desk.start("apply", "--yes", desk.file("a.yaml", HTTP), *arguments)
        assert held.arrived.wait(PATIENCE)
        process.send_signal(signal.SIGINT)
        yield held, process


def test_an_interrupt_while_a_reload_is_awaited_reports_the_stored_settings_at_once(
    desk: Desk, server: Server
) -> None:
    with interrupted(desk, server, b"x:Action/set") as (held, process):
        ran = ended(process)
        held.release.set()
    assert ran.status == 5
    assert "Stored and verified: 1 change." in ran.out
    told = " ".join(ran.out.split())
    assert "has reloaded its settings: interrupted while the reload was under way." in told
    assert [record["event"] for record in audited(desk)] == ["started", "finished", "reloaded"]


def test_an_interrupt_during_the_update_leaves_the_settings_without_a_reload(
    desk: Desk, server: Server
) -> None:
    with interrupted(desk, server, b"x:Http/set") as (held, process):
        assert process.stderr is not None
        assert process.stderr.readline().startswith(b"interrupted: finishing")
        held.release.set()
        ran = ended(process)
    assert not any("x:Action/set" in str(request.body) for request in server.requests)
    assert ran.status == 5
    assert "interrupted before the reload was sent" in " ".join(ran.out.split())
