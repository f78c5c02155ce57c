"""What is chosen among the targets of `confsync.yaml`, and what is odd about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.process import Desk

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """\
groups:
  all: {files: [stores/base.yaml]}
targets:
  one: {url: 'http://127.0.0.1:9', in: [all]}
  two: {url: 'http://127.0.0.1:10', in: [all]}
"""
OFFLINE = ("validate", "fmt", "targets", "render")
COMMANDS = (*OFFLINE, "plan", "apply", "show")


@pytest.fixture
def team(tmp_path: Path) -> Desk:
    """Two targets that nobody can reach."""
    desk = Desk(tmp_path)
    desk.file(
        "stores/base.yaml", "InMemoryStore:\n  '@type': Redis\n  url: redis://a.example.com\n"
    )
    desk.file("confsync.yaml", CONFIG)
    return desk


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("given", [("--using", "other.md"), ("--all", "--shard", "5/9")])
def test_no_target_is_no_error_and_the_first_line_says_so(
    team: Desk, command: str, given: tuple[str, ...]
) -> None:
    ran = team.run(command, *given)
    words = "using other.md" if given[0] == "--using" else "shard 5/9"
    assert ran.err.startswith(f"note: 0 of 2 targets: {words}\n")
    assert ran.status == 0
    assert "error:" not in ran.out + ran.err


def test_an_empty_list_of_files_is_told(team: Desk) -> None:
    ran = team.run("targets", "--using", "-", given=b"")
    assert ran.err == "note: 0 of 2 targets: using no file\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_targets_of_a_report_that_are_gone_are_named(team: Desk, command: str) -> None:
    gone: list[object] = [
        {"name": name, "objects": [], "error": {"message": "x"}} for name in ("three", "four")
    ]
    team.file("run.json", json.dumps({"targets": gone}))
    ran = team.run(command, "--targets-from", "run.json", "--with", "failed")
    assert ran.err.splitlines()[:2] == [
        "note: 0 of 2 targets: failed in run.json",
        "warning: not in confsync.yaml any more: four, three (failed in run.json)",
    ]
    assert ran.status == 0


def test_without_a_target_validate_checks_the_configuration_and_fmt_no_file(team: Desk) -> None:
    assert team.run("validate", "--using", "other.md").out == "1 file checked, no errors.\n"
    assert team.run("fmt", "--using", "other.md").err.endswith("no files.\n")


@pytest.mark.parametrize("command", OFFLINE)
def test_commands_without_a_server_say_how_many_targets_are_chosen(
    team: Desk, command: str
) -> None:
    ran = team.run(command, "--exclude", "two")
    assert (ran.status, ran.err.splitlines()[0]) == (0, "note: 1 of 2 targets: without two")
    assert "note" not in team.run(command, "--exclude", "two", "--quiet").err
    assert "note" not in team.run(command).err


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("given", "fact"),
    [
        (("--shard", ""), "--shard: not a shard"),
        (("--shard", "1/0"), "--shard: there is no shard of 0"),
        (("--targets-from", ""), "--targets-from: empty file name"),
        (("--using", ""), "--using: empty file name"),
        (("--target", "one"), "--all and --target cannot be combined"),
    ],
)
def test_what_would_choose_other_targets_than_meant_is_refused(
    team: Desk, command: str, given: tuple[str, ...], fact: str
) -> None:
    ran = team.run(command, "--all", *given)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith(f"error: {fact}\n")


@pytest.mark.parametrize("command", ["validate", "fmt", "render", "plan", "apply"])
@pytest.mark.parametrize(
    "given", [("--group", "all"), ("--exclude", "two"), ("--shard", "1/2"), ("--using", "a.yaml")]
)
def test_files_and_a_choice_name_the_option(
    team: Desk, command: str, given: tuple[str, ...]
) -> None:
    ran = team.run(command, "stores/base.yaml", *given)
    assert ran.status == 1
    assert ran.err.startswith(f"error: files and {given[0]} cannot be combined\n")


def test_targets_with_a_base_that_chooses_nothing_is_refused(team: Desk) -> None:
    ran = team.run("targets", "--base", "HEAD")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("error: --base needs --changed\n")
    assert team.run("targets", env={"CONFSYNC_BASE": "HEAD"}).status == 0
    ran = team.run("targets", "--base", "", "--changed")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("error: --changed needs --base\n")


@pytest.mark.parametrize(
    "given",
    [
        ("--target", "one"),
        ("--all",),
        ("--exclude", "one"),
        ("--shard", "1/2"),
        ("--url", "http://x"),
    ],
)
def test_a_saved_plan_is_shown_whole_or_not_at_all(team: Desk, given: tuple[str, ...]) -> None:
    assert team.run("plan", "--all", "--shard", "5/9", "--out", "a.plan").status == 0
    assert json.loads(team.run("show", "a.plan", "--output", "json").out)["targets"] == []
    ran = team.run("show", "a.plan", *given)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith(f"error: {given[0]} cannot be combined with a saved plan\n")
