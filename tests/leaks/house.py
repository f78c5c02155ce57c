"""Where scenes are played: a server, the program that forks, and what came of a run."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import confsync
from confsync.sandbox import Server
from tests.cli.hostile import hostile
from tests.fork import LEFT, Fork, Job
from tests.leaks.planted import Aviary
from tests.leaks.scenes import FAILURES, LIVE, PERMISSIONS, Scene

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGE = Path(confsync.__file__).parent
LENGTHS = (20, 44)
_TIME = re.compile(rb"\d+\.\d\d s$", re.MULTILINE)


_DOCUMENTED = {("saved.plan", "argument")}
"""A saved plan holds a command's arguments, since it is applied from there: docs/secrets.md."""
_EACH_RUN = re.compile(
    rb'"(id|time|generated_at)": ?"[0-9a-fTZ:-]*",?|"seconds": ?[0-9.]+,?'
    rb"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|(?<=_timestamp_seconds)(\{.*\})? [0-9.e+]+"
)
"""What is another in each line of an audit and in each report, and tells nothing."""


@dataclass(frozen=True)
class Played:
    """What a run wrote: its status, both streams, and every file, by name; files that were there
    and are others now as they were and as they are.
    """

    status: int
    streams: Mapping[str, bytes]
    files: Mapping[str, bytes]
    edited: Mapping[str, tuple[bytes, bytes]]

    @property
    def written(self) -> dict[str, bytes]:
        """All that was written; how long a request took is the same in each run."""
        return {
            name: _TIME.sub(b"T", text) for name, text in {**self.streams, **self.files}.items()
        }


class House:
    """Plays scenes with the confsync of a directory. A context manager."""

    def __init__(self, directory: Path, package: Path = PACKAGE) -> None:
        self._results = directory / "results"
        self._desk = directory / "desk"
        self._package = package
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._results.mkdir(parents=True)
        keys = {
            Aviary(length)[name].plain: permissions
            for length in LENGTHS
            for name, permissions in PERMISSIONS.items()
        }
        self._server = self._stack.enter_context(Server(keys=keys))
        self._front = self._stack.enter_context(hostile(self._act))
        self._fork = self._stack.enter_context(Fork(self._package.parent))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def leaks(self, scene: Scene) -> list[str]:
        """What a scene gives away: canaries that can be read, and bytes that tell a length."""
        found: list[str] = []
        played: list[Played] = []
        for length in LENGTHS:
            canaries = Aviary(length)
            played.append(self._play(scene, canaries))
            for name, text in played[-1].written.items():
                where = canaries.found_in(f"{name}\n{text.decode('utf-8', 'replace')}")
                found += [
                    f"{name}: {trace}"
                    for trace in where
                    if (name, trace.partition(" ")[0]) not in _DOCUMENTED
                ]
            for name, (old, new) in played[-1].edited.items():
                before, after = (set(canaries.found_in(text.decode())) for text in (old, new))
                found += [f"{name}: {trace}, which was not there" for trace in after - before]
            if LEFT.encode() in played[-1].streams["err"] or played[-1].status < 0:
                found.append(f"the program itself failed: status {played[-1].status}")
        first, second = played
        if first.status != second.status:
            found.append(f"status {first.status} or {second.status}, by the length of secrets")
        for name in sorted(first.written.keys() | second.written.keys()):
            if first.written.get(name) != second.written.get(name):
                found.append(f"{name}: other bytes for secrets of another length")
        return list(dict.fromkeys(found))

    def told(self, scene: Scene) -> list[str]:
        """The lines that a scene writes to standard output."""
        return self._play(scene, Aviary(LENGTHS[0])).streams["out"].decode().splitlines()

    def _play(self, scene: Scene, canaries: Aviary) -> Played:
        self._server.stored = dict(LIVE[scene.names["live"]](canaries))
        self._action = FAILURES[scene.names["failure"]](self._server, canaries)
        given = scene.given(canaries)
        shutil.rmtree(self._desk, ignore_errors=True)
        for name, content in given.files.items():
            path = self._desk / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self._desk.mkdir(exist_ok=True)
        out, err = self._results / "out", self._results / "err"
        environ = {
            "PATH": os.environ["PATH"],
            "STALWART_URL": self._front.url,
            "CONFSYNC_RETRIES": "0",
            **given.environ,
        }
        desk = str(self._desk)
        status = self._fork.run(
            Job(given.arguments, desk, environ, str(out), str(err), scrubbed=False)
        ).status
        written = {
            path.relative_to(self._desk).as_posix(): _EACH_RUN.sub(b"", path.read_bytes())
            for path in sorted(self._desk.rglob("*"))
            if path.is_file() and path.relative_to(self._desk).as_posix() not in given.files
        }
        there = {name: (self._desk / name).read_bytes() for name in given.files}
        old = {
            name: content if isinstance(content, bytes) else content.encode()
            for name, content in given.files.items()
        }
        edited = {name: (old[name], text) for name, text in there.items() if text != old[name]}
        streamed = {
            name: _EACH_RUN.sub(b"", file.read_bytes())
            for name, file in (("out", out), ("err", err))
        }
        return Played(status, streamed, written, edited)

    def _act(self, request: bytes) -> bytes:
        return self._action(request)
