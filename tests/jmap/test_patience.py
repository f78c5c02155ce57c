"""How often a request is tried, and how long it waits in between: values in, values out."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from confsync.jmap.client import Patience, Tries


@dataclass
class World:
    """A clock that only moves while somebody waits."""

    chance: float = 0.0
    now: float = 1000.0
    waits: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def patience(self, seconds: float = 30.0, retries: int = 3) -> Patience:
        return Patience(
            seconds, retries, self.told.append, lambda: self.now, self.sleep, lambda: self.chance
        )


@pytest.mark.parametrize(
    ("chance", "waits"), [(0.0, [0.25, 0.5, 1.0]), (0.5, [0.375, 0.75, 1.5]), (1.0, [0.5, 1, 2])]
)
def test_each_wait_is_twice_the_one_before_with_jitter_of_half(
    chance: float, waits: list[float]
) -> None:
    world = World(chance)
    tries = Tries(world.patience())
    assert [tries.again("lost") for _ in range(4)] == [True, True, True, False]
    assert world.waits == waits
    assert tries.made == 4


def test_no_wait_is_longer_than_eight_seconds() -> None:
    world = World(1.0)
    tries = Tries(world.patience(1000, 20))
    while tries.again("lost"):
        pass
    assert world.waits[:6] == [0.5, 1, 2, 4, 8, 8]
    assert len(world.waits) == 20


def test_the_server_s_own_wait_counts_and_is_never_cut_short() -> None:
    world = World(1.0)
    tries = Tries(world.patience())
    assert tries.again("too many", 7.0)
    assert world.waits == [7.5]


def test_a_wait_that_does_not_fit_into_the_time_that_is_left_is_not_begun() -> None:
    world = World()
    tries = Tries(world.patience(10))
    assert not tries.again("too many", 10.0)
    assert not tries.again("too many", 8.1)
    assert not world.waits
    world.now += 9.9
    assert not tries.again("lost")
    assert tries.left == pytest.approx(0.1)
    world.now += 5
    assert tries.left == 0.0


def test_without_retries_nothing_is_tried_again() -> None:
    world = World()
    assert not Tries(world.patience(retries=0)).again("lost")
    assert not world.told


def test_each_wait_is_told_with_its_reason() -> None:
    world = World()
    tries = Tries(world.patience())
    tries.again("connection refused")
    tries.again("too many", 3.0)
    assert world.told == [
        "connection refused; trying again in 0.2 s (1 of 3)",
        "too many; trying again in 3.0 s (2 of 3)",
    ]
