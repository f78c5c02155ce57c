"""Real TLS in front of a plain server, and a CONNECT proxy: on loopback, with a private CA."""

from __future__ import annotations

import datetime as dt
import select
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import trustme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATIENCE = 10
YEAR = dt.timedelta(days=365)


@dataclass(frozen=True)
class Authority:
    """A private CA; what it makes lies in its directory."""

    directory: Path
    ca: trustme.CA

    @classmethod
    def made(cls, directory: Path) -> Authority:
        directory.mkdir(parents=True, exist_ok=True)
        made = cls(directory, trustme.CA())
        made.ca.cert_pem.write_to_path(str(directory / "ca.pem"))
        return made

    @property
    def file(self) -> str:
        return str(self.directory / "ca.pem")

    def server(
        self,
        *names: str,
        starts: dt.timedelta = -YEAR,
        ends: dt.timedelta = YEAR,
    ) -> ssl.SSLContext:
        """The TLS of a server by these names; the certificate is valid from and to, from now."""
        now = dt.datetime.now(dt.UTC)
        made = self.ca.issue_cert(*names, not_before=now + starts, not_after=now + ends)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.configure_cert(context)
        return context

    def client(self, name: str = "client") -> tuple[str, str]:
        """The files of a certificate of a client and of its key."""
        made = self.ca.issue_cert("client.example.com")
        cert, key = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        made.cert_chain_pems[0].write_to_path(str(cert))
        made.private_key_pem.write_to_path(str(key))
        return str(cert), str(key)


class Listener:
    """Accepts on loopback; each connection is spoken to in a thread that ends with the listener."""

    def __init__(self, speak: Callable[[socket.socket], None], host: str = "127.0.0.1") -> None:
        self._speak = speak
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, 0), family=family)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self.accepted = 0
        self.port: int = self._socket.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def close(self) -> None:
        """Break every connection and wait for every thread."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._accepting.join(PATIENCE)
        self._socket.close()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.accepted += 1
            # Breaks the connection even after it has been wrapped, which takes it over.
            twin = connection.dup()
            with self._lock:
                self._open.add(twin)
            thread = threading.Thread(target=self._serve, args=(connection, twin))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, twin: socket.socket) -> None:
        with connection:
            connection.settimeout(PATIENCE)
            with suppress(OSError):
                self._speak(connection)
        with self._lock:
            self._open.discard(twin)
            twin.close()


@contextmanager
def listening(
    speak: Callable[[socket.socket], None], host: str = "127.0.0.1"
) -> Iterator[Listener]:
    listener = Listener(speak, host)
    try:
        yield listener
    finally:
        listener.close()


def heard(connection: socket.socket) -> bytes:
    """A request, head and body."""
    request = b""
    while b"\r\n\r\n" not in request:
        piece = connection.recv(65536)
        if not piece:
            return request
        request += piece
    head, _, body = request.partition(b"\r\n\r\n")
    fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:])
    missing = int(fields[b"content-length"]) - len(body)
    while missing > 0:
        piece = connection.recv(65536)
        request, missing = request + piece, missing - len(piece)
    return request


def silent(connection: socket.socket) -> None:
    """Listen until the other side goes, and say nothing."""
    while connection.recv(65536):
        pass


@dataclass(frozen=True)
class Front:
    """TLS in front of a plain server."""

    url: str
    listener: Listener

    @property
    def connections(self) -> int:
        return self.listener.accepted


@contextmanager
def front(
    plain_url: str, context: ssl.SSLContext, name: str = "localhost", host: str = "127.0.0.1"
) -> Iterator[Front]:
    """End TLS and hand on what is in it; `name` is what its URL calls it."""
    port = urlsplit(plain_url).port

    def speak(connection: socket.socket) -> None:
        with (
            context.wrap_socket(connection, server_side=True) as secure,
            socket.create_connection(("127.0.0.1", port or 0), PATIENCE) as inner,
        ):
            relay(secure, inner)

    with listening(speak, host) as listener:
        yield Front(f"https://{name}:{listener.port}", listener)


@dataclass(frozen=True)
class Proxy:
    """A CONNECT proxy: the heads of what it was asked, and all that clients said to it."""

    url: str
    heads: list[bytes]
    heard: bytearray


@contextmanager
def proxy(
    context: ssl.SSLContext | None = None, refusal: bytes = b"", name: str = "127.0.0.1"
) -> Iterator[Proxy]:
    """Connect anywhere on loopback; with `context` TLS is spoken to the proxy itself.

    `refusal` is what it answers instead of connecting.
    """
    heads: list[bytes] = []
    heard = bytearray()

    def speak(plain: socket.socket) -> None:
        connection = plain if context is None else context.wrap_socket(plain, server_side=True)
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(65536)
                if not piece:
                    return
                head += piece
            heads.append(head)
            heard.extend(head)
            if refusal:
                connection.sendall(refusal)
                return
            port = int(head.split()[1].rpartition(b":")[2])
            with socket.create_connection(("127.0.0.1", port), PATIENCE) as inner:
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                relay(connection, inner, heard)

    with listening(speak) as listener:
        scheme = "http" if context is None else "https"
        yield Proxy(f"{scheme}://{name}:{listener.port}", heads, heard)


def relay(one: socket.socket, other: socket.socket, heard: bytearray | None = None) -> None:
    """Carry bytes both ways until either side ends; what `one` says is kept in `heard`."""
    while True:
        waiting = isinstance(one, ssl.SSLSocket) and one.pending()
        ready = [one] if waiting else select.select([one, other], [], [], PATIENCE)[0]
        if not ready:
            return
        for source in ready:
            piece = source.recv(65536)
            if not piece:
                return
            if source is one and heard is not None:
                heard.extend(piece)
            (other if source is one else one).sendall(piece)
