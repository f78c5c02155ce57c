"""Signals: before anything is sent, and while an update is under way."""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from tests.cli.hostile import hostile, passes_to
from tests.cli.process import PATIENCE, checked, ended
from tests.cli.process import STORE as WRITTEN

if TYPE_CHECKING:
    from confsync.sandbox import Server
    from tests.cli.hostile import Action
    from tests.cli.process import Desk

STORE = "InMemoryStore: {'@type': RedisSentinel, serviceName: main}\n"
LIVE = {"@type": "RedisSentinel", "serviceName": "old"}
UNCHANGED = "nothing was changed on the server"
HELD = 200
"""Seconds after which an answer that is held back comes all the same: much longer than an
interrupted apply waits (product page, section 5)."""


class Held:
    """Passes a request on, and holds the answer back until it is let go."""

    def __init__(self, action: Action) -> None:
        self._action = action
        self.arrived = threading.Event()
        self.release = threading.Event()

    def __call__(self, request: bytes) -> bytes:
        answer = self._action(request)
        self.arrived.set()
        self.release.wait(HELD)
        return answer


@pytest.mark.parametrize("command", ["plan", "apply", "pull"])
def test_ctrl_c_while_the_state_is_read_ends_with_130(
    desk: Desk, server: Server, command: str
) -> None:
    held = Held(passes_to(server))
    before = server.stored
    with hostile(held) as between:
        arguments = (command, desk.file("a.yaml"), "--url", between.url)
        process = desk.start(*arguments, *(("--yes",) if command == "apply" else ()))
        assert held.arrived.wait(PATIENCE)
        process.send_signal(signal.SIGINT)
        ran = ended(process)
        held.release.set()
    assert (ran.status, ran.out) == (130, "")
    assert ran.err.lstrip("\n") == f"interrupted\n{UNCHANGED}\n"
    assert (len(between.requests), server.stored) == (1, before)
    assert [(path.name, path.read_text()) for path in desk.directory.iterdir()] == [
        ("a.yaml", WRITTEN)
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_update_finishes_verifies_and_reports(
    desk: Desk, server: Server, number: int
) -> None:
    server.stored = LIVE
    held = Held(passes_to(server))
    with hostile(passes_to(server), held, passes_to(server)) as between:
        process = desk.start("apply", "--yes", desk.file("a.yaml", STORE), "--url", between.url)
        assert held.arrived.wait(PATIENCE)
        process.send_signal(number)
        threading.Timer(0.5, held.release.set).start()
        ran = ended(process)
        held.release.set()
    assert ran.status == 0
    assert "Stored and verified" in ran.out
    assert UNCHANGED not in ran.err
    assert server.stored["serviceName"] == "main"


def test_a_signal_during_an_update_that_is_never_answered_ends_in_time(
    desk: Desk, server: Server
) -> None:
    server.stored = LIVE
    held = Held(passes_to(server))
    with hostile(passes_to(server), held, held) as between:
        process = desk.start("apply", "--yes", desk.file("a.yaml", STORE), "--url", between.url)
        assert held.arrived.wait(PATIENCE)
        process.send_signal(signal.SIGINT)
        try:
            ran = ended(process)
        finally:
            held.release.set()
    assert ran.status == 4
    assert UNCHANGED not in ran.err


def test_a_second_signal_during_the_update_leaves_the_outcome_unknown(
    desk: Desk, server: Server
) -> None:
    server.stored = LIVE
    update, verifying = Held(passes_to(server)), Held(passes_to(server))
    with hostile(passes_to(server), update, verifying) as between:
        process = desk.start("apply", "--yes", desk.file("a.yaml", STORE), "--url", between.url)
        assert update.arrived.wait(PATIENCE)
        process.send_signal(signal.SIGINT)
        verifying.arrived.wait(1)
        process.send_signal(signal.SIGINT)
        try:
            ran = ended(process)
        finally:
            update.release.set()
            verifying.release.set()
    assert ran.status == 4
    assert UNCHANGED not in ran.out + ran.err


def test_a_reader_that_goes_away_during_the_update_does_not_hide_what_became_of_it(
    desk: Desk, server: Server
) -> None:
    server.stored = LIVE
    held = Held(passes_to(server))
    with hostile(passes_to(server), held) as between:
        process = desk.start("apply", "--yes", desk.file("a.yaml", STORE), "--url", between.url)
        assert process.stdout is not None
        assert process.stderr is not None
        assert held.arrived.wait(PATIENCE)
        process.stdout.close()
        held.release.set()
        err = process.stderr.read()
        status = process.wait(PATIENCE)
        process.stderr.close()
    ran = checked(status, b"", err)
    assert "Stored and verified" in ran.err
    assert UNCHANGED not in ran.err
    assert server.stored["serviceName"] == "main"


LATE = """\
import sys
from confsync.__main__ import main
from confsync.workflow import apply
send = apply.send
def interrupted(plan, session):
    send(plan, session)
    raise KeyboardInterrupt
apply.send = interrupted
sys.argv[0] = "confsync"
main()
"""


def test_a_signal_between_the_update_and_its_report_never_says_that_nothing_was_changed(
    desk: Desk, server: Server
) -> None:
    server.stored = LIVE
    command = (sys.executable, "-c", LATE)
    ran = desk.run("apply", "--yes", desk.file("a.yaml", STORE), command=command)
    assert server.stored["serviceName"] == "main"
    assert ran.status == 4
    assert ran.err.lstrip("\n") == (
        "interrupted\n"
        "it is not known whether anything was changed: `confsync plan` shows what is there\n"
    )
