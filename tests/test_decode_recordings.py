"""Everything that a Stalwart server was seen to answer is decoded, and compared faultlessly."""

from __future__ import annotations

import gzip
import json
import os
from itertools import islice
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from confsync.errors import UnexpectedAnswer
from confsync.jmap.decode import from_wire
from confsync.kinds import KINDS
from confsync.sync.compare import difference
from confsync.sync.secret import Vault
from confsync.sync.values import Difference
from tests.sync.runs import as_desired, changes_of
from tests.sync.second_opinion import changed, orders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.sync.values import Live

Json: TypeAlias = dict[str, Any]
WIRE = Path(__file__).parent / "wire"
KIND = KINDS["InMemoryStore"]
TYPE = "@type"
CHUNKS = 8
PAIRS = 100_000 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 12_000


class Decoder:
    """Decodes each distinct answer once."""

    def __init__(self) -> None:
        self.vault = Vault()
        self._known: dict[str, Live] = {}

    def __call__(self, answer: Json) -> Live:
        text = json.dumps(answer)
        if text not in self._known:
            self._known[text] = from_wire(KIND, answer, self.vault)
        return self._known[text]

    @property
    def answers(self) -> tuple[Live, ...]:
        return tuple(self._known.values())


def lines(name: str, chunk: int) -> Iterator[Json]:
    with gzip.open(WIRE / name) as file:
        yield from map(json.loads, islice(file, chunk, None, CHUNKS))


def between(old: Live, new: Live) -> Difference:
    wanted = as_desired(new)
    return difference(old.tree, wanted.tree, KIND.shape, wanted.origin)


@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize(
    ("name", "count"), [("random-updates.jsonl.gz", 20_000), ("random-edges.jsonl.gz", 6_000)]
)
def test_each_recorded_update_shows_what_it_changed(name: str, count: int, chunk: int) -> None:
    decoder = Decoder()
    numbers = []
    for line in lines(name, chunk):
        numbers.append(line["n"])
        compare(line["before"], line["after"], decoder)
    assert len(numbers) == count / CHUNKS
    for answer in decoder.answers:
        assert answer.unrecognised == ()
        assert between(answer, answer) == Difference()


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_random_pairs_differ_where_a_plain_comparison_says(chunk: int) -> None:
    """100,000 pairs in all, of states that were recorded, two in three with a few edits between."""
    rng = Random(chunk)  # noqa: S311 - the same pairs each time
    states = [
        line[side]
        for name in ("random-updates.jsonl.gz", "random-edges.jsonl.gz")
        for line in lines(name, chunk)
        for side in ("before", "after")
    ]
    alike: dict[str, list[Json]] = {}
    for state in states:
        alike.setdefault(state[TYPE], []).append(state)
    decoder = Decoder()
    pairs = 0
    while pairs < PAIRS / CHUNKS:
        old = rng.choice(states)
        other = rng.choice(alike[old[TYPE]])
        new = rng.choice([other, crossed(old, other, rng), crossed(old, other, rng)])
        compare(old, new, decoder)
        pairs += 1


def compare(old: Json, new: Json, decoder: Decoder) -> None:
    """Hold a difference against a plain comparison, and equality against that of the JSON."""
    found = between(decoder(old), decoder(new))
    assert found.unknown == ()
    assert changes_of(found, decoder.vault) == changed(without_id(old), without_id(new))
    equal = old == new and orders(old) == orders(new)
    assert (found.changes == ()) == equal


def without_id(answer: Json) -> Json:
    return {name: value for name, value in answer.items() if name != "id"}


def crossed(state: Json, other: Json, rng: Random) -> Json:
    """A state with up to three of another one's values in it."""
    made = dict(state)
    names = [name for name in state if name not in {TYPE, "id"}]
    for name in rng.choices(names, k=rng.randint(1, 3)) if names else ():
        if name == "stores":
            items = crossed_items(list(made[name].values()), list(other[name].values()), rng)
            made[name] = {str(slot): item for slot, item in enumerate(items)}
        elif name == "urls":
            made[name] = crossed_sets(list(made[name]), list(other[name]), rng)
        else:
            made[name] = other[name]
    return made


def crossed_items(items: list[Json], others: list[Json], rng: Random) -> list[Json]:
    place, other = rng.randrange(len(items)), rng.choice(others)
    match rng.choice(["out", "in", "turn", "shuffle", "cross", "cross", "cross"]):
        case "out" if len(items) > 2:
            return items[:place] + items[place + 1 :]
        case "in":
            return [*items[:place], other, *items[place:]]
        case "turn":
            return items[1:] + items[:1]
        case "shuffle":
            return rng.sample(items, len(items))
        case _:
            item = items[place]
            item = crossed(item, other, rng) if item[TYPE] == other[TYPE] else other
            return [*items[:place], item, *items[place + 1 :]]


def crossed_sets(urls: list[str], others: list[str], rng: Random) -> Json:
    urls = rng.sample(urls, rng.randint(0, len(urls))) if rng.random() < 1 / 2 else urls[::-1]
    return dict.fromkeys([*urls, *rng.sample(others, rng.randint(0, min(2, len(others))))], True)


def answers(line: Json) -> Iterator[Json]:
    """Every object that a get returned in a recording."""
    if line["group"] != "http":
        yield from (line["before"], line["after"])
    response = line["response"]
    for name, arguments, _ in response.get("methodResponses", ()) if response else ():
        if name == "x:InMemoryStore/get":
            yield from arguments["list"]


def test_each_recorded_answer_of_get_is_decoded() -> None:
    decoder = Decoder()
    refused = []
    recordings = (WIRE / "recordings.jsonl").read_bytes().splitlines()
    for line in map(json.loads, recordings):
        for answer in answers(line):
            try:
                decoder(answer)
            except UnexpectedAnswer:
                refused.append(line["name"])
    assert len(recordings) == 196
    assert refused == ["get-properties"], "an answer that was narrowed has no @type"
    for live in decoder.answers:
        assert live.unrecognised == ()
        assert between(live, live) == Difference()
