"""Where nodes end in the text of a file."""

from __future__ import annotations

import re

from confsync.errors import InvalidFiles, Problem
from confsync.sync.document import MappingNode, Mark, Node, ScalarNode

_COLON = re.compile(r"\s*:")
_KEEPING = re.compile(r"[|>][0-9-]*\+")


def refused(mark: Mark, message: str, hint: str) -> InvalidFiles:
    """What to raise where a file is written in a way that cannot be edited in place."""
    return InvalidFiles((Problem(mark.file, mark.line, mark.column, "uneditable", message, hint),))


def is_absent(node: Node) -> bool:
    """Whether a value is not there at all: null, without a word for it."""
    return isinstance(node, ScalarNode) and node.plain and not node.text


def colon(source: str, key: ScalarNode) -> int:
    """Where the colon behind a key ends. Raises InvalidFiles where there is none."""
    found = _COLON.match(source, key.span.end)
    if found is None:
        hint = "write it as `key: value`"
        raise refused(key.mark, "a key without its colon behind it cannot be edited in place", hint)
    return found.end()


def text_end(source: str, node: ScalarNode) -> int:
    """Where a scalar ends, without the empty lines below a text in lines of its own."""
    start, end = node.span.start, node.span.end
    folded = source.startswith(("|", ">"), start)
    return start + len(source[start:end].rstrip()) if folded else end


def end_of(source: str, node: Node, key: ScalarNode | None = None) -> int:
    """Where the last character of a node stands that counts; behind it. `key`: its key."""
    if isinstance(node, ScalarNode):
        if is_absent(node):
            return node.span.start if key is None else colon(source, key)
        if _KEEPING.match(source, node.span.start):
            return node.span.end - source.endswith("\n", 0, node.span.end)
        return text_end(source, node)
    if node.span.flow:
        return node.span.end
    if isinstance(node, MappingNode):
        last, value = node.entries[-1]
        return end_of(source, value, last)
    return end_of(source, node.items[-1])
