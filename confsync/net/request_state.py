"""Progress of one request: one thread sends it, another waits for it and may end it."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from confsync.errors import ConnectionFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


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
    return ConnectionFailed(
        "too little memory, or too few threads, to send a request",
        hint="is there a limit, as of a container or of `ulimit`?",
    )


class Flight:
    """One request on its way, over a connection of its own.

    `sending` is set when the library asks for the first byte of the body: without a body no server
    does anything. httpcore's events may change with its version, and only choose words.
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
        """End the request and wake its thread: reading and writing fail from now on. Returns
        `sending`, which is final then.
        """
        with self._lock:
            self._given_up = True
        found = self.stream and self.stream.get_extra_info("socket")
        if isinstance(found, socket.socket):
            with suppress(OSError):
                # Not the method of an SSL socket, which would take the TLS away under a reader.
                socket.socket.shutdown(found, socket.SHUT_RDWR)
        return self.sending

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Note an event of httpcore: a connection, its TLS, the status of a proxy."""
        match event:
            case (
                "connection.connect_tcp.complete"
                | "connection.start_tls.complete"
                | "proxy.start_tls.complete"
            ) if not self._given_up:
                self.stream = info["return_value"]
                tls = self.stream.get_extra_info("ssl_object")
                if tls:
                    # Noted here: a closed connection does not tell it.
                    self.tls = (str(tls.version()), str((tls.cipher() or ("",))[0]))
            case "proxy.start_tls.started":
                self.at_proxy = False
            case "http11.receive_response_headers.complete" if not self.sending:
                self.proxy_status = info["return_value"][1]
