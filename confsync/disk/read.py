"""Read regular files, saved plans and the audit, under limits, never waiting for a writer."""

from __future__ import annotations

import json
import os
import re
import stat
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from glob import glob
from io import BufferedReader, BytesIO, FileIO
from typing import TYPE_CHECKING, Protocol, TypeAlias

from confsync.errors import Declined, OutputFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_STORE_BYTES = 64 * 1024
"""Size limit of a store file (product page, section 1)."""

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

FORMAT = "confsync_plan"
"""First member of a saved plan; its value is the version of the format."""

MAX_PLAN_BYTES = 32 * 1024 * 1024

STANDARD_INPUT = "-"
"""The name of standard input among files, while its content is given."""

_INPUT: ContextVar[bytes | None] = ContextVar("standard input", default=None)

STANDARD_ERROR = "-"
"""The audit path for standard error."""


class Source(Protocol):
    """Files that are read in place of those of the disk: paths as seen from the working directory,
    and errors as those of the disk.
    """

    def content(self, path: str | Path, limit: int) -> bytes:
        """As `read_regular`."""

    def there(self, path: str | Path) -> bool:
        """As `there`."""

    def matching(self, pattern: str) -> list[str]:
        """As `matching`."""


_SOURCE: ContextVar[Source | None] = ContextVar("source of files", default=None)


class NotRegular(OSError):
    """The opened file is not a regular one. `what`: a pipe or a device."""

    def __init__(self, what: str) -> None:
        super().__init__(f"is {what}")
        self.what = what


@contextmanager
def standard_input(content: bytes) -> Iterator[None]:
    """Give the content of standard input, which can be read once, to all readers of `-`."""
    before = _INPUT.set(content)
    try:
        yield
    finally:
        _INPUT.reset(before)


@contextmanager
def reading_from(source: Source | None) -> Iterator[None]:
    """Read configurations and stores from a source; None: from the disk."""
    before = _SOURCE.set(source)
    try:
        yield
    finally:
        _SOURCE.reset(before)


def from_disk() -> bool:
    """True unless files are read from another source."""
    return _SOURCE.get() is None


def there(path: str | Path) -> bool:
    """True for a path that is there, even a link to nowhere."""
    source = _SOURCE.get()
    return os.path.lexists(path) if source is None else source.there(path)


def matching(pattern: str) -> list[str]:
    """The paths that match a pattern, sorted."""
    source = _SOURCE.get()
    found = glob(pattern, recursive=True) if source is None else source.matching(pattern)  # noqa: PTH207 - from any directory
    return sorted(found)


@contextmanager
def opened(path: str | Path) -> Iterator[FileIO | BytesIO]:
    """Open a regular file for reading. Its type is checked after it is opened, so that nobody can
    replace it in between.

    Raises NotRegular, and OSError and ValueError as `open` does.
    """
    given = _INPUT.get()
    if path == STANDARD_INPUT and given is not None:
        yield BytesIO(given)
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError
        if not stat.S_ISREG(mode):
            raise NotRegular("a pipe" if stat.S_ISFIFO(mode) else "a device")
        with FileIO(descriptor, closefd=False) as file:
            yield file
    finally:
        os.close(descriptor)


def read_regular(path: str | Path, limit: int) -> bytes:
    """Read a regular file, at most `limit + 1` bytes. Raises as `opened` does."""
    if (source := _SOURCE.get()) is not None:
        return source.content(path, limit)
    with opened(path) as file, BufferedReader(file) as whole:
        return whole.read(limit + 1)


def is_plan(path: str) -> bool:
    """Return True if a regular file begins like a saved plan. The plan may be cut."""
    try:
        return begins_plan(read_regular(path, 64))
    except (OSError, ValueError):
        return False


def begins_plan(content: bytes) -> bool:
    """Return True for the beginning of a saved plan."""
    beginning = rb"(?:\xef\xbb\xbf)?\s*\{\s*" + f'"{FORMAT}"'.encode()
    return re.match(beginning, content[:64]) is not None


def read_plan(path: str) -> dict[str, Json]:
    """Read the document of a saved plan. Raises Declined for a cut plan and other content."""
    try:
        content = read_regular(path, MAX_PLAN_BYTES)
        document: object = json.loads(content.decode("utf-8-sig"), parse_constant=int)  # no NaN
    except (OSError, ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        hint = "copy it again, or make the plan again"
        raise Declined("the saved plan is incomplete: it was edited or cut off", hint=hint)
    return document


def audit_records(path: str) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield the records of an audit file with their line numbers, from 1. An invalid line, such
    as one cut off by a full disk, is an empty record; a missing file has no records.

    Raises OutputFailed if the file cannot be read.
    """
    if path == STANDARD_ERROR:
        return
    try:
        with opened(path) as file, BufferedReader(file) as lines:
            for number, line in enumerate(lines, start=1):
                record: object = None
                with suppress(ValueError, RecursionError):
                    record = json.loads(line)
                yield number, record if isinstance(record, dict) else {}
    except FileNotFoundError:
        return
    except (OSError, ValueError):
        raise audit_failed(path) from None


def audit_failed(path: str) -> OutputFailed:
    """The error for an audit file, or standard error, that cannot be used."""
    if path == STANDARD_ERROR:
        fact = "the audit cannot be written to stderr"
        return OutputFailed(fact, hint="open stderr, or use a file")
    return OutputFailed(
        f"the audit file {path} cannot be read and written",
        hint="use a file in a writable directory, on a disk with space",
    )
