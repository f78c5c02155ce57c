"""Write files whole or not at all, and append to the audit file, each line whole.

The audit path `-` is standard error, which is never read.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

from confsync.disk.read import MAX_STORE_BYTES, STANDARD_ERROR, audit_failed, read_regular
from confsync.errors import OutputFailed
from confsync.sync.scrub import without_brackets, without_commands

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Self

_LOG = logging.getLogger("confsync.files")
_FRESH = ".confsync-new"
_BOM = b"\xef\xbb\xbf"

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


def replace_whole(target: Path, content: bytes, mode: int, like: os.stat_result | None) -> None:
    """Replace a file at once: the old one stays until the new one is on the disk.

    The new file has `mode`, less the umask; with `like` it has that file's mode and, if allowed,
    its owner and group. Raises OSError and ValueError and leaves nothing behind. A killed run
    leaves a file beside the target, which the next run deletes.
    """
    for left in target.parent.glob(f".{escape(target.name)}.*{_FRESH}"):
        _delete_leftover(left)
    try:
        _replace(target, content, mode, like)
    except FileNotFoundError:
        # Another run may have deleted it as a leftover before it was locked.
        _replace(target, content, mode, like)


def _replace(target: Path, content: bytes, mode: int, like: os.stat_result | None) -> None:
    fresh = target.with_name(f".{target.name}.{uuid4().hex}{_FRESH}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            with suppress(OSError):  # without locks no leftover is deleted either
                fcntl.flock(file, fcntl.LOCK_EX)
            if like is not None:
                for owner, group in ((-1, like.st_gid), (like.st_uid, -1)):
                    with suppress(OSError):
                        os.fchown(descriptor, owner, group)
                os.fchmod(descriptor, stat.S_IMODE(like.st_mode))
            file.write(content)
            file.flush()
            os.fsync(descriptor)
            fresh.replace(target)
    except BaseException:
        with suppress(OSError):
            fresh.unlink()
        raise


def _delete_leftover(left: Path) -> None:
    """Delete the file of a killed run. A file that is still being written is locked, and stays."""
    with suppress(OSError):
        descriptor = os.open(left, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()
        finally:
            os.close(descriptor)


def save(path: str, content: bytes) -> None:
    """Replace the content of an existing regular file at once. Raises OutputFailed.

    Mode and, if allowed, owner stay. A symlink is followed.
    """
    _LOG.info("writes %s", path)
    try:
        target = Path(path).resolve(strict=True)
        status = target.stat()
        if not stat.S_ISREG(status.st_mode) or not os.access(target, os.W_OK):
            raise PermissionError
        replace_whole(target, content, 0o600, status)
    except (OSError, ValueError):
        hint = "check owner and mode of the file and its directory, and the disk space"
        raise OutputFailed("cannot be written", hint=hint) from None


def append_lines(path: str, render: Callable[[int], str]) -> None:
    """Append lines to a regular file, which may not be there yet; a line that another program has
    not ended is ended first. `render`: the lines, for the size of the file. Raises OSError.
    """
    _LOG.info("appends to %s", path)
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o666), "r+b", buffering=0) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise PermissionError
        last = os.pread(file.fileno(), 1, status.st_size - 1) if status.st_size else b""
        gap = "" if last in {b"", b"\n"} else "\n"
        if text := without_commands(render(status.st_size + len(gap))):
            file.write((gap + text).encode())


def write_plan(path: str, document: Mapping[str, Json]) -> None:
    """Write a saved plan, like `write_private`."""
    text = json.dumps(document, separators=(",", ":")) + "\n"
    write_private(path, text, f"the plan cannot be saved to {path}")


def write_backup(path: str, text: str, *, again: bool = False) -> None:
    """Write a file to go back with, whole, for its owner alone (0600). Raises OutputFailed, also
    for a file that was not written before in this run and has other content.
    """
    before, content = b"", text.encode("utf-8")
    with suppress(OSError, ValueError):
        before = read_regular(path, len(content))
    if before not in {b"", content} and not again:
        fact = f"--backup: {path} exists, and may be the backup of another apply"
        raise OutputFailed(fact, hint="use another file, or remove this one")
    write_private(path, text, f"--backup: {path} cannot be written")


def write_private(path: str, text: str, failure: str) -> None:
    """Write a file, whole, for its owner alone (0600). Raises OutputFailed with `failure`."""
    _LOG.info("writes %s", path)
    target = Path(os.path.realpath(path))
    try:
        if target.exists() and not target.is_file():
            raise PermissionError
        replace_whole(target, text.encode("utf-8"), 0o600, None)
    except (OSError, ValueError):
        hint = "use a file in a writable directory, on a disk with space"
        raise OutputFailed(failure, hint=hint) from None


def write_whole(path: str, text: str, failure: str) -> None:
    """Write a file, whole, for all that the umask allows; an existing one keeps its mode. Links are
    followed. Raises OutputFailed with `failure`.
    """
    _LOG.info("writes %s", path)
    target = Path(os.path.realpath(path))
    try:
        like = target.stat() if target.exists() else None
        if like is not None and not stat.S_ISREG(like.st_mode):
            raise PermissionError
        replace_whole(target, text.encode("utf-8"), 0o666, like)
    except (OSError, ValueError):
        hint = "use a file in a writable directory, on a disk with space"
        raise OutputFailed(failure, hint=hint) from None


@dataclass(frozen=True)
class StoreFile:
    """A store file to rewrite or create. `path` is its name as given; `content` and `found` are
    None if it does not exist.
    """

    path: str
    target: Path = field(repr=False)
    content: bytes | None = field(repr=False)
    found: os.stat_result | None = field(repr=False)

    @classmethod
    def at(cls, path: str) -> Self:
        """Read a file that will be written. Links are followed.

        Raises OutputFailed if it cannot be read, is not a regular file, or if it or its directory
        is not writable.
        """
        _LOG.info("reads %s", path)
        try:
            target = Path(os.path.realpath(path))
            found = target.stat() if target.exists() else None
            if found is not None and not stat.S_ISREG(found.st_mode):
                what = "a directory" if stat.S_ISDIR(found.st_mode) else "not a regular file"
                raise OutputFailed(f"is {what}", where=path, hint="use the YAML file")
            if not target.parent.is_dir():
                made = Path(path).parent
                hint = f"create the directory {made}, or check the path"
                if not made.is_absolute():
                    hint += " (relative to the current directory)"
                raise OutputFailed("its directory does not exist", where=path, hint=hint)
            if found is not None and not os.access(target, os.W_OK):
                raise OutputFailed("is not writable", where=path, hint="check its owner and mode")
            if not os.access(target.parent, os.W_OK | os.X_OK):
                hint = "make it writable: confsync replaces the file there"
                raise OutputFailed("its directory is not writable", where=path, hint=hint)
            content = None if found is None else read_regular(target, MAX_STORE_BYTES)
            return cls(path, target, content, found)
        except PermissionError:
            hint = "check owner and mode of the file and its directories"
            raise OutputFailed("permission denied", where=path, hint=hint) from None
        except (OSError, ValueError):
            hint = "check the path and the disk"
            raise OutputFailed("cannot be read", where=path, hint=hint) from None

    @property
    def mark(self) -> bytes:
        """The byte order mark at the file's start, or empty."""
        return _BOM if (self.content or b"").startswith(_BOM) else b""

    @property
    def source(self) -> str:
        """The text of a readable file, without the byte order mark."""
        return (self.content or b"").removeprefix(_BOM).decode("utf-8")

    def write(self, content: bytes) -> None:
        """Replace the file at once. Mode and, if allowed, owner stay.

        Raises OutputFailed, also if the file has changed since it was read.
        """
        try:
            now = read_regular(self.target, MAX_STORE_BYTES) if self.target.exists() else None
            if now != self.content:
                fact = "another process changed it meanwhile"
                raise OutputFailed(fact, where=self.path, hint="nothing was written; run it again")
            _LOG.info("writes %s", self.path)
            replace_whole(self.target, content, 0o666, self.found)
        except (OSError, ValueError):
            hint = "it is unchanged; check the disk space and the mode of its directory"
            raise OutputFailed("cannot be written", where=self.path, hint=hint) from None


def append_audit(path: str, record: Mapping[str, Json] | None) -> None:
    """Append a record as one line, in one write, and wait until it is on the disk. With None, only
    find out if that is possible. A missing file is created, for its owner alone (0600).

    Raises OutputFailed.
    """
    text = "" if record is None else json.dumps(record, separators=(",", ":")) + "\n"
    line = without_brackets(text, "\\u0023").encode("ascii")
    try:
        if path == STANDARD_ERROR:
            os.fstat(2)
            while line:
                line = line[os.write(2, line) :]
            return
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK
        descriptor = os.open(path, flags, 0o600)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise PermissionError
            if line:
                if status.st_size and os.pread(descriptor, 1, status.st_size - 1) != b"\n":
                    line = b"\n" + line  # the last line was cut off
                if os.write(descriptor, line) != len(line):
                    raise BlockingIOError
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except (OSError, ValueError):
        raise audit_failed(path) from None
