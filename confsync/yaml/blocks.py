"""Members of a mapping or list without brackets: how they are removed, inserted and reordered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

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
    from collections.abc import Callable, Sequence

    from confsync.sync.document import MappingNode, Node, ScalarNode, SequenceNode

_DASHES = re.compile(r" *(- +)+")

Members: TypeAlias = "Sequence[tuple[ScalarNode | None, Node]]"
"""The entries of a mapping, or the items of a list with None for their keys."""

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


def blocks_of(source: str, node: MappingNode | SequenceNode, members: Members) -> list[Block]:
    """The blocks of a collection without brackets. Raises InvalidFiles."""
    found: list[Block] = []
    for key, value in members:
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


def _dash(source: str, node: MappingNode | SequenceNode, item: Node, bound: int) -> int:
    """The dash of an item: the first character in its line, at the column of the list."""
    margin = " " * (node.mark.column - 1)
    line = f"\n{margin}-"
    start = max(bound, line_start(source, node.span.start)) - 1
    found = source.rfind(line, start, item.span.start + 1)
    if found < 0:
        raise uneditable(item.mark, "this list cannot be edited in place", "indent it alike")
    return found + len(line) - 1


def in_place(
    source: str, blocks: Sequence[Block], wanted: NewMembers, column: int, newline: str
) -> list[Change]:
    """The edits that delete removed members and insert each new one after its predecessor. The
    other members keep their order. The text of a new member has no line break at its end.
    """
    kept = {index for index, _ in wanted if index is not None}
    after: dict[int | None, list[str]] = {}
    anchor: int | None = None
    for index, text in wanted:
        if index is None:
            after.setdefault(anchor, []).append(text)
        anchor = anchor if index is None else index
    changes: list[Change] = []
    done = 0
    if not blocks[0].alone:
        new = newline.join(after.pop(None, []))[column:]
        changes, done = _beside_a_dash(source, blocks, kept, new, newline)
    changes += [
        Change(block.start, block.end, "")
        for index, block in enumerate(blocks)
        if index not in kept and index >= done
    ]
    for place, texts in after.items():
        at = blocks[0].start if place is None else blocks[place].end
        text = newline.join(texts)
        torn = at == len(source) and not source.endswith("\n")
        changes.append(Change(at, at, f"{newline}{text}" if torn else f"{text}{newline}"))
    return changes


def _beside_a_dash(
    source: str, blocks: Sequence[Block], kept: set[int], new: str, newline: str
) -> tuple[list[Change], int]:
    """The edits of an item's first entry, which shares its line with the dash, and the number of
    blocks that they cover. `new` is the text to insert before the first entry, or empty.
    """
    first = blocks[0]
    margin = " " * (first.own - line_start(source, first.own))
    if 0 in kept:
        return ([Change(first.own, first.own, f"{new}{newline}{margin}")] if new else []), 0
    if new:
        return [Change(first.own, first.end, f"{new}{newline}")], 1
    following = min(kept)
    own = blocks[following].own
    gapless = all(blocks[i].end == blocks[i + 1].start for i in range(following))
    if gapless and blocks[following].start == line_start(source, own):
        return [Change(first.own, own, "")], following
    dash = len(source[: first.own].rstrip(" "))
    return [Change(dash, first.end, newline)], 1


def in_order(
    source: str,
    blocks: Sequence[Block],
    wanted: NewMembers,
    newline: str,
    revised: Callable[[int, int], str],
) -> Change:
    """The edit that puts members into another order. A member takes along the text between it and
    its predecessor. `revised` returns a part of the source with the edits within members.
    """
    kept = {index for index, _ in wanted if index is not None}
    begin, end = blocks[0].start, blocks[-1].end
    starts = [begin, *(block.end for block in blocks[:-1])]
    loose = [
        source[start : block.start]
        for index, (start, block) in enumerate(zip(starts, blocks, strict=True))
        if index not in kept
    ]
    parts = [
        text if index is None else revised(starts[index], blocks[index].end)
        for index, text in wanted
    ]
    whole = [part if part.endswith("\n") else f"{part}{newline}" for part in parts]
    return Change(begin, end, "".join([*whole, *loose]))
