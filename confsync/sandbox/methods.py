"""The JMAP methods: what a call answers (wire sections 2, 3 and 5)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.sandbox import objects
from confsync.sandbox import patch_rules as rules
from confsync.sandbox.body import has_lone_surrogate
from confsync.sandbox.fields import KNOWN_NAMES
from confsync.sandbox.objects import Json
from confsync.sandbox.patch_rules import NotUpdated, Updated

if TYPE_CHECKING:
    from confsync.sandbox.storage import Storage

AUTHENTICATE = "authenticate"
GET = "sysInMemoryStoreGet"
UPDATE = "sysInMemoryStoreUpdate"

SINGLETON = "singleton"
MOST_OBJECTS = 500

# `ids: null` finds an object only once it was stored a second time (wire section 3).
_WRITES_UNTIL_LISTED = 2
# An id of other letters vanishes from the answer of a set (wire section 5).
_ID = re.compile(r"[a-z792013]+")

_NOT_FOUND: Json = {"type": "notFound", "description": "there is no such object"}
_LASTING: Json = {"type": "singleton", "description": "a singleton cannot be destroyed"}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and what that account may do."""

    account: str
    permissions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Call:
    """One method call of a request."""

    name: str
    arguments: Json
    call_id: str


class MethodError(Exception):
    """The answer `["error", {"type", "description"}, callId]`."""

    def __init__(self, type_: str, description: str) -> None:
        super().__init__(description)
        self.answer: Json = {"type": type_, "description": description}


def answer(call: Call, caller: Caller, storage: Storage) -> list[object]:
    """Execute a call. One that fails answers so, and does not stop the next.

    Raises `rules.Dropped` where the server closes the connection instead.
    """
    try:
        with storage.alone():
            return [call.name, _executed(call, caller, storage), call.call_id]
    except MethodError as error:
        return ["error", error.answer, call.call_id]
    except OSError:
        unavailable = MethodError("serverUnavailable", "the state file cannot be written")
        return ["error", unavailable.answer, call.call_id]


def _executed(call: Call, caller: Caller, storage: Storage) -> Json:
    if call.name not in _METHODS:
        raise MethodError("unknownMethod", f"there is no method {call.name}")
    needed, execute = _METHODS[call.name]
    if needed is not None and needed not in caller.permissions:
        raise MethodError("forbidden", f"this needs the permission {needed}")
    return execute(call.arguments, caller, storage)


def _get(arguments: Json, caller: Caller, storage: Storage) -> Json:
    ids = _words(arguments, "ids")
    properties = _words(arguments, "properties")
    if ids is None:
        ids = [SINGLETON] if storage.writes >= _WRITES_UNTIL_LISTED else []
    view = rules.get_view(storage.stored)
    wanted = {*(properties or [])} & {"@type", *KNOWN_NAMES, *view}
    if wanted:
        view = {name: value for name, value in view.items() if name in {*wanted, "id"}}
    return {
        "accountId": caller.account,
        "list": [view for id_ in ids if id_ == SINGLETON],
        "notFound": [id_ for id_ in ids if id_ != SINGLETON],
    }


def _set(arguments: Json, caller: Caller, storage: Storage) -> Json:
    create = _members(arguments, "create")
    update = _members(arguments, "update")
    destroy = _words(arguments, "destroy") or []
    if len(create) + len(update) + len(destroy) > MOST_OBJECTS:
        raise MethodError("requestTooLarge", "too many objects")
    maps: dict[str, Json] = {}
    for key, value in create.items():
        refusal = _store(storage, rules.create(value))
        if refusal is None:
            maps.setdefault("created", {})[key] = {"id": SINGLETON}
        else:
            maps.setdefault("notCreated", {})[key] = refusal
    for key in filter(_ID.fullmatch, update):
        refusal = _update(storage, update[key]) if key == SINGLETON else _NOT_FOUND
        maps.setdefault("updated" if refusal is None else "notUpdated", {})[key] = refusal
    for key in filter(_ID.fullmatch, destroy):
        maps.setdefault("notDestroyed", {})[key] = _LASTING if key == SINGLETON else _NOT_FOUND
    return {"accountId": caller.account, **maps}


def _update(storage: Storage, patch: object) -> Json | None:
    if isinstance(patch, dict) and has_lone_surrogate(patch):
        return None
    outcome = rules.update(storage.stored, patch)
    if isinstance(outcome, Updated) and objects.same(outcome.stored, storage.stored):
        return None
    return _store(storage, outcome)


def _store(storage: Storage, outcome: Updated | NotUpdated) -> Json | None:
    """Store what was accepted; the refusal of what was not, as the answer carries it."""
    if isinstance(outcome, Updated):
        storage.stored = outcome.stored
        return None
    refusal: Json = {"type": outcome.type}
    if outcome.properties:
        refusal["description"] = "a name or a value that this object cannot hold"
        refusal["properties"] = list(outcome.properties)
    if outcome.validation_errors:
        refusal["validationErrors"] = list(outcome.validation_errors)
    return refusal


def _words(arguments: Json, name: str) -> list[str] | None:
    value = arguments.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise MethodError("invalidArguments", f"{name} is a list of strings")
    if len(value) > MOST_OBJECTS:
        raise MethodError("requestTooLarge", f"more than {MOST_OBJECTS} {name}")
    return value


def _members(arguments: Json, name: str) -> Json:
    value = {} if arguments.get(name) is None else arguments[name]
    if not isinstance(value, dict):
        raise MethodError("invalidArguments", f"{name} is an object")
    return value


Method = Callable[[Json, Caller, "Storage"], Json]
_METHODS: dict[str, tuple[str | None, Method]] = {
    "Core/echo": (None, lambda arguments, *_: arguments),
    "x:InMemoryStore/get": (GET, _get),
    "x:InMemoryStore/set": (UPDATE, _set),
}
