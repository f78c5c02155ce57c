"""The laws of a difference and of an update, over random pairs; the sandbox executes it.

Each law is a function that takes a step; all of them hold for each pair that is drawn.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given

from confsync.kinds import KINDS
from confsync.kinds.kind import default_object
from confsync.sandbox import patch_rules as rules
from confsync.sandbox.pointer import parse
from confsync.secrets import RESOLVERS
from confsync.secrets.resolver import resolve
from confsync.store.decode import from_file
from confsync.sync.patch import leaves
from confsync.sync.plan import keep_unlisted, make_plan
from confsync.sync.secret import MASK, Vault
from confsync.sync.values import Difference
from tests.states import (
    SHAPE,
    TAGS,
    TYPE,
    Json,
    Pair,
    Wanted,
    neighbours,
    pairs,
    sayable,
    stored_states,
    wanted_states,
)
from tests.sync.runs import (
    KIND,
    TARGET,
    Run,
    as_desired,
    changes_of,
    decoded,
    executed,
    planned,
    reaches,
    read,
    send,
    sent_strings,
    strings,
)
from tests.sync.second_opinion import changed, leaves_of_update, orders, passwords

if TYPE_CHECKING:
    from collections.abc import Iterator


class Step:
    """What is stored, what is wanted, and what one apply makes of them."""

    def __init__(self, pair: Pair) -> None:
        self.live, self.wanted = pair.live, pair.wanted
        self.run = planned(pair.live, pair.wanted)
        self.stored = executed(pair.live, self.run.sent)

    @cached_property
    def again(self) -> Run:
        """The plan after the apply."""
        return planned(self.stored, self.wanted)

    @cached_property
    def strange(self) -> Json:
        """What is stored, with secrets that are surely not those wanted."""
        known = list(strings(self.wanted.stored))
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

        return replaced(self.live)

    @cached_property
    def from_strange(self) -> Run:
        """The plan on what is stored with other secrets."""
        return planned(self.strange, self.wanted)


# Reaching, idempotence, minimality


def the_update_reaches_the_desired_state(step: Step) -> None:
    assert reaches(step.stored, step.wanted)


def what_is_reached_shows_no_change_and_needs_only_hidden_secrets(step: Step) -> None:
    plan = step.again.plan
    assert plan.difference.changes == ()
    hidden = [unknown for unknown in plan.difference.unknown if unknown.hidden]
    assert len(step.again.sent) == len(hidden)
    assert plan.empty == (not hidden)


def a_reached_state_is_stored_as_it_is_when_the_update_is_sent_again(step: Step) -> None:
    assert json.dumps(executed(step.stored, step.again.sent)) == json.dumps(step.stored)


def no_entry_and_no_leaf_can_be_taken_away(step: Step) -> None:
    for smaller in without_each_leaf(step.from_strange.sent):
        outcome = rules.update(step.strange, smaller)
        if isinstance(outcome, rules.Updated):
            assert not reaches(outcome.stored, step.wanted), smaller


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


def no_allowed_update_needs_fewer_leaves(step: Step) -> None:
    found = sum(leaves(entry.value) for entry in step.run.plan.patch.entries)
    assert found == leaves_of_update(step.live, step.wanted.stored)


def entries_never_overlap(step: Step) -> None:
    pointers = [parse(key) for key in step.run.sent]
    for one in pointers:
        for other in pointers:
            assert one is other or other[: len(one)] != one


def the_order_of_the_entries_does_not_count(step: Step) -> None:
    backwards = dict(reversed(step.run.sent.items()))
    assert executed(step.live, backwards) == step.stored


# The difference


def the_changes_are_those_of_a_plain_comparison(step: Step) -> None:
    plain = changed(step.live, step.wanted.stored)
    assert changes_of(step.run.plan.difference, step.run.vault) == plain


def there_is_a_change_only_where_something_differs(step: Step) -> None:
    live, wanted = rules.get_view(step.live), rules.get_view(step.wanted.stored)
    equal = live == wanted and orders(live) == orders(wanted)
    assert (step.run.plan.difference.changes == ()) == equal


# What is sent


def no_mask_and_no_password_that_was_read_is_sent(step: Step) -> None:
    sent, said = sent_strings(step.run.sent), [*strings(step.wanted.stored)]
    # A member of a set may be called so, and has to be named to be taken away.
    assert MASK not in sent or MASK in said or MASK in names(step.live)
    for url in strings(step.live):
        for password in passwords(url):
            if len(password) > 8 and not any(password in known for known in said):
                assert not any(password in found for found in sent), password


def names(value: object) -> set[str]:
    """Every key in a JSON value."""
    if not isinstance(value, dict):
        return set()
    return set(value).union(*map(names, value.values()))


def no_stored_secret_is_sent(step: Step) -> None:
    sent = sent_strings(step.from_strange.sent)
    assert not any("other " in found for found in sent) or any(
        "other " in known for known in strings(step.wanted.stored)
    )


def all_shards_are_sent_only_when_the_object_becomes_sharded(step: Step) -> None:
    becomes = step.live[TYPE] != "Sharded" and step.wanted.stored[TYPE] == "Sharded"
    assert ("stores" in step.run.sent) == becomes


def the_variant_is_sent_only_where_it_changes(step: Step) -> None:
    assert (TYPE in step.run.sent) == (step.live[TYPE] != step.wanted.stored[TYPE])
    # A URL may be called `@type` too.
    assert not any(key.endswith(f"/{TYPE}") and "urls" not in key for key in step.run.sent)


def the_secrets_to_send_are_those_that_the_update_holds(step: Step) -> None:
    known = step.wanted.environment
    listed = {known[sent.ref.argument] for sent in step.run.plan.to_send}
    sent = "\n".join(sent_strings(step.run.sent))
    for text in known.values():
        if text in listed:
            assert text in sent or quote(text, safe="") in sent
        elif len(text) > 8 and text not in "\n".join(strings(step.wanted.stored)):
            assert text not in sent


# Without the secrets, and with `--unlisted keep`


def the_digest_is_the_same_with_and_without_secrets(step: Step) -> None:
    vault = Vault()
    without = decoded(step.wanted, vault, {})
    plan = make_plan(TARGET, without, read(step.live, vault), SHAPE)
    assert plan.digest == step.run.plan.digest


def fields_that_no_file_mentions_are_left_alone_where_that_is_wanted(step: Step) -> None:
    said = step.wanted.document[KIND.name]
    kept = keep_unlisted(step.run.desired, step.run.live, [*step.run.desired.tree.members])
    plan = make_plan(TARGET, kept, step.run.live, SHAPE)
    stored = executed(step.live, send(plan, step.run.vault))
    left = set()
    if step.live[TYPE] == step.wanted.stored[TYPE]:
        left = {name for name in step.live if name not in said}
    assert {path[0] for path in plan.unmanaged} == left
    assert stored == {
        name: step.live[name] if name in left else part for name, part in step.wanted.stored.items()
    }


LAWS = (
    the_update_reaches_the_desired_state,
    what_is_reached_shows_no_change_and_needs_only_hidden_secrets,
    a_reached_state_is_stored_as_it_is_when_the_update_is_sent_again,
    no_entry_and_no_leaf_can_be_taken_away,
    no_allowed_update_needs_fewer_leaves,
    entries_never_overlap,
    the_order_of_the_entries_does_not_count,
    the_changes_are_those_of_a_plain_comparison,
    there_is_a_change_only_where_something_differs,
    no_mask_and_no_password_that_was_read_is_sent,
    no_stored_secret_is_sent,
    all_shards_are_sent_only_when_the_object_becomes_sharded,
    the_variant_is_sent_only_where_it_changes,
    the_secrets_to_send_are_those_that_the_update_holds,
    the_digest_is_the_same_with_and_without_secrets,
    fields_that_no_file_mentions_are_left_alone_where_that_is_wanted,
)


def obey(pair: Pair) -> None:
    step = Step(pair)
    for law in LAWS:
        law(step)


def test_every_law_is_in_the_list() -> None:
    written = [
        found
        for name, found in globals().items()
        if getattr(found, "__annotations__", {}).keys() == {"step", "return"}
    ]
    assert written == list(LAWS)


@given(pairs())
def test_the_laws_hold_from_any_state_to_any_other(pair: Pair) -> None:
    obey(pair)


@given(neighbours())
def test_the_laws_hold_after_a_few_edits(pair: Pair) -> None:
    obey(pair)


@given(pairs("Sharded"))
def test_the_laws_hold_among_shards(pair: Pair) -> None:
    obey(pair)


@given(pairs("RedisCluster", "RedisSentinel", "Redis"))
def test_the_laws_hold_among_stores_without_shards(pair: Pair) -> None:
    obey(pair)


# The states themselves


@given(stored_states())
def test_a_random_state_is_one_that_the_server_stores(state: Json) -> None:
    outcome = rules.create(state)
    assert isinstance(outcome, rules.Updated)
    assert outcome.stored == state


@given(stored_states())
def test_a_state_shows_no_change_against_itself(stored: Json) -> None:
    live = read(stored, Vault())
    plan = make_plan(TARGET, as_desired(live), live, SHAPE)
    assert plan.difference == Difference()
    assert plan.empty


@given(stored_states().map(sayable).flatmap(wanted_states))
def test_a_file_is_read_without_a_problem_and_shows_no_change_even_without_secrets(
    wanted: Wanted,
) -> None:
    vault = Vault()
    (desired,) = from_file(wanted.node, KINDS, vault, RESOLVERS).desired
    live = read(wanted.stored, vault)
    unresolved = resolve(desired, vault, RESOLVERS, {}).desired
    assert make_plan(TARGET, unresolved, live, SHAPE).difference.changes == ()
    assert resolve(desired, vault, RESOLVERS, wanted.environment).problems == ()


@pytest.mark.parametrize("tag", TAGS)
def test_the_defaults_are_the_servers(tag: str) -> None:
    if tag == "Sharded":
        return
    vault = Vault()
    assert read(rules.defaults(tag), vault).tree == default_object(SHAPE, tag)
