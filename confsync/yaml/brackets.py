"""Remove, insert and reorder members within brackets or braces. Comments stay at their members."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.yaml.nodes import Span

Range: TypeAlias = tuple[int, int]

_LINE = r"[^\S\n]*+(?:#[^\n]*+)?+\n"
_REST = rf"(?P<rest>{_LINE})?(?P<before>(?:{_LINE})*+[^\S\n]*+)"
_OPENING = re.compile(_REST)
_BETWEEN = re.compile(rf"\s*+,{_REST}")
_CLOSING = re.compile(rf"(?P<comma>\s*+,)?{_REST}")


@dataclass(frozen=True)
class _Member:
    """A member (`body`), the comments and white space before it, and the end of its line."""

    before: Range
    body: Range
    after: Range


class Unclear(Exception):
    """A collection is written in a way that cannot be edited."""


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
    def of(cls, source: str, span: Span, bodies: Sequence[Range]) -> Brackets:
        """Split a collection. `bodies` are the ranges of its members. Raises Unclear."""
        if source[span.start : span.start + 1] not in {"[", "{"}:
            raise Unclear
        start, end = span.start + 1, span.end - 1
        edges = [start, *(edge for body in bodies for edge in body), end]
        gaps = list(zip(edges[::2], edges[1::2], strict=True))
        patterns = [_OPENING, *[_BETWEEN] * (len(bodies) - 1), _CLOSING]
        if not bodies:
            return cls(source, span, (), "", source[start:end], comma=False)
        found = [
            pattern.fullmatch(source, *gap) for pattern, gap in zip(patterns, gaps, strict=True)
        ]
        matches = [match for match in found if match is not None]
        if len(matches) < len(found):
            raise Unclear
        members = tuple(
            _Member(before.span("before"), body, _span(after.span("rest"), after.start("before")))
            for before, body, after in zip(matches, bodies, matches[1:], strict=False)
        )
        head, tail = matches[0]["rest"] or "", matches[-1]["before"]
        return cls(source, span, members, head, tail, comma=matches[-1]["comma"] is not None)

    def dropped(self, kept: set[int]) -> list[Range]:
        """The ranges that are removed if only some members are kept."""
        gone = (member for index, member in enumerate(self.members) if index not in kept)
        return [place for member in gone for place in (member.before, member.body, member.after)]

    def joined(self, wanted: Sequence[tuple[int | None, str]]) -> str:
        """The collection with other members: each by its old index (None: new) and its text."""
        parts = [self.source[self.span.start], self.head]
        for number, (index, body) in enumerate(wanted):
            last = number == len(wanted) - 1
            comma = "," if not last or self.comma else ""
            before = self._before(index, first=not number)
            parts += [before, body, comma, self._after(index, last=last)]
        return "".join([*parts, self.tail, self.source[self.span.end - 1]])

    def _before(self, index: int | None, *, first: bool) -> str:
        """The text before a member."""
        own = "" if index is None else self._text(self.members[index].before)
        if own.strip() or (index is not None and first == (index == 0)):
            return own
        if not self.members:
            return "" if first else " "
        if first or (len(self.members) == 1 and self.head):
            return self._margin(0)
        return " " if len(self.members) == 1 else self._margin(-1)

    def _margin(self, index: int) -> str:
        return self._text(self.members[index].before).rpartition("\n")[2]

    def _after(self, index: int | None, *, last: bool) -> str:
        """The end of a member's line: a comment, a line break, or nothing."""
        if not self.members:
            return ""
        end = self._text(self.members[-1].after)
        after = "" if index is None else self._text(self.members[index].after)
        if "#" in after:
            return after
        if last:
            return "\n" if "#" in end else end
        if index is None or index == len(self.members) - 1:
            return "\n" if "\n" in self._text(self.members[0].after) else ""
        return after

    def _text(self, place: Range) -> str:
        return self.source[slice(*place)]


def _span(found: Range, otherwise: int) -> Range:
    return (otherwise, otherwise) if found[0] < 0 else found
