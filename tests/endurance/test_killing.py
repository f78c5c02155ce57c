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
LATE = 0.5
"""Seconds after which what would never end by itself is ended to measure how long it starts."""
SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)
SCENARIOS = (Apply, ApplySaved, Audited, SavePlan, KeepState)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with Ground(tmp_path_factory.mktemp("ground")) as opened:
        yield opened


def length(ground: Ground, scenario: Scenario, *, bare: bool) -> float:
    """How long a run takes that nobody ends, in seconds."""
    times = []
    for _ in range(3):
        arguments = scenario.prepare(ground, Random(0))  # noqa: S311 - the same every time
        if isinstance(scenario, KeepState):
            ground.start(*arguments, bare=bare, signal=signal.SIGTERM, after=LATE)
            times.append(ground.until_ready() + UPDATING)
            ground.ended()
        else:
            times.append(ground.run(*arguments, bare=bare).seconds)
    return max(times)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("kind", SCENARIOS, ids=lambda kind: kind.__name__)
def test_a_run_that_is_ended_at_any_moment_leaves_the_truth(
    ground: Ground, kind: type[Scenario], number: signal.Signals
) -> None:
    scenario = kind()
    lengths = [length(ground, scenario, bare=bare) for bare in (False, True)]
    seed = SystemRandom().randrange(10**9) if LONG else 0
    found: Counter[str] = Counter()
    for turn in range(KILLS):
        chance = Random(f"{seed} {turn}")  # noqa: S311 - which moments are tried is no secret
        bare = turn % BARE == BARE - 1
        arguments = scenario.prepare(ground, chance)
        after = chance.uniform(0, 1.1 * lengths[bare])
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
