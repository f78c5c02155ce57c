"""Offsets in the text of a YAML file: lines, comments, and the ends of nodes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from confsync.errors import InvalidFiles, Problem
from confsync.yaml.nodes import MappingNode, Node, ScalarNode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.yaml.nodes import Mark

BLOCK_HEADER = re.compile(r"[|>][^\r\n#]*(#[^\r\n]*)")
"""The first line of a text behind `|` or `>` that ends in a comment; group 1 is the comment."""
_COMMENT = re.compile(r"#[^\r\n]*")
_COLON = re.compile(r"\s*:")
_KEEPING = re.compile(r"[|>][0-9-]*\+")


class Comment(NamedTuple):
    """A comment: its offset in the text of the file, and its own text from the `#` on."""

    start: int
    text: str


def comments(source: str, document: Node | None) -> list[Comment]:
    """Every comment of a file, in order. `document` was read from `source`; None: no value."""
    found: list[Comment] = []
    position = 0
    nodes = () if document is None else scalars(document)
    spans = sorted((node.span.start, node.span.end) for node in nodes)
    for start, end in (*spans, (len(source), len(source))):
        found += (Comment(c.start(), c[0]) for c in _COMMENT.finditer(source, position, start))
        header = BLOCK_HEADER.match(source, start, end)
        if header is not None:
            found.append(Comment(header.start(1), header[1]))
        position = max(position, end)
    return [Comment(start, text.rstrip()) for start, text in found]


def scalars(node: Node) -> Iterator[ScalarNode]:
    """Every scalar within a node, keys included."""
    match node:
        case ScalarNode():
            yield node
        case MappingNode():
            for key, value in node.entries:
                yield from scalars(key)
                yield from scalars(value)
        case _:
            for item in node.items:
                yield from scalars(item)


def line_start(source: str, offset: int) -> int:
    """The start of the line that an offset is in."""
    return source.rfind("\n", 0, offset) + 1


def line_end(source: str, offset: int) -> int:
    """The end of the line that an offset is in, without its line feed."""
    found = source.find("\n", offset)
    return len(source) if found < 0 else found


def next_line(source: str, offset: int) -> int:
    """The start of the line after the one that an offset is in."""
    return min(line_end(source, offset) + 1, len(source))


def comments_above(source: str, start: int, bound: int) -> int:
    """The start of the comment lines right above a line, but not before `bound`."""
    while start > bound:
        above = line_start(source, start - 1)
        if above < bound or not source[above:start].strip().startswith("#"):
            break
        start = above
    return start


def comments_below(source: str, start: int, column: int) -> int:
    """The end of the comment lines from a line on that are indented deeper than a column. Blank
    lines between two of them are included.
    """
    found = start
    while start < len(source):
        line = source[start : line_end(source, start)]
        text = line.strip()
        if text and (not text.startswith("#") or line.index("#") <= column):
            break
        start = next_line(source, start)
        found = start if text else found
    return found


def uneditable(mark: Mark, message: str, hint: str) -> InvalidFiles:
    """The error for a file that cannot be edited in place."""
    return InvalidFiles((Problem(mark.file, mark.line, mark.column, "uneditable", message, hint),))


def is_absent(node: Node) -> bool:
    """True for a value of which nothing is written: null without a word."""
    return isinstance(node, ScalarNode) and node.plain and not node.text


def colon_end(source: str, key: ScalarNode) -> int:
    """The end of the colon behind a key. Raises InvalidFiles if there is none."""
    found = _COLON.match(source, key.span.end)
    if found is None:
        hint = "write it as `key: value`"
        message = "a key without its colon behind it cannot be edited in place"
        raise uneditable(key.mark, message, hint)
    return found.end()


def text_end(source: str, node: ScalarNode) -> int:
    """The end of a scalar, without the blank lines below a text behind `|` or `>`."""
    start, end = node.span.start, node.span.end
    block = source.startswith(("|", ">"), start)
    return start + len(source[start:end].rstrip()) if block else end


def end_of(source: str, node: Node, key: ScalarNode | None = None) -> int:
    """The end of the last character of a node that counts. `key` is the node's key, if any."""
    if isinstance(node, ScalarNode):
        if is_absent(node):
            return node.span.start if key is None else colon_end(source, key)
        if _KEEPING.match(source, node.span.start):
            return node.span.end - source.endswith("\n", 0, node.span.end)
        return text_end(source, node)
    if node.span.flow:
        return node.span.end
    if isinstance(node, MappingNode):
        last, value = node.entries[-1]
        return end_of(source, value, last)
    return end_of(source, node.items[-1])
