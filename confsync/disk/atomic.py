"""Files that are written whole or not at all."""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import suppress
from glob import escape
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from pathlib import Path

_FRESH = ".confsync-new"


def replace_whole(target: Path, content: bytes, mode: int, like: os.stat_result | None) -> None:
    """Put a file in the place of what is there, which stays until the new one is on the disk.

    The new file has `mode` without what the umask takes away; or with `like` the mode of another
    file, and its owner and group where that can be. Raises OSError and ValueError; nothing is left
    behind. A run that was killed leaves a file beside the target, which the next one takes away.
    """
    for left in target.parent.glob(f".{escape(target.name)}.*{_FRESH}"):
        _take_away(left)
    try:
        _replace(target, content, mode, like)
    except FileNotFoundError:
        # Before it was locked another run may have taken it for one that was left over.
        _replace(target, content, mode, like)


def _replace(target: Path, content: bytes, mode: int, like: os.stat_result | None) -> None:
    fresh = target.with_name(f".{target.name}.{uuid4().hex}{_FRESH}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            with suppress(OSError):  # where there are no locks nothing is taken away either
                fcntl.flock(file, fcntl.LOCK_EX)
            if like is not None:
                _take_over(descriptor, like)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
            fresh.replace(target)
    except BaseException:
        with suppress(OSError):
            fresh.unlink()
        raise


def _take_over(descriptor: int, status: os.stat_result) -> None:
    """Give a fresh file the owner, the group and the mode of another, as far as that is allowed."""
    for owner, group in ((-1, status.st_gid), (status.st_uid, -1)):
        with suppress(OSError):
            os.fchown(descriptor, owner, group)
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))


def _take_away(left: Path) -> None:
    """Delete a file that a killed run left over; one that is being written is locked, and stays."""
    with suppress(OSError):
        descriptor = os.open(left, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()
        finally:
            os.close(descriptor)
