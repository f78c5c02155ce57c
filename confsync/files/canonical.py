"""The canonical form of a store file: quotes, indentation and spaces, and nothing else.

Comments, order, blank lines and values stay as they are. docs/fmt.md describes the form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from confsync.files.block_text import folded, header, moved
from confsync.files.pieces import STEP, Piece, gaps, written
from confsync.files.quoting import is_plain, single_quoted
from confsync.sync.characters import is_visible

_LINE_END = re.compile(r"\r\n?")
_BLOCK = frozenset("|>")
_OPENING, _CLOSING = frozenset("{["), frozenset("}],")
_PENDING = frozenset("-?:")
_VALUE = frozenset({"scalar", "{", "["})


def canonical(text: str) -> str:
    """The canonical form of a text that the strict reader takes without a problem."""
    return _Writer(normal(text)).written()


def normal(text: str) -> str:
    """A text with line feeds for all line ends, and without a byte order mark."""
    return _LINE_END.sub("\n", text.removeprefix("\ufeff"))


@dataclass
class _Writer:
    source: str
    lines: list[str] = field(default_factory=lambda: [""])
    last: Piece | None = None

    def written(self) -> str:
        for gap, piece in gaps(self.source):
            self._gap(gap, piece)
            if piece is not None:
                self._put(piece)
        text = "\n".join(self.lines)
        return text if self._ends_with_content(text) else text.rstrip("\n") + "\n"

    def _gap(self, gap: str, following: Piece | None) -> None:
        """Comments and blank lines between two pieces."""
        for number, part in enumerate(gap.split("\n")):
            comment = part.strip(" \t\ufeff")
            if number:
                self.lines.append("")
            if not comment:
                continue
            if number or self.last is None:
                column = self._column(len(part) - len(part.lstrip(" \t")), following)
                self.lines[-1] = " " * column + comment
            else:
                self.lines[-1] += f"  {comment}"

    def _column(self, old: int, following: Piece | None) -> int:
        """The column of a comment in a line of its own: that of what follows; or of a block that
        ends before it, where the comment was indented as far.
        """
        last = self.last
        around = following.around if following is not None else 0
        if last is None or last.flow:
            return around
        outer = following.levels if following is not None else ()
        ended = [(level.old, level.new) for level in last.levels if level not in outer]
        if last.kind in _PENDING and not _is_value(following, last):
            ended.append((last.levels[-1].old + 1, last.levels[-1].new + STEP))
        return next((new for start, new in reversed(ended) if start <= old), around)

    def _put(self, piece: Piece) -> None:
        first, *others = self._text(piece).split("\n")
        if not self.lines[-1]:
            self.lines[-1] = " " * piece.indent
        elif self.last is not None:
            self.lines[-1] += _space(self.last, piece)
        self.lines[-1] += first
        self.lines += others
        self.last = piece

    def _text(self, piece: Piece) -> str:
        raw = written(self.source, piece)
        if piece.style in _BLOCK:
            return moved(raw, piece.base, piece.indent)
        if "\n" in raw:
            return folded(raw, piece.indent)
        if piece.style and is_plain(piece.value, flow=piece.flow):
            return piece.value
        return single_quoted(piece.value) if piece.style and is_visible(piece.value) else raw

    def _ends_with_content(self, text: str) -> bool:
        """Whether the line ends at the end of the file belong to a text."""
        last = self.last
        kept = (
            last is not None
            and last.style in _BLOCK
            and "+" in header(self.source[last.start :])[0]
        )
        return kept and text.endswith("\n")


def _is_value(piece: Piece | None, last: Piece) -> bool:
    """Whether a piece belongs to the key or the list's mark before it."""
    return piece is not None and (len(piece.levels) > len(last.levels) or piece.kind in _VALUE)


def _space(last: Piece, piece: Piece) -> str:
    """What stands between two pieces of one line. A key in brackets without a value keeps a space
    behind its colon: without it some readers take the colon for a part of the key.
    """
    if piece.kind == ":":
        tight = last.kind in {"key", "scalar", *_OPENING}
    else:
        tight = last.kind in _OPENING or (piece.kind in _CLOSING and last.kind not in _PENDING)
    return "" if tight else " "
