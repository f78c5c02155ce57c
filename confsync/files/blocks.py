"""Entries and items in lines of their own: how they go, come and change their order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from confsync.files.ends import end_of, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from confsync.files.lines import Lines
    from confsync.sync.document import MappingNode, Mark, SequenceNode

_DASHES = re.compile(r" *(- +)+")

Wanted: TypeAlias = "Sequence[tuple[int | None, str]]"
"""The members that are to be, in their order: each by its index, or None and the lines of a new
one, without the last line break."""


class Change(NamedTuple):
    """A text that takes the place of another one."""

    start: int
    end: int
    text: str


class Block(NamedTuple):
    """A member in lines of its own.

    `start`: with the comments right above it; `own`: where its key or dash stands; `end`: behind
    its last line and the comments under it that stand further right. `alone`: nothing stands
    before it in its line; otherwise it is the first in an item of a list.
    """

    start: int
    own: int
    end: int
    alone: bool


def blocks_of_entries(lines: Lines, node: MappingNode) -> list[Block]:
    """The blocks of a mapping that has entries. Raises InvalidFiles."""
    found: list[Block] = []
    for key, value in node.entries:
        own = key.span.start
        margin = lines.source[lines.start(own) : own]
        if margin.strip() and (found or not _DASHES.fullmatch(margin)):
            hint = "write it as `key: value`"
            raise refused(key.mark, "a key that is written so cannot be edited in place", hint)
        end = end_of(lines.source, value, key)
        found.append(_block(lines, own, end, found, key.mark, alone=not margin.strip()))
    return found


def blocks_of_items(lines: Lines, node: SequenceNode) -> list[Block]:
    """The blocks of a list that has items. Raises InvalidFiles."""
    found: list[Block] = []
    column = node.mark.column - 1
    for item in node.items:
        start = lines.start(item.span.start)
        while lines.source[start : start + column + 1] != f"{' ' * column}-":
            if start <= (found[-1].end if found else node.span.start):
                raise refused(item.mark, "this list cannot be edited in place", "indent it alike")
            start = lines.start(start - 1)
        end = end_of(lines.source, item)
        found.append(_block(lines, start + column, end, found, node.mark, alone=True))
    return found


def _block(  # noqa: PLR0913 - all that a block depends on
    lines: Lines, own: int, end: int, before: Sequence[Block], mark: Mark, *, alone: bool
) -> Block:
    rest = lines.source[end : lines.end(end)].strip()
    if rest and not rest.startswith("#"):
        raise refused(mark, "this cannot be edited in place", "write each entry in its own line")
    bound = before[-1].end if before else 0
    line = lines.start(own)
    start = lines.comments_above(line, bound) if alone else own
    column = own - line
    return Block(start, own, lines.comments_below(lines.next(end), column), alone)


def in_place(
    lines: Lines, blocks: Sequence[Block], wanted: Wanted, column: int, newline: str
) -> list[Change]:
    """What takes members away and puts new ones behind those before them. The others keep their
    places and their order.
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
        fresh = newline.join(after.pop(None, []))[column:]
        changes, done = _beside_a_dash(lines, blocks, kept, fresh, newline)
    changes += [
        Change(block.start, block.end, "")
        for index, block in enumerate(blocks)
        if index not in kept and index >= done
    ]
    for place, texts in after.items():
        at = blocks[0].start if place is None else blocks[place].end
        text = newline.join(texts)
        torn = at == len(lines.source) and not lines.source.endswith("\n")
        changes.append(Change(at, at, f"{newline}{text}" if torn else f"{text}{newline}"))
    return changes


def _beside_a_dash(
    lines: Lines, blocks: Sequence[Block], kept: set[int], fresh: str, newline: str
) -> tuple[list[Change], int]:
    """What becomes of the first entry of an item, which shares its line with the dash, and how
    many blocks that settles.
    """
    first = blocks[0]
    margin = " " * (first.own - lines.start(first.own))
    if 0 in kept:
        return ([Change(first.own, first.own, f"{fresh}{newline}{margin}")] if fresh else []), 0
    if fresh:
        return [Change(first.own, first.end, f"{fresh}{newline}")], 1
    following = min(kept)
    own = blocks[following].own
    gapless = all(blocks[i].end == blocks[i + 1].start for i in range(following))
    if gapless and blocks[following].start == lines.start(own):
        return [Change(first.own, own, "")], following
    dash = len(lines.source[: first.own].rstrip(" "))
    return [Change(dash, first.end, newline)], 1


def in_order(
    source: str,
    blocks: Sequence[Block],
    wanted: Wanted,
    newline: str,
    revised: Callable[[int, int], str],
) -> Change:
    """What puts members into another order: each moves with all that stands between it and the one
    before it. `revised` gives a part of the text with the changes within members.
    """
    kept = {index for index, _ in wanted if index is not None}
    begin, end = blocks[0].start, blocks[-1].end
    starts = [begin, *(block.end for block in blocks[:-1])]
    loose = [
        source[start : block.start]
        for index, (start, block) in enumerate(zip(starts, blocks, strict=True))
        if index not in kept
    ]
    pieces = [
        text if index is None else revised(starts[index], blocks[index].end)
        for index, text in wanted
    ]
    whole = [piece if piece.endswith("\n") else f"{piece}{newline}" for piece in pieces]
    return Change(begin, end, "".join([*whole, *loose]))
