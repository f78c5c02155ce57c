"""The stored object, in memory or in a file that is whole at any moment."""

from __future__ import annotations

import copy
import json
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from confsync.sandbox import patch_rules as rules
from confsync.sandbox.fields import IN_MEMORY_STORE

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from confsync.sandbox.objects import Json


class Storage:
    """The stored object, and how often one was stored: `writes`.

    With a file, a change is on the disk before anyone sees it: written beside the file, synced and
    renamed over it, readable by its owner alone. One server a file.
    """

    def __init__(self, path: Path | None, initial: object | None) -> None:
        """Take up what the file holds; else `initial`, defaults plus these values; else nothing.

        Raises `ValueError` for a file or an `initial` that is no stored object, `OSError` for a
        file that cannot be read or written.
        """
        self._lock = threading.RLock()
        self._path = path
        self._stored: Json = rules.defaults("Default")
        self.writes = 0
        if path is not None and path.exists():
            self._stored, self.writes = _loaded(path)
        elif initial is not None:
            outcome = rules.create(initial) if isinstance(initial, dict) else None
            if not isinstance(outcome, rules.Updated):
                raise ValueError("initial is no object that the server would store")
            self.stored = outcome.stored

    @property
    def stored(self) -> Json:
        """The stored object. What is set must not be changed afterwards."""
        return self._stored

    @stored.setter
    def stored(self, stored: Json) -> None:
        with self._lock:
            if self._path is not None:
                _save(self._path, stored, self.writes + 1)
            self._stored, self.writes = stored, self.writes + 1

    def alone(self) -> AbstractContextManager[object]:
        """Nobody else reads or writes meanwhile."""
        return self._lock


def raw(value: object) -> Json:
    """Take a stored object from outside; raises `ValueError` for what has no `@type`.

    What is missing is completed with defaults. The rest is taken as it is, even where the server
    would never make it, so that a newer one can be played.
    """
    if isinstance(value, dict) and isinstance(value.get("@type"), str):
        outcome = rules.create(value)
        if isinstance(outcome, rules.Updated):
            return outcome.stored
        known = value["@type"] in IN_MEMORY_STORE
        return {**(rules.defaults(value["@type"]) if known else {}), **copy.deepcopy(value)}
    raise ValueError("a stored object is an object with an @type")


def _loaded(path: Path) -> tuple[Json, int]:
    with suppress(ValueError, TypeError, LookupError):
        # A pipe would never end.
        content = json.loads(path.read_bytes()) if path.is_file() else {}
        stored, writes = content["stored"], content["writes"]
        if isinstance(writes, int):
            return raw(stored), writes
    raise ValueError(f"{path}: no state of a sandbox")


def _save(path: Path, stored: Json, writes: int) -> None:
    content = json.dumps({"stored": stored, "writes": writes}, indent=2) + "\n"
    beside = path.with_name(f".{path.name}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with os.fdopen(os.open(beside, flags, 0o600), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
