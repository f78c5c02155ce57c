"""`confsync apply` as a process, against the sandbox, without a terminal."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest

from tests.cli.process import (
    CONFSYNC,
    ENV_SECRET,
    FILE_SECRET,
    LIVE_SECRET,
    LIVE_URL_SECRET,
    PLAN_KEY,
    STORE,
)

if TYPE_CHECKING:
    from confsync.sandbox import Server
    from tests.cli.process import Desk

LOST = ("--allow", "change-variant", "--allow", "remove-secret")
CLOSED = ("/bin/sh", "-c", 'exec "$@" <&-', "sh", *CONFSYNC)


def sent(server: Server) -> list[str]:
    """The methods that were called, in their order."""
    bodies = [request.body for request in server.requests]
    return [call[0] for body in bodies if isinstance(body, dict) for call in body["methodCalls"]]


def test_apply_brings_the_server_to_the_files_in_two_requests(desk: Desk, server: Server) -> None:
    ran = desk.run("apply", "--yes", desk.file("a.yaml"))
    assert (ran.status, ran.err) == (0, "")
    assert len(server.requests) == 2
    assert sent(server)[1:] == [
        "x:InMemoryStore/get",
        "x:InMemoryStore/set",
        "x:InMemoryStore/get",
    ]
    assert server.stored["urls"] == {"rediss://cache-1.example.com:6379": True}
    assert server.stored["authSecret"] == {"@type": "Value", "secret": ENV_SECRET}
    assert server.stored["poolMaxConnections"] == 32
    assert ran.out.startswith(f"{server.url}\n\nInMemoryStore · RedisCluster")
    assert "Stored and verified: 3 changes. 1 secret sent; it cannot be read back.\n" in ran.out
    assert "Not active yet: restart one Stalwart node" in ran.out


def test_apply_with_nothing_to_do_sends_nothing(desk: Desk, server: Server) -> None:
    server.stored = {"@type": "Redis", "url": "redis://a.example.com"}
    file = desk.file("a.yaml", "InMemoryStore: {'@type': Redis, url: 'redis://a.example.com'}\n")
    ran = desk.run("apply", "--yes", file)
    assert (ran.status, ran.err) == (0, "")
    assert "Nothing was sent: the server matches the files." in ran.out
    assert sent(server) == ["x:InMemoryStore/get"]


def test_a_second_apply_has_nothing_visible_to_do(desk: Desk, server: Server) -> None:
    file = desk.file("a.yaml", "InMemoryStore: {'@type': RedisSentinel, serviceName: main}\n")
    assert desk.run("apply", "--yes", file, *LOST).status == 0
    stored = server.stored
    assert desk.run("apply", "--yes", file).status == 0
    assert server.stored == stored
    assert sent(server).count("x:InMemoryStore/set") == 1


@pytest.mark.parametrize("stdin", ["null", "bytes", "closed"])
def test_without_a_terminal_nobody_is_asked_and_nothing_is_sent(
    desk: Desk, server: Server, stdin: str
) -> None:
    ran = desk.run(
        "apply",
        desk.file("a.yaml"),
        env={"CONFSYNC_YES": "1"},
        given=b"yes\n" if stdin == "bytes" else None,
        command=CLOSED if stdin == "closed" else None,
    )
    assert (ran.status, ran.out) == (3, "")
    assert ran.err == (
        "warning: CONFSYNC_YES has no effect: pass the option itself\n"
        "error: cannot ask for confirmation: not running in a terminal\n"
        "hint: run `confsync plan`, then add --yes or --expect DIGEST to this command\n"
        "nothing was changed on the server\n"
    )
    assert server.requests == []


@pytest.mark.parametrize("name", ["nothere.plan", "nothere.yaml"])
def test_a_missing_file_is_told_before_anything_about_a_terminal(desk: Desk, name: str) -> None:
    ran = desk.run("apply", name)
    assert ran.status == 1
    assert ran.err.startswith(f"{name}: error: ")
    assert "no-such-file" in ran.err
    assert "--yes" not in ran.err


def test_with_yes_a_closed_standard_input_is_no_matter(desk: Desk) -> None:
    assert desk.run("apply", "--yes", desk.file("a.yaml"), command=CLOSED).status == 0


def test_a_key_that_may_not_update_changes_nothing(desk: Desk, server: Server) -> None:
    before = server.stored
    ran = desk.run("apply", "--yes", desk.file("a.yaml"), env={"STALWART_TOKEN": PLAN_KEY})
    assert ran.status == 1
    assert server.stored == before
    told = ran.out + ran.err
    assert "forbidden" in told
    assert "nothing was changed on the server" in told.lower()
    assert "sysInMemoryStoreUpdate" in told
    assert "hint: " in told


def test_every_reference_is_resolved_before_anything_is_sent(desk: Desk, server: Server) -> None:
    ran = desk.run("apply", "--yes", desk.file("a.yaml"), env={"REDIS_PASSWORD": None})
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == (
        "a.yaml:7:5: error: env REDIS_PASSWORD is not set [secret-unavailable]\n"
        "  hint: set REDIS_PASSWORD in the environment\n"
        "error: 1 reference could not be resolved\n"
        "nothing was changed on the server\n"
    )
    assert server.requests == []


@pytest.mark.parametrize(
    ("value", "fact"),
    [
        ("", "is empty"),
        (" \t", "is empty"),
        ("****", "is a mask (****), not a secret"),
        ("ENC[AES256_GCM,data:Canary]", "is still encrypted"),
        ("Canary\nCanary", "contains a control character"),
    ],
)
def test_what_no_secret_can_be_is_never_sent(
    desk: Desk, server: Server, value: str, fact: str
) -> None:
    ran = desk.run("apply", "--yes", desk.file("a.yaml"), env={"REDIS_PASSWORD": value})
    assert ran.status == 1
    assert f"env REDIS_PASSWORD {fact}" in ran.err
    assert "set" not in " ".join(sent(server))


def test_a_secret_from_a_file_starts_beside_the_store(desk: Desk, server: Server) -> None:
    desk.file("stores/redis-password", f"{FILE_SECRET}\n")
    store = STORE.replace("{env: REDIS_PASSWORD}", "{file: redis-password}")
    ran = desk.run("apply", "--yes", desk.file("stores/in-memory.yaml", store))
    assert ran.status == 0
    assert server.stored["authSecret"] == {"@type": "Value", "secret": FILE_SECRET}


def test_the_password_of_a_url_is_percent_encoded_and_sent_from_its_reference(
    desk: Desk, server: Server
) -> None:
    store = (
        "InMemoryStore:\n  '@type': Redis\n  url:\n    address: rediss://cache.example.com/1\n"
        "    username: mail\n    password: {env: CACHE_PASSWORD}\n"
    )
    arguments = (*LOST, desk.file("a.yaml", store))
    ran = desk.run("apply", "--yes", *arguments, env={"CACHE_PASSWORD": "Canary@/"})
    assert ran.status == 0
    assert server.stored["url"] == "rediss://mail:Canary%40%2F@cache.example.com/1"


def test_a_password_that_was_read_is_never_sent_back(desk: Desk, server: Server) -> None:
    desk.run("apply", "--yes", desk.file("a.yaml"))
    assert LIVE_URL_SECRET not in repr([request.body for request in server.requests])


def test_json_says_what_became_of_it(desk: Desk) -> None:
    ran = desk.run("apply", "--yes", desk.file("a.yaml"), "--output", "json")
    assert (ran.status, ran.err) == (0, "")
    (target,) = json.loads(ran.out)["targets"]
    assert target["outcome"].pop("before")["InMemoryStore"]["@type"] == "RedisCluster"
    assert target["outcome"] == {
        "result": "stored",
        "verified": True,
        "remaining": [],
        "foreign": [],
        "foreign_changes": [],
        "overwritten": [],
        "lost": None,
    }
    assert target["restart"] == {"required": "yes", "because": ["InMemoryStore"]}
    assert [change["path"] for change in target["objects"][0]["changes"]] == [
        "urls",
        "urls",
        "poolMaxConnections",
    ]


def test_an_output_that_cannot_be_written_stops_an_apply_before_it_sends(
    desk: Desk, server: Server
) -> None:
    before = server.stored
    ran = desk.run("apply", "--yes", desk.file("a.yaml"), "--output", "json=missing/plan.json")
    assert ran.status == 1
    assert "missing/plan.json" in ran.err
    assert server.stored == before
    assert "x:InMemoryStore/set" not in sent(server)


def test_no_run_says_that_nothing_was_changed_where_something_was(
    desk: Desk, server: Server
) -> None:
    """An output that breaks only while it is written: the disk is full."""
    ran = desk.run("apply", "--yes", desk.file("a.yaml"), "--output", "json=/dev/full")
    assert "x:InMemoryStore/set" in sent(server)
    assert "nothing was changed" not in ran.err.lower()
    assert ran.status != 0


def test_what_was_there_before_stands_at_the_end_and_brings_it_back(
    desk: Desk, server: Server
) -> None:
    before = server.stored
    ran = desk.run("apply", "--yes", desk.file("stores/a.yaml"))
    assert ran.status == 0
    told, _, back = ran.out.partition("\n\nInMemoryStore:\n")
    told, _, command = told.rpartition("\n")
    assert " ".join(told.split()).endswith(
        "To go back (replace each FILL_IN_… with a reference to the earlier secret; its references"
        " must lead to the earlier secrets), save this as stores/before.yaml and run:"
    )
    filled = back.replace("FILL_IN_1", "CACHE_URL")
    file = desk.file("stores/before.yaml", f"InMemoryStore:\n{filled}")
    assert command == f"  confsync apply {file} --url {server.url} --allow drop-tls"
    assert desk.run("validate", file).status == 0
    assert "secret: {env: REDIS_PASSWORD}" in back
    secrets: dict[str, str | None] = {"CACHE_URL": LIVE_URL_SECRET, "REDIS_PASSWORD": LIVE_SECRET}
    assert desk.run(*command.split()[1:], "--yes", env=secrets).status == 0
    assert server.stored == before


def test_a_backup_brings_it_back_by_the_command_that_is_shown(desk: Desk, server: Server) -> None:
    before = server.stored
    ran = desk.run("apply", "--yes", desk.file("a.yaml"), "--backup", "a b.yaml")
    assert ran.status == 0
    assert ran.out.endswith(
        "\nTo go back (replace each FILL_IN_… with a reference to the earlier secret; its"
        " references must lead to the earlier secrets): confsync apply 'a b.yaml'"
        f" --url {server.url} --allow drop-tls\n"
    )
    assert desk.run("validate", "a b.yaml").status == 0
    backup = desk.directory / "a b.yaml"
    backup.write_text(backup.read_text().replace("FILL_IN_1", "CACHE_URL"))
    secrets: dict[str, str | None] = {"CACHE_URL": LIVE_URL_SECRET, "REDIS_PASSWORD": LIVE_SECRET}
    _, *command = shlex.split(ran.out.rpartition(": ")[2])
    assert desk.run(*command, "--yes", env=secrets).status == 0
    assert server.stored == before


@pytest.mark.parametrize(
    "store", [{"@type": "Default"}, {"@type": "Redis", "url": "rediss://b.example"}]
)
def test_the_way_back_allows_no_risk_that_it_does_not_have(
    desk: Desk, server: Server, store: dict[str, object]
) -> None:
    server.stored = store
    text = "InMemoryStore: {'@type': Redis, url: 'rediss://a.example.com'}\n"
    ran = desk.run("apply", "--yes", desk.file("a.yaml", text), "--backup", "b.yaml")
    assert ran.status == 0
    back = {"Default": " --allow change-variant\n"}.get(str(store["@type"]), "\n")
    assert ran.out.endswith(f"To go back: confsync apply b.yaml --url {server.url}{back}")


def test_a_backup_keeps_a_command_and_nothing_printed_has_its_arguments(desk: Desk) -> None:
    text = STORE.replace("{env: REDIS_PASSWORD}", "{command: [echo, an-argument]}")
    apply = ("apply", "--yes", "--allow-commands", desk.file("stores/a.yaml", text))
    assert "an-argument" not in desk.run(*apply).out
    desk.file("stores/a.yaml", text.replace("32", "33"))
    ran = desk.run(*apply, "--backup", "stores/b.yaml")
    assert "an-argument" not in ran.out
    assert ran.out.endswith(" --allow-commands\n")
    assert "{command: [echo, an-argument]}" in (desk.directory / "stores/b.yaml").read_text()
    # A command runs in the directory of its file.
    desk.file("stores/a.yaml", text.replace("32", "34"))
    assert "--allow-commands" not in desk.run(*apply, "--backup", "b.yaml").out
    assert "command" not in (desk.directory / "b.yaml").read_text()


def test_a_backup_that_cannot_be_written_stops_the_apply(desk: Desk, server: Server) -> None:
    before = server.stored
    ran = desk.run("apply", "--yes", desk.file("a.yaml"), "--backup", "nowhere/back.yaml")
    assert ran.status == 1
    assert "error: --backup: nowhere/back.yaml cannot be written\nhint: " in ran.err
    assert ran.err.endswith("nothing was changed on the server\n")
    assert server.stored == before
    assert "x:InMemoryStore/set" not in sent(server)


def test_a_saved_plan_has_a_backup_too(desk: Desk) -> None:
    assert desk.run("plan", desk.file("a.yaml"), "--out", "a.plan").status == 0
    refused = desk.run("apply", "a.plan", "--backup", "a.plan")
    assert (refused.status, "would overwrite" in refused.err) == (1, True)
    assert desk.run("apply", "a.plan", "--backup", "back.yaml").status == 0
    assert desk.run("validate", "back.yaml").status == 0


def test_the_way_back_is_in_the_json_too(desk: Desk) -> None:
    ran = desk.run("apply", "--yes", desk.file("a.yaml"), "--output", "json")
    (target,) = json.loads(ran.out)["targets"]
    before = target["outcome"]["before"]["InMemoryStore"]
    assert before["@type"] == "RedisCluster"
    assert before["authSecret"] == {"@type": "Value", "secret": {"env": "REDIS_PASSWORD"}}
