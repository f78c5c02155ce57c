"""Whether a state that comes from outside is of the shape that it should have."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from confsync.jmap.decode import from_wire
from confsync.kinds import KINDS
from confsync.kinds.kind import default_object
from confsync.sandbox import patch_rules as rules
from confsync.store.plan_codec import fits
from confsync.sync.secret import HIDDEN, Ref, Secret, Vault
from confsync.sync.tree import Items, Members, Object, Tree
from confsync.sync.url import Url
from tests.states import pairs

if TYPE_CHECKING:
    from tests.states import Pair

KIND = KINDS["InMemoryStore"]
SENTINEL = default_object(KIND.shape, "RedisSentinel")


@given(pairs())
def test_each_state_of_a_server_fits(pair: Pair) -> None:
    view: Any = rules.get_view(pair.live)
    assert fits(from_wire(KIND, view, Vault()).tree, KIND.shape)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("serviceName", Secret(None, Ref("env", "STALWART_TOKEN"))),
        ("serviceName", Url(("redis://a",))),
        ("serviceName", None),
        ("authUsername", HIDDEN),
        ("urls", "redis://a"),
        ("urls", Items(())),
        ("authSecret", Object("Value", {"secret": "text"})),
        ("authSecret", Object("Value", {})),
        ("authSecret", Object("Other", {})),
        ("timeout", True),
        ("timeout", "10s"),
        ("protocolVersion", 2),
    ],
)
def test_another_kind_of_value_in_a_field_does_not(name: str, value: Tree) -> None:
    """A saved plan that was changed could have a secret looked up, and stored in a text."""
    assert fits(SENTINEL, KIND.shape)
    assert not fits(replace(SENTINEL, members={**SENTINEL.members, name: value}), KIND.shape)


def test_neither_does_an_object_with_other_members_or_of_no_known_variant() -> None:
    more = {**SENTINEL.members, "more": 1}
    fewer = {name: member for name, member in SENTINEL.members.items() if name != "timeout"}
    for members in (more, fewer):
        assert not fits(replace(SENTINEL, members=members), KIND.shape)
    assert not fits(replace(SENTINEL, tag="Other"), KIND.shape)
    assert not fits(Members(()), KIND.shape)
    shards = default_object(KIND.shape, "RedisCluster")
    assert fits(Object("Sharded", {"stores": Items((shards, shards))}), KIND.shape)
    assert not fits(
        Object("Sharded", {"stores": Items((shards, Object("Default", {})))}), KIND.shape
    )
