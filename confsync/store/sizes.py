"""Sizes like `25MiB`: their bytes, their shortest text, and messages for invalid ones."""

from __future__ import annotations

import re
from fractions import Fraction

from confsync.store.mistakes import Mistake

UNITS = {
    "TiB": 1024**4,
    "TB": 1000**4,
    "GiB": 1024**3,
    "GB": 1000**3,
    "MiB": 1024**2,
    "MB": 1000**2,
    "KiB": 1024,
    "KB": 1000,
    "B": 1,
}
"""The units of sizes in bytes, largest first."""

_SIZE = re.compile(f"(0|[1-9][0-9]{{0,24}})({'|'.join(UNITS)})")
_LIKE = re.compile(r"([0-9]{1,20})(?:[.,]([0-9]{1,6}))?(\s*)([A-Za-z]{1,9})")
_LONGEST_MISTAKE = 30  # characters: a longer text is no known mistake
_LARGE = 10_000  # a number below it is hardly one of bytes
_WORDS = {"b": "B", "byte": "B", "bytes": "B"} | {
    word: f"{letter}{'i' * (word[1:2] == 'i')}B"
    for letter in "KMGT"
    for word in (f"{letter}i".lower(), f"{letter}ib".lower(), f"{letter}b".lower())
}
"""Other spellings of units, in lower case; a letter alone can mean two units."""

WORDS = frozenset({*_WORDS, "k", "m", "g", "t"})
"""Every word that may stand behind the number of a size, in lower case."""


def bytes_of(text: str) -> int | None:
    """The bytes of a size; None if the text is no size."""
    found = _SIZE.fullmatch(text)
    return None if found is None else int(found[1]) * UNITS[found[2]]


def size_text(value: int) -> str:
    """The text of a number of bytes with the largest unit that divides it."""
    unit, size = next(
        (unit, size) for unit, size in UNITS.items() if (value and not value % size) or size == 1
    )
    return f"{value // size}{unit}"


def wrong_size(written: str, name: str, example: str) -> Mistake:
    """The mistake of an invalid size. Of the text, only numbers are repeated."""
    text = written.strip()
    short = text if len(text) <= _LONGEST_MISTAKE and text.isascii() else ""
    if short.isdigit():
        return Mistake("size-without-unit", f"{name} is a size without a unit", _read(int(short)))
    if re.fullmatch("-[0-9].*", short):
        return Mistake("out-of-range", f"{name} must not be negative", example)
    found = _LIKE.fullmatch(short)
    fact, hint = "must be a size", example
    if found and found[4].lower() in WORDS:
        fact, hint = _wrong_parts(found, example)
    return Mistake("not-a-size", f"{name} {fact}", hint)


def _read(number: int) -> str:
    """The readings of a number without a unit."""
    if number == 0:
        return "write 0B"
    if number < _LARGE:
        return f"did you mean {number}MiB or {number}MB?"
    text = size_text(number)
    return f"did you mean {text}?" if text == f"{number}B" else f"did you mean {text} ({number}B)?"


def _wrong_parts(found: re.Match[str], example: str) -> tuple[str, str]:
    whole, part, space, word = found.groups()
    units = [_WORDS[word.lower()]] if word.lower() in _WORDS else [f"{word}iB", f"{word}B"]
    units = [unit if unit in UNITS else unit[0].upper() + unit[1:] for unit in units]
    sizes = [Fraction(f"{whole}.{part or 0}") * UNITS[unit] for unit in units]
    texts = [size_text(int(size)) for size in sizes if size.denominator == 1]
    hint = f"write {texts[0]}" if texts else example
    if len(units) > 1 and texts:
        hint = f"did you mean {' or '.join(texts)}?"
    if word not in UNITS:
        return f"has an unknown unit; known: {', '.join([*UNITS][::-1])}", hint
    if part is not None:
        return "must be a size in whole numbers", hint
    return (
        "must be a size without spaces" if space else "must be a size without leading zeros",
        hint,
    )
