"""Read and update an object of a server: one request each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from confsync.errors import ConfsyncError
from confsync.jmap.answers import raise_method_error, refusal, responses, the_object
from confsync.jmap.write import Credentials, authorization, update_json
from confsync.net.bare import caught
from confsync.net.http import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from confsync.jmap.answers import Json
    from confsync.net.http import Answer
    from confsync.sync.outcome import Refusal
    from confsync.sync.secret import Vault
    from confsync.sync.values import Live, Patch

PATH = "/jmap/"
USING = ["urn:ietf:params:jmap:core", "urn:stalwart:jmap"]
_GET = {"ids": ["singleton"]}

Decode: TypeAlias = "Callable[[Mapping[str, Json]], Live]"
Calls: TypeAlias = "list[list[object]]"
T = TypeVar("T")


class Transport(Protocol):
    """What carries a request to the server and its answer back."""

    def post(self, path: str, write: Callable[[], Request], *, finish: bool = False) -> Answer:
        """Send what `write` returns, which is called just before; with `finish` a first interrupt
        does not end it.

        Raises ConnectionFailed, ConnectionLost, UnexpectedAnswer, and what `write` raises, as
        errors whose frames hold neither the request nor the answer.
        """


@dataclass(frozen=True)
class Exchange:
    """What an update's one request brought: the state before, the server's word, the state after.

    `refusal` None: the server says that it stored the update.
    """

    before: Live
    refusal: Refusal | None
    after: Live


class Client:
    """A server as confsync sees it. States are decoded, and so sealed, before they leave it.

    Secrets are opened while the request is written, in the thread that sends it. No frame of an
    error that leaves here holds a request or an answer.
    """

    def __init__(self, transport: Transport, credentials: Credentials, vault: Vault) -> None:
        self._transport = transport
        self._credentials = credentials
        self._vault = vault

    def read(self, name: str, decode: Decode) -> Live:
        """Get an object: wire section 3. One request."""
        method = f"x:{name}/get"

        def taken(answer: Answer) -> Live:
            (found,) = responses(answer, ((method, "read"),))
            return decode(the_object(found))

        return self._ask(lambda: [[method, _GET, "read"]], taken)

    def update(self, name: str, patch: Patch, decode: Decode) -> Exchange:
        """Send `[get, set, get]` as one request: wire sections 2 and 5.

        Errors other than ConnectionFailed, and a ServerRefused that is certainly not done, leave
        it open whether the update was stored.
        """
        get, set_ = f"x:{name}/get", f"x:{name}/set"

        def calls() -> Calls:
            change = {"update": {"singleton": update_json(patch, self._vault)}}
            return [[get, _GET, "before"], [set_, change, "set"], [get, _GET, "after"]]

        def taken(answer: Answer) -> Exchange:
            ids = ((get, "before"), (set_, "set"), (get, "after"))
            before, result, after = responses(answer, ids)
            raise_method_error(before)
            return Exchange(decode(the_object(before)), refusal(result), decode(the_object(after)))

        return self._ask(calls, taken, finish=True)

    def _ask(
        self, calls: Callable[[], Calls], take: Callable[[Answer], T], *, finish: bool = False
    ) -> T:
        def asked() -> T:
            return take(self._transport.post(PATH, lambda: self._request(calls()), finish=finish))

        result = caught(asked)
        if isinstance(result, ConfsyncError):
            raise result
        return result

    def _request(self, calls: Calls) -> Request:
        body = json.dumps({"using": USING, "methodCalls": calls}, separators=(",", ":"))
        headers = {
            "Authorization": authorization(self._credentials, self._vault),
            "Content-Type": "application/json",
        }
        return Request(body.encode("ascii"), headers)
