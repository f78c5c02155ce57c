"""Everything that a Stalwart server was seen to answer is decoded, and compared faultlessly."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from confsync.errors import UnexpectedAnswer
from confsync.kinds import KINDS
from confsync.kinds.from_wire import from_wire
from confsync.sync.diff import difference
from confsync.sync.plan import as_desired
from confsync.sync.secret import Secret, Vault
from confsync.sync.url import Url
from confsync.sync.values import Difference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.sync.values import Change, Live

Json: TypeAlias = dict[str, Any]
Found: TypeAlias = "Counter[tuple[str, ...]]"
"""Changed leaves, each a path; of a set's members `+` and the text, or `-` and the text."""

WIRE = Path(__file__).parent / "wire"
KIND = KINDS["InMemoryStore"]
TYPE = "@type"
CHUNKS = 8


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

    def open(self, url: object) -> str:
        assert isinstance(url, Url)
        return "".join(
            self.vault.open(part) if isinstance(part, Secret) else part for part in url.parts
        )


def lines(name: str, chunk: int) -> Iterator[Json]:
    with gzip.open(WIRE / name) as file:
        yield from map(json.loads, islice(file, chunk, None, CHUNKS))


def between(old: Live, new: Live) -> Difference:
    wanted = as_desired(new)
    return difference(old.tree, wanted.tree, KIND.shape, wanted.origin)


# What `difference` found


def found_leaves(found: Difference, decoder: Decoder) -> Found:
    assert found.unknown == ()
    leaves: Found = Counter()
    for change in found.changes:
        path = tuple(map(str, change.path))
        if change.within is None or change.action == "reorder":
            leaves[path] += 1
            continue
        if change.before is not None:
            leaves[*path, "-", decoder.open(change.before)] += 1
        if change.after is not None:
            leaves[*path, "+", decoder.open(change.after)] += 1
    return leaves


# What plainly differs


def plain_leaves(old: Json, new: Json, path: tuple[str, ...] = ()) -> Found:
    """Compare two objects without a list."""
    leaves: Found = Counter()
    if old[TYPE] != new[TYPE]:
        leaves[path] += 1
        return leaves
    assert old.keys() == new.keys()
    for name, was in old.items():
        will, here = new[name], (*path, name)
        if name == "urls":
            leaves.update((*here, "-", url) for url in was if url not in will)
            leaves.update((*here, "+", url) for url in will if url not in was)
            stayed = [url for url in was if url in will], [url for url in will if url in was]
            if stayed[0] != stayed[1] and first_decides(list(will)):
                leaves[here] += 1
        elif isinstance(was, dict):
            leaves += plain_leaves(was, will, here)
        elif type(was) is not type(will) or was != will:
            leaves[here] += 1
    return leaves


def first_decides(urls: list[str]) -> bool:
    """Whether some URLs differ in TLS or credentials."""
    parts = [url.partition("://") for url in urls]
    tls = {scheme.lower() in {"rediss", "valkeys"} for scheme, _, _ in parts}
    return len(tls) > 1 or len({rest.rpartition("@")[:2] for _, _, rest in parts}) > 1


def plain_leaves_of_shards(old: Json, new: Json, changes: tuple[Change, ...]) -> Found:
    """Compare two lists. Which item became which one is the alignment's choice; the rest is not."""
    live, desired = (list(state["stores"].values()) for state in (old, new))
    whole = [change for change in changes if len(change.path) == 2]
    removed = {change.slot[1] for change in whole if change.action == "remove"}
    added = {change.path[1] for change in whole if change.action == "add"}
    slots = [slot for slot in range(len(live)) if slot not in removed]
    items = [item for item in range(len(desired)) if item not in added]
    leaves: Found = Counter(("stores", str(place)) for place in [*removed, *added])
    for slot, item in zip(slots, items, strict=True):
        leaves += plain_leaves(live[slot], desired[item], ("stores", str(item)))
    return leaves


@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize(
    ("name", "count"), [("random-updates.jsonl.gz", 20_000), ("random-edges.jsonl.gz", 6_000)]
)
def test_each_recorded_update_shows_what_it_changed(name: str, count: int, chunk: int) -> None:
    decoder = Decoder()
    numbers = []
    for line in lines(name, chunk):
        numbers.append(line["n"])
        old, new = line["before"], line["after"]
        before, after = decoder(old), decoder(new)
        found = between(before, after)
        if old[TYPE] == new[TYPE] == "Sharded":
            plain = plain_leaves_of_shards(old, new, found.changes)
        else:
            plain = plain_leaves(old, new)
        assert found_leaves(found, decoder) == plain, f"recording {line['n']}"
        assert bool(plain) == visibly_differ(old, new), f"recording {line['n']}"
    assert len(numbers) == count / CHUNKS
    for answer in decoder.answers:
        assert answer.unrecognised == ()
        assert between(answer, answer) == Difference()


def visibly_differ(old: Json, new: Json) -> bool:
    """Whether two answers differ in more than the order of sets where it decides nothing."""
    return old != new or plain_order(old) != plain_order(new)


def plain_order(value: Json) -> list[object]:
    """The order of each set in which it decides something."""
    return [
        list(part) if name == "urls" and first_decides(list(part)) else plain_order(part)
        for name, part in value.items()
        if isinstance(part, dict)
    ]


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
