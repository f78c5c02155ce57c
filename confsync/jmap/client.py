"""Read and update an object of a server: one request each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from confsync.errors import ConfsyncError, ConnectionFailed, ConnectionLost, ServerRefused
from confsync.jmap.answers import raise_method_error, refusal, responses, the_object
from confsync.jmap.write import Credentials, authorization, update_json
from confsync.net.bare import caught
from confsync.net.http import Request
from confsync.net.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from confsync.jmap.answers import Json
    from confsync.net.http import Answer
    from confsync.net.patience import Tries
    from confsync.sync.outcome import Refusal
    from confsync.sync.secret import Vault
    from confsync.sync.values import Live, Patch

PATH = "/jmap/"
PATIENCE = Patience()
USING = ["urn:ietf:params:jmap:core", "urn:stalwart:jmap"]
_TOO_MANY = 429
_GET = {"ids": ["singleton"]}

Decode: TypeAlias = "Callable[[Mapping[str, Json]], Live]"
Calls: TypeAlias = "list[list[object]]"
T = TypeVar("T")


class Transport(Protocol):
    """What carries a request to the server and its answer back.

    `interrupted`: a signal came while a request was to be finished; nothing is tried again then.
    """

    interrupted: bool

    def post(
        self,
        path: str,
        write: Callable[[], Request],
        *,
        seconds: float | None = None,
        finish: bool = False,
    ) -> Answer:
        """Send what `write` returns, which is called just before, and read the answer, within some
        seconds; with `finish` a first interrupt does not end it.

        Raises ConnectionFailed, ConnectionLost, UnexpectedAnswer, and what `write` raises, as
        errors whose frames hold neither the request nor the answer.
        """


def _never(_: Exchange) -> bool:
    return False


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

    def __init__(
        self,
        transport: Transport,
        credentials: Credentials,
        vault: Vault,
        patience: Patience = PATIENCE,
    ) -> None:
        self._transport = transport
        self._credentials = credentials
        self._vault = vault
        self._patience = patience

    def read(self, name: str, decode: Decode) -> Live:
        """Get an object: wire section 3. One request, which is tried again where it failed on the
        way: it changes nothing.
        """
        method = f"x:{name}/get"

        def taken(answer: Answer) -> Live:
            (found,) = responses(answer, ((method, "read"),))
            return decode(the_object(found))

        tries = self._patience.tries()
        while True:
            result = self._once(lambda: [[method, _GET, "read"]], taken, tries)
            if not isinstance(result, ConfsyncError):
                return result
            lost = isinstance(result, ConnectionLost)
            if not (lost or _certainly_not_done(result)) or not self._again(result, tries):
                raise _after(result, tries)

    def update(
        self,
        name: str,
        patch: Patch,
        decode: Decode,
        *,
        not_done: Callable[[Exchange], bool] = _never,
    ) -> Exchange:
        """Send `[get, set, get]` as one request: wire sections 2 and 5.

        It is tried again only where it was certainly not sent, where the server refused to look at
        it (429), and where `not_done` says so of its answer. Errors other than ConnectionFailed,
        and a ServerRefused that is certainly not done, leave it open whether the update was stored.
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

        tries = self._patience.tries()
        while True:
            result = self._once(calls, taken, tries, finish=True)
            if isinstance(result, ConfsyncError):
                if not _certainly_not_done(result) or not self._again_unsent(result, tries):
                    raise _after(result, tries)
            elif not not_done(result) or not self._again_refused(result, tries):
                return result

    def _once(
        self,
        calls: Callable[[], Calls],
        take: Callable[[Answer], T],
        tries: Tries,
        *,
        finish: bool = False,
    ) -> T | ConfsyncError:
        def asked() -> T:
            return take(
                self._transport.post(
                    PATH, lambda: self._request(calls()), seconds=tries.left, finish=finish
                )
            )

        return caught(asked)

    def _again(self, error: ConfsyncError, tries: Tries) -> bool:
        wait = error.wait if isinstance(error, ServerRefused) else None
        return not self._transport.interrupted and tries.again(error.message, wait)

    def _again_unsent(self, error: ConfsyncError, tries: Tries) -> bool:
        """The same while an update waits: an interrupt finds it not sent."""
        try:
            return self._again(error, tries)
        except KeyboardInterrupt:
            unsent = ConnectionFailed(error.message, hint=error.hint)
            unsent.interrupted = True
            raise unsent from None

    def _again_refused(self, exchange: Exchange, tries: Tries) -> bool:
        """The same after an answer: an interrupt leaves it as the last word."""
        kind = exchange.refusal.kind if exchange.refusal is not None else ""
        try:
            reason = f"the server did not store the update ({kind})"
            return not self._transport.interrupted and tries.again(reason)
        except KeyboardInterrupt:
            return False

    def _request(self, calls: Calls) -> Request:
        body = json.dumps({"using": USING, "methodCalls": calls}, separators=(",", ":"))
        headers = {
            "Authorization": authorization(self._credentials, self._vault),
            "Content-Type": "application/json",
        }
        return Request(body.encode("ascii"), headers)


def _certainly_not_done(error: ConfsyncError) -> bool:
    """Whether the server has certainly not looked at the calls, and may do so later."""
    if isinstance(error, ConnectionFailed):
        return not error.lasting
    return isinstance(error, ServerRefused) and error.status == _TOO_MANY


def _after(error: ConfsyncError, tries: Tries) -> ConfsyncError:
    """The error of the last try, which says how many there were."""
    if tries.made > 1:
        error.message = f"{error.message} (tried {tries.made} times)"
    if isinstance(error, ServerRefused) and error.wait is not None and error.wait > tries.left:
        error.hint = f"it asks to be left alone for {error.wait:.0f} s"
    return error
