"""The nodes of a YAML document with their places in the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, order=True)
class Mark:
    """A place in a file. Lines and columns count from 1, columns in characters."""

    file: str
    line: int
    column: int


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
