"""`confsync pull` as a process."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from confsync.kinds import KINDS
from confsync.sandbox import Server
from tests.cli.process import KEYS, LIVE, PATIENCE, PLAN_KEY, Desk

if TYPE_CHECKING:
    from pathlib import Path

PULLED = """\
InMemoryStore:
  '@type': RedisCluster
  urls:
    - address: redis://old.example.com:6379
      username: stalwart
      password: {env: FILL_IN_1}
  authUsername: stalwart
  authSecret:
    '@type': Value
    secret: {env: FILL_IN_2}
"""
FILL_IN = """\
a.yaml:6:23: warning: urls/0/password: env FILL_IN_1 is a placeholder [fill-in]
  hint: write a reference to this password: each apply needs it
a.yaml:10:19: warning: authSecret/secret: env FILL_IN_2 is a placeholder [fill-in]
  hint: write a reference, like `{env: NAME}` or `{file: PATH}`
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_says_what_the_server_has_with_references_to_fill_in(
    desk: Desk, server: Server
) -> None:
    before = server.stored
    ran = desk.run("pull", "a.yaml", env={"STALWART_TOKEN": PLAN_KEY})
    told = "a.yaml: new file, 3 fields written, 2 references to fill in\n"
    assert (ran.status, ran.out, ran.err) == (0, told, FILL_IN)
    assert (desk.directory / "a.yaml").read_text() == PULLED
    umask = os.umask(0)
    os.umask(umask)
    assert mode(desk.directory / "a.yaml") == 0o666 & ~umask
    assert (len(server.requests), server.stored) == (1, before)
    ran = desk.run("plan", "a.yaml", "--detailed-exitcode")
    assert ran.status == 0
    assert "No visible changes." in ran.out


def test_a_diff_shows_what_would_be_written_masked_and_writes_nothing(desk: Desk) -> None:
    text = (
        "# was rediss://u:Canary@z\nInMemoryStore:\n  '@type': Redis\n  url: redis://u:Canary@h\n"
        "  timeout: 10s  # \u202e\n"
    )
    file = desk.file("a.yaml", text)
    ran = desk.run("pull", "--diff", file)
    assert ran.status == 0
    assert ran.out == (
        "--- a.yaml\n+++ a.yaml\n@@ -1,5 +1,11 @@\n"
        " # …\n"
        " InMemoryStore:\n"
        "-  '@type': Redis\n"
        "-  url: redis://u:****@h\n"
        "+  '@type': RedisCluster\n"
        "+  urls:\n"
        "+    - address: redis://old.example.com:6379\n"
        "+      username: stalwart\n"
        "+      password: {env: FILL_IN_1}\n"
        "   timeout: 10s  # …\n"
        "+  authSecret:\n"
        "+    '@type': Value\n"
        "+    secret: {env: FILL_IN_2}\n"
    )
    assert ran.err.endswith(
        "a.yaml: would be removed: url\n"
        "a.yaml: 4 fields would be changed, 2 references to fill in\n"
    )
    assert (desk.directory / file).read_text() == text


def test_an_edit_keeps_the_mode_and_follows_links_and_a_second_one_writes_nothing(
    desk: Desk,
) -> None:
    real = desk.directory / desk.file("stores/real.yaml", "InMemoryStore: {'@type': Redis}  # c\n")
    real.chmod(0o600)
    link = desk.directory / "a.yaml"
    link.symlink_to("stores/real.yaml")
    assert desk.run("pull", "a.yaml").status == 0
    assert link.is_symlink()
    assert mode(real) == 0o600
    assert real.read_text().startswith("InMemoryStore: {'@type': RedisCluster, urls: [{address: ")
    assert real.read_text().endswith("}  # c\n")
    assert [path.name for path in real.parent.iterdir()] == ["real.yaml"]
    written = real.stat()
    ran = desk.run("pull", "a.yaml")
    told = "a.yaml: unchanged: already matches the server, 2 references to fill in\n"
    assert (ran.status, ran.out) == (0, told)
    now = real.stat()
    assert (now.st_ino, now.st_mtime_ns) == (written.st_ino, written.st_mtime_ns)


def test_what_cannot_be_written_is_told_before_the_server_is_asked(
    desk: Desk, server: Server
) -> None:
    desk.file("stores/a.yaml", "InMemoryStore: {'@type': Redis, timeout: 10}\n")
    for file, told in (
        ("stores", "stores: is a directory"),
        ("nowhere/a.yaml", "nowhere/a.yaml: its directory does not exist"),
        ("stores/a.yaml", "stores/a.yaml:1:42: error: timeout is a number without a unit"),
    ):
        ran = desk.run("pull", file)
        assert (ran.status, ran.out) == (1, "")
        assert told in ran.err
        assert "hint: " in ran.err
        assert "nothing was changed" not in ran.err
    assert server.requests == []


def test_no_file_is_wrong_usage(desk: Desk, server: Server) -> None:
    ran = desk.run("pull")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith(f"error: no confsync.yaml found in {desk.directory}, and no file")
    assert server.requests == []


def test_what_was_written_is_said_where_standard_output_is_gone(desk: Desk) -> None:
    process = desk.start("pull", "a.yaml")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    told = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(PATIENCE) == 1
    assert told == f"{FILL_IN}a.yaml: new file, 3 fields written, 2 references to fill in\n"
    assert (desk.directory / "a.yaml").read_text() == PULLED


def test_without_files_the_last_layer_of_a_target_is_written(desk: Desk, server: Server) -> None:
    base = desk.file("base.yaml", "InMemoryStore: {'@type': Default}\n")
    member = f"{{url: '{server.url}', files: [{base}, top.yaml]}}"
    desk.file("confsync.yaml", f"targets:\n  a: {member}\n")
    ran = desk.run("pull")
    assert (ran.status, ran.out) == (
        0,
        "top.yaml: new file, 3 fields written, 2 references to fill in\n",
    )
    assert desk.run("plan", "--detailed-exitcode").status == 0

    desk.file("confsync.yaml", f"targets:\n  a: {member}\n  b: {member}\n")
    ran = desk.run("pull")
    assert ran.status == 1
    fact = "confsync.yaml has several targets: a, b"
    assert f"error: {fact}\nhint: choose with --target NAME or --group NAME" in ran.err
    for words in (("--target", "a", "--target", "b"), ("--all",)):
        ran = desk.run("pull", *words)
        assert ran.status == 1
        fact = "error: target a is written to top.yaml, which is a file of b too\n"
        assert ran.err.startswith(fact)
    ran = desk.run("pull", "--all", "--into", "settings")
    assert "error: --all: takes one target, not a, b\n" in ran.err
    assert desk.run("pull", "--target", "b", env={"STALWART_TOKEN": PLAN_KEY}).status == 0


def test_each_of_several_targets_is_pulled_into_its_own_file(desk: Desk, server: Server) -> None:
    with Server(initial={"@type": "Redis", "url": "redis://other"}, keys=KEYS) as other:
        desk.file("base.yaml", "InMemoryStore: {'@type': Default}\n")
        targets = {"a": server.url, "b": other.url, "c": "http://127.0.0.1:9"}
        lines = (
            f"  {name}: {{url: '{url}', files: [base.yaml, {name}.yaml], token: {{env: T}}}}\n"
            for name, url in targets.items()
        )
        desk.file("confsync.yaml", "targets:\n" + "".join(lines))
        key: dict[str, str | None] = {"T": PLAN_KEY}
        ran = desk.run("pull", "--all", "--diff", env=key)
        assert ran.status == 1
        assert not (desk.directory / "a.yaml").exists()
        ran = desk.run("pull", "--all", env=key)
        assert ran.status == 1
        assert "error: target c: cannot connect" in ran.err
        assert ran.out.splitlines()[0].startswith("a.yaml: new file, ")
        assert ran.out.splitlines()[1].startswith("b.yaml: new file, ")
        assert not (desk.directory / "c.yaml").exists()
        words = ("plan", "--target", "a", "--target", "b", "--detailed-exitcode")
        assert desk.run(*words, env=key).status == 0


EVERY_KEY = "API_Canary-key-that-reads-all"


def test_all_objects_go_into_a_directory_and_those_that_the_target_does_not_use_are_named(
    tmp_path: Path,
) -> None:
    every = frozenset({"authenticate", *(f"sys{name}Get" for name in KINDS)})
    with Server(initial=LIVE, keys={EVERY_KEY: every}) as server:
        server.put("x:Http", {"enableHsts": True})
        desk = Desk(tmp_path, server.url)
        desk.file("stores/in-memory.yaml", "InMemoryStore: {'@type': Default}\n")
        desk.file(
            "confsync.yaml",
            f"targets: {{a: {{url: '{server.url}', files: [stores/in-memory.yaml]}}}}\n",
        )
        key = {"STALWART_TOKEN": EVERY_KEY}
        ran = desk.run("pull", "--all-objects", "--into", "stores", "--diff", env=key)
        assert ran.status == 0
        assert "+++ stores/http.yaml\n" in ran.out
        assert sorted(path.name for path in (tmp_path / "stores").iterdir()) == ["in-memory.yaml"]
        ran = desk.run("pull", "--all-objects", "--into", "stores", env=key)
        assert ran.status == 0
        assert ran.out == (
            "stores/in-memory.yaml: 3 fields changed, 2 references to fill in\n"
            "stores/data-store.yaml: new file, 1 field written\n"
            "stores/http.yaml: new file, 1 field written\n"
        )
        assert ran.err.endswith(
            "note: target a does not use these files yet; add them to its files:"
            " stores/data-store.yaml, stores/http.yaml\n"
        )
        desk.close()


def test_options_of_pull_that_exclude_each_other(desk: Desk, server: Server) -> None:
    for words, told in (
        (("--object", "Http", "--all-objects", "a.yaml"), "--object and --all-objects cannot"),
        (("--into", "stores", "a.yaml"), "FILES and --into cannot be combined"),
        (("--into", ""), "--into: empty name"),
        (("--into", "https://h"), "--into: a URL, not a directory"),
    ):
        ran = desk.run("pull", *words)
        assert (ran.status, ran.out) == (1, "")
        assert f"error: {told}" in ran.err
    assert server.requests == []


def test_missing_permissions_for_all_objects_are_named_together(desk: Desk) -> None:
    ran = desk.run("pull", "--all-objects", "--into", "stores")
    assert (ran.status, ran.out) == (1, "")
    number = len(KINDS) - 1
    assert ran.err.startswith(f"error: {number} permissions are missing: sysAddressBookGet, sys")
    assert not (desk.directory / "stores").exists()


def test_a_target_that_needs_a_base_to_be_planned_is_pulled_without(
    desk: Desk, server: Server
) -> None:
    member = f"{{url: '{server.url}', files: [a.yaml], hidden_secrets: changed}}"
    desk.file("confsync.yaml", f"targets:\n  a: {member}\n")
    assert desk.run("pull").status == 0
    assert desk.run("show").status == 0
