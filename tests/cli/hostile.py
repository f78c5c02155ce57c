"""A server that answers as it is told, byte by byte, or that stands between us and the sandbox."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from contextlib import contextmanager
from http.client import HTTPResponse
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from confsync.sandbox import Server

    Action: TypeAlias = Callable[[bytes], bytes]
"""From a request, head and body, to the bytes of an answer; none of them drops the connection."""


def http(status: int, body: bytes = b"", kind: str = "application/json", *more: str) -> bytes:
    """A whole answer."""
    head = [
        f"HTTP/1.1 {status} Whatever",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *more,
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


def jmap(*responses: object) -> bytes:
    """The answer to a JMAP request."""
    return http(200, json.dumps({"methodResponses": responses, "sessionState": "s"}).encode())


def says(answer: bytes) -> Action:
    """Answer so, whatever was asked."""
    return lambda _: answer


def passes_to(server: Server) -> Action:
    """Ask the sandbox, and answer what it answers."""
    return lambda request: _asked(server, request)


def stores_and_says(server: Server, answer: bytes) -> Action:
    """Let the sandbox do what was asked, and answer something else."""

    def act(request: bytes) -> bytes:
        _asked(server, request)
        return answer

    return act


HELD = 200
"""Seconds after which an answer that is held back comes all the same: much longer than an
interrupted apply waits (product page, section 5)."""


class Held:
    """Passes a request on, and holds the answer back until it is let go."""

    def __init__(self, action: Action) -> None:
        self._action = action
        self.arrived = threading.Event()
        self.release = threading.Event()

    def __call__(self, request: bytes) -> bytes:
        answer = self._action(request)
        self.arrived.set()
        self.release.wait(HELD)
        return answer


class Hostile(socketserver.ThreadingTCPServer):
    """Gives each request the next of some actions; the last one counts for all that follow."""

    daemon_threads = False
    allow_reuse_address = True

    def __init__(self, *actions: Action, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self._actions = actions
        self._lock = threading.Lock()
        self.requests: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def act(self, request: bytes) -> bytes:
        with self._lock:
            self.requests.append(request)
            number = min(len(self.requests), len(self._actions)) - 1
        return self._actions[number](request)

    def handle_error(self, _request: object, _address: object) -> None:
        """A client that goes away is no matter here."""


class _Handler(socketserver.StreamRequestHandler):
    server: Hostile

    def handle(self) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline()
            if not line:
                return
            head += line
        fields = dict(line.split(b": ", 1) for line in head.lower().splitlines()[1:] if line)
        body = self.rfile.read(int(fields.get(b"content-length", b"0")))
        self.wfile.write(self.server.act(head + body))


@contextmanager
def hostile(*actions: Action, port: int = 0) -> Iterator[Hostile]:
    """A hostile server in a thread of its own; port 0: any free one."""
    with Hostile(*actions, port=port) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def _asked(server: Server, request: bytes) -> bytes:
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname or "", address.port or 0), 10) as connection:
        connection.sendall(request)
        with HTTPResponse(connection, method="POST") as answer:
            answer.begin()
            return http(answer.status, answer.read())
