"""A unified diff of two texts of a file, with secrets masked.

Comments are shown as `# …`: they may hold anything.
"""

from __future__ import annotations

import re
from difflib import unified_diff
from typing import TYPE_CHECKING, NamedTuple

from confsync.errors import Fault
from confsync.yaml.format import BLOCK_TEXT, normal, tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_COMMENT = re.compile(r"(#[^\n]*)")
_LINE_END = re.compile(r"\r\n?|\n")
_UNSEEN = re.compile("\0[^\0]*\0")


class Side(NamedTuple):
    """One text of a diff: its name, and its masks by line and column (from 1)."""

    name: str
    text: str
    masks: Mapping[tuple[int, int], str]


def masked_diff(before: Side, after: Side) -> str:
    """The difference by lines, in which carriage returns stay.

    A masked text of several lines counts as one, because its number of lines is a secret too. If
    only a masked text changes, its line stands there twice with the same mask.
    """
    start, end = (side.name.replace("\n", "\\x0a") for side in (before, after))
    lines = unified_diff(_lines(before), _lines(after), start, end, lineterm="")
    return "".join(f"{_UNSEEN.sub('', line)}\n" for line in lines)


def _lines(side: Side) -> list[str]:
    """The masked lines. Each mask is followed by the masked text between two NUL, for the
    comparison alone.
    """
    ends = ("\n" if end == "\n" else "\r\n" for end in _LINE_END.findall(side.text))
    shown = ["\ufeff" if side.text.startswith("\ufeff") else ""]
    for text, mask in _parts(normal(side.text), side.masks):
        whole = re.sub("\n", lambda _: next(ends), text)
        unseen = whole.replace("\n", "\v")
        shown.append(whole if mask is None else f"{mask}\0{unseen}\0")
    *lines, last = "".join(shown).split("\n")
    return [*lines, f"{last}\n\\ No newline at end of file"] if last else lines


def _parts(source: str, masks: Mapping[tuple[int, int], str]) -> Iterator[tuple[str, str | None]]:
    """The source in parts, each with its mask; None for a part that is shown."""
    unused = set(masks)
    for gap, token in tokens_of(source):
        yield from _masked_comments(gap)
        if token is None:
            continue
        place = (token.line, token.column)
        unused.discard(place)
        mask = masks.get(place)
        if mask is None and token.style in BLOCK_TEXT:
            header, end, rest = token.text.partition("\n")
            yield from _masked_comments(header)
            yield end + rest, None
        else:
            yield token.text, mask
    if unused:
        raise Fault("a text to mask is not where it was read")


def _masked_comments(gap: str) -> Iterator[tuple[str, str | None]]:
    for text in _COMMENT.split(gap):
        yield text, "# …" if text.startswith("#") else None
