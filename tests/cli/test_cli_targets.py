"""`confsync.yaml` and its targets, as processes against sandboxes."""

from __future__ import annotations

import json
import re
import shlex
import signal
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from confsync import __version__
from confsync.sandbox import Server
from tests.cli.hostile import hostile, passes_to
from tests.cli.process import APPLY_KEY, CONFSYNC, KEYS, PLAN_KEY, Desk, ended
from tests.cli.terminal import terminal

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

NOBODY = "http://127.0.0.1:9"
BASE = "InMemoryStore:\n  '@type': Redis\n  url: redis://a.example.com\n"
LAYER = "InMemoryStore:\n  timeout: 5s\n"
REDIS = {"@type": "Redis", "url": "redis://a.example.com"}
AWAY = "cannot connect to http://127.0.0.1:9: connection refused"


@pytest.fixture
def second() -> Iterator[Server]:
    with Server(initial=REDIS, keys=KEYS) as running:
        yield running


@pytest.fixture
def team(tmp_path: Path, server: Server, second: Server) -> Desk:
    """Two targets whose states differ from what is wanted, and no other credentials."""
    server.stored = REDIS
    desk = Desk(tmp_path)
    desk.file("stores/base.yaml", BASE)
    desk.file("stores/layer.yaml", LAYER)
    configure(desk, production=server.url, staging=second.url)
    return desk


def configure(desk: Desk, more: str = "", **urls: str) -> None:
    """Write a `confsync.yaml`: `more` are members that each target has."""
    text = "targets:\n"
    for name, url in urls.items():
        layer = ", stores/layer.yaml" if name == "production" else ""
        text += f"  {name}:\n    url: {url}\n    files: [stores/base.yaml{layer}]\n"
        text += f"    token: {{env: TOKEN_OF_{name.upper()}}}\n{more}"
    desk.file("confsync.yaml", text)


TOKENS = {
    "STALWART_TOKEN": None,
    "TOKEN_OF_PRODUCTION": APPLY_KEY,
    "TOKEN_OF_STAGING": APPLY_KEY,
    "TOKEN_OF_AWAY": APPLY_KEY,
}


def test_a_plan_over_all_targets_shows_differences_under_names_and_a_line_over_all(
    team: Desk, server: Server, second: Server
) -> None:
    ran = team.run("plan", "--all", env=TOKENS)
    assert (ran.status, ran.err) == (0, "")
    assert (
        re.sub(r"2:[0-9a-f]{32}", "DIGEST", ran.out)
        == f"""\
production  {server.url}

InMemoryStore · Redis
  ~ timeout  10s → 5s   stores/layer.yaml:2

Plan: 1 to change.
Digest DIGEST
Takes effect at restart. After the apply, restart one node first: a wrong
address or password locks out every remote client (confsync explain lock-out).

1 target unchanged: staging

Digest of the run DIGEST
2 targets: 1 to update, 1 unchanged. 1 change.
"""
    )
    assert (len(server.requests), len(second.requests)) == (1, 1)


def test_from_a_directory_below_plans_show_files_that_can_be_opened(team: Desk) -> None:
    team.file(".git/HEAD", "")
    below = team.directory / "deep" / "er"
    below.mkdir(parents=True)
    ran = Desk(below).run("plan", "--target", "production", "--detailed-exitcode", env=TOKENS)
    assert ran.status == 2
    assert "../../stores/layer.yaml:2\n" in ran.out
    assert (below / "../../stores/layer.yaml").exists()


def test_several_targets_and_none_named_is_wrong_usage(team: Desk) -> None:
    ran = team.run("plan", env=TOKENS)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == (
        "error: confsync.yaml has several targets: production, staging\n"
        "hint: choose with --target NAME or --group NAME, which can be repeated, or use --all\n"
    )


def test_the_environment_can_choose_and_the_command_line_counts_before_it(team: Desk) -> None:
    variables = {**TOKENS, "CONFSYNC_TARGET": "staging production"}
    ran = team.run("plan", "--output", "json", env=variables)
    assert [found["name"] for found in json.loads(ran.out)["targets"]] == ["staging", "production"]
    ran = team.run("plan", "--target", "staging", env={**TOKENS, "CONFSYNC_ALL": "1"})
    assert ran.out.startswith("staging  ")
    assert "targets:" not in ran.out
    ran = team.run("plan", "stores/base.yaml", "--url", NOBODY, "--retries", "0", env=variables)
    assert "no credentials" in ran.err


def test_a_target_that_fails_hides_no_other_and_the_worst_status_counts(
    team: Desk, server: Server
) -> None:
    configure(team, away=NOBODY, production=server.url)
    arguments = ("plan", "--all", "--retries", "0", "--detailed-exitcode")
    ran = team.run(*arguments, env=TOKENS)
    assert ran.status == 1
    assert ran.out.startswith(f"away  {NOBODY}\n\nNo plan: {AWAY}.\n\nproduction  ")
    assert ran.out.endswith("\n2 targets: 1 to update, 1 failed. 1 change.\n")
    assert ran.err == (f"error: target away: {AWAY}\nhint: check the URL, DNS and the firewall\n")
    found = json.loads(team.run(*arguments, "--output", "json", env=TOKENS).out)
    away, production = found["targets"]
    assert isinstance(away.pop("seconds"), float)
    assert away == {
        "name": "away",
        "url": NOBODY,
        "groups": [],
        "objects": [],
        "digest": None,
        "restart": {"required": "no", "because": []},
        "error": {
            "message": AWAY,
            "where": "",
            "hint": "check the URL, DNS and the firewall",
            "refused": False,
        },
    }
    assert len(production["objects"][0]["changes"]) == 1
    assert found["summary"] == {
        "targets": 2,
        "changed": 1,
        "unchanged": 0,
        "failed": 1,
        "changes": 1,
        "unknown": 0,
        "unresolved": 0,
        "to_send": 0,
        "refusals": 0,
    }


def test_the_reports_of_plan_and_apply_say_what_their_run_was(
    team: Desk, server: Server, second: Server
) -> None:
    text = f"""\
groups:
  all: {{files: [stores/base.yaml]}}
  eu: {{in: [all]}}
targets:
  one: {{url: '{server.url}', in: [eu], token: {{env: TOKEN_OF_STAGING}}}}
  two: {{url: '{second.url}', in: [eu], token: {{env: TOKEN_OF_STAGING}}}}
  three: {{url: '{NOBODY}', in: [all], token: {{env: TOKEN_OF_AWAY}}}}
"""
    team.file("confsync.yaml", text)
    variables = {**TOKENS, "GITHUB_ACTIONS": "true", "GITHUB_SHA": "0123abcd"}
    begun = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for words in (("plan",), ("apply", "--yes")):
        ran = team.run(*words, "--group", "eu", "--shard", "1/1", "--output", "json", env=variables)
        found = json.loads(ran.out)
        assert [*found][:5] == ["format_version", "confsync", "generated_at", "commit", "selection"]
        assert found["confsync"] == __version__
        assert begun <= found["generated_at"] <= datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert found["commit"] == "0123abcd"
        shard = {"number": 1, "of": 1}
        assert found["selection"] == {"chosen": 2, "of": 3, "by": "group eu", "shard": shard}
        for target in found["targets"]:
            assert target["groups"] == ["all", "eu"]
            assert target["seconds"] == round(target["seconds"], 3) > 0
        assert (found["summary"]["changed"], found["summary"]["unchanged"]) == (0, 2)
        assert found["summary"]["failed"] == 0
    files = ("stores/base.yaml", "--no-config", "--url", server.url, "--output", "json")
    found = json.loads(team.run("plan", *files, env={"STALWART_TOKEN": APPLY_KEY}).out)
    assert (found["commit"], found["selection"]) == (None, None)
    assert found["targets"][0]["groups"] == []
    assert found["targets"][0]["seconds"] > 0


def test_a_saved_plan_has_the_groups_of_its_target(team: Desk) -> None:
    text = (team.directory / "confsync.yaml").read_text()
    more = "groups: {eu: {}}\n" + text.replace("    files:", "    in: [eu]\n    files:")
    team.file("confsync.yaml", more)
    words = ("--output", "json")
    assert team.run("plan", "--target", "staging", "--out", "a.plan", env=TOKENS).status == 0
    shown = json.loads(team.run("show", "a.plan", *words, env=TOKENS).out)
    applied = json.loads(team.run("apply", "a.plan", *words, env=TOKENS).out)
    for found in (shown, applied):
        assert found["selection"] is None
        assert found["targets"][0]["groups"] == ["eu"]
    assert shown["targets"][0]["seconds"] is None
    assert applied["targets"][0]["seconds"] > 0


def test_show_prints_a_document_for_each_target(team: Desk, server: Server) -> None:
    ran = team.run("show", "--all", env={**TOKENS, "TOKEN_OF_STAGING": None})
    assert ran.status == 1
    first, _, last = ran.out.partition("---\n")
    assert first.startswith(f"# production  {server.url}\nInMemoryStore:\n  '@type': Redis\n")
    assert last.startswith("# staging  ")
    assert last.endswith("\n# no state: 1 reference could not be resolved\n")
    assert "confsync.yaml:9:12: error: token: env TOKEN_OF_STAGING is not set" in (ran.err)
    ran = team.run("show", "--all", "--output", "json", env=TOKENS)
    found = json.loads(ran.out)
    assert [target["state"]["InMemoryStore"]["url"] for target in found["targets"]] == [
        "redis://a.example.com",
        "redis://a.example.com",
    ]
    assert "state" not in found


def test_a_mistake_in_the_configuration_stops_everything(team: Desk, server: Server) -> None:
    configure(team, "    insecure_http: true\n", production=server.url)
    ran = team.run("show", env=TOKENS)
    assert (ran.status, ran.out) == (1, "")
    assert "confsync.yaml:6:5: error: --insecure-http cannot be set in the file" in ran.err
    assert "error: 1 error in confsync.yaml\n" in ran.err
    ran = team.run("validate", "stores/layer.yaml", env=TOKENS)
    assert ran.status == 1
    assert "--insecure-http cannot be set in the file" in ran.out
    assert server.requests == []


def test_validate_checks_the_targets_that_use_a_file(team: Desk) -> None:
    ran = team.run("validate")
    assert ran.status == 0
    assert "[shared-redis]\n" in ran.out
    assert ran.out.endswith("\n3 files checked, no errors, 1 warning.\n")
    ran = team.run("validate", "stores/layer.yaml")
    assert (ran.status, ran.out) == (0, "2 files checked, no errors.\n")
    team.file("stores/base.yaml", "InMemoryStore:\n  '@type': Redis\n  timeout: 10\n")
    ran = team.run("validate", "stores/base.yaml")
    assert ran.status == 1
    assert ran.out.startswith(
        "stores/base.yaml:3:12: error: timeout is a number without a unit (target staging)"
    )


def test_an_ignored_field_is_left_alone(team: Desk, server: Server) -> None:
    configure(team, "    ignore: [InMemoryStore/timeout]\n", production=server.url)
    ran = team.run("plan", env=TOKENS)
    assert "  unmanaged (ignored): timeout\n\nNo changes.\n" in ran.out


def test_a_file_of_one_target_keeps_the_guards_of_that_target(team: Desk, server: Server) -> None:
    configure(team, "    ignore: [InMemoryStore/timeout]\n", production=server.url)
    ran = team.run("plan", "stores/layer.yaml", env=TOKENS)
    assert ran.err == (
        "note: using target production of confsync.yaml, with stores/base.yaml and"
        " stores/layer.yaml\n"
    )
    assert "No changes.\n" in ran.out
    ran = team.run("pull", "stores/base.yaml", env=TOKENS)
    assert "error: target production is written to its last file, stores/layer.yaml\n" in ran.err
    ran = team.run("plan", "stores/base.yaml", "--no-config", "--url", server.url, env=TOKENS)
    assert "no credentials" in ran.err


def test_an_apply_over_all_targets_says_what_became_of_each(team: Desk, server: Server) -> None:
    ran = team.run("apply", "--all", "--yes", "--output", "text", env=TOKENS)
    assert (ran.status, ran.err) == (0, "")
    assert server.stored["timeout"] == 5000
    shown, _, told = ran.out.partition("2 targets: 1 to update, 1 unchanged. 1 change.\n")
    assert shown.startswith("production  ")
    assert told.startswith(f"\nproduction  {server.url}\n\nStored and verified: 1 change.\n")
    assert told.endswith(
        "\n1 target unchanged: staging\n\n2 targets: 1 applied, 1 unchanged. 1 change.\n"
    )


@pytest.mark.parametrize(("given", "variable"), [(("--each",), None), ((), "1")])
def test_each_shows_every_target_by_itself(
    team: Desk, server: Server, second: Server, given: tuple[str, ...], variable: str | None
) -> None:
    env = {**TOKENS, "CONFSYNC_EACH": variable}
    titles = [f"production  {server.url}\n", f"staging  {second.url}\n"]
    ran = team.run("plan", "--all", *given, env=env)
    assert [ran.out.count(title) for title in titles] == [1, 1]
    assert ran.out.count("\nDigest 2:") == 2
    ran = team.run("apply", "--all", "--yes", "--output", "text=out.txt", *given, env=env)
    written = (team.directory / "out.txt").read_text()
    assert [written.count(title) for title in titles] == [2, 2]


def test_the_way_back_of_several_targets_is_one_command(
    team: Desk, server: Server, second: Server
) -> None:
    before = {"@type": "Redis", "url": "redis://b.example.com"}
    server.stored = second.stored = before
    team.file("stores/layer.yaml", "InMemoryStore: {}\n")
    ran = team.run("apply", "--all", "--yes", env=TOKENS)
    assert ran.status == 0
    told, _, back = ran.out.partition("\n\nInMemoryStore:\n")
    back = back.partition("\n\n2 targets: ")[0]
    assert told.count("To go back, save this as ") == 1
    loop = told.splitlines()[-1].strip()
    assert loop.startswith("for name in production staging; do confsync apply ")
    team.file("stores/before-1.yaml", f"InMemoryStore:\n{back}\n")
    script = f'confsync() {{ {shlex.join(CONFSYNC)} "$@" --yes; }}; {loop}'
    done = team.run(script, env=TOKENS, command=("/bin/sh", "-e", "-c"))
    assert done.status == 0, done.err
    assert server.stored["url"] == second.stored["url"] == before["url"]


def test_an_apply_that_fails_says_what_was_not_begun(
    team: Desk, server: Server, second: Server
) -> None:
    second.stored = {"@type": "Redis", "url": "redis://b.example.com"}
    variables = {**TOKENS, "TOKEN_OF_PRODUCTION": PLAN_KEY}
    arguments = ("apply", "--all", "--yes", "--output", "json", "--output", "text=out.txt")
    ran = team.run(*arguments, "--audit", "audit.jsonl", env=variables)
    assert ran.status == 1
    found = json.loads(ran.out)
    outcomes = [target["outcome"]["result"] for target in found["targets"]]
    assert outcomes == ["rejected", "not-begun"]
    written = (team.directory / "out.txt").read_text()
    assert written.startswith("production  ")
    assert written.endswith("\n2 targets: 1 failed, 1 skipped.\n")
    assert second.stored["url"] == "redis://b.example.com"
    lines = (team.directory / "audit.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["started", "finished"]
    ran = team.run("apply", "--all", "--yes", env={**TOKENS, "TOKEN_OF_STAGING": None})
    assert ran.status == 1
    assert ran.err.endswith(
        "error: target staging: 1 reference could not be resolved\n"
        "nothing was changed on any server\n"
    )
    assert ran.out.endswith("\n2 targets: 1 failed, 1 skipped.\n")
    assert server.stored["timeout"] == 10000


def test_two_targets_of_one_server_are_a_warning_of_a_plan_and_refused_by_an_apply(
    team: Desk, server: Server
) -> None:
    configure(team, production=server.url, staging=f"{server.url}/")
    ran = team.run("plan", "--all", env=TOKENS)
    assert ran.status == 3
    assert team.run("plan", "--target", "staging", env=TOKENS).status == 0
    assert ran.err.startswith("warning: production and staging share a server\nhint: ")
    ran = team.run("validate")
    assert ran.status == 0
    assert "[same-server-twice]" in ran.out
    asked = len(server.requests)
    ran = team.run("apply", "--all", "--yes", env=TOKENS)
    assert (ran.status, ran.out) == (3, "")
    assert ran.err == (
        "error: production and staging share a server\n"
        "hint: choose one of them with --target: the last would overwrite the others\n"
        "nothing was changed on the server\n"
    )
    assert len(server.requests) == asked
    assert team.run("apply", "--target", "staging", "--yes", env=TOKENS).status == 0


def test_a_signal_stops_before_the_next_target_and_what_is_stored_is_not_all(
    team: Desk, server: Server, second: Server
) -> None:
    second.stored = {"@type": "Redis", "url": "redis://b.example.com"}

    def interrupts(request: bytes) -> bytes:
        if b"InMemoryStore/set" in request:
            started[0].send_signal(signal.SIGTERM)
        return passes_to(server)(request)

    started: list[subprocess.Popen[bytes]] = []
    with hostile(interrupts) as front:
        configure(team, production=front.url, staging=second.url)
        arguments = ("apply", "--all", "--yes", "--output", "json", "--output", "text=out.txt")
        started.append(team.start(*arguments, env=TOKENS))
        ran = ended(started[0])
    assert ran.status == 5
    assert second.stored["url"] == "redis://b.example.com"
    assert json.loads(ran.out)["summary"] == {
        "targets": 2,
        "changed": 2,
        "unchanged": 0,
        "failed": 0,
        "changes": 2,
        "unknown": 0,
        "unresolved": 0,
        "to_send": 0,
        "refusals": 0,
        "outcomes": {
            "stored": 1,
            "not-sent": 0,
            "rejected": 0,
            "failed": 0,
            "overtaken": 0,
            "unknown": 0,
            "not-begun": 1,
        },
        "as_wanted": False,
        "interrupted": True,
        "restart_required": "yes",
    }
    written = (team.directory / "out.txt").read_text()
    assert "\nSkipped: interrupted.\n" in written
    assert "failed" not in written


def test_a_target_that_fails_after_another_is_stored_is_not_status_1(
    team: Desk, server: Server, second: Server
) -> None:
    second.stored = {"@type": "Redis", "url": "redis://b.example.com"}
    variables = {**TOKENS, "TOKEN_OF_STAGING": PLAN_KEY}
    ran = team.run("apply", "--all", "--yes", "--output", "json", env=variables)
    assert ran.status == 5
    assert server.stored["timeout"] == 5000
    summary = json.loads(ran.out)["summary"]
    assert (summary["outcomes"]["stored"], summary["outcomes"]["rejected"]) == (1, 1)
    assert (summary["as_wanted"], summary["interrupted"]) == (False, False)


def test_no_connection_is_held_while_targets_wait(tmp_path: Path) -> None:
    """16 targets and no more than 12 open files, three of them the streams."""
    few = ("/bin/sh", "-c", 'ulimit -n 12; exec "$@"', "sh", *CONFSYNC)
    desk = Desk(tmp_path)
    desk.file("stores/base.yaml", BASE)
    with ExitStack() as running:
        before = {"@type": "Redis", "url": "redis://b.example.com"}
        servers = [running.enter_context(Server(initial=before, keys=KEYS)) for _ in range(16)]
        configure(desk, **{f"t{number}": server.url for number, server in enumerate(servers)})
        tokens = {f"TOKEN_OF_T{number}": APPLY_KEY for number in range(16)}
        ran = desk.run("apply", "--all", "--yes", env=tokens, command=few)
        assert (ran.status, ran.err) == (0, "")
        assert {server.stored["url"] for server in servers} == {"redis://a.example.com"}


def test_a_refusal_over_several_targets_gives_the_line_to_run_again(
    team: Desk, server: Server
) -> None:
    plain = "InMemoryStore:\n  '@type': Redis\n  url: redis://u:Canary@a.example.com\n"
    team.file("stores/base.yaml", plain)
    ran = team.run("apply", "--target", "staging", "--target", "production", "--yes", env=TOKENS)
    assert ran.status == 3
    (error,) = [line for line in ran.err.splitlines() if line.startswith("error: ")]
    assert error.startswith("error: staging, production: ")
    assert error.count("plain text") == 1
    again = "confsync apply --yes --target staging --target production --allow plaintext-secret"
    assert (
        f"hint: correct it (confsync explain plaintext-secret), or apply anyway: {again}\n"
        in ran.err
    )
    assert team.run(*again.split()[1:], env=TOKENS).status == 0
    assert "Canary" in str(server.stored["url"])


def test_at_a_terminal_one_answer_decides_on_all(
    team: Desk, server: Server, second: Server
) -> None:
    second.stored = {"@type": "Redis", "url": "redis://b.example.com"}
    with terminal(team, "apply", "--all", env=TOKENS) as screen:
        screen.wait_for("to 2 targets? Type yes: ")
        screen.press(b"yes\n")
        ran = screen.ended()
    assert ran.status == 0
    assert ran.out.endswith("2 targets: 2 applied. 2 changes.\n")
    assert server.stored["timeout"] == 5000
    assert second.stored["url"] == "redis://a.example.com"


def test_a_saved_plan_finds_its_target_and_the_credentials(team: Desk, server: Server) -> None:
    assert team.run("plan", "--target", "production", "--out", "a.plan", env=TOKENS).status == 0
    configure(team, production=NOBODY)
    ran = team.run("apply", "a.plan", env=TOKENS)
    assert ran.status == 3
    assert "error: production in confsync.yaml has another server than the plan" in ran.err
    configure(team, production=server.url)
    ran = team.run("apply", "a.plan", "--target", "production", env=TOKENS)
    assert (ran.status, ran.out) == (1, "")
    ran = team.run("apply", "a.plan", env={**TOKENS, "STALWART_URL": NOBODY})
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith(f"production  {server.url}\n")
    assert server.stored["timeout"] == 5000


def test_one_file_is_not_for_several_targets(team: Desk) -> None:
    ran = team.run("apply", "stores/base.yaml", "--yes", "--all", env=TOKENS)
    assert (ran.status, ran.out) == (1, "")
    assert (
        "error: files and --all cannot be combined\nhint: leave out the files, or --all" in ran.err
    )


@pytest.mark.parametrize("command", ["plan", "apply", "pull", "show"])
def test_the_name_of_a_target_as_a_word_is_answered_with_the_option(
    team: Desk, command: str
) -> None:
    ran = team.run(command, "staging", env=TOKENS)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith(
        "error: staging is a target, not a file\nhint: use --target staging\n"
    )
    team.file("staging", LAYER)
    assert "is a target" not in team.run(command, "staging", env=TOKENS).err
    configured = team.run("plan", "-", env=TOKENS, given=BASE.encode())
    assert (
        "error: no target of confsync.yaml uses standard input\nhint: add --target NAME, or --no-"
        in configured.err
    )


def test_targets_without_a_configuration_are_reported_with_their_source_and_the_directory(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path)
    cases: tuple[tuple[tuple[str, ...], dict[str, str | None], str], ...] = (
        (("--all",), {}, "--all"),
        (("--target", "staging"), {}, "--target"),
        ((), {"CONFSYNC_ALL": "yes"}, "CONFSYNC_ALL"),
        ((), {"CONFSYNC_TARGET": "staging"}, "CONFSYNC_TARGET"),
    )
    hint = "run `confsync init`, or pass the store file, like stores/in-memory.yaml"
    for arguments, variables, source in cases:
        ran = desk.run("plan", *arguments, env=variables)
        assert (ran.status, ran.out) == (1, "")
        assert ran.err == f"error: {source}: no confsync.yaml found in {tmp_path}\nhint: {hint}\n"
    desk.file(".git/HEAD", "")
    below = tmp_path / "deep"
    below.mkdir()
    ran = Desk(below).run("plan", "--all")
    assert ran.err.startswith(f"error: --all: no confsync.yaml found in {below} or above\n")


SHARED = """\
InMemoryStore:
  '@type': RedisCluster
  authSecret: {'@type': Value, secret: {env: REDIS_PASSWORD}}
  authUsername: null
"""


def test_a_variable_that_is_not_set_is_told_once_for_all_targets(team: Desk) -> None:
    team.file("stores/base.yaml", SHARED)
    team.file("stores/layer.yaml", "InMemoryStore: {'@type': RedisCluster, timeout: 5s}\n")
    variables = {**TOKENS, "REDIS_PASSWORD": None}
    allow = ("--allow", "change-variant")
    planned = team.run("plan", "--all", *allow, env=variables)
    assert planned.status == 0
    fact = "env REDIS_PASSWORD is not set; only an apply needs it (2 targets)"
    note = f"stores/base.yaml:3: note: {fact}"
    assert " ".join(planned.out.split()).count(note) == 1
    assert planned.out.count("env REDIS_PASSWORD is not set") == 1
    assert planned.out.count("hint: set REDIS_PASSWORD") == 1
    applied = team.run("apply", "--all", "--yes", *allow, env=variables)
    assert applied.status == 1
    assert applied.err == (
        "stores/base.yaml:3:32: error: env REDIS_PASSWORD is not set [secret-unavailable]\n"
        "  hint: set REDIS_PASSWORD in the environment\n"
        "error: targets production, staging: 1 reference could not be resolved\n"
        "nothing was changed on any server\n"
    )


def test_a_credential_of_several_targets_that_is_not_set_is_told_once(
    team: Desk, server: Server, second: Server
) -> None:
    more = {"production": server.url, "staging": second.url}
    lines = "".join(
        f"  {name}: {{url: '{url}', files: [stores/base.yaml], token: {{env: TOKEN}}}}\n"
        for name, url in more.items()
    )
    team.file("confsync.yaml", f"targets:\n{lines}")
    ran = team.run("plan", "--all", env={"TOKEN": None})
    assert ran.status == 1
    assert ran.err.count("env TOKEN is not set") == 1
    assert "error: targets production, staging: 1 reference could not be resolved\n" in ran.err


def test_an_error_of_several_targets_is_told_once_with_their_names(
    team: Desk, server: Server
) -> None:
    configure(team, away=NOBODY, production=server.url, silent="http://127.0.0.1:1")
    variables = {**TOKENS, "TOKEN_OF_SILENT": APPLY_KEY}
    arguments = ("--all", "--retries", "0")
    told = "cannot connect to the server: connection refused"
    ran = team.run("plan", *arguments, env=variables)
    assert ran.status == 1
    assert ran.err == (
        f"error: targets away, silent: {told}\nhint: check the URL, DNS and the firewall\n"
    )
    assert team.run("show", *arguments, env=variables).err == ran.err
    alone = team.run("plan", "--target", "away", *arguments[1:], env=variables)
    assert f"error: {AWAY}\n" in alone.err


def test_a_mistake_in_a_file_that_targets_share_is_told_once(team: Desk) -> None:
    team.file("stores/base.yaml", "InMemoryStore: {'@type': Redis, tiemout: 5s}\n")
    ran = team.run("plan", "--all", env=TOKENS)
    assert ran.status == 1
    assert ran.err.count("[unknown-field]") == 1
    assert "error: targets production, staging: 1 error in the desired state\n" in ran.err


def test_a_url_instead_of_the_one_of_a_target_is_told(
    team: Desk, server: Server, second: Server
) -> None:
    env = {**TOKENS, "STALWART_TOKEN": APPLY_KEY}
    production = ("plan", "--target", "production", "--url")
    told = f"--url replaces the URL of production ({server.url})"
    assert team.run(*production, server.url, env=env).err == ""
    assert (
        team.run(*production, second.url, env=env).err == f"warning: {told} with that of staging\n"
    )
    with Server(initial=REDIS, keys=KEYS) as third:
        assert team.run(*production, third.url, env=env).err == f"note: {told}\n"
        by_variable = {**env, "CONFSYNC_URL": third.url}
        assert "note: CONFSYNC_URL replaces" in team.run(*production[:3], env=by_variable).err


@pytest.mark.parametrize(("here", "there"), [("deep/er", "../.."), (".", "a b")])
def test_a_configuration_nearby_is_told_with_the_way_to_it(
    offline: Desk, here: str, there: str
) -> None:
    directory = offline.directory / here
    directory.mkdir(parents=True, exist_ok=True)
    (directory / there).mkdir(exist_ok=True)
    (directory / there / "confsync.yaml").touch()
    ran = Desk(directory).run("plan")
    assert f"; there is one in {there}, and no file given\n" in ran.err
    why = ": parent directories are searched only inside a git repository"
    assert f"hint: run `cd {shlex.quote(there)}` first{why * ('..' in there)}\n" in ran.err
