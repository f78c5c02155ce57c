"""What Python itself would print past the console: errors and warnings that nobody catches."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.process import Desk

MAIN = """\
import logging, sys, threading, warnings
from confsync.__main__ import main
from confsync.cli import console
from confsync.workflow import validate
load = validate.load
class Dying:
    def __del__(self):
        raise ValueError("Canary-when-dying")
def thread():
    raise ValueError("Canary-in-a-thread")
def leaving():
    raise SystemExit("Canary-of-a-thread-that-ends")
def start(target):
    started = threading.Thread(target=target)
    started.start()
    started.join()
def interrupted(self, text):
    console.Console.say = say
    raise KeyboardInterrupt
say = console.Console.say
def broken(*arguments):
    %s
    return load(*arguments)
validate.load = broken
sys.argv[0] = "confsync"
main()
"""


def ran(desk: Desk, line: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", MAIN % line, "validate", desk.file("a.yaml"), *arguments],
        cwd=desk.directory,
        env=desk.variables(),
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
    )
    assert "anary" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_what_these_tests_run_works_by_itself(offline: Desk) -> None:
    done = ran(offline, "pass")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("line", ["start(thread)", "Dying()"])
def test_an_error_that_nobody_can_catch_is_told_by_its_type_alone(offline: Desk, line: str) -> None:
    done = ran(offline, line)
    assert done.returncode == 0
    assert done.stderr == (
        "error: internal error in confsync: ValueError\n"
        "hint: this is a bug; please report this line\n"
    )


@pytest.mark.parametrize(
    "line",
    [
        "start(leaving)",
        'logging.getLogger("deepdiff").warning("Canary-of-a-library")',
        'logging.warning("Canary-of-the-root")',
        'warnings.warn("Canary-of-a-warning")',
    ],
)
@pytest.mark.parametrize("verbose", [(), ("-v",)])
def test_what_libraries_say_is_not_shown(
    offline: Desk, line: str, verbose: tuple[str, ...]
) -> None:
    done = ran(offline, line, *verbose)
    assert done.returncode == 0
    assert done.stderr == ("confsync.files: reads a.yaml\n" if verbose else "")


def test_debug_tells_that_a_library_warned_and_not_what(offline: Desk) -> None:
    done = ran(offline, 'warnings.warn("Canary-of-a-warning")', "--debug")
    assert done.returncode == 0
    assert "confsync: a library warns: UserWarning\n" in done.stderr


@pytest.mark.parametrize(
    "raised", ['SystemExit("Canary-when-leaving")', "SystemExit(0)", 'GeneratorExit("Canary")']
)
def test_nothing_leaves_the_program_and_nothing_ends_it_as_if_it_were_done(
    offline: Desk, raised: str
) -> None:
    done = ran(offline, f"raise {raised}")
    kind = raised.partition("(")[0]
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: internal error in confsync: {kind} at ")


def test_an_interrupt_while_an_error_is_told_shows_no_traceback(offline: Desk) -> None:
    done = ran(offline, 'console.Console.say = interrupted; raise ValueError("Canary")')
    assert done.returncode != 0
    assert done.stderr == "interrupted\n"


def test_a_shell_that_completes_a_word_gets_it(offline: Desk) -> None:
    variables = {"_CONFSYNC_COMPLETE": "bash_complete", "COMP_WORDS": "confsync va"}
    completed = offline.run(env={**variables, "COMP_CWORD": "1"})
    assert (completed.status, completed.out, completed.err) == (0, "plain,validate\n", "")
