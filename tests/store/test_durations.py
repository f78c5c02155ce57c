"""Durations as files write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.store.durations import duration_text, milliseconds


@given(st.integers(min_value=1, max_value=2**64 - 1))
def test_what_is_written_is_read_again(value: int) -> None:
    assert milliseconds(duration_text(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10s", 10_000),
        ("1m30s", 90_000),
        ("90s", 90_000),
        ("500ms", 500),
        ("2h", 7_200_000),
        ("1d", 86_400_000),
        ("1d2h3m4s5ms", 93_784_005),
        ("0s", 0),
        ("1h0m1s", 3_601_000),
    ],
)
def test_units_add_up(text: str, value: int) -> None:
    assert milliseconds(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "10", "s", "1s1m", "1s1s", "1.5s", "-1s", "+1s", "1 s", "1S", "1min", "1e3s", "\u0661s"],
)
def test_other_texts_are_no_durations(text: str) -> None:
    assert milliseconds(text) is None


@pytest.mark.parametrize(
    ("value", "text"), [(30_000, "30s"), (90_000, "1m30s"), (86_400_000, "1d"), (1_001, "1s1ms")]
)
def test_the_largest_units_come_first(value: int, text: str) -> None:
    assert duration_text(value) == text
