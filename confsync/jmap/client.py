"""Read and update an object of a server: one request each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from confsync.jmap.answers import raise_method_error, refusal, responses, the_object
from confsync.jmap.write import Credentials, authorization, update_json

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


class Transport(Protocol):
    """What carries a request to the server and its answer back."""

    def post(
        self, path: str, body: bytes, headers: Mapping[str, str], *, finish: bool = False
    ) -> Answer:
        """Send a body; with `finish` a first interrupt does not end it.

        Raises ConnectionFailed, ConnectionLost, UnexpectedAnswer.
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
    """A server as confsync sees it. States are decoded, and so sealed, before they leave it."""

    def __init__(self, transport: Transport, credentials: Credentials, vault: Vault) -> None:
        self._transport = transport
        self._credentials = credentials
        self._vault = vault

    def read(self, name: str, decode: Decode) -> Live:
        """Get an object: wire section 3. One request."""
        method = f"x:{name}/get"
        answer = self._post([[method, _GET, "read"]])
        (found,) = responses(answer, ((method, "read"),))
        return decode(the_object(found))

    def update(self, name: str, patch: Patch, decode: Decode) -> Exchange:
        """Send `[get, set, get]` as one request: wire sections 2 and 5.

        Errors other than ConnectionFailed, and a ServerRefused that is certainly not done, leave
        it open whether the update was stored.
        """
        get, set_ = f"x:{name}/get", f"x:{name}/set"
        change = {"update": {"singleton": update_json(patch, self._vault)}}
        answer = self._post(
            [[get, _GET, "before"], [set_, change, "set"], [get, _GET, "after"]], finish=True
        )
        calls = ((get, "before"), (set_, "set"), (get, "after"))
        before, result, after = responses(answer, calls)
        raise_method_error(before)
        return Exchange(decode(the_object(before)), refusal(result), decode(the_object(after)))

    def _post(self, calls: list[list[object]], *, finish: bool = False) -> Answer:
        body = json.dumps({"using": USING, "methodCalls": calls}, separators=(",", ":"))
        headers = {
            "Authorization": authorization(self._credentials, self._vault),
            "Content-Type": "application/json",
        }
        return self._transport.post(PATH, body.encode("ascii"), headers, finish=finish)
