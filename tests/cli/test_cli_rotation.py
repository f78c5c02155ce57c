"""Hidden secrets that are sent only where that is wanted: `changed`, `version` and `--send`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.process import APPLY_KEY, ENV_SECRET, Desk
from tests.repository import commit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.sandbox import Server

STORE = """\
InMemoryStore:
  '@type': RedisSentinel
  urls: [rediss://a.example.com:26379]
  timeout: 5s
  authUsername: stalwart
  sentinelUsername: stalwart
  authSecret: {'@type': Value, secret: {env: REDIS_PASSWORD}}
  sentinelSecret: {'@type': Value, secret: {env: SENTINEL_PASSWORD}}
"""
ROTATED = STORE.replace("{env: REDIS_PASSWORD}", "{env: REDIS_PASSWORD, version: 2}")
VARIABLES: Mapping[str, str | None] = {
    "T": APPLY_KEY,
    "STALWART_URL": None,
    "STALWART_TOKEN": None,
    "SENTINEL_PASSWORD": "Canary-of-the-sentinel",
}
NOTHING = "Nothing was sent: no visible changes, and 2 hidden secrets kept. No restart is needed."


@pytest.fixture
def team(desk: Desk, server: Server) -> Desk:
    """A target with `changed` whose first commit is applied."""
    configure(desk, server)
    desk.file("stores/a.yaml", STORE)
    commit(desk.directory)
    server.stored = {"@type": "Default"}
    ran = desk.run("apply", "--yes", "--base", "HEAD", *ALLOW, env=VARIABLES)
    assert ran.status == 0, ran.err
    return desk


ALLOW = ("--allow", "change-variant")


def configure(desk: Desk, server: Server, policy: str = "changed", more: str = "") -> None:
    desk.file(
        "confsync.yaml",
        f"targets: {{one: {{url: '{server.url}', files: [stores/a.yaml], token: {{env: T}},"
        f" hidden_secrets: {policy}{more}}}}}\n",
    )


def secrets(server: Server) -> tuple[object, object]:
    """The stored secrets for Redis and for the sentinels."""
    fields = (server.stored["authSecret"], server.stored["sentinelSecret"])
    return tuple(one["secret"] if isinstance(one, dict) else None for one in fields)  # type: ignore[return-value] # two


OLD = (ENV_SECRET, "Canary-of-the-sentinel")
NEW: Mapping[str, str | None] = {
    **VARIABLES,
    "REDIS_PASSWORD": "Canary-the-new-one",
    "SENTINEL_PASSWORD": "Canary-that-nobody-rotated",
}


def test_a_rotation_is_a_commit_and_the_next_merge_sends_nothing(
    team: Desk, server: Server
) -> None:
    assert secrets(server) == OLD
    team.file("stores/a.yaml", ROTATED)
    commit(team.directory)
    plan = ("plan", "--base", "HEAD~1")
    shown = team.run(*plan, "--detailed-exitcode", env=NEW)
    assert shown.status == 2
    assert "authSecret/secret      not comparable; sent from env REDIS_PASSWORD" in shown.out
    assert "sentinelSecret/secret  not comparable; kept, env SENTINEL_PASSWORD is not" in shown.out
    assert "2 secrets cannot be compared; apply will send 1 and keep 1." in shown.out
    ran = team.run("apply", "--yes", "--base", "HEAD~1", env=NEW)
    assert ran.status == 0
    assert "Nothing visible changed; 1 secret sent; it cannot be read back." in ran.out
    assert "Not active yet: restart one Stalwart node" in ran.out
    assert secrets(server) == (NEW["REDIS_PASSWORD"], OLD[1])

    team.file("README", "no change of the settings")
    commit(team.directory)
    before = len(server.requests)
    report = ("--output", "text", "--output", "json=report.json")
    ran = team.run("apply", "--yes", "--base", "HEAD~1", *report, env=NEW)
    assert (ran.status, len(server.requests)) == (0, before + 1)
    assert NOTHING in " ".join(ran.out.split())
    found = json.loads((team.directory / "report.json").read_text())
    assert found["summary"]["restart_required"] == "no"
    assert team.run(*plan, "--detailed-exitcode", env=VARIABLES).status == 0
    server.stored = {**server.stored, "timeout": 9000}
    drift = team.run(*plan, "--detailed-exitcode", env=VARIABLES)
    assert drift.status == 2
    assert "~ timeout                9s → 5s (drift)" in drift.out


def test_a_secret_that_is_kept_needs_not_be_at_hand(team: Desk, server: Server) -> None:
    team.file("stores/a.yaml", STORE.replace("5s", "6s"))
    none = {**VARIABLES, "REDIS_PASSWORD": None, "SENTINEL_PASSWORD": None}
    assert team.run("apply", "--yes", "--base", "HEAD", env=none).status == 0
    assert secrets(server) == OLD
    team.file("stores/a.yaml", ROTATED)
    ran = team.run("apply", "--yes", "--base", "HEAD", env=none)
    assert ran.status == 1
    assert "env REDIS_PASSWORD is not set" in ran.err
    assert "SENTINEL" not in ran.err


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{env: REDIS_PASSWORD}", "{env: ANOTHER}"),
        ("{env: REDIS_PASSWORD}", "{file: ../password}"),
        ("{env: REDIS_PASSWORD, version: 1}", "{env: REDIS_PASSWORD, version: 2}"),
        ("{env: REDIS_PASSWORD, version: 2026-01}", "{env: REDIS_PASSWORD, version: 2026-02}"),
        ("{env: REDIS_PASSWORD, version: 1}", "{env: REDIS_PASSWORD}"),
        ("{file: ../password}", "{version: b, file: ../password}"),
        ("{command: [./get, a]}", "{command: [./get, b]}"),
        ("{command: [./get]}", "{command: [./get], version: 2}"),
        ("{secret: redis}", "{secret: redis, version: 2}"),
    ],
)
def test_another_reference_or_version_is_sent(team: Desk, old: str, new: str) -> None:
    team.file("stores/a.yaml", STORE.replace("{env: REDIS_PASSWORD}", old))
    text = (team.directory / "confsync.yaml").read_text()
    team.file("confsync.yaml", text.replace(", token", ", secrets: {redis: {env: R}}, token"))
    commit(team.directory)
    same = sent(team)
    team.file("stores/a.yaml", STORE.replace("{env: REDIS_PASSWORD}", new))
    assert (same, sent(team)) == ([], ["authSecret/secret"])


def test_the_version_of_a_secret_of_a_target_counts(team: Desk, server: Server) -> None:
    team.file("stores/a.yaml", STORE.replace("{env: REDIS_PASSWORD}", "{secret: r, version: 1}"))
    configure(team, server, more=", secrets: {r: {env: R, of: target}}")
    commit(team.directory)
    assert sent(team) == []
    configure(team, server, more=", secrets: {r: {env: R, version: 2, of: target}}")
    assert sent(team) == ["authSecret/secret"]


def sent(desk: Desk, *arguments: str, base: str = "HEAD") -> list[str]:
    """The paths of the secrets that an apply would send."""
    ran = desk.run("plan", "--base", base, *arguments, "--output", "json", env=VARIABLES)
    assert ran.status == 0, ran.err
    (target,) = json.loads(ran.out)["targets"]
    return [one["path"] for of in target["objects"] for one in of["to_send"]]


def test_a_target_that_the_base_does_not_have_gets_all_secrets(team: Desk) -> None:
    text = (team.directory / "confsync.yaml").read_text()
    team.file("confsync.yaml", text.replace("one:", "another:"))
    assert sent(team) == ["authSecret/secret", "sentinelSecret/secret"]


@pytest.mark.parametrize("policy", ["keep", "changed"])
@pytest.mark.parametrize(
    "name", ["authSecret/secret", "InMemoryStore/authSecret/secret", "env REDIS_PASSWORD"]
)
def test_send_sends_a_secret_that_would_be_kept(
    team: Desk, server: Server, name: str, policy: str
) -> None:
    options = ("--base", "HEAD", "--hidden-secrets", policy)
    kept = team.run("plan", *options, "--detailed-exitcode", env=NEW)
    shown = team.run("plan", *options, "--detailed-exitcode", "--send", name, env=NEW)
    assert (kept.status, shown.status) == (0, 2)
    digests = [line for ran in (kept, shown) for line in ran.out.splitlines() if "Digest" in line]
    assert len({*digests}) == 2
    ran = team.run("apply", *options, "--expect", digests[0].split()[1], "--send", name, env=NEW)
    assert ran.status == 3
    assert secrets(server) == OLD
    ran = team.run("apply", *options, "--expect", digests[1].split()[1], "--send", name, env=NEW)
    assert ran.status == 0
    assert "Nothing visible changed; 1 secret sent; it cannot be read back." in ran.out
    assert secrets(server) == (NEW["REDIS_PASSWORD"], OLD[1])


def test_a_saved_plan_sends_what_it_was_made_to_send(team: Desk, server: Server) -> None:
    team.file("stores/a.yaml", ROTATED)
    saving = ("plan", "--base", "HEAD", "--out")
    assert team.run(*saving, "rotate.plan", env=VARIABLES).status == 0
    assert team.run(*saving, "both.plan", "--send", "env SENTINEL_PASSWORD", env=NEW).status == 0
    team.file("stores/a.yaml", STORE)
    shown = team.run("show", "rotate.plan", env=VARIABLES)
    assert "kept, env SENTINEL_PASSWORD is not sent" in " ".join(shown.out.split())
    for option in (("--send", "env REDIS_PASSWORD"), ("--base", "HEAD"), ("--changed",)):
        ran = team.run("apply", "rotate.plan", *option, env={**NEW, "CONFSYNC_BASE": "HEAD"})
        assert ran.status == 1
        assert f"{option[0]} cannot be combined with a saved plan" in ran.err
    assert team.run("apply", "rotate.plan", env=NEW).status == 0
    assert secrets(server) == (NEW["REDIS_PASSWORD"], OLD[1])
    assert team.run("apply", "both.plan", env=NEW).status == 0
    assert secrets(server) == (NEW["REDIS_PASSWORD"], NEW["SENTINEL_PASSWORD"])


def test_a_secret_to_send_that_no_target_has_is_an_error(team: Desk, server: Server) -> None:
    before = len(server.requests)
    for command in ("plan", "apply"):
        ran = team.run(command, "--base", "HEAD", "--send", "authSecret", env=VARIABLES)
        assert (ran.status, ran.out, len(server.requests)) == (1, "", before)
        assert "error: --send: no target has this secret\n" in ran.err
        assert (
            "hint: write one of these paths or references: authSecret/secret (env REDIS_PASSWORD),"
            " sentinelSecret/secret (env SENTINEL_PASSWORD)"
        ) in ran.err
    team.file("stores/a.yaml", "InMemoryStore:\n  '@type': Redis\n  url: redis://a\n")
    ran = team.run("plan", "--base", "HEAD", "--send", "env X", env=VARIABLES)
    assert "hint: no file has a secret that the server hides" in ran.err


def test_changed_needs_a_base(team: Desk, server: Server) -> None:
    before = len(server.requests)
    for command in ("plan", "apply"):
        ran = team.run(command, "--allow", "change-variant", env=VARIABLES)
        assert (ran.status, ran.out, len(server.requests)) == (1, "", before)
        assert "error: hidden_secrets: changed of one needs --base\n" in ran.err
    ran = team.run(
        *("plan", "--no-config", "stores/a.yaml", "--hidden-secrets", "changed"),
        env={**VARIABLES, "STALWART_URL": server.url},
    )
    assert ran.status == 1
    assert "error: hidden_secrets: changed needs --base\n" in ran.err


def test_the_way_back_needs_no_base_and_has_the_version(team: Desk, server: Server) -> None:
    before = dict(server.stored)
    team.file("stores/a.yaml", ROTATED)
    commit(team.directory)
    team.file("stores/a.yaml", ROTATED.replace("5s", "6s"))
    ran = team.run("apply", "--yes", "--base", "HEAD", "--backup", "before.yaml", env=VARIABLES)
    assert ran.status == 0
    assert "version: '2'" in (team.directory / "before.yaml").read_text()
    (line,) = (line for line in ran.out.splitlines() if "--hidden-secrets keep" in line)
    words = line.partition(": confsync ")[2].split()
    assert team.run(*words, "--yes", env=VARIABLES).status == 0
    assert server.stored == before
