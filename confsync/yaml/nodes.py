"""The nodes of a YAML document with their places in the file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BLOCK_HEADER = r"[|>][^\r\n#]*(#[^\r\n]*)"
"""The first line of a text behind `|` or `>` that ends in a comment; group 1 is the comment."""


@dataclass(frozen=True, order=True)
class Mark:
    """A place in a file. Lines and columns count from 1, columns in characters. `group`: the group
    of `confsync.yaml` that the place belongs to, if there is one.
    """

    file: str
    line: int
    column: int
    group: str = field(default="", compare=False)


@dataclass(frozen=True)
class Span:
    """The range of a node in the text of its file, in characters from 0; the end is exclusive.

    `flow`: a collection in brackets. The end of any other collection is that of its last node.
    """

    start: int
    end: int
    flow: bool = False


NOWHERE = Span(0, 0)


@dataclass(frozen=True)
class ScalarNode:
    """A scalar: its text, and `plain`: it is written without quotes.

    `broken`: a problem is reported for it already, and its text means nothing.
    """

    mark: Mark
    text: str
    plain: bool
    broken: bool = False
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class SequenceNode:
    """A list of nodes."""

    mark: Mark
    items: tuple[Node, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class MappingNode:
    """Keys and values in the order of the file; no key occurs twice. `broken`: see `ScalarNode`."""

    mark: Mark
    entries: tuple[tuple[ScalarNode, Node], ...]
    broken: bool = False
    span: Span = field(default=NOWHERE, compare=False)

    def get(self, key: str) -> tuple[ScalarNode, Node] | None:
        """The entry with this key."""
        return next((entry for entry in self.entries if entry[0].text == key), None)


Node: TypeAlias = ScalarNode | SequenceNode | MappingNode


def members_of(node: Node) -> Sequence[tuple[ScalarNode | None, Node]]:
    """The entries of a mapping, or the items of a list with None for their keys."""
    match node:
        case MappingNode():
            return node.entries
        case SequenceNode():
            return [(None, item) for item in node.items]
        case _:
            return ()


def nodes_within(node: Node) -> Iterator[Node]:
    """A node and every node within it, keys included, in the order of the file."""
    yield node
    for key, value in members_of(node):
        if key is not None:
            yield key
        yield from nodes_within(value)


def scalars(node: Node) -> Iterator[ScalarNode]:
    """Every scalar within a node, keys included."""
    return (found for found in nodes_within(node) if isinstance(found, ScalarNode))


def is_absent(node: Node) -> bool:
    """True for a value of which nothing is written: null without a word."""
    return isinstance(node, ScalarNode) and node.plain and not node.text


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
    comment, header = re.compile(r"#[^\r\n]*"), re.compile(BLOCK_HEADER)
    for start, end in (*spans, (len(source), len(source))):
        found += (Comment(c.start(), c[0]) for c in comment.finditer(source, position, start))
        if (first := header.match(source, start, end)) is not None:
            found.append(Comment(first.start(1), first[1]))
        position = max(position, end)
    return [Comment(start, text.rstrip()) for start, text in found]
