"""Many targets on the command line: jobs, progress, limits, and what goes on after a failure."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from confsync.sandbox import Server
from tests.cli.hostile import Held, hostile, passes_to
from tests.cli.process import APPLY_KEY, KEYS, PATIENCE, PLAN_KEY, ended
from tests.cli.terminal import terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.process import Desk, Ran

STORE = "InMemoryStore: {'@type': Redis, url: 'redis://wanted'}\n"
NOBODY = "http://127.0.0.1:9"
KEY = {"T0": APPLY_KEY, "T1": APPLY_KEY, "T2": APPLY_KEY}


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    with Server(keys=KEYS) as one, Server(keys=KEYS) as two, Server(keys=KEYS) as three:
        yield [one, two, three]


def configure(desk: Desk, *urls: str) -> None:
    """Targets `t0` and so on, in the order of their URLs."""
    desk.file("a.yaml", STORE)
    lines = (
        f"  t{number}: {{url: '{url}', files: [a.yaml], token: {{env: T{number}}}}}\n"
        for number, url in enumerate(urls)
    )
    desk.file("confsync.yaml", "targets:\n" + "".join(lines))


def results(ran: Ran) -> list[str]:
    return [target["outcome"]["result"] for target in json.loads(ran.out)["targets"]]


def test_with_keep_going_the_others_are_applied_and_the_status_says_so(
    desk: Desk, servers: list[Server]
) -> None:
    configure(desk, servers[0].url, NOBODY, servers[2].url)
    words = ("apply", "--all", "--yes", "--output", "json")
    ran = desk.run(*words, env=KEY)
    assert (ran.status, results(ran)) == (1, ["not-begun", "failed", "not-begun"])
    ran = desk.run(*words, "--keep-going", env=KEY)
    assert (ran.status, results(ran)) == (5, ["stored", "failed", "stored"])
    assert f"error: target t1: cannot connect to {NOBODY}: connection refused\n" in ran.err
    ran = desk.run(*words, "--keep-going", env=KEY)
    assert (ran.status, results(ran)) == (1, ["not-sent", "failed", "not-sent"])


def test_what_is_refused_counts_for_the_status(desk: Desk, servers: list[Server]) -> None:
    configure(desk, *(server.url for server in servers[:2]))
    desk.file("a.yaml", "InMemoryStore: {'@type': Redis, url: 'redis://u:p@wanted'}\n")
    ran = desk.run("apply", "--all", "--yes", "--keep-going", env=KEY)
    assert ran.status == 3
    assert ran.err.startswith("error: targets t0, t1: url contains a password in plain text\n")
    assert (
        "\nRefused: url contains a password in plain text. Nothing was changed there.\n" in ran.out
    )
    assert ran.out.endswith("\n2 targets: 2 refused.\n")
    words = ("--all", "--keep-going", "--yes", "--output", "markdown")
    assert "2 targets: 2 refused." in desk.run("apply", *words, env=KEY).out
    assert not any("InMemoryStore/set" in str(one.body) for s in servers for one in s.requests)


def test_a_fact_of_many_targets_is_told_once(desk: Desk, servers: list[Server]) -> None:
    configure(desk, *(server.url for server in servers))
    desk.file("a.yaml", "InMemoryStore: {'@type': Redis, url: 'redis://u:p@wanted'}\n")
    ran = desk.run("apply", "--all", "--yes", env=KEY)
    assert ran.status == 3
    assert ran.err.startswith("error: t0, t1, t2: url contains a password in plain text\n")


def test_targets_where_only_a_secret_is_sent_again_are_not_to_update(
    desk: Desk, servers: list[Server]
) -> None:
    cluster = "'@type': RedisCluster, urls: ['redis://a'], authUsername: null"
    secret = "authSecret: {'@type': Value, secret: {env: REDIS_PASSWORD}}"
    configure(desk, *(server.url for server in servers))
    desk.file("a.yaml", f"InMemoryStore: {{{cluster}, {secret}}}\n")
    words = ("apply", "--all", "--yes", "--allow", "change-variant")
    assert desk.run(*words, env=KEY).status == 0
    ran = desk.run("plan", "--all", env=KEY)
    assert ran.out.endswith("\n3 targets: 3 without visible changes. 3 secrets to send.\n")
    ran = desk.run("plan", "--all", "--output", "markdown", env=KEY)
    assert "3 targets: 3 without visible changes." in ran.out


@pytest.mark.parametrize("option", [("--max-targets", "1"), ("--max-changes", "1")])
def test_a_larger_plan_is_refused(
    desk: Desk, servers: list[Server], option: tuple[str, str]
) -> None:
    configure(desk, *(server.url for server in servers))
    ran = desk.run("apply", "--all", "--yes", *option, env=KEY)
    assert ran.status == 3
    assert f"; {option[0]} allows 1\n" in ran.err
    assert not any("InMemoryStore/set" in str(one.body) for s in servers for one in s.requests)


def test_after_the_deadline_the_run_ends_with_an_error(desk: Desk, servers: list[Server]) -> None:
    configure(desk, *(server.url for server in servers))
    ran = desk.run("plan", "--all", "--deadline", "1ms", env=KEY)
    assert ran.status == 1
    fact = "not begun: the deadline of the run has passed"
    assert ran.err.startswith(f"error: targets t0, t1, t2: {fact}\n")
    assert not any(server.requests for server in servers)


@pytest.mark.parametrize(
    ("text", "fact", "hint"),
    [
        ("10", "it is a number without a unit", "did you mean 10s or 10ms?"),
        ("0s", "it must not be zero", "write a duration like 10m"),
        ("soon", "it must be a duration", "write a duration like 10m"),
    ],
)
def test_a_deadline_is_a_duration(desk: Desk, text: str, fact: str, hint: str) -> None:
    ran = desk.run("plan", "--deadline", text)
    assert (ran.status, ran.err) == (1, f"error: --deadline: {fact}\nhint: {hint}\n")


def test_progress_is_not_written_where_nobody_sees_it_move(
    desk: Desk, servers: list[Server]
) -> None:
    configure(desk, *(server.url for server in servers))
    ran = desk.run("plan", "--all", env=KEY)
    assert (ran.status, ran.err) == (0, "")


@pytest.mark.parametrize("command", ["plan", "show"])
def test_progress_is_one_line_of_a_terminal_that_is_gone_at_the_end(
    desk: Desk, servers: list[Server], command: str
) -> None:
    held = Held(passes_to(servers[1]))
    with hostile(held) as between:
        configure(desk, servers[0].url, between.url, servers[2].url)
        with terminal(desk, command, "--all", "--output", "json=report", env=KEY) as screen:
            screen.wait_for("2 of 3 targets read")
            held.release.set()
            ran = screen.ended(colours=True)
    assert ran.status == 0
    assert ran.out == "".join(f"{read} of 3 targets read\r\x1b[K" for read in range(3))
    assert "targets read" not in (desk.directory / "report").read_text()


def test_a_runner_s_terminal_has_no_progress_before_an_annotation(
    desk: Desk, servers: list[Server]
) -> None:
    configure(desk, *(server.url for server in servers))
    env = {**KEY, "CI": "true"}
    with terminal(desk, "plan", "--all", "--output", "github", env=env) as screen:
        ran = screen.ended(colours=True)
    assert ran.out.startswith("::notice title=confsync plan::3 targets: ")


@pytest.mark.parametrize("more", [("--quiet",), ("--target", "t0")])
def test_there_is_no_progress_when_quiet_and_for_one_target(
    desk: Desk, servers: list[Server], more: tuple[str, ...]
) -> None:
    configure(desk, *(server.url for server in servers))
    chosen = ("--all",) if more == ("--quiet",) else ()
    with terminal(desk, "plan", *chosen, *more, "--output", "json=report", env=KEY) as screen:
        ran = screen.ended(colours=True)
    assert (ran.status, ran.out) == (0, "")


def test_one_job_reads_one_after_another(desk: Desk, servers: list[Server]) -> None:
    configure(desk, *(server.url for server in servers))
    ran = desk.run("plan", "--all", env={**KEY, "T1": PLAN_KEY, "CONFSYNC_JOBS": "1"})
    assert ran.status == 0
    assert desk.run("plan", "--all", "--jobs", "65", env=KEY).err == (
        "error: --jobs: out of range\nhint: number, 1 to 64\n"
    )


def test_a_wait_is_told_with_the_name_of_its_target(desk: Desk, servers: list[Server]) -> None:
    configure(desk, servers[0].url, NOBODY)
    ran = desk.run("plan", "--all", env={**KEY, "CONFSYNC_RETRIES": "1"})
    assert f"t1: cannot connect to {NOBODY}: connection refused; trying again in " in ran.err


def audited(desk: Desk) -> list[str]:
    """The events of the audit file, with the targets' names."""
    lines = (desk.directory / "audit.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    name_of = {one["id"]: one["target"]["name"] for one in records if one["event"] == "started"}
    return [f"{one['event']} {name_of[one['id']]}" for one in records]


@pytest.mark.parametrize(
    ("more", "at_once"),
    [
        ((), 1),
        (("--jobs", "2"), 2),
        # The first one is restarted before the next one is stored.
        (("--jobs", "3", "--after", "true"), 1),
    ],
)
def test_as_many_targets_are_updated_at_once_as_jobs_are_given(
    desk: Desk, servers: list[Server], more: tuple[str, ...], at_once: int
) -> None:
    configure(desk, *(server.url for server in servers))
    words = ("apply", "--all", "--yes", "--audit", "audit.jsonl", "--output", "json")
    ran = desk.run(*words, *more, env=KEY)
    assert (ran.status, results(ran)) == (0, ["stored"] * 3)
    found = [one for one in audited(desk) if one.startswith("started")]
    assert found == ["started t0", "started t1", "started t2"]
    first = [one.startswith("started") for one in audited(desk)].index(False)
    assert first == at_once


def test_the_next_targets_are_updated_when_all_of_the_last_ones_have_ended(
    desk: Desk, servers: list[Server]
) -> None:
    held, other = Held(passes_to(servers[0])), Held(passes_to(servers[1]))
    other.release.set()
    with (
        hostile(passes_to(servers[0]), held) as one,
        hostile(passes_to(servers[1]), other) as two,
    ):
        configure(desk, one.url, two.url, servers[2].url)
        process = desk.start("apply", "--all", "--yes", "--jobs", "2", env=KEY)
        try:
            assert held.arrived.wait(PATIENCE)
            assert other.arrived.wait(PATIENCE)
            assert [one.stored["@type"] for one in servers[1:]] == ["Redis", "Default"]
        finally:
            held.release.set()
        ran = ended(process)
    assert ran.status == 0
    assert servers[2].stored["@type"] == "Redis"


def test_a_failure_stops_those_that_are_not_begun(desk: Desk, servers: list[Server]) -> None:
    configure(desk, *(server.url for server in servers))
    words = ("apply", "--all", "--yes", "--jobs", "2", "--output", "json")
    ran = desk.run(*words, env={**KEY, "T0": PLAN_KEY})
    assert (ran.status, results(ran)) == (5, ["rejected", "stored", "not-begun"])
    ran = desk.run(*words, "--keep-going", env={**KEY, "T0": PLAN_KEY})
    assert (ran.status, results(ran)) == (5, ["rejected", "not-sent", "stored"])


@pytest.mark.parametrize(
    ("status", "found"),
    [
        (5, ["stored", "stored", "not-begun"]),
        (4, ["unknown", "stored", "not-begun"]),
    ],
)
def test_an_interrupt_ends_all_updates_that_are_under_way(
    desk: Desk, servers: list[Server], status: int, found: list[str]
) -> None:
    one, two = Held(passes_to(servers[0])), Held(passes_to(servers[1]))
    answered = "unknown" not in found
    silent = () if answered else (one,)
    with (
        hostile(passes_to(servers[0]), one, *silent) as before_one,
        hostile(passes_to(servers[1]), two) as before_two,
    ):
        configure(desk, before_one.url, before_two.url, servers[2].url)
        words = ("--jobs", "2", "--output", "json=report", "--audit", "audit.jsonl")
        process = desk.start("apply", "--all", "--yes", *words, env=KEY)
        try:
            assert one.arrived.wait(PATIENCE)
            assert two.arrived.wait(PATIENCE)
            process.send_signal(signal.SIGTERM)
            two.release.set()
            if answered:
                one.release.set()
            ran = ended(process)
        finally:
            one.release.set()
            two.release.set()
    report = json.loads((desk.directory / "report").read_text())
    assert [target["outcome"]["result"] for target in report["targets"]] == found
    assert ran.status == status
    assert servers[2].stored["@type"] == "Default"
