"""The last line of defence: how a secret could be spelt in a text, and the text without it."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SHORTEST = 8
"""Characters. Shorter secrets are left alone: to replace `on` or `redis` wherever it stands would
mangle what is shown, and tell more than it hides."""


def spellings(value: str) -> frozenset[str]:
    """The usual spellings of a text of at least 8 characters; none of a shorter one.

    As it is; in JSON with and without ASCII escapes; as Python's repr; percent-encoded with and
    without `/` and with `+` for a space, in upper and lower case hexadecimal; in base64, standard
    and URL-safe, at each of the three places that it can have within a longer text.
    """
    if len(value) < SHORTEST:
        return frozenset()
    return frozenset(
        {
            value,
            json.dumps(value)[1:-1],
            json.dumps(value, ensure_ascii=False)[1:-1],
            repr(value)[1:-1],
            value.encode("unicode_escape").decode("ascii"),
            *_percent(value),
            *_base64(value.encode("utf-8", "replace")),
        }
    )


def without(text: str, spelt: Mapping[str, list[str]], mask: str) -> str:
    """The text with the mask in place of every spelling; those that overlap get one mask.

    `spelt` holds the spellings by their first 8 characters.
    """
    pieces: list[str] = []
    done = 0
    for start, end in _merged(_found(text, spelt)):
        pieces += [text[done:start], mask]
        done = end
    return "".join([*pieces, text[done:]])


def _found(text: str, spelt: Mapping[str, list[str]]) -> Iterator[tuple[int, int]]:
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
