"""Mistakes in files, and the names that their messages may repeat.

No message repeats a value that could be secret: of what the author wrote, only names that look
like names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from confsync.sync.spelling import nearest_name
from confsync.yaml.nodes import MappingNode, ScalarNode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from confsync.yaml.nodes import Mark, Node

TYPE = "@type"
PLAINTEXT = "plaintext-secret"
INSTEAD = "write where it can be had, like `{env: NAME}` or `{file: PATH}`"

_NAME = re.compile(r"@?[A-Za-z][A-Za-z_-]{0,30}")


class Mistake(Exception):
    """A mistake in a file. `mark` is None for one at the value that was read."""

    def __init__(self, rule: str, message: str, hint: str, mark: Mark | None = None) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.hint = hint
        self.mark = mark


def quoted_name(name: str) -> str:
    """A key as a message shows it. What does not look like a name is not repeated."""
    return f"`{name}`" if _NAME.fullmatch(name) else "named so"


def near_name(name: str, known: Iterable[str]) -> str:
    """A key as it is shown where a secret could stand by mistake: only where it is nearly known."""
    return quoted_name(name) if nearest_name(name, known) else "named so"


def listed(names: Sequence[str]) -> str:
    """`a, b and c`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def is_broken(node: Node) -> bool:
    """Return True for a node with a reported problem: nothing more is said of it."""
    return isinstance(node, ScalarNode | MappingNode) and node.broken


def no_space(mark: Mark | None = None) -> Mistake:
    """The mistake of a colon without a space behind it, which YAML takes for one text."""
    message = "a space is missing after the colon"
    hint = "write `key: value`, with a space after the colon"
    return Mistake("missing-space", message, hint, mark)
