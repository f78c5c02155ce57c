"""What formatting changes in a file, as a unified diff in which nothing secret stands.

Comments stand there as `# …`: they are never changed, and nobody knows what was written into them.
"""

from __future__ import annotations

import re
from difflib import unified_diff
from typing import TYPE_CHECKING, NamedTuple

from confsync.errors import Fault
from confsync.yaml.format import normal
from confsync.yaml.tokens import BLOCK_TEXT, tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_COMMENT = re.compile(r"#[^\n]*")
_LINE_END = re.compile(r"\r\n?|\n")
_BEHIND = re.compile("\0[^\0]*\0")


class Side(NamedTuple):
    """A text, and what to show in place of some scalars, by their lines and columns (from 1)."""

    text: str
    hidden: Mapping[tuple[int, int], str]


def masked_diff(file: str, before: Side, after: Side) -> str:
    """The difference, by lines. The line number of what stands behind a hidden text of several
    lines is smaller than in the file, for it would tell how long that text is.

    Where only the quotes of a hidden text change, its line stands there twice, the same.
    """
    name = file.replace("\n", "\\x0a")
    lines = unified_diff(
        _lines(before), _lines(after), f"{name} as it is", f"{name} formatted", lineterm=""
    )
    return "".join(f"{_BEHIND.sub('', line)}\n" for line in lines)


def _lines(side: Side) -> list[str]:
    """The lines as they are shown, carriage returns included. Behind what is hidden stands, between
    two NUL, what it was: for the comparison alone.
    """
    source = normal(side.text)
    ends = ("\n" if end == "\n" else "\r\n" for end in _LINE_END.findall(side.text))
    start = "\ufeff" if side.text.startswith("\ufeff") else ""
    shown: list[str] = [start]
    for text, visible in _parts(source, side.hidden):
        whole = re.sub("\n", lambda _: next(ends), text)
        unseen = whole.replace("\n", "\v")
        shown.append(whole if visible is None else f"{visible}\0{unseen}\0")
    *lines, last = "".join(shown).split("\n")
    return [*lines, f"{last}\n\\ No newline at end of file"] if last else lines


def _parts(source: str, hidden: Mapping[tuple[int, int], str]) -> Iterator[tuple[str, str | None]]:
    """The source in parts, each with what to show in its place, or None where it may be shown."""
    missing = set(hidden)
    for gap, token in tokens_of(source):
        yield from _without_comments(gap)
        if token is None:
            continue
        place = (token.line, token.column)
        instead = hidden.get(place)
        missing.discard(place)
        if instead is None and token.style in BLOCK_TEXT:
            first, end, rest = token.text.partition("\n")
            yield from _without_comments(first)
            yield end + rest, None
        else:
            yield token.text, instead
    if missing:
        raise Fault("a text to mask is not where it was read")


def _without_comments(gap: str) -> Iterator[tuple[str, str | None]]:
    end = 0
    for comment in _COMMENT.finditer(gap):
        yield gap[end : comment.start()], None
        yield comment[0], "# …"
        end = comment.end()
    yield gap[end:], None
