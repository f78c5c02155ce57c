"""Sizes: MiB counts in 1024, MB in 1000; the shortest text has the largest unit that divides."""

from __future__ import annotations

import random
import re

import pytest

from confsync.kinds.kind import U64
from confsync.store import schema_values as patterns
from confsync.store.sizes import UNITS, bytes_of, size_text

TEXTS = {
    "0B": 0,
    "250B": 250,
    "1KB": 1000,
    "1KiB": 1024,
    "50MB": 50_000_000,
    "25MiB": 26_214_400,
    "3GB": 3_000_000_000,
    "3GiB": 3_221_225_472,
    "1TB": 1_000_000_000_000,
    "1TiB": 1_099_511_627_776,
}


@pytest.mark.parametrize(("text", "size"), TEXTS.items())
def test_a_size_has_one_shortest_text(text: str, size: int) -> None:
    assert bytes_of(text) == size
    assert size_text(size) == text


def test_every_number_of_bytes_has_a_text_that_is_read_as_that_number() -> None:
    chance = random.Random(0)  # noqa: S311 - reproducible, not secret
    for _ in range(2000):
        size = chance.choice([*UNITS.values()]) * chance.randint(0, 2**20) + chance.randint(0, 1)
        assert bytes_of(size_text(size)) == size


@pytest.mark.parametrize("text", ["", "25", "25M", "25mb", "25 MB", "025MB", "1.5MB", "1B\n"])
def test_nothing_else_is_a_size(text: str) -> None:
    assert bytes_of(text) is None


@pytest.mark.parametrize(("least", "most"), [(0, U64), (1, U64), (100, U64), (1024, 2**63 - 1)])
def test_the_pattern_of_a_limit_is_exact(least: int, most: int) -> None:
    pattern = re.compile(patterns.size_between(least, most))
    for unit, size in UNITS.items():
        ends = {least // size, -(-least // size), most // size, most // size + 1, 0, 1, 9, 10, 99}
        for number in ends:
            allowed = least <= number * size <= most
            assert bool(pattern.search(f"{number}{unit}")) == allowed, f"{number}{unit}"
