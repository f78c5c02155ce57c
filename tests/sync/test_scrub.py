"""The scrubber: no spelling of a sealed value is left in a text, and nothing else is touched."""

from __future__ import annotations

import base64
import itertools
import json
import sys
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.jmap import pointer
from confsync.kinds import documented
from confsync.sync.scrub import LEARNED_NOTHING, SHORTEST, spellings, without
from confsync.sync.secret import MASK, Vault
from confsync.sync.url import percent_encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType

VALUE = "pä/s s+\"\\%'wörd"
# Nothing of the surroundings can be a part of a spelling.
SURROUNDINGS = st.text("☃☂ \n", min_size=1, max_size=8)
ENCODABLE = st.text(st.characters(codec="utf-8"), min_size=SHORTEST, max_size=20)
VALUES = st.text(st.characters(exclude_characters="☃☂ \n"), min_size=SHORTEST, max_size=20)


def scrubbed(text: str, *values: str) -> str:
    return without(text, LEARNED_NOTHING.learning(len(values), values), MASK)


@pytest.mark.parametrize(
    "spelt",
    [
        VALUE,
        json.dumps(VALUE)[1:-1],
        json.dumps(VALUE, ensure_ascii=False)[1:-1],
        repr(VALUE)[1:-1],
        VALUE.encode("unicode_escape").decode(),
        quote(VALUE, safe=""),
        quote(VALUE),
        quote_plus(VALUE),
        "p%c3%a4%2fs%20s%2b%22%5c%25%27w%c3%b6rd",
        "p%c3%a4/s%20s%2b%22%5c%25%27w%c3%b6rd",
    ],
)
def test_each_usual_spelling_is_masked(spelt: str) -> None:
    assert scrubbed(f"<{spelt}>", VALUE) == f"<{MASK}>"
    assert spelt in spellings(VALUE)


@pytest.mark.parametrize(
    ("value", "spelt"),
    [
        ("pass'wörd\x07", "pass'wörd\\x07"),
        ("pass'w\\rd\x07ö", "pass'w\\\\rd\\x07ö"),
        ("pass'wörd", "pass\\'wörd"),
        ("pass'wörd", "pass'w\\xc3\\xb6rd"),
        ("pass'wörd", "pass\\'w\\xc3\\xb6rd"),
        ("pass/word~\\", "pass~1word~0\\\\"),
        ('pass/"wörd"', 'pass~1\\"wörd\\"'),
        ('pass/"wörd"', 'pass~1\\"w\\u00f6rd\\"'),
        ("pass\nwö\\rd\u200b\U000e0001", "pass\\x0awö\\rd\\u200b\\U000e0001"),
        ("\x00\xff\u00a0\uffff\U00010000ab\x7f", "\\x00\xff\\xa0\\uffff\U00010000ab\\x7f"),
        ("pass: 'word'", "pass: ''word''"),
    ],
    ids=[
        "bell",
        "repr",
        "repr too",
        "bytes",
        "bytes too",
        "pointer",
        "JSON",
        "ASCII",
        "terminal",
        "bounds",
        "YAML",
    ],
)
def test_so_are_the_spellings_that_depend_on_what_stands_around(value: str, spelt: str) -> None:
    """In a longer repr, in a JSON pointer, on a terminal, and in a text that YAML quotes."""
    assert scrubbed(f"<{spelt}>", value) == f"<{MASK}>"
    assert spelt in spellings(value)


@pytest.mark.parametrize("before", [b"", b"a", b"ab", b"user:", b"admin:", b"someone:"])
@pytest.mark.parametrize("after", [b"", b"b", b"bc", b"bcd"])
@pytest.mark.parametrize("urlsafe", [False, True])
def test_base64_is_masked_wherever_the_value_stands_in_it(
    before: bytes, after: bytes, *, urlsafe: bool
) -> None:
    encode = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    value = "?>~ü?>~ü-12345"
    shown = scrubbed(encode(before + value.encode() + after).decode(), value)
    assert shown.count(MASK) == 1
    # Up to three characters on each side belong to a neighbour too.
    assert len(shown.replace(MASK, "").rstrip("=")) <= (len(before) + len(after)) * 4 // 3 + 3


@pytest.mark.parametrize(("before", "left"), [("", 0), ("x", 2), ("xy", 3)])
def test_in_base64_all_that_the_value_alone_decides_is_masked(before: str, left: int) -> None:
    encoded = base64.b64encode(f"{before}12345678yz".encode()).decode()
    right = (len(before) + 8) * 8 // 6
    assert scrubbed(encoded, "12345678") == f"{encoded[:left]}{MASK}{encoded[right:]}"


def test_a_value_of_8_characters_is_masked_and_a_shorter_one_is_left_alone() -> None:
    assert scrubbed("a 12345678 b", "12345678") == f"a {MASK} b"
    assert scrubbed("a 1234567 b", "1234567") == "a 1234567 b"
    assert scrubbed("redis and on", "redis", "on") == "redis and on"
    assert SHORTEST == 8
    assert spellings("1234567") == frozenset()


def test_a_value_inside_of_another_one_leaves_nothing() -> None:
    assert scrubbed("<abcdefghijkl>", "abcdefgh", "abcdefghijkl") == f"<{MASK}>"
    assert scrubbed("<abcdefghijkl>", "abcdefghijkl", "efghijkl") == f"<{MASK}>"


def test_values_that_overlap_leave_nothing_and_neighbours_get_a_mask_each() -> None:
    assert scrubbed("<abcdefghijkl>", "abcdefghij", "efghijkl") == f"<{MASK}>"
    assert scrubbed("<12345678abcdefgh>", "12345678", "abcdefgh") == f"<{MASK}{MASK}>"


def test_what_is_sealed_later_is_masked_from_then_on() -> None:
    vault = Vault()
    assert vault.scrub("first-one second-one") == "first-one second-one"
    vault.seal("first-one")
    assert vault.scrub("first-one second-one") == f"{MASK} second-one"
    vault.seal("second-one")
    assert vault.scrub("first-one second-one") == f"{MASK} {MASK}"


def test_what_cannot_be_encoded_is_no_error() -> None:
    value = "not-\udcff-utf-8"
    assert scrubbed(f"<{value}>", value) == f"<{MASK}>"


@given(VALUES, st.lists(SURROUNDINGS, min_size=2, max_size=4))
def test_no_spelling_is_left_and_the_surroundings_stay(value: str, around: list[str]) -> None:
    for spelt in sorted(spellings(value)):
        assert scrubbed(spelt.join(around), value) == MASK.join(around)


ENCODERS: Mapping[str, Callable[[str], str]] = {
    "JSON": json.dumps,
    "JSON not in ASCII": partial(json.dumps, ensure_ascii=False),
    "repr": repr,
    "repr of bytes": lambda text: repr(text.encode()),
    "a log line with escapes": lambda text: text.encode("unicode_escape").decode(),
    "percent-encoded": percent_encoded,
    "a form": quote_plus,
    "a pointer": lambda text: pointer.write(("urls", text)),
    "a pointer in JSON": lambda text: json.dumps({pointer.write((text,)): True}),
}


@given(st.sampled_from(list(ENCODERS)), ENCODABLE, st.text("☃☂ 'n\""), st.text("☃☂ 'n\""))
def test_a_value_is_found_in_a_longer_text_that_was_encoded_as_a_whole(
    encoder: str, value: str, before: str, after: str
) -> None:
    encode = ENCODERS[encoder]
    assert MASK in scrubbed(encode(f"{before}{value}{after}"), value)


def steps(values: list[str], text: str) -> int:
    """How many lines of the scrubber's own code a search runs: no clock, the same everywhere."""
    learned, count = LEARNED_NOTHING.learning(len(values), values), 0

    def trace(frame: FrameType, event: str, _: object) -> Any:  # noqa: ANN401 - as Python has it
        nonlocal count
        if not frame.f_code.co_filename.endswith("scrub.py"):
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        without(text, learned, MASK)
    finally:
        sys.settrace(before)
    return count


ALIKE: Mapping[str, Callable[[int], str]] = {
    "a short common beginning": lambda number: f"aaaaaaaa{number:06}",
    "a long common beginning": lambda number: "a" * 200 + f"{number:06}",
    "a common end": lambda number: f"{number:06}" + "a" * 20,
    "each longer": lambda number: "a" * (8 + number),
    "of two pieces": lambda number: f"{number:016b}".replace("0", "a" * 8).replace("1", "b" * 8),
}


@pytest.mark.parametrize("alike", ALIKE)
@pytest.mark.parametrize("text", ["a" * 1000, "aaaaaaaabbbbbbbb" * 60, "aaaaaaaa000001" * 70])
def test_a_search_takes_no_longer_for_more_secrets_that_are_alike(alike: str, text: str) -> None:
    few, many = ([*map(ALIKE[alike], range(number))] for number in (100, 2000))
    assert steps(many, text) < 2 * steps(few, text) + 1000
    assert steps(many, text) < 300 * len(text)


def test_a_search_is_linear_in_the_text() -> None:
    values = [*map(ALIKE["a short common beginning"], range(500))]
    assert steps(values, "a" * 4000) < 2.2 * steps(values, "a" * 2000)


@pytest.mark.parametrize("alike", ALIKE)
def test_each_of_many_secrets_that_are_alike_is_masked(alike: str) -> None:
    values = [*map(ALIKE[alike], range(300))]
    learned = LEARNED_NOTHING.learning(300, values)
    for value in values:
        assert without(f"<{value}>", learned, MASK) in {f"<{MASK}>", f"<{MASK}"}


@given(st.lists(st.text("ab", min_size=8, max_size=90), min_size=1, max_size=40), st.data())
def test_nothing_is_left_of_secrets_of_two_letters(values: list[str], data: st.DataObject) -> None:
    """However they overlap; and what is learned bit by bit is learned as what comes at once."""
    text = "".join(data.draw(st.lists(st.sampled_from([*values, "a", "b", "-"]), max_size=12)))
    learned = LEARNED_NOTHING
    for number, value in enumerate(values, 1):
        learned = learned.learning(number, [value])
    shown = without(text, learned, MASK)
    assert not any(value in shown for value in values)
    assert without(text, LEARNED_NOTHING.learning(len(values), values), MASK) == shown


def test_what_is_learned_one_by_one_is_put_in_order_a_few_times_in_all() -> None:
    learned = LEARNED_NOTHING
    for number in range(1, 600):
        learned = learned.learning(number, [f"{number:03}-secret-{number:03}"])
        sizes = [len(spelt) for spelt, _ in learned.parts]
        assert len(sizes) <= 12
        assert all(big >= 2 * small for big, small in itertools.pairwise(sizes))


# What can be guessed

GUESSABLE = (
    *("", "short", "1234567", "stalwart", "password", "Password", "PASSWORD1!", "p4ssw0rd"),
    *("12345678", "87654321", "aaaaaaaa", "abababab", "qwertyui", "changeme", "changeme2024"),
    *("sunshine", "administrator", "mymaster"),
)


@pytest.mark.parametrize("value", GUESSABLE)
def test_a_secret_that_can_be_guessed_is_told_and_not_masked(value: str) -> None:
    """A mask would tell it: whoever knows the documentation knows what stands there."""
    vault = Vault()
    assert vault.seal(value).guessable
    assert vault.scrub(f"the user {value} and {value}") == f"the user {value} and {value}"


@pytest.mark.parametrize(
    "value", ["Canary-of-a-file", "x7Rk2mQ9", "correct horse battery", "redis-8f14e45f", "a1b2c3d4"]
)
def test_any_other_is_masked(value: str) -> None:
    vault = Vault()
    assert not vault.seal(value).guessable
    assert vault.scrub(f"<{value}>") == f"<{MASK}>"


def test_the_words_of_the_documentation_can_be_guessed() -> None:
    vault = Vault(documented)
    for word in documented():
        assert vault.seal(word).guessable
    for word in ("poolMaxConnections", "RedisCluster", "InMemoryStore", "redis://127.0.0.1"):
        assert vault.scrub(word) == word
