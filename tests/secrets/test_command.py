"""`{command: […]}`: what programs print, and what is left behind by those that do not end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from confsync.secrets.built_in import Command
from confsync.secrets.resolver import Unavailable
from confsync.sync.secret import Ref

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT = {"PATH": os.environ["PATH"], "NAME": "value"}
PYTHON = (sys.executable, "-c")
PATIENCE = 60


def run(*words: str, seconds: float = 10, base: str = "") -> str:
    return Command(seconds)(Ref("command", words[0], base, words[1:]), ENVIRONMENT)


def refusal(*words: str, seconds: float = 10) -> str:
    with pytest.raises(Unavailable) as caught:
        run(*words, seconds=seconds)
    assert "Canary" not in f"{caught.value.fact}{caught.value.hint}"
    assert caught.value.fact.startswith(f"command {words[0]} ")
    return caught.value.fact.removeprefix(f"command {words[0]} ")


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        (r"a b", "a b"),
        (r"a\n", "a"),
        (r"a\n\n", "a\n"),
        (r" a \n", " a "),
        (r"gr\303\274n", "grün"),
        ("", ""),
    ],
)
def test_what_is_printed_counts_without_one_newline(printed: str, text: str) -> None:
    assert run("printf", printed) == text


def test_no_shell_takes_part() -> None:
    assert run("printf", "%s|", "$NAME", "a b", "*", "; exit 1", "") == "$NAME|a b|*|; exit 1||"


def test_it_gets_the_environment_and_nothing_to_read_and_no_terminal() -> None:
    script = (
        "import os, sys\n"
        "print(os.environ['NAME'], sys.stdin.read() == '', os.getsid(0) == os.getpid(), end='')"
    )
    assert run(*PYTHON, script) == "value True True"


def test_it_runs_beside_the_file_that_refers_to_it(tmp_path: Path) -> None:
    program = tmp_path / "get"
    program.write_text("#!/bin/sh\ncat secret\n")
    program.chmod(0o755)
    (tmp_path / "secret").write_text("beside")
    assert run("./get", base=str(tmp_path)) == "beside"


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        (("no-such-program",), "cannot be started"),
        (("/",), "cannot be started"),
        (("sh", "-c", "echo Canary; exit 3"), "exited with status 3"),
        (("sh", "-c", "echo Canary; kill -9 $$"), "was killed by signal 9"),
        (("sh", "-c", "printf 'Canary\\377'"), "is not UTF-8"),
        (("head", "-c", "65537", "/dev/zero"), "is larger than 64 KiB"),
        (("cat", "/dev/zero"), "is larger than 64 KiB"),
    ],
)
def test_what_fails_is_told_without_what_was_printed(words: tuple[str, ...], fact: str) -> None:
    assert refusal(*words) == fact


def test_64_kib_are_taken() -> None:
    assert run("head", "-c", "65536", "/dev/zero") == "\0" * 65536


def test_what_is_said_on_standard_error_goes_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    assert run("sh", "-c", "echo Canary >&2; printf a") == "a"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "script",
    [
        "sleep 600",
        "sleep 600 & wait",
        "printf a; exec >&-; sleep 600",
        "trap '' TERM INT HUP; sleep 600 & while :; do wait; done",
        "sleep 600 &",
    ],
)
def test_what_does_not_end_is_killed_with_all_that_it_started(script: str, tmp_path: Path) -> None:
    mark = tmp_path / "alive"
    started = time.monotonic()
    fact = refusal("sh", "-c", f"exec 9>{mark}; {script}", seconds=0.3)
    assert fact == "did not end within 0.3 s"
    assert time.monotonic() - started < 300  # the scripts end after 600 s
    deadline = time.monotonic() + PATIENCE
    while holders(mark) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not holders(mark)


def test_an_interrupt_kills_it_too(tmp_path: Path) -> None:
    mark = tmp_path / "alive"
    here = threading.get_ident()
    threading.Timer(0.3, signal.pthread_kill, [here, signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        run("sh", "-c", f"exec 9>{mark}; sleep 600 & wait")
    deadline = time.monotonic() + PATIENCE
    while holders(mark) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not holders(mark)


@pytest.mark.parametrize("moment", ["start", "result"])
def test_an_interrupt_while_it_is_started_kills_it_too(
    moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes after the program runs, before the thread that starts it says so: while this thread
    still starts that one, or while it waits for it.
    """
    begun = threading.Event()
    started: list[int] = []

    class Slow(subprocess.Popen[bytes]):
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)  # type: ignore[call-overload] # as it was called
            started.append(self.pid)
            begun.set()
            time.sleep(0.2)

    class Interrupted(threading.Thread):
        def start(self) -> None:
            super().start()
            assert begun.wait(PATIENCE)
            if moment == "start":
                raise KeyboardInterrupt
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(subprocess, "Popen", Slow)
    monkeypatch.setattr(threading, "Thread", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        run("sleep", "600")
    with pytest.raises(ProcessLookupError):
        os.kill(started[0], 0)


def test_a_thread_that_begins_after_an_interrupt_starts_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    late: list[threading.Thread] = []

    class Late(threading.Thread):
        def start(self) -> None:
            late.append(threading.Timer(0, self.run))
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(threading, "Thread", Late)
        with pytest.raises(KeyboardInterrupt):
            run("touch", str(tmp_path / "started"))
    late[0].start()
    late[0].join()
    assert not (tmp_path / "started").exists()


def test_what_a_program_leaves_running_on_purpose_is_left_alone(tmp_path: Path) -> None:
    """An agent, say, that unlocks a store of passwords."""
    file = tmp_path / "pid"
    script = f"sleep 600 >/dev/null 2>&1 & echo $! > {file}; printf a"
    assert run("sh", "-c", script) == "a"
    number = int(file.read_text())
    os.kill(number, signal.SIGTERM)


def holders(file: Path) -> list[str]:
    """The processes that hold a file open."""
    found = subprocess.run(
        ["sh", "-c", "ls -l /proc/[0-9]*/fd 2>/dev/null || true"],  # noqa: S607 - where sh is does not matter
        capture_output=True,
        check=True,
        text=True,
    )
    return [line for line in found.stdout.splitlines() if line.endswith(str(file))]
