"""Edit the text of a YAML file in place. Everything that a revision keeps stays to the byte."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from confsync.errors import Fault
from confsync.yaml import members, nodes
from confsync.yaml.emit import Style, style_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.sync.tree import Path
    from confsync.yaml.emit import Plain


@dataclass(frozen=True)
class Keep:
    """Keep a node exactly as it is written."""


@dataclass(frozen=True)
class Write:
    """Replace a node by a value, or insert the value."""

    value: Plain


@dataclass(frozen=True)
class Entries:
    """Keep a mapping, with these entries. Old entries keep their places; each new one comes behind
    its predecessor here. Other entries are removed.
    """

    entries: tuple[tuple[str, Revision], ...]


@dataclass(frozen=True)
class Elements:
    """Keep a list, with these items in this order: each by its old index, or None for a new one.
    Other items are removed.
    """

    items: tuple[tuple[int | None, Revision], ...]


Revision: TypeAlias = Keep | Write | Entries | Elements
Wanted: TypeAlias = tuple[int | None, str | None, Revision]
"""A member after the edit: its old index (None: new) and its key (None: an item of a list)."""

KEEP = Keep()


@dataclass(frozen=True)
class Revised:
    """A revision and the fields that it changes or removes (`gone`). `fill_in`: names of references
    to fill in. `unsayable`: fields that no file can contain.
    """

    revision: Revision
    changed: tuple[Path, ...]
    gone: tuple[Path, ...]
    fill_in: tuple[str, ...]
    unsayable: tuple[Path, ...]


@dataclass(frozen=True)
class Edited:
    """The text after an edit, and the comments that were removed together with members."""

    text: str
    lost: tuple[nodes.Comment, ...]


def edited(source: str, document: nodes.MappingNode, name: str, revision: Revision) -> Edited:
    """Revise the object `name` of a file. `document` was read from `source`.

    Unchanged lines and their comments stay as they are. A removed member takes its comments along:
    right above it, within it, and behind it in its line. Raises InvalidFiles if the file cannot be
    edited in place.
    """
    if re.search(r"\r(?!\n)", source):
        message, hint = "a carriage return without a line feed", "end lines with a line feed"
        raise members.uneditable(document.mark, message, hint)
    editor = _Editor(source, style_of(source, document))
    revisions: dict[str, Revision] = {key.text: KEEP for key, _ in document.entries}
    entries = Entries(tuple({**revisions, name: revision}.items()))
    changes = editor.changes(None, document, entries, None)
    lost = [
        comment
        for comment in nodes.comments(source, document)
        if any(start <= comment.start < end for start, end in editor.dropped)
    ]
    return Edited(editor.text(0, len(source), changes), tuple(lost))


@dataclass
class _Editor:
    """Makes the changes to a source, and collects the ranges of removed members."""

    source: str
    style: Style
    dropped: list[tuple[int, int]] = field(default_factory=list)

    def text(self, start: int, end: int, changes: Sequence[members.Change]) -> str:
        """A part of the source with changes. Those at one offset stay in their order; an insertion
        between two parts belongs to the end of the first.
        """
        parts: list[str] = []
        position = start
        for change in sorted(changes, key=lambda change: change[:2]):
            inserts = change.start == change.end
            if start + inserts <= change.start <= change.end <= end:
                parts += [self.source[position : change.start], change.text]
                position = change.end
        return "".join([*parts, self.source[position:end]])

    def changes(
        self, key: nodes.ScalarNode | None, node: nodes.Node, revision: Revision, column: int | None
    ) -> list[members.Change]:
        """Revise a value. `column` is that of its key or dash, from 0; None within brackets."""
        match revision, node:
            case Keep(), _:
                return []
            case Entries(entries), nodes.MappingNode():
                return self._members(node, _in_file_order(node, entries))
            case Elements(()), nodes.SequenceNode() if key is not None and not node.span.flow:
                at = members.colon_end(self.source, key)
                return [members.Change(at, at, " []"), *self._members(node, ())]
            case Elements(items), nodes.SequenceNode() if items or node.span.flow:
                return self._members(node, [(index, None, item) for index, item in items])
            case Write(value), _:
                return self._replaced(key, node, value, column)
            case _:
                raise Fault("a revision does not fit the node that it is for")

    def _members(self, node: members.Collection, wanted: Sequence[Wanted]) -> list[members.Change]:
        """Revise the members of a collection, then remove, insert and move them."""
        parts = nodes.members_of(node)
        column = None if node.span.flow else node.mark.column - 1
        revisions = {old: revision for old, _, revision in wanted}
        changes = [
            self.changes(key, value, revisions.get(index, KEEP), column)
            for index, (key, value) in enumerate(parts)
        ]
        if [old for old, *_ in wanted] == list(range(len(parts))):
            return [change for inner in changes for change in inner]
        quote = _quote(self.source, parts[0][1]) if parts else ""
        if column is None:
            brackets, ranges = self._brackets(node)
            owned = [(member.start, member.end) for member in brackets.members]
        else:
            blocks = members.blocks_of(self.source, node)
            starts = [blocks[0].start, *(block.end for block in blocks)]
            ranges = [(start, block.end) for start, block in zip(starts, blocks, strict=False)]
            owned = [(block.start, block.end) for block in blocks]
        texts: list[tuple[int | None, str]] = []
        for old, key, revision in wanted:
            if old is not None:
                text = self.text(*ranges[old], changes[old])
            elif not isinstance(revision, Write):
                raise Fault("a member to keep is not in the file")
            elif column is None:
                text = self.style.inline_member(key, revision.value, quote)
            else:
                text = self.style.newline.join(self.style.member(key, revision.value, column))
            texts.append((old, text))
        self.dropped += (place for index, place in enumerate(owned) if index not in revisions)
        if column is None:
            return [members.Change(node.span.start, node.span.end, brackets.joined(texts))]
        return [members.rebuilt(self.source, blocks, texts, self.style.newline)]

    def _brackets(self, node: members.Collection) -> tuple[members.Brackets, list[tuple[int, int]]]:
        """A collection in brackets, and the ranges of its members. Raises InvalidFiles."""
        ranges = [
            ((key or value).span.start, members.end_of(self.source, value, key))
            for key, value in nodes.members_of(node)
        ]
        try:
            return members.Brackets.of(self.source, node.span, ranges), ranges
        except members.Unclear:
            message = "these brackets cannot be edited in place"
            hint = "write each entry on its own line, without brackets"
            raise members.uneditable(node.mark, message, hint) from None

    def _replaced(
        self, key: nodes.ScalarNode | None, node: nodes.Node, value: Plain, column: int | None
    ) -> list[members.Change]:
        text = self.style.inline(value, _quote(self.source, node), flow=column is None)
        if key is not None and nodes.is_absent(node):
            at = members.colon_end(self.source, key)
            return [members.Change(at, at, f" {text}")]
        start = node.span.start
        if isinstance(node, nodes.ScalarNode):
            end = members.text_end(self.source, node)
            header = re.compile(nodes.BLOCK_HEADER).match(self.source, start, end)
            return [members.Change(start, end, text if header is None else f"{text}  {header[1]}")]
        end = members.end_of(self.source, node)
        if key is None or column is None or node.span.flow:
            self.dropped.append((start, end))
            return [members.Change(start, end, text)]
        at = members.colon_end(self.source, key)
        below = members.next_line(self.source, key.span.start)
        end = members.comments_below(self.source, members.next_line(self.source, end), column)
        self.dropped.append((below, end))
        return [members.Change(at, at, f" {text}"), members.Change(below, end, "")]


def _in_file_order(
    node: nodes.MappingNode, entries: Sequence[tuple[str, Revision]]
) -> list[Wanted]:
    """The entries, old ones in the order of the file, each new one behind its predecessor."""
    places = {key.text: index for index, (key, _) in enumerate(node.entries)}
    found: list[tuple[int, Wanted]] = []
    for name, revision in entries:
        place = places.get(name, found[-1][0] if found else -1)
        found.append((place, (places.get(name), name, revision)))
    return [member for _, member in sorted(found, key=lambda one: one[0])]


def _quote(source: str, node: nodes.Node) -> str:
    """The quotes of a scalar; empty if there are none."""
    quoted = isinstance(node, nodes.ScalarNode) and not node.plain
    return source[node.span.start] if quoted and source[node.span.start] in "'\"" else ""
