"""The fault matrix: every way to fail at every moment of an apply, against `matrix.yaml`."""

from __future__ import annotations

import os
import pty
import re
import select
import threading
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import pytest
from ruamel.yaml import YAML

import confsync
from tests.cli.process import ENV_SECRET, LIVE_SECRET
from tests.cli.terminal import QUESTION
from tests.faults.faults import FAULTS, SAME, THEIRS
from tests.faults.server import KEY, Faulty
from tests.faults.table import CELL, MOMENTS
from tests.fork import Fork, Job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.faults.server import Moment

HERE = Path(__file__).parent
SILENT = ("no answer", "effect and no answer", "half an answer and silence", "slow drip")
RETRIABLE = ("error serverUnavailable", "status 429")
"""Faults after which an update is certainly not done, and may be sent again."""

STORE = "InMemoryStore: {'@type': RedisSentinel, serviceName: main, poolMaxConnections: 32%s}\n"
SECRET = ", authUsername: stalwart, authSecret: {'@type': Value, secret: {env: PASSWORD}}"
LIVE: Mapping[str, object] = {"@type": "RedisSentinel", "serviceName": "old"}
WANTED: Mapping[str, object] = {"serviceName": "main", "poolMaxConnections": 32}
STATES: Mapping[str, Mapping[str, object]] = {
    "live": LIVE,
    "wanted": WANTED,
    "theirs": THEIRS,
    "same": SAME,
    "both": {**WANTED, **THEIRS},
    "wanted but the same": {**WANTED, **SAME},
}

Matrix = dict[str, dict[str, tuple[int, str, int, str]]]


@cache
def matrix() -> Matrix:
    text = (HERE / "matrix.yaml").read_text(encoding="utf-8")
    return cast("Matrix", YAML(typ="safe").load(text))


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """Both streams with their lines joined."""
        return " ".join(f"{self.out} {self.err}".split())


def apply(fork: Fork, directory: Path, url: str, terminal: str | None, seconds: int) -> Ran:
    """Run an apply to its end: at a terminal, or with --yes and without one. A request may take
    some seconds.
    """
    arguments = ["apply", "a.yaml", *(() if terminal else ("--yes",))]
    environ = {
        "PATH": os.environ["PATH"],
        "STALWART_URL": url,
        "STALWART_TOKEN": KEY,
        "PASSWORD": ENV_SECRET,
        "CONFSYNC_TIMEOUT": str(seconds),
        "CONFSYNC_RETRIES": "1",
    }
    out, err = directory / "out", directory / "err"
    job = Job(arguments, str(directory), environ, str(out), terminal or str(err))
    status = fork.run(job._replace(given=terminal or os.devnull, scrubbed=False)).status
    return Ran(status, out.read_text(), "" if terminal else err.read_text())


@pytest.fixture(scope="session")
def fork() -> Iterator[Fork]:
    with Fork(Path(confsync.__file__).parent.parent) as started:
        yield started


class Terminal:
    """A pseudo-terminal at which somebody says yes when the question stands."""

    def __init__(self, name: str, master: int) -> None:
        self.name = name
        self._master = master
        self._written = b""
        self._over = threading.Event()
        self._somebody = threading.Thread(target=self._answer)
        self._somebody.start()

    def shown(self) -> str:
        """What was written there, by a program that has ended."""
        self._over.set()
        self._somebody.join()
        return self._written.decode()

    def _answer(self) -> None:
        answered = False
        while (ready := self._readable()) or not self._over.is_set():
            if ready:
                self._written += os.read(self._master, 65536)
            if QUESTION.encode() in self._written and not answered:
                answered = os.write(self._master, b"yes\n") > 0

    def _readable(self) -> bool:
        return bool(select.select([self._master], [], [], 0.05)[0])


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    master, slave = pty.openpty()
    found = Terminal(os.ttyname(slave), master)
    try:
        yield found
    finally:
        found.shown()
        os.close(slave)
        os.close(master)


def test_the_matrix_says_what_happens_in_each_cell_and_there_are_160_and_more() -> None:
    found = matrix()
    assert set(found) == set(FAULTS)
    assert {tuple(cells) for cells in found.values()} == {MOMENTS}
    assert len(found) >= 40
    assert len(found) * 4 >= 160


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_at_a_moment_ends_as_the_matrix_says(  # noqa: PLR0913, PLR0917 - one a fixture
    fork: Fork,
    terminal: Terminal,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    name: str,
    moment: Literal["read", "reread", "update", "look", "secret"],
) -> None:
    """The status, the words, the server's state and the updates that reached it."""
    status, state, arrived, words = matrix()[name][moment]
    record_property(CELL, f"{name}/{moment}/{status}")
    asks = moment == "reread"
    secret = {"authSecret": {"@type": "Value", "secret": LIVE_SECRET}}
    initial = {**LIVE, **(secret if moment == "secret" else {})}
    (tmp_path / "a.yaml").write_text(STORE % (SECRET if moment == "secret" else ""))
    at: Moment = "update" if moment == "secret" else moment
    with Faulty(FAULTS[name], at, initial, asks) as server:
        seconds = 1 if name in SILENT else 5
        ran = apply(fork, tmp_path, server.url, terminal.name if asks else None, seconds)
        if asks:
            ran = replace(ran, err=terminal.shown())
    before = {**LIVE, "timeout": 10_000, "poolMaxConnections": 10}
    expected = {**before, **STATES[state]}
    found = {name: server.stored[name] for name in expected}
    assert (ran.status, found, server.journal.arrived) == (status, expected, arrived), ran.words
    said = ran.words.replace(server.url, "SERVER")
    assert re.search(".*".join(map(re.escape, words.split("…"))), said), said
    check_promises(ran, server, moment, name)


def check_promises(ran: Ran, server: Faulty, moment: str, name: str) -> None:
    """What holds in every cell, whatever the matrix says."""
    journal, stored = server.journal, server.stored
    assert "anary" not in ran.out + ran.err
    assert not re.search("Traceback|fault inside|left the program", ran.out + ran.err)
    assert journal.done <= 1, "nothing is applied twice"
    assert journal.arrived <= 1 or name.startswith(RETRIABLE)
    if ran.status == 0:
        assert journal.done == 1, "never done without having been done"
        assert {key: stored[key] for key in WANTED} == dict(WANTED)
        if moment == "secret":
            assert stored["authSecret"] == {"@type": "Value", "secret": ENV_SECRET}
    if ran.status in {1, 3}:
        assert journal.done == 0
        assert "nothing was changed on the server" in ran.words.lower() or (
            "did not store any part of the update" in ran.words
        )
    else:
        assert "nothing was changed" not in ran.words.lower()
    if ran.status == 4:
        assert "The update may have been stored" in ran.words
        assert journal.arrived <= 1
