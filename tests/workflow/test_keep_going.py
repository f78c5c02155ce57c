"""What stops an apply over several targets, and what does not with `--keep-going`."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import count
from typing import TYPE_CHECKING

import pytest

from confsync.errors import DeadlinePassed, Declined, Refused
from confsync.report import OUTCOMES
from confsync.sandbox import Server
from confsync.sync.outcome import NotBegun, NotSent, Rejected, Stored
from confsync.sync.secret import Vault
from confsync.sync.values import Failed
from confsync.workflow.apply import How, apply_all
from confsync.workflow.audit import Audit
from confsync.workflow.jobs import Jobs
from confsync.workflow.session import Reach
from confsync.workflow.targets import NOTHING_WANTED, Asked, aims
from tests.cli.process import APPLY_KEY, KEYS, PLAN_KEY
from tests.workflow.test_apply_all import BEFORE, NO_ACCESS, NOBODY, PLAIN, STORE, WANTED, updates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from confsync.sync.outcome import Ended
    from confsync.sync.values import Plan

GOING = How(keep_going=True)


@dataclass
class Team:
    """Three targets, `t0` to `t2`, and the key that each is applied with."""

    directory: Path
    servers: list[Server]

    def configure(self, *urls: str) -> None:
        lines = (
            f"  t{number}: {{url: '{url}', files: [t{number}.yaml], token: {{env: T{number}}}}}\n"
            for number, url in enumerate(urls)
        )
        (self.directory / "confsync.yaml").write_text("targets:\n" + "".join(lines))

    def apply(self, how: How, jobs: Jobs | None = None, **keys: str) -> tuple[Ended, ...]:
        chosen = aims(
            self.directory, Asked(all=True), NOTHING_WANTED, NO_ACCESS, today=date(2027, 1, 31)
        )
        environment = {f"T{number}": APPLY_KEY for number in range(3)} | keys
        return apply_all(chosen, Reach(environment, Vault(), jobs=jobs or Jobs(2)), how)

    @property
    def updates(self) -> list[int]:
        return [*map(updates, self.servers)]


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    monkeypatch.chdir(tmp_path)
    with (
        Server(initial=BEFORE, keys=KEYS) as one,
        Server(initial=BEFORE, keys=KEYS) as two,
        Server(initial=BEFORE, keys=KEYS) as three,
    ):
        made = Team(tmp_path, [one, two, three])
        made.configure(one.url, two.url, three.url)
        for number in range(3):
            (tmp_path / f"t{number}.yaml").write_text(STORE)
        yield made


def kinds(ended: Sequence[Ended]) -> list[type]:
    return [type(one) for one in ended]


def test_one_that_cannot_be_planned_stops_no_other(team: Team) -> None:
    team.configure(team.servers[0].url, NOBODY, team.servers[2].url)
    ended = team.apply(GOING)
    assert kinds(ended) == [Stored, Failed, Stored]
    assert team.updates == [1, 0, 1]
    assert OUTCOMES["text"](ended).endswith("\n3 targets: 2 applied, 1 failed. 2 changes.\n")


def test_one_that_is_refused_stops_no_other(team: Team) -> None:
    (team.directory / "t0.yaml").write_text(PLAIN)
    audit = Audit("audit.jsonl", {}, lambda: datetime.now(UTC))
    ended = team.apply(replace(GOING, audit=audit))
    assert kinds(ended) == [Failed, Stored, Stored]
    assert isinstance(ended[0], Failed)
    assert isinstance(ended[0].error, Refused)
    assert ended[0].error.message == "url contains a password in plain text"
    assert team.updates == [0, 1, 1]
    lines = (team.directory / "audit.jsonl").read_text().splitlines()
    records = [*map(json.loads, lines)]
    assert [one["result"] for one in records if one["event"] == "finished"] == [
        *("refused", "stored", "stored")
    ]


def test_one_that_fails_stops_no_other(team: Team) -> None:
    assert kinds(team.apply(GOING, T0=PLAN_KEY)) == [Rejected, Stored, Stored]
    assert team.updates == [1, 1, 1]


def test_one_that_changed_while_the_question_was_open_stops_no_other(team: Team) -> None:
    def somebody_else(_: Sequence[Plan]) -> bool:
        team.servers[1].stored = {"@type": "Redis", "url": "redis://theirs"}
        return True

    ended = team.apply(replace(GOING, ask=somebody_else))
    assert kinds(ended) == [Stored, Failed, Stored]
    assert isinstance(ended[1], Failed)
    assert isinstance(ended[1].error, Declined)
    assert team.updates == [1, 0, 1]


def test_the_objects_of_a_target_stop_each_other_all_the_same(team: Team) -> None:
    for number in range(3):
        (team.directory / f"t{number}.yaml").write_text(
            STORE + "Http: {rateLimitAnonymous: null}\n"
        )
    both = {"sysHttpGet", "sysHttpUpdate"}
    keys = {APPLY_KEY: KEYS[APPLY_KEY] | both, PLAN_KEY: KEYS[PLAN_KEY] | both}
    with Server(initial=BEFORE, keys=keys) as one, Server(initial=BEFORE, keys=keys) as two:
        team.configure(one.url, two.url)
        ended = team.apply(GOING, T0=PLAN_KEY)
    assert kinds(ended) == [Rejected, NotBegun, Stored, Stored]
    told = OUTCOMES["text"](ended)
    assert "Skipped: the run stopped at InMemoryStore (failed).\n" in told


def test_all_that_fail_are_told_and_nothing_is_sent(team: Team) -> None:
    team.configure(NOBODY, NOBODY.replace("127.0.0.1", "127.0.0.2"))
    assert kinds(team.apply(GOING)) == [Failed, Failed]


def test_an_interrupt_stops_all_the_same(team: Team) -> None:
    asked = count(1)

    def now() -> datetime:
        if next(asked) == 3:
            raise KeyboardInterrupt
        return datetime(2027, 1, 31, tzinfo=UTC)

    ended = team.apply(replace(GOING, audit=Audit("audit.jsonl", {}, now)))
    assert kinds(ended) == [Stored, NotBegun, NotBegun]
    assert team.updates == [1, 0, 0]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (How(max_targets=1), "the plan has 2 targets to update; --max-targets allows 1"),
        (How(max_changes=1), "the plan has 2 changes; --max-changes allows 1"),
        (How(max_changes=0, keep_going=True), "the plan has 2 changes; --max-changes allows 0"),
    ],
)
def test_a_larger_plan_is_refused_before_anything_is_sent(team: Team, how: How, words: str) -> None:
    team.servers[1].stored = WANTED
    with pytest.raises(Declined) as caught:
        team.apply(how)
    assert caught.value.message == words
    assert team.updates == [0, 0, 0]


def test_a_plan_as_large_as_allowed_is_applied(team: Team) -> None:
    team.servers[1].stored = WANTED
    assert kinds(team.apply(How(max_targets=2, max_changes=2))) == [Stored, NotSent, Stored]


def late_after(moment: int) -> Jobs:
    """A deadline that has passed when it is asked for after some times."""
    asked = count(1)
    return Jobs(late=lambda: next(asked) > moment)


def test_after_the_deadline_no_target_is_planned(team: Team) -> None:
    ended = team.apply(How(), late_after(1))
    assert kinds(ended) == [NotBegun, Failed, Failed]
    assert isinstance(ended[1], Failed)
    assert isinstance(ended[1].error, DeadlinePassed)
    assert [len(server.requests) for server in team.servers] == [1, 0, 0]


def test_after_the_deadline_no_target_is_updated(team: Team) -> None:
    ended = team.apply(How(), late_after(4))
    assert kinds(ended) == [Stored, NotBegun, NotBegun]
    assert [one.late for one in ended if isinstance(one, NotBegun)] == [True, True]
    told = OUTCOMES["text"](ended)
    assert "2 targets: t1, t2\n\nSkipped: the deadline of the run has passed.\n" in told
    assert team.updates == [1, 0, 0]


def test_of_one_target_alone_the_deadline_is_an_error(team: Team) -> None:
    team.configure(team.servers[0].url)
    with pytest.raises(DeadlinePassed):
        team.apply(How(), late_after(1))
    assert team.updates == [0, 0, 0]
