"""Durations that are none, in the words that their author gets to see."""

from __future__ import annotations

import re
from decimal import Decimal
from difflib import get_close_matches

from confsync.store.durations import UNITS, duration_text, milliseconds
from confsync.store.mistakes import Mistake

_LONGEST = 30  # characters: what is longer is none of the mistakes that have a name
_ALIASES = {
    "d": ("d", "day", "days"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "m": ("m", "min", "mins", "minute", "minutes"),
    "s": ("s", "sec", "secs", "second", "seconds"),
    "ms": ("ms", "msec", "msecs", "milli", "millis", "millisecond", "milliseconds"),
}
_SIZES = {
    **{alias: UNITS[unit] for unit, aliases in _ALIASES.items() for alias in aliases},
    **dict.fromkeys(("w", "wk", "week", "weeks"), 7 * UNITS["d"]),
}
_ENDLESS = {"never", "none", "inf", "infinite", "infinity", "forever", "unlimited", "off", "no"}
WORDS = frozenset({*_SIZES, *_ENDLESS})
"""Every word that stands in a duration's place, right or wrong: none of them is a secret."""

_ISO = re.compile(r"-?P(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?", re.IGNORECASE)
_CLOCK = re.compile(r"\d+(:\d{1,2}){1,2}(\.\d+)?")
_PARTS = re.compile(r"(\d+)(\s*)([A-Za-z]+)\s*")
_DECIMAL = re.compile(r"(\d+)[.,](\d+)\s*([A-Za-z]*)")
_SECOND = 1_000


def wrong_duration(text: str, name: str, example: str, *, nullable: bool) -> Mistake:
    """What to say of a text that is no duration. Of the text, only its numbers are repeated."""
    text = text.strip()
    lower = text.lower()
    if len(text) > _LONGEST:
        return Mistake("not-a-duration", f"{name} must be a duration", example)
    if text.isascii() and text.isdigit():
        return _number(text, name, example)
    if lower in _ENDLESS or text == "-1":
        hint = "write null, which waits for ever, or a time like 10s" if nullable else example
        return Mistake(
            "not-a-duration", f"{name} stands for no limit, and must be a duration", hint
        )
    if text[:1] == "-":
        return Mistake("duration-out-of-range", f"{name} must not be negative", example)
    if text[:1] == "+":
        message = f"{name} has a sign in front of its time"
        return Mistake("not-a-duration", message, _without(text[1:], example))
    if _ISO.fullmatch(text) and len(text) > 1:
        total = "".join(re.findall(r"\d+[DHMS]", text.upper())).lower()
        hint = f"write {total}" if total else example
        return Mistake("not-a-duration", f"{name} is a duration as ISO 8601 writes it", hint)
    if _CLOCK.fullmatch(text):
        message = f"{name} is written like the time on a clock"
        return Mistake("not-a-duration", message, _clock(text, example))
    if "_" in text:
        message = f"{name} has a _ between the digits of its number"
        return Mistake("not-a-duration", message, _without(text.replace("_", ""), example))
    return (
        _decimal(text, name, example)
        or _parts(text, name, example)
        or Mistake("not-a-duration", f"{name} must be a duration", example)
    )


def zero_duration(name: str, example: str) -> Mistake:
    """No time at all."""
    return Mistake("duration-out-of-range", f"{name} must not be zero", example)


def _without(text: str, example: str) -> str:
    """The hint for a text that is a duration but for something that is gone by now."""
    total = milliseconds(text)
    return f"write {duration_text(total)}" if total else example


def _clock(text: str, example: str) -> str:
    first, *rest = (int(part) for part in text.partition(".")[0].split(":"))
    if len(rest) > 1:
        total = (first * 60 + rest[0]) * 60 + rest[1]
        return f"write {duration_text(total * _SECOND)}" if total else example
    total = (first * 60 + rest[0]) * _SECOND
    if not total:
        return example
    return f"did you mean {duration_text(total)} or {duration_text(total * 60)}?"


def _number(text: str, name: str, example: str) -> Mistake:
    number = int(text)
    if number == 0:
        return zero_duration(name, example)
    if number >= _SECOND:
        message = f"{name} is a number without a unit, like the milliseconds that the server sends"
        hint = f"did you mean {duration_text(number)} ({number}ms) or {number}s?"
        return Mistake("duration-without-unit", message, hint)
    message = f"{name} is a number without a unit"
    return Mistake("duration-without-unit", message, f"did you mean {number}s or {number}ms?")


def _decimal(text: str, name: str, example: str) -> Mistake | None:
    found = _DECIMAL.fullmatch(text)
    if found is None:
        return None
    size = _SIZES.get(found[3].lower(), 0)
    total = Decimal(f"{found[1]}.{found[2]}") * size
    hint = example
    if total >= 1 and total == int(total):
        hint = f"write {duration_text(int(total))}"
    return Mistake("not-a-duration", f"{name} has a decimal point in its number", hint)


def _parts(text: str, name: str, example: str) -> Mistake | None:
    parts = [(found[1], found[2], found[3]) for found in _PARTS.finditer(text)]
    units = [unit.lower() for _, _, unit in parts]
    if not parts or _PARTS.sub("", text) or not all(map(_like_a_unit, units)):
        return None
    sizes = [_SIZES.get(unit) for unit in units]
    total = sum(
        int(number) * (size or 0) for (number, _, _), size in zip(parts, sizes, strict=True)
    )
    hint = f"write {duration_text(total)}" if None not in sizes and total else example
    if any(unit not in UNITS for _, _, unit in parts):
        message = f"{name} has a unit that is none of {', '.join(UNITS)}"
        return Mistake("not-a-duration", message, hint)
    if any(space for _, space, _ in parts) or re.search(r"\s", text):
        return Mistake("not-a-duration", f"{name} has a space within its duration", hint)
    if any(number[0] == "0" for number, _, _ in parts):
        message = f"{name} has a number that begins with 0"
        return Mistake("not-a-duration", message, hint)
    return Mistake(
        "not-a-duration", f"{name} must have its largest unit first, and each once", hint
    )


def _like_a_unit(word: str) -> bool:
    """Whether a word is a unit, or nearly: others may be secrets, of which nothing is told."""
    return bool(get_close_matches(word, _SIZES, 1))
