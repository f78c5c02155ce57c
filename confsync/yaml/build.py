"""From a parser's events to nodes, and all that is refused although it is YAML."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from confsync.errors import Problem
from confsync.yaml.emit import WORD_PROCESSOR
from confsync.yaml.nodes import MappingNode, Mark, Node, ScalarNode, SequenceNode, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ruamel.yaml.events import Event

MAX_DEPTH = 32
MAX_VALUES = 10_000

_ODD_SPACE = re.compile("[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_ASSIGNMENT = re.compile("[A-Za-z_]+ *=")


@dataclass(frozen=True)
class _Open:
    event: MappingStartEvent | SequenceStartEvent
    mark: Mark
    children: list[Node]


@dataclass
class Builder:
    """Builds one document, and keeps what is wrong with it."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    documents: int = 0

    def document(self, events: Iterator[Event]) -> Node | None:
        """Build the first document. More than is allowed of it, or deeper, ends the reading."""
        root: Node | None = None
        depth = values = 0
        open_nodes: list[_Open] = []
        for event in events:
            if isinstance(event, DocumentStartEvent):
                self._another_document(event)
                if self.documents > 1:
                    break
            elif isinstance(event, NodeEvent):
                values += 1
                if values > MAX_VALUES:
                    hint = "no store has so many values: is this the file?"
                    message = "more than 10,000 keys and values"
                    self._problem(self._mark(event), "too-large", message, hint)
                    return None
                self._refuse_extras(event)
                if isinstance(event, MappingStartEvent | SequenceStartEvent):
                    depth += 1
                    if depth > MAX_DEPTH:
                        hint = "no store is nested so deep: is this the file?"
                        self._problem(
                            self._mark(event),
                            "too-large",
                            "lists or mappings are nested deeper than 32",
                            hint,
                        )
                        return None
                    open_nodes.append(_Open(event, self._mark(event), []))
                    continue
                root = self._place(self._leaf(event), open_nodes, root)
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                depth -= 1
                root = self._place(self._collection(open_nodes.pop(), event), open_nodes, root)
        return root

    def not_a_mapping(self, root: Node | None) -> None:
        """Say what is wrong with a document that is no mapping."""
        if self.problems:
            return
        if root is None or (isinstance(root, ScalarNode) and root.plain and not root.text):
            hint = "write `InMemoryStore:` at its top, and the object under it"
            self.problems.append(Problem(self.file, 0, 0, "empty-file", "the file is empty", hint))
        elif isinstance(root, ScalarNode) and _ASSIGNMENT.match(root.text):
            message = "an equals sign stands where YAML wants a colon"
            hint = "write `InMemoryStore:` at the top, and under it `key: value`"
            self._problem(root.mark, "not-key-value", message, hint)
        elif isinstance(root, SequenceNode):
            hint = "take the `- ` away, and write `InMemoryStore:` at the top"
            self._problem(root.mark, "no-object", "the file is a list, not a mapping", hint)
        else:
            hint = "write `InMemoryStore:` at the top, and the object under it"
            self._problem(root.mark, "no-object", "the file is one text, not a mapping", hint)

    @staticmethod
    def _place(node: Node, open_nodes: list[_Open], root: Node | None) -> Node | None:
        if open_nodes:
            open_nodes[-1].children.append(node)
            return root
        return node if root is None else root

    def _collection(self, opened: _Open, event: Event) -> Node:
        start, children = opened.event, opened.children
        last = children[-1].span.end if children else event.end_mark.index
        end = event.end_mark.index if start.flow_style else last
        span = Span(start.start_mark.index, end, bool(start.flow_style))
        if isinstance(start, MappingStartEvent):
            return self._mapping(opened.mark, children, span)
        return SequenceNode(opened.mark, tuple(children), span)

    def _leaf(self, event: Event) -> ScalarNode:
        mark = self._mark(event)
        if not isinstance(event, ScalarEvent):
            return ScalarNode(mark, "", plain=True, broken=True)
        if _HALF_CHARACTER.search(event.value):
            hint = "write the character itself, or its one escape of eight digits"
            self._problem(mark, "unknown-escape", "half a character stands here", hint)
            return ScalarNode(mark, "", plain=True, broken=True)
        if not event.style and event.value[:1] in WORD_PROCESSOR and event.value:
            message = "these are the quotes of a word processor, not of YAML"
            self._problem(mark, "smart-quotes", message, "write ' or \" in their place")
            return ScalarNode(mark, event.value.strip(WORD_PROCESSOR), plain=False)
        if not event.style and _ODD_SPACE.match(event.value):
            message = "a space that YAML does not take for one stands here"
            hint = "it was copied from a web page: write the line again, with plain spaces"
            self._problem(mark, "invisible-character", message, hint)
            return ScalarNode(mark, "", plain=True, broken=True)
        tagged = event.ctag is not None
        span = Span(event.start_mark.index, event.end_mark.index)
        return ScalarNode(mark, event.value, plain=not event.style, broken=tagged, span=span)

    def _mapping(self, mark: Mark, children: list[Node], span: Span) -> MappingNode:
        seen: dict[str, Mark] = {}
        entries: list[tuple[ScalarNode, Node]] = []
        for key, value in zip(children[::2], children[1::2], strict=True):
            if isinstance(key, MappingNode) and key.mark == replace(mark, column=mark.column + 1):
                hint = "render the template first; a secret is `{env: NAME}`"
                message = "`{{ … }}` is a template, which confsync does not fill in"
                self._problem(mark, "template", message, hint)
                return MappingNode(mark, (), broken=True)
            if not isinstance(key, ScalarNode):
                hint = "a key is one text; quote it where it starts with a bracket"
                self._problem(key.mark, "key-not-text", "a key must be a text", hint)
            elif key.plain and key.text == "<<":
                hint = "write the keys out; layers are files laid over each other"
                self._problem(key.mark, "anchor", "merge keys are not allowed", hint)
            elif key.text in seen:
                hint = f"it stands at line {seen[key.text].line} already; keep one of them"
                self._problem(key.mark, "duplicate-key", "this key stands here twice", hint)
            elif not key.broken:
                seen[key.text] = key.mark
                entries.append((key, _at_its_key(key, value)))
        return MappingNode(mark, tuple(entries), span=span)

    def _refuse_extras(self, event: NodeEvent) -> None:
        if event.anchor is None and getattr(event, "tag", None) is None:
            return
        mark = self._mark(event)
        if isinstance(event, AliasEvent) and set(event.anchor) == {"*"}:
            message = "`****` is the mask that stands for a hidden secret, not a value"
            hint = "write where it can be had, like `{env: NAME}` or `{file: PATH}`"
            self._problem(mark, "mask", message, hint)
        elif isinstance(event, AliasEvent):
            message, hint = (
                "an alias in the place of a value is not allowed",
                "write the value out, or put it in quotes",
            )
            self._problem(mark, "anchor", message, hint)
        elif event.anchor is not None:
            message, hint = (
                "an anchor before a value is not allowed",
                "remove the & and the name behind it",
            )
            self._problem(mark, "anchor", message, hint)
        tag = getattr(event, "tag", None)
        if tag is not None and str(tag).startswith("tag:yaml.org"):
            hint = "write the value alone; quotes make it a text"
            self._problem(mark, "tag", "tags that begin with !! are not allowed", hint)
        elif tag is not None:
            hint = "a reference is `{env: NAME}`, and a text that begins with ! stands in quotes"
            self._problem(mark, "tag", "tags like !env are not allowed", hint)

    def _another_document(self, event: DocumentStartEvent) -> None:
        self.documents += 1
        if event.version is not None or event.tags:
            message, hint = (
                "directives for readers of YAML are not allowed",
                "remove the line that starts with %",
            )
            self._problem(Mark(self.file, 1, 1), "directive", message, hint)
        if self.documents > 1 and event.explicit:
            hint = "keep one; several layers are several files"
            self._problem(
                self._mark(event), "second-document", "a second document starts here", hint
            )
        elif self.documents > 1:
            message = "text stands after the end of the store"
            hint = "keep one mapping at the top of the file, and remove what follows it"
            self._problem(self._mark(event), "second-document", message, hint)

    def _mark(self, event: Event) -> Mark:
        return Mark(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _problem(self, mark: Mark, rule: str, message: str, hint: str) -> None:
        self.problems.append(Problem(mark.file, mark.line, mark.column, rule, message, hint))


def _at_its_key(key: ScalarNode, value: Node) -> Node:
    """The parser places a value that is not there at the next thing that is: not in its line."""
    empty = isinstance(value, ScalarNode) and value.plain and not value.text
    return replace(value, mark=key.mark) if empty else value
