"""The last line of defence: how a secret could be spelt in a text, and the text without it."""

from __future__ import annotations

import base64
import json
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from confsync.sync.characters import visible
from confsync.sync.guessable import SHORTEST
from confsync.sync.pointer import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

_FEW = 8
"""Spellings that begin alike and are compared one by one."""

_DEEPEST = 7
"""Steps of 8 characters behind the first 8."""


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
    if value.isascii() and value.isalnum():
        return frozenset({value, *_base64(encoded)})
    return frozenset(
        {
            *_json(value),
            *_json(escape(value)),
            *_repr(value, encoded),
            visible(value),
            value.replace("'", "''"),
            *_percent(value),
            *_base64(encoded),
        }
    )


class _Index:
    """Spellings by their next 8 characters. It does not change once it is made.

    Where more than a few begin alike there is an index of those, as deep as 64 characters. Of those
    that begin alike even then only the longest length counts: too much is masked rather than
    anything is left, and no set of secrets makes the search at one character longer than that.
    """

    def __init__(self, spelt: Collection[str], depth: int = 0) -> None:
        start = depth * SHORTEST
        ends: dict[int, set[str]] = {}
        groups: dict[str, list[str]] = {}
        for one in spelt:
            tail = one[start : start + SHORTEST]
            if len(tail) < SHORTEST:
                ends.setdefault(len(tail), set()).add(tail)
            else:
                groups.setdefault(tail, []).append(one)
        self.ends = tuple(ends.items())
        self.groups: dict[str, tuple[str, ...] | _Index | int] = {
            tail: _group(group, depth) for tail, group in groups.items()
        }

    def end(self, text: str, start: int) -> int:
        """Where the longest spelling ends that begins at `start`; `start` where none does."""
        index, at, found = self, start, start
        while True:
            for length, tails in index.ends:
                if text[at : at + length] in tails:
                    found = max(found, at + length)
            match index.groups.get(text[at : at + SHORTEST]):
                case None:
                    return found
                case int(longest):
                    return min(start + longest, len(text))
                case tuple(group):
                    fitting = (len(one) for one in group if text.startswith(one, start))
                    return max(found, start + next(fitting, 0))
                case deeper:
                    index, at = deeper, at + SHORTEST


def _group(group: list[str], depth: int) -> tuple[str, ...] | _Index | int:
    if len(group) <= _FEW:
        return tuple(sorted(group, key=len, reverse=True))
    return _Index(group, depth + 1) if depth < _DEEPEST else max(map(len, group))


@dataclass(frozen=True)
class Learned:
    """The spellings of the first `number` values of a vault, in parts of falling size."""

    number: int
    parts: tuple[tuple[frozenset[str], _Index], ...] = ()

    def learning(self, number: int, values: Iterable[str]) -> Learned:
        """With the spellings of more values: small parts become one, so that each spelling is put
        in order a few times in all, however often something is learned.
        """
        fresh = frozenset().union(*map(spellings, values))
        if not fresh:
            return replace(self, number=number)
        parts = list(self.parts)
        while parts and len(parts[-1][0]) < 2 * len(fresh):
            fresh |= parts.pop()[0]
        return Learned(number, (*parts, (fresh, _Index(fresh))))


LEARNED_NOTHING = Learned(0)


def without(text: str, learned: Learned, mask: str) -> str:
    """The text with the mask in place of every spelling; those that overlap get one mask."""
    pieces: list[str] = []
    done = 0
    for start, end in _merged(_found(text, learned)):
        pieces += [text[done:start], mask]
        done = end
    return "".join([*pieces, text[done:]])


_SCRUB: ContextVar[Callable[[str], str]] = ContextVar("scrub", default=str)


@contextmanager
def scrubbing(scrub: Callable[[str], str]) -> Iterator[None]:
    """While this run lasts, let `scrubbed` do what `scrub` does."""
    token = _SCRUB.set(scrub)
    try:
        yield
    finally:
        _SCRUB.reset(token)


def scrubbed(text: str) -> str:
    """A text from outside without the secrets of the run, as far as there is one."""
    return _SCRUB.get()(text)


def _found(text: str, learned: Learned) -> Iterator[tuple[int, int]]:
    indexes = [index for _, index in learned.parts]
    if not indexes:
        return
    for start in range(len(text) - SHORTEST + 1):
        first = text[start : start + SHORTEST]
        for index in indexes:
            if first in index.groups:
                end = max(index.end(text, start) for index in indexes)
                if end > start:
                    yield start, end
                break


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
