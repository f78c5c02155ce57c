"""Edit the text of a YAML file in place. Everything that a revision keeps stays to the byte."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from confsync.errors import Fault
from confsync.yaml.blocks import Change, blocks_of, members_of, rebuilt
from confsync.yaml.brackets import Brackets, Unclear
from confsync.yaml.edit_script import KEEP, Elements, Entries, Keep, Revision, Write
from confsync.yaml.emit import Style, style_of
from confsync.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from confsync.yaml.positions import (
    BLOCK_HEADER,
    Comment,
    colon_end,
    comments,
    comments_below,
    end_of,
    is_absent,
    next_line,
    text_end,
    uneditable,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.yaml.blocks import Collection, NewMembers
    from confsync.yaml.edit_script import Plain


@dataclass(frozen=True)
class Edited:
    """The text after an edit, and the comments that were removed together with members."""

    text: str
    lost: tuple[Comment, ...]


def edited(source: str, document: MappingNode, name: str, revision: Revision) -> Edited:
    """Revise the object `name` of a file. `document` was read from `source`.

    Unchanged lines and their comments stay as they are. A removed member takes its comments along:
    those right above it, within it, and behind it in its line. Raises InvalidFiles if the file is
    written in a way that cannot be edited in place.
    """
    if re.search(r"\r(?!\n)", source):
        message, hint = "a carriage return stands alone", "end lines with a line feed"
        raise uneditable(document.mark, message, hint)
    editor = _Editor(source, style_of(source, document))
    revisions: dict[str, Revision] = {key.text: KEEP for key, _ in document.entries}
    editor.value(None, document, Entries(tuple({**revisions, name: revision}.items())), None)
    lost = tuple(
        comment
        for comment in comments(source, document)
        if any(start <= comment.start < end for start, end in editor.dropped)
    )
    return Edited(editor.text(0, len(source)), lost)


class _Wanted(NamedTuple):
    """A member after the edit: its old index (None: new), and its key (None: an item of a list)."""

    old: int | None
    key: str | None
    revision: Revision


@dataclass
class _Editor:
    """Collects the changes to a source, and the ranges of it that are dropped with members."""

    source: str
    style: Style
    changes: list[Change] = field(default_factory=list)
    dropped: list[tuple[int, int]] = field(default_factory=list)

    def text(self, start: int, end: int) -> str:
        """A part of the source with its changes. Two changes at the same offset stay in the order
        in which they were made; an insertion between two parts belongs to the end of the first.
        """
        parts: list[str] = []
        position = start
        for change in sorted(self.changes, key=lambda change: change[:2]):
            if (
                start <= change.start < change.end <= end
                or start < change.start == change.end <= end
            ):
                parts += [self.source[position : change.start], change.text]
                position = change.end
        return "".join([*parts, self.source[position:end]])

    def value(
        self, key: ScalarNode | None, node: Node, revision: Revision, column: int | None
    ) -> None:
        """Revise a value. `column` is that of its key or dash, from 0; None within brackets."""
        match revision, node:
            case Keep(), _:
                pass
            case Entries(entries), MappingNode():
                self._collection(node, _in_file_order(node, entries))
            case Elements(()), SequenceNode() if key is not None and not node.span.flow:
                at = colon_end(self.source, key)
                self.changes.append(Change(at, at, " []"))
                self._blocks(node, (), ())
            case Elements(items), SequenceNode() if items or node.span.flow:
                self._collection(node, [_Wanted(index, None, item) for index, item in items])
            case Write(value), _:
                self._replace(key, node, value, column)
            case _:
                raise Fault("a revision does not fit the node that it is for")

    def _collection(self, node: Collection, wanted: Sequence[_Wanted]) -> None:
        """Revise the members of a collection, then remove, insert and reorder them."""
        members = members_of(node)
        column = None if node.span.flow else node.mark.column - 1
        revisions = {member.old: member.revision for member in wanted}
        inner = [_Editor(self.source, self.style, [], self.dropped) for _ in members]
        for index, (key, value) in enumerate(members):
            inner[index].value(key, value, revisions.get(index, KEEP), column)
        if [member.old for member in wanted] == list(range(len(members))):
            self.changes += (change for editor in inner for change in editor.changes)
            return
        quote = _quote(self.source, members[0][1]) if members else ""
        texts = [(member.old, self._new(member, column, quote)) for member in wanted]
        if column is None:
            self._brackets(node, texts, inner)
        else:
            self._blocks(node, texts, inner)

    def _new(self, member: _Wanted, column: int | None, quote: str) -> str:
        """The text of a new member; empty for an old one."""
        if member.old is not None:
            return ""
        if not isinstance(member.revision, Write):
            raise Fault("a member to keep is not in the file")
        value = member.revision.value
        if column is None:
            return self.style.inline_member(member.key, value, quote)
        return self.style.newline.join(self.style.member(member.key, value, column))

    def _brackets(self, node: Collection, wanted: NewMembers, inner: Sequence[_Editor]) -> None:
        bodies = [
            ((key or value).span.start, end_of(self.source, value, key))
            for key, value in members_of(node)
        ]
        try:
            brackets = Brackets.of(self.source, node.span, bodies)
        except Unclear:
            hint = "write one entry a line, without brackets"
            message = "these brackets cannot be edited in place"
            raise uneditable(node.mark, message, hint) from None
        texts = [(n, text if n is None else inner[n].text(*bodies[n])) for n, text in wanted]
        self.dropped += brackets.dropped({index for index, _ in wanted if index is not None})
        self.changes.append(Change(node.span.start, node.span.end, brackets.joined(texts)))

    def _blocks(self, node: Collection, wanted: NewMembers, inner: Sequence[_Editor]) -> None:
        blocks = blocks_of(self.source, node)
        kept = {index for index, _ in wanted}
        self.dropped += [
            (block.start, block.end) for index, block in enumerate(blocks) if index not in kept
        ]
        starts = [blocks[0].start, *(block.end for block in blocks)]
        texts = [
            (n, text if n is None else inner[n].text(starts[n], blocks[n].end))
            for n, text in wanted
        ]
        self.changes.append(rebuilt(self.source, blocks, texts, self.style.newline))

    def _replace(
        self, key: ScalarNode | None, node: Node, value: Plain, column: int | None
    ) -> None:
        """Replace a value by another one in one line."""
        text = self.style.inline(value, _quote(self.source, node), flow=column is None)
        if key is not None and is_absent(node):
            at = colon_end(self.source, key)
            self.changes.append(Change(at, at, f" {text}"))
            return
        start = node.span.start
        if isinstance(node, ScalarNode):
            end = text_end(self.source, node)
            header = BLOCK_HEADER.match(self.source, start, end)
            text = text if header is None else f"{text}  {header[1]}"
            self.changes.append(Change(start, end, text))
            return
        end = end_of(self.source, node)
        if key is None or column is None or node.span.flow:
            self.dropped.append((start, end))
            self.changes.append(Change(start, end, text))
            return
        at, below = colon_end(self.source, key), next_line(self.source, key.span.start)
        end = comments_below(self.source, next_line(self.source, end), column)
        self.dropped.append((below, end))
        self.changes += [Change(at, at, f" {text}"), Change(below, end, "")]


def _in_file_order(node: MappingNode, entries: Sequence[tuple[str, Revision]]) -> list[_Wanted]:
    """The entries after an edit: old ones in the order of the file, each new one behind its
    predecessor in `entries`.
    """
    places = {key.text: index for index, (key, _) in enumerate(node.entries)}
    groups: dict[int, list[_Wanted]] = {}
    group = -1
    for name, revision in entries:
        group = places.get(name, group)
        groups.setdefault(group, []).append(_Wanted(places.get(name), name, revision))
    return [member for group in sorted(groups) for member in groups[group]]


def _quote(source: str, node: Node) -> str:
    """The quotes of a scalar; empty for other nodes and without quotes."""
    if not isinstance(node, ScalarNode) or node.plain:
        return ""
    first = source[node.span.start]
    return first if first in "'\"" else ""
