"""Changes and entries as values, whole, over a made-up shape: the heart knows no field by name."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from confsync.errors import Fault
from confsync.sync.align import cost
from confsync.sync.compare import Comparison, difference, rebuilt
from confsync.sync.patch import patch, whole
from confsync.sync.secret import HIDDEN, Ref, Secret, Vault
from confsync.sync.shape import (
    Boolean,
    Field,
    Fields,
    SecretText,
    Text,
    TextSet,
    UrlText,
    Variants,
)
from confsync.sync.tree import Items, Members, Object, Tree, certainly_equal, leaf_key
from confsync.sync.url import Url, seal_url
from confsync.sync.values import Change, Difference, Entry, Origin, Unknown, WholeSet

if TYPE_CHECKING:
    from confsync.sync.compare import Key, Plain
    from confsync.sync.tree import Path

A, B, C = (Url((f"redis://{name}",)) for name in "abc")
FILE = Origin("file", "store.yaml", 2, 3)
UNRESOLVED = Secret(None, Ref("env", "P"))
SET = TextSet(lambda urls: bool(urls) and urls[0] == B)
"""A set in whose order the first member decides where it is B."""


def field(shape: Text | Boolean | TextSet | SecretText | Variants, default: Tree) -> Field:
    return Field(shape, nullable=False, required=False, default=default, summary="")


SECRET = Field(SecretText(), nullable=False, required=True, default=None, summary="")
PLAIN = Fields("Plain", {"text": SECRET, "x": field(Text(), "x")})
KEY = Variants("Key", {"Empty": Fields("Empty", {}), "Plain": PLAIN})
SHAPE = Variants(
    "Made",
    {
        "One": Fields(
            "One",
            {
                "__hidden": field(Text(), "h"),
                "flag": field(Boolean(), default=True),
                "urls": field(SET, Members((A,))),
                "key": field(KEY, Object("Empty", {})),
            },
        ),
        "Other": Fields("Other", {"flag": field(Boolean(), default=True)}),
    },
)


def one(**members: Tree) -> Object:
    defaults = {name: known.default for name, known in SHAPE.objects["One"].fields.items()}
    return Object("One", {**defaults, **members})


def key(text: Secret = HIDDEN, x: str = "x") -> Object:
    return Object("Plain", {"text": text, "x": x})


def written(_: Path) -> Origin:
    return FILE


def between(live: Object, desired: Object) -> Difference:
    return difference(live, desired, SHAPE, written)


def test_equal_states_never_load_deepdiff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "deepdiff", None)
    assert between(one(), one()) == Difference()


def test_every_field_is_compared_whatever_its_name() -> None:
    found = between(one(), one(__hidden="other"))
    text = Text()
    assert found.changes == (
        Change(("__hidden",), ("__hidden",), "update", text, "h", "other", FILE),
    )


def test_true_is_not_one() -> None:
    for live, desired in ((True, 1), (1, True)):
        (change,) = between(one(flag=live), one(flag=desired)).changes
        assert (change.path, change.before, change.after) == (("flag",), live, desired)


def test_the_members_of_a_set_are_changes_of_urls() -> None:
    desired = Members((A, C))
    within = WholeSet(desired, order_counts=False)
    path = ("urls",)
    found = between(one(urls=Members((A, B))), one(urls=desired))
    assert found.changes == (
        Change(path, path, "add", UrlText(), None, C, FILE, within=within),
        Change(path, path, "remove", UrlText(), B, None, Origin("file"), within=within),
    )
    assert patch(found).entries == (
        Entry(("urls", B), None, path),
        Entry(("urls", C), value=True, path=path),
    )


def test_a_set_with_no_member_in_common_is_a_change_for_each_member() -> None:
    found = between(one(urls=Members((A, B))), one(urls=Members((C,))))
    ends = [(change.action, change.before, change.after) for change in found.changes]
    assert ends == [("add", None, C), ("remove", A, None), ("remove", B, None)]


def test_an_order_that_counts_is_a_change_of_the_set() -> None:
    live, desired = Members((A, B)), Members((B, A))
    within = WholeSet(desired, order_counts=True)
    path = ("urls",)
    found = between(one(urls=live), one(urls=desired))
    assert found.changes == (
        Change(path, path, "reorder", SET, live, desired, FILE, within=within),
    )
    assert patch(found).entries == (Entry(path, desired, path),)


def test_a_set_in_another_order_and_with_other_members_is_one_entry() -> None:
    desired = Members((B, A, C))
    found = between(one(urls=Members((A, B))), one(urls=desired))
    assert [change.action for change in found.changes] == ["add", "reorder"]
    assert patch(found).entries == (Entry(("urls",), desired, ("urls",)),)


def test_a_change_of_variant_is_one_entry_a_member() -> None:
    live, desired = Object("Other", {"flag": True}), one(flag=False, urls=Members((A, C)))
    found = between(live, desired)
    (change,) = found.changes
    assert (change.path, change.action, change.shape) == ((), "replace", SHAPE)
    assert patch(found).entries == (
        Entry(("@type",), "One", ()),
        Entry(("flag",), value=False, path=("flag",)),
        Entry(("urls",), Members((A, C)), ("urls",)),
    )


def test_a_nested_object_is_sent_without_its_defaults() -> None:
    nested = whole(one(key=key(UNRESOLVED, "x")), SHAPE).members["key"]
    assert nested == Object("Plain", {"text": UNRESOLVED})


def test_a_hidden_secret_costs_a_leaf() -> None:
    assert cost(one(key=key()), one(key=key(UNRESOLVED)), SHAPE) == 1
    assert cost(one(key=key()), one(key=key(UNRESOLVED, "y")), SHAPE) == 2
    found = between(one(key=key()), one(key=key(UNRESOLVED)))
    path = ("key", "text")
    assert found == Difference(
        (), (Unknown(path, path, hidden=True, after=UNRESOLVED, origin=FILE),)
    )
    assert patch(found).entries == (Entry(path, UNRESOLVED, path),)


def test_what_a_rebuilt_object_means_for_its_sets() -> None:
    urls = Members((B, C))
    change = Change(
        (7,), (9,), "replace", SHAPE, Object("Other", {"flag": True}), one(urls=urls), FILE
    )
    added = [each for each in rebuilt(change, written) if each.path[-1] == "urls"]
    place = (7, "urls"), (9, "urls")
    assert added == [
        Change(*place, "add", UrlText(), None, B, FILE),
        Change(*place, "add", UrlText(), None, C, FILE),
    ]


def test_an_empty_set_of_a_rebuilt_object_is_shown_as_one() -> None:
    change = Change((7,), (9,), "remove", SHAPE, one(urls=Members(())), None, FILE)
    (removed,) = rebuilt(change, written)
    place = (7, "urls"), (9, "urls")
    assert removed == Change(*place, "remove", SET, Members(()), None, Origin("file"))


def test_members_that_cannot_be_compared_are_certainly_not_the_same() -> None:
    unknown = Url(("redis://:", UNRESOLVED, "@h"))
    for tree in (unknown, Members((unknown,)), key(UNRESOLVED), Object("Plain", {"x": unknown})):
        assert not certainly_equal(tree, tree)
    for known in (A, Members((A,)), key(), Object("Plain", {"x": "x"})):
        assert certainly_equal(known, known)


def test_a_password_that_differs_is_one_change() -> None:
    vault = Vault()
    live, desired = (seal_url(f"redis://u:{word}@h", vault) for word in ("p", "q"))
    found = between(one(urls=Members((live,))), one(urls=Members((desired,))))
    (change,) = found.changes
    assert (change.action, change.before, change.after) == ("update", live, desired)
    assert patch(found).entries == (Entry(("urls",), Members((desired,)), ("urls",)),)


# What no state can be


@pytest.mark.parametrize(
    ("live", "desired"),
    [
        (one(flag=Members(())), one()),
        (one(), one(flag=Members(()))),
        (one(key="x"), one()),
        (one(), one(key="x")),
        (one(urls=Items(())), one()),
        (one(), one(urls=Items(()))),
    ],
)
def test_states_of_different_shapes_are_a_fault(live: Object, desired: Object) -> None:
    with pytest.raises(
        Fault, match=r"^two states of different shapes cannot be laid side by side$"
    ):
        between(live, desired)


def test_an_object_without_variants_is_a_fault() -> None:
    change = Change((), (), "update", Text(), None, one(), FILE)
    with pytest.raises(Fault, match=r"^an object stands where its shape has none$"):
        patch(Difference((change,)))


def comparison(live: dict[str, Plain], desired: dict[str, Plain], *keys: Key) -> Comparison:
    """Two sides, with a change for each of some keys."""
    change = Change((), (), "update", Text(), "a", "b", FILE)
    return Comparison(written, live, desired, dict.fromkeys(keys, lambda: change))


@pytest.mark.parametrize("keys", [[("a",)], [("a", "b")], [("a",), ("a", "b")]])
def test_a_leaf_in_an_objects_place_is_a_fault_of_ours(keys: list[Key]) -> None:
    leaf: dict[str, Plain] = {"a": "x"}
    inner: dict[str, Plain] = {"a": {"b": "x"}}
    for sides in ((leaf, inner), (inner, leaf)):
        with pytest.raises(Fault, match=r"^the comparison found what no state can hold$"):
            comparison(*sides, *keys).changes()


def test_a_difference_that_is_no_candidate_is_a_fault_of_ours() -> None:
    one_leaf: dict[str, Plain] = {"a": "x"}
    others: tuple[dict[str, Plain], ...] = ({"a": "y"}, {}, {"a": "x", "c": {"b": "x"}})
    for sides in ((one_leaf, other) for other in others):
        with pytest.raises(Fault, match=r"^the comparison found what no state can hold$"):
            comparison(*sides, ("b",), ("a", "b")).changes()


def test_what_deepdiff_finds_is_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else compares: a deepdiff that is blind finds no change."""
    monkeypatch.setattr("deepdiff.DeepDiff", lambda *_, **__: {})
    assert between(one(), one(flag=False, urls=Members((C,)), key=key())) == Difference()


def test_deepdiff_gets_one_line_for_each_leaf_and_no_value_of_a_secret() -> None:
    vault = Vault()
    secret = vault.seal("hidden text", Ref("env", "P"))
    leaves = (None, True, 1, "1", "True", "a\nb", A, Url(("redis://:", secret, "@h")), secret)
    keys = [leaf_key(leaf) for leaf in leaves]
    assert len(set(keys)) == len(keys)
    assert not any("\n" in found or "hidden text" in found for found in keys)


@pytest.mark.parametrize("name", ["__x", "a'b", 'a"b', "a[0]", "root['a']", "a.b", "", "1"])
def test_a_field_of_any_name_is_compared(name: str) -> None:
    shape = Variants("Odd", {"One": Fields("One", {name: field(Text(), "x")})})
    live, desired = (Object("One", {name: text}) for text in ("a", "b"))
    (change,) = difference(live, desired, shape, written).changes
    assert (change.path, change.before, change.after) == ((name,), "a", "b")
    assert not difference(live, live, shape, written).changes


@pytest.mark.parametrize(
    ("live", "desired"),
    [
        (2**64 - 1, 2**64 - 2),
        (2**53, 2**53 + 1),
        (0, False),
        ("1", 1),
        ("é", "e\u0301"),
        ("a", "A"),
    ],
)
def test_values_that_look_alike_differ(live: Tree, desired: Tree) -> None:
    shape = Variants("Odd", {"One": Fields("One", {"x": field(Text(), "x")})})
    for before, after in ((live, desired), (desired, live)):
        old, new = Object("One", {"x": before}), Object("One", {"x": after})
        (change,) = difference(old, new, shape, written).changes
        assert (change.before, change.after) == (before, after)
