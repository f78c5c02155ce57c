"""A server that fails in one way at one moment of an apply, and keeps a journal of what it did.

What it does right it does as the sandbox: the object, its rules and its answers are the sandbox's.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

from confsync.sandbox.accounts import Accounts
from confsync.sandbox.site import Question, Site
from confsync.sandbox.storage import Storage, raw

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.sandbox.fields import Json

Moment = Literal["read", "reread", "update", "look"]

JSON = "application/json"
KEY = "API_Canary-of-the-matrix"
_PERMISSIONS = frozenset({"authenticate", "sysInMemoryStoreGet", "sysInMemoryStoreUpdate"})
_PATIENCE = 15
"""Seconds after which a connection that nobody ends is given up."""


class Fault(Protocol):
    """One way to fail. `blind`: before the request is read; `refuses`: nobody listens."""

    @property
    def blind(self) -> bool: ...

    @property
    def refuses(self) -> bool: ...

    def __call__(self, request: Request) -> bool:
        """Fail. True: the request was answered rightly all the same, and the client goes on."""


@dataclass
class Journal:
    """The updates that arrived whole, and those that were done."""

    arrived: int = 0
    done: int = 0


@dataclass
class Faulty:
    """Listens on loopback. At `moment` requests meet the fault; before the moment `look` an update
    is done, and its answer lost. `asks`: the client asks a question, and reads twice before it
    sends. A context manager.
    """

    fault: Fault
    moment: Moment
    initial: Mapping[str, object]
    asks: bool
    journal: Journal = field(default_factory=Journal)

    def __post_init__(self) -> None:
        self._storage = Storage(None, dict(self.initial))
        self._site = Site(self._storage, Accounts({KEY: _PERMISSIONS}), "enterprise")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._listening = True
        self._phase: Moment = "read"
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        if self.fault.refuses and self.moment == "read":
            self._refuse()
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._refuse()
        for thread in self._threads:
            thread.join()

    @property
    def stored(self) -> Json:
        """The object as it is stored, secrets in clear."""
        return self._storage.stored

    def foreign(self, theirs: Mapping[str, object]) -> None:
        """Somebody else changes the object."""
        self._storage.stored = raw({**self._storage.stored, **theirs})

    def do(self, calls: list[Any]) -> list[Any]:
        """What the sandbox answers to some calls, after doing what is asked."""
        self.journal.done += any(name.endswith("/set") for name, *_ in calls)
        body = json.dumps({"using": ["urn:ietf:params:jmap:core"], "methodCalls": calls}).encode()
        headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
        answer = self._site.answer(Question("POST", "/jmap/", headers, body))
        responses: list[Any] = json.loads(answer.body)["methodResponses"]
        return responses

    def _refuse(self) -> None:
        if self._listening:
            self._listening = False
            # This wakes the thread that waits there, which closing alone does not.
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def _start(self, target: Any, *args: object) -> None:  # noqa: ANN401 - any function
        thread = threading.Thread(target=target, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(_PATIENCE)
        with connection:
            try:
                self._answered(Request(self, connection))
            except OSError:
                return

    def _answered(self, request: Request) -> None:
        request.moment = self._phase
        if self.fault.blind and request.moment == self.moment:
            if request.moment == "update":
                self._pass("update")
            self.fault(request)
            return
        request.receive()
        if request.sets:
            request.moment = "update"
            with self._lock:
                self.journal.arrived += 1
        if request.moment == "update":
            self._pass("update")
        if request.moment == self.moment:
            if self.fault(request):
                self._pass(request.moment)
            return
        responses = self.do(request.calls)
        self._pass(request.moment)
        if not (request.moment == "update" and self.moment == "look"):
            request.say(responses)

    def _pass(self, moment: Moment) -> None:
        """A moment is over: the next one comes."""
        if moment == "read":
            self._phase = "reread" if self.asks else "update"
        else:
            self._phase = "update" if moment == "reread" else "look"
        if self.fault.refuses and self._phase == self.moment:
            self._refuse()


class Request:
    """One connection, which carries one request: what a fault works with."""

    def __init__(self, server: Faulty, connection: socket.socket) -> None:
        self.server = server
        self.connection = connection
        self.moment: Moment = "read"
        self.calls: list[Any] = []
        self._file = connection.makefile("rb")

    @property
    def sets(self) -> bool:
        """Whether it is an update."""
        return any(name.endswith("/set") for name, *_ in self.calls)

    def head(self) -> int:
        """Read the head, and return the length of the body."""
        length = 0
        while (line := self._file.readline()) not in {b"\r\n", b""}:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return length

    def byte(self) -> None:
        """Read the first byte of the body."""
        self._file.read(1)

    def receive(self) -> None:
        """Read the whole request."""
        body = self._file.read(self.head())
        if not body:
            raise ConnectionError
        self.calls = json.loads(body)["methodCalls"]

    def do(self) -> list[Any]:
        """Do what is asked, and return the responses."""
        return self.server.do(self.calls)

    def say(self, responses: object) -> None:
        """Answer with some method responses."""
        self.body(json.dumps({"methodResponses": responses, "sessionState": "s"}).encode())

    def body(
        self, body: bytes, status: int = 200, *more: str, kind: str = "application/json"
    ) -> None:
        """Answer with a body of any kind."""
        self.raw(self.headed(body, len(body), status, *more, kind=kind))

    def headed(
        self,
        body: bytes,
        length: int,
        status: int = 200,
        *more: str,
        kind: str = "application/json",
    ) -> bytes:
        """An answer as bytes; `length` is what its head says."""
        head = [
            f"HTTP/1.1 {status} Whatever",
            f"Content-Type: {kind}",
            f"Content-Length: {length}",
            "Connection: close",
            *more,
        ]
        return "\r\n".join([*head, "", ""]).encode() + body

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.connection.sendall(data)

    def reset(self) -> None:
        """End the connection with a reset."""
        self._file.close()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def hold(self) -> None:
        """Say nothing until the client goes away."""
        while self.connection.recv(4096):
            pass
