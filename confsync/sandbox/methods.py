"""The JMAP methods: what a call answers (wire sections 2, 3 and 5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.sandbox import objects
from confsync.sandbox import patch_rules as rules
from confsync.sandbox.body import has_lone_surrogate
from confsync.sandbox.leaves import UnknownReference
from confsync.sandbox.patch_rules import NotUpdated, Updated
from confsync.sandbox.schema import NO_SETTINGS

if TYPE_CHECKING:
    from confsync.sandbox.fields import Json
    from confsync.sandbox.storage import Storage

AUTHENTICATE = "authenticate"
RELOAD = "actionReloadSettings"
ACT = "sysActionCreate"

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
    permissions: frozenset[str] | None
    """None for the administrator, who may do all."""

    def may(self, permission: str) -> bool:
        """True if the account has a permission."""
        return self.permissions is None or permission in self.permissions


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
    except UnknownReference:
        unknown = MethodError("invalidResultReference", "an id refers to nothing in this request")
        return ["error", unknown.answer, call.call_id]
    except OSError:
        unavailable = MethodError("serverUnavailable", "the state file cannot be written")
        return ["error", unavailable.answer, call.call_id]


def _executed(call: Call, caller: Caller, storage: Storage) -> Json:
    name, _, verb = call.name.partition("/")
    if call.name == "Core/echo":
        return call.arguments
    if call.name == "x:Action/set":
        _need(caller, ACT)
        return _act(call.arguments, caller)
    if verb in _VERBS and name in NO_SETTINGS and name.startswith("x:"):
        return _absent(call.arguments, caller)
    if verb not in _VERBS or name not in storage.schema.singletons:
        raise MethodError("unknownMethod", f"there is no method {call.name}")
    permission, execute = _VERBS[verb]
    _need(caller, storage.schema.singletons[name] + permission)
    return execute(name, call.arguments, caller, storage)


def _need(caller: Caller, permission: str) -> None:
    if not caller.may(permission):
        raise MethodError("forbidden", f"this needs the permission {permission}")


def _absent(arguments: Json, caller: Caller) -> Json:
    """Answer for an object of an account that the administrator does not have (objects.md, 1)."""
    ids = _words(arguments, "ids") or []
    if update := _members(arguments, "update"):
        return {"accountId": caller.account, "notUpdated": dict.fromkeys(update, _NOT_FOUND)}
    return {"accountId": caller.account, "list": [], "notFound": ids}


def _act(arguments: Json, caller: Caller) -> Json:
    """Take the action `ReloadSettings`: nothing is running that could reload (objects.md, 3)."""
    maps: dict[str, Json] = {}
    for key, action in _members(arguments, "create").items():
        if not isinstance(action, dict) or action.get("@type") != "ReloadSettings":
            maps.setdefault("notCreated", {})[key] = {"type": "invalidPatch", "properties": [""]}
        elif not caller.may(RELOAD):
            forbidden = {"type": "forbidden", "description": f"this needs {RELOAD}"}
            maps.setdefault("notCreated", {})[key] = forbidden
        else:
            maps.setdefault("created", {})[key] = {"id": "bvqq2qj"}
    return {"accountId": caller.account, **maps}


def _get(name: str, arguments: Json, caller: Caller, storage: Storage) -> Json:
    ids = _words(arguments, "ids")
    properties = _words(arguments, "properties")
    if ids is None:
        ids = [SINGLETON] if storage.writes(name) >= _WRITES_UNTIL_LISTED else []
    type_ = storage.schema.type(name)
    view = rules.get_view(storage.get(name), type_)
    known = {"@type", *view}
    wanted = {word for word in properties or [] if word in known or type_.is_known(word)}
    if wanted:
        view = {word: value for word, value in view.items() if word in {*wanted, "id"}}
    return {
        "accountId": caller.account,
        "list": [view for id_ in ids if id_ == SINGLETON],
        "notFound": [id_ for id_ in ids if id_ != SINGLETON],
    }


def _set(name: str, arguments: Json, caller: Caller, storage: Storage) -> Json:
    create = _members(arguments, "create")
    update = _members(arguments, "update")
    destroy = _words(arguments, "destroy") or []
    if len(create) + len(update) + len(destroy) > MOST_OBJECTS:
        raise MethodError("requestTooLarge", "too many objects")
    maps: dict[str, Json] = {}
    for key, value in create.items():
        refusal = _store(name, storage, rules.create(value, storage.schema.type(name)))
        if refusal is None:
            maps.setdefault("created", {})[key] = {"id": SINGLETON}
        else:
            maps.setdefault("notCreated", {})[key] = refusal
    for key in filter(_ID.fullmatch, update):
        refusal = _update(name, storage, update[key]) if key == SINGLETON else _NOT_FOUND
        maps.setdefault("updated" if refusal is None else "notUpdated", {})[key] = refusal
    for key in filter(_ID.fullmatch, destroy):
        maps.setdefault("notDestroyed", {})[key] = _LASTING if key == SINGLETON else _NOT_FOUND
    return {"accountId": caller.account, **maps}


def _update(name: str, storage: Storage, patch: object) -> Json | None:
    if isinstance(patch, dict) and has_lone_surrogate(patch):
        return None
    stored = storage.get(name)
    outcome = rules.update(stored, patch, storage.schema.type(name))
    if isinstance(outcome, Updated) and objects.same(outcome.stored, stored):
        return None
    return _store(name, storage, outcome)


def _store(name: str, storage: Storage, outcome: Updated | NotUpdated) -> Json | None:
    """Store what was accepted; the refusal of what was not, as the answer carries it."""
    if isinstance(outcome, Updated):
        storage.put(name, outcome.stored)
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


_VERBS = {"get": ("Get", _get), "set": ("Update", _set)}
"""Each method of a settings object, and the permission that it needs."""
