"""The laws of an update, over random states; the sandbox executes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given

from confsync.jmap.write import update_json
from confsync.kinds import KINDS
from confsync.kinds.from_file import from_file
from confsync.kinds.kind import default_object
from confsync.sandbox import rules
from confsync.sandbox.pointer import parse
from confsync.secrets import RESOLVERS
from confsync.secrets.resolve import resolve
from confsync.sync.plan import keep_unlisted, make_plan
from confsync.sync.secret import Vault
from confsync.sync.url import MASK
from tests.states import (
    NAME,
    SHAPE,
    TAGS,
    TYPE,
    Json,
    Pair,
    Wanted,
    neighbours,
    pairs,
    stored_states,
    wanted_states,
)
from tests.sync.second_opinion import passwords

if TYPE_CHECKING:
    from collections.abc import Iterator


from tests.sync.runs import (
    KIND,
    TARGET,
    as_sent,
    decoded,
    executed,
    planned,
    reaches,
    read,
    sent_strings,
    strings,
)

PLAIN = ("Default", "Redis", "RedisCluster", "RedisSentinel")


def without_each_leaf(patch: Json) -> Iterator[Json]:
    """The update without each one of its entries, and without each leaf inside of a value."""
    for name, value in patch.items():
        rest = {key: part for key, part in patch.items() if key != name}
        yield rest
        if isinstance(value, dict):
            for smaller in without_each_leaf(value):
                if smaller or is_set_of_urls(value):
                    yield {**patch, name: smaller}


def is_set_of_urls(value: Json) -> bool:
    return bool(value) and all(part is True for part in value.values())


def with_other_secrets(stored: Json, wanted: Wanted) -> Json:
    """What is stored, with secrets that are surely not those wanted."""
    known = list(strings(wanted.stored))
    fresh = (f"other {number}" for number in range(1000))

    def replaced(value: Json) -> Json:
        return {
            name: replaced(part)
            if isinstance(part, dict)
            else next(other for other in fresh if other not in known)
            if name == "secret" and isinstance(part, str)
            else part
            for name, part in value.items()
        }

    return replaced(stored)


# The states themselves


@given(stored_states())
def test_a_random_state_is_one_that_the_server_stores(state: Json) -> None:
    outcome = rules.create(state)
    assert isinstance(outcome, rules.Updated)
    assert outcome.stored == state


@given(stored_states().flatmap(wanted_states))
def test_a_random_file_is_read_without_a_problem(wanted: Wanted) -> None:
    vault = Vault()
    (desired,) = from_file(wanted.node, KINDS, vault, tuple(RESOLVERS)).desired
    assert resolve(desired, vault, RESOLVERS, wanted.environment).problems == ()


@pytest.mark.parametrize("tag", TAGS)
def test_the_defaults_are_the_servers(tag: str) -> None:
    if tag == "Sharded":
        return
    vault = Vault()
    assert read(rules.defaults(tag), vault).tree == default_object(SHAPE, tag)


# Reaching, idempotence, minimality


@given(pairs())
def test_the_update_reaches_the_desired_state(pair: Pair) -> None:
    run = planned(pair.live, pair.wanted)
    assert reaches(run, executed(pair.live, run.sent), pair.wanted)


@given(pairs())
def test_what_is_reached_shows_no_change_and_needs_only_hidden_secrets(pair: Pair) -> None:
    run = planned(pair.live, pair.wanted)
    again = planned(executed(pair.live, run.sent), pair.wanted)
    assert again.plan.difference.changes == ()
    hidden = [unknown for unknown in again.plan.difference.unknown if unknown.hidden]
    assert len(again.sent) == len(hidden)
    assert again.plan.empty == (not hidden)


@given(pairs())
def test_a_reached_state_is_stored_as_it_is_when_the_update_is_sent_again(pair: Pair) -> None:
    run = planned(pair.live, pair.wanted)
    stored = executed(pair.live, run.sent)
    again = planned(stored, pair.wanted)
    assert json.dumps(executed(stored, again.sent)) == json.dumps(stored)


@given(neighbours())
def test_no_entry_and_no_leaf_can_be_taken_away(pair: Pair) -> None:
    live = with_other_secrets(pair.live, pair.wanted)
    run = planned(live, pair.wanted)
    for smaller in without_each_leaf(run.sent):
        outcome = rules.update(live, smaller)
        if isinstance(outcome, rules.Updated):
            assert not reaches(run, outcome.stored, pair.wanted), smaller


@given(pairs())
def test_no_leaf_of_an_update_to_any_state_can_be_taken_away(pair: Pair) -> None:
    live = with_other_secrets(pair.live, pair.wanted)
    run = planned(live, pair.wanted)
    for smaller in without_each_leaf(run.sent):
        outcome = rules.update(live, smaller)
        if isinstance(outcome, rules.Updated):
            assert not reaches(run, outcome.stored, pair.wanted), smaller


@given(pairs())
def test_entries_never_overlap(pair: Pair) -> None:
    pointers = [parse(key) for key in planned(pair.live, pair.wanted).sent]
    for one in pointers:
        for other in pointers:
            assert one is other or other[: len(one)] != one


@given(pairs())
def test_the_order_of_the_entries_does_not_count(pair: Pair) -> None:
    sent = planned(pair.live, pair.wanted).sent
    backwards = dict(reversed(sent.items()))
    forwards, other = executed(pair.live, sent), executed(pair.live, backwards)
    run = planned(pair.live, pair.wanted)
    assert reaches(run, forwards, pair.wanted)
    assert other == forwards


# What is sent


@given(pairs())
def test_no_mask_and_no_password_that_was_read_is_sent(pair: Pair) -> None:
    run = planned(pair.live, pair.wanted)
    sent, said = sent_strings(run.sent), [*strings(pair.wanted.stored)]
    assert MASK not in sent or MASK in said
    for url in strings(pair.live):
        for password in passwords(url):
            if len(password) > 8 and not any(password in known for known in said):
                assert not any(password in found for found in sent), password


@given(pairs("Sharded", "RedisCluster"))
def test_no_stored_secret_is_sent(pair: Pair) -> None:
    live = with_other_secrets(pair.live, pair.wanted)
    run = planned(live, pair.wanted)
    assert not any("other " in found for found in sent_strings(run.sent)) or any(
        "other " in known for known in strings(pair.wanted.stored)
    )


@given(pairs("Sharded", "Sharded", "Redis"))
def test_all_shards_are_sent_only_when_the_object_becomes_sharded(pair: Pair) -> None:
    run = planned(pair.live, pair.wanted)
    becomes = pair.live[TYPE] != "Sharded" and pair.wanted.stored[TYPE] == "Sharded"
    assert ("stores" in run.sent) == becomes


@given(pairs())
def test_the_variant_is_sent_only_where_it_changes(pair: Pair) -> None:
    run = planned(pair.live, pair.wanted)
    assert (TYPE in run.sent) == (pair.live[TYPE] != pair.wanted.stored[TYPE])
    assert not any(key.endswith(f"/{TYPE}") for key in run.sent)


@given(pairs())
def test_the_secrets_to_send_are_those_that_the_update_holds(pair: Pair) -> None:
    run = planned(pair.live, pair.wanted)
    listed = {pair.wanted.environment[sent.ref.argument] for sent in run.plan.to_send}
    sent = "\n".join(sent_strings(run.sent))
    for known in pair.wanted.environment.values():
        if known in listed:
            assert known in sent or quote(known, safe="") in sent
        elif len(known) > 8 and known not in "\n".join(strings(pair.wanted.stored)):
            assert known not in sent


@given(pairs(*PLAIN))
def test_fields_that_no_file_mentions_are_left_alone_where_that_is_wanted(pair: Pair) -> None:
    said = pair.wanted.document[NAME]
    vault = Vault()
    live, desired = read(pair.live, vault), decoded(pair.wanted, vault, pair.wanted.environment)
    kept = keep_unlisted(desired, live)
    plan = make_plan(TARGET, kept, live, KIND.shape)
    stored = executed(pair.live, as_sent(update_json(plan.patch, vault)))
    if pair.live[TYPE] == pair.wanted.stored[TYPE]:
        left = {name for name in pair.live if name not in said}
        assert {path[0] for path in plan.unmanaged} == left
        assert stored == {
            name: pair.live[name] if name in left else part
            for name, part in pair.wanted.stored.items()
        }
    else:
        assert stored == pair.wanted.stored
