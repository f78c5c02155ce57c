"""One request, one answer, over HTTP/1.1: bounded in time and size, no redirects."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Self

import httpx

from confsync.errors import (
    ConfsyncError,
    ConnectionFailed,
    ConnectionLost,
    UnexpectedAnswer,
    WrongUsage,
)
from confsync.guard import caught
from confsync.net.endpoint import proxy_origin
from confsync.net.failures import Route
from confsync.net.request_state import Flight, Line, begin, no_room
from confsync.net.retry import SECONDS
from confsync.net.tls import SYSTEM, Trust, nobody

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from ssl import SSLContext

    from confsync.net.endpoint import Endpoint

MAX_ANSWER = 8 * 1024 * 1024
HURRY = 2.5
"""Seconds for what is left to do after an interrupt: the update's answer, and one more reading."""

_GLANCE = 0.05
_OK = 200
_log = logging.getLogger("confsync.net")


@dataclass(frozen=True)
class Request:
    """What is sent. Neither part of it is ever shown."""

    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """What came back; only the status is ever shown. Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Connection:
    """Requests to one origin, which they never leave, each over a connection of its own: bytes that
    stand behind an answer can never be taken for the next one.

    `trust` says which certificates count; it does for a `proxy` too, which never gets to see the
    client's certificate. Nothing is taken from the environment but where the system's trust store
    is. Raises WrongUsage for files and a proxy that cannot be used.

    Requests run in threads of their own, so that the deadline holds whatever the server does, and
    a signal can be heard while one is under way. Each request is logged, without a value.

    `deadline`: seconds that a request may take in all, its answer included.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        trust: Trust = SYSTEM,
        proxy: str | None = None,
        deadline: float = SECONDS,
    ) -> None:
        if trust != SYSTEM and not endpoint.secure:
            raise WrongUsage(
                "there are no certificates in a connection over http",
                hint="use https, or leave out --ca-file, --client-cert and --client-key, and their"
                " variables CONFSYNC_CA_FILE, CONFSYNC_CLIENT_CERT and CONFSYNC_CLIENT_KEY",
            )
        through = None if proxy is None else proxy_origin(proxy, endpoint)
        self._route = Route(endpoint.origin, through, trust)
        self._line = Line()
        self._deadline = deadline
        self._hurried = Event()
        self._tls = trust.context() if endpoint.secure else nobody()
        self._client = _client(self._route, self._tls)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @property
    def interrupted(self) -> bool:
        """Whether it was told to hurry."""
        return self._hurried.is_set()

    def hurry(self) -> None:
        """From another thread: the request under way, and each later one, has a few seconds left,
        and no wait goes on.
        """
        self._hurried.set()

    def disconnect(self) -> None:
        """Close what is open; the next request connects anew."""
        with suppress(OSError, httpx.TransportError):
            self._client.close()
        self._line.stream = None
        self._client = _client(self._route, self._tls)

    def rest(self, seconds: float) -> None:
        """Wait, until it is told to hurry."""
        self._hurried.wait(seconds)

    def post(
        self, path: str, write: Callable[[], Request], *, seconds: float | None = None
    ) -> Answer:
        """Send what `write` returns and read the answer whole, within the deadline, or within
        `seconds` if that is less.

        `write` is called in another thread, just before sending. Raises ConnectionFailed where the
        request was certainly not sent, ConnectionLost where it may have arrived, UnexpectedAnswer
        for an answer over 8 MiB or a compressed one, what `write` raises if it is one of confsync's
        errors, and otherwise Fault.
        No frame of an error holds the request or the answer.
        """
        limit = self._deadline if seconds is None else min(self._deadline, seconds)
        result = self._result(path, write, limit)
        if isinstance(result, ConnectionFailed):
            result.interrupted = self.interrupted
        if isinstance(result, ConfsyncError):
            raise result
        return result

    def _result(
        self, path: str, write: Callable[[], Request], seconds: float
    ) -> Answer | ConfsyncError:
        results: SimpleQueue[Answer | ConfsyncError] = SimpleQueue()
        flight = Flight(self._line, proxied=self._route.proxy is not None)

        def carried() -> Answer | ConfsyncError:
            try:
                return self._carry(path, write, flight, seconds)
            except MemoryError:
                if flight.sending:
                    raise
                return no_room()

        def work() -> None:
            results.put(caught(carried))

        started = monotonic()
        try:
            begin(work, "confsync-request")
            result = self._wait(results, flight, seconds)
        except KeyboardInterrupt:
            flight.give_up()
            raise
        except ConnectionFailed as failed:
            result = self._route.failure(failed, flight) if flight.give_up() else failed
        self._tell(path, result, monotonic() - started)
        return result

    def _wait(
        self, results: SimpleQueue[Answer | ConfsyncError], flight: Flight, seconds: float
    ) -> Answer | ConfsyncError:
        started, end, hurried = monotonic(), monotonic() + seconds, False
        while True:
            if self.interrupted and not hurried:
                end, hurried = min(end, monotonic() + HURRY), True
            try:
                return results.get(timeout=max(0.0, min(_GLANCE, end - monotonic())))
            except Empty:
                if monotonic() >= end:
                    sending = flight.give_up()
                    return self._route.late(flight, end - started, sending=sending)

    def _carry(
        self, path: str, write: Callable[[], Request], flight: Flight, seconds: float
    ) -> Answer | ConfsyncError:
        request = write()
        length = {"Content-Length": str(len(request.body))}
        try:
            with self._client.stream(
                "POST",
                path,
                content=flight.body(request.body),
                headers={**request.headers, **length},
                extensions={"trace": flight.trace},
                # For each step: the thread that waits has the deadline for all of them.
                timeout=seconds,
            ) as response:
                return _answer(response)
        except httpx.TimeoutException:
            return self._route.late(flight, seconds, sending=flight.sending)
        except (httpx.TransportError, httpx.StreamError, OSError) as error:
            return self._route.failure(error, flight)

    def _tell(self, path: str, result: Answer | ConfsyncError, seconds: float) -> None:
        if _log.isEnabledFor(logging.DEBUG) and self._line.stream is not None:
            version, cipher = self._line.tls
            _log.debug("%s: %s", self._route.server, ", ".join(filter(None, (version, cipher))))
        asked, after = f"POST {self._route.server}{path}", f"{seconds:.2f} s"
        if isinstance(result, Answer):
            # Not how long it is: that would tell the length of the passwords in it.
            _log.info("%s: HTTP %d, %s", asked, result.status, after)
        else:
            _log.info("%s: %s after %s", asked, _ENDS.get(type(result), "a fault"), after)


_ENDS: Mapping[type[ConfsyncError], str] = {
    ConnectionFailed: "not sent",
    ConnectionLost: "no answer",
    UnexpectedAnswer: "no answer that can be used",
}


def _client(route: Route, tls: SSLContext) -> httpx.Client:
    try:
        return httpx.Client(
            base_url=route.server,
            verify=tls,
            proxy=_proxy(route),
            trust_env=False,
            follow_redirects=False,
            limits=httpx.Limits(max_keepalive_connections=0),
            headers={"Accept-Encoding": "identity", "User-Agent": "confsync"},
        )
    except httpx.InvalidURL:
        raise WrongUsage(
            "the server's URL, or the proxy's, is no URL", hint="write https://HOST"
        ) from None


def _proxy(route: Route) -> httpx.Proxy | None:
    if route.proxy is None:
        return None
    secure = route.proxy.startswith("https:")
    context = route.trust.without_client.context() if secure else None
    return httpx.Proxy(route.proxy, ssl_context=context)


def _answer(response: httpx.Response) -> Answer:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    # The status of an answer that says no is worth more than its body, which nobody reads.
    if response.status_code == _OK and encoding not in {"", "identity"}:
        raise UnexpectedAnswer(
            "the answer is compressed, which was not asked for",
            hint="no Stalwart server does that: what stands in front of it must not either",
        )
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, _body(response))


def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    for piece in response.iter_raw():
        body += piece
        if len(body) > MAX_ANSWER:
            raise UnexpectedAnswer(
                "the answer is larger than 8 MiB",
                hint="no Stalwart server answers so: is this URL the server's?",
            )
    return bytes(body)
