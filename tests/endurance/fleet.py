"""Forty sandboxes, and an apply over all of them that gets SIGTERM at moments that are counted.

A moment is a step of the run: a request that has reached a sandbox, before it is done or before it
is answered; or a file of the desk that the run opens or renames, and some calls of functions later.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from confsync.sandbox.site import Answer, Question, Site
from tests.cli.process import PATIENCE, checked
from tests.test_fleets_page import Fleet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import ExitStack
    from pathlib import Path

    from confsync.sandbox import Server
    from confsync.sandbox.fields import Json
    from tests.cli.process import Ran

OBJECTS = ("InMemoryStore", "Http")
"""The objects of each target of the example."""

AUDIT, REPORT, LINES = "audit.jsonl", "report.json", "lines.jsonl"
OUTPUTS = ("--audit", AUDIT, "--output", f"json={REPORT}", "--output", f"jsonl={LINES}")

PROGRAM = """\
import os, signal, sys
from confsync.__main__ import main
_, steps, *moments = sys.argv
moments = [tuple(map(int, one.split(":"))) for one in moments[:moments.index("--")]]
del sys.argv[1 : len(moments) + 3]
desk, seen = os.getcwd(), 0
def kill():
    os.kill(os.getpid(), signal.SIGTERM)
def heard(event, arguments):
    global seen
    if event not in ("open", "os.rename") or isinstance(arguments[0], int):
        return
    path = os.fsdecode(arguments[0])
    if not os.path.isabs(path) or path.startswith(desk):
        seen += 1
        for _, calls in (one for one in moments if one[0] == seen):
            later(calls)
def later(calls):
    if not calls:
        return kill()
    left = calls
    def called(frame, kind, _):
        nonlocal left
        left -= kind == "call"
        if not left:
            sys.setprofile(None)
            kill()
    sys.setprofile(called)
sys.addaudithook(heard)
try:
    main()
finally:
    with open(steps, "w") as file:
        file.write(str(seen))
"""
"""Runs confsync, and sends SIGTERM to itself at steps of its files."""


FORBIDDEN = Answer(HTTPStatus.FORBIDDEN, (), b"")


class Moments(NamedTuple):
    """When SIGTERM comes. `requests`: the numbers of their steps, from 1, two a request. `files`:
    the numbers of steps, from 1, and how many calls of functions later.
    """

    requests: tuple[int, ...] = ()
    files: tuple[tuple[int, int], ...] = ()


class _Counted(Site):
    """A site that counts two steps for each request: before it is done, and before its answer."""

    fleet: Stopped

    def answer(self, question: Question) -> Answer:
        if question.method != "POST":
            return super().answer(question)
        refused = self.fleet.step(self, question.body)
        answer = FORBIDDEN if refused else super().answer(question)
        self.fleet.step(self)
        return answer


class Stopped(Fleet):
    """The fleet of the example, each sandbox with its defaults before each run."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        super().__init__(directory, stack)
        for server in self.servers.values():
            site = server._http.site
            counted = _Counted(site.storage, site.accounts, site.edition)
            object.__setattr__(counted, "fleet", self)  # it is frozen
            server._http.site = counted
        self.initial = self.held()
        self._names = {id(one._http.site): name for name, one in self.servers.items()}
        self._files = {path for path in directory.rglob("*") if path.is_file()}
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._moments = Moments()
        self.steps, self.file_steps = 0, 0
        self.refusing = ""
        """The name of a server that refuses updates."""
        self.early = list[str]()
        """Updates that arrived without a beginning in the audit file."""

    def held(self) -> dict[tuple[str, str], Json]:
        """What each sandbox holds."""
        return {
            (name, of): server.get(f"x:{of}")
            for name, server in self.servers.items()
            for of in OBJECTS
        }

    def lines(self, file: str) -> list[Any]:
        """The records of a file, each a whole line; none without the file."""
        path = self.directory / file
        if not path.exists():
            return []
        text = path.read_text()
        assert not text or text.endswith("\n"), (file, text[-80:])
        return [json.loads(line) for line in text.splitlines()]

    def step(self, site: Site, body: bytes = b"") -> bool:
        """A step of a request; `body`, before it is done. The signal has come before it goes on.
        True if the server refuses it.
        """
        with self._lock:
            self.steps += 1
            if b"/set" in body:
                self._check_begun(self._names[id(site)], body)
            if self.steps in self._moments.requests and self._process is not None:
                self._process.send_signal(signal.SIGTERM)
        return b"/set" in body and self._names[id(site)] == self.refusing

    def _check_begun(self, name: str, body: bytes) -> None:
        of = next(one for one in OBJECTS if f"x:{one}/set".encode() in body)
        begun = {
            (one["target"]["name"], one["object"])
            for one in self.lines(AUDIT)
            if one["event"] == "started"
        }
        if (name, of) not in begun:
            self.early.append(f"{name} {of}")

    def stopped(self, moments: Moments, *more: str) -> Ran:
        """Apply to all, with SIGTERM at some moments. Nothing of the run is left but its files."""
        for path in self.directory.rglob("*"):
            if path.is_file() and path not in self._files:
                path.unlink()
        for (name, of), held in self.initial.items():
            self.servers[name].put(f"x:{of}", held)
        self.steps, self._moments = 0, moments
        self.early.clear()
        steps = self.directory.parent / "steps"
        at = (f"{step}:{calls}" for step, calls in moments.files)
        # A signal between an open and its `with` leaves the file to the garbage collector.
        warned = ("-W", "error", "-W", "ignore::ResourceWarning")
        command = (sys.executable, *warned, "-c", PROGRAM, str(steps), *at, "--")
        with self._lock:
            self._process = subprocess.Popen(
                [*command, "apply", "--all", "--yes", *OUTPUTS, *more],
                cwd=self.directory,
                env=self.variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        try:
            out, err = self._process.communicate(timeout=PATIENCE)
        finally:
            self._process.kill()
        ran = checked(self._process.returncode, out, err)
        self.file_steps = int(steps.read_text())
        self._check_gone(self._process.pid, *self.servers.values())
        return ran

    @property
    def variables(self) -> Mapping[str, str]:
        passwords = {
            f"REDIS_PASSWORD{of}": "a-long-canary" for of in ("", "_STAGING", "_PRODUCTION")
        }
        path = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        quick = {"CONFSYNC_HOSTS": "127.0.0.1", "CONFSYNC_RETRIES": "0"}
        return {**path, **quick, **self.tokens, **passwords}

    def _check_gone(self, group: int, *servers: Server) -> None:
        """No process, no connection and no file is left but the outputs."""
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            pass
        else:
            raise AssertionError("a process is left")
        end = time.monotonic() + PATIENCE
        while any(server._http._connections for server in servers):
            assert time.monotonic() < end, "a connection is left"
            time.sleep(0.001)
        found = {path for path in self.directory.rglob("*") if path.is_file()} - self._files
        assert {path.name for path in found} <= {AUDIT, REPORT, LINES}


def spread(number: int, most: int) -> Sequence[int]:
    """Numbers from 1 to `most`, evenly."""
    return [1 + (2 * at + 1) * most // (2 * number) for at in range(number)]
