"""Causes of changes: what differs from the base, the files or the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from confsync.kinds import KINDS
from confsync.secrets import RESOLVERS
from confsync.store.decode import from_file
from confsync.sync.cause import with_causes
from confsync.sync.compare import difference
from confsync.sync.secret import Vault
from confsync.sync.values import Origin
from confsync.yaml.read import parse
from tests.states import Pair, pairs
from tests.sync.runs import KIND, planned

if TYPE_CHECKING:
    from confsync.sync.tree import Object
    from confsync.sync.values import Difference


def causes(found: Difference) -> dict[str, str | None]:
    return {f"{one.action} {'/'.join(map(str, one.path))}": one.cause for one in found.changes}


@given(pairs())
def test_with_the_desired_state_as_its_base_each_change_is_drift(pair: Pair) -> None:
    run = planned(pair.live, pair.wanted)
    states = (run.live.tree, run.desired.tree, KIND.shape)
    found = with_causes(run.plan.difference, run.desired.written, *states)
    assert {*causes(found).values()} <= {"drift"}


@given(pairs())
def test_with_the_live_state_as_its_base_each_change_is_one_of_the_files(pair: Pair) -> None:
    run = planned(pair.live, pair.wanted)
    states = (run.live.tree, run.desired.tree, KIND.shape)
    found = with_causes(run.plan.difference, run.live.tree, *states)
    assert {*causes(found).values()} <= {"change"}
    assert found.unknown == run.plan.difference.unknown


@given(pairs(), pairs())
def test_each_change_has_a_cause_whatever_the_base_is(pair: Pair, other: Pair) -> None:
    run, base = planned(pair.live, pair.wanted), planned(other.live, other.wanted)
    states = (run.live.tree, run.desired.tree, KIND.shape)
    found = with_causes(run.plan.difference, base.desired.written, *states)
    assert {*causes(found).values()} <= {"change", "drift", "both"}
    assert found == run.plan.difference


def state(text: str) -> Object:
    document = parse("a.yaml", f"InMemoryStore:\n  {text}\n").document
    assert document is not None
    (desired,) = from_file(document, KINDS, Vault(), RESOLVERS).desired
    return desired.written


def caused(base: str, live: str, desired: str) -> dict[str, str | None]:
    was, is_there, wanted = state(base), state(live), state(desired)
    shape = KIND.shape
    found = difference(is_there, wanted, shape, lambda _: Origin("file"))
    return causes(with_causes(found, was, is_there, wanted, shape))


def shards(*names: str, timeout: str = "30s") -> str:
    items = ", ".join(
        f"{{'@type': Redis, url: 'redis://{one}', timeout: {timeout}}}" for one in names
    )
    return f"{{'@type': Sharded, stores: [{items}]}}"


def cluster(*urls: str, more: str = "") -> str:
    return f"{{'@type': RedisCluster, urls: [{', '.join(urls)}]{more}}}"


WITH_TLS_FIRST = ("rediss://a", "redis://b")


@pytest.mark.parametrize(
    ("base", "live", "desired", "found"),
    [
        (shards("a"), shards("a"), shards("a", "b"), {"add stores/1": "change"}),
        (shards("a", "b"), shards("a"), shards("a", "b"), {"add stores/1": "drift"}),
        (shards("a", "b"), shards("a", "b"), shards("a"), {"remove stores/1": "change"}),
        (shards("a"), shards("a", "b"), shards("a"), {"remove stores/1": "drift"}),
        (
            shards("a", "b"),
            shards("a", "b"),
            shards("a", "b", timeout="9s"),
            {"update stores/0/timeout": "change", "update stores/1/timeout": "change"},
        ),
        (
            # The desired slots move: the shard before is found by what it is.
            shards("b"),
            shards("a", "b"),
            shards("b", timeout="9s"),
            {"update stores/0/timeout": "change", "remove stores/0": "drift"},
        ),
        (
            shards("a", timeout="5s"),
            shards("a", timeout="7s"),
            shards("a", timeout="9s"),
            {"update stores/0/timeout": "both"},
        ),
        (
            cluster(*WITH_TLS_FIRST),
            cluster(*WITH_TLS_FIRST),
            cluster(*reversed(WITH_TLS_FIRST)),
            {"reorder urls": "change"},
        ),
        (
            cluster(*WITH_TLS_FIRST),
            cluster(*reversed(WITH_TLS_FIRST)),
            cluster(*WITH_TLS_FIRST),
            {"reorder urls": "drift"},
        ),
        (
            cluster("redis://a", "{env: URL}"),
            cluster("redis://a", "redis://x", "redis://y"),
            cluster("redis://a", "{env: URL}"),
            # One of the two may be what the reference leads to; the other was in no file.
            {"remove urls": "drift"},
        ),
        (
            cluster("redis://a"),
            shards("a"),
            cluster("redis://b"),
            {"replace ": "both"},
        ),
        (shards("a"), shards("a"), cluster("redis://b"), {"replace ": "change"}),
        (cluster("redis://b"), shards("a"), cluster("redis://b"), {"replace ": "drift"}),
        (
            cluster("redis://a"),
            cluster("redis://a", more=", authSecret: {'@type': File, filePath: /x}"),
            cluster("redis://a", more=", authSecret: {'@type': File, filePath: /y}"),
            {"update authSecret/filePath": "both"},
        ),
        (
            cluster("redis://a", more=", maxRetries: null"),
            cluster("redis://a", more=", maxRetries: 5"),
            cluster("redis://a", more=", maxRetries: null"),
            {"update maxRetries": "drift"},
        ),
    ],
)
def test_the_place_of_a_change_is_found_in_the_base(
    base: str, live: str, desired: str, found: dict[str, str]
) -> None:
    assert caused(base, live, desired) == found
