"""Interrupts: before anything is sent, while an update is under way, and while it is told."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.cli.hostile import Held, hostile, passes_to
from tests.cli.process import CONFSYNC, PATIENCE, checked, ended
from tests.cli.process import STORE as WRITTEN
from tests.cli.terminal import terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from confsync.sandbox import Server
    from tests.cli.process import Desk

STORE = "InMemoryStore: {'@type': RedisSentinel, serviceName: main}\n"
LIVE = {"@type": "RedisSentinel", "serviceName": "old"}
UNCHANGED = "nothing was changed on the server"


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
    unchanged = f"{UNCHANGED}\n" if command == "apply" else ""
    assert ran.err.lstrip("\n") == f"interrupted\n{unchanged}"
    assert (len(between.requests), server.stored) == (1, before)
    assert [(path.name, path.read_text()) for path in desk.directory.iterdir()] == [
        ("a.yaml", WRITTEN)
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
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
from confsync.workflow import in_turn
send = in_turn.send
def interrupted(due):
    send(due)
    raise KeyboardInterrupt
in_turn.send = interrupted
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
        "interrupted\nsomething may have been changed: `confsync plan` shows the current state\n"
    )


HIDDEN = """\
import os, signal, sys
from {module} import {function}
from confsync.__main__ import main
class Here:
    def come(self, *_):
        os.kill(os.getpid(), signal.SIGTERM)
    {method} = come
def endless(*_, **__):
    {act}
    while True:
        pass
sys.modules["{module}"].{function} = endless
sys.argv[0] = "confsync"
main()
"""


@pytest.mark.parametrize(
    ("module", "function"),
    [("confsync.report.text", "plans_text"), ("confsync.workflow.plan", "make_plan")],
)
@pytest.mark.parametrize(
    ("method", "act"), [("__del__", "Here()"), ("__set_name__", "type('C', (), {'it': Here()})")]
)
def test_a_signal_is_not_lost_where_python_hides_its_exception(
    desk: Desk, module: str, function: str, method: str, act: str
) -> None:
    program = HIDDEN.format(module=module, function=function, method=method, act=act)
    ran = desk.run("plan", desk.file("a.yaml", STORE), command=(sys.executable, "-c", program))
    assert (ran.status, ran.err.lstrip("\n")) == (130, "interrupted\n")


SLOW = """\
import sys
from confsync.report import outcomes
from confsync.__main__ import main
def endless(*_, **__):
    print("telling", file=sys.stderr, flush=True)
    while True:
        pass
outcomes.outcomes_text = endless
sys.argv[0] = "confsync"
main()
"""
CUT = "interrupted: the report is incomplete; 1 stored\n"


def told_slowly(desk: Desk, url: str) -> subprocess.Popen[bytes]:
    """An apply whose report never ends."""
    arguments = ("apply", "--yes", desk.file("a.yaml", STORE), "--url", url)
    return desk.start(*arguments, command=(sys.executable, "-c", SLOW))


def wait_for(process: subprocess.Popen[bytes], line: bytes) -> None:
    assert process.stderr is not None
    assert line in iter(process.stderr.readline, b"")


def test_the_second_signal_ends_a_report_however_slow_it_is(desk: Desk, server: Server) -> None:
    server.stored = LIVE
    process = told_slowly(desk, server.url)
    wait_for(process, b"telling\n")
    process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    process.send_signal(signal.SIGINT)
    ran = ended(process)
    assert (ran.status, ran.err) == (4, CUT)
    assert server.stored["serviceName"] == "main"


def test_after_a_signal_during_the_update_the_next_one_ends_the_report(
    desk: Desk, server: Server
) -> None:
    server.stored = LIVE
    held = Held(passes_to(server))
    with hostile(passes_to(server), held) as between:
        process = told_slowly(desk, between.url)
        assert held.arrived.wait(20)
        process.send_signal(signal.SIGTERM)
        wait_for(
            process,
            b"interrupted: finishing the update (a few seconds); interrupt again to stop\n",
        )
        held.release.set()
        wait_for(process, b"telling\n")
        process.send_signal(signal.SIGTERM)
        ran = ended(process)
    assert (ran.status, ran.err) == (4, CUT)


def test_a_signal_ends_the_report_at_once_where_nothing_was_sent(
    desk: Desk, server: Server
) -> None:
    server.stored = {"@type": "RedisSentinel", "serviceName": "main"}
    process = told_slowly(desk, server.url)
    wait_for(process, b"telling\n")
    process.send_signal(signal.SIGHUP)
    ran = ended(process)
    assert (ran.status, ran.err.lstrip("\n")) == (130, f"interrupted\n{UNCHANGED}\n")


def test_a_terminal_that_is_closed_during_the_update_lets_it_finish_and_be_told(
    desk: Desk, server: Server
) -> None:
    server.stored = LIVE
    held = Held(passes_to(server))
    with hostile(passes_to(server), held) as between:
        outputs = ("--output", "text", "--output", "json=report.json", "--audit", "audit.jsonl")
        arguments = ("apply", "--yes", desk.file("a.yaml", STORE), "--url", between.url, *outputs)
        with terminal(desk, *arguments) as screen:
            assert held.arrived.wait(20)
            screen.hang_up()
            threading.Timer(0.5, held.release.set).start()
            status = screen.process.wait(PATIENCE)
    # The report at the terminal could not be written.
    assert status == 5
    assert server.stored["serviceName"] == "main"
    report = json.loads((desk.directory / "report.json").read_text())
    assert report["summary"]["outcomes"]["stored"] == 1
    _, finished = (desk.directory / "audit.jsonl").read_text().splitlines()
    assert (json.loads(finished)["result"], json.loads(finished)["as_wanted"]) == ("stored", True)


def test_a_terminal_that_is_closed_under_a_shell_lets_the_update_finish(
    desk: Desk, server: Server
) -> None:
    """The shell and the kernel both send SIGHUP, which is one interrupt and not two."""
    server.stored = LIVE
    held = Held(passes_to(server))
    with hostile(passes_to(server), held) as between:
        words = ("apply", "--yes", desk.file("a.yaml", STORE), "--url", between.url)
        line = shlex.join([*CONFSYNC, *words, "--output", "json=report.json", "--audit", "audit"])
        shell = ("/bin/bash", "--norc", "-i", "-c", f"set -m; {line}; true")
        with terminal(desk, command=shell) as screen:
            assert held.arrived.wait(20)
            screen.hang_up()
            threading.Timer(0.5, held.release.set).start()
            screen.process.wait(PATIENCE)
            until(lambda: "finished" in (desk.directory / "audit").read_text())
            until((desk.directory / "report.json").exists)
    assert json.loads((desk.directory / "report.json").read_text())["summary"]["as_wanted"] is True


def test_sighup_twice_is_one_interrupt(desk: Desk, server: Server) -> None:
    server.stored = LIVE
    held = Held(passes_to(server))
    with hostile(passes_to(server), held) as between:
        process = desk.start("apply", "--yes", desk.file("a.yaml", STORE), "--url", between.url)
        assert held.arrived.wait(20)
        for _ in range(2):
            process.send_signal(signal.SIGHUP)
            time.sleep(0.3)
        held.release.set()
        ran = ended(process)
    assert ran.status == 0
    assert "Stored and verified" in ran.out


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_command_that_a_reference_runs(
    desk: Desk, server: Server, number: int
) -> None:
    desk.file("slow.sh", "echo $$ > pid\nexec sleep 60\n")
    store = "InMemoryStore: {'@type': Redis, url: {command: [sh, slow.sh]}}\n"
    process = desk.start("apply", "--yes", "--allow-commands", desk.file("a.yaml", store))
    pid = desk.directory / "pid"
    until(lambda: pid.exists() and pid.read_text().endswith("\n"))
    process.send_signal(number)
    ran = ended(process)
    assert (ran.status, ran.err.lstrip("\n")) == (130, f"interrupted\n{UNCHANGED}\n")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert server.requests == []


HOLDS = """\
import os, signal
from confsync.cli.console import interrupts
interrupts.start()
interrupts.hold()
os.kill(os.getpid(), signal.SIGTERM)
print("held")
try:
    interrupts.release()
except KeyboardInterrupt:
    print("raised")
"""


def test_a_signal_after_an_update_is_not_lost_and_stops_the_next(desk: Desk) -> None:
    assert desk.run(command=(sys.executable, "-c", HOLDS)).out == "held\nraised\n"


@pytest.mark.parametrize("command", ["plan", "show", "apply"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_many_targets_are_read_ends_with_130(
    desk: Desk, server: Server, command: str, number: int
) -> None:
    held = Held(passes_to(server))
    desk.file("a.yaml", STORE)
    with hostile(held) as between, hostile(passes_to(server)) as quick:
        urls = [quick.url, between.url.replace("127.0.0.1", "localhost"), between.url]
        lines = (
            f"  t{at}: {{url: '{url}', files: [a.yaml], token: {{env: STALWART_TOKEN}}}}\n"
            for at, url in enumerate(urls)
        )
        desk.file("confsync.yaml", "targets:\n" + "".join(lines))
        words = ("--all", "--jobs", "3", *(("--yes",) if command == "apply" else ()))
        process = desk.start(command, *words)
        assert held.arrived.wait(PATIENCE)
        process.send_signal(number)
        ran = ended(process)
        held.release.set()
    unchanged = f"{UNCHANGED}\n" if command == "apply" else ""
    assert (ran.status, ran.out) == (130, "")
    assert ran.err.lstrip("\n") == f"interrupted\n{unchanged}"
