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
_HEADER = re.compile(r"([|>])([-+]?)([1-9]?)([-+]?)([^\n]*)")


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
    end = 0
    for start, token in _Layout(source).scan():
        yield source[end:start], token
        end = start + len(token.text)
    yield source[end:], None


def block_header(text: str) -> tuple[str, str]:
    """The header of a block text, with a digit made 2, and the comment in its line."""
    found = _HEADER.match(text)
    if found is None:
        return "", ""
    mark, before, digit, after, rest = found.groups()
    return f"{mark}{'2' if digit else ''}{before}{after}", rest.strip(" \t")


def block_lines(text: str, base: int) -> list[str]:
    """The lines below the header of a block text, without indentation. `base`: see `Token.base`."""
    lines = text.split("\n")[1:]
    found = _HEADER.match(text)
    if found is not None and found[3]:
        column = base + int(found[3])
    else:
        indents = (len(line) - len(line.lstrip(" ")) for line in lines if line.strip(" "))
        column = next(indents, len(text))
    return [line[column:] for line in lines]


def _without_blank_end(text: str, base: int) -> str:
    """A block text without the blank lines below it, which belong to no token."""
    lines = block_lines(text, base)
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(text.split("\n")[: len(lines) + 1])


_OPENING = {tokens.FlowMappingStartToken: "{", tokens.FlowSequenceStartToken: "["}
_CLOSING = {tokens.FlowMappingEndToken: "}", tokens.FlowSequenceEndToken: "]"}
_MARKERS = {tokens.DocumentStartToken: "---", tokens.DocumentEndToken: "..."}


@dataclass
class _Layout:
    """The place of the next token: the blocks and the depth of brackets around it, the column of
    the outermost bracket, the kind of the token before, and `key`: it is a key without a `?`.
    """

    source: str
    levels: list[Level] = field(default_factory=list)
    depth: int = 0
    bracket: int = 0
    before: str = ""
    key: bool = False

    def scan(self) -> Iterator[tuple[int, Token]]:
        """The tokens, each with its offset in the source."""
        for found in YAML(typ="safe", pure=True).scan(StringIO(self.source)):
            around = self._within if self.depth else None
            kind, indent = self._placed(found)
            if kind:
                place = (indent, indent if around is None else around)
                yield found.start_mark.index, self._token(found, kind, *place)
                self.before = kind

    def _placed(self, token: tokens.Token) -> tuple[str, int]:
        """The kind of a token, empty if nothing is written for it, and its canonical column."""
        match token:
            case tokens.BlockEndToken():
                self._close_flush()
                self.levels.pop()
            case tokens.BlockMappingStartToken() | tokens.BlockSequenceStartToken():
                is_list = isinstance(token, tokens.BlockSequenceStartToken)
                self.levels.append(Level(token.start_mark.column, self._inner, list=is_list))
            case tokens.KeyToken():
                return self._key(explicit=token.start_mark.index < token.end_mark.index)
            case tokens.ScalarToken():
                return self._scalar()
            case tokens.BlockEntryToken():
                return "-", self._entry(token.start_mark.column)
            case tokens.ValueToken():
                return ":", self._mark()
            case tokens.FlowEntryToken():
                return ",", self._within
            case tokens.FlowMappingStartToken() | tokens.FlowSequenceStartToken():
                return _OPENING[type(token)], self._open()
            case tokens.FlowMappingEndToken() | tokens.FlowSequenceEndToken():
                self.depth -= 1
                return _CLOSING[type(token)], self._within
            case _:
                return _MARKERS.get(type(token), ""), 0
        return "", 0

    @property
    def _inner(self) -> int:
        """The column of a value in the innermost block."""
        return self.levels[-1].new + STEP if self.levels else 0

    @property
    def _within(self) -> int:
        """The column of a member within brackets."""
        return self.bracket + STEP * self.depth

    @property
    def _value(self) -> int:
        """The column of a value."""
        if not self.depth:
            return self._inner
        return self._within + (STEP if self.before == ":" else 0)

    def _entry(self, column: int) -> int:
        level = self.levels[-1]
        if not level.flush and not level.list:
            self.levels.append(Level(column + 1, self._inner, list=True, flush=True))
        return self.levels[-1].new

    def _key(self, *, explicit: bool) -> tuple[str, int]:
        column = self._mark()
        self.key = not explicit
        return ("?", column) if explicit else ("", 0)

    def _mark(self) -> int:
        """The column of the mark of a key or a value. A flush list ends before it."""
        if self.depth:
            return self._within
        self._close_flush()
        return self.levels[-1].new

    def _scalar(self) -> tuple[str, int]:
        if not self.key:
            return "scalar", self._value
        self.key = False
        return "key", self._within if self.depth else self.levels[-1].new

    def _open(self) -> int:
        column = self._value
        if not self.depth:
            self.bracket = column
        self.depth += 1
        return column

    def _close_flush(self) -> None:
        if self.levels[-1].flush:
            self.levels.pop()

    def _token(self, found: tokens.Token, kind: str, indent: int, around: int) -> Token:
        start = found.start_mark
        base = next((level.old for level in reversed(self.levels) if not level.flush), 0)
        text = self.source[start.index : found.end_mark.index]
        style, value = "", ""
        if isinstance(found, tokens.ScalarToken):
            style, value = found.style or "", found.value
        if style in BLOCK_TEXT:
            text = _without_blank_end(text, base)
        place = (start.line + 1, start.column + 1, indent, around)
        return Token(kind, text, *place, tuple(self.levels), base, self.depth > 0, style, value)
