"""Members of mappings and lists in the text of a file: their ends and comments, and the text of a
collection after its members were removed, inserted or moved.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from confsync.errors import InvalidFiles, Problem
from confsync.yaml.nodes import MappingNode, ScalarNode, SequenceNode, is_absent, members_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.yaml.nodes import Mark, Node, Span

Collection: TypeAlias = MappingNode | SequenceNode
NewMembers: TypeAlias = "Sequence[tuple[int | None, str]]"
"""The members after an edit: the old index (None: new) and the text."""


def uneditable(mark: Mark, message: str, hint: str) -> InvalidFiles:
    """The error for a file that cannot be edited in place."""
    return InvalidFiles((Problem(mark.file, mark.line, mark.column, "uneditable", message, hint),))


# Offsets in the text of a file


def line_start(source: str, offset: int) -> int:
    """The start of the line that an offset is in."""
    return source.rfind("\n", 0, offset) + 1


def next_line(source: str, offset: int) -> int:
    """The start of the line after the one that an offset is in."""
    found = source.find("\n", offset)
    return len(source) if found < 0 else found + 1


def comments_below(source: str, start: int, column: int) -> int:
    """The end of the comment lines from a line on that are indented deeper than a column."""
    line = rf"(?:[^\S\n]*\n)*+[^\S\n]{{{column + 1},}}#[^\n]*(?:\n|\Z)"
    found = re.compile(rf"(?:{line})*").match(source, start)
    return start if found is None else found.end()


def colon_end(source: str, key: ScalarNode) -> int:
    """The end of the colon after a key. Raises InvalidFiles if there is none."""
    found = re.compile(r"\s*:").match(source, key.span.end)
    if found is None:
        message = "a key without a colon after it cannot be edited in place"
        raise uneditable(key.mark, message, "write it as `key: value`")
    return found.end()


def text_end(source: str, node: ScalarNode) -> int:
    """The end of a scalar, without the blank lines below a text behind `|` or `>`."""
    start, end = node.span.start, node.span.end
    block = source.startswith(("|", ">"), start)
    return start + len(source[start:end].rstrip()) if block else end


def end_of(source: str, node: Node, key: ScalarNode | None = None) -> int:
    """The end of the last character of a node that counts. `key` is the node's key, if any."""
    if isinstance(node, ScalarNode):
        if is_absent(node):
            return node.span.start if key is None else colon_end(source, key)
        if re.compile(r"[|>][0-9-]*\+").match(source, node.span.start):
            return node.span.end - source.endswith("\n", 0, node.span.end)
        return text_end(source, node)
    if node.span.flow:
        return node.span.end
    last, value = members_of(node)[-1]
    return end_of(source, value, last)


# Collections without brackets


class Change(NamedTuple):
    """A text that replaces the part of the source from `start` to `end`."""

    start: int
    end: int
    text: str


class Block(NamedTuple):
    """A member and its lines: from `start`, with the comments right above it, to `end`, with the
    deeper comments below. `own`: its key or dash. `alone`: nothing stands before it in its line; if
    not, it is the first entry of an item and shares the line with the dash.
    """

    start: int
    own: int
    end: int
    alone: bool


def blocks_of(source: str, node: Collection) -> list[Block]:
    """The blocks of a collection without brackets. Raises InvalidFiles."""
    found: list[Block] = []
    dash = "\n" + " " * (node.mark.column - 1) + "-"
    for key, value in members_of(node):
        bound = found[-1].end if found else 0
        if key is None:
            first = max(bound, line_start(source, node.span.start)) - 1
            place = source.rfind(dash, first, value.span.start + 1)
            if place < 0:
                message, hint = "this list cannot be edited in place", "indent all items equally"
                raise uneditable(value.mark, message, hint)
            mark, own = node.mark, place + len(dash) - 1
        else:
            mark, own = key.mark, key.span.start
        line = line_start(source, own)
        margin = source[line:own]
        alone = not margin.strip()
        if not alone and (found or not re.fullmatch(" *(- +)+", margin)):
            message = "this form of a key cannot be edited in place"
            raise uneditable(mark, message, "write it as `key: value`")
        end = end_of(source, value, key)
        rest = source[end : next_line(source, end)].strip()
        if rest and not rest.startswith("#"):
            message = "this entry cannot be edited in place"
            hint = "write each entry on its own line"
            raise uneditable(mark, message, hint)
        start = line if alone else own
        while alone and start > bound:
            above = line_start(source, start - 1)
            if above < bound or not source[above:start].strip().startswith("#"):
                break
            start = above
        below = comments_below(source, next_line(source, end), own - line)
        found.append(Block(start, own, below, alone))
    return found


def rebuilt(source: str, blocks: Sequence[Block], wanted: NewMembers, newline: str) -> Change:
    """The edit that removes, inserts and moves members.

    The text of an old member begins at the end of its predecessor in the file; that of a new one
    has no line break at its end. Text before a removed member stays, before the next kept one.
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


# Collections in brackets or braces

_LINE = r"[^\S\n]*+(?:#[^\n]*+)?+\n"
_REST = rf"(?P<rest>{_LINE})?(?P<before>(?:{_LINE})*+[^\S\n]*+)"


class Unclear(Exception):
    """A collection is written in a way that cannot be edited."""


class _Member(NamedTuple):
    """The text before a member, the end of its line, and the range from `before` to there."""

    before: str
    after: str
    start: int
    end: int


@dataclass(frozen=True)
class Brackets:
    """A collection in brackets, split into its members. `head` stands behind the opening bracket,
    `tail` before the closing one; `comma`: the last member has one.
    """

    source: str
    span: Span
    members: tuple[_Member, ...]
    head: str
    tail: str
    comma: bool

    @classmethod
    def of(cls, source: str, span: Span, bodies: Sequence[tuple[int, int]]) -> Brackets:
        """Split a collection. `bodies` are the ranges of its members. Raises Unclear."""
        start, end = span.start + 1, span.end - 1
        if source[span.start : start] not in {"[", "{"}:
            raise Unclear
        if not bodies:
            return cls(source, span, (), "", source[start:end], comma=False)
        edges = [start, *(edge for body in bodies for edge in body), end]
        between = re.compile(rf"\s*+,{_REST}")
        patterns = [re.compile(_REST), *[between] * (len(bodies) - 1)]
        patterns.append(re.compile(rf"(?P<comma>\s*+,)?{_REST}"))
        gaps = zip(patterns, edges[::2], edges[1::2], strict=True)
        found = [pattern.fullmatch(source, *gap) for pattern, *gap in gaps]
        matches = [match for match in found if match is not None]
        if len(matches) < len(found):
            raise Unclear
        members = tuple(
            _Member(
                here["before"], there["rest"] or "", here.start("before"), there.start("before")
            )
            for here, there in pairwise(matches)
        )
        last = matches[-1]
        comma = last["comma"] is not None
        return cls(source, span, members, matches[0]["rest"] or "", last["before"], comma)

    def joined(self, wanted: NewMembers) -> str:
        """The collection with other members."""
        parts = [self.source[self.span.start], self.head]
        for number, (index, body) in enumerate(wanted):
            last = number == len(wanted) - 1
            comma = "," if not last or self.comma else ""
            before = self._before(index, first=not number)
            parts += [before, body, comma, self._after(index, last=last)]
        return "".join([*parts, self.tail, self.source[self.span.end - 1]])

    def _before(self, index: int | None, *, first: bool) -> str:
        own = "" if index is None else self.members[index].before
        if own.strip() or (index is not None and first == (index == 0)):
            return own
        if not first and len(self.members) <= 1 and not self.head:
            return " "
        neighbour = self.members[:1] if first else self.members[-1:]
        return "".join(member.before.rpartition("\n")[2] for member in neighbour)

    def _after(self, index: int | None, *, last: bool) -> str:
        """The end of a member's line: a comment, a line break, or nothing."""
        if not self.members:
            return ""
        after = "" if index is None else self.members[index].after
        if "#" in after:
            return after
        end = self.members[-1].after
        if last:
            return "\n" if "#" in end else end
        if index is None or index == len(self.members) - 1:
            return "\n" if "\n" in self.members[0].after else ""
        return after
