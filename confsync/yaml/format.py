"""The canonical form of a store file, and the proof that it says the same as the file.

Quotes, indentation and spaces change; comments, order, blank lines and values stay. docs/fmt.md
describes the form.
"""

from __future__ import annotations

import re

from confsync.disk.read import MAX_STORE_BYTES
from confsync.errors import Problem
from confsync.sync.scrub import is_visible
from confsync.yaml.emit import is_ambiguous, is_plain, quoted
from confsync.yaml.nodes import (
    MappingNode,
    Mark,
    Node,
    ScalarNode,
    comments,
    members_of,
    nodes_within,
)
from confsync.yaml.read import parse
from confsync.yaml.tokens import BLOCK_TEXT, STEP, Token, block_header, block_lines, tokens_of

RULE = "not-formatted"
"""The rule that a store breaks if it cannot be formatted."""

_OPENING, _CLOSING, _PENDING = frozenset("{["), frozenset("}],"), frozenset("-?:")


def normal(text: str) -> str:
    """A text with line feeds for all line ends, and without a byte order mark."""
    return re.sub(r"\r\n?", "\n", text.removeprefix("\ufeff"))


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
    keeps = last is not None and last.style in BLOCK_TEXT and "+" in block_header(last.text)[0]
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
        ended.append((last.levels[-1].old + 1, last.levels[-1].new + STEP))
    return next((new for start, new in reversed(ended) if start <= old), around)


def _text(token: Token) -> str:
    """The canonical text of a token."""
    if token.style in BLOCK_TEXT:
        header, comment = block_header(token.text)
        lines = block_lines(token.text, token.base)
        first = f"{header}  {comment}" if comment else header
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
    for ours, theirs in zip(nodes_within(before), nodes_within(after), strict=False):
        if _meaning(ours) != _meaning(theirs):
            return ours.mark
    return None


def _meaning(node: Node) -> tuple[type[Node], str | int, bool]:
    """The text of a scalar, or the number of members of a collection."""
    if isinstance(node, ScalarNode):
        return ScalarNode, node.text, node.plain and is_ambiguous(node.text)
    return type(node), len(members_of(node)), False


def _changed(mark: Mark) -> Problem:
    message = "formatting would change what stands here, so the file is left alone"
    hint = "if it is the file's last text, end the file with a newline; else write it in one line"
    return Problem(mark.file, mark.line, mark.column, RULE, message, hint)
