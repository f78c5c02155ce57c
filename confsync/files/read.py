"""From a file to its nodes. Strict: what two readers could take differently is a problem.

Size, depth and number are checked before anything is built.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLStreamError
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
from ruamel.yaml.reader import ReaderError

from confsync.errors import Problem
from confsync.files.complaints import complaint
from confsync.sync.document import MappingNode, Mark, Node, ScalarNode, SequenceNode, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ruamel.yaml.events import Event

_LOG = logging.getLogger("confsync.files")

_BEGINNING = re.compile(r"""[ -]*(?:['"]?@?[A-Za-z_]+['"]?:[ ]+)?""")

MAX_BYTES = 64 * 1024
MAX_DEPTH = 32
MAX_VALUES = 10_000


@dataclass(frozen=True)
class Parsed:
    """A file's document, as far as it could be read, and all that is wrong with it as YAML.

    No document: nothing more can be said of the file than the problems do.
    """

    document: MappingNode | None
    problems: tuple[Problem, ...]


def read(path: str) -> Parsed:
    """Read a file. Nothing is raised: whatever is wrong is a problem."""
    found = content(path)
    source = found if isinstance(found, Problem) else text(path, found)
    return Parsed(None, (source,)) if isinstance(source, Problem) else parse(path, source)


def parse(path: str, source: str) -> Parsed:
    """Read a text that stands, or is to stand, in a file."""
    builder = _Builder(path)
    try:
        builder.refuse_line_separators(source)
        root = builder.document(_events(source))
    except MarkedYAMLError as error:
        builder.problems.append(_complaint(path, error, source))
    except (ReaderError, YAMLStreamError) as error:
        builder.problems.append(_control_character(path, error, source))
    except _Unreadable as unreadable:
        builder.problems.append(unreadable.problem)
    except (ValueError, OverflowError):
        builder.problems.append(_no_such_character(path, source))
    else:
        if isinstance(root, MappingNode):
            return Parsed(root, tuple(builder.problems))
        builder.not_a_mapping(root)
    return Parsed(None, tuple(sorted(builder.problems)))


class _Unreadable(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _events(source: str) -> Iterator[Event]:
    yaml = YAML(typ="safe", pure=True)
    events: Iterator[Event] = yaml.parse(StringIO(source))
    return events


def content(path: str) -> bytes | Problem:
    """The bytes of a file, at most one more than a store may have; or why they cannot be had."""
    _LOG.info("reads %s", path)
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return _unreadable(path, "there is no such file", "check the path; it starts here")
    except IsADirectoryError:
        return _unreadable(path, "is a directory, not a file", "name the YAML file in it")
    except PermissionError:
        return _unreadable(path, "may not be read", "check the file's mode and owner")
    except (OSError, ValueError):
        return _unreadable(path, "cannot be read", "check the path and the disk")


def text(path: str, content: bytes) -> str | Problem:
    """The bytes of a file as text, without a byte order mark; or why they are none."""
    if len(content) > MAX_BYTES:
        hint = "no store needs so much: is this the file?"
        return _unreadable(path, "is larger than 64 KiB", hint)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message, hint = "the file is not UTF-8 from here", "save it as UTF-8"
        return Problem(path, line, 0, "encoding", message, hint)


def _unreadable(path: str, message: str, hint: str) -> Problem:
    return Problem(path, 0, 0, "unreadable", message, hint)


def _complaint(path: str, error: MarkedYAMLError, source: str) -> Problem:
    """The parser's problem, at the place where a person would look for it."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    lines = source.split("\n")
    text = lines[line][column:] if line < len(lines) else ""
    found = complaint(str(error.problem), text)
    if found.opening and error.context_mark is not None:
        line, column = error.context_mark.line, error.context_mark.column
    before = "\n".join([*lines[:line], lines[line][:column] if line < len(lines) else ""])
    return _problem_after(path, before, "yaml", found.message, found.hint)


def _problem_after(path: str, before: str, rule: str, message: str, hint: str) -> Problem:
    """A problem behind some text, at the beginning of the key or value that it is in: how far a
    reader came in it would tell the length of a secret.
    """
    beginning = _BEGINNING.match(before.rpartition("\n")[2])
    column = 1 if beginning is None else beginning.end() + 1
    return Problem(path, before.count("\n") + 1, column, rule, message, hint)


def _no_such_character(path: str, source: str) -> Problem:
    """An escape beyond Unicode, which the parser lets through as Python's own error."""
    escape = re.search(r"\\U(?!000[0-9A-Fa-f]|0010)[0-9A-Fa-f]{8}", source)
    before = source[: escape.start()] if escape is not None else ""
    message, hint = "there is no such character", "the last one is \\U0010FFFF"
    return _problem_after(path, before, "encoding", message, hint)


def _control_character(path: str, error: Exception, source: str) -> Problem:
    position = getattr(error, "position", 0)
    before = source[: position if isinstance(position, int) else 0]
    hint = "remove it, or write it as \\xNN in quotes"
    return _problem_after(path, before, "yaml", "a control character stands here", hint)


@dataclass(frozen=True)
class _Open:
    event: MappingStartEvent | SequenceStartEvent
    mark: Mark
    children: list[Node]


@dataclass
class _Builder:
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
                    hint = "no store has so many: is this the file?"
                    self._problem(
                        self._mark(event), "yaml", "more than 10,000 keys and values", hint
                    )
                    return None
                self._refuse_extras(event)
                if isinstance(event, MappingStartEvent | SequenceStartEvent):
                    depth += 1
                    if depth > MAX_DEPTH:
                        hint = "no store is nested so deep: is this the file?"
                        self._problem(self._mark(event), "yaml", "nested deeper than 32", hint)
                        return None
                    open_nodes.append(_Open(event, self._mark(event), []))
                    continue
                root = self._place(self._leaf(event), open_nodes, root)
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                depth -= 1
                root = self._place(self._collection(open_nodes.pop(), event), open_nodes, root)
        return root

    def refuse_line_separators(self, source: str) -> None:
        """Characters that YAML 1.1 takes for line breaks, and YAML 1.2 and editors do not."""
        found = re.search("[\u0085\u2028\u2029]", source)
        if found is not None:
            before = source[: found.start()]
            message = "a line break that not every reader sees stands here"
            hint = f"remove it, or write it as \\u{ord(found[0]):04x} in double quotes"
            raise _Unreadable(_problem_after(self.file, before, "yaml", message, hint))

    def not_a_mapping(self, root: Node | None) -> None:
        """Say what is wrong with a document that is no mapping."""
        if self.problems:
            return
        if root is None or (isinstance(root, ScalarNode) and root.plain and not root.text):
            hint = "write `InMemoryStore:` at its top, and the object under it"
            self.problems.append(Problem(self.file, 0, 0, "empty", "the file is empty", hint))
        else:
            hint = "write `InMemoryStore:` at the top, and the object under it"
            self._problem(root.mark, "wrong-type", "the file must be a mapping of objects", hint)

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
        if any("\ud800" <= character <= "\udfff" for character in event.value):
            hint = "write the character itself, or its one escape of eight digits"
            self._problem(mark, "encoding", "half a character stands here", hint)
            return ScalarNode(mark, "", plain=True, broken=True)
        tagged = event.ctag is not None
        span = Span(event.start_mark.index, event.end_mark.index)
        return ScalarNode(mark, event.value, plain=not event.style, broken=tagged, span=span)

    def _mapping(self, mark: Mark, children: list[Node], span: Span) -> MappingNode:
        seen: dict[str, Mark] = {}
        entries: list[tuple[ScalarNode, Node]] = []
        for key, value in zip(children[::2], children[1::2], strict=True):
            if not isinstance(key, ScalarNode):
                hint = "a key is one text; quote it where it starts with a bracket"
                self._problem(key.mark, "yaml", "a key must be a text", hint)
            elif key.plain and key.text == "<<":
                hint = "write the keys out; layers are files laid over each other"
                self._problem(key.mark, "yaml", "merge keys are not allowed", hint)
            elif key.text in seen:
                hint = f"it stands at line {seen[key.text].line} already; keep one of them"
                self._problem(key.mark, "duplicate-key", "this key stands here twice", hint)
            elif not key.broken:
                seen[key.text] = key.mark
                entries.append((key, _at_its_key(key, value)))
        return MappingNode(mark, tuple(entries), span)

    def _refuse_extras(self, event: NodeEvent) -> None:
        mark = self._mark(event)
        if isinstance(event, AliasEvent) and set(event.anchor) == {"*"}:
            message = "`****` is the mask that stands for a hidden secret, not a value"
            hint = "write where it can be had, like `{env: NAME}` or `{file: PATH}`"
            self._problem(mark, "mask", message, hint)
        elif isinstance(event, AliasEvent) or event.anchor is not None:
            message = "anchors and aliases are not allowed"
            self._problem(mark, "yaml", message, "write the value out where it counts")
        if getattr(event, "tag", None) is not None:
            message, hint = "tags are not allowed", "write the value alone; quotes make it a text"
            self._problem(mark, "yaml", message, hint)

    def _another_document(self, event: DocumentStartEvent) -> None:
        self.documents += 1
        if event.version is not None or event.tags:
            message, hint = "directives are not allowed", "remove the line that starts with %"
            self._problem(Mark(self.file, 1, 1), "yaml", message, hint)
        if self.documents > 1:
            hint = "keep one; several layers are several files"
            self._problem(self._mark(event), "yaml", "a second document starts here", hint)

    def _mark(self, event: Event) -> Mark:
        return Mark(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _problem(self, mark: Mark, rule: str, message: str, hint: str) -> None:
        self.problems.append(Problem(mark.file, mark.line, mark.column, rule, message, hint))


def _at_its_key(key: ScalarNode, value: Node) -> Node:
    """The parser places a value that is not there at the next thing that is: not in its line."""
    empty = isinstance(value, ScalarNode) and value.plain and not value.text
    return replace(value, mark=key.mark) if empty else value
