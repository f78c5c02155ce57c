"""Durations as files write them: integers with units, largest first, like `1m30s`."""

from __future__ import annotations

import re

UNITS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
"""The units in milliseconds, largest first."""

_LONGEST = 25  # digits: more than any duration that the server takes
_TEXT = re.compile("".join(rf"(?:(0|[1-9][0-9]*){unit})?" for unit in UNITS))


def milliseconds(text: str) -> int | None:
    """The milliseconds that a text stands for; None where it is no duration."""
    found = _TEXT.fullmatch(text)
    if found is None or not text:
        return None
    pairs = zip(found.groups(), UNITS.values(), strict=True)
    return sum(int(number[:_LONGEST]) * size for number, size in pairs if number is not None)


def duration_text(value: int) -> str:
    """The shortest text of that many milliseconds; at least 1."""
    text = ""
    for unit, size in UNITS.items():
        number, value = divmod(value, size)
        text += f"{number}{unit}" if number else ""
    return text
