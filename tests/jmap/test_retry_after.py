"""What is understood of `Retry-After`."""

from __future__ import annotations

import pytest

from confsync.jmap.answers import retry_after

FAR = "Wed, 25 Nov 99999999999 12:00:30"
NOW = "Wed, 25 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 120 ", 120.0),
        ("9" * 400, 1e9),
        ("0000000030", 30.0),
        ("Wed, 25 Nov 2026 12:00:30 GMT", 30.0),
        ("Wed, 25 Nov 2026 13:00:30 +0100", 30.0),
        ("Wed, 25 Nov 2026 12:00:30", 30.0),
        ("Wed, 25 Nov 2026 11:00:00 GMT", 0.0),
    ],
)
def test_seconds_and_dates_by_the_server_s_own_clock(asked: str, seconds: float) -> None:
    assert retry_after({"retry-after": asked, "date": NOW}) == seconds


@pytest.mark.parametrize(
    "asked", ["", "soon", "-1", "1.5", "1e3", "٣", "Wed, 99 Nov 2026", "inf", FAR]
)
def test_anything_else_says_nothing(asked: str) -> None:
    assert retry_after({"retry-after": asked, "date": NOW}) is None


def test_a_date_without_a_date_to_compare_it_with_says_nothing() -> None:
    assert retry_after({"retry-after": NOW}) is None
    assert retry_after({"retry-after": NOW, "date": "today"}) is None
    assert retry_after({}) is None
