"""`-v` and `--debug`: what is done, on standard error, and never with a secret."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from confsync.cli.main import COMMANDS

if TYPE_CHECKING:
    from confsync.sandbox import Server
    from tests.cli.process import Desk

VERSIONS = re.compile(r"^confsync: confsync 0\.1\.0, Python 3\.\S+, click 8\S*, .*$", re.MULTILINE)
REQUEST = re.compile(r"^confsync\.net: POST http://\S+/jmap/: HTTP 200", re.MULTILINE)


@pytest.mark.parametrize("before", [True, False])
def test_v_says_what_is_read_and_what_is_asked(desk: Desk, *, before: bool) -> None:
    file = desk.file("a.yaml")
    quiet = desk.run("plan", file)
    ran = desk.run(*(("-v", "plan", file) if before else ("plan", file, "-v")))
    assert (ran.status, ran.out, quiet.err) == (0, quiet.out, "")
    assert "confsync.files: reads a.yaml\n" in ran.err
    assert len(REQUEST.findall(ran.err)) == 1
    assert not VERSIONS.search(ran.err)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--debug", "plan"),
        ("plan", "--debug"),
        ("plan", "-v", "--debug"),
        ("-v", "--debug", "plan"),
    ],
)
def test_debug_says_more_and_everything_once(desk: Desk, arguments: tuple[str, ...]) -> None:
    ran = desk.run(*arguments, desk.file("a.yaml"))
    assert ran.status == 0
    assert len(VERSIONS.findall(ran.err)) == 1
    assert ran.err.count("confsync.files: reads a.yaml\n") == 1
    assert len(REQUEST.findall(ran.err)) == 1


@pytest.mark.parametrize(
    ("variable", "more"), [("CONFSYNC_VERBOSE", False), ("CONFSYNC_DEBUG", True)]
)
def test_variables_do_the_same(offline: Desk, variable: str, *, more: bool) -> None:
    ran = offline.run("validate", offline.file("a.yaml"), env={variable: "1"})
    assert ran.status == 0
    assert "confsync.files: reads a.yaml\n" in ran.err
    assert bool(VERSIONS.search(ran.err)) == more


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_command_has_both(offline: Desk, command: str) -> None:
    ran = offline.run(*filter(None, [command]), "--help")
    assert "-v, --verbose" in ran.out
    assert "--debug" in ran.out


def test_what_is_said_is_fit_for_a_terminal(offline: Desk) -> None:
    ran = offline.run("validate", "-v", "a\x1b[31m.yaml")
    assert "confsync.files: reads a\\x1b[31m.yaml\n" in ran.err
    assert "\x1b" not in ran.err


def test_an_apply_tells_its_two_requests(desk: Desk, server: Server) -> None:
    ran = desk.run("apply", "--yes", "-v", desk.file("a.yaml"))
    assert ran.status == 0
    assert len(REQUEST.findall(ran.err)) == len(server.requests) == 2


def test_how_long_an_answer_is_is_not_said(desk: Desk, server: Server) -> None:
    """It would tell how long the passwords in it are."""
    said = []
    for password in ("a", "a" * 40):
        server.stored = {"@type": "Redis", "url": f"redis://u:{password}@h"}
        ran = desk.run("plan", "--debug", desk.file("a.yaml"))
        said.append(re.sub(r"\d+\.\d+ s", "T", ran.err))
    assert said[0] == said[1]


FAULT = """\
import sys
from confsync.cli import main
from confsync.workflow import validate
def load(files, vault):
    try:
        raise KeyError("Canary-inside")
    except KeyError as inner:
        raise ValueError("Canary-outside") from inner
validate.load = load
sys.exit(main.run(sys.argv[1:]))
"""


@pytest.mark.parametrize("debug", [False, True])
def test_a_fault_says_where_it_is_and_nothing_of_what_it_holds(
    offline: Desk, *, debug: bool
) -> None:
    more = ["--debug"] if debug else []
    done = subprocess.run(
        [sys.executable, "-c", FAULT, "validate", offline.file("a.yaml"), *more],
        cwd=offline.directory,
        env=offline.variables(),
        capture_output=True,
        check=False,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "error: a fault inside confsync: ValueError at validate.py:" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Canary" not in done.stderr
    assert ("raised at validate.py:" in done.stderr) == debug
