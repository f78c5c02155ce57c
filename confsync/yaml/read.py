"""From a file to its nodes. Strict: what two readers could take differently is a problem.

Size, depth and number are checked before anything is built.
"""

from __future__ import annotations

import errno
import logging
import re
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLStreamError
from ruamel.yaml.reader import ReaderError

from confsync.disk.read import MAX_STORE_BYTES, NotRegular, read_regular
from confsync.errors import Problem
from confsync.yaml.build import Builder
from confsync.yaml.complaints import Broken, complaint
from confsync.yaml.nodes import MappingNode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ruamel.yaml.events import Event

_LOG = logging.getLogger("confsync.files")

_BEGINNING = re.compile(r"""[ -]*(?:['"]?@?[A-Za-z_]+['"]?:[ ]+)?""")

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Parsed:
    """A file's document, as far as it could be read, and all that is wrong with it as YAML.

    No document: nothing more can be said of the file than the problems do. `lines` are those of the
    file, as its problems count them; secrets may stand there.
    """

    document: MappingNode | None
    problems: tuple[Problem, ...]
    lines: tuple[str, ...] = field(default=(), repr=False)


def read(path: str) -> Parsed:
    """Read a file. Nothing is raised: whatever is wrong is a problem."""
    found = content(path)
    source = found if isinstance(found, Problem) else text(path, found)
    return Parsed(None, (source,)) if isinstance(source, Problem) else parse(path, source)


def parse(path: str, source: str) -> Parsed:
    """Read a text that stands, or is to stand, in a file."""
    lines = tuple(re.split("\r\n|\r|\n", source))
    builder = Builder(path)
    try:
        _refuse_what_few_readers_see(path, source)
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
            return Parsed(root, tuple(builder.problems), lines)
        builder.not_a_mapping(root)
    return Parsed(None, tuple(sorted(builder.problems)), lines)


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
        return read_regular(path, MAX_STORE_BYTES)
    except NotRegular as found:
        message = f"is {found.what}, not a regular file"
        return _unreadable(path, "unreadable", message, "save it as a file, and name that")
    except FileNotFoundError:
        hint = "check the path; it starts at the directory that confsync runs in"
        return _unreadable(path, "no-such-file", "there is no such file", hint)
    except IsADirectoryError:
        message, hint = "is a directory, not a file", "name the YAML file in it"
        return _unreadable(path, "unreadable", message, hint)
    except PermissionError:
        message, hint = "may not be read", "check the file's mode and owner"
        return _unreadable(path, "unreadable", message, hint)
    except (OSError, ValueError) as error:
        message, hint = "cannot be read", "check the path and the disk"
        if isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}:
            message, hint = "cannot be read: too many files are open", "raise `ulimit -n`"
        return _unreadable(path, "unreadable", message, hint)


def text(path: str, content: bytes) -> str | Problem:
    """The bytes of a file as text, without a byte order mark; or why they are none."""
    if len(content) > MAX_STORE_BYTES:
        hint = "no store needs so much: is this the file?"
        return _unreadable(path, "too-large", "is larger than 64 KiB", hint)
    if content.startswith(_UTF_16):
        message, hint = "the file is UTF-16, as Windows writes it", "save it as UTF-8"
        return _unreadable(path, "not-utf-8", message, hint)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message, hint = "the file is not UTF-8 from here", "save it as UTF-8"
        return Problem(path, line, 0, "not-utf-8", message, hint)


def _unreadable(path: str, rule: str, message: str, hint: str) -> Problem:
    return Problem(path, 0, 0, rule, message, hint)


def _complaint(path: str, error: MarkedYAMLError, source: str) -> Problem:
    """The parser's problem, at the place where a person would look for it."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    opened = error.context_mark
    place = None if opened is None else (opened.line, opened.column)
    lines = re.split("\r\n|\r|\n", source)
    found, line, column = complaint(Broken(str(error.problem), line, column, place), lines)
    before = "\n".join([*lines[:line], lines[line][:column] if line < len(lines) else ""])
    return _problem_after(path, before, found.rule, found.message, found.hint)


def _refuse_what_few_readers_see(path: str, source: str) -> None:
    """Characters that YAML 1.1 takes for line breaks, and YAML 1.2 and editors do not; and the
    marks that some programs put at the beginning of a file, in its middle.
    """
    found = re.search("[\u0085\u2028\u2029\ufeff]", source)
    if found is None:
        return
    before = source[: found.start()]
    if found[0] == "\ufeff":
        rule, message = "invisible-character", "a byte order mark stands inside the file"
        hint = "remove it: were two files put together here?"
    else:
        rule, message = "invisible-character", "a line break that not every reader sees stands here"
        hint = f"remove it, or write it as \\u{ord(found[0]):04x} in double quotes"
    raise _Unreadable(_problem_after(path, before, rule, message, hint))


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
    message, hint = (
        "there is no such character",
        "correct the escape: the last character is \\U0010FFFF",
    )
    return _problem_after(path, before, "unknown-escape", message, hint)


def _control_character(path: str, error: Exception, source: str) -> Problem:
    position = getattr(error, "position", 0)
    before = source[: position if isinstance(position, int) else 0]
    hint = "remove it, or write it as \\xNN in quotes"
    message = "a control character stands here"
    return _problem_after(path, before, "invisible-character", message, hint)
