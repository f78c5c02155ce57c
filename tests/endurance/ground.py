"""Where runs are ended in the middle: a slow server, a directory, and the program that forks."""

from __future__ import annotations

import http.client
import os
import shutil
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import confsync
from confsync.sandbox import Server
from confsync.sandbox.site import Answer, Question, Site
from tests.fork import Fork, Job

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.sandbox.fields import Json

SECRET = "Canary-of-the-environment"
CREDENTIALS = {"STALWART_USER": "admin", "STALWART_PASSWORD": "sandbox"}
HOLD = 0.004
"""Seconds for which the server holds a request before it does it, and the answer after."""
PATIENCE = 120
SET = "x:InMemoryStore/set"


class Slow(Site):
    """A site that takes its time: a signal can come before a request is done, and after."""

    def answer(self, question: Question) -> Answer:
        hold = HOLD if question.method == "POST" else 0.0
        time.sleep(hold)
        answer = super().answer(question)
        time.sleep(hold)
        return answer


@dataclass(frozen=True)
class Ran:
    """How a run ended (a negative status: by that signal), what it wrote, how long it took."""

    status: int
    out: str
    err: str
    seconds: float

    @property
    def words(self) -> str:
        """Both streams."""
        return self.out + self.err


class Ground:
    """A server whose journal can be read, and a desk to run confsync at. A context manager."""

    def __init__(self, directory: Path) -> None:
        self.desk = directory / "desk"
        self._streams = {name: directory / name for name in ("out", "err")}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.server = self._stack.enter_context(Server())
        fast = self.server._http.site
        self.server._http.site = Slow(fast.storage, fast.accounts, fast.edition)
        self._fork = self._stack.enter_context(Fork(Path(confsync.__file__).parent.parent))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def tidy(self, files: Mapping[str, str | bytes]) -> None:
        """An empty desk with some files on it, and an empty journal."""
        self.forget()
        shutil.rmtree(self.desk, ignore_errors=True)
        self.desk.mkdir()
        for name, content in files.items():
            (self.desk / name).write_bytes(
                content if isinstance(content, bytes) else content.encode()
            )

    def forget(self) -> None:
        """Empty the server's journal."""
        self.server._http._journal.clear()

    def run(self, *arguments: str, bare: bool = False) -> Ran:
        """A run to its end."""
        self.start(*arguments, bare=bare)
        return self.ended()

    def start(
        self, *arguments: str, bare: bool = False, signal: int | None = None, after: float = 0.0
    ) -> None:
        """Start a run, which gets a signal after some seconds if there is one."""
        environ = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "STALWART_URL": self.server.url,
            "REDIS_PASSWORD": SECRET,
            **CREDENTIALS,
        }
        out, err = self._streams["out"], self._streams["err"]
        out.write_bytes(b"")
        err.write_bytes(b"")
        job = Job(arguments, str(self.desk), environ, str(out), str(err), bare=bare)
        self._fork.start(job._replace(signal=signal, after=after))

    def over(self) -> bool:
        """Whether a run that was started has ended: its result waits to be read."""
        return self._fork.over()

    def until_ready(self) -> float:
        """Wait until a run that was started says something, or is over; how long that took."""
        start = time.monotonic()
        while not self.said() and not self.over():
            time.sleep(0.001)
        return time.monotonic() - start

    def said(self) -> str:
        """What a run that goes on has written to standard output so far."""
        return self._streams["out"].read_text(encoding="utf-8")

    def ended(self) -> Ran:
        """Wait until the run is over, and until the server is done with all that came of it."""
        status, seconds, _, _ = self._fork.ended()
        self._quiet()
        texts = {name: path.read_text(encoding="utf-8") for name, path in self._streams.items()}
        return Ran(status, texts["out"], texts["err"], seconds)

    def sets(self) -> int:
        """How many updates have arrived since the journal was emptied."""
        return sum(
            call[0] == SET
            for request in self.server.requests
            if isinstance(request.body, dict)
            for call in request.body["methodCalls"]
        )

    def stored(self) -> Json:
        """What the server has, secrets in clear."""
        return self.server.stored

    def _quiet(self) -> None:
        """Connections are taken in the order in which they came: once one of our own is answered
        all of the run's are known, and each ends when its request is done.
        """
        address = urlsplit(self.server.url)
        probe = http.client.HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE)
        probe.request("GET", "/", headers={"Connection": "close"})
        probe.getresponse().read()
        probe.close()
        end = time.monotonic() + PATIENCE
        while self.server._http._connections:
            assert time.monotonic() < end, "the server is not done with a request"
            time.sleep(0.001)
