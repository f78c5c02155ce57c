"""Lists are aligned by the rule of the plain table, with the same ties, for fewer costs."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from confsync.kinds.kind import default_object
from confsync.sync import align as aligning
from confsync.sync.align import REMOVAL, Alignment, align, align_items, closest, cost, size
from confsync.sync.compare import difference
from confsync.sync.patch import leaves
from confsync.sync.patch import patch as update_for
from confsync.sync.secret import HIDDEN, Ref, Secret
from confsync.sync.shape import Field, Fields, ListOf, SecretText, Text, TextSet, UrlText, Variants
from confsync.sync.tree import Items, Members, Object
from confsync.sync.url import Url
from confsync.sync.values import Origin
from tests.states import SHAPE
from tests.sync import reference_alignment as reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from confsync.sync.shape import Shape
    from confsync.sync.tree import Tree

UNRESOLVED = Secret(None, Ref("env", "P"))
URLS = (
    *(Url((f"redis://{name}",)) for name in "ab"),
    *(Url(("redis://:", Secret(number), "@a")) for number in (1, 2)),
)
UNKNOWN_URLS = (Url(("redis://:", UNRESOLVED, "@a")), Url((), Ref("env", "U")))


def known(shape: Shape, default: Tree = None, *, required: bool = True) -> Field:
    return Field(shape, nullable=True, required=required, default=default, summary="")


AUTH = Variants(
    "Auth", {"None": Fields("None", {}), "Value": Fields("Value", {"secret": known(SecretText())})}
)
TEXT = known(Text(), "x", required=False)
INNER = Variants("Inner", {"In": Fields("In", {"x": TEXT, "auth": known(AUTH)})})
MEMBERS = TextSet(lambda urls: URLS[1] in urls)
"""A set in whose order the first member decides where a certain one is in it."""
ITEM = Variants(
    "Item",
    {
        "Redis": Fields(
            "Redis",
            {
                "url": known(UrlText()),
                "x": TEXT,
                "y": TEXT,
                "auth": known(AUTH),
            },
        ),
        "Cluster": Fields(
            "Cluster",
            {"urls": known(MEMBERS), "x": TEXT, "auth": known(AUTH)},
        ),
        "Group": Fields("Group", {"items": known(ListOf(INNER, 0))}),
    },
)
"""The items of a made-up list: with URLs, sets, hidden secrets, and lists of their own."""


def auths(*secrets: Secret) -> st.SearchStrategy[Object]:
    values = (Object("Value", {"secret": secret}) for secret in secrets)
    return st.sampled_from([Object("None", {}), *values])


def items(urls: tuple[Url, ...], *secrets: Secret) -> st.SearchStrategy[Object]:
    """Items of few kinds, one of them unknown, so that many are equal, or nearly so."""
    texts, auth = st.sampled_from("xy"), auths(*secrets)
    members = (
        st.lists(st.sampled_from(urls[:2] + urls[3:]), max_size=3, unique=True)
        .map(tuple)
        .map(Members)
    )
    inner = st.builds(lambda x, auth: Object("In", {"x": x, "auth": auth}), texts, auth)
    fields: dict[str, dict[str, st.SearchStrategy[Tree]]] = {
        "Redis": {"url": st.sampled_from(urls), "x": texts, "y": texts, "auth": auth},
        "Cluster": {"urls": members, "x": texts, "auth": auth},
        "Group": {"items": st.lists(inner, max_size=2).map(tuple).map(Items)},
    }
    known_ones = (
        st.fixed_dictionaries(found).map(partial(Object, tag)) for tag, found in fields.items()
    )
    return st.one_of(st.just(Object("Newer", {})), *known_ones)


LIVE = items(URLS, HIDDEN)
DESIRED = items((*URLS, *UNKNOWN_URLS), HIDDEN, UNRESOLVED, Secret(7, Ref("env", "Q")))


@st.composite
def lists(draw: st.DrawFn) -> tuple[list[Object], list[Object]]:
    """A live list and a desired one, in which some of the live items come again."""
    live = draw(st.lists(LIVE, max_size=6))
    old = st.sampled_from(live) if live else DESIRED
    return live, draw(st.lists(old | DESIRED, max_size=6))


MANY = settings(max_examples=1000)
"""Items are small, and the laws of states draw few lists."""


@MANY
@given(LIVE, DESIRED | LIVE)
def test_a_cost_is_the_number_of_leaves_of_the_update(live: Object, desired: Object) -> None:
    assume("Newer" not in {live.tag, desired.tag})
    update = update_for(difference(live, desired, ITEM, lambda _: Origin("file")))
    assert cost(live, desired, ITEM) == sum(leaves(entry.value) for entry in update.entries)


@MANY
@given(lists())
def test_counted_costs_are_those_of_each_pair_and_none_is_below_its_least(
    pair: tuple[list[Object], list[Object]],
) -> None:
    live, desired = pair

    def checked(  # the arguments of `align`
        _live: int,
        _desired: int,
        keep: Callable[[int, int], int],
        append: Callable[[int], int],
        least: Callable[[int], int],
    ) -> Alignment:
        for j, after in enumerate(desired):
            assert append(j) == size(after, ITEM)
            for i, before in enumerate(live):
                assert least(j) <= keep(i, j) == cost(before, after, ITEM)
        return Alignment((), (), ())

    with patch.object(aligning, "align", checked):
        # An item with a list of its own is aligned within.
        if all(item.tag != "Group" for item in (*live, *desired)):
            align_items(live, desired, ITEM)


@MANY
@given(lists())
def test_items_are_aligned_as_by_the_table_of_all_costs(
    pair: tuple[list[Object], list[Object]],
) -> None:
    live, desired = pair
    assert align_items(live, desired, ITEM) == reference.align(
        len(live),
        len(desired),
        lambda i, j: cost(live[i], desired[j], ITEM),
        lambda j: size(desired[j], ITEM),
    )


@pytest.mark.parametrize("most", [1, 2, 4, 9])
def test_any_costs_give_the_alignment_and_the_pairing_of_the_table(most: int) -> None:
    chance = Random(most)  # noqa: S311 - which costs are tried is no secret
    for _ in range(400):
        old, new = chance.randrange(8), chance.randrange(8)
        costs = [[chance.randrange(most + 1) for _ in range(new)] for _ in range(old)]
        adds = [chance.randrange(1, most + 1) for _ in range(new)]
        floors = [
            min((costs[i][j] for i in range(old)), default=0) - chance.randrange(2)
            for j in range(new)
        ]

        def keep(i: int, j: int, costs: list[list[int]] = costs) -> int:
            return costs[i][j]

        expected = reference.align(old, new, keep, adds.__getitem__)
        assert align(old, new, keep, adds.__getitem__) == expected
        assert align(old, new, keep, adds.__getitem__, floors.__getitem__) == expected
        paired = reference.closest(old, new, keep, lambda _: REMOVAL, adds.__getitem__)
        assert closest(old, new, keep, adds.__getitem__) == paired


# How many costs are worked out


def shard(number: int, connections: int = 10) -> Object:
    item = default_object(stores(), "Redis")
    url = Url((f"redis://{number}.example",))
    return Object("Redis", {**item.members, "url": url, "poolMaxConnections": connections})


def stores() -> Variants:
    shape = SHAPE.objects["Sharded"].fields["stores"].shape
    assert isinstance(shape, ListOf)
    return shape.item


@pytest.mark.parametrize("number", [32, 128, 512])
def test_few_costs_are_worked_out_where_shards_are_shifted(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shifted by one, and a third of them differ: nearly all other pairs are never looked at."""
    asked: set[tuple[int, int]] = set()

    def counting(
        live: int,
        desired: int,
        keep: Callable[[int, int], int],
        append: Callable[[int], int],
        least: Callable[[int], int],
    ) -> Alignment:
        def counted(i: int, j: int) -> int:
            asked.add((i, j))
            return keep(i, j)

        return align(live, desired, counted, append, least)

    monkeypatch.setattr(aligning, "align", counting)
    live = [shard(place) for place in range(number)]
    desired = [shard(place + 1, 10 if place % 3 else 77) for place in range(number)]
    found = align_items(live, desired, stores())
    assert found.kept == tuple((slot + 1, slot) for slot in range(number - 1))
    assert len(asked) <= 8 * number


def test_no_way_is_followed_twice_where_many_cost_the_same() -> None:
    """Of 60 items each pair costs the same: the ways are far too many to follow each."""
    found = align(60, 60, lambda _i, _j: 5, lambda _: 4)
    assert found == reference.align(60, 60, lambda _i, _j: 5, lambda _: 4)
