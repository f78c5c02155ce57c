"""Saved plans on a disk: known by their content, written whole or not at all."""

from __future__ import annotations

import fcntl
import json
import os
import re
import stat
from contextlib import suppress
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

from confsync.errors import Declined, OutputFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"

MAX_BYTES = 32 * 1024 * 1024
_HEAD = 64
_FRESH = ".confsync-new"


def is_plan(path: str, member: str) -> bool:
    """Whether a file is a saved plan, or what is left of one: JSON that begins with a member. What
    can be read only once, such as a pipe, is none.
    """
    file = Path(path)
    try:
        if not file.is_file():
            return False
        with file.open("rb") as opened:
            head = opened.read(_HEAD)
    except (OSError, ValueError):
        return False
    start = rb"(?:\xef\xbb\xbf)?\s*\{\s*" + re.escape(f'"{member}"').encode("ascii")
    return re.match(start, head) is not None


def read_plan(path: str) -> dict[str, Json]:
    """The document of a saved plan. Raises Declined for what is left of one."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        document: object = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse)
    except (OSError, ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        hint = "copy it again, or make the plan again"
        raise Declined("the plan cannot be read whole: it was edited or cut", hint=hint)
    return document


def write_plan(path: str, document: Mapping[str, Json]) -> None:
    """Write a plan for its owner alone (0600): the whole of it, or nothing. Raises OutputFailed.

    What was there before stays until the new one is on the disk. A run that was killed leaves a
    file beside it, which the next one takes away.
    """
    target = Path(os.path.realpath(path))
    text = json.dumps(document, separators=(",", ":")) + "\n"
    try:
        if target.exists() and not stat.S_ISREG(target.stat().st_mode):
            raise _unwritable(path)
        for left in target.parent.glob(f".{escape(target.name)}.*{_FRESH}"):
            _take_away(left)
        try:
            _replace(target, text)
        except FileNotFoundError:
            # Before it was locked another run may have taken it for one that was left over.
            _replace(target, text)
    except (OSError, ValueError):
        raise _unwritable(path) from None


def _replace(target: Path, text: str) -> None:
    fresh = target.with_name(f".{target.name}.{uuid4().hex}{_FRESH}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            with suppress(OSError):  # where there are no locks nothing is taken away either
                fcntl.flock(file, fcntl.LOCK_EX)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            fresh.replace(target)
    except BaseException:
        with suppress(OSError):
            fresh.unlink()
        raise


def _take_away(left: Path) -> None:
    """Delete a file that a killed run left over; one that is being written is locked, and stays."""
    with suppress(OSError):
        descriptor = os.open(left, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()
        finally:
            os.close(descriptor)


def _unwritable(path: str) -> OutputFailed:
    return OutputFailed(
        f"the plan cannot be saved to {path}",
        hint="name a file in a directory that may be written to, on a disk that has room",
    )


def _refuse(_: str) -> None:
    raise ValueError
