"""From a file to its nodes. Strict: what two readers could take differently is a problem.

Size and depth are checked before anything is built.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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

from confsync.errors import InvalidFiles, Problem
from confsync.files.complaints import complaint
from confsync.sync.document import MappingNode, Mark, Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ruamel.yaml.events import Event

MAX_BYTES = 64 * 1024
MAX_DEPTH = 32


def read(path: str) -> MappingNode:
    """The document of a file. Raises InvalidFiles with everything that is wrong with it as YAML."""
    source = _text(path)
    builder = _Builder(path)
    try:
        root = builder.document(_events(source))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
        lines = source.split("\n")
        text = lines[line - 1][column - 1 :] if 0 < line <= len(lines) else ""
        message, hint = complaint(str(error.problem), text)
        builder.problems.append(Problem(path, line, column, "yaml", message, hint))
    except (ReaderError, YAMLStreamError) as error:
        position = getattr(error, "position", 0)
        before = source[: position if isinstance(position, int) else 0]
        column = len(before) - before.rfind("\n")
        message, hint = (
            "a control character stands here",
            "remove it, or write it as \\xNN in quotes",
        )
        line = before.count("\n") + 1
        builder.problems.append(Problem(path, line, column, "yaml", message, hint))
    else:
        if not builder.problems and isinstance(root, MappingNode):
            return root
        builder.check_root(root)
    raise InvalidFiles(tuple(sorted(builder.problems)))


def _events(source: str) -> Iterator[Event]:
    yaml = YAML(typ="safe", pure=True)
    events: Iterator[Event] = yaml.parse(StringIO(source))
    return events


def _text(path: str) -> str:
    """The file's text. The server's own page of errors is no use to anyone: ours names the file."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _unreadable(path, "there is no such file", "check the path; it starts here") from None
    except IsADirectoryError:
        raise _unreadable(path, "is a directory, not a file", "name the YAML file in it") from None
    except PermissionError:
        raise _unreadable(path, "may not be read", "check the file's mode and owner") from None
    except (OSError, ValueError):
        raise _unreadable(path, "cannot be read", "check the path and the disk") from None
    if len(content) > MAX_BYTES:
        raise _unreadable(
            path, "is larger than 64 KiB", "no store needs so much: is this the file?"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message, hint = "the file is not UTF-8 from here", "save it as UTF-8"
        raise InvalidFiles((Problem(path, line, 0, "encoding", message, hint),)) from None


def _unreadable(path: str, message: str, hint: str) -> InvalidFiles:
    return InvalidFiles((Problem(path, 0, 0, "unreadable", message, hint),))


@dataclass
class _Builder:
    file: str
    problems: list[Problem] = field(default_factory=list)
    documents: int = 0

    def document(self, events: Iterator[Event]) -> Node | None:
        """Build the first document. A deeper one than allowed ends the reading."""
        root: Node | None = None
        depth = 0
        open_nodes: list[tuple[Mark, list[Node], bool]] = []
        for event in events:
            if isinstance(event, DocumentStartEvent):
                self._another_document(event)
                if self.documents > 1:
                    break
            elif isinstance(event, NodeEvent):
                self._refuse_extras(event)
                if isinstance(event, MappingStartEvent | SequenceStartEvent):
                    depth += 1
                    if depth > MAX_DEPTH:
                        hint = "no store is nested so deep: is this the file?"
                        self._problem(self._mark(event), "yaml", "nested deeper than 32", hint)
                        return None
                    mapping = isinstance(event, MappingStartEvent)
                    open_nodes.append((self._mark(event), [], mapping))
                    continue
                root = self._place(self._leaf(event), open_nodes, root)
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                depth -= 1
                mark, children, mapping = open_nodes.pop()
                node = (
                    self._mapping(mark, children)
                    if mapping
                    else SequenceNode(mark, tuple(children))
                )
                root = self._place(node, open_nodes, root)
        return root

    def check_root(self, root: Node | None) -> None:
        """Say what is wrong with a document that is no mapping."""
        if isinstance(root, MappingNode) or any(problem.line for problem in self.problems):
            return
        if root is None or (isinstance(root, ScalarNode) and root.plain and not root.text):
            hint = "write `InMemoryStore:` at its top, and the object under it"
            self.problems.append(Problem(self.file, 0, 0, "empty", "the file is empty", hint))
        else:
            hint = "write `InMemoryStore:` at the top, and the object under it"
            self._problem(root.mark, "wrong-type", "the file must be a mapping of objects", hint)

    @staticmethod
    def _place(
        node: Node, open_nodes: list[tuple[Mark, list[Node], bool]], root: Node | None
    ) -> Node | None:
        if open_nodes:
            open_nodes[-1][1].append(node)
            return root
        return node if root is None else root

    def _leaf(self, event: Event) -> ScalarNode:
        if isinstance(event, ScalarEvent):
            if any("\ud800" <= character <= "\udfff" for character in event.value):
                hint = "write the character itself, or its one escape of eight digits"
                self._problem(self._mark(event), "encoding", "half a character stands here", hint)
            return ScalarNode(self._mark(event), event.value, plain=not event.style)
        return ScalarNode(self._mark(event), "", plain=True)

    def _mapping(self, mark: Mark, children: list[Node]) -> MappingNode:
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
            else:
                seen[key.text] = key.mark
                entries.append((key, value))
        return MappingNode(mark, tuple(entries))

    def _refuse_extras(self, event: NodeEvent) -> None:
        if isinstance(event, AliasEvent) or event.anchor is not None:
            what, hint = (
                "anchors and aliases are not allowed",
                "write the value out where it counts",
            )
            self._problem(self._mark(event), "yaml", what, hint)
        if getattr(event, "tag", None) is not None:
            what, hint = "tags are not allowed", "write the value alone; quotes make it a text"
            self._problem(self._mark(event), "yaml", what, hint)

    def _another_document(self, event: Event) -> None:
        self.documents += 1
        if self.documents > 1:
            hint = "keep one; several layers are several files"
            self._problem(self._mark(event), "yaml", "a second document starts here", hint)

    def _mark(self, event: Event) -> Mark:
        return Mark(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _problem(self, mark: Mark, rule: str, message: str, hint: str) -> None:
        self.problems.append(Problem(mark.file, mark.line, mark.column, rule, message, hint))
