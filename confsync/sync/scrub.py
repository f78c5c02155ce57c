"""The last line of defence: how a secret could be spelt in a text, and the text without it."""

from __future__ import annotations

import base64
import json
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from confsync.sync.pointer import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SHORTEST = 8
"""Characters. Shorter secrets are left alone: to replace `on` or `redis` wherever it stands would
mangle what is shown, and tell more than it hides."""


def spellings(value: str) -> frozenset[str]:
    """The usual spellings of a text of at least 8 characters; none of a shorter one.

    As it is, and in a JSON pointer, both in JSON with and without ASCII escapes too; as Python's
    repr, of bytes too; with control characters as escapes; in YAML's quotes; percent-encoded with
    and without `/` and with `+` for a space, in upper and lower case hexadecimal; in base64,
    standard and URL-safe, at each of the three places that it can have within a longer text.
    """
    if len(value) < SHORTEST:
        return frozenset()
    encoded = value.encode("utf-8", "replace")
    return frozenset(
        {
            *_json(value),
            *_json(escape(value)),
            *_repr(value, encoded),
            "".join(map(_visible, value)),
            value.replace("'", "''"),
            *_percent(value),
            *_base64(encoded),
        }
    )


def learned(
    spelt: Mapping[str, tuple[str, ...]], values: Iterable[str]
) -> Mapping[str, tuple[str, ...]]:
    """What was known, and the spellings of more values: all by their first 8 characters."""
    fresh: dict[str, list[str]] = {}
    for value in values:
        for spelling in spellings(value):
            fresh.setdefault(spelling[:SHORTEST], []).append(spelling)
    return {**spelt, **{start: (*spelt.get(start, ()), *fresh[start]) for start in fresh}}


def without(text: str, spelt: Mapping[str, tuple[str, ...]], mask: str) -> str:
    """The text with the mask in place of every spelling; those that overlap get one mask.

    `spelt` is what `learned` made.
    """
    pieces: list[str] = []
    done = 0
    for start, end in _merged(_found(text, spelt)):
        pieces += [text[done:start], mask]
        done = end
    return "".join([*pieces, text[done:]])


def _found(text: str, spelt: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[int, int]]:
    for start in range(len(text) - SHORTEST + 1):
        for spelling in spelt.get(text[start : start + SHORTEST], ()):
            if text.startswith(spelling, start):
                yield start, start + len(spelling)


def _merged(spans: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _json(value: str) -> Iterator[str]:
    yield value
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]


def _repr(value: str, encoded: bytes) -> Iterator[str]:
    """Whether `'` is escaped depends on whether there is a `"`, anywhere in the text."""
    yield repr(value)[1:-1]
    yield repr(f'"{value}')[2:-1]
    yield repr(encoded)[2:-1]
    yield repr(b'"' + encoded)[3:-1]
    yield value.encode("unicode_escape").decode("ascii")


def _visible(character: str) -> str:
    """As texts from outside are made fit for a terminal: a new line too is a number."""
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return f"\\x{ord(character):02x}" if character.isascii() else ascii(character)[1:-1]


def _percent(value: str) -> Iterator[str]:
    for spelling in (
        quote(value, safe="", errors="replace"),
        quote(value, errors="replace"),
        quote_plus(value, errors="replace"),
    ):
        yield spelling
        yield _lower_hex(spelling)


def _lower_hex(spelling: str) -> str:
    first, *rest = spelling.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in rest)])


def _base64(value: bytes) -> Iterator[str]:
    """The characters that the value alone decides, after 0, 1 or 2 bytes of something else."""
    for before, foreign in enumerate((0, 2, 3)):
        own = (before + len(value)) * 8 // 6
        spelling = base64.b64encode(bytes(before) + value).decode("ascii")[foreign:own]
        yield spelling
        yield spelling.replace("+", "-").replace("/", "_")
