"""What becomes of hidden secrets, over random states: sent, kept, or nothing goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import event, given
from hypothesis import strategies as st

from confsync.sync.plan import make_plan
from confsync.sync.secret import Vault
from confsync.sync.tree import path_text
from tests.states import Json, Pair, edited, neighbours, stored_states, wanted_states
from tests.sync.runs import KIND, TARGET, decoded, executed, read, send
from tests.sync.second_opinion import orders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.sync.values import HiddenSecrets, Plan

TAGS = ("RedisCluster", "RedisSentinel", "Sharded")
HIDDEN = "what only the server knows "


def secrets(stored: Json, path: str = "") -> Iterator[tuple[str, str]]:
    """The path and the text of each secret in a stored object."""
    for name, part in stored.items():
        here = f"{path}/{name}" if path else name
        if isinstance(part, dict):
            yield from secrets(part, here)
        elif name == "secret" and isinstance(part, str):
            yield here, part


def with_secrets(stored: Json, number: Iterator[int]) -> Json:
    """The object with other secrets, each of them a text of its own."""
    return {
        name: with_secrets(part, number)
        if isinstance(part, dict)
        else f"{HIDDEN}{next(number)}"
        if name == "secret" and isinstance(part, str)
        else part
        for name, part in stored.items()
    }


def without_secrets(stored: Json) -> Json:
    return with_secrets(stored, iter([0] * 100))


def with_values(stored: Json) -> Json:
    """The object with a stored secret in each place where there can be one."""
    return {
        name: {"@type": "Value", "secret": "x"}
        if name == "authSecret"
        else with_values(part)
        if isinstance(part, dict)
        else part
        for name, part in stored.items()
    }


@st.composite
def full_of_secrets(draw: st.DrawFn) -> Pair:
    live = with_values(draw(stored_states(*TAGS)))
    return Pair(live, draw(wanted_states(draw(edited(live)))))


PAIRS = full_of_secrets() | neighbours(*TAGS)


def planned(live: Json, pair: Pair, policy: HiddenSecrets) -> tuple[Plan, Json]:
    vault = Vault()
    desired = decoded(pair.wanted, vault, pair.wanted.environment)
    plan = make_plan(TARGET, desired, read(live, vault), KIND.shape, hidden_secrets=policy)
    return plan, send(plan, vault)


def owners(stored: Json) -> dict[str, Json]:
    """For each hidden secret the shard that it stands in, or the whole object, without secrets."""
    items = stored.get("stores")
    parts = items.values() if isinstance(items, dict) else [stored]
    return {text: without_secrets(part) for part in parts for _, text in secrets(part)}


class Three:
    """What an apply would do with each of the three options."""

    def __init__(self, pair: Pair) -> None:
        self.wanted = pair.wanted.stored
        self.live = with_secrets(pair.live, iter(range(1000)))
        self.pair = pair
        self.send, self.sent = planned(self.live, pair, "send")
        self.keep, self.kept = planned(self.live, pair, "keep")
        self.fail, self.failed = planned(self.live, pair, "fail")


def what_is_kept_stays_with_the_object_that_it_belongs_to(found: Three) -> None:
    after = executed(found.live, found.kept)
    wanted, left = dict(secrets(found.wanted)), set(map(path_text, found.keep.kept))
    event(f"kept: {len(left)}")
    assert without_secrets(after) == without_secrets(found.wanted)
    assert orders(after) == orders(found.wanted)
    for path, text in secrets(after):
        if path not in left:
            assert text == wanted[path]
            continue
        assert text.startswith(HIDDEN)
        if path.startswith("stores/"):
            assert owners(found.live)[text] == owners(after)[text]
    again, nothing = planned(after, found.pair, "keep")
    assert (again.empty, nothing, again.refusals) == (True, {}, ())


def what_is_sent_all_the_same_would_have_been_given_to_another_shard(found: Three) -> None:
    hidden = [one for one in found.keep.difference.unknown if one.hidden]
    for one in (one for one in hidden if one.path not in found.keep.kept):
        event("sent")
        shard, slot = str(one.path[1]), str(one.slot[1])
        before, after = found.live["stores"][slot], found.wanted["stores"][shard]
        assert without_secrets(before) != without_secrets(after)


def fail_lets_nothing_go_on_that_overwrites_a_hidden_secret(found: Three) -> None:
    if found.fail.refusals:
        return
    assert not [unknown for unknown in found.fail.difference.unknown if unknown.hidden]
    assert executed(found.live, found.failed) == found.wanted
    assert not found.keep.refusals


def without_hidden_secrets_the_three_do_the_same(found: Three) -> None:
    if list(secrets(found.live)):
        return
    assert not any(plan.refusals for plan in (found.send, found.keep, found.fail))
    assert found.sent == found.kept == found.failed


def what_becomes_of_hidden_secrets_is_part_of_the_digest(found: Three) -> None:
    assert len({found.send.digest, found.keep.digest, found.fail.digest}) == 3


LAWS = (
    what_is_kept_stays_with_the_object_that_it_belongs_to,
    what_is_sent_all_the_same_would_have_been_given_to_another_shard,
    fail_lets_nothing_go_on_that_overwrites_a_hidden_secret,
    without_hidden_secrets_the_three_do_the_same,
    what_becomes_of_hidden_secrets_is_part_of_the_digest,
)


@given(PAIRS)
def test_the_laws_of_hidden_secrets_hold(pair: Pair) -> None:
    found = Three(pair)
    for law in LAWS:
        law(found)
