"""The comparison with a baseline: slow work is noticed, on any machine."""

from __future__ import annotations

from tests.conftest import HERE, MARKERS
from tests.pace import Baseline


def test_work_that_is_a_hundred_times_slower_is_noticed_and_the_same_work_is_not() -> None:
    baseline = Baseline(lambda: sum(range(100_000)))
    assert baseline.times(lambda: sum(range(10_000_000)), 12) > 12
    assert baseline.times(lambda: sum(range(100_000)), 12) <= 12


def test_every_place_with_a_marker_exists() -> None:
    assert [p for places in MARKERS.values() for p in places if not (HERE / p).exists()] == []
