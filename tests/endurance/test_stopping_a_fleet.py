"""SIGTERM at any moment of an apply over forty targets leaves a status, a report, JSON Lines and an
audit file that are true.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from contextlib import ExitStack
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.process import forking
from tests.endurance.fleet import AUDIT, LINES, OBJECTS, REPORT, Moments, Stopped, spread
from tests.fork import Job

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.cli.process import Ran

    Objects = Mapping[tuple[str, str], Any]
    """By the names of target and object."""

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
CALLS = 90
"""Calls of functions after a step of a file: about those until the next request is sent."""

CHANCE = Random(SystemRandom().randrange(10**9) if LONG else 0)  # noqa: S311 - which is no secret

CUT = ("the report is incomplete", "something may have been changed")
UNCHANGED = ("nothing was changed on any server", "nothing was changed on the server")
READ, UPDATES, REPORTING = 40, 80, 2
"""Requests of a whole run, and steps of files after the last one."""


class Ground:
    """The fleet, and what a run that nobody stops leaves."""

    def __init__(self, fleet: Stopped) -> None:
        self.fleet = fleet
        self.whole = fleet.stopped(Moments())
        self.wanted = fleet.held()
        self.steps, self.file_steps = fleet.steps, fleet.file_steps


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with ExitStack() as stack:
        yield Ground(Stopped(tmp_path_factory.mktemp("ground") / "fleet", stack))


def test_a_run_that_nobody_stops_stores_all(ground: Ground) -> None:
    """So what is below is not about an empty run."""
    assert ground.whole.status == 0
    assert ground.steps == 2 * (READ + UPDATES)
    assert all(ground.wanted[of] != before for of, before in ground.fleet.initial.items())


class Stop:
    """One stopped run, held against what the sandboxes have."""

    def __init__(self, ground: Ground, ran: Ran) -> None:
        self.fleet, self.ran = ground.fleet, ran
        held = self.fleet.held()
        self.changed = {of for of, state in held.items() if state != self.fleet.initial[of]}
        torn = {of for of in self.changed if held[of] != ground.wanted[of]}
        assert not torn, "neither as before nor as wanted"

    def check(self, *, twice: bool) -> str:
        """Raise AssertionError unless all that is said is true. Returns how it ended."""
        audited = self._audit()
        told = self._report()
        self._lines(told)
        unknown = "unknown" in {*audited.values(), *told.values()}
        cut = any(fact in self.ran.err for fact in CUT)
        endless = "no end" in audited.values()
        assert twice or not (unknown or cut or endless), "one signal leaves all known"
        if unknown or cut:
            expected = 4
        elif not self.changed:
            expected = 130
        else:
            expected = 0 if len(self.changed) == UPDATES else 5
        assert self.ran.status == expected
        assert any(fact in self.ran.err for fact in UNCHANGED) == (expected == 130)
        assert told or cut or expected == 130, "no report"
        found = [word for word, so in (("unknown", unknown), ("cut", cut)) if so]
        return " ".join([f"status {self.ran.status}", *found])

    def _audit(self) -> Mapping[tuple[str, str], str]:
        """The results in the audit file, by target and object."""
        assert not self.fleet.early, "sent before the audit file says so"
        records = self.fleet.lines(AUDIT)
        begun = {
            one["id"]: (one["target"]["name"], one["object"])
            for one in records
            if one["event"] == "started"
        }
        ends = {one["id"]: one for one in records if one["event"] == "finished"}
        assert len(begun) + len(ends) == len(records)
        assert ends.keys() <= begun.keys()
        found = {begun[key]: end["result"] for key, end in ends.items()}
        assert self.changed <= {*begun.values()}
        for of, result in found.items():
            self._true(of, result, ends[next(k for k, v in begun.items() if v == of)])
        job = Job(("audit", "check", AUDIT, "--output", "json"), str(self.fleet.directory), {})
        checked = json.loads(forking().run(job).out) if begun else {"unfinished": []}
        unfinished = [one["id"] for one in checked["unfinished"]]
        assert {*unfinished} == begun.keys() - ends.keys()
        return {**dict.fromkeys((begun[key] for key in unfinished), "no end"), **found}

    def _true(self, of: tuple[str, str], result: str, about: Mapping[str, Any]) -> None:
        """What is said of an object is so in its sandbox."""
        if result == "stored":
            assert of in self.changed, of
        elif result == "unknown":
            assert about["seen"] in ({None, "wanted"} if of in self.changed else {None, "before"})
        else:
            also = {"failed"} if of[0] == self.fleet.refusing else set()
            assert result in {"not-begun", "interrupted", *also}, (of, result)
            assert of not in self.changed, of

    def _outcomes(self, targets: Iterable[Any]) -> dict[tuple[str, str], str]:
        found: dict[tuple[str, str], str] = {}
        for target in targets:
            assert [one["object"] for one in target["objects"]] == [*OBJECTS]
            for one in target["objects"]:
                of = (target["name"], one["object"])
                assert of not in found, "told twice"
                found[of] = one["outcome"]["result"]
                self._true(of, found[of], one["outcome"])
            of = (target["name"], "InMemoryStore")
            needed = found[of] in {"stored", "unknown"}
            assert target["restart"]["required"] == ("yes" if needed else "no")
        return found

    def _report(self) -> dict[tuple[str, str], str]:
        """The outcomes in the report, by target and object; none without a report."""
        path = self.fleet.directory / REPORT
        if not path.exists():
            return {}
        report = json.loads(path.read_text())
        told = self._outcomes(report["targets"])
        assert len(told) == UPDATES
        self._summary(report["summary"], told)
        return told

    def _summary(self, summary: Any, told: Objects) -> None:  # noqa: ANN401 - of a document
        counts = Counter(told.values())
        assert {name: n for name, n in summary["outcomes"].items() if n} == counts
        assert summary["as_wanted"] == (counts == {"stored": UPDATES})
        assert summary["interrupted"] == (counts["not-begun"] > counts["failed"])
        restart = {told[of] for of in told if of[1] == "InMemoryStore"} & {"stored", "unknown"}
        assert summary["restart_required"] == ("yes" if restart else "no")

    def _lines(self, told: Objects) -> None:
        """Lines are those of the report; those that were written before it was cut are true."""
        found = self.fleet.lines(LINES)
        targets = [one for one in found if "name" in one]
        lines = self._outcomes(targets)
        if told:
            assert lines == told
        if found[1:] and "summary" in found[-1]:
            self._summary(found[-1]["summary"], lines)
        else:
            assert not told, "a report, and no last line"


def moments(ground: Ground, number: int) -> Iterator[Moments]:
    """Over the whole run, half of them steps of requests."""
    for step in spread(number // 2, ground.steps):
        yield Moments((step,))
    for step in spread(number - number // 2, ground.file_steps):
        yield Moments(files=((step, CHANCE.randrange(CALLS)),))


def chosen(ground: Ground) -> Iterator[Moments]:
    """While targets are read, while it is decided, at the first update, between two targets, at the
    last update, and while the report is written.
    """
    last = ground.file_steps - REPORTING
    yield from (Moments((step,)) for step in (READ, 2 * READ + 1, ground.steps))
    for step in (last - 2 * UPDATES - 2, last - UPDATES, ground.file_steps):
        yield Moments(files=((step, 0),))


def stop(ground: Ground, at: Moments, *more: str, twice: bool = False) -> str:
    ran = ground.fleet.stopped(at, *more)
    try:
        return Stop(ground, ran).check(twice=twice)
    except AssertionError as error:
        raise AssertionError((at, more, ran)) from error


def test_sigterm_at_any_moment_leaves_the_truth(ground: Ground) -> None:
    found = Counter(stop(ground, at) for at in (moments(ground, 200) if LONG else chosen(ground)))
    assert found.keys() == {"status 0", "status 5", "status 130"}
    # Shown with `-rP`.
    print(dict(sorted(found.items())))  # noqa: T201 - what the moments fell into


def test_sigterm_while_eight_are_updated_at_once_leaves_the_truth(ground: Ground) -> None:
    at_once = [Moments((2 * READ + step,)) for step in (1, 7, 12, 40)]
    # Where the beginning of the second one is written.
    second = ground.file_steps - REPORTING - 2 * UPDATES + 1
    at_once += [Moments(files=((second, calls),)) for calls in (4, 20)]
    found = Counter(
        stop(ground, at, "--jobs", "8")
        for at in (moments(ground, 100) if LONG else [*at_once, *chosen(ground)])
    )
    assert "status 5" in found
    print(dict(sorted(found.items())))  # noqa: T201 - as above


def test_keep_going_goes_on_after_a_failure_and_not_after_sigterm(ground: Ground) -> None:
    """A server refuses its updates: its second object is not begun."""
    ground.fleet.refusing = [*ground.fleet.servers][4]
    # Where the end of its first object is written.
    failing = ground.file_steps - REPORTING - 2 * UPDATES + 2 * 8 + 2
    chosen = [Moments(files=((failing, 0),)), Moments((ground.steps // 2,))]
    try:
        found = Counter(
            stop(ground, at, "--keep-going") for at in (moments(ground, 60) if LONG else chosen)
        )
    finally:
        ground.fleet.refusing = ""
    print(dict(sorted(found.items())))  # noqa: T201 - as above


def test_a_second_sigterm_leaves_the_truth_too(ground: Ground) -> None:
    """At the next step, or some calls later. It may leave an outcome unknown."""
    found = Counter[str]()
    for (*requests,), files in moments(ground, 100 if LONG else 3):
        again = Moments(
            tuple(step + more for step in requests for more in (0, 1)),
            tuple(two for step, calls in files for two in ((step, calls), (step + 1, calls // 2))),
        )
        found[stop(ground, again, twice=True)] += 1
    print(dict(sorted(found.items())))  # noqa: T201 - as above
