"""Runs that are ended at any moment: nothing is torn, nothing half done, the next run is right.

Moments are spread evenly over the time that a run takes.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from random import Random, SystemRandom
from typing import TYPE_CHECKING

import pytest

from tests.endurance.ground import Ground
from tests.endurance.scenarios import (
    UPDATING,
    Apply,
    ApplySaved,
    Audited,
    KeepState,
    SavePlan,
    Scenario,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
KILLS = 100 if LONG else 3
"""How often each signal ends each command: five times a hundred in the long profile."""
BARE = 8
"""One in so many runs is a Python that starts anew."""
MEASURED = 3 if LONG else 1
LATE = 0.5
"""Seconds after which what would never end by itself is ended to measure how long it starts."""
SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)
SCENARIOS = (Apply, ApplySaved, Audited, SavePlan, KeepState)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with Ground(tmp_path_factory.mktemp("ground")) as opened:
        yield opened


class Lengths:
    """How long runs take that nobody ends, in seconds. Each is measured when it is asked for."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._known: dict[tuple[type[Scenario], bool], float] = {}

    def of(self, scenario: Scenario, *, bare: bool) -> float:
        key = (type(scenario), bare)
        if key not in self._known:
            times = [self._measured(scenario, bare=bare) for _ in range(MEASURED)]
            self._known[key] = max(times)
        return self._known[key]

    def _measured(self, scenario: Scenario, *, bare: bool) -> float:
        arguments = scenario.prepare(self._ground, Random(0))  # noqa: S311 - the same every time
        if not isinstance(scenario, KeepState):
            return self._ground.run(*arguments, bare=bare).seconds
        self._ground.start(*arguments, bare=bare, signal=signal.SIGTERM, after=LATE)
        ready = self._ground.until_ready()
        self._ground.ended()
        return ready + UPDATING


@pytest.fixture(scope="module")
def lengths(ground: Ground) -> Lengths:
    return Lengths(ground)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("kind", SCENARIOS, ids=lambda kind: kind.__name__)
def test_a_run_that_is_ended_at_any_moment_leaves_the_truth(
    ground: Ground, lengths: Lengths, kind: type[Scenario], number: signal.Signals
) -> None:
    scenario = kind()
    seed = SystemRandom().randrange(10**9) if LONG else 0
    found: Counter[str] = Counter()
    for turn in range(KILLS):
        chance = Random(f"{seed} {turn}")  # noqa: S311 - which moments are tried is no secret
        bare = chance.randrange(BARE) == 0
        after = chance.uniform(0, 1.1 * lengths.of(scenario, bare=bare))
        arguments = scenario.prepare(ground, chance)
        ground.start(*arguments, bare=bare, signal=number, after=after)
        scenario.during(ground)
        ran = ground.ended()
        what = (seed, turn, "bare" if bare else "fork", after, scenario, ran)
        try:
            result = scenario.check(ground, ran)
        except AssertionError as error:
            raise AssertionError(what) from error
        found[f"status {ran.status}, {result}"] += 1
    # Shown with `-rP`.
    print(f"{kind.__name__}, {number.name}: {dict(sorted(found.items()))}")  # noqa: T201 - what the moments fell into
