"""The small pieces of the heart, each by itself."""

from __future__ import annotations

import pytest

from confsync.sync.align import Alignment, align
from confsync.sync.patch import leaves
from confsync.sync.secret import HIDDEN, Ref, Secret, Vault
from confsync.sync.tree import Items, Members, Object, Scalar, match_urls, may_be_another, relation
from confsync.sync.url import (
    Url,
    compose,
    masked,
    masked_text,
    percent_encoded,
    seal_text,
    seal_url,
    trim,
)
from confsync.sync.values import Desired, Origin

A, B = Url(("redis://a",)), Url(("redis://b",))
UNRESOLVED = Secret(None, Ref("env", "P"))


def test_leaves_are_scalars_members_types_and_empty_sets() -> None:
    item = Object("Redis", {"url": A, "timeout": 5})
    assert leaves(item) == 3
    assert leaves(Items((item, Object("Redis", {})))) == 4
    assert [leaves(Members(urls)) for urls in ((), (A,), (A, B))] == [1, 1, 2]
    assert [leaves(value) for value in (None, True, 0, "x", HIDDEN, A)] == [1] * 6


@pytest.mark.parametrize(
    ("live", "desired", "expected"),
    [
        ("ab", "ab", Alignment(((0, 0), (1, 1)), (), ())),
        ("ab", "b", Alignment(((1, 0),), (0,), ())),
        ("ab", "abc", Alignment(((0, 0), (1, 1)), (), (2,))),
        ("abc", "ac", Alignment(((0, 0), (2, 1)), (1,), ())),
        ("aa", "a", Alignment(((0, 0),), (1,), ())),
        ("", "ab", Alignment((), (), (0, 1))),
        ("ab", "", Alignment((), (0, 1), ())),
        ("abcd", "bcda", Alignment(((1, 0), (2, 1), (3, 2)), (0,), (3,))),
        ("xxx", "a", Alignment((), (0, 1, 2), (0,))),
    ],
)
def test_slots_are_kept_where_that_costs_least(
    live: str, desired: str, expected: Alignment
) -> None:
    def keep(i: int, j: int) -> int:
        return 0 if live[i] == desired[j] else 5

    assert align(len(live), len(desired), keep, lambda _: 3) == expected


def test_equal_costs_keep_the_lowest_slot() -> None:
    assert align(3, 1, lambda _i, _j: 1, lambda _: 9).kept == ((0, 0),)


def test_a_whole_reference_takes_what_no_other_member_can_be() -> None:
    known = Url(("redis://u:", UNRESOLVED, "@b"))
    live = (seal_url("redis://a", Vault()), seal_url("redis://u:p@b", Vault()))
    assert match_urls(live, (Url((), Ref("env", "U")), known)) == [(0, 0), (1, 1)]


def test_a_member_whose_password_is_not_known_comes_before_a_whole_reference() -> None:
    known = Url(("redis://u:", UNRESOLVED, "@b"))
    vault = Vault()
    live = (seal_url("redis://u:p@b", vault), seal_url("redis://a", vault))
    assert match_urls(live, (Url((), Ref("env", "U")), known)) == [(1, 0), (0, 1)]


def test_a_member_finds_one_partner() -> None:
    known = Url(("redis://u:", UNRESOLVED, "@b"))
    live = tuple(seal_url(f"redis://u:{password}@b", Vault()) for password in ("p", "q"))
    assert match_urls(live, (known,)) == [(0, 0), (1, None)]


def test_members_with_passwords_pair_only_where_the_rest_is_equal() -> None:
    vault = Vault()
    live, other = seal_url("redis://u:p@a", vault), seal_url("redis://u:p@b", vault)
    assert match_urls((live,), (other,)) == [(None, 0), (0, None)]
    assert match_urls((live,), (A,)) == [(None, 0), (0, None)]
    assert match_urls((live,), (seal_url("redis://u:q@a", vault),)) == [(0, 0)]


def test_a_reference_may_be_another_member() -> None:
    known, whole = Url(("redis://u:", UNRESOLVED, "@b")), Url((), Ref("env", "U"))
    alike = seal_url("redis://u:p@b", Vault())
    assert may_be_another(whole, (whole,))
    assert may_be_another(known, (known, alike))
    assert not may_be_another(known, (known, A))
    assert not may_be_another(A, (A, B))


def test_members_without_passwords_never_pair_by_their_looks() -> None:
    assert match_urls((A,), (B,)) == [(None, 0), (0, None)]


@pytest.mark.parametrize(
    ("live", "desired"), [(True, 1), (1, True), (0, False), (1, "1"), (None, "None"), (None, 0)]
)
def test_leaves_of_other_types_differ(live: Scalar, desired: Scalar) -> None:
    assert relation(live, desired) == "different"
    assert relation(live, live) == "same"


def test_secrets_relate_as_far_as_can_be_known() -> None:
    vault = Vault()
    live = seal_url("redis://u:p@h", vault)
    assert relation(HIDDEN, UNRESOLVED) == "unknown"
    assert relation(HIDDEN, vault.seal("p", Ref("env", "P"))) == "unknown"
    assert relation(HIDDEN, HIDDEN) == "same"
    assert relation("x", HIDDEN) == relation(HIDDEN, "x") == "different"
    assert relation("redis://a", A) == relation(A, "redis://a") == "different"
    assert relation(live, seal_url("redis://u:p@h", vault)) == "same"
    assert relation(live, seal_url("redis://u:q@h", vault)) == "different"
    assert relation(live, seal_url("redis://u:p@i", vault)) == "different"
    assert relation(live, Url(("redis://u:", UNRESOLVED, "@h"))) == "unknown"
    assert relation(live, Url((), Ref("env", "U"))) == "unknown"


def test_the_origin_of_a_value_is_that_of_the_nearest_object_around_it() -> None:
    tree = Object("Redis", {})
    here, around = Origin("file", "f", 3, 1), Origin("file", "f", 1, 1)
    desired = Desired("InMemoryStore", tree, tree, {(): around, ("a", 0): here}, "f")
    assert desired.origin(("a", 0, "b")) == here
    assert desired.origin(("a",)) == around
    bare = Desired("InMemoryStore", tree, tree, {}, "f")
    assert bare.origin(("a",)) == Origin("default")


def test_white_space_is_what_the_server_takes_for_it() -> None:
    assert trim("\u3000\u0085 \ta\u00a0\n") == "a"
    for kept in ("\x1ca\x1f", "\ufeffa", "\u200ba"):
        assert trim(kept) == kept


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("redis://u:p@h", "redis://u:****@h"),
        ("redis://:p@h://x", "redis://:****@h://x"),
        ("redis://u:a@b:c@h", "redis://u:****@h"),
        ("u:p@h", "u:****@h"),
        ("://u:p@h", ":****@h"),
        ("redis://u@h:1", "redis://u@h:1"),
        ("redis://u:@h", "redis://u:****@h"),
        ("redis://h:@", "redis://h:****@"),
        (":@", ":****@"),
        ("redis://h?password=a&x=1&token=b&y=2", "redis://h?password=****&x=1&token=****&y=2"),
        ("redis://h?x=1;password=a?token=b", "redis://h?x=1;password=****"),
        ("redis://h?PASS%57ORD=a", "redis://h?PASS%57ORD=****"),
        ("?password=&password=b", "?password=****&password=****"),
        ("redis://u:p@h?password=x@y", "redis://u:****"),
        ("redis://u:?token=@h", "redis://u:****"),
        ("u:a://b@h", "u:****@h"),
        ("u:p@h?x=redis://y", "u:****@h?x=redis://y"),
        ("x y://u:p@h", "x y:****@h"),
        ("redis://h#password=a", "redis://h#password=****"),
        ("redis://h#insecure", "redis://h#insecure"),
        ("redis://h", "redis://h"),
    ],
)
def test_rather_too_much_of_a_url_is_masked_than_too_little(text: str, shown: str) -> None:
    vault = Vault()
    url = seal_url(text, vault)
    assert str(url) == masked(text) == shown
    parts = (part if isinstance(part, str) else vault.open(part) for part in url.parts)
    assert "".join(parts) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://u:p@h", "postgres://u:****@h"),
        ("see <https://u:p@h/> or https://:q:r@x@h", "see <https://u:****@h/> or https://:****@h"),
        ("redis://:@h", "redis://:@h"),
        ("mailto:admin@example.com", "mailto:admin@example.com"),
        ("@media (min-width: 1px) {a: url(b@c)}", "@media (min-width: 1px) {a: url(b@c)}"),
        ("https://h/css?family=Inter:wght@400", "https://h/css?family=Inter:wght@400"),
        ("https://h:1/ <a@b>", "https://h:1/ <a@b>"),
        ('<a href="https://h:1">a@b</a>', '<a href="https://h:1">a@b</a>'),
        ("https://u@h:1", "https://u@h:1"),
        ("https://h?token={{token}}", "https://h?token={{token}}"),
    ],
)
def test_an_ordinary_text_has_a_password_only_in_the_host_part_of_a_url(
    text: str, shown: str
) -> None:
    vault = Vault()
    sealed = seal_text(text, vault)
    assert str(sealed) == masked_text(text) == shown
    parts = (part if isinstance(part, str) else vault.open(part) for part in sealed.parts)
    assert "".join(parts) == text


def test_credentials_are_percent_encoded_whole() -> None:
    assert percent_encoded("a/b:c@d X") == "a%2Fb%3Ac%40d%20X"
    url = compose("redis://h/x://y", "u/s X", UNRESOLVED)
    assert str(url) == "redis://u%2Fs%20X:****@h/x://y"
