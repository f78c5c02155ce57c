"""Targets are read side by side, and what they share once."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import date
from threading import Barrier, Event
from typing import TYPE_CHECKING

import pytest

from confsync.errors import InvalidFiles
from confsync.kinds import KINDS, in_use, using
from confsync.kinds.table import BUILT_IN, Tables
from confsync.net.http import begin
from confsync.sandbox import Server
from confsync.secrets.built_in import Command
from confsync.sync.secret import Ref, Vault
from confsync.sync.tree import secrets
from confsync.sync.values import Failed
from confsync.workflow import load
from confsync.workflow.jobs import Jobs, side_by_side
from confsync.workflow.plan import plans
from confsync.workflow.session import Reach, each, flat
from confsync.workflow.targets import NOTHING_WANTED, Access, Asked, aims
from confsync.yaml.read import read
from tests.cli.hostile import hostile, passes_to
from tests.cli.process import KEYS, PLAN_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from threading import Thread

    from confsync.sync.values import Plan
    from confsync.yaml.read import Parsed

NO_ACCESS = Access(None, insecure_http=False, ca_file=None, client_cert=None, client_key=None,
                   proxy=None, timeout=60, retries=0)  # fmt: skip
STORE = "InMemoryStore: {'@type': Redis, url: 'redis://wanted'}\n"
PATIENCE = 30
"""Seconds after which a test counts as hanging."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(keys=KEYS) as running:
        yield running


@dataclass
class Fleet:
    """A directory whose `confsync.yaml` has some targets, each with a URL and more."""

    directory: Path
    told: list[tuple[int, int]] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=lambda: {"TOKEN": PLAN_KEY})

    def configure(self, *urls: str, more: Callable[[int], str] = lambda _: "") -> None:
        head = "groups: {all: {files: [a.yaml, b.yaml], token: {env: TOKEN}}}\ntargets:\n"
        lines = [
            f"  t{number}: {{url: '{url}', in: [all]{more(number)}}}\n"
            for number, url in enumerate(urls)
        ]
        (self.directory / "confsync.yaml").write_text(head + "".join(lines))
        (self.directory / "a.yaml").write_text(STORE)
        (self.directory / "b.yaml").write_text("InMemoryStore: {timeout: 7s}\n")

    def reach(self, jobs: Jobs) -> Reach:
        told = replace(jobs, tell=lambda *numbers: self.told.append(numbers))
        return Reach(self.environment, Vault(), jobs=told, allow_commands=True)

    def plan(self, jobs: Jobs) -> list[Plan | Failed]:
        chosen = aims(
            self.directory, Asked(all=True), NOTHING_WANTED, NO_ACCESS, today=date(2027, 1, 31)
        )
        environment = self.environment
        return flat(
            each(
                chosen,
                self.reach(jobs),
                lambda aim, session: plans(
                    aim.files, session, environment=environment, options=aim.options
                ),
            )
        )


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    monkeypatch.chdir(tmp_path)
    return Fleet(tmp_path)


def test_four_requests_are_under_way_at_once(fleet: Fleet, server: Server) -> None:
    four, asked = Barrier(4), passes_to(server)

    def together(request: bytes) -> bytes:
        four.wait(PATIENCE)
        return asked(request)

    with hostile(together) as front:
        fleet.configure(*[front.url] * 8)
        found = fleet.plan(Jobs(4))
    assert [one.target.name for one in found] == [f"t{number}" for number in range(8)]
    assert not any(isinstance(one, Failed) for one in found)
    assert fleet.told == [(number, 8) for number in range(9)]


def test_results_keep_the_order_and_one_error_stops_no_other(fleet: Fleet, server: Server) -> None:
    last = Event()

    def at_last(request: bytes) -> bytes:
        assert last.wait(PATIENCE)
        return passes_to(server)(request)

    def first(request: bytes) -> bytes:
        last.set()
        return passes_to(server)(request)

    with hostile(at_last) as slow, hostile(first) as quick:
        fleet.configure(slow.url, "http://127.0.0.1:9", quick.url)
        found = fleet.plan(Jobs(3))
    assert [one.target.name for one in found] == ["t0", "t1", "t2"]
    assert [isinstance(one, Failed) for one in found] == [False, True, False]


def test_silent_servers_hold_up_no_other(fleet: Fleet, server: Server) -> None:
    read = Event()

    def silent(request: bytes) -> bytes:
        assert read.wait(PATIENCE)
        return passes_to(server)(request)

    def last(request: bytes) -> bytes:
        read.set()
        return passes_to(server)(request)

    with hostile(silent) as one, hostile(silent) as two, hostile(last) as three:
        fleet.configure(one.url, two.url, three.url)
        found = fleet.plan(Jobs(2, slow=0.01))
    assert not any(isinstance(one, Failed) for one in found)


def test_files_that_targets_share_are_read_once(
    fleet: Fleet, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []

    def counted(path: str) -> Parsed:
        reads.append(path)
        return read(path)

    monkeypatch.setattr(load, "read", counted)
    own = ", set: {InMemoryStore/timeout: 9s}"
    fleet.configure(*[server.url] * 6, more=lambda number: own if number == 3 else "")
    found = fleet.plan(Jobs(4))
    assert sorted(reads) == ["a.yaml", "b.yaml"]
    desired = [one.desired for one in found if not isinstance(one, Failed)]
    assert [one.tree.members["timeout"] for one in desired] == [7000, 7000, 7000, 9000, 7000, 7000]


def test_each_target_has_its_own_secrets_of_a_shared_file(fleet: Fleet, server: Server) -> None:
    fleet.environment |= {"T0": "Canary-of-0", "T1": "Canary-of-1"}
    fleet.configure(
        *[server.url] * 2, more=lambda number: f", secrets: {{url: {{env: T{number}}}}}"
    )
    (fleet.directory / "a.yaml").write_text(
        "InMemoryStore: {'@type': RedisCluster, urls: [redis://a], authUsername: null,"
        " authSecret: {'@type': Value, secret: {secret: url}}}\n"
    )
    found = fleet.plan(Jobs(2))
    states = [one.desired.tree for one in found if not isinstance(one, Failed)]
    sent = [secret for state in states for _, secret in secrets(state)]
    assert [str(one.ref) for one in sent] == ["env T0", "env T1"]
    assert sent[0].id != sent[1].id


def test_a_broken_shared_file_is_an_error_of_each_target(fleet: Fleet, server: Server) -> None:
    fleet.configure(*[server.url] * 3)
    (fleet.directory / "a.yaml").write_text("InMemoryStore: {'@type': Rediss}\n")
    found = [one.error for one in fleet.plan(Jobs(2)) if isinstance(one, Failed)]
    assert [type(one) for one in found] == [InvalidFiles] * 3
    assert len(set(map(id, found))) == 3
    assert server.requests == []


def test_each_thread_has_the_tables_of_its_target() -> None:
    """The tables in use are a context variable; a thread begins with those of its caller."""
    both = Barrier(2)
    others = Tables(("Http",), BUILT_IN.table)

    def used(tables: Tables | None) -> tuple[object, int]:
        with using(tables):
            both.wait(PATIENCE)
            return in_use(), len(KINDS)

    with using(others):
        found = side_by_side(used, [None, BUILT_IN], Jobs(2))
    assert found == ((others, 1), (BUILT_IN, len(BUILT_IN.names)))
    assert in_use() is BUILT_IN


def target_threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name == "confsync-target"]


def test_an_interrupt_leaves_no_thread_that_reads(fleet: Fleet, server: Server) -> None:
    release = Event()

    def silent(_: bytes) -> bytes:
        release.wait(PATIENCE)
        return b""

    def interrupt(read: int, _all: int) -> None:
        if read:
            raise KeyboardInterrupt

    with hostile(silent) as front, hostile(passes_to(server)) as quick:
        fleet.configure(quick.url, *[front.url] * 5)
        reach = replace(fleet.reach(Jobs()), jobs=Jobs(3, interrupt))
        chosen = aims(
            fleet.directory, Asked(all=True), NOTHING_WANTED, NO_ACCESS, today=date(2027, 1, 31)
        )
        with pytest.raises(KeyboardInterrupt):
            each(chosen, reach, lambda aim, session: plans(aim.files, session, environment={}))
        assert target_threads() == []
        release.set()


def test_an_interrupt_ends_the_commands_of_all_threads() -> None:
    begun = Event()

    def first(number: int) -> None:
        if number:
            begun.set()
            Command(PATIENCE)(Ref("command", "sleep", "", (str(PATIENCE),)), {})
        else:
            begun.wait(PATIENCE)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        side_by_side(first, [0, 1, 2], Jobs(3))
    assert target_threads() == []


def test_an_interrupt_while_a_thread_is_started_ends_it_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = Event()

    def first(number: int) -> None:
        del number
        begun.set()
        Command(PATIENCE)(Ref("command", "sleep", "", (str(PATIENCE),)), {})

    def interrupted(work: Callable[[], None], name: str) -> Thread:
        begin(work, name)
        begun.wait(PATIENCE)
        raise KeyboardInterrupt

    monkeypatch.setattr("confsync.workflow.jobs.begin", interrupted)
    with pytest.raises(KeyboardInterrupt):
        side_by_side(first, [0, 1, 2], Jobs(3))
    assert target_threads() == []


def test_a_fault_in_one_ends_all() -> None:
    def broken(number: int) -> int:
        return 1 // number

    with pytest.raises(ZeroDivisionError):
        side_by_side(broken, [1, 0, 2], Jobs(2))
    assert target_threads() == []
