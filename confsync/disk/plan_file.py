"""Read and write the files of saved plans: known by their content, written whole or not at all."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from confsync.disk.read import read_regular
from confsync.disk.write import replace_whole
from confsync.errors import Declined, OutputFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"

FORMAT = "confsync_plan"
"""The first member of a saved plan; its value is the version of the format."""

MAX_BYTES = 32 * 1024 * 1024
_HEAD = 64
_BEGINNING = rb"(?:\xef\xbb\xbf)?\s*\{\s*" + f'"{FORMAT}"'.encode()


def is_plan(path: str) -> bool:
    """Whether a file begins as a saved plan does, whole or not, whatever its name. A pipe, which
    can be read only once, does not count.
    """
    try:
        return re.match(_BEGINNING, read_regular(path, _HEAD)) is not None
    except (OSError, ValueError):
        return False


def read_plan(path: str) -> dict[str, Json]:
    """The document of a saved plan. Raises Declined for one that is cut or no JSON object."""
    try:
        content = read_regular(path, MAX_BYTES)
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
        replace_whole(target, text.encode("utf-8"), 0o600, None)
    except (OSError, ValueError):
        raise _unwritable(path) from None


def _unwritable(path: str) -> OutputFailed:
    return OutputFailed(
        f"the plan cannot be saved to {path}",
        hint="name a file in a directory that may be written to, on a disk that has room",
    )


def _refuse(_: str) -> None:
    raise ValueError
