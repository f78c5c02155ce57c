"""Open files to read: regular files only, and never waiting for a writer."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from io import FileIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


MAX_STORE_BYTES = 64 * 1024
"""The largest store file (product page, section 1): no store comes near it."""


class NotRegular(OSError):
    """What was opened is no regular file. `what`: a pipe or a device."""

    def __init__(self, what: str) -> None:
        super().__init__(f"is {what}")
        self.what = what


@contextmanager
def opened(path: str | Path) -> Iterator[FileIO]:
    """A regular file, opened to read. What it is is asked once it is open, so that nobody can put
    something else in its place.

    Raises NotRegular, and OSError and ValueError as `open` does.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
    descriptor = os.open(path, flags)
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
    """The first bytes of a regular file, one more than `limit` if it is longer.

    Raises what `opened` raises.
    """
    with opened(path) as file:
        found = b""
        while (missing := limit + 1 - len(found)) and (piece := file.read(missing)):
            found += piece
        return found
