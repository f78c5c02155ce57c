"""Read and update an object of a server: one request each, tried again under limits."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from confsync.errors import (
    ConfsyncError,
    ConnectionFailed,
    ConnectionLost,
    ServerRefused,
    UnexpectedAnswer,
)
from confsync.guard import alone, caught
from confsync.jmap.answers import (
    ACTION,
    RELOAD,
    SINGLETON,
    account_of,
    is_stalwart,
    raise_method_error,
    raise_missing_permissions,
    refusal,
    reload_end,
    responses,
    the_object,
)
from confsync.jmap.write import Credentials, authorization, update_json
from confsync.net.http import SECONDS, Request
from confsync.sync.values import Live

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from confsync.jmap.answers import Account, Json
    from confsync.kinds.table_file import Version
    from confsync.net.http import Answer, Write
    from confsync.sync.outcome import Refusal, Reload
    from confsync.sync.secret import Vault
    from confsync.sync.values import Patch

PATH = "/jmap/"
ACCOUNT = "/api/account"
SESSION = "/jmap/session"
SCHEMA = "/api/schema"
USING = ["urn:ietf:params:jmap:core", "urn:stalwart:jmap"]
_GET = {"ids": [SINGLETON]}
_MOST_CALLS = 16
_TOLD_TOGETHER = {"forbidden", "unknownMethod"}

Decode: TypeAlias = "Callable[[Mapping[str, Json]], Live]"
Calls: TypeAlias = "list[list[object]]"
T = TypeVar("T")

RETRIES = 3
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 8.0
_LEAST = 2.0
"""Seconds that a try must have left, or a quarter of all if that is less."""


def silent(_: str) -> None:
    """Ignore a line about a wait."""


@dataclass(frozen=True)
class Patience:
    """Limits of one request: `seconds` for all tries and waits, `retries` after the first try.

    `tell` gets a line for each wait. `clock` and `sleep` are in seconds, `chance` is from 0 to 1.
    """

    seconds: float = SECONDS
    retries: int = RETRIES
    tell: Callable[[str], None] = silent
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


class Tries:
    """The tries of one request that begins now. `made`: their number, this one included."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._end = patience.clock() + patience.seconds
        self.made = 1

    @property
    def left(self) -> float:
        """The seconds that are left for this try."""
        return max(0.0, self._end - self._patience.clock())

    def again(self, reason: str, asked: float | None = None) -> bool:
        """Tell the reason and wait. False, at once, if no try or too little time is left.

        `asked`: seconds that the server wants. Other waits double, with jitter.
        """
        patience, jitter = self._patience, self._patience.chance()
        longest: float = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (self.made - 1))
        wait = longest * (1 + jitter) / 2 if asked is None else asked + jitter / 2
        if self.made > patience.retries or wait + min(_LEAST, patience.seconds / 4) > self.left:
            return False
        patience.tell(f"{reason}; trying again in {wait:.1f} s ({self.made} of {patience.retries})")
        patience.sleep(wait)
        self.made += 1
        return True


class Transport(Protocol):
    """Carries requests to a server, and answers back: see `net.http.Connection`."""

    @property
    def interrupted(self) -> bool:
        """True after `hurry`: nothing is tried again then."""

    def hurry(self) -> None:
        """Give each request only a few seconds more."""

    def post(self, path: str, write: Write, *, seconds: float | None = None) -> Answer:
        """Send the result of `write`, which is called just before, and read the answer."""

    def get(self, path: str, write: Write, *, seconds: float | None = None) -> Answer:
        """Like `post`, with GET."""


@dataclass(frozen=True)
class Exchange:
    """The answer to an update: the state before, the refusal or None, the state after."""

    before: Live
    refusal: Refusal | None
    after: Live


@dataclass(frozen=True, repr=False)
class Client:
    """Reads and updates objects of a server, and decodes their states.

    Secrets are opened in the thread that sends. No frame of an error holds a request or an answer.
    """

    transport: Transport
    credentials: Credentials
    vault: Vault
    patience: Patience = Patience()

    def read(self, name: str, decode: Decode) -> Live:
        """Get an object: wire section 3. One request, tried again if it failed on the way."""
        method = f"x:{name}/get"

        def taken(answer: Answer) -> Live:
            (found,) = responses(answer, ((method, "read"),))
            return decode(the_object(found))

        return self._reading(self._posting(lambda: [[method, _GET, "read"]]), taken)

    def read_all(self, wanted: Mapping[str, Decode]) -> dict[str, Live]:
        """Get several objects, 16 in a request: docs/development/objects.md, section 1.

        Objects that the server does not know are left out. Raises one ServerRefused for all missing
        permissions.
        """
        names = [*wanted]
        found: dict[str, Live | Mapping[str, Json]] = {}
        for start in range(0, len(names), _MOST_CALLS):
            some = names[start : start + _MOST_CALLS]
            methods = tuple((f"x:{name}/get", name) for name in some)

            def taken(
                answer: Answer, methods: tuple[tuple[str, str], ...] = methods
            ) -> dict[str, Live | Mapping[str, Json]]:
                got = responses(answer, methods)
                together = {
                    name: one
                    for (_, name), one in zip(methods, got, strict=True)
                    if one.get("error") in _TOLD_TOGETHER
                }
                return {
                    name: together.get(name) or wanted[name](the_object(one))
                    for (_, name), one in zip(methods, got, strict=True)
                }

            calls: Calls = [[method, _GET, name] for method, name in methods]
            found |= self._reading(self._posting(lambda calls=calls: calls), taken)  # type: ignore[misc] # a default
        raise_missing_permissions(one for one in found.values() if isinstance(one, dict))
        return {name: one for name, one in found.items() if isinstance(one, Live)}

    def edition(self) -> str:
        """The edition of the server: wire section 1. Empty if its answer does not tell it.

        One request, like `read`. Raises the errors of a connection, and ServerRefused if the server
        may answer later.
        """
        try:
            return self.account().edition
        except UnexpectedAnswer:
            return ""
        except ServerRefused as refused:
            if refused.passing:
                raise
            return ""

    def account(self) -> Account:
        """The account that logs in: wire section 1. One request, like `read`."""
        return self._reading(self._getting(ACCOUNT, self._headers), account_of)

    def is_stalwart(self) -> bool:
        """True if the server's session document is that of a Stalwart. One request, like `read`,
        without the credentials.
        """
        return self._reading(self._getting(SESSION, dict), is_stalwart)

    @property
    def login(self) -> str:
        """Where the credentials were set."""
        return self.credentials.name

    def _getting(
        self, path: str, headers: Callable[[], dict[str, str]]
    ) -> Callable[[float], Answer]:
        return lambda seconds: self.transport.get(
            path, lambda: Request(b"", headers()), seconds=seconds
        )

    def schema(self, origin: str) -> Version:
        """The tables of the schema that the server publishes: docs/development/objects.md,
        section 3. One request, and one more for the address that it names: one on `origin`, which
        is this server's. Like `read`, and no other redirect is followed.
        """
        # With pydantic, which no other request needs.
        from confsync.jmap.published import moved, unpacked, version  # noqa: PLC0415

        def headers() -> dict[str, str]:
            return {**self._headers(), "Accept-Encoding": "gzip"}

        def taken(answer: Answer) -> str | Version:
            location = moved(answer, origin)
            return version(unpacked(answer), "") if location is None else location

        found = self._reading(self._getting(SCHEMA, headers), taken)
        if not isinstance(found, str):
            return found
        hash_ = found.rpartition("/")[2]
        asking = self._getting(found, headers)
        return self._reading(asking, lambda answer: version(unpacked(answer), hash_))

    def _reading(self, ask: Callable[[float], Answer], take: Callable[[Answer], T]) -> T:
        """Ask, and again if it failed on the way: nothing changes on the server."""
        tries = Tries(self.patience)
        while True:
            result = self._once(ask, take, tries)
            if not isinstance(result, ConfsyncError):
                return result
            lost = isinstance(result, ConnectionLost)
            if not (lost or _certainly_not_done(result)) or not self._again(result, tries):
                raise _with_tries(result, tries)

    @property
    def interrupted(self) -> bool:
        """True after `hurry`."""
        return self.transport.interrupted

    def hurry(self) -> None:
        """Give each request only a few seconds more, and try nothing again."""
        self.transport.hurry()

    def update(
        self,
        name: str,
        patch: Patch,
        decode: Decode,
        *,
        not_done: Callable[[Exchange], bool] = lambda _: False,
    ) -> Exchange:
        """Send `[get, set, get]` as one request: wire sections 2 and 5.

        It is tried again only if it was certainly not sent, if the server refused to look at it
        (429), or if `not_done` is true of its answer. After errors other than ConnectionFailed and
        a ServerRefused that is certainly not done, the update may have been stored.
        """
        get, set_ = f"x:{name}/get", f"x:{name}/set"

        def calls() -> Calls:
            change = {"update": {SINGLETON: update_json(patch, self.vault)}}
            return [[get, _GET, "before"], [set_, change, "set"], [get, _GET, "after"]]

        def taken(answer: Answer) -> Exchange:
            ids = ((get, "before"), (set_, "set"), (get, "after"))
            before, result, after = responses(answer, ids)
            if before.get("error") == "forbidden":
                raise_missing_permissions([before, result])
            raise_method_error(before)
            return Exchange(decode(the_object(before)), refusal(result), decode(the_object(after)))

        tries = Tries(self.patience)
        while True:
            result = self._once(self._posting(calls), taken, tries)
            if not isinstance(result, ConfsyncError):
                kind = "" if result.refusal is None else result.refusal.kind
                reason = ServerRefused(f"the server did not store the update ({kind})", status=200)
                if not not_done(result) or not self._again(reason, tries):
                    return result
            elif not _certainly_not_done(result):
                raise result
            elif not self._again(result, tries):
                if not self.transport.interrupted:
                    raise _with_tries(result, tries)
                unsent = ConnectionFailed(result.message, hint=result.hint)
                unsent.interrupted = True
                raise unsent

    def reload(self) -> Reload:
        """Have the server reload its settings: objects page, section 3. Tried again like `read`,
        because a second reload is harmless. Raises as `update` does, for a reload that may have
        been done: ConnectionLost also if only an earlier try was lost.
        """
        action = {"create": {RELOAD: {"@type": "ReloadSettings"}}}
        lost: list[ConnectionLost] = []

        def ask(seconds: float) -> Answer:
            try:
                return self._posting(lambda: [[ACTION, action, "action"]])(seconds)
            except ConnectionLost as error:
                lost.append(alone(error))
                raise

        def taken(answer: Answer) -> Reload:
            (found,) = responses(answer, ((ACTION, "action"),))
            return reload_end(found)

        try:
            return self._reading(ask, taken)
        except (ConnectionFailed, ServerRefused) as error:
            if not lost:
                raise
            last = alone(error)
        raise ConnectionLost(last.message, hint=last.hint)

    def _posting(self, calls: Callable[[], Calls]) -> Callable[[float], Answer]:
        return lambda seconds: self.transport.post(
            PATH, lambda: self._request(calls()), seconds=seconds
        )

    def _once(
        self, ask: Callable[[float], Answer], take: Callable[[Answer], T], tries: Tries
    ) -> T | ConfsyncError:
        result = caught(lambda: take(ask(tries.left)))
        if isinstance(result, ServerRefused) and result.status == 401:  # noqa: PLR2004 - HTTP's own number
            fact, result.hint = self.credentials.refused
            result.message = f"{fact} (HTTP 401)"
        return result

    def _again(self, error: ConfsyncError, tries: Tries) -> bool:
        """Wait for the next try. False if there is none, or after an interrupt."""
        if self.transport.interrupted:
            return False
        wait = error.wait if isinstance(error, ServerRefused) else None
        return tries.again(error.message, wait) and not self.transport.interrupted

    def _request(self, calls: Calls) -> Request:
        body = json.dumps({"using": USING, "methodCalls": calls}, separators=(",", ":"))
        headers = {**self._headers(), "Content-Type": "application/json"}
        return Request(body.encode("ascii"), headers)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": authorization(self.credentials, self.vault)}


def _certainly_not_done(error: ConfsyncError) -> bool:
    """True if the server did not look at the calls, but may do so later."""
    if isinstance(error, ConnectionFailed):
        return not error.lasting
    return isinstance(error, ServerRefused) and error.passing


def _with_tries(error: ConfsyncError, tries: Tries) -> ConfsyncError:
    """Add the number of tries to the error of the last one."""
    if tries.made > 1:
        error.message = f"{error.message} (tried {tries.made} times)"
    if isinstance(error, ServerRefused) and error.wait is not None and error.wait > tries.left:
        error.hint = f"wait {error.wait:.0f} s, then try again"
    return error
