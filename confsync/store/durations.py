"""Durations like `1m30s`: their milliseconds, shortest text, and messages for invalid ones."""

from __future__ import annotations

import re

from confsync.store.mistakes import Mistake
from confsync.sync.names import nearest_name

UNITS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
"""The units of durations in milliseconds, largest first."""

_SIZES = {
    **dict.fromkeys(("w", "wk", "week", "weeks"), 7 * UNITS["d"]),
    **dict.fromkeys(("d", "day", "days"), UNITS["d"]),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), UNITS["h"]),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), UNITS["m"]),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), UNITS["s"]),
    **dict.fromkeys(("ms", "msec", "msecs", "milli", "millis"), UNITS["ms"]),
    **dict.fromkeys(("millisecond", "milliseconds"), UNITS["ms"]),
}
_ENDLESS = {"never", "none", "inf", "infinite", "infinity", "forever", "unlimited", "off", "no"}
WORDS = frozenset({*_SIZES, *_ENDLESS})
"""Every word in a duration's place, right or wrong. None of them is a secret."""

_MOST_DURATION_DIGITS = 25  # more than any duration that the server takes
_LONGEST_MISTAKE = 30  # characters: a longer text is no known mistake
_DURATION = "".join(rf"(?:(0|[1-9][0-9]*){unit})?" for unit in UNITS)
_ISO = r"-?P(?!$)(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?"
PART = r"(\d+)(\s*)([A-Za-z]+)\s*"


def milliseconds(text: str) -> int | None:
    """The milliseconds of a duration; None if the text is no duration."""
    found = re.fullmatch(_DURATION, text)
    if found is None or not text:
        return None
    pairs = zip(found.groups(), UNITS.values(), strict=True)
    return sum(int((number or "0")[:_MOST_DURATION_DIGITS]) * size for number, size in pairs)


def duration_text(value: int) -> str:
    """The shortest text of that many milliseconds."""
    text = ""
    for unit, size in UNITS.items():
        number, value = divmod(value, size)
        text += f"{number}{unit}" if number else ""
    return text or "0ms"


def wrong_duration(written: str, name: str, example: str, *, nullable: bool) -> Mistake:
    """The mistake of an invalid duration, or of zero. Of the text, only numbers are repeated."""
    text = written.strip()
    short = len(text) <= _LONGEST_MISTAKE
    number = int(text) if short and text.isascii() and text.isdigit() else None
    if number == 0 or milliseconds(written) == 0:
        return Mistake("duration-out-of-range", f"{name} must not be zero", example)
    if number is not None:
        message = f"{name} is a number without a unit"
        hint = f"did you mean {number}s or {number}ms?"
        if number >= UNITS["s"]:
            hint = f"did you mean {duration_text(number)} ({number}ms) or {number}s?"
        return Mistake("duration-without-unit", message, hint)
    if short and text[:1] == "-" and text != "-1":
        return Mistake("duration-out-of-range", f"{name} must not be negative", example)
    fact, hint = _invalid(text, nullable=nullable) if short else ("must be a duration", "")
    return Mistake("not-a-duration", f"{name} {fact}", hint or example)


def _invalid(text: str, *, nullable: bool) -> tuple[str, str]:
    """The fact and the hint for an invalid text; no hint if only an example can help."""
    if text.lower() in _ENDLESS or text == "-1":
        hint = "write null to wait forever, or a duration like 10s" if nullable else ""
        return "must be a duration", hint
    if text[:1] == "+":
        return "must be a duration without a sign", _write(milliseconds(text[1:]))
    if re.fullmatch(_ISO, text, re.IGNORECASE):
        total = "".join(re.findall(r"\d+[DHMS]", text.upper())).lower()
        return "must be a duration like 1m30s, not ISO 8601", f"write {total}" if total else ""
    if re.fullmatch(r"\d+(:\d{1,2}){1,2}(\.\d+)?", text):
        first, second, *third = (int(part) for part in text.partition(".")[0].split(":"))
        time = (first * 60 + second) * UNITS["s"]
        hint = f"did you mean {duration_text(time)} or {duration_text(time * 60)}?" if time else ""
        hint = _write(time * 60 + third[0] * UNITS["s"]) if third else hint
        return "must be a duration like 1m30s, not a clock time", hint
    if "_" in text:
        return "must be a duration without `_`", _write(milliseconds(text.replace("_", "")))
    if decimal := re.fullmatch(r"(\d+)[.,](\d+)\s*([A-Za-z]*)", text):
        exact = int(decimal[1] + decimal[2]) * _SIZES.get(decimal[3].lower(), 0)
        whole, rest = divmod(exact, 10 ** len(decimal[2]))
        return "must be a duration in whole numbers", _write(0 if rest else whole)
    return _wrong_parts(text)


def _wrong_parts(text: str) -> tuple[str, str]:
    parts: list[tuple[str, str, str]] = re.findall(PART, text)
    # A word that is nothing like a unit may be a secret.
    like_units = all(nearest_name(unit, _SIZES) for _, _, unit in parts)
    if not parts or re.sub(PART, "", text) or not like_units:
        return "must be a duration", ""
    sizes = [_SIZES.get(unit.lower(), 0) for _, _, unit in parts]
    total = sum(int(number) * size for (number, _, _), size in zip(parts, sizes, strict=True))
    hint = _write(total if all(sizes) else 0)
    if any(unit not in UNITS for _, _, unit in parts):
        return f"has an unknown unit; known: {', '.join(UNITS)}", hint
    if any(space for _, space, _ in parts) or re.search(r"\s", text):
        return "must be a duration without spaces", hint
    if any(number[0] == "0" for number, _, _ in parts):
        return "must be a duration without leading zeros", hint
    return "must have each unit once, largest first", hint


def _write(total: int | None) -> str:
    return f"write {duration_text(total)}" if total else ""
