"""Read a file into nodes. Strict: text that two readers could take differently is a problem.

Size, depth and number of values are limited while the parser runs.
"""

from __future__ import annotations

import errno
import logging
import re
import shlex
from dataclasses import dataclass, field, replace
from io import StringIO
from typing import TYPE_CHECKING

from ruamel.yaml import YAML, events
from ruamel.yaml.error import MarkedYAMLError, YAMLStreamError
from ruamel.yaml.reader import ReaderError

from confsync.disk.read import MAX_STORE_BYTES, NotRegular, begins_plan, read_regular
from confsync.errors import Problem
from confsync.yaml.complaints import ODD_SPACES, Complaint, complaint
from confsync.yaml.emit import WORD_PROCESSOR
from confsync.yaml.nodes import MappingNode, Mark, Node, ScalarNode, SequenceNode, Span, is_absent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


MAX_DEPTH = 32
MAX_VALUES = 10_000

_LOG = logging.getLogger("confsync.files")


DIRECTIVE = Complaint(
    "directive", "YAML directives are not allowed", "remove the line that starts with %"
)


@dataclass(frozen=True)
class Parsed:
    """The document and the problems of a file. `document` is None if the file has no mapping.

    `lines` are those of the file, as its problems number them; they may contain secrets.
    """

    document: MappingNode | None
    problems: tuple[Problem, ...]
    lines: tuple[str, ...] = field(default=(), repr=False)


def read(path: str, size: int = MAX_STORE_BYTES, values: int = MAX_VALUES) -> Parsed:
    """Read a file of at most `size` bytes and `values` keys and values. Errors are problems;
    nothing is raised.
    """
    found = content(path, size)
    source = found if isinstance(found, Problem) else text(path, found, size)
    if isinstance(source, Problem):
        return Parsed(None, (source,))
    return parse(path, source, values)


def content(path: str, limit: int = MAX_STORE_BYTES) -> bytes | Problem:
    """The bytes of a file, at most one more than the limit; or the problem."""
    _LOG.info("reads %s", path)
    try:
        return read_regular(path, limit)
    except (OSError, ValueError) as error:
        rule = "unreadable"
        match error:
            case NotRegular(what=what):
                message, hint = f"is {what}, not a regular file", "save it to a file first"
            case FileNotFoundError():
                rule, message = "no-such-file", "no such file"
                hint = "check the path; in confsync.yaml it is relative to that file"
            case IsADirectoryError():
                message, hint = "is a directory, not a store file", "name a store file in it"
            case PermissionError():
                message = "cannot be read: permission denied"
                hint = "check the file's mode and owner"
            case OSError(errno=errno.EMFILE | errno.ENFILE):
                message, hint = "cannot be read: too many files are open", "raise `ulimit -n`"
            case _:
                message, hint = "cannot be read", "check the path and the disk"
        return Problem(path, 0, 0, rule, message, hint)


def text(path: str, content: bytes, size: int = MAX_STORE_BYTES) -> str | Problem:
    """The bytes of a file as text without a byte order mark; or the problem."""
    if begins_plan(content):
        name = shlex.quote(path)
        hint = f"run `confsync apply {name}` to apply it, or `confsync show {name}` to print it"
        message = "this is a saved plan, not a store file"
        return Problem(path, 0, 0, "not-a-store", message, hint)
    if len(content) > size:
        hint = "check the path: no store file is this large"
        return Problem(path, 0, 0, "too-large", f"is larger than {size // 1024} KiB", hint)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Problem(path, 0, 0, "not-utf-8", "the file is UTF-16", "save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = "the file is not UTF-8 from this line on"
        return Problem(path, line, 0, "not-utf-8", message, "save it as UTF-8")


def parse(path: str, source: str, values: int = MAX_VALUES) -> Parsed:
    """Read the text of a file, or a text to write into it."""
    lines = tuple(re.split("\r\n|\r|\n", source))
    # YAML 1.1 takes some of these for line breaks, YAML 1.2 and editors do not.
    unseen = re.search("[\u0085\u2028\u2029\ufeff]", source)
    if unseen is not None:
        message = "a line break that some editors hide"
        hint = f"remove it, or write it as \\u{ord(unseen[0]):04x} in double quotes"
        if unseen[0] == "\ufeff":
            message = "a byte order mark inside the file"
            hint = "remove it; two files were probably joined here"
        found = Complaint("invisible-character", message, hint)
        return Parsed(None, (_problem_after(path, source[: unseen.start()], found),), lines)
    builder = _Builder(path, values)
    try:
        root = builder.document(YAML(typ="safe", pure=True).parse(StringIO(source)))
    # An unknown version of YAML is an AssertionError of the parser.
    except (
        *(MarkedYAMLError, ReaderError, YAMLStreamError, ValueError, OverflowError),
        AssertionError,
    ) as error:
        builder.problems.append(_parser_problem(path, error, source, lines))
    else:
        if isinstance(root, MappingNode):
            return Parsed(root, tuple(builder.problems), lines)
        if not builder.problems:
            builder.no_mapping(root)
    return Parsed(None, tuple(sorted(builder.problems)), lines)


def _parser_problem(path: str, error: Exception, source: str, lines: Sequence[str]) -> Problem:
    """The problem at which the parser stopped, at the place where a person would look for it."""
    if isinstance(error, MarkedYAMLError):
        found, line, column = complaint(error, lines)
        before = "\n".join([*lines[:line], *(above[:column] for above in lines[line : line + 1])])
    elif isinstance(error, ReaderError | YAMLStreamError):
        hint = "remove it, or write it as \\xNN in quotes"
        found = Complaint("invisible-character", "a control character", hint)
        before = source[: getattr(error, "position", 0)]
    elif isinstance(error, AssertionError):
        found, before = DIRECTIVE, source.partition("%YAML")[0]
    else:  # the parser lets an escape beyond Unicode through as an error of Python
        message = "this escape is not a character"
        hint = "use a code up to \\U0010FFFF"
        found = Complaint("unknown-escape", message, hint)
        escape = re.search(r"\\U(?!000[0-9A-Fa-f]|0010)[0-9A-Fa-f]{8}", source)
        before = "" if escape is None else source[: escape.start()]
    return _problem_after(path, before, found)


def _problem_after(path: str, before: str, found: Complaint) -> Problem:
    """A problem after some text, at the start of the key or value around it: the exact column
    would show the length of a secret.
    """
    beginning = re.match(r"""[ -]*(?:['"]?@?[A-Za-z_]+['"]?:[ ]+)?""", before.rpartition("\n")[2])
    column = 1 if beginning is None else beginning.end() + 1
    return Problem(path, before.count("\n") + 1, column, found.rule, found.message, found.hint)


@dataclass
class _Builder:
    """Builds one document from the parser's events, and collects its problems."""

    file: str
    most: int
    problems: list[Problem] = field(default_factory=list)

    def document(self, parsed: Iterator[events.Event]) -> Node | None:
        """The first document; None if it is empty, too large or nested too deep."""
        roots: list[Node] = []
        opened: list[tuple[events.CollectionStartEvent, list[Node]]] = []
        values = documents = 0
        for event in parsed:
            if isinstance(event, events.NodeEvent):
                values += 1
                if values > self.most:
                    hint = "check the path: no store file is this large"
                    fact = f"more than {self.most:,} keys and values"
                    self._problem(event, "too-large", fact, hint)
                    return None
                self._check_extras(event)
                if isinstance(event, events.CollectionStartEvent):
                    if len(opened) == MAX_DEPTH:
                        message = "more than 32 levels of nesting"
                        hint = "check the path and the brackets: no store file is this deep"
                        self._problem(event, "too-large", message, hint)
                        return None
                    opened.append((event, []))
                else:
                    (opened[-1][1] if opened else roots).append(self._leaf(event))
            elif isinstance(event, events.CollectionEndEvent):
                node = self._collection(*opened.pop(), event)
                (opened[-1][1] if opened else roots).append(node)
            elif isinstance(event, events.DocumentStartEvent):
                documents += 1
                self._check_document(event, first=documents == 1)
                if documents > 1:
                    break
        return roots[0] if roots else None

    def no_mapping(self, root: Node | None) -> None:
        """Add the problem of a document that is no mapping."""
        top = "write the object's name and a colon at the top, and "
        if root is None or is_absent(root):
            hint = f"{top}its fields indented under it"
            self.problems.append(Problem(self.file, 0, 0, "empty-file", "the file is empty", hint))
        elif isinstance(root, SequenceNode):
            hint = "remove the `- `, and write the object's name and a colon at the top"
            self._problem(root.mark, "no-object", "the file is a list, not a mapping", hint)
        elif isinstance(root, ScalarNode) and re.match("[A-Za-z_]+ *=", root.text):
            message = "an equals sign instead of a colon"
            self._problem(root.mark, "not-key-value", message, f"{top}`key: value` under it")
        else:
            message = "the file is one string, not a mapping"
            self._problem(root.mark, "no-object", message, f"{top}its fields indented under it")

    def _check_document(self, event: events.DocumentStartEvent, *, first: bool) -> None:
        if event.version is not None or event.tags:
            found = DIRECTIVE
            self._problem(Mark(self.file, 1, 1), found.rule, found.message, found.hint)
        if not first and event.explicit:
            hint = "keep one document; layers are separate files"
            self._problem(event, "second-document", "a second document starts here", hint)
        elif not first:
            hint = "remove everything after the first mapping"
            self._problem(event, "second-document", "text after the end of the store", hint)

    def _check_extras(self, event: events.NodeEvent) -> None:
        """Refuse anchors, aliases and tags."""
        if isinstance(event, events.AliasEvent) and set(event.anchor) == {"*"}:
            message = "`****` is the mask of a hidden secret"
            hint = "write a reference, like `{env: NAME}` or `{file: PATH}`"
            self._problem(event, "mask", message, hint)
        elif isinstance(event, events.AliasEvent):
            hint = "write the value itself; put a string that starts with * in quotes"
            self._problem(event, "anchor", "YAML aliases are not allowed", hint)
        elif event.anchor is not None:
            hint = "remove the & and the name after it"
            self._problem(event, "anchor", "YAML anchors are not allowed", hint)
        tag = getattr(event, "tag", None)
        if tag is not None and str(tag).startswith("tag:yaml.org"):
            hint = "write the value alone; put a string in quotes"
            self._problem(event, "tag", "YAML tags like !!int are not allowed", hint)
        elif tag is not None:
            hint = "write a reference as `{env: NAME}`; put a string that starts with ! in quotes"
            self._problem(event, "tag", "YAML tags are not allowed", hint)

    def _leaf(self, event: events.NodeEvent) -> ScalarNode:
        mark = self._mark(event)
        broken = ScalarNode(mark, "", plain=True, broken=True)
        if not isinstance(event, events.ScalarEvent):
            return broken
        first = "" if event.style else event.value[:1]
        if re.search("[\ud800-\udfff]", event.value):
            hint = "write the character itself, or one escape with eight digits"
            self._problem(mark, "unknown-escape", "an escape for a lone surrogate", hint)
            return broken
        if first and first in WORD_PROCESSOR:
            hint = "write ' or \" instead"
            self._problem(mark, "smart-quotes", "curly quotes are not YAML quotes", hint)
            return ScalarNode(mark, event.value.strip(WORD_PROCESSOR), plain=False)
        if first and first in ODD_SPACES:
            message = "a Unicode space, which YAML does not read as a space"
            hint = "retype the line with plain spaces; it was probably copied from a web page"
            self._problem(mark, "invisible-character", message, hint)
            return broken
        span = Span(event.start_mark.index, event.end_mark.index)
        tagged = event.ctag is not None
        return ScalarNode(mark, event.value, plain=not event.style, broken=tagged, span=span)

    def _collection(
        self, start: events.CollectionStartEvent, children: Sequence[Node], event: events.Event
    ) -> Node:
        mark = self._mark(start)
        end = event.end_mark.index
        if children and not start.flow_style:
            end = children[-1].span.end
        span = Span(start.start_mark.index, end, bool(start.flow_style))
        if not isinstance(start, events.MappingStartEvent):
            return SequenceNode(mark, tuple(children), span)
        seen: dict[str, Mark] = {}
        entries: list[tuple[ScalarNode, Node]] = []
        for key, value in zip(children[::2], children[1::2], strict=True):
            if isinstance(key, MappingNode) and key.mark == replace(mark, column=mark.column + 1):
                hint = "render it first; write a secret as `{env: NAME}`"
                message = "`{{ … }}` is a template, which confsync does not render"
                self._problem(mark, "template", message, hint)
                return MappingNode(mark, (), broken=True)
            if not isinstance(key, ScalarNode):
                hint = "put a key that starts with a bracket in quotes"
                self._problem(key.mark, "key-not-text", "a key must be a string", hint)
            elif key.plain and key.text == "<<":
                hint = "write the keys themselves; layers are separate files"
                self._problem(key.mark, "anchor", "YAML merge keys are not allowed", hint)
            elif key.text in seen:
                hint = f"it is also on line {seen[key.text].line}; keep one of them"
                self._problem(key.mark, "duplicate-key", "duplicate key", hint)
            elif not key.broken:
                seen[key.text] = key.mark
                # The parser places a missing value at the next token, maybe in another line.
                placed = replace(value, mark=key.mark) if is_absent(value) else value
                entries.append((key, placed))
        return MappingNode(mark, tuple(entries), span=span)

    def _mark(self, event: events.Event) -> Mark:
        return Mark(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _problem(self, place: events.Event | Mark, rule: str, message: str, hint: str) -> None:
        mark = place if isinstance(place, Mark) else self._mark(place)
        self.problems.append(Problem(mark.file, mark.line, mark.column, rule, message, hint))
