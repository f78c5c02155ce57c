"""The laws of the difference, against the second opinion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import assume, given
from hypothesis import strategies as st

from confsync.sandbox import rules
from confsync.sync.patch import leaves
from confsync.sync.plan import as_desired, make_plan
from confsync.sync.secret import Secret, Vault
from confsync.sync.url import Url
from confsync.sync.values import Difference
from tests.states import (
    SHAPE,
    TYPE,
    Json,
    Pair,
    Wanted,
    pairs,
    sayable,
    stored_states,
    wanted_states,
)
from tests.sync.runs import TARGET, decoded, is_wanted, planned, read, sets_in_order
from tests.sync.second_opinion import changed, fewest_leaves, leaves_of_update

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.sync.tree import Tree

PLAIN = ("Default", "Redis", "RedisCluster", "RedisSentinel")


# The difference, against the second opinion


@given(pairs(*PLAIN))
def test_the_changes_are_those_of_a_plain_comparison(pair: Pair) -> None:
    run = planned(pair.live, pair.wanted)
    found = {change.path for change in run.plan.difference.changes}
    in_order = set(sets_in_order(run.desired.tree, SHAPE))
    assert found == set(changed(pair.live, pair.wanted.stored, in_order.__contains__))


@given(pairs("RedisCluster", "RedisSentinel"))
def test_the_members_of_a_set_that_change_are_those_that_only_one_side_has(pair: Pair) -> None:
    assume(pair.live[TYPE] == pair.wanted.stored[TYPE])
    run = planned(pair.live, pair.wanted)
    live, wanted = set(pair.live["urls"]), set(pair.wanted.stored["urls"])
    members = [change for change in run.plan.difference.changes if change.within is not None]
    members = [change for change in members if change.action != "reorder"]
    gone, new = [change.before for change in members], [change.after for change in members]
    assert sorted(opened(gone, run.vault)) == sorted(live - wanted)
    assert sorted(opened(new, run.vault)) == sorted(wanted - live)


def opened(urls: list[Tree], vault: Vault) -> Iterator[str]:
    for url in urls:
        if isinstance(url, Url):
            parts = (vault.open(p) if isinstance(p, Secret) else p for p in url.parts)
            yield "".join(parts)


@given(pairs("Sharded"))
def test_shards_show_no_change_where_and_only_where_they_are_equal(pair: Pair) -> None:
    run = planned(pair.live, pair.wanted)
    live, wanted = rules.get_view(pair.live), rules.get_view(pair.wanted.stored)
    equal = is_wanted(live, wanted, run.desired)
    assert (run.plan.difference.changes == ()) == equal


@given(stored_states())
def test_a_state_shows_no_change_against_itself(stored: Json) -> None:
    vault = Vault()
    live = read(stored, vault)
    desired = as_desired(live)
    plan = make_plan(TARGET, desired, live, SHAPE)
    assert plan.difference == Difference()
    assert plan.empty


@given(
    stored_states()
    .map(sayable)
    .flatmap(lambda state: st.tuples(st.just(state), wanted_states(state)))
)
def test_a_state_shows_no_change_against_its_file_even_without_secrets(
    found: tuple[Json, Wanted],
) -> None:
    stored, wanted = found
    vault = Vault()
    desired, live = decoded(wanted, vault, {}), read(stored, vault)
    assert make_plan(TARGET, desired, live, SHAPE).difference.changes == ()


# The fewest leaves


@given(pairs(*PLAIN))
def test_no_update_without_shards_needs_fewer_leaves(pair: Pair) -> None:
    run = planned(pair.live, pair.wanted)
    in_order = set(sets_in_order(run.desired.tree, SHAPE))
    found = sum(leaves(entry.value) for entry in run.plan.patch.entries)
    counts = ("urls",) in in_order
    assert found == leaves_of_update(pair.live, pair.wanted.stored, counts=counts)


@st.composite
def few_shards(draw: st.DrawFn) -> Pair:
    pair = draw(pairs("Sharded"))
    assume(len(pair.live["stores"]) <= 4)
    assume(len(pair.wanted.stored["stores"]) <= 4)
    return pair


@given(few_shards())
def test_no_alignment_of_shards_needs_fewer_leaves(pair: Pair) -> None:
    run = planned(pair.live, pair.wanted)
    in_order = set(sets_in_order(run.desired.tree, SHAPE))
    found = sum(leaves(entry.value) for entry in run.plan.patch.entries)
    live, desired = ([*state["stores"].values()] for state in (pair.live, pair.wanted.stored))
    assert found == fewest_leaves(
        live, desired, lambda item: ("stores", str(item), "urls") in in_order
    )
