"""A YAML file as the pieces that it consists of, and where each of them belongs.

Between the pieces stand white space and comments alone. Lines stay lines: a piece that is the first
in its line has its column from the block it is in, two spaces a level; every other one stands
behind its neighbour.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING

from ruamel.yaml import YAML
from ruamel.yaml.tokens import (
    BlockEndToken,
    BlockEntryToken,
    BlockMappingStartToken,
    BlockSequenceStartToken,
    DocumentEndToken,
    DocumentStartToken,
    FlowEntryToken,
    FlowMappingEndToken,
    FlowMappingStartToken,
    FlowSequenceEndToken,
    FlowSequenceStartToken,
    KeyToken,
    ScalarToken,
    ValueToken,
)

from confsync.files.block_text import extent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ruamel.yaml.tokens import Token

STEP = 2
"""Spaces a level."""


@dataclass(frozen=True, eq=False)
class Level:
    """An open block mapping or list: the column that it had, and the one that it gets.

    `flush`: a list at the column of the key that it is under; it counts as one column deeper.
    """

    old: int
    new: int
    list: bool = False
    flush: bool = False


@dataclass(frozen=True)
class Piece:
    """A scalar, or one of YAML's marks, like `-`, `{` or `---`.

    `kind` is `key` or `scalar` for a scalar, and the mark itself otherwise. `start` and `end` are
    its place in the source, `line` and `column` count from 1. `indent` is its column when it is
    the first in its line, `around` that of a comment in a line of its own before it. `levels` are
    the blocks that it is in, `base` the column of the innermost before formatting (or 0).
    """

    kind: str
    start: int
    end: int
    line: int
    column: int
    indent: int
    around: int
    levels: tuple[Level, ...]
    flow: bool
    style: str = ""
    value: str = ""

    @property
    def base(self) -> int:
        """The old column that the digit of a block scalar counts from."""
        return next((level.old for level in reversed(self.levels) if not level.flush), 0)


def gaps(source: str) -> Iterator[tuple[str, Piece | None]]:
    """The pieces of a document that the strict reader takes, each with the white space and the
    comments before it; in the end those after the last one. Lines end with a line feed alone.
    """
    end = 0
    for piece in _Layout().pieces(source):
        yield source[end : piece.start], piece
        end = piece.start + len(written(source, piece))
    yield source[end:], None


def written(source: str, piece: Piece) -> str:
    """A piece as it stands in the source; blank lines behind it belong to no piece."""
    raw = source[piece.start : piece.end]
    return extent(raw, piece.base) if piece.style in {"|", ">"} else raw


_OPENING = {FlowMappingStartToken: "{", FlowSequenceStartToken: "["}
_CLOSING = {FlowMappingEndToken: "}", FlowSequenceEndToken: "]"}
_MARKERS = {DocumentStartToken: "---", DocumentEndToken: "..."}


@dataclass
class _Layout:
    """Where the next piece is: the blocks and the depth of brackets that it is in, the column of
    the outermost bracket, and what stood before it. `key`: it is a key, without a `?`.
    """

    levels: list[Level] = field(default_factory=list)
    depth: int = 0
    bracket: int = 0
    before: str = ""
    key: bool = False

    def pieces(self, source: str) -> Iterator[Piece]:
        for token in YAML(typ="safe", pure=True).scan(StringIO(source)):
            around = self._within if self.depth else None
            kind, indent = self._placed(token)
            if kind:
                yield self._piece(token, kind, indent, indent if around is None else around)
                self.before = kind

    def _placed(self, token: Token) -> tuple[str, int]:
        """The kind of a token that can be seen, and its column at the beginning of a line."""
        match token:
            case BlockMappingStartToken() | BlockSequenceStartToken() | BlockEndToken():
                self._block(token)
            case KeyToken():
                return self._key(explicit=token.start_mark.index < token.end_mark.index)
            case ScalarToken():
                return self._scalar()
            case BlockEntryToken():
                return "-", self._entry(token.start_mark.column)
            case ValueToken():
                return ":", self._mark()
            case FlowEntryToken():
                return ",", self._within
            case FlowMappingStartToken() | FlowSequenceStartToken():
                return _OPENING[type(token)], self._open()
            case FlowMappingEndToken() | FlowSequenceEndToken():
                self.depth -= 1
                return _CLOSING[type(token)], self._within
            case _:
                return _MARKERS.get(type(token), ""), 0
        return "", 0

    def _block(self, token: Token) -> None:
        if isinstance(token, BlockEndToken):
            self._close_flush()
            self.levels.pop()
        else:
            is_list = isinstance(token, BlockSequenceStartToken)
            self.levels.append(Level(token.start_mark.column, self._inner, list=is_list))

    @property
    def _inner(self) -> int:
        """The column of what is in the innermost block's key or item."""
        return self.levels[-1].new + STEP if self.levels else 0

    @property
    def _within(self) -> int:
        """The column of what is between brackets."""
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
        """The column of the mark of a key or a value. A list at its column ends before it."""
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

    def _piece(self, token: Token, kind: str, indent: int, around: int) -> Piece:
        start, end = token.start_mark, token.end_mark
        place = (start.index, end.index, start.line + 1, start.column + 1, indent, around)
        levels, flow = tuple(self.levels), self.depth > 0
        if isinstance(token, ScalarToken):
            return Piece(kind, *place, levels, flow, token.style or "", token.value)
        return Piece(kind, *place, levels, flow)
