"""Texts over several lines: those behind `|` or `>`, and those that are folded.

How far their lines are indented is no part of what they say.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER = re.compile(r"([|>])([-+]?)([1-9]?)([-+]?)([^\n]*)")
_BACKSLASHES = re.compile(r"\\*$")


def header(raw: str) -> tuple[str, str]:
    """How a block text begins, a digit as 2, and the comment behind that."""
    found = _HEADER.match(raw)
    if found is None:
        return "", ""
    mark, before, digit, after, rest = found.groups()
    return f"{mark}{'2' if digit else ''}{before}{after}", rest.strip(" \t")


def extent(raw: str, base: int) -> str:
    """A block text without the blank lines behind it. `base`: the column of the block it is in."""
    first, *rest = raw.split("\n")
    column = _column(raw, base)
    while rest and _is_blank(rest[-1], column):
        rest.pop()
    return "\n".join([first, *rest])


def moved(raw: str, base: int, column: int) -> str:
    """A block text with its lines at another column."""
    start, comment = header(raw)
    old = _column(raw, base)
    lines = (
        "" if _is_blank(line, old) else " " * column + line[old:] for line in raw.split("\n")[1:]
    )
    return "\n".join([f"{start}  {comment}" if comment else start, *lines])


def folded(raw: str, column: int) -> str:
    """A text of several lines, in quotes or not, with all but the first at another column."""
    first, *rest = raw.split("\n")
    lines = [line.lstrip(" \t") for line in rest]
    return "\n".join([_trimmed(first), *_at(column, map(_trimmed, lines))])


def _at(column: int, lines: Iterator[str]) -> Iterator[str]:
    return (" " * column + line if line else "" for line in lines)


def _trimmed(line: str) -> str:
    """A line without what is folded away at its end; a space behind a backslash counts."""
    bare = line.rstrip(" \t")
    slashes = _BACKSLASHES.search(bare)
    escapes = slashes is not None and len(slashes[0]) % 2 == 1
    return line[: len(bare) + 1] if escapes else bare


def _column(raw: str, base: int) -> int:
    """Where the lines of a block text begin."""
    found = _HEADER.match(raw)
    if found is not None and found[3]:
        return base + int(found[3])
    indents = [len(line) - len(line.lstrip(" ")) for line in raw.split("\n")[1:] if line.strip(" ")]
    return indents[0] if indents else len(raw)


def _is_blank(line: str, column: int) -> bool:
    return not line.strip(" ") and len(line) <= column
