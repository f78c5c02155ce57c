"""References, plain text and hidden secrets: what is asked, sent and refused."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from tests.cli.process import ENV_SECRET, LIVE_SECRET, STORE
from tests.cli.terminal import QUESTION, terminal

if TYPE_CHECKING:
    from confsync.sandbox import Server
    from tests.cli.process import Desk, Ran

UNCHANGED = "nothing was changed on the server"
PLAIN = STORE.replace("{env: REDIS_PASSWORD}", "Canary-in-clear")
COMMAND = STORE.replace(
    "{env: REDIS_PASSWORD}", "{command: [sh, -c, 'echo x >> ran; echo Canary-of-a-command']}"
)
SHARDS = """\
InMemoryStore:
  '@type': Sharded
  stores:
    - '@type': Redis
      url: {address: 'redis://a', username: u, password: {command: [./get]}}
    - '@type': Redis
      url: {address: 'redis://b', username: u, password: {command: [./get]}}
"""
RISK = "Type plaintext-secret to accept this risk: "


def stored_secret(server: Server) -> object:
    secret = server.stored["authSecret"]
    assert isinstance(secret, dict)
    return secret["secret"]


def refused(ran: Ran, server: Server) -> None:
    """Status 3, and no update was sent."""
    assert ran.status == 3
    assert ran.err.endswith(f"{UNCHANGED}\n")
    assert stored_secret(server) == LIVE_SECRET


# Commands


def test_a_plan_runs_no_command_and_says_so(desk: Desk) -> None:
    ran = desk.run("plan", desk.file("a.yaml", COMMAND))
    assert ran.status == 0
    assert "not comparable; sent from command sh" in ran.out
    assert "a plan does not run command sh; only an apply needs it" in ran.out
    assert not (desk.directory / "ran").exists()


def test_an_apply_runs_commands_only_where_that_is_allowed(desk: Desk, server: Server) -> None:
    file = desk.file("a.yaml", COMMAND)
    for variables in ({}, {"CONFSYNC_ALLOW_COMMANDS": "1"}):
        ran = desk.run("apply", "--yes", file, env=variables)
        assert (ran.status, ran.out) == (1, "")
        assert "command sh is not run without --allow-commands" in ran.err
        assert ran.err.endswith(f"{UNCHANGED}\n")
        assert not (desk.directory / "ran").exists()
        assert not server.requests
    assert desk.run("apply", "--yes", "--allow-commands", file).status == 0
    assert stored_secret(server) == "Canary-of-a-command"


def test_a_command_that_stands_in_two_places_runs_once(desk: Desk, server: Server) -> None:
    """Beside the file that refers to it, wherever confsync runs."""
    desk.file("stores/get", "#!/bin/sh\necho x >> ran\necho Canary@of/a-command\n")
    (desk.directory / "stores/get").chmod(0o755)
    file = desk.file("stores/a.yaml", SHARDS)
    allowed = ("--allow", "change-variant", "--allow", "sharded-needs-enterprise")
    assert desk.run("apply", "--yes", "--allow-commands", *allowed, file).status == 0
    assert (desk.directory / "stores/ran").read_text() == "x\n"
    stores = server.stored["stores"]
    assert isinstance(stores, dict)
    assert [item["url"] for item in stores.values()] == [
        "redis://u:Canary%40of%2Fa-command@a",
        "redis://u:Canary%40of%2Fa-command@b",
    ]


def test_a_command_that_fails_stops_the_apply_before_anything_is_asked(
    desk: Desk, server: Server
) -> None:
    file = desk.file("a.yaml", COMMAND.replace("Canary-of-a-command", "Canary; exit 4"))
    ran = desk.run("apply", "--yes", "--allow-commands", file)
    assert (ran.status, ran.out) == (1, "")
    assert "command sh exited with status 4" in ran.err
    assert not server.requests


# Plain text in the file


def test_validate_fails_on_plain_text_until_it_is_allowed(offline: Desk) -> None:
    file = offline.file("a.yaml", PLAIN)
    ran = offline.run("validate", file)
    assert ran.status == 1
    assert f"{file}:7:13: error: authSecret/secret is in plain text" in ran.out
    allowed = offline.run("validate", file, "--allow", "plaintext-secret")
    assert allowed.status == 0
    assert f"{file}:7:13: warning: authSecret/secret is in plain text" in allowed.out
    assert allowed.out.endswith("1 file checked, no errors, 1 warning.\n")


def test_a_plan_shows_it_as_what_stops_an_apply(desk: Desk) -> None:
    ran = desk.run("plan", desk.file("a.yaml", PLAIN))
    assert ran.status == 3
    assert "a.yaml:7: error: authSecret/secret is in plain text" in ran.out
    assert "not comparable; sent from plain text" in ran.out
    assert "Apply will be refused: plaintext-secret. Correct the file, or accept" in ran.out
    allowed = desk.run("plan", "a.yaml", "--allow", "plaintext-secret")
    assert allowed.status == 0
    assert "Apply will be refused" not in allowed.out


def test_an_apply_is_refused_and_the_line_to_run_again_works(desk: Desk, server: Server) -> None:
    file = desk.file("of two/a b.yaml", PLAIN)
    ran = desk.run("apply", "--yes", "--unlisted", "keep", file, "--url", desk.url)
    refused(ran, server)
    assert "error: authSecret/secret is in plain text" in ran.err
    (line,) = [line for line in ran.err.splitlines() if line.startswith("hint: ")]
    name, *words = shlex.split(line.partition(", or apply anyway: ")[2])
    assert name == "confsync"
    assert words[-2:] == ["--allow", "plaintext-secret"]
    assert desk.run(*words, env={"STALWART_URL": None}).status == 0
    assert stored_secret(server) == "Canary-in-clear"


def test_the_line_to_run_again_leaves_out_what_it_was_to_fail_on(desk: Desk) -> None:
    file = desk.file("a.yaml", PLAIN.replace("rediss://", "redis://"))
    fail_on = ("--fail-on", "plaintext-transport", "--fail-on", "unbounded-wait")
    ran = desk.run("apply", "--yes", file, "--allow", "drop-tls", *fail_on)
    assert ran.status == 3
    assert " ".join(ran.out.split()).endswith(
        "Apply will be refused: plaintext-secret and plaintext-transport. Correct the file, or"
        " accept the risk with --allow plaintext-secret and leave out"
        " --fail-on plaintext-transport."
    )
    again = (
        "apply anyway without --fail-on plaintext-transport: confsync apply a.yaml"
        " --yes --allow drop-tls --fail-on unbounded-wait --allow plaintext-secret\n"
    )
    assert again in ran.err


@pytest.mark.parametrize("option", ["--verbose", "--debug"])
def test_the_line_to_run_again_keeps_options_that_have_no_value(
    desk: Desk, server: Server, option: str
) -> None:
    ran = desk.run("apply", option, "--yes", desk.file("a.yaml", PLAIN))
    refused(ran, server)
    again = f"confsync apply a.yaml --yes {option} --allow plaintext-secret"
    assert (
        f"hint: correct it (confsync explain plaintext-secret), or apply anyway: {again}\n"
        in ran.err
    )


def test_no_variable_allows_a_risk(desk: Desk, server: Server) -> None:
    variables = {"CONFSYNC_ALLOW": "plaintext-secret", "CONFSYNC_YES": "1"}
    refused(desk.run("apply", "--yes", desk.file("a.yaml", PLAIN), env=variables), server)


@pytest.mark.parametrize("command", ["plan", "apply", "validate"])
def test_a_risk_that_there_is_not_cannot_be_allowed(desk: Desk, command: str) -> None:
    more = ["--yes"] if command == "apply" else []
    ran = desk.run(command, desk.file("a.yaml"), "--allow", "plaintext-secrets", *more)
    assert (ran.status, ran.out) == (1, "")
    assert "hint: did you mean plaintext-secret?" in ran.err


def test_at_a_terminal_yes_and_the_name_of_the_risk_apply(desk: Desk, server: Server) -> None:
    with terminal(desk, "apply", desk.file("a.yaml", PLAIN)) as desktop:
        desktop.wait_for(QUESTION)
        desktop.press(b"yes\n")
        desktop.wait_for(RISK)
        desktop.press(b"plaintext-secret\n")
        ran = desktop.ended()
    assert ran.status == 0
    assert stored_secret(server) == "Canary-in-clear"


@pytest.mark.parametrize("answer", [b"yes\n", b"\n", b"plaintext\n"])
def test_at_a_terminal_yes_alone_applies_no_risk(desk: Desk, server: Server, answer: bytes) -> None:
    with terminal(desk, "apply", desk.file("a.yaml", PLAIN)) as desktop:
        desktop.wait_for(QUESTION)
        desktop.press(b"yes\n")
        desktop.wait_for(RISK)
        desktop.press(answer)
        ran = desktop.ended()
    assert ran.status == 3
    hint = "hint: to accept this risk, type plaintext-secret\n" if answer.strip() else ""
    assert ran.out.endswith(f"\ncancelled: nothing was sent\n{hint}")
    assert stored_secret(server) == LIVE_SECRET


# Hidden secrets


def test_keep_leaves_the_secret_and_needs_none(desk: Desk, server: Server) -> None:
    allow = ("--allow", "kept-secret-elsewhere")
    file, keep = desk.file("a.yaml"), ("--hidden-secrets", "keep", *allow)
    ran = desk.run("apply", "--yes", file, *keep, env={"REDIS_PASSWORD": None})
    assert ran.status == 0
    assert "not comparable; kept, env REDIS_PASSWORD is not sent" in ran.out
    assert stored_secret(server) == LIVE_SECRET
    assert server.stored["poolMaxConnections"] == 32
    again = desk.run("apply", "--yes", file, *keep, env={"REDIS_PASSWORD": None})
    assert again.status == 0
    assert "Nothing was sent" in again.out


def test_keep_sends_a_secret_that_would_be_lost(desk: Desk, server: Server) -> None:
    other = desk.file("b.yaml", STORE.replace("RedisCluster", "RedisSentinel"))
    keep = ("--yes", "--hidden-secrets", "keep", "--allow", "change-variant")
    missing = desk.run("apply", other, *keep, env={"REDIS_PASSWORD": None})
    assert missing.status == 1
    assert stored_secret(server) == LIVE_SECRET
    assert desk.run("apply", other, *keep).status == 0
    assert stored_secret(server) == ENV_SECRET


def test_fail_refuses_to_overwrite_a_secret(desk: Desk, server: Server) -> None:
    ran = desk.run("apply", "--yes", desk.file("a.yaml"), env={"CONFSYNC_HIDDEN_SECRETS": "fail"})
    refused(ran, server)
    assert "authSecret/secret is hidden and cannot be compared" in ran.err


def test_what_no_option_lifts_is_not_asked_at_a_terminal(desk: Desk, server: Server) -> None:
    with terminal(desk, "apply", desk.file("a.yaml"), "--hidden-secrets", "fail") as desktop:
        ran = desktop.ended()
    assert ran.status == 3
    assert QUESTION not in ran.out
    assert stored_secret(server) == LIVE_SECRET


# What is no file


@pytest.mark.parametrize("command", ["plan", "apply", "validate"])
def test_a_url_in_a_files_place_is_not_repeated(desk: Desk, command: str) -> None:
    more = ["--yes"] if command == "apply" else []
    ran = desk.run(command, "redis://u:Canary@h", *more)
    assert (ran.status, ran.out) == (1, "")
    assert "error: a URL, not a file\n" in ran.err


BROKEN = "InMemoryStore:\n  '@type': Redis\n  url: cache.example.com:6379\n"


def test_a_risk_stops_an_apply_only_where_something_would_be_sent(
    desk: Desk, server: Server
) -> None:
    server.stored = {"@type": "Redis"}
    file, before = desk.file("a.yaml", BROKEN), server.stored
    refused = desk.run("apply", file, "--yes")
    assert (refused.status, server.stored) == (3, before)
    assert "--allow will-not-start" in refused.err
    assert desk.run("apply", file, "--yes", "--allow", "will-not-start").status == 0
    assert server.stored["url"] == "cache.example.com:6379"
    planned = desk.run("plan", file, "--out", "a.plan")
    assert planned.status == 0
    assert "a.yaml:3: error: url has no scheme" in planned.out
    assert "Apply will be refused" not in planned.out
    requests = len(server.requests)
    for arguments in ((file, "--yes"), ("a.plan",)):
        again = desk.run("apply", *arguments)
        assert again.status == 0
        assert "Nothing was sent" in again.out
    assert len(server.requests) == requests + 2


def test_a_secret_in_clear_that_the_server_has_already_stops_nothing(
    desk: Desk, server: Server
) -> None:
    url = "redis://u:Canary-in-clear@a.example.com"
    server.stored = {"@type": "Redis", "url": url}
    ran = desk.run(
        "apply", desk.file("a.yaml", f"InMemoryStore: {{'@type': Redis, url: '{url}'}}"), "--yes"
    )
    assert ran.status == 0
    assert "a.yaml:1: error: url contains a password in plain text" in ran.out + ran.err
