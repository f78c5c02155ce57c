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
IN_URL = "write a reference to this password: each apply needs it"
INSTEAD = "write a reference, like `{env: NAME}` or `{file: PATH}`"
UNNAMED = "of this name"


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
        place, risk = (at.file, at.line, at.column), self.rule == PLAINTEXT
        return Problem(*place, self.rule, self.message, self.hint, risk=risk)


def quoted_name(name: str) -> str:
    """A key in a message. A text that does not look like a name is not repeated."""
    return f"`{name}`" if re.fullmatch("@?[A-Za-z][A-Za-z_-]{0,30}", name) else UNNAMED


def near_name(name: str, known: Iterable[str]) -> str:
    """A key in a message, if it is close to a known name: any other one could be a secret."""
    return quoted_name(name) if nearest_name(name, known) else UNNAMED


def unknown(what: str, shown: str) -> str:
    """`unknown key `x``, without the name if it is not to be shown."""
    return f"unknown {what} {shown}".removesuffix(f" {UNNAMED}")


def listed(names: Sequence[str], word: str = "and") -> str:
    """`a, b and c`."""
    *first, last = names
    return f"{', '.join(first)} {word} {last}" if first else last


def is_broken(node: Node) -> bool:
    """Return True for a node with a reported problem: it gets no further problem."""
    return isinstance(node, ScalarNode | MappingNode) and node.broken


def no_space(mark: Mark | None = None) -> Mistake:
    """The mistake of a colon without a space after it: YAML reads one text."""
    return Mistake("missing-space", "missing space after the colon", "write `key: value`", mark)
