"""Mistakes in files. Of the author's text, a message repeats only names: no value may be secret."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.errors import Problem
from confsync.sync.names import nearest_name
from confsync.yaml.nodes import MappingNode, ScalarNode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from confsync.yaml.nodes import Mark, Node

TYPE = "@type"
PLAINTEXT = "plaintext-secret"
INSTEAD = "write where it can be had, like `{env: NAME}` or `{file: PATH}`"


@dataclass(eq=False)
class Mistake(Exception):
    """A mistake in a file. `mark` is None for a mistake at the value that is read."""

    rule: str
    message: str
    hint: str
    mark: Mark | None = None

    def problem(self, mark: Mark) -> Problem:
        """The problem at the mistake's own mark, or else at `mark`."""
        at = self.mark or mark
        return Problem(at.file, at.line, at.column, self.rule, self.message, self.hint)


def quoted_name(name: str) -> str:
    """A key in a message. A text that does not look like a name is not repeated."""
    return f"`{name}`" if re.fullmatch("@?[A-Za-z][A-Za-z_-]{0,30}", name) else "named so"


def near_name(name: str, known: Iterable[str]) -> str:
    """A key in a message where a secret could stand by mistake: only a nearly known name."""
    return quoted_name(name) if nearest_name(name, known) else "named so"


def listed(names: Sequence[str]) -> str:
    """`a, b and c`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def is_broken(node: Node) -> bool:
    """Return True for a node with a reported problem: it gets no further problem."""
    return isinstance(node, ScalarNode | MappingNode) and node.broken


def no_space(mark: Mark | None = None) -> Mistake:
    """The mistake of a colon without a space behind it: YAML reads one text."""
    message = "a space is missing after the colon"
    hint = "write `key: value`, with a space after the colon"
    return Mistake("missing-space", message, hint, mark)
