"""The audit file: JSON lines that are only ever appended, each whole and on the disk. The path `-`
is standard error, which nothing is read from.
"""

from __future__ import annotations

import json
import os
import stat
from contextlib import contextmanager, suppress
from io import BufferedReader
from typing import TYPE_CHECKING, TypeAlias

from confsync.disk.regular import opened
from confsync.errors import OutputFailed
from confsync.sync.characters import without_brackets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

STANDARD_ERROR = "-"
_DESCRIPTOR = 2

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"


def check(path: str) -> None:
    """Raise OutputFailed for a file that cannot be appended to; one that is not there is made, for
    its owner alone (0600).
    """
    if path == STANDARD_ERROR:
        _say(b"")
        return
    with _opened(path):
        return


def append(path: str, record: Mapping[str, Json]) -> None:
    """Append a record as one line, in one write, and wait until it is on the disk.

    A file that is not there is made, as in `check`. Raises OutputFailed.
    """
    line = without_brackets(json.dumps(record, separators=(",", ":")), "\\u0023") + "\n"
    if path == STANDARD_ERROR:
        _say(line.encode("ascii"))
        return
    with _opened(path) as descriptor:
        content = _after_torn(descriptor) + line.encode("ascii")
        if os.write(descriptor, content) != len(content):
            raise _unwritable(path)
        os.fsync(descriptor)


def _say(line: bytes) -> None:
    """Write to standard error. Raises OutputFailed where it is closed."""
    try:
        os.fstat(_DESCRIPTOR)
        while line:
            line = line[os.write(_DESCRIPTOR, line) :]
    except OSError:
        raise OutputFailed(
            "the audit cannot be written to standard error", hint="open it, or name a file"
        ) from None


@contextmanager
def _opened(path: str) -> Iterator[int]:
    try:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK
        descriptor = os.open(path, flags, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _unwritable(path)
            yield descriptor
        finally:
            os.close(descriptor)
    except (OSError, ValueError):
        raise _unwritable(path) from None


def records(path: str) -> Iterator[tuple[int, dict[str, object]]]:
    """The records of a file with the numbers of their lines, from 1. Lines that are none, such as
    one that a full disk cut off, are passed over; a file that is not there has none. Raises
    OutputFailed for one that cannot be read.
    """
    if path == STANDARD_ERROR:
        return
    try:
        with opened(path) as file, BufferedReader(file) as lines:
            for number, line in enumerate(lines, start=1):
                with suppress(ValueError, RecursionError):
                    record: object = json.loads(line)
                    if isinstance(record, dict):
                        yield number, record
    except FileNotFoundError:
        return
    except (OSError, ValueError):
        raise _unwritable(path) from None


def _after_torn(descriptor: int) -> bytes:
    """A line end, where the last line has none."""
    size = os.fstat(descriptor).st_size
    return b"\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else b""


def _unwritable(path: str) -> OutputFailed:
    return OutputFailed(
        f"the audit file {path} cannot be read and written",
        hint="name a file in a directory that may be written to, on a disk that has room",
    )
