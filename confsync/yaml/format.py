"""The canonical form of a store file, and the proof that it says the same as the file.

Quotes, indentation and spaces change; comments, order, blank lines and values stay: docs/fmt.md. A
token that is first in its line gets its column from the block around it, two spaces a level.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from confsync.disk.read import MAX_STORE_BYTES
from confsync.errors import Problem
from confsync.sync.scrub import is_visible
from confsync.yaml import nodes
from confsync.yaml.emit import is_ambiguous, is_plain, quoted
from confsync.yaml.read import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

RULE = "not-formatted"
"""The rule of a store that cannot be formatted."""

BLOCK_TEXT = frozenset("|>")
"""The styles of texts whose lines are below a header."""

_STEP = 2
"""Spaces a level."""
_OPENING, _CLOSING, _PENDING = frozenset("{["), frozenset("}],"), frozenset("-?:")


def normal(text: str) -> str:
    """A text with line feeds for all line ends, and without a byte order mark."""
    return re.sub(r"\r\n?", "\n", text.removeprefix("\ufeff"))


# Tokens


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

    `kind`: `key` or `scalar`, or the mark itself. `text`: as written in the file; `line` and
    `column` count from 1. `indent`: its canonical column at the start of a line; `around`: that of
    a comment line before it. `levels`: the blocks around it; `base`: the column of the innermost in
    the file, from which the digit of a block text counts. `style`: the quote or mark of a scalar.
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
    """The tokens of a valid document, each with the white space and comments before it; None is the
    end. Lines end in a line feed alone.
    """
    layout, end = _Layout(), 0
    for found in YAML(typ="safe", pure=True).scan(StringIO(source)):
        around = layout.within if layout.depth else None
        start = found.start_mark
        empty = start.index == found.end_mark.index
        kind, indent = layout.placed(found.id, start.column, empty=empty)
        if not kind:
            continue
        layout.before = kind
        levels = tuple(layout.levels)
        base = next((level.old for level in reversed(levels) if not level.flush), 0)
        text = source[start.index : found.end_mark.index]
        scalar = (found.style or "", found.value) if kind in {"key", "scalar"} else ("", "")
        if scalar[0] in BLOCK_TEXT:  # the blank lines below it belong to no token
            _, lines = _block_text(text, base)
            while lines and not lines[-1]:
                lines.pop()
            text = "\n".join(text.split("\n")[: len(lines) + 1])
        place = (start.line + 1, start.column + 1, indent, indent if around is None else around)
        token = Token(kind, text, *place, levels, base, layout.depth > 0, *scalar)
        yield source[end : start.index], token
        end = start.index + len(text)
    yield source[end:], None


def _block_text(text: str, base: int) -> tuple[str, list[str]]:
    """The canonical header of a block text with its comment, and its lines without indentation."""
    first, *lines = text.split("\n")
    _, mark, before, digit, after, rest, _ = re.split("([|>])([-+]?)([1-9]?)([-+]?)(.*)", first)
    header, comment = f"{mark}{'2' if digit else ''}{before}{after}", rest.strip(" \t")
    indents = (len(line) - len(line.lstrip(" ")) for line in lines if line.strip(" "))
    column = base + int(digit) if digit else next(indents, len(text))
    return f"{header}  {comment}" if comment else header, [line[column:] for line in lines]


@dataclass
class _Layout:
    """The place of the next token: the blocks and the depth of brackets around it, the column of
    the outermost bracket, the token `before`; `key`: it is a key without a `?`.
    """

    levels: list[Level] = field(default_factory=list)
    depth: int = 0
    bracket: int = 0
    before: str = ""
    key: bool = False

    def placed(self, kind: str, column: int, *, empty: bool) -> tuple[str, int]:
        """The kind of a token, empty if nothing is written for it, and its canonical column.

        `kind`: its id in ruamel.yaml.
        """
        match kind:
            case "<block end>":
                self._close_flush()
                self.levels.pop()
            case "<block mapping start>" | "<block sequence start>":
                is_list = kind == "<block sequence start>"
                self.levels.append(Level(column, self._value, list=is_list))
            case "?" | ":":
                self.key = empty
                return "" if empty else kind, self._mark()
            case "<scalar>":
                key, self.key = self.key, False
                return ("key", self._mark()) if key else ("scalar", self._value)
            case "-":
                # A list without an indentation of its own begins a flush level.
                if not self.levels[-1].list:
                    self.levels.append(Level(column + 1, self._value, list=True, flush=True))
                return kind, self.levels[-1].new
            case "{" | "[":
                value = self._value
                self.bracket = self.bracket if self.depth else value
                self.depth += 1
                return kind, value
            case "}" | "]" | ",":
                self.depth -= kind != ","
                return kind, self.within
            case _:
                return {"<document start>": "---", "<document end>": "..."}.get(kind, ""), 0
        return "", 0

    @property
    def within(self) -> int:
        """The column of a member within brackets."""
        return self.bracket + _STEP * self.depth

    @property
    def _value(self) -> int:
        if self.depth:
            return self.within + (_STEP if self.before == ":" else 0)
        return self.levels[-1].new + _STEP if self.levels else 0

    def _mark(self) -> int:
        """The column of a key or of the mark of a key or value. A flush list ends before it."""
        if self.depth:
            return self.within
        self._close_flush()
        return self.levels[-1].new

    def _close_flush(self) -> None:
        if self.levels[-1].flush:
            self.levels.pop()


# Canonical form


def canonical(text: str) -> str:
    """The canonical form of a text in which the strict reader finds no problem."""
    lines = [""]
    last: Token | None = None
    for gap, token in tokens_of(normal(text)):
        for number, part in enumerate(gap.split("\n")):
            comment = part.strip(" \t\ufeff")
            if number:
                lines.append("")
            if comment and (number or last is None):
                old = len(part) - len(part.lstrip(" \t"))
                lines[-1] = " " * _comment_column(old, last, token) + comment
            elif comment:
                lines[-1] += f"  {comment}"
        if token is None:
            break
        first, *others = _text(token).split("\n")
        if not lines[-1]:
            lines[-1] = " " * token.indent
        elif last is not None:
            lines[-1] += _space(last, token)
        lines[-1] += first
        lines += others
        last = token
    result = "\n".join(lines)
    # The line ends at the end of the file may belong to a block text (`|+`).
    keeps = last is not None and last.style in BLOCK_TEXT and re.match(r"[|>][1-9]?\+", last.text)
    return result if keeps and result.endswith("\n") else result.rstrip("\n") + "\n"


def _comment_column(old: int, last: Token | None, following: Token | None) -> int:
    """The column of a comment line: that of the following token, or of a block that ends before
    the comment and was indented no deeper than it.
    """
    around = following.around if following is not None else 0
    if last is None or last.flow:
        return around
    outer = following.levels if following is not None else ()
    ended = [(level.old, level.new) for level in last.levels if level not in outer]
    is_value = following is not None and (
        len(following.levels) > len(last.levels) or following.kind in {"scalar", *_OPENING}
    )
    if last.kind in _PENDING and not is_value:
        ended.append((last.levels[-1].old + 1, last.levels[-1].new + _STEP))
    return next((new for start, new in reversed(ended) if start <= old), around)


def _text(token: Token) -> str:
    if token.style in BLOCK_TEXT:
        first, lines = _block_text(token.text, token.base)
    elif "\n" in token.text:
        first, *lines = (_trimmed(line) for line in token.text.split("\n"))
        lines = [line.lstrip(" \t") for line in lines]
    elif token.style and is_plain(token.value, flow=token.flow):
        return token.value
    else:
        return quoted(token.value) if token.style and is_visible(token.value) else token.text
    return "\n".join([first, *(" " * token.indent + line if line else "" for line in lines)])


def _trimmed(line: str) -> str:
    """A line without the white space at its end, but for a space behind a backslash."""
    bare = line.rstrip(" \t")
    escapes = (len(bare) - len(bare.rstrip("\\"))) % 2
    return line[: len(bare) + escapes]


def _space(last: Token, token: Token) -> str:
    """The space between two tokens of a line. It stays between a colon and a closing bracket: else
    some readers take the colon for a part of the key.
    """
    if token.kind == ":":
        tight = last.kind in {"key", "scalar", *_OPENING}
    else:
        tight = last.kind in _OPENING or (token.kind in _CLOSING and last.kind not in _PENDING)
    return "" if tight else " "


def verify_same_meaning(
    file: str, source: str, document: nodes.MappingNode, new: str
) -> nodes.MappingNode | Problem:
    """The document of a file's new text, if its values and comments are those of the old text;
    otherwise the problem. `document` was read from `source`, the old text.
    """
    if len(new.encode("utf-8")) > MAX_STORE_BYTES:
        message, hint = "the formatted file would be larger than 64 KiB", "make it smaller"
        return Problem(file, 0, 0, RULE, message, hint)
    parsed, mark = parse(file, new), None
    if parsed.document is not None and not parsed.problems:
        mark = first_difference(document, parsed.document)
        before, after = nodes.comments(source, document), nodes.comments(new, parsed.document)
        if mark is None and [one.text for one in before] == [one.text for one in after]:
            return parsed.document
    line, column = (mark or document.mark).line, (mark or document.mark).column
    message = "formatting would change the meaning here, so the file is unchanged"
    hint = "end the file with a newline if this is its last text, or write the text on one line"
    return Problem(file, line, column, RULE, message, hint)


def first_difference(before: nodes.Node, after: nodes.Node) -> nodes.Mark | None:
    """The place in `before` of the first node that differs in `after`, or None. Quotes matter if
    the text means something else without them.
    """
    for ours, theirs in zip(nodes.nodes_within(before), nodes.nodes_within(after), strict=False):
        if _meaning(ours) != _meaning(theirs):
            return ours.mark
    return None


def _meaning(node: nodes.Node) -> tuple[type[nodes.Node], str | int, bool]:
    """The text of a scalar, or the number of members of a collection."""
    if isinstance(node, nodes.ScalarNode):
        return nodes.ScalarNode, node.text, node.plain and is_ambiguous(node.text)
    return type(node), len(nodes.members_of(node)), False
