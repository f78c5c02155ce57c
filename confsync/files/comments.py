"""The comments of a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from confsync.sync.document import MappingNode, Node, ScalarNode

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER = re.compile(r"[|>][^\r\n#]*(#[^\r\n]*)")
_COMMENT = re.compile(r"#[^\r\n]*")


class Comment(NamedTuple):
    """A comment: where it starts in the text, and its own text with the `#`."""

    start: int
    text: str


def comments(source: str, document: Node | None) -> list[Comment]:
    """Every comment of a file that could be read, in order."""
    found: list[Comment] = []
    position = 0
    spans = [] if document is None else sorted(_spans(document))
    for start, end in (*spans, (len(source), len(source))):
        found += (Comment(c.start(), c[0]) for c in _COMMENT.finditer(source, position, start))
        header = _HEADER.match(source, start, end)
        if header is not None:
            found.append(Comment(header.start(1), header[1]))
        position = max(position, end)
    return [Comment(start, text.rstrip()) for start, text in found]


def scalars(node: Node) -> Iterator[ScalarNode]:
    """Every scalar within a node, keys too."""
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


def _spans(document: Node) -> Iterator[tuple[int, int]]:
    return ((node.span.start, node.span.end) for node in scalars(document) if _written(node))


def _written(node: ScalarNode) -> bool:
    return node.span.end > node.span.start
