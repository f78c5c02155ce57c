"""Saved plans as files: what was reviewed is what happens, or nothing."""

from __future__ import annotations

import json
import re
import stat
from typing import TYPE_CHECKING, Any

import click
import pytest

from confsync.cli.apply import apply
from confsync.sandbox import Server
from tests.cli.process import ENV_SECRET, KEYS, LIVE, STORE, leaks, timeless

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.process import Desk, Ran

UNCHANGED = "nothing was changed on the server"


def saved(desk: Desk, *options: str, text: str = STORE, status: int = 0) -> Path:
    """A plan, saved by a job that has no secret."""
    ran = desk.run(
        "plan",
        desk.file("a.yaml", text),
        "--out",
        "plan.bin",
        *options,
        env={"REDIS_PASSWORD": None},
    )
    assert ran.status == status
    return desk.directory / "plan.bin"


def declined(ran: Ran, fact: str) -> None:
    assert ran.status == 3
    assert fact in ran.err
    assert ran.err.endswith(f"{UNCHANGED}\n")


def test_a_saved_plan_is_applied_elsewhere_without_its_files_and_without_a_question(
    desk: Desk, server: Server
) -> None:
    saved(desk)
    (desk.directory / "a.yaml").unlink()
    ran = desk.run("apply", "plan.bin")
    assert ran.status == 0
    assert "Stored and verified: " in ran.out
    assert server.stored["authSecret"] == {"@type": "Value", "secret": ENV_SECRET}
    assert server.stored["poolMaxConnections"] == 32


def test_plan_says_that_it_saved_and_what_to_type_next(desk: Desk, server: Server) -> None:
    ran = desk.run("plan", desk.file("a.yaml"), "--out", "a plan")
    assert ran.err == "saved the plan to 'a plan'; apply it with `confsync apply 'a plan'`\n"
    assert desk.run("plan", "a.yaml", "-q", "--out", "a plan").err == ""
    server.requests.clear()
    failed = desk.run("plan", "missing.yaml", "--out", "b.plan")
    assert "saved" not in failed.err


def test_it_holds_no_secret_and_is_for_its_owner_alone(desk: Desk) -> None:
    desk.run("plan", desk.file("a.yaml"), "--out", "plan.bin")
    file = desk.directory / "plan.bin"
    assert not leaks(file.read_bytes())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["confsync_plan"] == 4
    assert [path.name for path in desk.directory.iterdir() if path.name.startswith(".")] == []


def test_one_that_is_there_is_replaced_whole_and_keeps_no_wider_mode(desk: Desk) -> None:
    file = desk.directory / "plan.bin"
    saved(desk)
    file.write_text(file.read_text() + "x" * 100_000)
    file.chmod(0o644)
    saved(desk)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert desk.run("apply", "plan.bin").status == 0


def test_another_file_is_not_replaced_by_a_plan(desk: Desk) -> None:
    backup = desk.file("before.yaml", "InMemoryStore: {'@type': Default}\n")
    ran = desk.run("plan", desk.file("a.yaml"), "--out", backup)
    assert ran.status == 1
    assert "before.yaml: --out: this file exists and is not a saved plan" in ran.err
    assert (desk.directory / backup).read_text().startswith("InMemoryStore")


@pytest.mark.parametrize("output", ["text", "json"])
@pytest.mark.parametrize("options", [(), ("--unlisted", "keep"), ("--hidden-secrets", "keep")])
def test_it_is_shown_as_the_plan_was(
    desk: Desk, server: Server, output: str, options: tuple[str, ...]
) -> None:
    planned = desk.run("plan", desk.file("a.yaml"), *options, "--out", "p", "--output", output)
    before = len(server.requests)
    shown = desk.run("show", "p", "--output", output)
    assert (shown.status, shown.err) == (0, "")
    assert timeless(shown.out) == timeless(planned.out)
    assert len(server.requests) == before


def test_the_same_plan_has_the_same_bytes_where_secrets_are_not_at_hand(desk: Desk) -> None:
    first = saved(desk).read_bytes()
    assert saved(desk).read_bytes() == first


def test_another_live_state_stops_it(desk: Desk, server: Server) -> None:
    saved(desk)
    server.stored = theirs = {**server.stored, "timeout": 7000}
    ran = desk.run("apply", "plan.bin")
    declined(ran, "the server's state has changed since the plan was made: timeout 10s → 7s\nhint")
    assert ran.out.startswith("Not applied. Current plan:\n\n")
    assert "takes effect" not in ran.out
    assert server.stored == theirs


def test_what_changed_since_the_plan_was_made_holds_no_secret(desk: Desk, server: Server) -> None:
    saved(desk)
    server.stored = {
        "@type": "RedisCluster",
        "urls": {"redis://stalwart:Canary-of-somebody@new.example.com": True},
    }
    ran = desk.run("apply", "plan.bin")
    declined(ran, "+ urls redis://stalwart:****@new.example.com")
    assert not leaks((ran.out + ran.err).encode())
    assert "Canary" not in ran.out + ran.err


def test_another_server_is_not_asked(desk: Desk, server: Server) -> None:
    saved(desk)
    with Server(initial=LIVE, keys=KEYS) as other:
        ran = desk.run("apply", "plan.bin", "--url", other.url)
        assert not other.requests
    declined(ran, "the plan was made for another server")
    assert server.stored["authSecret"] != {"@type": "Value", "secret": ENV_SECRET}


def of_target(plan: Any) -> Any:  # noqa: ANN401 - a JSON document
    return plan["targets"][0]


def edited(change: Callable[[dict[str, object]], object]) -> Callable[[bytes], bytes]:
    def act(content: bytes) -> bytes:
        document = json.loads(content)
        change(document)
        return json.dumps(document, separators=(",", ":")).encode()

    return act


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (lambda content: content[:-2], "the saved plan is incomplete"),
        (lambda content: content[:20], "the saved plan is incomplete"),
        (lambda content: content + b"x", "the saved plan is incomplete"),
        (lambda content: content.replace(b"32", b"33", 1), "was edited or cut off"),
        (edited(lambda plan: plan.pop("sum")), "was edited or cut off"),
        (edited(lambda plan: of_target(plan).update(file="b.yaml")), "was edited or cut off"),
        (edited(lambda plan: of_target(plan).update(findings=[[]])), "was edited or cut off"),
        (edited(lambda plan: plan.update(more=1)), "was edited or cut off"),
        (edited(lambda plan: plan.update(confsync_plan=1)), "by another version"),
        (edited(lambda plan: plan.update(confsync_plan="2")), "by another version"),
    ],
)
@pytest.mark.parametrize("command", ["apply", "show"])
def test_one_that_is_not_as_it_was_saved_is_refused(
    desk: Desk, server: Server, change: Callable[[bytes], bytes], fact: str, command: str
) -> None:
    file = saved(desk)
    content = file.read_bytes()
    if b"32" in content or b"33" not in change(content):
        file.write_bytes(change(content))
    before = len(server.requests)
    ran = desk.run(command, "plan.bin")
    assert ran.status == 3
    assert fact in ran.err
    assert len(server.requests) == before


def test_what_is_no_plan_is_a_store_file_or_an_error(desk: Desk) -> None:
    ran = desk.run("show", desk.file("a.yaml"))
    assert ran.status == 1
    assert "a.yaml: not a saved plan" in ran.err
    assert desk.run("show", "nothing.there").status == 1
    assert desk.run("apply", "nothing.there", "--yes").status == 1
    name = desk.file("plan.json", STORE)
    assert desk.run("apply", name, "--yes").status == 0


@pytest.mark.parametrize("command", ["plan", "pull"])
def test_a_saved_plan_is_no_store_file(desk: Desk, server: Server, command: str) -> None:
    saved(desk)
    server.requests.clear()
    ran = desk.run(command, "plan.bin")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith(
        "error: plan.bin: a saved plan, not a store file\nhint: `confsync show"
    )


def test_a_missing_plan_is_reported_before_the_missing_terminal(desk: Desk) -> None:
    ran = desk.run("apply", "missing.plan")
    assert ran.status == 1
    assert "missing.plan: error: no such file" in ran.err
    assert "--yes" not in ran.err


PLANNING = [
    ("--unlisted", "keep"),
    ("--hidden-secrets", "keep"),
    ("--send", "env REDIS_PASSWORD"),
    ("--allow", "plaintext-secret"),
    ("--fail-on", "plaintext-transport"),
    ("--expect", f"2:{'0' * 32}"),
    ("--no-config",),
    ("--target", "production"),
    ("--all",),
    ("--group", "production"),
    ("--using", "a.yaml"),
    ("--targets-from", "report.json"),
    ("--with", "failed", "--targets-from", "report.json"),
    ("--exclude", "production"),
    ("--shard", "1/2"),
    ("--base", "HEAD"),
    ("--changed", "--base", "HEAD"),
]
SENDING = {
    *("--yes", "--allow-commands", "--reload", "--add-mask", "--backup", "--audit", "--keep-going"),
    *("--jobs", "--deadline", "--max-targets", "--max-changes", "--after"),
    *("--url", "--insecure-http", "--ca-file", "--client-cert", "--client-key", "--proxy"),
    *("--timeout", "--retries", "--output", "--color", "--each", "--quiet", "--verbose", "--debug"),
}
"""Options of apply that count for a saved plan too."""


@pytest.mark.parametrize("options", PLANNING, ids=lambda options: options[0])
def test_it_takes_no_planning_options(desk: Desk, server: Server, options: tuple[str, ...]) -> None:
    saved(desk)
    desk.file("report.json", '{"targets": []}')
    before = len(server.requests)
    ran = desk.run("apply", "plan.bin", *options)
    assert ran.status == 1
    assert re.search(
        f"^error: .*{options[0]}.* cannot be combined with a saved plan$", ran.err, re.MULTILINE
    )
    assert len(server.requests) == before


def test_each_option_of_apply_counts_for_a_saved_plan_or_is_refused() -> None:
    options = {max(one.opts, key=len) for one in apply.params if isinstance(one, click.Option)}
    assert options == SENDING | {option for option, *_ in PLANNING}


def test_it_stands_alone(desk: Desk) -> None:
    saved(desk)
    ran = desk.run("apply", "plan.bin", "a.yaml", "--yes")
    assert ran.status == 1
    assert "a saved plan takes no other files" in ran.err


def test_its_options_are_those_it_was_made_with(desk: Desk, server: Server) -> None:
    server.stored = {**server.stored, "timeout": 7000}
    secret = server.stored["authSecret"]
    keep = ("--unlisted", "keep", "--hidden-secrets", "keep")
    saved(desk, *keep, "--allow", "kept-secret-elsewhere")
    assert desk.run("apply", "plan.bin", env={"REDIS_PASSWORD": None}).status == 0
    assert server.stored["timeout"] == 7000
    assert server.stored["authSecret"] == secret


def test_a_secret_that_it_needs_and_that_is_not_there_stops_it(desk: Desk, server: Server) -> None:
    saved(desk)
    before = server.stored
    ran = desk.run("apply", "plan.bin", env={"REDIS_PASSWORD": None})
    assert ran.status == 1
    assert "a.yaml:7:5: error: env REDIS_PASSWORD is not set" in ran.err
    assert server.stored == before


def test_commands_in_it_run_only_where_that_is_allowed(desk: Desk, server: Server) -> None:
    text = STORE.replace("{env: REDIS_PASSWORD}", "{command: [./get, --all]}")
    desk.file("get", "#!/bin/sh\necho Canary-of-a-command $1\n")
    (desk.directory / "get").chmod(0o755)
    saved(desk, text=text)
    assert desk.run("apply", "plan.bin").status == 1
    assert desk.run("apply", "plan.bin", "--allow-commands").status == 0
    secret = {"@type": "Value", "secret": "Canary-of-a-command --all"}
    assert server.stored["authSecret"] == secret


def test_a_plan_with_a_secret_in_clear_is_not_saved(desk: Desk) -> None:
    text = STORE.replace("{env: REDIS_PASSWORD}", "Canary-in-clear")
    ran = desk.run("plan", desk.file("a.yaml", text), "--out", "p", "--allow", "plaintext-secret")
    assert ran.status == 1
    assert "a plan with a plain-text secret cannot be saved" in ran.err
    assert not (desk.directory / "p").exists()


def test_one_that_was_refused_stays_refused(desk: Desk, server: Server) -> None:
    saved(desk, "--hidden-secrets", "fail", status=3)
    before = server.stored
    declined(desk.run("apply", "plan.bin"), "authSecret/secret is hidden and cannot be compared")
    assert server.stored == before


def test_a_plan_with_nothing_to_do_sends_nothing(desk: Desk, server: Server) -> None:
    server.stored = {"@type": "Redis", "url": "redis://a"}
    saved(desk, text="InMemoryStore: {'@type': Redis, url: 'redis://a'}\n")
    ran = desk.run("apply", "plan.bin")
    assert ran.status == 0
    assert "Nothing was sent" in ran.out


@pytest.mark.parametrize("file", ["no/such/directory/p", ".", "/dev/null/p", "redis://u:Canary@h"])
def test_where_it_cannot_be_saved_is_told_and_nothing_is_left(desk: Desk, file: str) -> None:
    ran = desk.run("plan", desk.file("a.yaml"), "--out", file)
    assert ran.status == 1
    assert "cannot be saved" in ran.err or "a URL, not a file" in ran.err
    assert sorted(path.name for path in desk.directory.iterdir()) == ["a.yaml"]


def test_it_is_not_written_over_what_is_no_file(desk: Desk) -> None:
    assert desk.run("plan", desk.file("a.yaml"), "--out", "/dev/null").status == 1


def test_a_password_in_a_url_that_nobody_manages_stays_as_it_is(desk: Desk, server: Server) -> None:
    """It is not in the saved plan."""
    server.stored = stored = {"@type": "Redis", "url": "redis://u:Canary-in-a-url@d"}
    text = "InMemoryStore: {'@type': Redis, timeout: 5s}\n"
    saved(desk, "--unlisted", "keep", text=text)
    ran = desk.run("apply", "plan.bin")
    assert ran.status == 0
    assert "Stored and verified: 1 change.\n" in ran.out
    assert (server.stored["url"], server.stored["timeout"]) == (stored["url"], 5000)
    saved(desk, "--unlisted", "keep", text=text)
    assert "Nothing was sent" in desk.run("apply", "plan.bin").out


def test_a_plan_that_is_applied_already_is_done(desk: Desk, server: Server) -> None:
    """A job that runs again is no failure."""
    server.stored = {"@type": "Redis", "url": "redis://a"}
    saved(desk, text="InMemoryStore: {'@type': Redis, url: 'redis://a', timeout: 5s}\n")
    assert desk.run("apply", "plan.bin").status == 0
    before = len(server.requests)
    again = desk.run("apply", "plan.bin")
    assert again.status == 0
    assert again.err == "nothing to do: the server already has the state of this plan\n"
    assert "x:InMemoryStore/set" not in str([one.body for one in server.requests[before:]])


def test_a_secret_that_nobody_can_compare_is_not_taken_for_applied(
    desk: Desk, server: Server
) -> None:
    """With `keep` a secret is sent with its object, and kept afterwards."""
    server.stored = {"@type": "Default"}
    saved(desk, "--hidden-secrets", "keep")
    assert desk.run("apply", "plan.bin").status == 0
    declined(desk.run("apply", "plan.bin"), "the server already has the visible state of this plan")


def test_elsewhere_a_plan_says_what_it_is_for(desk: Desk, server: Server) -> None:
    desk.file("confsync.yaml", f"targets: {{one: {{url: '{server.url}', files: [a.yaml]}}}}\n")
    saved(desk)
    (desk.directory / "confsync.yaml").unlink()
    ran = desk.run("apply", "plan.bin", env={"STALWART_URL": None})
    assert ran.status == 1
    assert ran.err.startswith(
        f"error: no server given: this plan is for target one, {server.url}\n"
        f"hint: run it in the directory of its confsync.yaml, or add --url {server.url}\n"
    )
    assert desk.run("apply", "plan.bin", "--url", server.url).status == 0
