"""A store file on a disk that is to be rewritten, or written for the first time."""

from __future__ import annotations

import logging
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from confsync.disk.atomic import replace_whole
from confsync.disk.regular import MAX_STORE_BYTES, read_regular
from confsync.errors import OutputFailed

if TYPE_CHECKING:
    from typing import Self

_LOG = logging.getLogger("confsync.files")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class StoreFile:
    """What a file holds, or that there is none yet. `path` is what it is called."""

    path: str
    target: Path = field(repr=False)
    content: bytes | None = field(repr=False)
    found: os.stat_result | None = field(repr=False)

    @classmethod
    def at(cls, path: str) -> Self:
        """Look at a file that is to be written. Links are followed to what they lead to.

        Raises OutputFailed where it can be seen that it cannot be written: it is no regular file,
        or it or its directory may not be written to.
        """
        _LOG.info("reads %s", path)
        try:
            target = Path(os.path.realpath(path))
            found = target.stat() if target.exists() else None
            if found is not None and not stat.S_ISREG(found.st_mode):
                what = "a directory" if stat.S_ISDIR(found.st_mode) else "no regular file"
                raise OutputFailed(f"is {what}", where=path, hint="name the YAML file")
            if not target.parent.is_dir():
                hint = "make its directory first, or check the path; it starts here"
                raise OutputFailed("there is no directory for this file", where=path, hint=hint)
            if found is not None and not os.access(target, os.W_OK):
                raise OutputFailed("may not be written to", where=path, hint="check its mode")
            if not os.access(target.parent, os.W_OK | os.X_OK):
                hint = "a new version takes the old one's place only when it is whole"
                raise OutputFailed("its directory may not be written to", where=path, hint=hint)
            return cls(path, target, None if found is None else _content(target), found)
        except PermissionError:
            hint = "check the mode and owner of it and of its directories"
            raise OutputFailed("may not be read", where=path, hint=hint) from None
        except (OSError, ValueError):
            hint = "check the path and the disk"
            raise OutputFailed("cannot be read", where=path, hint=hint) from None

    def is_at(self, path: str) -> bool:
        """Whether a path leads to the same file."""
        return Path(os.path.realpath(path)) == self.target

    @property
    def mark(self) -> bytes:
        """The byte order mark that the file begins with, if it does."""
        return _BOM if self.content is not None and self.content.startswith(_BOM) else b""

    @property
    def source(self) -> str:
        """The text of a file that could be read, without the mark."""
        return (self.content or b"").removeprefix(_BOM).decode("utf-8")

    def write(self, content: bytes) -> None:
        """Put the new content in the place of the old one: whole, or not at all.

        Mode and, where that can be, owner stay. Raises OutputFailed, also where the file is not
        what it was any more.
        """
        try:
            if (_content(self.target) if self.target.exists() else None) != self.content:
                hint = "nothing was written; run it again"
                raise OutputFailed("somebody else changed it meanwhile", where=self.path, hint=hint)
            _LOG.info("writes %s", self.path)
            replace_whole(self.target, content, 0o666, self.found)
        except (OSError, ValueError):
            hint = (
                "it is as it was; is there room on the disk, and may its directory be written to?"
            )
            raise OutputFailed("cannot be written", where=self.path, hint=hint) from None


def _content(target: Path) -> bytes:
    return read_regular(target, MAX_STORE_BYTES)
