"""What the reports of plan and apply say of their run."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

import confsync
from confsync.errors import ConnectionFailed
from confsync.report.run import Run, Selection
from confsync.sync.secret import Vault
from confsync.sync.values import Failed, Target
from confsync.workflow.run import run_of, selection_of
from confsync.workflow.selection import Filters
from confsync.workflow.session import Reach, each
from confsync.workflow.targets import (
    NOTHING_ASKED,
    NOTHING_WANTED,
    Access,
    Aim,
    Asked,
    aims,
    without_config,
)

if TYPE_CHECKING:
    from pathlib import Path

ACCESS = Access(None, False, None, None, None, None, 1, 0)  # noqa: FBT003 - plain values
NOW = datetime(2026, 11, 28, 1, 36, 30, tzinfo=timezone(timedelta(hours=2)))
FLEET = """\
groups:
  all: {files: [a.yaml]}
  production: {in: [all], token: {env: TOKEN, of: target}}
targets:
  one: {url: 'http://127.0.0.1:9', in: [production]}
  two: {url: 'http://127.0.0.1:10', in: [production]}
  three: {url: 'http://127.0.0.1:11', in: [all]}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "confsync.yaml").write_text(FLEET)
    return tmp_path


def chosen(here: Path, asked: Asked) -> tuple[Aim, ...]:
    return aims(here, asked, NOTHING_WANTED, ACCESS, today=date(2027, 1, 31))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (Asked(filters=Filters(groups=(("production",),))), Selection(2, 3, "group production")),
        (Asked(filters=Filters(using=("other.yaml",))), Selection(0, 3, "using other.yaml")),
        (
            Asked(all=True, filters=Filters(exclude=("one",), shard=(1, 1))),
            Selection(2, 3, "without one", (1, 1)),
        ),
        (Asked(all=True), Selection(3, 3)),
        (
            Asked(targets=("t*", "one"), filters=Filters(exclude=("two",))),
            Selection(2, 3, "target t* or one, without two"),
        ),
    ],
)
def test_the_selection_counts_the_targets(here: Path, asked: Asked, found: Selection) -> None:
    assert selection_of(chosen(here, asked), asked) == found


def test_without_a_configuration_there_is_no_selection() -> None:
    assert (
        selection_of([without_config(("a.yaml",), NOTHING_WANTED, ACCESS)], NOTHING_ASKED) is None
    )


def test_a_run_has_version_time_and_commit_and_the_groups_of_its_targets(here: Path) -> None:
    environment = {"GITLAB_CI": "true", "CI_COMMIT_SHA": "0123abcd"}
    asked = Asked(targets=("one", "three"))
    aims = chosen(here, asked)
    run = run_of(aims, asked, environment, NOW, {"one": 0.1})
    assert (run.version, run.generated_at) == (confsync.__version__, "2026-11-27T23:36:30Z")
    assert (run.commit, run.selection) == ("0123abcd", Selection(2, 3, "target one or three"))
    assert run.groups == {"one": ("all", "production"), "three": ("all",)}
    assert run_of(aims, NOTHING_ASKED, {"CI_COMMIT_SHA": "0123"}, NOW, {}).commit == ""


def test_a_saved_plan_has_the_groups_of_the_configuration_that_is_there(here: Path) -> None:
    run = run_of((), NOTHING_ASKED, {}, NOW, {})
    assert (run.selection, run.groups["two"]) == (None, ("all", "production"))
    (here / "confsync.yaml").write_text("targets: [\n")
    assert run_of((), NOTHING_ASKED, {}, NOW, {}).groups == {}


def test_reading_is_timed_target_by_target_also_where_it_fails(here: Path) -> None:
    ticks = iter([10.0, 10.5, 20.0, 20.1236])
    reach = Reach({"TOKEN": "key"}, Vault(), clock=lambda: next(ticks))

    def use(aim: Aim, _: object) -> None:
        if aim.name == "two":
            raise ConnectionFailed("it failed")

    _, failed = each(chosen(here, Asked(targets=("one", "two"))), reach, use)
    assert isinstance(failed, Failed)
    assert reach.seconds == pytest.approx({"one": 0.5, "two": 0.1236})
    run = Run("", "", seconds=reach.seconds)
    assert run.seconds_of(Target("two", "http://127.0.0.1:10")) == 0.124
    assert run.seconds_of(Target("three", "http://127.0.0.1:11")) is None


def test_the_only_server_without_a_name_is_timed_too() -> None:
    run = Run("", "", seconds={"": 0.25})
    assert run.seconds_of(Target("http://127.0.0.1:9", "http://127.0.0.1:9")) == 0.25
