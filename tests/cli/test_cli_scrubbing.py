"""The last line of defence, core dumps, files and processes, and GitHub's masks."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from confsync.cli.apply_prompt import add_masks
from confsync.sync.secret import Ref, Vault
from tests.cli.process import APPLY_KEY, CONFSYNC, ENV_SECRET, LIVE_SECRET, STORE
from tests.report.runner import obeyed

if TYPE_CHECKING:
    from pathlib import Path

    from confsync.sandbox import Server
    from tests.cli.process import Desk


def test_a_secret_in_another_field_is_masked_in_every_output(desk: Desk, server: Server) -> None:
    """The last line of defence: somebody typed the password where the user name belongs."""
    secret = 'Marker+"of a/leak'
    spelt = [secret, json.dumps(secret)[1:-1], quote(secret, safe=""), b64(f"admin:{secret}")]
    urls = {f"redis://cache-{number}/{one}": True for number, one in enumerate(spelt)}
    server.stored = {"@type": "RedisCluster", "authUsername": secret, "urls": urls}
    outputs = ("--output=text", "--output=json=plan.json", "--output=text=plan.txt")
    variables = {"REDIS_PASSWORD": secret}
    planned = desk.run("plan", desk.file("a.yaml"), *outputs, env=variables)
    assert planned.status == 0
    written = [(desk.directory / name).read_text() for name in ("plan.json", "plan.txt")]
    shown = desk.run("show", env={"STALWART_TOKEN": APPLY_KEY})
    applied = desk.run("apply", "--yes", "a.yaml", env=variables)
    assert applied.status == 0
    for text in (planned.out, applied.out, *written):
        assert text.count("****") >= 5
        assert "arker" not in text
        assert "authUsername" in text
    assert "arker" in shown.out


LOST = ("--allow", "change-variant", "--allow", "remove-secret")


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_a_password_that_is_a_default_is_not_told_by_a_mask(desk: Desk, server: Server) -> None:
    server.stored = {"@type": "RedisCluster", "authUsername": "stalwart"}
    store = STORE.replace("authUsername: stalwart", "authUsername: null")
    ran = desk.run("plan", desk.file("a.yaml", store), env={"REDIS_PASSWORD": "stalwart"})
    assert ran.status == 0
    assert "authUsername stalwart → null" in " ".join(ran.out.split())
    assert "****" not in ran.out
    assert "a.yaml:7: warning: authSecret/secret has a guessable secret" in ran.out


def test_a_live_password_that_is_a_word_changes_no_key(desk: Desk, server: Server) -> None:
    """Neither in the way back nor in JSON."""
    server.stored = {"@type": "Redis", "url": "redis://u:password@cache.example.com"}
    store = "InMemoryStore: {'@type': Redis, url: redis://cache.example.com}\n"
    ran = desk.run("apply", "--yes", desk.file("a.yaml", store), *LOST, "--output=json=apply.json")
    assert ran.status == 0
    outcome = json.loads((desk.directory / "apply.json").read_text())["targets"][0]["outcome"]
    url = {"address": "redis://cache.example.com", "username": "u"}
    password = {"password": {"env": "FILL_IN_1"}}
    assert outcome["before"]["InMemoryStore"]["url"] == {**url, **password}
    server.stored = {"@type": "Redis", "url": "redis://u:password@cache.example.com"}
    ran = desk.run("apply", "--yes", "a.yaml", *LOST)
    assert "    password: {env: FILL_IN_1}\n" in ran.out
    assert "****:" not in ran.out


@pytest.mark.parametrize("command", [("schema",), ("explain",), ("explain", "authSecret")])
@pytest.mark.parametrize("password", ["password", "properties", "Redis cluster", "description"])
def test_a_document_is_the_same_whatever_the_credentials(
    desk: Desk, command: tuple[str, ...], password: str
) -> None:
    """A command that asks no server has no use for them."""
    with_it = desk.run(*command, env={"STALWART_PASSWORD": password, "STALWART_TOKEN": password})
    without_it = desk.run(*command, env={"STALWART_PASSWORD": None, "STALWART_TOKEN": None})
    assert with_it == without_it
    assert with_it.status == 0


def test_no_name_of_a_field_is_masked_whatever_the_secret(desk: Desk) -> None:
    plain = desk.run("plan", desk.file("a.yaml"), "--output=json")
    for secret in ("poolMaxConnections", "RedisCluster", "authUsername", "unmanaged"):
        ran = desk.run("plan", "a.yaml", "--output=json", env={"REDIS_PASSWORD": secret})
        (found,), (known,) = (json.loads(one.out)["targets"] for one in (ran, plain))
        assert found["objects"][0]["changes"] == known["objects"][0]["changes"]


def test_a_guessable_secret_in_a_file_is_told_by_validate(desk: Desk) -> None:
    store = STORE.replace("{env: REDIS_PASSWORD}", "changeme")
    ran = desk.run("validate", "--allow=plaintext-secret", desk.file("a.yaml", store))
    assert ran.status == 0
    assert "authSecret/secret has a guessable secret [guessable-secret]" in ran.out
    strong = STORE.replace("{env: REDIS_PASSWORD}", "x7Rk2mQ9pLw4")
    ran = desk.run("validate", "--allow=plaintext-secret", desk.file("a.yaml", strong))
    assert "guessable-secret" not in ran.out


def test_a_guessable_secret_does_not_change_the_digest(desk: Desk) -> None:
    plans = [
        desk.run("plan", desk.file("a.yaml"), "--output=json", env={"REDIS_PASSWORD": secret})
        for secret in ("stalwart", "x7Rk2mQ9pLw4", None)
    ]
    assert len({json.loads(ran.out)["targets"][0]["digest"] for ran in plans}) == 1


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes"), ("show",)])
def test_a_token_that_is_typed_as_a_file_is_not_repeated(
    desk: Desk, command: tuple[str, ...]
) -> None:
    ran = desk.run(*command, APPLY_KEY)
    assert ran.status == 1
    assert "****" in ran.out + ran.err


@pytest.mark.parametrize("command", ["validate", "fmt"])
def test_a_file_named_like_a_command_to_a_runner_is_only_a_name(desk: Desk, command: str) -> None:
    name = "::set-output name=digest::evil,x.yaml"
    desk.file(name, "InMemoryStore: {'@type': 'Nothing'}\n")
    for arguments in ((name,), ("##[add-mask]a",), ("##vso[task.complete]",)):
        ran = desk.run(command, *arguments)
        assert obeyed(ran.out + ran.err) == []
        assert arguments[0].lstrip("#:") in ran.out + ran.err


@pytest.mark.parametrize("text", ["##[add-mask]a", "##vso[task.complete]", "::stop-commands::x"])
def test_a_text_of_the_server_is_no_command_to_a_runner_in_any_output(
    desk: Desk, server: Server, text: str
) -> None:
    server.stored = {"@type": "RedisSentinel", "serviceName": text, "authUsername": f"a {text}"}
    file = desk.file(f"{text}.yaml")
    outputs = ("--output=text", "--output=json=out.json", "--output=text=out.txt")
    runs = [
        desk.run("plan", file, *LOST, *outputs, "--debug"),
        desk.run("show", *outputs[:2]),
        desk.run("pull", "--diff", "a.yaml"),
        desk.run("apply", "--yes", "--audit=audit.jsonl", file, *LOST, *outputs),
    ]
    assert [ran.status for ran in runs] == [0, 0, 0, 0]
    files = [desk.directory / name for name in ("out.json", "out.txt", "audit.jsonl")]
    for written in [*(ran.out + ran.err for ran in runs), *(one.read_text() for one in files)]:
        assert obeyed(written) == []
    assert any(text in ran.out.replace("\\x23", "#") for ran in runs)


def test_an_apply_tells_of_a_guessable_secret_too(desk: Desk) -> None:
    ran = desk.run("apply", "--yes", desk.file("a.yaml"), env={"REDIS_PASSWORD": "changeme"})
    assert ran.status == 0
    assert ran.out.count("authSecret/secret has a guessable secret") == 1


def test_no_core_dump_is_ever_written() -> None:
    script = (
        "import resource, runpy, sys; sys.argv = ['confsync', '--version']\n"
        "_, most = resource.getrlimit(resource.RLIMIT_CORE)\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (most, most))\n"
        "try:\n    runpy.run_module('confsync', run_name='__main__')\n"
        "except SystemExit:\n    print(resource.getrlimit(resource.RLIMIT_CORE))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True, timeout=3000
    )
    assert done.stdout.splitlines()[-1] == "(0, 0)"


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes"), ("show",), ("validate",)])
def test_no_file_is_left_anywhere(desk: Desk, tmp_path: Path, command: tuple[str, ...]) -> None:
    places = {name: tmp_path / name for name in ("TMPDIR", "HOME", "XDG_CACHE_HOME")}
    for place in places.values():
        place.mkdir()
    files = [] if command == ("show",) else [desk.file("work/a.yaml")]
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    environment = {name: str(place) for name, place in places.items()}
    assert desk.run(*command, *files, env=environment).status == 0
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before


def test_no_secret_is_among_the_arguments_of_a_process(desk: Desk) -> None:
    """Neither of confsync nor of the commands that it runs."""
    store = STORE.replace("{env: REDIS_PASSWORD}", "{command: [./list]}")
    desk.file("list", "#!/bin/sh\ncat /proc/*/cmdline > seen\necho Canary-of-a-command\n")
    (desk.directory / "list").chmod(0o755)
    arguments = ("apply", "--yes", "--allow-commands", desk.file("a.yaml", store))
    assert desk.run(*arguments, command=CONFSYNC).status == 0
    seen = (desk.directory / "seen").read_bytes()
    assert b"--allow-commands" in seen
    for secret in (APPLY_KEY, ENV_SECRET, LIVE_SECRET):
        assert secret.encode() not in seen


# GitHub's masks

ACTIONS = {"GITHUB_ACTIONS": "true", "REDIS_PASSWORD": "50%-secret"}


def test_github_is_told_what_to_mask_before_anything_is_shown(desk: Desk) -> None:
    ran = desk.run("apply", "--yes", "--add-mask", desk.file("a.yaml"), env=ACTIONS)
    assert (ran.status, ran.err) == (0, "::add-mask::50%25-secret\n")
    assert "50%" not in ran.out


def test_a_variable_asks_for_it_too(desk: Desk) -> None:
    variables = {**ACTIONS, "CONFSYNC_ADD_MASK": "1"}
    ran = desk.run("apply", "--yes", desk.file("a.yaml"), env=variables)
    assert (ran.status, ran.err) == (0, "::add-mask::50%25-secret\n")


def test_with_debug_the_mask_comes_before_anything_is_sent(desk: Desk) -> None:
    ran = desk.run("apply", "--yes", "--debug", "--add-mask", desk.file("a.yaml"), env=ACTIONS)
    before, mask, after = ran.err.partition("::add-mask::50%25-secret\n")
    assert mask
    assert "50%" not in before + after
    assert after.count("POST") == 1


def test_the_runner_gets_each_value_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    vault = Vault()
    for text in ("a\r\nb%0A", "c"):
        vault.seal(text, Ref("env", "A"))
    vault.seal("of-the-server")
    add_masks(vault)
    written = capsys.readouterr()
    assert (written.out, written.err) == ("", "::add-mask::a%0D%0Ab%250A\n::add-mask::c\n")


def test_nothing_is_told_unless_it_is_asked_for(desk: Desk) -> None:
    ran = desk.run("apply", "--yes", desk.file("a.yaml"), env=ACTIONS)
    assert (ran.status, ran.err) == (0, "")


def test_what_the_server_sent_is_not_told(desk: Desk, server: Server) -> None:
    server.stored = {"@type": "Redis", "url": "redis://u:of-the-server@h"}
    ran = desk.run("apply", "--yes", *LOST, "--add-mask", desk.file("a.yaml"), env=ACTIONS)
    assert (ran.status, ran.err) == (0, "::add-mask::50%25-secret\n")


@pytest.mark.parametrize("value", [None, "", "false"])
def test_outside_of_github_it_is_refused(desk: Desk, server: Server, value: str | None) -> None:
    variables = {**ACTIONS, "GITHUB_ACTIONS": value}
    ran = desk.run("apply", "--yes", "--add-mask", desk.file("a.yaml"), env=variables)
    assert (ran.status, ran.out) == (1, "")
    assert "--add-mask works only in GitHub Actions" in ran.err
    assert not server.requests


def test_secrets_are_not_written_to_a_file_that_standard_error_goes_to(
    desk: Desk, server: Server
) -> None:
    file, log = desk.file("a.yaml"), desk.directory / "log"
    with log.open("wb") as stderr:
        done = subprocess.run(
            [sys.executable, "-m", "confsync", "apply", "--yes", "--add-mask", file],
            cwd=desk.directory,
            env=desk.variables(ACTIONS),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            check=False,
            timeout=300,
        )
    assert (done.returncode, done.stdout) == (1, b"")
    assert "stderr is redirected" in log.read_text()
    assert "50%" not in log.read_text()
    assert not server.requests
