"""The embedded server: sockets and threads around `Site`, on loopback only."""

from __future__ import annotations

import copy
import ipaddress
import re
import socket
import socketserver
import sys
import threading
from collections import deque
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Self

from confsync.sandbox import patch_rules as rules
from confsync.sandbox.accounts import Accounts
from confsync.sandbox.body import read
from confsync.sandbox.schema import IN_MEMORY_STORE
from confsync.sandbox.session import LARGEST_REQUEST
from confsync.sandbox.site import Answer, HttpError, Question, Site, bad_request, foreign, too_much
from confsync.sandbox.storage import Storage, raw

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from confsync.sandbox.fields import Json
    from confsync.sandbox.schema import Schema

_NO_KEYS: Mapping[str, frozenset[str]] = MappingProxyType({})
_JOURNAL_LENGTH = 10_000
_LENGTH = re.compile("[0-9]{1,8}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,7})[ \t]*(?:;[^\r\n]*)?\r\n")
_LONGEST_LINE = 1024
_MOST_TRAILERS = 100
_LINGER = 1024 * 1024
"""Bytes of a body that nobody reads which are taken from the socket, so that the answer arrives."""


class Request(NamedTuple):
    """A request that arrived; `body` is None where it was no JSON, or was not read."""

    method: str
    path: str
    body: object


class Server:
    """A server that listens from the moment it is made, and answers while it runs.

    As a context manager it runs in a thread of its own; `serve_forever` runs it in the caller's.
    User `admin`, password `sandbox`; `keys` maps Bearer keys to their permissions. Port 0 takes any
    free one. With `state` it goes on where that file left off, and `initial` counts only without
    one: an in-memory store, its omitted fields at their defaults. `schema` plays another version
    of the server. Without `journal` no request is kept.

    Raises `ValueError` for a host that is not loopback and for a `state` or `initial` that is no
    stored object, `OSError` for a port or a file that cannot be used.
    """

    def __init__(  # noqa: PLR0913 - one keyword for each thing that a test may want different
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        state: Path | None = None,
        keys: Mapping[str, frozenset[str]] = _NO_KEYS,
        initial: object | None = None,
        *,
        schema: Schema | None = None,
        edition: str = "community",
        journal: bool = True,
    ) -> None:
        address = _loopback(host)
        self._storage = Storage(state, initial, schema)
        site = Site(self._storage, Accounts(dict(keys)), edition)
        self._http = _Http(address, port, site, journal=journal)
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        host, port = map(str, self._http.server_address[:2])
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def stored(self) -> Json:
        """A copy of the in-memory store, as `get` and `put` treat it."""
        return self.get(IN_MEMORY_STORE)

    @stored.setter
    def stored(self, stored: object) -> None:
        self.put(IN_MEMORY_STORE, stored)

    def get(self, name: str) -> Json:
        """Return a copy of a stored object, named like `x:Http`, secrets in clear."""
        with self._storage.alone():
            return copy.deepcopy(self._storage.get(name))

    def put(self, name: str, stored: object) -> None:
        """Store an object, what is missing at its defaults.

        Anything can be put, even what this server would refuse or does not know; `@type` is needed
        where the object has variants.
        """
        with self._storage.alone():
            self._storage.put(name, raw(stored, self._storage.schema.type(name)))

    @property
    def requests(self) -> list[Request]:
        """The requests that arrived so far, the latest 10,000 of them."""
        return self._http.journal()

    def serve_forever(self) -> None:
        """Answer until `close` is called from another thread, or a signal raises out of it."""
        self._http.serve_forever(poll_interval=0.05)

    def close(self) -> None:
        """Stop: requests under way are answered, idle connections closed, threads joined."""
        self._http.close()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.serve_forever, name="confsync-sandbox")
        self._thread.start()
        self._http.serving.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _loopback(host: str) -> str:
    address = "127.0.0.1" if host == "localhost" else host
    with suppress(ValueError):
        if ipaddress.ip_address(address).is_loopback:
            return address
    raise ValueError(f"{host}: not a loopback address; the sandbox listens nowhere else")


class _Http(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128

    def __init__(self, address: str, port: int, site: Site, *, journal: bool) -> None:
        self.site = site
        self._journal: deque[Request] = deque(maxlen=_JOURNAL_LENGTH if journal else 0)
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.serving = threading.Event()
        if ":" in address:
            self.address_family = socket.AF_INET6
        super().__init__((address, port), _Handler)

    def server_bind(self) -> None:
        """Bind without asking for the name of the host, as the base class would."""
        socketserver.TCPServer.server_bind(self)

    def serve_forever(self, poll_interval: float = 0.5) -> None:
        self.serving.set()
        super().serve_forever(poll_interval)

    def journal(self) -> list[Request]:
        with self._lock:
            return list(self._journal)

    def note(self, request: Request) -> None:
        with self._lock:
            self._journal.append(request)

    def close(self) -> None:
        if self.serving.is_set():
            self.shutdown()
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)
        self.server_close()

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        with self._lock:
            self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, _request: object, _address: object) -> None:
        """Tell of an error only its kind, and of a client that went away nothing."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            sys.stderr.write(f"sandbox: {type(error).__name__} while answering a request\n")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60
    server: _Http

    def _handle(self) -> None:
        """Answer a request. The body is read only where somebody may post there."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        question = Question(self.command, self.path, headers, b"")
        refused = foreign(question)
        if refused is None and self.server.site.takes_body(question):
            try:
                question = replace(question, body=self._body())
            except HttpError as error:
                refused, self.close_connection = error.answer, True
            except EOFError:
                self.close_connection = True
                return
        body: object = None
        with suppress(ValueError):
            body = read(question.body)
        self.server.note(Request(self.command, self.path, body))
        try:
            answer = refused or self.server.site.answer(question)
        except rules.Dropped:
            self.close_connection = True
            return
        left = not question.body and self._announces_body()
        self.close_connection |= left
        self._send(answer)
        if left:
            self._drop_body()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = _handle

    def _announces_body(self) -> bool:
        length = self.headers.get("Content-Length", "0")
        return "Transfer-Encoding" in self.headers or length != "0"

    def _body(self) -> bytes:
        """Read the body. Raises HttpError, and EOFError where the client went away."""
        lengths = self.headers.get_all("Content-Length", [])
        encodings = self.headers.get_all("Transfer-Encoding", [])
        if len(lengths) + len(encodings) > 1:
            raise bad_request()
        if encodings:
            if encodings[0].lower() != "chunked":
                raise bad_request()
            return self._chunks()
        length = lengths[0] if lengths else "0"
        if not length.isascii() or not length.isdigit():
            raise bad_request()
        if not _LENGTH.fullmatch(length) or int(length) > LARGEST_REQUEST:
            raise too_much("maxSizeRequest")
        return self._exactly(int(length))

    def _chunks(self) -> bytes:
        body = bytearray()
        while size := self._chunk_size():
            if len(body) + size > LARGEST_REQUEST:
                raise too_much("maxSizeRequest")
            body += self._exactly(size)
            if self._exactly(2) != b"\r\n":
                raise bad_request()
        for _ in range(_MOST_TRAILERS):
            if self.rfile.readline(_LONGEST_LINE) == b"\r\n":
                return bytes(body)
        raise bad_request()

    def _chunk_size(self) -> int:
        """The size of the next chunk: hexadecimal digits alone, no sign, no prefix."""
        found = _CHUNK.fullmatch(self.rfile.readline(_LONGEST_LINE))
        if found is None:
            raise bad_request()
        return int(found[1], 16)

    def _exactly(self, size: int) -> bytes:
        found = self.rfile.read(size)
        if len(found) < size:
            raise EOFError
        return found

    def _drop_body(self) -> None:
        """Take some of a body off the socket: with bytes left there the answer could be lost."""
        self.wfile.flush()
        self.connection.settimeout(1)
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            left = _LINGER
            while left > 0 and (piece := self.rfile.read1(left)):
                left -= len(piece)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Nothing is logged: a path can hold a password."""
