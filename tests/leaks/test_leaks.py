"""No secret is shown, wherever it stands and whatever goes wrong; with the scrubber off."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import shutil
from functools import cache
from itertools import combinations, product
from typing import TYPE_CHECKING

import pytest
from allpairspy import AllPairs  # type: ignore[import-untyped]  # it has no types

from confsync.cli.main import COMMANDS
from tests.leaks.broken import LEAKS, Leak
from tests.leaks.house import PACKAGE, House
from tests.leaks.planted import Aviary, Canary
from tests.leaks.scenes import FAILURES, FEW, FINE, LINES, LIVE, ODD, OPTIONS, STORES, Scene

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
RUNS = 20_000 if LONG else 100
PARTS = 8
"""Tests that share the scenes, so that they run side by side."""


@cache
def pairwise() -> tuple[Scene, ...]:
    """Scenes in which each two names come together that can, odd ones with a few others."""
    scenes = list(_pairs(FINE))
    for dimension, names in ODD.items():
        scenes += _pairs({**FEW, dimension: names})
    return tuple(scenes)


def _pairs(names: Mapping[str, tuple[str, ...]]) -> Iterator[Scene]:
    for found in AllPairs([list(choices) for choices in names.values()]):
        yield Scene(dict(zip(names, found, strict=True)))


def drawn(seed: int, number: int) -> Iterator[Scene]:
    """Random scenes, every other one with something odd."""
    chance = random.Random(seed)  # noqa: S311 - which scenes are tried is no secret
    for turn in range(number):
        names = {name: chance.choice(choices) for name, choices in FINE.items()}
        if turn % 2:
            dimension = chance.choice(list(ODD))
            names[dimension] = chance.choice(ODD[dimension])
        yield Scene(names)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_leaks_in_any_pair_of_circumstances(house: House, part: int) -> None:
    for scene in pairwise()[part::PARTS]:
        assert not house.leaks(scene), scene.names


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_leaks_in_circumstances_that_chance_brings_together(
    house: House, part: int
) -> None:
    """20,000 runs in the long profile, others each time."""
    seed = random.SystemRandom().randrange(10**9) if LONG else part
    for scene in drawn(seed, RUNS // 2 // PARTS):
        assert not house.leaks(scene), (seed, scene.names)


def carets() -> Iterator[Scene]:
    """Validations that show the lines of mistakes, as at a terminal."""
    shown = {"command": "validate", "format": "text", "sink": "stream", "options": "colour"}
    for store in (*STORES, *LINES):
        yield Scene({**{name: few[0] for name, few in FEW.items()}, **shown, "store": store})


def test_no_line_that_is_shown_gives_a_secret_away(house: House) -> None:
    scenes = tuple(carets())
    for scene in scenes:
        assert not house.leaks(scene), scene.names
    told = [line for scene in scenes[-len(LINES) :] for line in house.told(scene)]
    assert sum(" | " in line and line.endswith("****") for line in told) > len(LINES) // 2


def together(scenes: Iterable[Scene]) -> set[tuple[tuple[str, str], ...]]:
    return {pair for scene in scenes for pair in combinations(sorted(scene.names.items()), 2)}


def test_the_scenes_bring_each_two_circumstances_together() -> None:
    wanted = set()
    for names in (FINE, *({**FEW, dimension: odd} for dimension, odd in ODD.items())):
        each = [[(name, choice) for choice in choices] for name, choices in sorted(names.items())]
        wanted |= {pair for one, other in combinations(each, 2) for pair in product(one, other)}
    assert together(pairwise()) == wanted
    assert {name for names in (FINE, ODD) for name in names["command"]} == set(COMMANDS)
    for dimension, known in (("store", STORES), ("live", LIVE), ("failure", FAILURES)):
        assert {*FINE[dimension], *ODD[dimension]} == set(known)
    assert {*FINE["options"], *ODD["options"]} == set(OPTIONS)


# The test itself


@pytest.mark.parametrize("length", [20, 44])
def test_a_canary_is_found_however_it_is_written(length: int) -> None:
    canaries = Aviary(length)
    value = canaries["here"].hostile
    for written in (
        value,
        value[2:9],
        value.upper(),
        canaries["here"].encoded,
        json.dumps(value),
        repr(value),
        value[::-1],
        base64.b64encode(b"admin:" + value.encode()).decode(),
        base64.b64encode(b"x" + value.encode()).decode(),
        value.encode().hex(),
        hashlib.sha256(value.encode()).hexdigest(),
        hashlib.md5(canaries["here"].plain.encode(), usedforsecurity=False).hexdigest()[:12],
    ):
        (found,) = {trace.partition(" ")[0] for trace in canaries.found_in(f"a {written} b")}
        assert found == "here"
    assert canaries.found_in("error: nothing of it stands here, redis://u:****@h") == []


def test_canaries_of_two_places_or_lengths_have_nothing_in_common() -> None:
    cores = [Canary(place, length).core for place in "abc" for length in (20, 44)]
    pieces = [core[i : i + 6] for core in cores for i in range(len(core) - 5)]
    assert len(pieces) == len(set(pieces))


def with_leak(directory: Path, leak: Leak) -> Path:
    """A copy of confsync with one thing done wrong; only its file is compiled anew."""
    package = directory / "broken" / "confsync"
    shutil.copytree(PACKAGE, package)
    file = package / leak.file
    for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
        compiled.unlink()
    text = file.read_text(encoding="utf-8")
    assert text.count(leak.old) == 1, f"{leak.file} has changed: this leak cannot be made any more"
    file.write_text(text.replace(leak.old, leak.new), encoding="utf-8")
    return package


@pytest.mark.parametrize("name", LEAKS)
def test_a_build_with_one_leak_is_caught(tmp_path: Path, name: str) -> None:
    leak = LEAKS[name]
    scenes = [scene for scene in (*pairwise(), *carets()) if leak.where in scene.names.values()]
    assert scenes
    with House(tmp_path, with_leak(tmp_path, leak)) as house:
        assert any(house.leaks(scene) for scene in scenes)
