"""Put a new content into a file that is there: the whole of it, or nothing."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

from confsync.disk.atomic import replace_whole
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
        replace_whole(target, content, 0o600, status)
    except (OSError, ValueError):
        raise _unwritable() from None


def _unwritable() -> OutputFailed:
    return OutputFailed(
        "may not be written",
        hint="check the mode and owner of the file and its directory, and that the disk has room",
    )
