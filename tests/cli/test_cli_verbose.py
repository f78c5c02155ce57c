"""`-q`, `-v` and `--debug`: standard error says less or more, and never a secret."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from confsync.cli.main import COMMANDS, run
from confsync.cli.standard_error import LOGGER
from tests.cli.process import STORE

if TYPE_CHECKING:
    from pathlib import Path

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
def test_every_command_has_all_three(offline: Desk, command: str) -> None:
    ran = offline.run(*filter(None, [command]), "--help")
    assert "-q, --quiet" in ran.out
    assert "-v, --verbose" in ran.out
    assert "--debug" in ran.out


FAR = """\
targets:
  one: {url: 'http://127.0.0.1:9', files: [a.yaml], token: {env: STALWART_TOKEN}}
  two: {url: 'http://127.0.0.1:9', files: [a.yaml], token: {env: STALWART_TOKEN}}
"""


def test_quiet_drops_warnings_and_waits_and_keeps_errors(desk: Desk) -> None:
    desk.file("a.yaml")
    desk.file("confsync.yaml", FAR)
    loud = desk.run("plan", "--all", "--retries", "1")
    assert loud.err.startswith("warning: one and two share a server\nhint: ")
    assert "; trying again in " in loud.err
    error = "error: targets one, two: cannot connect" if "targets one" in loud.err else "error: "
    for arguments, variables in ((["-q"], {}), ([], {"CONFSYNC_QUIET": "1"})):
        ran = desk.run("plan", "--all", "--retries", "1", *arguments, env=variables)
        assert (ran.status, ran.out) == (loud.status, loud.out)
        assert ran.err.startswith(error)
        assert "warning" not in ran.err
        assert "trying again" not in ran.err


def test_quiet_leaves_standard_output_and_the_question_alone(desk: Desk) -> None:
    file = desk.file("a.yaml")
    assert desk.run("plan", "--quiet", file) == desk.run("plan", file)
    ran = desk.run("-q", "apply", file)
    assert ran.err.startswith("error: cannot ask for confirmation")


def test_a_quiet_fmt_reports_only_what_cannot_be_formatted(offline: Desk) -> None:
    loose = "InMemoryStore:\n    '@type':   Redis\n"
    ran = offline.run("fmt", "-q", offline.file("a.yaml", loose))
    assert (ran.status, ran.out, ran.err) == (0, "", "")
    offline.file("bad.yaml", "InMemoryStore: [\n")
    ran = offline.run("fmt", "-q", "a.yaml", "bad.yaml")
    assert ran.status == 1
    assert ran.err.startswith("bad.yaml:")
    assert "a.yaml" not in ran.err.replace("bad.yaml", "")


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


@pytest.mark.parametrize(
    ("arguments", "variables", "told"),
    [
        (("plan",), {}, "plan with files, --debug"),
        (
            ("plan", "--output=json"),
            {"CONFSYNC_UNLISTED": "keep"},
            "plan with files, --unlisted keep (from the environment), --output, --debug",
        ),
        (
            ("apply", "--yes", "--allow", "plaintext-secret", "--color=never"),
            {},
            "apply with files, --yes, --allow, --color never, --debug",
        ),
    ],
)
def test_debug_names_the_options_and_only_values_that_are_one_of_a_few(
    desk: Desk, arguments: tuple[str, ...], variables: dict[str, str], told: str
) -> None:
    ran = desk.run(
        *arguments, "--debug", desk.file("a.yaml"), env={"CONFSYNC_RETRIES": None, **variables}
    )
    lines = [line for line in ran.err.splitlines() if " with " in line]
    assert lines == [f"confsync: {told}"]


def test_where_debug_stands_it_names_the_same(desk: Desk) -> None:
    lines = [
        [line for line in ran.err.splitlines() if " with " in line]
        for ran in (
            desk.run("--debug", "validate", "--color", "never", desk.file("a.yaml")),
            desk.run("validate", "--color", "never", "a.yaml", env={"CONFSYNC_DEBUG": "1"}),
        )
    ]
    assert lines == [
        ["confsync: validate with files, --color never"],
        ["confsync: validate with files, --color never, --debug (from the environment)"],
    ]


def test_v_does_not_name_them(desk: Desk) -> None:
    assert " with " not in desk.run("plan", "-v", desk.file("a.yaml")).err


def test_nothing_of_it_is_left_when_a_run_is_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.yaml").write_text(STORE)
    before = (LOGGER.level, LOGGER.handlers[:])
    assert run(["validate", "--debug", str(tmp_path / "a.yaml")]) == 0
    assert "confsync.files: reads" in capsys.readouterr().err
    assert (LOGGER.level, LOGGER.handlers) == before
    assert run(["validate", str(tmp_path / "a.yaml")]) == 0
    assert capsys.readouterr().err == ""


ODD_LINES = """\
import logging, os, sys
from confsync.cli import main
import confsync.workflow.plan as plan
load = plan.load
def logging_load(*arguments):
    log = logging.getLogger("confsync.odd")
    log.info("x" * 490 + os.environ["STALWART_TOKEN"])
    log.info("%d", "Canary-that-is-no-number")
    logging.getLogger("httpx").error("Canary-of-a-library")
    return load(*arguments)
plan.load = logging_load
print(main.run(sys.argv[1:]))
"""


def test_a_line_that_is_cut_off_or_cannot_be_made_shows_nothing_and_ends_nothing(
    desk: Desk,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ODD_LINES, "plan", "-v", desk.file("a.yaml")],
        cwd=desk.directory,
        env=desk.variables(),
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
    )
    assert done.stdout.endswith("0\n")
    assert f"confsync.odd: {'x' * 490}****\n" in done.stderr
    assert "confsync.odd: a line that cannot be written\n" in done.stderr


FAULT = """\
import sys
from confsync.cli import main
from confsync.workflow import validate
def load(*arguments):
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
        timeout=300,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "error: internal error in confsync: ValueError at validate.py:" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Canary" not in done.stderr
    said = [line.removeprefix("confsync: ") for line in done.stderr.splitlines()]
    assert ("ValueError was raised at" in said) == debug
    if debug:
        trail = "\n".join(said[said.index("ValueError was raised at") :])
        one, another = r"  __main__:\d+ in load\n", r"  confsync\.[\w.]+:\d+ in \S+\n"
        outside = r"  click\.\w+:\d+ in \S+\n"
        assert re.match(f"ValueError was raised at\n{one}({another})+KeyError", trail)
        assert re.search(f"\nKeyError was raised at\n{one}", trail)
        assert re.search(f"\n{outside}", trail)
        assert "  confsync.cli.main:" in trail
