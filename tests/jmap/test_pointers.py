"""Pointers are written so that the server reads just that, and read as the server does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.jmap.pointer import escape, read, write
from confsync.sandbox import pointer as server

PIECES = (
    *("~", "/", "\\", "*", "0", "1", "9", "a", " ", "é", "~0", "~1", "\\*"),
    *("18446744073709551615", "18446744073709551616", "018446744073709551616"),
)
TOKENS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join)
KEYS = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)


def as_the_server_reads(key: str) -> tuple[str, ...]:
    return tuple(server.text(token) for token in server.parse(key))


@given(st.lists(TOKENS, min_size=1, max_size=3).map(tuple))
def test_what_is_written_is_read_again_by_us_and_by_the_server(tokens: tuple[str, ...]) -> None:
    assert read(write(tokens)) == tokens
    assert as_the_server_reads(write(tokens)) == tokens


@given(KEYS)
def test_every_key_is_read_as_the_server_reads_it(key: str) -> None:
    assert read(key) == as_the_server_reads(key)


@pytest.mark.parametrize(
    ("token", "written"),
    [
        ("plain", "plain"),
        ("a~b", "a~0b"),
        ("a/b", "a~1b"),
        ("a\\b", "a\\\\b"),
        ("~1", "~01"),
        ("*", "\\*"),
        ("**", "**"),
        ("18446744073709551615", "18446744073709551615"),
        ("18446744073709551616", "\\18446744073709551616"),
        ("20000000000000000000", "\\20000000000000000000"),
        ("9223372036854775808", "9223372036854775808"),
        ("018446744073709551616", "018446744073709551616"),
        ("١٨٤٤٦٧٤٤٠٧٣٧٠٩٥٥١٦١٦", "١٨٤٤٦٧٤٤٠٧٣٧٠٩٥٥١٦١٦"),
    ],
)
def test_a_token_is_escaped_where_the_server_would_read_another(token: str, written: str) -> None:
    assert escape(token) == written


@pytest.mark.parametrize(
    ("pointer", "tokens"),
    [
        ("", ()),
        ("/", ()),
        ("a", ("a",)),
        ("/a/b", ("a", "b")),
        ("a/", ("a", "")),
        ("urls/a~b", ("urls", "ab")),
        ("urls/a~", ("urls",)),
        ("a~/b", ("ab",)),
        ("~/", ("",)),
        ("a\\/b", ("a/b",)),
        ("a\\", ("a\\",)),
        ("urls/18446744073709551616", ("urls", "18446744073709551615")),
        ("urls/\\18446744073709551616", ("urls", "18446744073709551616")),
        ("a~\nb", ("a\nb",)),
        ("a\\\nb", ("a\nb",)),
    ],
)
def test_a_pointer_is_read_by_the_rules_of_the_wire_page(
    pointer: str, tokens: tuple[str, ...]
) -> None:
    assert read(pointer) == tokens
    assert as_the_server_reads(pointer) == tokens
