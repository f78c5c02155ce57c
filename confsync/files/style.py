"""The manner in which a file is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.files.fresh import Style
from confsync.sync.document import MappingNode, Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Iterator


def style_of(source: str, document: MappingNode) -> Style:
    """The line ends, indentation and quotes of a file, by the first place that shows each."""
    steps = [column for nested, column in _nested(document) if isinstance(nested, MappingNode)]
    dashes = [column for nested, column in _nested(document) if isinstance(nested, SequenceNode)]
    keys = [key for mapping in _mappings(document) for key, _ in mapping.entries]
    first = source[keys[0].span.start] if keys else ""
    quotes = (source[key.span.start] for key in keys if key.text.startswith("@"))
    step = next((column for column in steps if column > 0), 2)
    return Style(
        newline="\r\n" if "\r\n" in source else "\n",
        step=step,
        dash=next(iter(dashes), step),
        type_quote=next((quote for quote in quotes if quote in "'\""), "'"),
        json=document.span.flow and first == '"',
    )


def _nested(node: Node) -> Iterator[tuple[Node, int]]:
    """The collections in lines of their own under a key, and how far to its right they start."""
    for mapping in _mappings(node):
        for key, value in mapping.entries:
            if not isinstance(value, ScalarNode) and not value.span.flow:
                yield value, value.mark.column - key.mark.column


def _mappings(node: Node) -> Iterator[MappingNode]:
    match node:
        case MappingNode():
            yield node
            for _, value in node.entries:
                yield from _mappings(value)
        case SequenceNode():
            for item in node.items:
                yield from _mappings(item)
        case _:
            pass
