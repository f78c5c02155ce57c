"""Put a new content into a file that is there: the whole of it, or nothing."""

from __future__ import annotations

import logging
import os
import stat
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp

from confsync.errors import OutputFailed

_LOG = logging.getLogger("confsync.files")


def save(path: str, content: bytes) -> None:
    """Replace what is in a file at once; nobody ever sees a part of it. Raises OutputFailed.

    Mode and owner stay, the owner as far as this user may give files away. Of a symlink the file
    that it leads to is replaced. A file that may not be written to, or is none (a pipe, a device),
    is left alone.
    """
    _LOG.info("writes %s", path)
    try:
        target = Path(path).resolve(strict=True)
        status = target.stat()
        if not stat.S_ISREG(status.st_mode) or not os.access(target, os.W_OK):
            raise _unwritable()
        descriptor, fresh = mkstemp(prefix=".confsync-", dir=target.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                _take_over(descriptor, status)
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            Path(fresh).replace(target)
        except BaseException:
            with suppress(OSError):
                Path(fresh).unlink()
            raise
    except (OSError, ValueError):
        raise _unwritable() from None


def _take_over(descriptor: int, status: os.stat_result) -> None:
    """Give a fresh file the owner, the group and the mode of another, as far as that is allowed."""
    for owner, group in ((-1, status.st_gid), (status.st_uid, -1)):
        with suppress(OSError):
            os.fchown(descriptor, owner, group)
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))


def _unwritable() -> OutputFailed:
    return OutputFailed(
        "may not be written",
        hint="check the mode and owner of the file and its directory, and that the disk has room",
    )
