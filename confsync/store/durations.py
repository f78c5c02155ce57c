"""Durations in files, like `1m30s`: read, written, and the messages for invalid ones."""

from __future__ import annotations

import re

from confsync.store.mistakes import Mistake
from confsync.sync.names import nearest_name

UNITS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
"""The units in milliseconds, largest first."""

_MOST_DIGITS = 25  # more than any duration that the server takes
_LONGEST_MISTAKE = 30  # characters: a longer text is no known mistake
_DURATION = "".join(rf"(?:(0|[1-9][0-9]*){unit})?" for unit in UNITS)

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

_ISO = r"-?P(?!$)(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?"
_PART = r"(\d+)(\s*)([A-Za-z]+)\s*"


def milliseconds(text: str) -> int | None:
    """The milliseconds of a duration; None if the text is no duration."""
    found = re.fullmatch(_DURATION, text)
    if found is None or not text:
        return None
    pairs = zip(found.groups(), UNITS.values(), strict=True)
    return sum(int(number[:_MOST_DIGITS]) * size for number, size in pairs if number is not None)


def duration_text(value: int) -> str:
    """The shortest text of that many milliseconds; at least 1."""
    text = ""
    for unit, size in UNITS.items():
        number, value = divmod(value, size)
        text += f"{number}{unit}" if number else ""
    return text


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
            message += ", like the milliseconds that the server sends"
            hint = f"did you mean {duration_text(number)} ({number}ms) or {number}s?"
        return Mistake("duration-without-unit", message, hint)
    if short and text[:1] == "-" and text != "-1":
        return Mistake("duration-out-of-range", f"{name} must not be negative", example)
    fact, hint = _invalid(text, nullable=nullable) if short else ("must be a duration", "")
    return Mistake("not-a-duration", f"{name} {fact}", hint or example)


def _invalid(text: str, *, nullable: bool) -> tuple[str, str]:
    """The fact and the hint for an invalid text; no hint if only an example can help."""
    if text.lower() in _ENDLESS or text == "-1":
        hint = "write null, which waits for ever, or a time like 10s" if nullable else ""
        return "stands for no limit, and must be a duration", hint
    if text[:1] == "+":
        return "has a sign in front of its time", _write(milliseconds(text[1:]))
    if re.fullmatch(_ISO, text, re.IGNORECASE):
        total = "".join(re.findall(r"\d+[DHMS]", text.upper())).lower()
        return "is a duration as ISO 8601 writes it", f"write {total}" if total else ""
    if re.fullmatch(r"\d+(:\d{1,2}){1,2}(\.\d+)?", text):
        first, second, *third = (int(part) for part in text.partition(".")[0].split(":"))
        time = (first * 60 + second) * UNITS["s"]
        hint = f"did you mean {duration_text(time)} or {duration_text(time * 60)}?" if time else ""
        if third:
            hint = _write(time * 60 + third[0] * UNITS["s"])
        return "is written like the time on a clock", hint
    if "_" in text:
        hint = _write(milliseconds(text.replace("_", "")))
        return "has a _ between the digits of its number", hint
    if decimal := re.fullmatch(r"(\d+)[.,](\d+)\s*([A-Za-z]*)", text):
        exact = int(decimal[1] + decimal[2]) * _SIZES.get(decimal[3].lower(), 0)
        whole, rest = divmod(exact, 10 ** len(decimal[2]))
        return "has a decimal point in its number", _write(0 if rest else whole)
    return _parts(text)


def _parts(text: str) -> tuple[str, str]:
    parts: list[tuple[str, str, str]] = re.findall(_PART, text)
    # A word that is nothing like a unit may be a secret.
    like_units = all(nearest_name(unit, _SIZES) for _, _, unit in parts)
    if not parts or re.sub(_PART, "", text) or not like_units:
        return "must be a duration", ""
    sizes = [_SIZES.get(unit.lower(), 0) for _, _, unit in parts]
    total = sum(int(number) * size for (number, _, _), size in zip(parts, sizes, strict=True))
    hint = _write(total if all(sizes) else 0)
    if any(unit not in UNITS for _, _, unit in parts):
        return f"has a unit that is none of {', '.join(UNITS)}", hint
    if any(space for _, space, _ in parts) or re.search(r"\s", text):
        return "has a space within its duration", hint
    if any(number[0] == "0" for number, _, _ in parts):
        return "has a number that begins with 0", hint
    return "must have its largest unit first, and each once", hint


def _write(total: int | None) -> str:
    return f"write {duration_text(total)}" if total else ""
