"""The Python API against the embedded server: random states, applied from a file over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, seed, settings

import confsync
from confsync.kinds import RISKS
from confsync.sandbox import Server
from confsync.sandbox import patch_rules as rules
from confsync.sync.outcome import NotSent, Outcome, Stored
from tests.states import Pair, neighbours, pairs
from tests.sync.runs import reaches

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


CHUNKS = 4
ALLOWED = confsync.Options(allow=frozenset(RISKS))
"""Random URLs are mostly such that no server starts with them, and random changes lose keys."""

PAIRS = 125
KINDS_OF_PAIRS = {"any": pairs(), "neighbours": neighbours()}


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def check(outcome: Outcome, pair: Pair, server: Server) -> None:
    """What is stored is what was wanted; what the server was told is what the outcome says."""
    wanted, stored = pair.wanted.stored, server.stored
    plan = outcome.plan
    assert reaches(stored, pair.wanted)
    if isinstance(outcome, NotSent):
        assert plan.empty
        assert rules.get_view(pair.live) == rules.get_view(wanted)
    else:
        assert isinstance(outcome, Stored)
        assert outcome.verified
        assert outcome.remaining.changes == ()
        assert outcome.foreign == outcome.overwritten == ()
        assert not plan.empty


@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("kind", KINDS_OF_PAIRS)
def test_a_random_state_is_applied_and_a_plan_straight_after_shows_no_changes(
    kind: str, chunk: int, tmp_path: Path, server: Server
) -> None:
    file = tmp_path / "store.yaml"
    tried = 0

    @seed(chunk)
    @settings(max_examples=PAIRS)
    @given(KINDS_OF_PAIRS[kind])
    def apply_and_plan(pair: Pair) -> None:
        nonlocal tried
        tried += 1
        server.stored = pair.live
        file.write_text(pair.wanted.yaml, encoding="utf-8")
        environment = pair.wanted.environment
        with confsync.connect(server.url, user="admin", password="sandbox") as session:
            start = len(server.requests)
            outcome = confsync.apply([str(file)], session, environment=environment, options=ALLOWED)
            middle = len(server.requests)
            check(outcome, pair, server)
            # The edition is asked for once more, where shards are desired.
            edition = int(pair.wanted.document["InMemoryStore"]["@type"] == "Sharded")
            assert middle - start == edition + (1 if isinstance(outcome, NotSent) else 2)
            again = confsync.plan([str(file)], session, environment=environment)
            assert len(server.requests) - middle == edition + 1
        assert again.difference.changes == ()

    apply_and_plan()
    assert tried == PAIRS
