"""How far a request has come: the thread that carries it says, the thread that waits may end it."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from confsync.errors import ConnectionFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


def begin(work: Callable[[], None], name: str) -> Thread:
    """Do something in a thread of its own, which does not keep the process. Raises ConnectionFailed
    where the system has no room for one.
    """
    try:
        thread = Thread(target=work, name=name, daemon=True)
        thread.start()
    except (RuntimeError, MemoryError):
        raise no_room() from None
    return thread


def no_room() -> ConnectionFailed:
    """A request that was not sent, since the process may have no more memory or threads."""
    return ConnectionFailed(
        "too little memory, or too few threads, to send a request",
        hint="is there a limit, as of a container or of `ulimit`?",
    )


@dataclass
class Line:
    """The connection that requests go over, if there is one. It outlives them."""

    stream: Any = None  # httpcore's, which is typed as little
    tls: tuple[str, str] = ("no TLS", "")
    """Version and cipher."""

    def goes_over(self, stream: Any) -> None:  # noqa: ANN401 - httpcore's, the same
        """Take note of a stream, and of its TLS: nothing tells that once it is closed."""
        self.stream = stream
        found = stream.get_extra_info("ssl_object")
        if found:
            self.tls = (str(found.version()), str((found.cipher() or ("",))[0]))

    def cut(self) -> None:
        """Wake the thread that reads from it or writes to it: both fail from now on."""
        found = self.stream and self.stream.get_extra_info("socket")
        if isinstance(found, socket.socket):
            with suppress(OSError):
                # Not the method of an SSL socket, which would take the TLS away under a reader.
                socket.socket.shutdown(found, socket.SHUT_RDWR)


class Flight:
    """One request on its way.

    That sending has begun is known from our own `body`, which the library has to ask for the first
    byte of it, and not from the library's events: those may change with its version, and only
    choose words here. Without a body no server does anything.
    """

    def __init__(self, line: Line, *, proxied: bool) -> None:
        self._line = line
        self._lock = Lock()
        self._given_up = False
        self.sending = False
        self.at_proxy = proxied
        self.proxy_status: int | None = None

    def body(self, content: bytes) -> Iterator[bytes]:
        """The request's body, which can be asked for once: nothing is ever sent again."""
        with self._lock:
            if self._given_up:
                raise ConnectionFailed("given up")
            self.sending = True
        yield content

    def give_up(self) -> bool:
        """End it. From here on it is settled whether sending had begun, which is returned."""
        with self._lock:
            self._given_up = True
        self._line.cut()
        return self.sending

    @property
    def refused_by_proxy(self) -> bool:
        """Whether a proxy said no, and not only that it cannot reach the server."""
        return self.proxy_status is not None and self.proxy_status < 500  # noqa: PLR2004 - HTTP's own number

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of an event of httpcore's."""
        match event:
            case (
                "connection.connect_tcp.complete"
                | "connection.start_tls.complete"
                | "proxy.start_tls.complete"
            ) if not self._given_up:
                self._line.goes_over(info["return_value"])
            case "proxy.start_tls.started":
                self.at_proxy = False
            case "http11.receive_response_headers.complete" if not self.sending:
                self.proxy_status = info["return_value"][1]
            case _:
                pass
