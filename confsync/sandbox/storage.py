"""The stored objects, in memory or in a file that is whole at any moment."""

from __future__ import annotations

import copy
import json
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from confsync.sandbox import patch_rules as rules
from confsync.sandbox.schema import IN_MEMORY_STORE, builtin

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from confsync.sandbox.fields import Json, Type
    from confsync.sandbox.schema import Schema


DATA_PATH = "/var/lib/stalwart"
"""Where the data of a fresh server is: `x:DataStore` is read from its config file."""


class Storage:
    """The stored objects by name, like `x:Http`, and how often each was stored.

    With a file, a change is on the disk before anyone sees it: written beside the file, synced and
    renamed over it, readable by its owner alone. One server a file.
    """

    def __init__(
        self, path: Path | None, initial: object | None, schema: Schema | None = None
    ) -> None:
        """Take up what the file holds; else `initial`, the in-memory store's values; else nothing.

        Raises `ValueError` for a file or an `initial` that is no stored object, `OSError` for a
        file that cannot be read or written.
        """
        self.schema = schema or builtin()
        self._lock = threading.RLock()
        self._path = path
        self._stored: dict[str, Json] = {}
        self._writes: dict[str, int] = {}
        if path is not None and path.exists():
            self._stored, self._writes = _loaded(path, self.schema)
        elif initial is not None:
            of = self.schema.type(IN_MEMORY_STORE)
            outcome = rules.create(initial, of) if isinstance(initial, dict) else None
            if not isinstance(outcome, rules.Updated):
                raise ValueError("initial is no object that the server would store")
            self.stored = outcome.stored

    def get(self, name: str) -> Json:
        """Return a stored object, or the defaults. It must not be changed."""
        if name in self._stored:
            return self._stored[name]
        made = rules.defaults(of=self.schema.type(name))
        return made | {"path": DATA_PATH} if name == "x:DataStore" and "path" in made else made

    def put(self, name: str, stored: Json) -> None:
        """Store an object. It must not be changed afterwards."""
        with self._lock:
            objects = {**self._stored, name: stored}
            writes = {**self._writes, name: self.writes(name) + 1}
            if self._path is not None:
                _save(self._path, objects, writes)
            self._stored, self._writes = objects, writes

    def writes(self, name: str) -> int:
        """Say how often an object was stored."""
        return self._writes.get(name, 0)

    @property
    def stored(self) -> Json:
        """The in-memory store. The rules of `get` and `put` apply."""
        return self.get(IN_MEMORY_STORE)

    @stored.setter
    def stored(self, stored: Json) -> None:
        self.put(IN_MEMORY_STORE, stored)

    def alone(self) -> AbstractContextManager[object]:
        """Nobody else reads or writes meanwhile."""
        return self._lock


def raw(value: object, of: Type | None = None) -> Json:
    """Take a stored object from outside; raises `ValueError` for one without a needed `@type`.

    What is missing is completed with defaults. The rest is taken as it is, even where the server
    would never make it, so that a newer one can be played.
    """
    type_ = of or builtin().type(IN_MEMORY_STORE)
    if isinstance(value, dict) and (not type_.has_variants or isinstance(value.get("@type"), str)):
        outcome = rules.create(value, type_)
        if isinstance(outcome, rules.Updated):
            return outcome.stored
        known = type_.fields(value)
        made = rules.defaults(value.get("@type"), type_) if known else {}
        return {**made, **copy.deepcopy(value)}
    raise ValueError("a stored object is an object with an @type")


def _loaded(path: Path, schema: Schema) -> tuple[dict[str, Json], dict[str, int]]:
    with suppress(ValueError, TypeError, LookupError, AttributeError):
        # A pipe would never end.
        content = json.loads(path.read_bytes()) if path.is_file() else {}
        stored, writes = content["stored"], content["writes"]
        if isinstance(writes, int):  # of one object, as confsync wrote it before issue 18
            stored, writes = {IN_MEMORY_STORE: stored}, {IN_MEMORY_STORE: writes}
        return (
            {name: raw(value, schema.type(name)) for name, value in stored.items()},
            {name: int(number) for name, number in writes.items()},
        )
    raise ValueError(f"{path}: no state of a sandbox")


def _save(path: Path, stored: dict[str, Json], writes: dict[str, int]) -> None:
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
