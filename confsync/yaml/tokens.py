"""The tokens of a YAML file, with the columns that they get in canonical form.

Only white space and comments stand between tokens. Lines stay lines: a token that is first in its
line gets its column from the block around it, two spaces a level; others follow their neighbour.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING

from ruamel.yaml import YAML, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

STEP = 2
"""Spaces a level."""
BLOCK_TEXT = frozenset("|>")
"""The styles of texts whose lines stand below them, behind a header."""
_HEADER = r"([|>])([-+]?)([1-9]?)([-+]?)([^\n]*)"


@dataclass(frozen=True, eq=False)
class Level:
    """An open block mapping or list: its column in the file, and in canonical form.

    `flush`: a list at the column of the key that it is under; it counts as one column deeper.
    """

    old: int
    new: int
    list: bool = False
    flush: bool = False


@dataclass(frozen=True)
class Token:
    """A scalar, or a mark of YAML like `-`, `{` or `---`.

    `kind` is `key` or `scalar` for a scalar, and the mark itself otherwise. `text` is the token as
    written in the file; `line` and `column` count from 1. `indent` is its canonical column if it is
    first in its line, `around` that of a comment line before it. `levels` are the blocks around it,
    `base` is the column of the innermost in the file, which the digit of a block text counts from.
    `style` is the quote or mark of a scalar, `value` its value.
    """

    kind: str
    text: str
    line: int
    column: int
    indent: int
    around: int
    levels: tuple[Level, ...]
    base: int
    flow: bool
    style: str = ""
    value: str = ""


def tokens_of(source: str) -> Iterator[tuple[str, Token | None]]:
    """The tokens of a valid document, each with the white space and comments before it; at last
    None with those after the last token. Lines end in a line feed alone.
    """
    layout = _Layout()
    end = 0
    for found in YAML(typ="safe", pure=True).scan(StringIO(source)):
        around = layout.within if layout.depth else None
        kind, indent = layout.placed(found)
        if not kind:
            continue
        layout.before = kind
        levels = tuple(layout.levels)
        base = next((level.old for level in reversed(levels) if not level.flush), 0)
        start = found.start_mark
        text = source[start.index : found.end_mark.index]
        style, value = "", ""
        if isinstance(found, tokens.ScalarToken):
            style, value = found.style or "", found.value
        if style in BLOCK_TEXT:  # the blank lines below it belong to no token
            lines = block_lines(text, base)
            while lines and not lines[-1]:
                lines.pop()
            text = "\n".join(text.split("\n")[: len(lines) + 1])
        place = (start.line + 1, start.column + 1, indent, indent if around is None else around)
        flow = layout.depth > 0
        yield source[end : start.index], Token(kind, text, *place, levels, base, flow, style, value)
        end = start.index + len(text)
    yield source[end:], None


def block_header(text: str) -> tuple[str, str]:
    """The header of a block text, with a digit made 2, and the comment in its line."""
    found = re.match(_HEADER, text)
    if found is None:
        return "", ""
    mark, before, digit, after, rest = found.groups()
    return f"{mark}{'2' if digit else ''}{before}{after}", rest.strip(" \t")


def block_lines(text: str, base: int) -> list[str]:
    """The lines below the header of a block text, without indentation. `base`: see `Token.base`."""
    lines = text.split("\n")[1:]
    found = re.match(_HEADER, text)
    if found is not None and found[3]:
        column = base + int(found[3])
    else:
        indents = (len(line) - len(line.lstrip(" ")) for line in lines if line.strip(" "))
        column = next(indents, len(text))
    return [line[column:] for line in lines]


_MARKS = {
    tokens.DocumentStartToken: "---",
    tokens.DocumentEndToken: "...",
    tokens.FlowMappingStartToken: "{",
    tokens.FlowSequenceStartToken: "[",
    tokens.FlowMappingEndToken: "}",
    tokens.FlowSequenceEndToken: "]",
}


@dataclass
class _Layout:
    """The place of the next token: the blocks and the depth of brackets around it, the column of
    the outermost bracket, the kind of the token before, and `key`: it is a key without a `?`.
    """

    levels: list[Level] = field(default_factory=list)
    depth: int = 0
    bracket: int = 0
    before: str = ""
    key: bool = False

    def placed(self, token: tokens.Token) -> tuple[str, int]:
        """The kind of a token, empty if nothing is written for it, and its canonical column."""
        match token:
            case tokens.BlockEndToken():
                self._close_flush()
                self.levels.pop()
            case tokens.BlockMappingStartToken() | tokens.BlockSequenceStartToken():
                is_list = isinstance(token, tokens.BlockSequenceStartToken)
                self.levels.append(Level(token.start_mark.column, self._inner, list=is_list))
            case tokens.KeyToken():
                column = self._mark()
                self.key = token.start_mark.index == token.end_mark.index
                return "" if self.key else "?", column
            case tokens.ScalarToken():
                key, self.key = self.key, False
                return ("key", self._mark()) if key else ("scalar", self._value)
            case tokens.BlockEntryToken():
                return "-", self._entry(token.start_mark.column)
            case tokens.ValueToken():
                return ":", self._mark()
            case tokens.FlowEntryToken():
                return ",", self.within
            case tokens.FlowMappingStartToken() | tokens.FlowSequenceStartToken():
                column = self._value
                self.bracket = self.bracket if self.depth else column
                self.depth += 1
                return _MARKS[type(token)], column
            case tokens.FlowMappingEndToken() | tokens.FlowSequenceEndToken():
                self.depth -= 1
                return _MARKS[type(token)], self.within
            case _:
                return _MARKS.get(type(token), ""), 0
        return "", 0

    @property
    def _inner(self) -> int:
        """The column of a value in the innermost block."""
        return self.levels[-1].new + STEP if self.levels else 0

    @property
    def within(self) -> int:
        """The column of a member within brackets."""
        return self.bracket + STEP * self.depth

    @property
    def _value(self) -> int:
        """The column of a value."""
        if not self.depth:
            return self._inner
        return self.within + (STEP if self.before == ":" else 0)

    def _entry(self, column: int) -> int:
        """The column of a dash. A list without an indentation of its own begins a flush level."""
        level = self.levels[-1]
        if not level.flush and not level.list:
            self.levels.append(Level(column + 1, self._inner, list=True, flush=True))
        return self.levels[-1].new

    def _mark(self) -> int:
        """The column of a key or of the mark of a key or value. A flush list ends before it."""
        if self.depth:
            return self.within
        self._close_flush()
        return self.levels[-1].new

    def _close_flush(self) -> None:
        if self.levels[-1].flush:
            self.levels.pop()
