"""Durations in files, like `1m30s`: read, written, and the messages for invalid ones."""

from __future__ import annotations

import re
from decimal import Decimal

from confsync.store.mistakes import Mistake
from confsync.sync.spelling import nearest_name

UNITS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
"""The units in milliseconds, largest first."""

_MOST_DIGITS = 25  # more than any duration that the server takes
_LONGEST_MISTAKE = 30  # characters: a longer text is no known mistake
_DURATION = re.compile("".join(rf"(?:(0|[1-9][0-9]*){unit})?" for unit in UNITS))

_NAMES = {
    "d": ("d", "day", "days"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "m": ("m", "min", "mins", "minute", "minutes"),
    "s": ("s", "sec", "secs", "second", "seconds"),
    "ms": ("ms", "msec", "msecs", "milli", "millis", "millisecond", "milliseconds"),
}
_SIZES = {
    **{name: UNITS[unit] for unit, names in _NAMES.items() for name in names},
    **dict.fromkeys(("w", "wk", "week", "weeks"), 7 * UNITS["d"]),
}
_ENDLESS = {"never", "none", "inf", "infinite", "infinity", "forever", "unlimited", "off", "no"}
WORDS = frozenset({*_SIZES, *_ENDLESS})
"""Every word in a duration's place, right or wrong. None of them is a secret."""

_ISO = re.compile(r"-?P(?!$)(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?", re.IGNORECASE)
_CLOCK = re.compile(r"\d+(:\d{1,2}){1,2}(\.\d+)?")
_PARTS = re.compile(r"(\d+)(\s*)([A-Za-z]+)\s*")
_DECIMAL = re.compile(r"(\d+)[.,](\d+)\s*([A-Za-z]*)")


def milliseconds(text: str) -> int | None:
    """The milliseconds of a duration; None if the text is no duration."""
    found = _DURATION.fullmatch(text)
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


def zero_duration(name: str, example: str) -> Mistake:
    """The message for a duration of zero."""
    return Mistake("duration-out-of-range", f"{name} must not be zero", example)


def wrong_duration(text: str, name: str, example: str, *, nullable: bool) -> Mistake:
    """The message for an invalid duration. Of the text, only its numbers are repeated."""
    text = text.strip()
    if len(text) <= _LONGEST_MISTAKE:
        if text.isascii() and text.isdigit():
            return _without_unit(int(text), name, example)
        if text[:1] == "-" and text != "-1":
            return Mistake("duration-out-of-range", f"{name} must not be negative", example)
    fact, hint = _invalid(text, nullable=nullable)
    return Mistake("not-a-duration", f"{name} {fact}", hint or example)


def _without_unit(number: int, name: str, example: str) -> Mistake:
    if number == 0:
        return zero_duration(name, example)
    message = f"{name} is a number without a unit"
    hint = f"did you mean {number}s or {number}ms?"
    if number >= UNITS["s"]:
        message += ", like the milliseconds that the server sends"
        hint = f"did you mean {duration_text(number)} ({number}ms) or {number}s?"
    return Mistake("duration-without-unit", message, hint)


def _invalid(text: str, *, nullable: bool) -> tuple[str, str]:
    """What is wrong with a text and a hint; without a hint if only an example can help."""
    if len(text) > _LONGEST_MISTAKE:
        return "must be a duration", ""
    if text.lower() in _ENDLESS or text == "-1":
        hint = "write null, which waits for ever, or a time like 10s" if nullable else ""
        return "stands for no limit, and must be a duration", hint
    if text[:1] == "+":
        return "has a sign in front of its time", _write(milliseconds(text[1:]))
    if _ISO.fullmatch(text):
        total = "".join(re.findall(r"\d+[DHMS]", text.upper())).lower()
        return "is a duration as ISO 8601 writes it", f"write {total}" if total else ""
    if _CLOCK.fullmatch(text):
        return "is written like the time on a clock", _clock(text)
    if "_" in text:
        hint = _write(milliseconds(text.replace("_", "")))
        return "has a _ between the digits of its number", hint
    if decimal := _DECIMAL.fullmatch(text):
        exact = Decimal(f"{decimal[1]}.{decimal[2]}") * _SIZES.get(decimal[3].lower(), 0)
        return "has a decimal point in its number", _write(int(exact) if exact == int(exact) else 0)
    return _parts(text)


def _write(total: int | None) -> str:
    return f"write {duration_text(total)}" if total else ""


def _clock(text: str) -> str:
    first, second, *third = (int(part) for part in text.partition(".")[0].split(":"))
    total = (first * 60 + second) * UNITS["s"]
    if third:
        return _write(total * 60 + third[0] * UNITS["s"])
    return f"did you mean {duration_text(total)} or {duration_text(total * 60)}?" if total else ""


def _parts(text: str) -> tuple[str, str]:
    parts = [(found[1], found[2], found[3]) for found in _PARTS.finditer(text)]
    # A word that is nothing like a unit may be a secret: nothing is said of it.
    like_units = all(nearest_name(unit, _SIZES) for _, _, unit in parts)
    if not parts or _PARTS.sub("", text) or not like_units:
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
