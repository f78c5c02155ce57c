"""Members of a mapping or list without brackets: remove, insert and reorder them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from confsync.yaml.nodes import MappingNode, SequenceNode
from confsync.yaml.positions import (
    comments_above,
    comments_below,
    end_of,
    line_end,
    line_start,
    next_line,
    uneditable,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.yaml.nodes import Node, ScalarNode

_DASHES = re.compile(r" *(- +)+")

Collection: TypeAlias = MappingNode | SequenceNode
NewMembers: TypeAlias = "Sequence[tuple[int | None, str]]"
"""The members after an edit, in order: the index of an old one, or None and the text of a new one.
"""


class Change(NamedTuple):
    """A text that replaces the part of the source from `start` to `end`."""

    start: int
    end: int
    text: str


class Block(NamedTuple):
    """A member and its lines.

    `start`: the start of the comments right above it; `own`: its key or dash; `end`: the end of its
    last line and of the deeper comments below. `alone`: nothing stands before it in its line;
    otherwise it is the first entry of an item and shares the line with the dash.
    """

    start: int
    own: int
    end: int
    alone: bool


def members_of(node: Collection) -> Sequence[tuple[ScalarNode | None, Node]]:
    """The entries of a mapping, or the items of a list with None for their keys."""
    if isinstance(node, MappingNode):
        return node.entries
    return [(None, item) for item in node.items]


def blocks_of(source: str, node: Collection) -> list[Block]:
    """The blocks of a collection without brackets. Raises InvalidFiles."""
    found: list[Block] = []
    for key, value in members_of(node):
        bound = found[-1].end if found else 0
        own = _dash(source, node, value, bound) if key is None else key.span.start
        mark = node.mark if key is None else key.mark
        line = line_start(source, own)
        margin = source[line:own]
        alone = not margin.strip()
        if not alone and (found or not _DASHES.fullmatch(margin)):
            message = "a key that is written so cannot be edited in place"
            raise uneditable(mark, message, "write it as `key: value`")
        end = end_of(source, value, key)
        rest = source[end : line_end(source, end)].strip()
        if rest and not rest.startswith("#"):
            message, hint = "this cannot be edited in place", "write each entry in its own line"
            raise uneditable(mark, message, hint)
        start = comments_above(source, line, bound) if alone else own
        below = comments_below(source, next_line(source, end), own - line)
        found.append(Block(start, own, below, alone))
    return found


def _dash(source: str, node: Collection, item: Node, bound: int) -> int:
    """The dash of an item: the first character in its line, at the column of the list."""
    margin = " " * (node.mark.column - 1)
    line = f"\n{margin}-"
    start = max(bound, line_start(source, node.span.start)) - 1
    found = source.rfind(line, start, item.span.start + 1)
    if found < 0:
        raise uneditable(item.mark, "this list cannot be edited in place", "indent it alike")
    return found + len(line) - 1


def rebuilt(source: str, blocks: Sequence[Block], wanted: NewMembers, newline: str) -> Change:
    """The edit that removes, inserts and reorders members.

    The text of an old member begins where its predecessor in the file ends. That of a new one has
    no line break at its end. Text between a removed member and its predecessor stays, before the
    next member that is kept.
    """
    first, end = blocks[0], blocks[-1].end
    margin = "" if first.alone else " " * (first.own - line_start(source, first.own))
    kept = {index for index, _ in wanted}
    between = {
        index: source[blocks[index - 1].end : block.start]
        for index, block in enumerate(blocks)
        if index and index not in kept
    }
    parts: list[str] = []
    for index, text in wanted:
        if index is not None:
            parts += [between.pop(place) for place in list(between) if place < index]
        parts.append(f"{margin}{text}" if index == 0 else text)
    parts = list(filter(None, [*parts, *between.values()]))
    new = "".join(part if part.endswith("\n") else f"{part}{newline}" for part in parts)
    torn = len(blocks) - 1 in kept and not source.endswith("\n", 0, end)
    if torn and not parts[-1].endswith("\n"):
        new = new.removesuffix(newline)
    if not margin:
        return Change(first.start, end, new)
    if new.lstrip(" ").startswith(("#", "\r", "\n")):
        return Change(len(source[: first.own].rstrip(" ")), end, f"{newline}{new}")
    return Change(first.own, end, new.removeprefix(margin))
