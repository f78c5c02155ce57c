"""`confsync plan` as a process, against the sandbox."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.cli.process import APPLY_KEY, LIVE_SECRET, NO_KEY, PLAN_KEY, STORE, timeless

if TYPE_CHECKING:
    from confsync.sandbox import Server
    from tests.cli.process import Desk

LOST = ("--allow", "change-variant", "--allow", "remove-secret")
NOWHERE = "http://127.0.0.1:9"
SAME = """\
InMemoryStore:
  '@type': RedisCluster
  urls: [redis://a.example.com]
"""
SAME_LIVE = {"@type": "RedisCluster", "urls": {"redis://a.example.com": True}}


def test_a_plan_shows_the_difference_masked_and_sends_one_request(
    desk: Desk, server: Server
) -> None:
    before = server.stored
    ran = desk.run("plan", desk.file("stores/in-memory.yaml"))
    assert (ran.status, ran.err) == (0, "")
    assert [request.method for request in server.requests] == ["POST"]
    assert server.stored == before
    expected = f"""\
{server.url}

InMemoryStore · RedisCluster
  + urls                rediss://cache-1.example.com:6379                    …:4
  - urls                redis://stalwart:****@old.example.com:6379
                                                                 not in any file
  ~ poolMaxConnections  10 → 32                          stores/in-memory.yaml:8
  ? authSecret/secret   not comparable; sent from env REDIS_PASSWORD         …:7
  All URLs are sent: removing or replacing just one would send its old password
  back.

stores/in-memory.yaml:4: warning: urls/0 (cache-1.example.com) leads to another
    Redis: rate limits, locks, greylists and counters start empty
    [change-server]
  hint: nothing to do if it is the same Redis under another name; else apply it
    at a quiet time

Plan: 1 to add, 1 to change, 1 to remove; 1 secret to send.
Digest 2:DIGEST
Takes effect at restart. After the apply, restart one node first: a wrong
address or password locks out every remote client (confsync explain lock-out).
"""
    assert re.sub(r"(?<=Digest 2:)[0-9a-f]{32}$", "DIGEST", ran.out, flags=re.MULTILINE) == expected


def test_a_typical_plan_fits_80_columns(desk: Desk) -> None:
    ran = desk.run("plan", desk.file("stores/in-memory.yaml"), env={"REDIS_PASSWORD": None})
    assert max(map(len, ran.out.splitlines())) <= 80


def test_the_same_plan_twice_gives_the_same_bytes(desk: Desk) -> None:
    file = desk.file("a.yaml")
    for output in ("text", "json"):
        one, two = (desk.run("plan", file, "--output", output) for _ in range(2))
        assert timeless(one.out) == timeless(two.out)
        assert (one.status, one.err) == (two.status, two.err)


def test_a_plan_is_the_same_whether_its_secrets_can_be_resolved_or_not(desk: Desk) -> None:
    file = desk.file("a.yaml")
    with_secret, without = (
        desk.run("plan", file, "--output", "json", env={"REDIS_PASSWORD": value})
        for value in ("Canary", None)
    )
    digests = {json.loads(ran.out)["targets"][0]["digest"] for ran in (with_secret, without)}
    assert len(digests) == 1


def test_an_unset_variable_is_a_note_in_a_plan(desk: Desk) -> None:
    ran = desk.run("plan", desk.file("a.yaml"), env={"REDIS_PASSWORD": None})
    assert ran.status == 0
    assert (
        "a.yaml:7: note: env REDIS_PASSWORD is not set; only an apply needs it\n"
        "    [secret-unavailable]\n"
        "  hint: set REDIS_PASSWORD in the environment\n"
    ) in ran.out


@pytest.mark.parametrize(("stored", "status"), [(SAME_LIVE, 0), ({"@type": "Default"}, 2)])
def test_the_detailed_exit_status_tells_of_pending_changes(
    desk: Desk, server: Server, stored: dict[str, object], status: int
) -> None:
    server.stored = stored
    file = desk.file("a.yaml", SAME)
    assert desk.run("plan", file).status == 0
    ran = desk.run("plan", file, "--detailed-exitcode")
    assert ran.status == status
    assert ("No changes." in ran.out) == (status == 0)


def test_a_hidden_secret_alone_is_no_pending_change(desk: Desk, server: Server) -> None:
    server.stored = SAME_LIVE | {"authSecret": {"@type": "Value", "secret": LIVE_SECRET}}
    store = SAME + "  authSecret: {'@type': Value, secret: {env: REDIS_PASSWORD}}\n"
    store += "  authUsername: stalwart\n"
    ran = desk.run("plan", desk.file("a.yaml", store), "--detailed-exitcode")
    assert ran.status == 0
    assert "No visible changes. 1 secret cannot be compared; apply will send it.\n" in ran.out


def test_later_files_are_laid_over_earlier_ones(desk: Desk, server: Server) -> None:
    base = desk.file("stores/base.yaml")
    layer = desk.file(
        "stores/production.yaml",
        "InMemoryStore:\n  poolMaxConnections: 64\n  urls: [rediss://production.example.com]\n",
    )
    ran = desk.run("plan", base, layer)
    assert ran.status == 0
    assert re.search(r"~ poolMaxConnections +10 → 64 +stores/production\.yaml:2\n", ran.out)
    assert re.search(
        r"\+ urls +rediss://production\.example\.com\n +stores/production\.yaml:3\n", ran.out
    )
    assert "cache-1" not in ran.out
    assert re.search(r"\? authSecret/secret .*\n +stores/base\.yaml:7\n", ran.out)
    assert len(server.requests) == 1


def test_unlisted_keep_leaves_alone_what_no_file_mentions(desk: Desk, server: Server) -> None:
    server.stored = SAME_LIVE | {"timeout": 45_000}
    file = desk.file("a.yaml", SAME)
    assert "45s → 10s" in desk.run("plan", file).out
    for kept in (
        desk.run("plan", file, "--unlisted", "keep"),
        desk.run("plan", file, env={"CONFSYNC_UNLISTED": "keep"}),
    ):
        assert "No changes." in kept.out
        assert "unmanaged (not in any file): timeout" in kept.out
        assert "timeout" in kept.out
    overruled = desk.run("plan", file, "--unlisted", "default", env={"CONFSYNC_UNLISTED": "keep"})
    assert "45s → 10s" in overruled.out


def test_a_change_that_comes_from_a_default_is_marked(desk: Desk, server: Server) -> None:
    server.stored = SAME_LIVE | {"timeout": 45_000}
    ran = desk.run("plan", desk.file("a.yaml", SAME))
    line = ran.out.splitlines()[3]
    assert line == "  ~ timeout  45s → 10s (default)   not in any file"


def test_the_command_line_goes_before_confsync_url_before_stalwart_url(
    desk: Desk, server: Server
) -> None:
    file = desk.file("a.yaml")
    chosen: tuple[tuple[tuple[str, ...], dict[str, str | None]], ...] = (
        (("--url", server.url), {"CONFSYNC_URL": NOWHERE, "STALWART_URL": NOWHERE}),
        ((), {"CONFSYNC_URL": server.url, "STALWART_URL": NOWHERE}),
        ((), {"CONFSYNC_URL": None, "STALWART_URL": server.url}),
    )
    for number, (options, environment) in enumerate(chosen, start=1):
        assert desk.run("plan", file, *options, env=environment).status == 0
        assert len(server.requests) == number


def test_an_empty_variable_counts_as_unset(desk: Desk, server: Server) -> None:
    environment = {"CONFSYNC_URL": "", "STALWART_URL": server.url, "CONFSYNC_OUTPUT": ""}
    assert desk.run("plan", desk.file("a.yaml"), env=environment).status == 0


def test_a_token_goes_before_a_user_name_and_password(desk: Desk, server: Server) -> None:
    file = desk.file("a.yaml")
    wrong = {"STALWART_USER": "admin", "STALWART_PASSWORD": "Canary-that-is-wrong"}
    assert desk.run("plan", file, env=wrong).status == 0
    right = {"STALWART_TOKEN": None, "STALWART_USER": "admin", "STALWART_PASSWORD": "sandbox"}
    assert desk.run("plan", file, env=right).status == 0
    assert len(server.requests) == 2


def test_a_key_that_may_only_read_is_enough_to_plan(desk: Desk) -> None:
    assert desk.run("plan", desk.file("a.yaml"), env={"STALWART_TOKEN": PLAN_KEY}).status == 0


def test_a_key_that_may_not_log_in_is_told_so(desk: Desk, server: Server) -> None:
    ran = desk.run("plan", desk.file("a.yaml"), env={"STALWART_TOKEN": NO_KEY})
    assert (ran.status, ran.out) == (1, "")
    assert "(HTTP 403)" in ran.err
    assert "hint: " in ran.err
    assert len(server.requests) == 1


def test_no_server_no_credentials_no_file_are_each_said(desk: Desk, server: Server) -> None:
    file = desk.file("a.yaml")
    cases: tuple[tuple[tuple[str, ...], dict[str, str | None], str], ...] = (
        ((file,), {"STALWART_URL": None}, "no server given"),
        ((file,), {"STALWART_TOKEN": None}, "no credentials for the server"),
        (
            (file,),
            {"STALWART_TOKEN": f"{APPLY_KEY}\n"},
            "STALWART_TOKEN contains a space or a newline",
        ),
        ((), {}, f"no confsync.yaml found in {desk.directory}, and no file given"),
        (("--no-config",), {}, "no file given"),
    )
    for arguments, environment, fact in cases:
        ran = desk.run("plan", *arguments, env=environment)
        assert (ran.status, ran.out) == (1, "")
        assert ran.err.splitlines()[0].startswith(f"error: {fact}")
        assert ran.err.splitlines()[1].startswith("hint: ")
    assert server.requests == []


def test_http_off_loopback_is_refused_before_anything_is_sent(desk: Desk) -> None:
    file = desk.file("a.yaml")
    guard = {"CONFSYNC_INSECURE_HTTP": "1", "INSECURE_HTTP": "1"}
    for url in ("http://192.0.2.1:8080", "HTTP://mail.confsync.invalid"):
        ran = desk.run("plan", file, "--url", url, env=guard)
        assert (ran.status, ran.out) == (1, "")
        assert "http:// would send the credentials unencrypted" in ran.err
        assert "hint: use https://, or --insecure-http" in ran.err


@pytest.mark.parametrize(
    "url",
    [
        "https://admin:Canary@mail.example.invalid",
        "https://Canary@mail.example.invalid",
        "http://admin:Canary@127.0.0.1:8080",
        "https://mail.example.invalid/?token=Canary",
        "https://mail.example.invalid/Canary",
        "redis://admin:Canary@mail.example.invalid",
        "https://[Canary",
        "https://mail.example.invalid:Canary",
        "Canary",
    ],
)
def test_a_server_url_that_is_more_than_an_origin_is_refused_and_not_repeated(
    offline: Desk, url: str
) -> None:
    ran = offline.run("plan", offline.file("a.yaml"), "--url", url)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("error: --url ")
    assert "hint: " in ran.err


@pytest.mark.parametrize("variable", ["CONFSYNC_URL", "STALWART_URL"])
def test_a_server_url_of_the_environment_is_checked_in_the_same_way(
    offline: Desk, variable: str
) -> None:
    url = "https://admin:Canary@mail.example.invalid"
    ran = offline.run("plan", offline.file("a.yaml"), env={variable: url})
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith(f"error: {variable} contains credentials\nhint: ")


def test_an_invalid_file_stops_a_plan_before_any_request(desk: Desk, server: Server) -> None:
    ran = desk.run("plan", desk.file("a.yaml", "InMemoryStore:\n  '@type': Redis\n  timeout: 1\n"))
    assert (ran.status, ran.out) == (1, "")
    assert "a.yaml:3:12: error: timeout is a number without a unit" in ran.err
    assert server.requests == []


def test_a_change_of_variant_is_one_change_with_its_members_under_it(
    desk: Desk, server: Server
) -> None:
    server.stored = {"@type": "Default"}
    ran = desk.run("plan", desk.file("a.yaml"))
    assert "InMemoryStore will be replaced: Default → RedisCluster" in ran.out
    assert "\nPlan: 1 to replace; 1 secret to send.\n" in ran.out


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_directory_is_its_only_store_file_and_several_are_refused(
    desk: Desk, server: Server, command: str
) -> None:
    yes = ("--yes",) if command == "apply" else ()
    desk.file("stores/deep/a.yaml")
    desk.file("stores/ci.yaml", "jobs: {}\n")
    one, other = desk.run("plan", "stores/deep/a.yaml"), desk.run("plan", "stores")
    assert one == other
    desk.file("stores/b.yml")
    seen = len(server.requests)
    ran = desk.run(command, *yes, "stores")
    assert (ran.status, ran.out) == (1, "")
    fact = "stores: several store files in this directory: stores/b.yml and stores/deep/a.yaml"
    assert ran.err.startswith(f"error: {fact}\nhint: pass one file")
    assert len(server.requests) == seen


def test_a_plan_and_an_apply_take_a_store_from_standard_input(desk: Desk, server: Server) -> None:
    ran, other = desk.run("plan", "-", given=STORE.encode()), desk.run("plan", desk.file("a.yaml"))
    assert ran.status == 0
    assert (
        re.findall(r"\d:[0-9a-f]{32}", ran.out) == re.findall(r"\d:[0-9a-f]{32}", other.out) != []
    )
    ran = desk.run("apply", "-", given=STORE.encode())
    assert (ran.status, ran.out) == (3, "")
    assert ran.err.startswith(
        "error: cannot ask for confirmation: standard input is a file\nhint: "
    )
    ran = desk.run("apply", "-", "--yes", given=STORE.encode())
    assert ran.status == 0
    assert server.stored["poolMaxConnections"] == 32


def test_a_saved_plan_can_come_from_standard_input(desk: Desk, server: Server) -> None:
    assert desk.run("plan", desk.file("a.yaml"), "--out", "a.plan").status == 0
    ran = desk.run("apply", "-", given=(desk.directory / "a.plan").read_bytes())
    assert ran.status == 0
    assert server.stored["poolMaxConnections"] == 32


def test_a_plan_warns_of_files_that_a_later_one_discards(desk: Desk) -> None:
    """What `plan stores/*.yaml` does to files that are no layers."""
    other = "InMemoryStore:\n  '@type': RedisSentinel\n  serviceName: main\n"
    files = desk.file("a.yaml"), desk.file("b.yaml", other)
    ran = desk.run("plan", *files, *LOST)
    assert ran.status == 0
    told = " ".join(ran.out.split())
    assert "the '@type' in b.yaml discards all of InMemoryStore in a.yaml" in told
