"""Requests over HTTP/1.1, limited in time and size, without redirects."""

from __future__ import annotations

import logging
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, Self, TypeAlias

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
from confsync.net.tls import SYSTEM, Trust

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from confsync.net.endpoint import Endpoint

    Write: TypeAlias = Callable[[], "Request"]
    Result: TypeAlias = "Answer | ConfsyncError"

SECONDS = 30.0
"""Default deadline of a request."""

CONNECT_SECONDS = 5.0
"""Default limit for the way to a server: its name, TCP, a proxy and TLS."""

MAX_ANSWER = 8 * 1024 * 1024
HURRY = 2.5
"""Seconds that a request may still take after an interrupt."""

_GLANCE = 0.05
_OK = 200
_LOG = logging.getLogger("confsync.net")


@dataclass(frozen=True)
class Request:
    """Body and headers to send, never shown. With `Accept-Encoding` the answer may be packed so."""

    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """A server's answer. Only its status is ever shown. Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Flight:
    """One request on its way, over a connection of its own.

    `sending`: the library has asked for the body, without which no server does anything. Events of
    httpcore may change with its version: they only choose words.
    """

    def __init__(self, *, proxied: bool) -> None:
        self._lock = Lock()
        self._given_up = False
        self.sending = False
        self.at_proxy = proxied
        self.proxy_status: int | None = None
        self.stream: Any = None  # httpcore's, which is hardly typed
        self.tls = ("no TLS", "")
        """Version and cipher."""

    def body(self, content: bytes) -> Iterator[bytes]:
        """Yield the request's body, once. Raises ConnectionFailed after `give_up`."""
        with self._lock:
            if self._given_up:
                raise ConnectionFailed("given up")
            self.sending = True
        yield content

    def give_up(self) -> bool:
        """Make reading and writing fail from now on. Returns `sending`, which is final then."""
        with self._lock:
            self._given_up = True
        self._shut()
        return self.sending

    def give_up_connecting(self) -> bool:
        """Like `give_up`, unless it is `sending`. True if it is given up."""
        with self._lock:
            self._given_up = not self.sending
        if self._given_up:
            self._shut()
        return self._given_up

    def _shut(self) -> None:
        found = self.stream and self.stream.get_extra_info("socket")
        if isinstance(found, socket.socket):
            with suppress(OSError):
                # Not the method of an SSL socket, which would take the TLS away under a reader.
                socket.socket.shutdown(found, socket.SHUT_RDWR)

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Note an event of httpcore: a connection, its TLS, the status of a proxy."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")) and not self._given_up:
            self.stream = info["return_value"]
            if tls := self.stream.get_extra_info("ssl_object"):
                # Noted here: a closed connection does not tell it.
                self.tls = (str(tls.version()), str((tls.cipher() or ("",))[0]))
        elif event == "proxy.start_tls.started":
            self.at_proxy = False
        elif event == "http11.receive_response_headers.complete" and not self.sending:
            self.proxy_status = info["return_value"][1]


class Connection:
    """Requests to one origin, each over a connection of its own: bytes behind an answer are never
    taken for the next answer. Each is logged, without a value.

    `trust` is used for a `proxy` too, which never sees the client certificate. Of the environment
    only the place of the system's trust store is used. `proxy_name`: where the proxy was set, if
    known. `deadline`: seconds for a request and its answer. `connecting`: of these for the way to
    the server. `stop`: raises KeyboardInterrupt in the
    threads that wait. `context`: makes the TLS contexts. Raises WrongUsage for unusable files and
    an unusable proxy.
    """

    def __init__(  # noqa: PLR0913 - each is a part of the way, by its name
        self,
        endpoint: Endpoint,
        *,
        trust: Trust = SYSTEM,
        proxy: str | None = None,
        proxy_name: str | None = None,
        deadline: float = SECONDS,
        connecting: float = CONNECT_SECONDS,
        stop: Event | None = None,
        context: Callable[[Trust], ssl.SSLContext] = Trust.context,
    ) -> None:
        if trust != SYSTEM and not endpoint.secure:
            fact = f"{trust.given} cannot be used with http://"
            raise WrongUsage(fact, hint="use https:// for the server, or remove it")
        through = None if proxy is None else proxy_origin(proxy, endpoint, proxy_name)
        self._route = Route(endpoint.origin, through, trust)
        self._deadline, self._connecting = deadline, connecting
        self._hurried = Event()
        self._stop = Event() if stop is None else stop
        self._client = _client(self._route, context)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @property
    def interrupted(self) -> bool:
        """True after `hurry`."""
        return self._hurried.is_set()

    def hurry(self) -> None:
        """Give each request only a few seconds more, and end every wait."""
        self._hurried.set()

    def rest(self, seconds: float) -> None:
        """Wait, but not after `hurry`. Raises KeyboardInterrupt after `stop`."""
        end = monotonic() + seconds
        while (left := end - monotonic()) > 0 and not self._hurried.wait(min(left, _GLANCE)):
            self._check_stop()

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise KeyboardInterrupt

    def get(self, path: str, write: Write, *, seconds: float | None = None) -> Answer:
        """Like `post`, with GET: the request has headers and an empty body."""
        return self._ask("GET", path, write, seconds)

    def post(self, path: str, write: Write, *, seconds: float | None = None) -> Answer:
        """Send the result of `write` and read the answer, within the deadline and `seconds`.

        `write` is called just before, in the thread of the request: so the deadline holds and a
        signal is heard. Raises ConnectionFailed if the request was certainly not sent,
        ConnectionLost if it may have arrived, UnexpectedAnswer for an answer over 8 MiB or a
        compressed one, the ConfsyncErrors of `write`, otherwise Fault. No frame of an error holds
        the request or the answer.
        """
        return self._ask("POST", path, write, seconds)

    def _ask(
        self, method: str, path: str, write: Callable[[], Request], seconds: float | None
    ) -> Answer:
        limit = self._deadline if seconds is None else min(self._deadline, seconds)
        results: SimpleQueue[Result] = SimpleQueue()
        flight = Flight(proxied=self._route.proxy is not None)

        def carried() -> Result:
            try:
                return self._carry(method, path, write, flight, limit)
            except MemoryError:
                if flight.sending:
                    raise
                return no_room()

        def work() -> None:
            results.put(caught(carried))

        started = monotonic()
        try:
            begin(work, "confsync-request")
            result = self._wait(results, flight, limit)
        except KeyboardInterrupt:
            flight.give_up()
            raise
        except ConnectionFailed as failed:
            result = self._route.failure(failed, flight) if flight.give_up() else failed
        self._log(f"{method} {self._route.server}{path}", result, flight, monotonic() - started)
        if isinstance(result, Answer):
            return result
        if isinstance(result, ConnectionFailed):
            result.interrupted = self.interrupted
        raise result

    def _wait(self, results: SimpleQueue[Result], flight: Flight, seconds: float) -> Result:
        started, end, hurried = monotonic(), monotonic() + seconds, False
        while True:
            self._check_stop()
            if self.interrupted and not hurried:
                end, hurried = min(end, monotonic() + HURRY), True
            try:
                return results.get(timeout=max(0.0, min(_GLANCE, end - monotonic())))
            except Empty:
                if monotonic() >= end:
                    flight.give_up()
                    return self._route.late(flight, end - started)
                if monotonic() >= started + self._connecting and flight.give_up_connecting():
                    return self._route.late(flight, self._connecting)

    def _carry(
        self, method: str, path: str, write: Write, flight: Flight, seconds: float
    ) -> Result:
        request = write()
        length = {"Content-Length": str(len(request.body))}
        try:
            with self._client.stream(
                method,
                path,
                content=flight.body(request.body),
                headers={**request.headers, **length},
                extensions={"trace": flight.trace},
                # Limits of each step; `_wait` has those of all.
                timeout=httpx.Timeout(seconds, connect=min(seconds, self._connecting)),
            ) as response:
                return _answer(response, request.headers.get("Accept-Encoding", ""))
        except httpx.ConnectTimeout:
            return self._route.late(flight, min(seconds, self._connecting))
        except httpx.TimeoutException:
            return self._route.late(flight, seconds)
        except (httpx.TransportError, httpx.StreamError, OSError) as error:
            return self._route.failure(error, flight)

    def _log(self, asked: str, result: Result, flight: Flight, seconds: float) -> None:
        if _LOG.isEnabledFor(logging.DEBUG) and flight.stream is not None:
            _LOG.debug("%s: %s", self._route.server, ", ".join(filter(None, flight.tls)))
        after = f"{seconds:.2f} s"
        if isinstance(result, Answer):
            # Without its size, which would tell the length of the passwords in it.
            _LOG.info("%s: HTTP %d, %s", asked, result.status, after)
        else:
            _LOG.info("%s: %s after %s", asked, _ENDS.get(type(result), "a fault"), after)


_ENDS: Mapping[type[ConfsyncError], str] = {
    ConnectionFailed: "not sent",
    ConnectionLost: "no answer",
    UnexpectedAnswer: "no answer that can be used",
}


def _client(route: Route, context: Callable[[Trust], ssl.SSLContext]) -> httpx.Client:
    trust, proxy = route.trust, None
    nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # for http: it trusts no certificate
    tls = context(trust) if route.server.startswith("https:") else nobody
    try:
        if route.proxy is not None:
            secure = route.proxy.startswith("https:")
            at_proxy = context(Trust(trust.ca_file)) if secure else None
            proxy = httpx.Proxy(route.proxy, ssl_context=at_proxy)
        return httpx.Client(
            base_url=route.server,
            verify=tls,
            proxy=proxy,
            trust_env=False,
            follow_redirects=False,
            limits=httpx.Limits(max_keepalive_connections=0),
            headers={"Accept-Encoding": "identity", "User-Agent": "confsync"},
        )
    except httpx.InvalidURL:
        message = "the URL of the server or of the proxy is invalid"
        raise WrongUsage(message, hint="write it like https://mail.example.com") from None


def _answer(response: httpx.Response, asked: str) -> Answer:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    # Of a refusal only the status is used, not its body.
    if response.status_code == _OK and encoding not in {"", "identity", asked}:
        fact = "the answer is compressed, but confsync did not ask for that"
        hint = "Stalwart never compresses: check the proxy in front of it"
        raise UnexpectedAnswer(fact, hint=hint)
    body = bytearray()
    for piece in response.iter_raw():
        body += piece
        if len(body) > MAX_ANSWER:
            hint = "Stalwart sends less: check that the URL is a Stalwart server"
            raise UnexpectedAnswer("the answer is larger than 8 MiB", hint=hint)
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, bytes(body))


def begin(work: Callable[[], None], name: str) -> Thread:
    """Start a daemon thread. Raises ConnectionFailed if the system has no room for one."""
    try:
        thread = Thread(target=work, name=name, daemon=True)
        thread.start()
    except (RuntimeError, MemoryError):
        raise no_room() from None
    return thread


def no_room() -> ConnectionFailed:
    """The error for a request that was not sent: too little memory or too few threads."""
    hint = "check the limits of the container, and `ulimit`"
    return ConnectionFailed("not enough memory or threads to send a request", hint=hint)
