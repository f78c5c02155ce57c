"""Texts from outside, made fit for people and for programs: without secrets, and not endless."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar

from confsync.sync.scrub import scrubbed, visible, without_brackets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.store.encode import Plain

T = TypeVar("T")

_LONGEST = 500
_LONGEST_VALUE = 64 * 1024
"""Characters of a text that a program reads: more than a server's answer may hold."""

MOST = 1000
"""Items of a list, or lines of a report, from a server."""


def printable(text: str, longest: int = _LONGEST) -> str:
    r"""The text without secrets, invisible characters and commands to a CI runner as escapes like
    `\x1b`.

    At most 500 characters, or `longest`; a longer text ends in `…`.
    """
    clean = scrubbed(text)
    return one_line(clean if len(clean) <= longest else f"{clean[:longest]}…")


def one_line(text: str, *, keep: str = "") -> str:
    """Text of any length, scrubbed already, as `printable` shows it, but for characters to keep."""
    return without_brackets(visible(text, keep=keep), "\\x23")


def told(text: str) -> str:
    """A text for programs: without secrets, and cut with a word about it."""
    clean = scrubbed(text)
    more = len(clean) - _LONGEST_VALUE
    return clean if more <= 0 else f"{clean[:_LONGEST_VALUE]}… and {more} more characters"


def json_text(document: object) -> str:
    """A JSON document, with `##[`, `##vso[` and the like written as the escape of a text."""
    return without_brackets(json.dumps(document, indent=2), "\\u0023") + "\n"


def shown(value: Plain) -> Plain:
    """A value as a file writes it, for programs: texts as `told`, lists cut with a word about it.

    Names of fields and of variants stay as they are.
    """
    match value:
        case str():
            return told(value)
        case dict():
            return {
                name: member if name == "@type" else shown(member) for name, member in value.items()
            }
        case list():
            kept, more = cut(value)
            return [*map(shown, kept), *([more] if more else [])]
        case _:
            return value


def cut(items: Sequence[T], most: int = MOST) -> tuple[Sequence[T], str]:
    """The first of some items, and a word about the others; empty if there are none."""
    left = len(items) - most
    return (items, "") if left <= 0 else (items[:most], f"… and {left:,} more")


def plural(number: int, what: str) -> str:
    """`1 change`, `2 changes`."""
    return f"{number} {what}{'' if number == 1 else 's'}"
