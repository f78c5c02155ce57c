"""What carries requests to the sandbox's rules without a socket, and what can go wrong on the way.

Its log says what the server did: that is what became of an apply, whatever anybody says.
"""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from confsync.errors import ConnectionFailed, ConnectionLost
from confsync.net.http import Answer
from confsync.sandbox import body as json_of
from confsync.sandbox.accounts import Accounts
from confsync.sandbox.site import Question, Site

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from confsync.net.http import Request
    from confsync.sandbox.storage import Storage
    from tests.endurance.states import Json

KEY = "API_key"

Fault: TypeAlias = Literal[
    "fine",
    "unsent",
    "too many",
    "unavailable",
    "lost before",
    "lost after",
    "garbage after",
    "503 before",
    "503 after",
    "refused",
    "unavailable after",
    "no effect",
    "interrupt before",
    "interrupt after",
]
FAULTS: tuple[Fault, ...] = get_args(Fault)
DROPPED = {"lost before", "lost after"}
"""The connection breaks."""
UNANSWERED = {*DROPPED, "garbage after", "503 before", "503 after"}
"""No word on what became of the calls."""
NOT_LOOKED_AT = {"unsent", "too many"}
UNDONE = {*NOT_LOOKED_AT, "unavailable", "lost before", "503 before", "refused", "no effect"}
UNDONE |= {"interrupt before"}
"""The server does not do what it is asked."""


@dataclass
class Arrival:
    """A request: what went wrong with it, and the server around it. States are in clear.

    `before` and `after` are what its first and its last get saw; `done`: an update was executed.
    """

    fault: Fault
    before: Json
    after: Json = field(default_factory=dict)
    patch: Json | None = None
    done: bool = False


class Wire:
    """A transport. `faults` are those of its requests, one after the other, all fine after them.

    `foreign` changes the server: by the number of the request before which it comes, or `inside`
    an update before its set, or `behind` that set.
    """

    def __init__(
        self,
        storage: Storage,
        faults: tuple[Fault, ...] = (),
        foreign: Mapping[int | str, Callable[[], None]] | None = None,
    ) -> None:
        permissions = frozenset({"authenticate", "sysInMemoryStoreGet", "sysInMemoryStoreUpdate"})
        self._site = Site(storage, Accounts({KEY: permissions}), "enterprise")
        self._storage = storage
        self._faults = faults
        self._foreign = foreign or {}
        self.interrupted = False
        self.log: list[Arrival] = []

    @property
    def disturbed(self) -> bool:
        """Whether somebody else may change the server meanwhile."""
        return bool(self._foreign)

    def hurry(self) -> None:
        """Nobody interrupts these."""

    def get(
        self, path: str, write: Callable[[], Request], *, seconds: float | None = None
    ) -> Answer:
        """Carry a question about the server itself: nothing goes wrong, and it is not logged."""
        del seconds
        headers = {name.lower(): value for name, value in write().headers.items()}
        answer = self._site.answer(Question("GET", path, headers, b""))
        return Answer(answer.status, {}, answer.body)

    def post(
        self, path: str, write: Callable[[], Request], *, seconds: float | None = None
    ) -> Answer:
        """Carry a request, or fail as its fault says."""
        del seconds
        number = len(self.log)
        self._change(number)
        fault = self._faults[number] if number < len(self._faults) else "fine"
        arrival = Arrival(fault, self._now(), self._now())
        self.log.append(arrival)
        if fault == "unsent":
            raise ConnectionFailed("cannot connect")
        request = write()
        if fault.startswith("interrupt") and (b"/set" in request.body or self._updated()):
            # No signal reaches the thread that carries an update and the reading after it.
            arrival.fault = "lost before" if fault == "interrupt before" else "lost after"
        headers = {name.lower(): value for name, value in request.headers.items()}
        responses = []
        for name, arguments, key in json_of.read(request.body)["methodCalls"]:  # type: ignore[index]  # our own
            call = json.dumps({"using": [], "methodCalls": [[name, arguments, key]]}).encode()
            if name.endswith("/set"):
                arrival.patch = arguments["update"]["singleton"]
                self._change("inside")
                responses.append(self._set(arrival, Question("POST", path, headers, call), key))
                self._change("behind")
            else:
                answer = self._site.answer(Question("POST", path, headers, call))
                responses += json.loads(answer.body)["methodResponses"]
        arrival.after = self._now()
        return _answer(arrival.fault, responses, reading=arrival.patch is None)

    def _updated(self) -> bool:
        return any(arrival.patch is not None for arrival in self.log)

    def _set(self, arrival: Arrival, question: Question, key: str) -> list[Any]:
        response: list[Any] = []
        if arrival.fault not in UNDONE:
            (response,) = json.loads(self._site.answer(question).body)["methodResponses"]
            arrival.done = response[1].get("updated") == {"singleton": None}
            if not arrival.done and arrival.fault == "fine":
                arrival.fault = "refused"  # by the server: somebody made another object of it
        match arrival.fault:
            case "unavailable" | "unavailable after":
                return ["error", {"type": "serverUnavailable"}, key]
            case "refused":
                refusal = {"singleton": {"type": "invalidPatch", "properties": ["timeout"]}}
                return ["x:InMemoryStore/set", {"notUpdated": refusal}, key]
            case "no effect":
                return ["x:InMemoryStore/set", {"updated": {"singleton": None}}, key]
            case _:
                return response

    def _change(self, when: int | str) -> None:
        if when in self._foreign:
            self._foreign[when]()

    def _now(self) -> Json:
        return deepcopy(self._storage.stored)


def _answer(fault: Fault, responses: list[Any], *, reading: bool) -> Answer:
    match fault:
        case "lost before" | "lost after":
            raise ConnectionLost("the connection broke")
        case "interrupt before" | "interrupt after":
            raise KeyboardInterrupt
        case "too many":
            return Answer(429, {"retry-after": "1"}, b"{}")
        case "503 before" | "503 after":
            return Answer(503, {}, b"{}")
        case "garbage after":
            return Answer(200, {}, b"{")
        case "unavailable" | "unavailable after" if reading:
            responses = [["error", {"type": "serverUnavailable"}, "read"]]
        case _:
            pass
    body = {"methodResponses": responses, "sessionState": "s"}
    return Answer(200, {}, json.dumps(body).encode())
