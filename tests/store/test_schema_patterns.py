"""The patterns of the schema say of a text what reading a file says of it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from confsync.kinds.kind import U64
from confsync.secrets import BUILT_IN
from confsync.store import schema_values as patterns
from confsync.store.durations import UNITS, duration_text, milliseconds
from confsync.store.urls import is_address
from confsync.sync.secret import MASK, Vault
from confsync.sync.url import SENSITIVE, WHITE_SPACE, seal_url, trim

FEWER = settings(max_examples=max(settings().max_examples // 5, 10))
"""The texts are short and their characters few: a fifth of the examples meets them all."""

spaces = st.text(st.sampled_from(WHITE_SPACE), max_size=2)
edges = st.sampled_from(["", "\n", "\r\n", "\u2028"])
numbers = st.one_of(
    st.sampled_from(["", "0", "1", "00", "01", "9", "10", "23", "24", "25", "999", "1024", "1025"]),
    st.integers(0, 10**21).map(str),
)
durations = st.builds(
    "".join,
    st.lists(
        st.one_of(
            st.tuples(numbers, st.sampled_from(list(UNITS))).map("".join),
            st.sampled_from(["", "-", "1.5s", " ", "\n", "S"]),
        ),
        max_size=4,
    ),
)
urls = st.builds(
    "".join,
    st.lists(
        st.one_of(
            st.sampled_from(["redis://", "rediss://", "://", "://x", "1://"]),
            st.sampled_from([":", "@", "/", "?", "&", ";", "#", "=", "u", "p", MASK]),
            st.sampled_from(SENSITIVE.upper().split("|")),
            st.sampled_from(["password", "tokens", "my-key", "db"]),
            spaces,
        ),
        max_size=8,
    ),
)


def matches(pattern: str, text: str) -> bool:
    return re.search(pattern, text) is not None


@FEWER
@given(durations)
def test_a_duration_is_what_is_read_as_more_than_nothing(text: str) -> None:
    assert matches(patterns.DURATION, text) == bool(milliseconds(text))


@FEWER
@given(durations, st.sampled_from([1, 9, 10, 999, 1024, 60_000, 86_400_000, 90_000_000, U64]))
def test_no_duration_within_a_limit_is_refused(text: str, most: int) -> None:
    value = milliseconds(text)
    if value and value <= most:
        assert matches(patterns.duration_up_to(most), text)


@FEWER
@given(durations, st.integers(1, 9_999))
def test_up_to_ten_seconds_a_limit_is_exact(text: str, most: int) -> None:
    value = milliseconds(text)
    if value:
        assert matches(patterns.duration_up_to(most), text) == (value <= most)


@FEWER
@given(st.sampled_from(list(UNITS.items())), st.integers(0, 3))
def test_a_number_of_one_unit_is_limited_exactly(unit: tuple[str, int], more: int) -> None:
    name, size = unit
    number = U64 // size + more
    assert matches(patterns.duration_up_to(U64), f"{number}{name}") == (not more)


@FEWER
@given(st.integers(1, U64))
def test_what_confsync_writes_for_a_duration_is_one(value: int) -> None:
    text = duration_text(value)
    assert matches(patterns.DURATION, text)
    assert matches(patterns.duration_up_to(U64), text)


@FEWER
@given(st.one_of(spaces, st.text(max_size=3), st.tuples(spaces, spaces).map(MASK.join)))
def test_blank_texts_and_masks_are_those_that_are_read_as_such(text: str) -> None:
    assert matches(patterns.NOT_BLANK, text) == bool(trim(text))
    assert matches(patterns.NO_MASK, text) == (text != MASK)
    assert matches(patterns.NO_MASK_TRIMMED, text) == (trim(text) != MASK)


@FEWER
@given(st.tuples(spaces, urls, spaces).map("".join).filter(trim))
def test_a_url_without_a_password_is_one_in_which_nothing_is_sealed(text: str) -> None:
    plain = matches(patterns.NO_CREDENTIALS, text) and matches(patterns.NO_PASSWORD_PARAMETER, text)
    assert plain == (not seal_url(trim(text), Vault()).secrets)


@FEWER
@given(st.tuples(spaces, urls, spaces).map("".join))
def test_an_address_is_what_the_mapping_form_takes(text: str) -> None:
    wanted = (patterns.HAS_SCHEME, patterns.NO_AT, patterns.NO_PASSWORD_PARAMETER)
    assert all(matches(pattern, text) for pattern in wanted) == is_address(trim(text))


@pytest.mark.parametrize("key", BUILT_IN)
@FEWER
@given(text=st.one_of(st.text(max_size=4), st.tuples(st.just("a"), edges).map("".join)))
def test_our_references_match_as_a_whole(key: str, text: str) -> None:
    pattern = BUILT_IN[key].form.pattern
    everywhere = patterns.portable(pattern)
    assert everywhere is not None
    assert matches(everywhere, text) == bool(pattern.fullmatch(text))


@pytest.mark.parametrize(
    "pattern",
    [
        *(r"(?P<a>x)", r"(?i:x)", r"x\Z", r"\Ax", r"x++", r"x?+", r"x{2}+", r"\w+", r"\d", r"\bx"),
        *(r"[]x]", r"x$", r"(?#x)", r"(?<!x)y"),
    ],
)
def test_a_pattern_that_another_reader_takes_differently_is_left_out(pattern: str) -> None:
    assert patterns.portable(re.compile(pattern)) is None
    assert patterns.portable(re.compile("x", re.IGNORECASE)) is None


@pytest.mark.parametrize(
    "pattern",
    [
        *(patterns.NOT_BLANK, patterns.NO_MASK, patterns.NO_MASK_TRIMMED, patterns.HAS_SCHEME),
        *(patterns.NO_AT, patterns.NO_NUL, patterns.NO_URL, patterns.NO_CREDENTIALS),
        *(patterns.NO_PASSWORD_PARAMETER, patterns.DURATION, patterns.duration_up_to(U64)),
    ],
)
def test_no_pattern_needs_what_only_python_has(pattern: str) -> None:
    assert re.compile(pattern).flags == re.UNICODE
    assert not re.search(r"\(\?(?![:=!])|\\[AZbBdDwW]", pattern)
