"""The last line of defence, core dumps, files and processes, and GitHub's masks."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from confsync.cli.mask import add_masks
from confsync.sync.secret import Ref, Vault
from tests.cli.process import APPLY_KEY, ENV_SECRET, LIVE_SECRET, STORE

if TYPE_CHECKING:
    from pathlib import Path

    from confsync.sandbox import Server
    from tests.cli.process import Desk

LEAKING = """\
import base64, json, os, sys, urllib.parse
from confsync.cli import main
from confsync.report import PLANS, text
secret = os.environ["REDIS_PASSWORD"]
spelt = [secret, json.dumps(secret), urllib.parse.quote(secret, safe=""),
         base64.b64encode(f"admin:{secret}".encode()).decode()]
PLANS["text"] = lambda found: text.plan_text(found[0]) + "\\n".join(spelt)
sys.exit(main.run(sys.argv[1:]))
"""
"""confsync as it would be if its plan held a secret: the scrubber takes it out all the same."""


def test_a_leak_is_scrubbed_from_both_streams_and_from_files(desk: Desk) -> None:
    file, secret = desk.file("a.yaml"), 'Canary+"of a/leak'
    done = subprocess.run(
        [sys.executable, "-c", LEAKING, "plan", file, "--output=text", "--output=text=plan.txt"],
        cwd=desk.directory,
        env=desk.variables({"REDIS_PASSWORD": secret}),
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
    )
    written = (desk.directory / "plan.txt").read_text()
    assert done.returncode == 0, done.stderr
    assert written == done.stdout
    assert written.count("****") == 5
    assert "anary" not in written


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_a_token_that_is_typed_as_a_file_is_not_repeated(desk: Desk, command: str) -> None:
    ran = desk.run(command, APPLY_KEY)
    assert ran.status == 1
    assert "****: error: there is no such file" in ran.out + ran.err


def test_no_core_dump_is_ever_written() -> None:
    script = (
        "import resource, runpy, sys; sys.argv = ['confsync', '--version']\n"
        "_, most = resource.getrlimit(resource.RLIMIT_CORE)\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (most, most))\n"
        "try:\n    runpy.run_module('confsync', run_name='__main__')\n"
        "except SystemExit:\n    print(resource.getrlimit(resource.RLIMIT_CORE))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True, timeout=3000
    )
    assert done.stdout.splitlines()[-1] == "(0, 0)"


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes"), ("show",), ("validate",)])
def test_no_file_is_left_anywhere(desk: Desk, tmp_path: Path, command: tuple[str, ...]) -> None:
    places = {name: tmp_path / name for name in ("TMPDIR", "HOME", "XDG_CACHE_HOME")}
    for place in places.values():
        place.mkdir()
    files = [] if command == ("show",) else [desk.file("work/a.yaml")]
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    environment = {name: str(place) for name, place in places.items()}
    assert desk.run(*command, *files, env=environment).status == 0
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before


def test_no_secret_is_among_the_arguments_of_a_process(desk: Desk) -> None:
    """Neither of confsync nor of the commands that it runs."""
    store = STORE.replace("{env: REDIS_PASSWORD}", "{command: [./list]}")
    desk.file("list", "#!/bin/sh\ncat /proc/*/cmdline > seen\necho Canary-of-a-command\n")
    (desk.directory / "list").chmod(0o755)
    assert desk.run("apply", "--yes", "--allow-commands", desk.file("a.yaml", store)).status == 0
    seen = (desk.directory / "seen").read_bytes()
    assert b"--allow-commands" in seen
    for secret in (APPLY_KEY, ENV_SECRET, LIVE_SECRET):
        assert secret.encode() not in seen


# GitHub's masks

ACTIONS = {"GITHUB_ACTIONS": "true", "REDIS_PASSWORD": "50%-secret"}


def test_github_is_told_what_to_mask_before_anything_is_shown(desk: Desk) -> None:
    ran = desk.run("apply", "--yes", "--add-mask", desk.file("a.yaml"), env=ACTIONS)
    assert (ran.status, ran.err) == (0, "::add-mask::50%25-secret\n")
    assert "50%" not in ran.out


def test_a_variable_asks_for_it_too(desk: Desk) -> None:
    variables = {**ACTIONS, "CONFSYNC_ADD_MASK": "1"}
    ran = desk.run("apply", "--yes", desk.file("a.yaml"), env=variables)
    assert (ran.status, ran.err) == (0, "::add-mask::50%25-secret\n")


def test_with_debug_the_mask_comes_before_anything_is_sent(desk: Desk) -> None:
    ran = desk.run("apply", "--yes", "--debug", "--add-mask", desk.file("a.yaml"), env=ACTIONS)
    before, mask, after = ran.err.partition("::add-mask::50%25-secret\n")
    assert mask
    assert "50%" not in before + after
    assert after.count("POST") == 1


def test_the_runner_gets_each_value_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    vault = Vault()
    for text in ("a\r\nb%0A", "c"):
        vault.seal(text, Ref("env", "A"))
    vault.seal("of-the-server")
    add_masks(vault)
    written = capsys.readouterr()
    assert (written.out, written.err) == ("", "::add-mask::a%0D%0Ab%250A\n::add-mask::c\n")


def test_nothing_is_told_unless_it_is_asked_for(desk: Desk) -> None:
    ran = desk.run("apply", "--yes", desk.file("a.yaml"), env=ACTIONS)
    assert (ran.status, ran.err) == (0, "")


def test_what_the_server_sent_is_not_told(desk: Desk, server: Server) -> None:
    server.stored = {"@type": "Redis", "url": "redis://u:of-the-server@h"}
    ran = desk.run("apply", "--yes", "--add-mask", desk.file("a.yaml"), env=ACTIONS)
    assert (ran.status, ran.err) == (0, "::add-mask::50%25-secret\n")


@pytest.mark.parametrize("value", [None, "", "false"])
def test_outside_of_github_it_is_refused(desk: Desk, server: Server, value: str | None) -> None:
    variables = {**ACTIONS, "GITHUB_ACTIONS": value}
    ran = desk.run("apply", "--yes", "--add-mask", desk.file("a.yaml"), env=variables)
    assert (ran.status, ran.out) == (1, "")
    assert "--add-mask is for GitHub Actions" in ran.err
    assert not server.requests


def test_secrets_are_not_written_to_a_file_that_standard_error_goes_to(
    desk: Desk, server: Server
) -> None:
    file, log = desk.file("a.yaml"), desk.directory / "log"
    with log.open("wb") as stderr:
        done = subprocess.run(
            [sys.executable, "-m", "confsync", "apply", "--yes", "--add-mask", file],
            cwd=desk.directory,
            env=desk.variables(ACTIONS),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            check=False,
            timeout=300,
        )
    assert (done.returncode, done.stdout) == (1, b"")
    assert "standard error is one" in log.read_text()
    assert "50%" not in log.read_text()
    assert not server.requests
