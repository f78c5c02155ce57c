"""Trying again: only what was certainly not done, a few times, and saying why."""

from __future__ import annotations

import json
import re
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.cli.hostile import hostile, http, jmap, passes_to, says
from tests.cli.process import PATIENCE, checked, ended

if TYPE_CHECKING:
    from confsync.sandbox import Server
    from tests.cli.hostile import Action, Hostile
    from tests.cli.process import Desk

STORE = "InMemoryStore: {'@type': RedisSentinel, serviceName: main}\n"
LIVE = {"@type": "RedisSentinel", "serviceName": "old"}
UNCHANGED = "nothing was changed on the server"
VARIANT = ("--allow", "change-variant", "--allow", "remove-secret")
TRIES = {"CONFSYNC_RETRIES": None}
WAIT = re.compile(r"; trying again in \d+\.\d s \(\d of 3\)$", re.MULTILINE)
LOST = says(b"")


def too_many(*more: str) -> Action:
    return says(http(429, b"{}", "application/problem+json", *more))


def sets(server: Hostile) -> int:
    return sum(b"/set" in request for request in server.requests)


def fails_inside(server: Server) -> Action:
    """The server answers as after a failure inside: the state around it is what it is."""

    def act(request: bytes) -> bytes:
        calls = json.loads(request.partition(b"\r\n\r\n")[2])["methodCalls"]
        state = {**server.stored, "id": "singleton"}
        got = {"accountId": "a", "list": [state], "notFound": []}
        return jmap(
            ["x:InMemoryStore/get", got, calls[0][2]],
            ["error", {"type": "serverUnavailable"}, calls[1][2]],
            ["x:InMemoryStore/get", got, calls[2][2]],
        )

    return act


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_server_that_comes_up_a_little_later_is_reached(
    desk: Desk, server: Server, command: str
) -> None:
    server.stored = LIVE
    port = free_port()
    arguments = (command, desk.file("a.yaml", STORE), "--url", f"http://127.0.0.1:{port}")
    yes = ("--yes",) if command == "apply" else ()
    process = desk.start(*arguments, *yes, env={**TRIES, "CONFSYNC_RETRIES": "20"})
    assert process.stderr is not None
    first = process.stderr.readline().decode()
    assert re.search(r"connection refused; trying again in \d\.\d s \(1 of 20\)$", first)
    with hostile(passes_to(server), port=port) as between:
        ran = ended(process)
    assert ran.status == 0
    assert len(between.requests) == (2 if command == "apply" else 1)


def test_after_the_last_try_it_says_how_often_it_tried(desk: Desk) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    ran = desk.run("plan", desk.file("a.yaml", STORE), "--url", url, "--retries", "2")
    assert ran.status == 1
    waits = ran.err.splitlines()[:2]
    assert [bool(re.search(r"trying again in \d\.\d s \(\d of 2\)$", line)) for line in waits] == [
        True,
        True,
    ]
    assert f"error: cannot connect to {url}: connection refused (tried 3 times)" in ran.err
    assert UNCHANGED not in ran.err


def test_a_certificate_that_is_not_trusted_is_not_tried_again(desk: Desk, server: Server) -> None:
    """The sandbox speaks no TLS: no waiting mends that."""
    url = server.url.replace("http:", "https:")
    ran = desk.run("plan", desk.file("a.yaml", STORE), "--url", url, env=TRIES)
    assert ran.status == 1
    assert "trying again" not in ran.err
    assert "tried" not in ran.err


def test_too_many_requests_waits_as_long_as_the_server_asks(desk: Desk, server: Server) -> None:
    server.stored = LIVE
    with hostile(
        passes_to(server), too_many("Retry-After: 1"), too_many(), passes_to(server)
    ) as between:
        start = time.monotonic()
        file = desk.file("a.yaml", STORE)
        ran = desk.run("apply", "--yes", file, "--url", between.url, env=TRIES)
    assert ran.status == 0
    assert time.monotonic() - start > 1.2
    assert len(between.requests) == 4
    first, second = ran.err.splitlines()
    assert re.fullmatch(
        r"the server received too many requests \(HTTP 429\); trying again in 1\.\d s \(1 of 3\)",
        first,
    )
    assert "(2 of 3)" in second


def test_a_longer_wait_than_there_is_time_for_is_told_and_not_begun(
    desk: Desk, server: Server
) -> None:
    before = server.stored
    with hostile(passes_to(server), too_many("Retry-After: 3600")) as between:
        file = desk.file("a.yaml", STORE)
        ran = desk.run("apply", "--yes", file, *VARIANT, "--url", between.url, env=TRIES)
    assert ran.status == 1
    assert "hint: wait 3600 s, then try again" in ran.err
    assert ran.err.endswith(f"{UNCHANGED}\n")
    assert (len(between.requests), server.stored) == (2, before)


def test_a_lost_read_is_read_again_and_a_lost_update_is_never_sent_again(
    desk: Desk, server: Server
) -> None:
    server.stored = LIVE
    with hostile(LOST, passes_to(server), LOST, LOST, passes_to(server)) as between:
        file = desk.file("a.yaml", STORE)
        ran = desk.run("apply", "--yes", file, "--url", between.url, env=TRIES)
    assert ran.status == 4
    assert sets(between) == 1
    assert len(between.requests) == 5
    assert len(WAIT.findall(ran.err)) == 2
    told = " ".join(ran.out.split())
    assert "The update may have been stored" in told
    assert "A second read shows the previous visible state" in told
    assert server.stored["serviceName"] == "old"


def test_a_server_that_was_busy_gets_the_same_update_again_while_nothing_changed(
    desk: Desk, server: Server
) -> None:
    server.stored = LIVE
    with hostile(passes_to(server), fails_inside(server), passes_to(server)) as between:
        file = desk.file("a.yaml", STORE)
        ran = desk.run("apply", "--yes", file, "--url", between.url, env=TRIES)
    assert ran.status == 0
    assert "the server did not store the update (serverUnavailable); trying again" in ran.err
    assert sets(between) == 2
    assert server.stored["serviceName"] == "main"


def test_one_that_stays_busy_is_an_error_and_nothing_changed(desk: Desk, server: Server) -> None:
    server.stored = LIVE
    with hostile(passes_to(server), fails_inside(server)) as between:
        file = desk.file("a.yaml", STORE)
        ran = desk.run("apply", "--yes", file, "--url", between.url, "--retries", "1")
    assert ran.status == 1
    assert "The server refused the update (serverUnavailable)." in ran.out
    assert "Nothing was changed on the server." in ran.out
    assert sets(between) == 2


def test_a_writer_that_lost_a_race_stops(desk: Desk, server: Server) -> None:
    server.stored = LIVE

    def overtaken(request: bytes) -> bytes:
        server.stored = {**LIVE, "timeout": 7000}
        return fails_inside(server)(request)

    with hostile(passes_to(server), overtaken) as between:
        file = desk.file("a.yaml", STORE)
        ran = desk.run("apply", "--yes", file, "--url", between.url, env=TRIES)
    assert ran.status == 3
    assert "did not store any part of the update" in ran.out
    assert "Another client changed the object since it was read:\n  ~ timeout  10s → 7s" in (
        ran.out
    )
    assert sets(between) == 1


def test_a_race_that_makes_the_update_invalid_ends_like_any_other_lost_race(
    desk: Desk, server: Server
) -> None:
    """They change the variant between planning and the update: its fields are none of theirs."""
    server.stored = LIVE
    theirs = {"@type": "Redis", "url": "redis://theirs"}

    def overtaken(request: bytes) -> bytes:
        server.stored = theirs
        return passes_to(server)(request)

    with hostile(passes_to(server), overtaken) as between:
        file = desk.file("a.yaml", STORE)
        ran = desk.run("apply", "--yes", file, "--url", between.url, env=TRIES)
    assert ran.status == 3
    assert "did not store any part of the update" in ran.out
    assert "hint: plan again" in ran.out
    assert server.stored["@type"] == "Redis"
    assert server.stored["url"] == "redis://theirs"
    assert sets(between) == 1


@pytest.mark.parametrize("status", [401, 402, 403])
def test_what_bans_an_address_is_never_tried_again(desk: Desk, server: Server, status: int) -> None:
    del server
    with hostile(says(http(status, b"{}"))) as between:
        ran = desk.run("plan", desk.file("a.yaml", STORE), "--url", between.url, env=TRIES)
    assert ran.status == 1
    assert len(between.requests) == 1


def test_the_time_for_a_request_is_for_all_of_its_tries(desk: Desk) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    arguments = ("--url", url, "--retries", "100", "--timeout", "1")
    ran = desk.run("plan", desk.file("a.yaml", STORE), *arguments)
    assert ran.status == 1
    (tries,) = re.findall(r"tried (\d+) times", ran.err)
    assert int(tries) < 100


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_an_update_waits_to_be_sent_ends_with_130(
    desk: Desk, server: Server, number: int
) -> None:
    before = server.stored
    with hostile(passes_to(server), too_many("Retry-After: 20")) as between:
        file = desk.file("a.yaml", STORE)
        process = desk.start("apply", "--yes", file, *VARIANT, "--url", between.url, env=TRIES)
        assert process.stderr is not None
        assert b"trying again in 20." in process.stderr.readline()
        process.send_signal(number)
        ran = ended(process)
    assert ran.status == 130
    assert ran.err == (
        "interrupted: finishing the update (a few seconds); interrupt again to stop\n"
        f"\ninterrupted\n{UNCHANGED}\n"
    )
    assert (len(between.requests), server.stored) == (2, before)


def test_a_signal_while_a_busy_server_is_waited_for_leaves_its_word_as_the_last(
    desk: Desk, server: Server
) -> None:
    server.stored = LIVE
    waiting = threading.Event()

    def busy(request: bytes) -> bytes:
        waiting.set()
        return fails_inside(server)(request)

    with hostile(passes_to(server), busy) as between:
        file = desk.file("a.yaml", STORE)
        arguments = ("--yes", file, "--url", between.url, "--retries", "20")
        process = desk.start("apply", *arguments)
        assert waiting.wait(PATIENCE)
        assert process.stderr is not None
        assert process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=PATIENCE)
    ran = checked(process.returncode, out, b"")
    assert ran.status == 1
    assert "Nothing was changed on the server." in ran.out
