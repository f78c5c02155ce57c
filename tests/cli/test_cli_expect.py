"""`confsync apply --expect DIGEST`: what was looked at is what happens, or nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.cli.process import LIVE, STORE

if TYPE_CHECKING:
    from confsync.sandbox import Server
    from tests.cli.process import Desk, Ran

DIGEST = re.compile(r"^Digest (2:[0-9a-f]{32})$", re.MULTILINE)
UNCHANGED = "nothing was changed on the server"


def digest(ran: Ran) -> str:
    assert ran.status == 0
    (found,) = DIGEST.findall(ran.out)
    return str(found)


def declined(ran: Ran, server: Server, stored: object) -> None:
    assert ran.status == 3
    assert "the plan does not have the expected digest: it is now 2:" in ran.err
    assert ran.err.endswith(f"{UNCHANGED}\n")
    assert server.stored == stored


def test_what_was_looked_at_without_secrets_is_applied_without_a_question(
    desk: Desk, server: Server
) -> None:
    file = desk.file("a.yaml")
    seen = digest(desk.run("plan", file, env={"REDIS_PASSWORD": None}))
    ran = desk.run("apply", file, "--expect", seen)
    assert ran.status == 0
    assert "Stored and verified" in ran.out
    assert server.stored["poolMaxConnections"] == 32


def test_another_live_state_stops_it(desk: Desk, server: Server) -> None:
    file = desk.file("a.yaml")
    seen = digest(desk.run("plan", file))
    server.stored = theirs = {**server.stored, "timeout": 7000}
    declined(desk.run("apply", file, "--expect", seen), server, theirs)


@pytest.mark.parametrize(
    ("old", "new"),
    [("32", "33"), ("{env: REDIS_PASSWORD}", "{env: PATH}"), ("rediss://cache-1", "rediss://c")],
)
def test_another_file_stops_it(desk: Desk, server: Server, old: str, new: str) -> None:
    seen = digest(desk.run("plan", desk.file("a.yaml")))
    before = server.stored
    ran = desk.run("apply", desk.file("a.yaml", STORE.replace(old, new)), "--expect", seen)
    declined(ran, server, before)


@pytest.mark.parametrize("options", [("--unlisted", "keep"), ("--hidden-secrets", "keep")])
def test_other_options_stop_it(desk: Desk, server: Server, options: tuple[str, ...]) -> None:
    file, allow = desk.file("a.yaml"), ("--allow", "kept-secret-elsewhere")
    seen, before = digest(desk.run("plan", file, *allow)), server.stored
    declined(desk.run("apply", file, *options, *allow, "--expect", seen), server, before)
    seen = digest(desk.run("plan", file, *options, *allow))
    assert desk.run("apply", file, *options, *allow, "--expect", seen).status == 0


def test_a_secret_in_clear_has_no_digest_that_could_be_trusted(desk: Desk, server: Server) -> None:
    """The digest holds no secret, so that another one in its place would have the same."""
    allow = ("--allow", "plaintext-secret")
    file = desk.file("a.yaml", STORE.replace("{env: REDIS_PASSWORD}", "Canary-in-clear"))
    seen, before = digest(desk.run("plan", file, *allow)), server.stored
    ran = desk.run("apply", file, "--expect", seen, *allow)
    assert ran.status == 1
    assert "a plan with a plain-text secret cannot be saved or identified by its digest" in ran.err
    assert server.stored == before


def test_a_reference_in_another_directory_is_another_one(desk: Desk, server: Server) -> None:
    text = STORE.replace("{env: REDIS_PASSWORD}", "{file: password}")
    desk.file("x/password", "Canary-of-x")
    desk.file("y/password", "Canary-of-y")
    seen = digest(desk.run("plan", desk.file("x/a.yaml", text)))
    before = server.stored
    declined(desk.run("apply", desk.file("y/a.yaml", text), "--expect", seen), server, before)
    assert desk.run("apply", "x/a.yaml", "--expect", seen).status == 0


def test_where_nothing_differs_the_digest_counts_all_the_same(desk: Desk, server: Server) -> None:
    file = desk.file("a.yaml", "InMemoryStore: {'@type': Redis, url: 'redis://a'}\n")
    server.stored = {"@type": "Redis", "url": "redis://a"}
    seen = digest(desk.run("plan", file))
    assert desk.run("apply", file, "--expect", seen).status == 0
    assert desk.run("apply", file, "--expect", f"2:{'0' * 32}").status == 3


@pytest.mark.parametrize(
    "wrong", ["", "2:", "0" * 32, f"1:{'0' * 32}", f"2:{'0' * 31}", f"2:{'G' * 32}", "Canary"]
)
def test_what_is_no_digest_is_wrong_usage_before_anything_is_read(
    desk: Desk, server: Server, wrong: str
) -> None:
    ran = desk.run("apply", desk.file("a.yaml"), "--expect", wrong)
    assert (ran.status, ran.out) == (1, "")
    assert "error: --expect: not a plan digest" in ran.err
    assert not server.requests
    assert server.stored["@type"] == LIVE["@type"]


def test_no_variable_sets_it(desk: Desk, server: Server) -> None:
    file = desk.file("a.yaml")
    seen, before = digest(desk.run("plan", file)), server.stored
    assert desk.run("apply", file, env={"CONFSYNC_EXPECT": seen}).status == 3
    assert server.stored == before
