"""The canonical form of a store file, and the proof that it says the same as the file.

Quotes, indentation and spaces change; comments, order, blank lines and values stay. docs/fmt.md
describes the form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from confsync.disk.read import MAX_STORE_BYTES
from confsync.errors import Problem
from confsync.sync.scrub import is_visible
from confsync.yaml.emit import is_ambiguous, is_plain, quoted
from confsync.yaml.nodes import MappingNode, Mark, Node, ScalarNode, SequenceNode
from confsync.yaml.positions import comments
from confsync.yaml.read import parse
from confsync.yaml.tokens import (
    BLOCK_TEXT,
    STEP,
    Token,
    block_header,
    block_lines,
    tokens_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RULE = "not-formatted"
"""The rule that a store breaks if it cannot be formatted."""

_LINE_END = re.compile(r"\r\n?")
_BACKSLASHES = re.compile(r"\\*$")
_OPENING, _CLOSING = frozenset("{["), frozenset("}],")
_PENDING = frozenset("-?:")
_VALUE = frozenset({"scalar", "{", "["})


def canonical(text: str) -> str:
    """The canonical form of a text in which the strict reader finds no problem."""
    return _Formatter().formatted(normal(text))


def normal(text: str) -> str:
    """A text with line feeds for all line ends, and without a byte order mark."""
    return _LINE_END.sub("\n", text.removeprefix("\ufeff"))


@dataclass
class _Formatter:
    """The lines that are written already, and the last token in them."""

    lines: list[str] = field(default_factory=lambda: [""])
    last: Token | None = None

    def formatted(self, source: str) -> str:
        """Format a source."""
        for gap, token in tokens_of(source):
            self._gap(gap, token)
            if token is not None:
                self._put(token)
        text = "\n".join(self.lines)
        return text if self._ends_with_content(text) else text.rstrip("\n") + "\n"

    def _gap(self, gap: str, following: Token | None) -> None:
        """Write the comments and blank lines between two tokens."""
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

    def _column(self, old: int, following: Token | None) -> int:
        """The column of a comment line: that of the following token, or of a block that ends
        before the comment and was indented no deeper than it.
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

    def _put(self, token: Token) -> None:
        first, *others = _text(token).split("\n")
        if not self.lines[-1]:
            self.lines[-1] = " " * token.indent
        elif self.last is not None:
            self.lines[-1] += _space(self.last, token)
        self.lines[-1] += first
        self.lines += others
        self.last = token

    def _ends_with_content(self, text: str) -> bool:
        """True if the line ends at the end of the file belong to a block text (`|+`)."""
        last = self.last
        return (
            last is not None
            and last.style in BLOCK_TEXT
            and "+" in block_header(last.text)[0]
            and text.endswith("\n")
        )


def _text(token: Token) -> str:
    """The canonical text of a token."""
    if token.style in BLOCK_TEXT:
        header, comment = block_header(token.text)
        first = f"{header}  {comment}" if comment else header
        return _indented([first, *block_lines(token.text, token.base)], token.indent)
    if "\n" in token.text:
        first, *rest = token.text.split("\n")
        return _indented(
            map(_trimmed, [first, *(line.lstrip(" \t") for line in rest)]), token.indent
        )
    if token.style and is_plain(token.value, flow=token.flow):
        return token.value
    return quoted(token.value) if token.style and is_visible(token.value) else token.text


def _indented(lines: Iterable[str], column: int) -> str:
    """The lines as one text, all but the first at a column; blank ones stay empty."""
    first, *rest = lines
    return "\n".join([first, *(" " * column + line if line else "" for line in rest)])


def _trimmed(line: str) -> str:
    """A line without the white space at its end, but for a space behind a backslash."""
    bare = line.rstrip(" \t")
    slashes = _BACKSLASHES.search(bare)
    escapes = slashes is not None and len(slashes[0]) % 2 == 1
    return line[: len(bare) + 1] if escapes else bare


def _is_value(token: Token | None, last: Token) -> bool:
    """True if a token is the value of the key or dash before it."""
    return token is not None and (len(token.levels) > len(last.levels) or token.kind in _VALUE)


def _space(last: Token, token: Token) -> str:
    """The space between two tokens of a line. A key in brackets without a value keeps a space
    behind its colon: without it some readers take the colon for a part of the key.
    """
    if token.kind == ":":
        tight = last.kind in {"key", "scalar", *_OPENING}
    else:
        tight = last.kind in _OPENING or (token.kind in _CLOSING and last.kind not in _PENDING)
    return "" if tight else " "


def verify_same_meaning(
    file: str, source: str, document: MappingNode, new: str
) -> MappingNode | Problem:
    """The document of a file's new text, if its values and comments are those of the old text;
    otherwise the problem. `document` was read from `source`, the old text.
    """
    if len(new.encode("utf-8")) > MAX_STORE_BYTES:
        message, hint = "formatted it would be larger than 64 KiB", "make it smaller"
        return Problem(file, 0, 0, RULE, message, hint)
    parsed = parse(file, new)
    if parsed.document is None or parsed.problems:
        return _changed(document.mark)
    mark = first_difference(document, parsed.document)
    if mark is not None:
        return _changed(mark)
    before, after = comments(source, document), comments(new, parsed.document)
    lost = [comment.text for comment in before] != [comment.text for comment in after]
    return _changed(document.mark) if lost else parsed.document


def first_difference(before: Node, after: Node) -> Mark | None:
    """The place in `before` of the first node that differs in `after`, or None.

    Quotes count if the text means something else without them.
    """
    match before, after:
        case ScalarNode(), ScalarNode():
            return None if _meaning(before) == _meaning(after) else before.mark
        case SequenceNode(items=ours), SequenceNode(items=theirs) if len(ours) == len(theirs):
            pairs = zip(ours, theirs, strict=True)
        case MappingNode(), MappingNode() if len(before.entries) == len(after.entries):
            pairs = zip(_nodes(before), _nodes(after), strict=True)
        case _:
            return before.mark
    return next((mark for pair in pairs if (mark := first_difference(*pair))), None)


def _changed(mark: Mark) -> Problem:
    message = "formatting would change what stands here, so the file is left alone"
    hint = "if it is the file's last text, end the file with a newline; else write it in one line"
    return Problem(mark.file, mark.line, mark.column, RULE, message, hint)


def _nodes(mapping: MappingNode) -> Iterator[Node]:
    return (node for entry in mapping.entries for node in entry)


def _meaning(scalar: ScalarNode) -> tuple[str, bool]:
    return scalar.text, scalar.plain and is_ambiguous(scalar.text)
