"""`--base` and `--changed`: changes of the files and drift are told apart."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from confsync.kinds.table_file import built_in_version, text_of
from confsync.sandbox import Server
from tests.cli.process import APPLY_KEY, KEYS, Desk
from tests.repository import commit, git

if TYPE_CHECKING:
    from collections.abc import Mapping

STORE = """\
InMemoryStore:
  '@type': RedisCluster
  urls: [rediss://a.example.com, rediss://b.example.com]
  timeout: 5s
  poolMaxConnections: 20
"""
LIVE = {
    "@type": "RedisCluster",
    "urls": {"rediss://a.example.com": True, "rediss://b.example.com": True},
    "timeout": 5000,
    "poolMaxConnections": 20,
}


@pytest.fixture
def team(desk: Desk, server: Server) -> Desk:
    """A target whose server has what the first commit says."""
    server.stored = LIVE
    configure(desk, "one", url=server.url)
    desk.file("stores/a.yaml", STORE)
    commit(desk.directory)
    return desk


def configure(desk: Desk, *names: str, url: str, more: str = "") -> None:
    targets = "".join(
        f"  {name}: {{url: '{url}', files: [stores/{chr(ord('a') + at)}.yaml], token: {{env: T}}"
        f"{more}}}\n"
        for at, name in enumerate(names)
    )
    desk.file("confsync.yaml", f"targets:\n{targets}")


TOKEN: Mapping[str, str | None] = {"T": APPLY_KEY, "STALWART_URL": None, "STALWART_TOKEN": None}


def causes(desk: Desk, *arguments: str, base: str = "HEAD") -> dict[str, str]:
    """The causes of the changes of a plan, by their paths and members."""
    allowed = ("--allow", "default-username")
    ran = desk.run("plan", *arguments, *allowed, "--base", base, "--output", "json", env=TOKEN)
    assert ran.status == 0, ran.err
    report = json.loads(ran.out)
    found = {
        f"{one['action']} {one['path']}": one["cause"]
        for target in report["targets"]
        for of in target["objects"]
        for one in of["changes"]
    }
    counts = dict.fromkeys(("change", "drift", "both"), 0)
    for cause in found.values():
        counts[cause] += 1
    assert report["summary"]["causes"] == counts
    assert report["summary"]["base"] == base
    return found


def test_the_files_the_server_or_both_are_the_cause_of_a_change(team: Desk, server: Server) -> None:
    server.stored = {**LIVE, "timeout": 9000, "maxRetryWait": 7000, "poolTimeoutWait": 9000}
    changed = STORE.replace("20", "30").replace("5s", "6s") + "  poolTimeoutWait: 8s\n"
    team.file("stores/a.yaml", changed)
    assert causes(team) == {
        "update timeout": "both",
        "update maxRetryWait": "drift",
        "update poolMaxConnections": "change",
        "update poolTimeoutWait": "both",
    }


def test_members_of_a_set_have_their_own_causes(team: Desk, server: Server) -> None:
    urls = dict.fromkeys(("rediss://a.example.com", "rediss://x.example.com"), True)
    server.stored = {**LIVE, "urls": urls}
    team.file("stores/a.yaml", STORE.replace("a.example", "c.example"))
    ran = team.run("plan", "--base", "HEAD", env=TOKEN)
    assert "+ urls  rediss://c.example.com (from files)" in ran.out
    assert "+ urls  rediss://b.example.com (drift)" in ran.out
    assert "- urls  rediss://a.example.com (from files)" in ran.out
    assert "- urls  rediss://x.example.com (drift)" in ran.out
    assert "4 changes since HEAD: 2 from files, 2 drift." in ran.out


def test_text_says_the_cause_of_a_default_too_and_without_a_base_nothing(
    team: Desk, server: Server
) -> None:
    server.stored = {**LIVE, "poolTimeoutWait": 9000}
    ran = team.run("plan", "--base", "HEAD", env=TOKEN)
    assert "~ poolTimeoutWait  9s → 30s (default, drift)" in ran.out
    assert "Plan: 1 to change. 1 change since HEAD: 1 drift." in ran.out
    plain = team.run("plan", env=TOKEN).out
    assert "(default)" in plain
    assert "since" not in plain
    assert '"cause"' not in team.run("plan", "--output", "json", env=TOKEN).out


def test_the_digest_does_not_depend_on_the_base_and_no_request_is_added(
    team: Desk, server: Server
) -> None:
    team.file("stores/a.yaml", STORE.replace("20", "30"))
    without = team.run("plan", env=TOKEN).out
    sent = len(server.requests)
    with_base = team.run("plan", "--base", "HEAD", env=TOKEN).out
    assert len(server.requests) == 2 * sent
    (digest,) = (line.split()[-1] for line in without.splitlines() if line.startswith("Digest"))
    assert f"Digest {digest}" in with_base
    ran = team.run("apply", "--base", "HEAD", "--expect", digest, env=TOKEN)
    assert ran.status == 0
    assert "(from files)" in ran.out


def test_a_change_of_the_variant_has_a_cause(team: Desk) -> None:
    team.file("stores/a.yaml", "InMemoryStore:\n  '@type': Redis\n  url: redis://a.example.com\n")
    ran = team.run("plan", "--base", "HEAD", "--allow", "change-variant", env=TOKEN)
    assert "InMemoryStore will be replaced: RedisCluster → Redis (from files)" in ran.out


def test_a_target_that_the_base_does_not_have_has_changes_alone(team: Desk, server: Server) -> None:
    server.stored = {**LIVE, "timeout": 9000}
    configure(team, "another", url=server.url)
    assert causes(team) == {"update timeout": "change"}


def test_a_target_that_had_another_server_has_changes_alone(team: Desk, server: Server) -> None:
    configure(team, "one", url="https://old.example.com")
    commit(team.directory)
    server.stored = {**LIVE, "timeout": 9000}
    configure(team, "one", url=server.url)
    assert causes(team) == {"update timeout": "change"}


def test_the_base_is_made_from_its_own_configuration(team: Desk, server: Server) -> None:
    """Includes, groups, `set`, `ignore` and files of then, though none of them is there today."""
    team.file("stores/a.yaml", STORE)
    team.file("confsync.yaml", "include: ['targets/*.yaml']\n")
    team.file(
        "targets/one.yaml",
        "groups: {all: {files: [../old/store.yaml], ignore: [InMemoryStore/maxRetryWait],"
        " set: {InMemoryStore/poolMaxConnections: 40}}}\n"
        f"targets: {{one: {{url: '{server.url}', in: [all], token: {{env: T}}}}}}\n",
    )
    team.file("old/store.yaml", STORE)
    commit(team.directory)
    for gone in ("targets/one.yaml", "old/store.yaml"):
        (team.directory / gone).unlink()
    configure(team, "one", url=server.url)
    server.stored = {**LIVE, "poolMaxConnections": 40, "maxRetryWait": 9000, "timeout": 9000}
    assert causes(team) == {
        "update timeout": "drift",
        "update maxRetryWait": "change",
        "update poolMaxConnections": "change",
    }


def test_files_without_a_configuration_are_their_own_base(desk: Desk, server: Server) -> None:
    server.stored = {**LIVE, "timeout": 9000}
    desk.file("a.yaml", STORE)
    commit(desk.directory)
    desk.file("a.yaml", STORE.replace("20", "30"))
    desk.file("b.yaml", "InMemoryStore:\n  maxRetryWait: 700ms\n")
    ran = desk.run("plan", "a.yaml", "b.yaml", "--base", "main", "--output", "json")
    assert ran.status == 0, ran.err
    found = json.loads(ran.out)["targets"][0]["objects"][0]["changes"]
    assert {one["path"]: one["cause"] for one in found} == {
        "timeout": "drift",
        "maxRetryWait": "change",
        "poolMaxConnections": "change",
    }


def test_a_base_in_a_directory_below_reads_the_same_files(team: Desk, server: Server) -> None:
    server.stored = {**LIVE, "timeout": 9000}
    below = Desk(team.directory / "stores", environment=team.environment)
    assert causes(below) == {"update timeout": "drift"}


def test_both_states_are_read_by_the_schema_of_today(team: Desk, server: Server) -> None:
    team.file("confsync.schema.json", "a broken schema")
    commit(team.directory)
    team.file("confsync.schema.json", text_of(built_in_version()))
    server.stored = {**LIVE, "timeout": 9000}
    assert causes(team) == {"update timeout": "drift"}


def test_references_mean_the_same_at_the_base(team: Desk, server: Server) -> None:
    """The same reference in a file of an included directory, seen from anywhere, is no change."""
    secret = "  authSecret: {'@type': Value, secret: {file: ../secrets/redis}}\n"
    team.file("stores/a.yaml", STORE + secret)
    commit(team.directory)
    server.stored = LIVE
    below = Desk(team.directory / "stores", environment=team.environment)
    for desk in (team, below):
        assert causes(desk) == {"replace authSecret": "drift"}


def test_invalid_files_at_the_base_are_named_with_the_revision(team: Desk) -> None:
    team.file("stores/a.yaml", STORE + "  timeOut: 5s\n")
    commit(team.directory)
    team.file("stores/a.yaml", STORE)
    ran = team.run("plan", "--base", "HEAD", env=TOKEN)
    assert (ran.status, ran.out) == (1, "")
    assert "HEAD:stores/a.yaml:6:3: error: RedisCluster has no field `timeOut`" in ran.err
    team.file("confsync.yaml", "targets: {one: {urls: 5}}\n")
    commit(team.directory)
    team.file("confsync.yaml", git(team.directory, "show", "HEAD~1:confsync.yaml"))
    ran = team.run("plan", "--base", "HEAD", env=TOKEN)
    assert "HEAD:confsync.yaml:1:" in ran.err


def test_a_secret_in_the_files_of_the_base_is_not_shown(team: Desk, server: Server) -> None:
    secret = "  authSecret: {'@type': Value, secret: Canary-of-then}\n"
    team.file("stores/a.yaml", f"{STORE}{secret}  timeOut: 5s\n")
    commit(team.directory)
    team.file("stores/a.yaml", STORE + secret.replace("Canary-of-then", "{env: X}"))
    ran = team.run("plan", "--base", "HEAD", env=TOKEN)
    assert ran.status == 1
    assert "HEAD:stores/a.yaml:6:" in ran.err
    team.file("stores/a.yaml", STORE + secret)
    commit(team.directory)
    team.file("stores/a.yaml", STORE + secret.replace("Canary-of-then", "Canary-of-now"))
    server.stored = LIVE
    for more in ([], ["--output", "json"]):
        ran = team.run("plan", "--base", "HEAD", "--debug", *more, env=TOKEN)
        assert ran.status == 3
        assert "both" in ran.out


@pytest.mark.parametrize(
    ("revision", "told"),
    [
        ("-h", "--base: not a revision"),
        ("--output=x", "--base: not a revision"),
        ("a\nb", "--base: not a revision"),
        ("", "--base: not a revision"),
        ("nowhere", "--base: no such revision: nowhere"),
        ("HEAD:confsync.yaml", "--base: no such revision: HEAD:confsync.yaml"),
        ("HEAD HEAD", "--base: no such revision: HEAD HEAD"),
    ],
)
def test_a_revision_that_cannot_be_read_is_an_error(team: Desk, revision: str, told: str) -> None:
    ran = team.run("plan", f"--base={revision}", env=TOKEN)
    assert (ran.status, ran.out) == (1, "")
    assert f"error: {told}\nhint: " in ran.err


def test_without_a_repository_or_git_it_is_an_error(desk: Desk) -> None:
    desk.file("a.yaml", STORE)
    ran = desk.run("plan", "a.yaml", "--base", "HEAD")
    assert (ran.status, ran.out) == (1, "")
    assert "--base: no git repository here" in ran.err
    ran = desk.run("plan", "a.yaml", "--base", "HEAD", env={"PATH": str(desk.directory)})
    assert "--base: git cannot be started" in ran.err


def test_a_shallow_clone_is_told_how_to_get_its_history(team: Desk) -> None:
    commit(team.directory)
    clone = team.directory.parent / "clone"
    git(team.directory, "clone", "--quiet", "--depth", "1", f"file://{team.directory}", str(clone))
    ran = Desk(clone).run("plan", "--base", "HEAD~1", env=TOKEN)
    assert ran.status == 1
    assert "no such revision: HEAD~1" in ran.err
    assert "fetch-depth: 0" in ran.err


def test_standard_input_has_no_base(desk: Desk) -> None:
    desk.file("a.yaml", STORE)
    commit(desk.directory)
    ran = desk.run("plan", "-", "--base", "HEAD", given=STORE.encode())
    assert (ran.status, ran.out) == (1, "")
    assert "--base: standard input is in no revision" in ran.err


@pytest.fixture
def fleet(team: Desk, server: Server) -> Desk:
    """Three targets, two of which have changed since main."""
    configure(team, "one", "two", "three", url="http://127.0.0.1:9")
    text = (team.directory / "confsync.yaml").read_text()
    team.file("confsync.yaml", text.replace("http://127.0.0.1:9", server.url, 1))
    team.file("stores/b.yaml", STORE)
    team.file("stores/c.yaml", STORE)
    commit(team.directory)
    team.file("stores/a.yaml", STORE.replace("20", "30"))
    team.file("stores/b.yaml", f"# a comment\n{STORE}  poolTimeoutWait: 30s\n")
    team.file("stores/c.yaml", "InMemoryStore: [\n")
    return team


def test_changed_takes_the_targets_whose_desired_state_differs(fleet: Desk) -> None:
    """Comments and documented defaults are no difference; a file that cannot be read may be."""
    ran = fleet.run("targets", "--changed", "--base", "main", "--output", "names")
    assert (ran.status, ran.out) == (0, "one\nthree\n")
    ran = fleet.run("plan", "--changed", "--base", "main", "--exclude", "three", env=TOKEN)
    assert ran.status == 0
    assert ran.err == "note: 1 of 3 targets: changed since main, without three\n"
    assert ran.out.startswith("one  ")
    assert "poolMaxConnections  20 → 30 (from files)" in ran.out


def test_changed_without_any_is_done_with_nothing(team: Desk, server: Server) -> None:
    for command in ("plan", "apply"):
        ran = team.run(command, "--changed", "--base", "main", env=TOKEN)
        assert ran.status == 0
        assert "note: 0 of 1 targets: changed since main\n" in ran.err
    assert not server.requests


def test_a_field_that_is_ignored_and_one_that_is_kept_count_as_what_they_are(
    team: Desk, server: Server
) -> None:
    def changed() -> str:
        return team.run("targets", "--changed", "--base", "main", "--output", "names").out

    configure(team, "one", url=server.url, more=", ignore: [InMemoryStore/timeout]")
    assert changed() == "one\n"
    commit(team.directory)
    team.file("stores/a.yaml", STORE.replace("5s", "6s"))
    assert not changed()
    configure(team, "one", url=server.url, more=", unlisted: keep")
    commit(team.directory)
    team.file("stores/a.yaml", STORE.replace("5s", "6s") + "  poolTimeoutWait: 30s\n")
    assert changed() == "one\n"


def test_changed_needs_a_base_and_no_files(team: Desk) -> None:
    ran = team.run("plan", "--changed", env=TOKEN)
    assert (ran.status, ran.out) == (1, "")
    assert "--changed needs --base" in ran.err
    ran = team.run("plan", "--changed", "--base", "main", "stores/a.yaml", env=TOKEN)
    assert "files and --changed cannot be combined" in ran.err
    for command in ("validate", "show", "pull"):
        ran = team.run(command, "--changed", env=TOKEN)
        assert (ran.status, ran.out) == (1, "")
        assert "unknown option --changed" in ran.err


def test_many_targets_are_counted_together(team: Desk, server: Server) -> None:
    with Server(initial={**LIVE, "timeout": 9000}, keys=KEYS) as second:
        team.file("stores/b.yaml", STORE)
        configure(team, "one", "two", url=server.url)
        text = (team.directory / "confsync.yaml").read_text()
        head, _, tail = text.rpartition(server.url)
        team.file("confsync.yaml", head + second.url + tail)
        commit(team.directory)
        team.file("stores/a.yaml", STORE.replace("20", "30"))
        ran = team.run("plan", "--all", "--base", "main", env=TOKEN)
    assert ran.out.endswith(
        "2 targets: 2 to update. 2 changes.\n2 changes since main: 1 from files, 1 drift.\n"
    )
