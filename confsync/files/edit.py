"""Edit the text of a file in place: what a revision does not touch stays, to the byte."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from confsync.errors import Fault
from confsync.files.blocks import Change, blocks_of_entries, blocks_of_items, in_order, in_place
from confsync.files.comments import Comment, comments
from confsync.files.ends import colon, end_of, is_absent, refused, text_end
from confsync.files.flow import Brackets, Unclear
from confsync.files.lines import Lines
from confsync.files.style import style_of
from confsync.sync.document import MappingNode, Node, ScalarNode, SequenceNode
from confsync.sync.revision import KEEP, Elements, Entries, Keep, Revision, Write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.files.blocks import Block, Wanted
    from confsync.files.fresh import Style
    from confsync.sync.revision import Plain

_HEADER = re.compile(r"[|>][^\r\n#]*(#[^\r\n]*)")


@dataclass(frozen=True)
class Edited:
    """A text after an edit, and the comments that went with what they stood at."""

    text: str
    lost: tuple[Comment, ...]


def edited(source: str, document: MappingNode, name: str, revision: Revision) -> Edited:
    """The text of a file in which the object of a name is revised.

    Lines that need no change stay as they are, and so do comments: those that stand at something
    that goes, right above it, within it or behind it in its line, go with it. Raises InvalidFiles
    where the file is written in a way that cannot be edited in place.
    """
    if re.search(r"\r(?!\n)", source):
        raise refused(document.mark, "a carriage return stands alone", "end lines with a line feed")
    editor = _Editor(source, Lines(source), style_of(source, document))
    entries = ((key.text, revision if key.text == name else KEEP) for key, _ in document.entries)
    editor.mapping(document, tuple(entries))
    lost = tuple(
        comment
        for comment in comments(source, document)
        if any(start <= comment.start < end for start, end in editor.dropped)
    )
    return Edited(editor.text(0, len(source)), lost)


@dataclass
class _Editor:
    source: str
    lines: Lines
    style: Style
    changes: list[Change] = field(default_factory=list)
    dropped: list[tuple[int, int]] = field(default_factory=list)

    def text(self, start: int, end: int) -> str:
        """A part of the text with all its changes. Where two stand at one place, that which was
        made first comes first; what is put between two parts is the end of the first.
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

    def mapping(self, node: MappingNode, entries: Sequence[tuple[str, Revision]]) -> None:
        """Revise a mapping."""
        places = {key.text: index for index, (key, _) in enumerate(node.entries)}
        named = dict(entries)
        new = {
            name: item.value
            for name, item in entries
            if name not in places and isinstance(item, Write)
        }
        column = node.entries[0][0].mark.column - 1 if node.entries else 0
        inner = self._within()
        for key, value in node.entries:
            inner.value(key, value, named.get(key.text, KEEP), column)
        if not new and all(name in named for name in places):
            self.changes += inner.changes
            return
        order = _order([name for name, _ in entries], places)
        if node.span.flow:
            bodies = [
                (key.span.start, end_of(self.source, value, key)) for key, value in node.entries
            ]
            texts = {name: self.style.pair(name, value) for name, value in new.items()}
            wanted = [(places.get(name), texts.get(name, "")) for name in order]
            self._brackets(node, bodies, wanted, inner)
            return
        lines = {
            name: self.style.newline.join(self.style.entry(name, value, column))
            for name, value in new.items()
        }
        wanted = [(places.get(name), lines.get(name, "")) for name in order]
        self._blocks(blocks_of_entries(self.lines, node), wanted, inner, column)

    def sequence(self, node: SequenceNode, items: Sequence[tuple[int | None, Revision]]) -> None:
        """Revise a list."""
        named = {index: item for index, item in items if index is not None}
        inner = self._within()
        for index, item in enumerate(node.items):
            inner.value(None, item, named.get(index, KEEP), 0)
        if [index for index, _ in items] == list(range(len(node.items))):
            self.changes += inner.changes
            return
        new = [
            (index, item.value if index is None and isinstance(item, Write) else None)
            for index, item in items
        ]
        if node.span.flow:
            bodies = [(item.span.start, end_of(self.source, item)) for item in node.items]
            quote = _quote(self.source, node.items[0]) if node.items else ""
            texts = [(i, self.style.inline(value, quote) if i is None else "") for i, value in new]
            self._brackets(node, bodies, texts, inner)
            return
        column = node.mark.column - 1
        lines = [
            (i, self.style.newline.join(self.style.item(value, column)) if i is None else "")
            for i, value in new
        ]
        self._blocks(blocks_of_items(self.lines, node), lines, inner, column)

    def value(self, key: ScalarNode | None, node: Node, revision: Revision, column: int) -> None:
        """Revise the value of a key that stands in a column, or an item of a list."""
        match revision, node:
            case Keep(), _:
                pass
            case Entries(entries), MappingNode():
                self.mapping(node, entries)
            case Elements(items), SequenceNode() if items or node.span.flow:
                self.sequence(node, items)
            case Elements(()), SequenceNode() if key is not None:
                self._emptied(key, node)
            case Write(value), _:
                self._replace(key, node, value, column)
            case _:
                raise Fault("a revision does not fit the node that it is for")

    def _replace(self, key: ScalarNode | None, node: Node, value: Plain, column: int) -> None:
        """Put a value in one line in the place of another one."""
        text = self.style.inline(value, _quote(self.source, node))
        if key is not None and is_absent(node):
            at = colon(self.source, key)
            self.changes.append(Change(at, at, f" {text}"))
            return
        start = node.span.start
        if isinstance(node, ScalarNode):
            end = text_end(self.source, node)
            header = _HEADER.match(self.source, start, end)
            text = text if header is None else f"{text}  {header[1]}"
            self.changes.append(Change(start, end, text))
            return
        end = end_of(self.source, node)
        if key is None or node.span.flow:
            self.dropped.append((start, end))
            self.changes.append(Change(start, end, text))
            return
        at, below = colon(self.source, key), self.lines.next(key.span.start)
        end = self.lines.comments_below(self.lines.next(end), column)
        self.dropped.append((below, end))
        self.changes += [Change(at, at, f" {text}"), Change(below, end, "")]

    def _emptied(self, key: ScalarNode, node: SequenceNode) -> None:
        """Take all items of a list away that stands in lines of its own."""
        at, blocks = colon(self.source, key), blocks_of_items(self.lines, node)
        self.dropped += [(block.start, block.end) for block in blocks]
        self.changes.append(Change(at, at, f" {self.style.inline([])}"))
        self.changes += [Change(block.start, block.end, "") for block in blocks]

    def _within(self) -> _Editor:
        """For what may become part of a larger change."""
        return _Editor(self.source, self.lines, self.style, [], self.dropped)

    def _brackets(
        self,
        node: MappingNode | SequenceNode,
        bodies: Sequence[tuple[int, int]],
        wanted: Wanted,
        inner: _Editor,
    ) -> None:
        try:
            brackets = Brackets.of(self.source, node.span, bodies)
        except Unclear:
            hint = "write one entry a line, without brackets"
            raise refused(node.mark, "these brackets cannot be edited in place", hint) from None
        texts = [(n, text if n is None else inner.text(*bodies[n])) for n, text in wanted]
        self.dropped += brackets.dropped({index for index, _ in wanted if index is not None})
        self.changes.append(Change(node.span.start, node.span.end, brackets.joined(texts)))

    def _blocks(self, blocks: Sequence[Block], wanted: Wanted, inner: _Editor, column: int) -> None:
        kept = [index for index, _ in wanted if index is not None]
        self.dropped += [
            (block.start, block.end) for index, block in enumerate(blocks) if index not in kept
        ]
        newline = self.style.newline
        if kept == sorted(kept):
            self.changes += inner.changes
            self.changes += in_place(self.lines, blocks, wanted, column, newline)
        else:
            self.changes.append(in_order(self.source, blocks, wanted, newline, inner.text))


def _order(names: Sequence[str], places: dict[str, int]) -> list[str]:
    """The names in the order of the file, and new ones behind those before them."""
    kept = sorted((name for name in names if name in places), key=places.__getitem__)
    order: list[str] = []
    head: list[str] = []
    following: dict[str, list[str]] = {}
    anchor = None
    for name in names:
        if name in places:
            anchor = name
        elif anchor is None:
            head.append(name)
        else:
            following.setdefault(anchor, []).append(name)
    order += head
    for name in kept:
        order += [name, *following.get(name, [])]
    return order


def _quote(source: str, node: Node) -> str:
    """The quotes of a scalar, if it has any."""
    if not isinstance(node, ScalarNode) or node.plain:
        return ""
    first = source[node.span.start]
    return first if first in "'\"" else ""
