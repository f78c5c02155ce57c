"""What an apply says of its end, where several things come together."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from tests.cli.hostile import Held, hostile, http, jmap, passes_to, says, stores_and_says
from tests.cli.process import (
    CONFSYNC,
    ENV_SECRET,
    LIVE_SECRET,
    PATIENCE,
    PLAN_KEY,
    checked,
    ended,
)
from tests.cli.test_cli_interrupt import LATE

if TYPE_CHECKING:
    from confsync.sandbox import Server
    from tests.cli.hostile import Action
    from tests.cli.process import Desk

LOST = ("--allow", "change-variant", "--allow", "remove-secret")
STORE = "InMemoryStore: {'@type': RedisSentinel, serviceName: main}\n"
LIVE = {"@type": "RedisSentinel", "serviceName": "old"}
HIDDEN = {**LIVE, "authSecret": {"@type": "Value", "secret": LIVE_SECRET}}
SECRET = ", authUsername: stalwart, authSecret: {'@type': Value, secret: {env: REDIS_PASSWORD}}}\n"
SECRET_ALONE = "InMemoryStore: {'@type': RedisSentinel, serviceName: old" + SECRET
TRIES = {"CONFSYNC_RETRIES": None}


def stores_and_fails_inside(server: Server) -> Action:
    def act(request: bytes) -> bytes:
        body = passes_to(server)(request).partition(b"\r\n\r\n")[2]
        before, update, after = json.loads(body)["methodResponses"]
        return jmap(before, ["error", {"type": "serverUnavailable"}, update[2]], after)

    return act


def refuses_while_somebody_changes(server: Server) -> Action:
    def act(request: bytes) -> bytes:
        del request
        server.stored = {**LIVE, "timeout": 7000}
        got = {"accountId": "a", "list": [{**server.stored, "id": "singleton"}], "notFound": []}
        return jmap(
            ["x:InMemoryStore/get", got, "before"],
            ["error", {"type": "forbidden"}, "set"],
            ["x:InMemoryStore/get", got, "after"],
        )

    return act


def applied_by(desk: Desk, script: str) -> subprocess.CompletedProcess[str]:
    """An apply by a confsync that a script has broken first: it may end in a fault."""
    return subprocess.run(
        [sys.executable, "-c", script, "apply", "--yes", desk.file("a.yaml", STORE)],
        cwd=desk.directory,
        env=desk.variables(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
    )


def test_a_secret_alone_is_never_sent_again_because_nobody_can_see_whether_it_was_stored(
    desk: Desk, server: Server
) -> None:
    server.stored = HIDDEN
    too_many = says(http(429, b"{}", "application/problem+json", "Retry-After: 600"))
    with hostile(passes_to(server), stores_and_fails_inside(server), too_many) as between:
        file = desk.file("a.yaml", SECRET_ALONE)
        ran = desk.run("apply", "--yes", file, "--url", between.url, env=TRIES)
    assert server.stored["authSecret"] == {"@type": "Value", "secret": ENV_SECRET}
    assert ran.status == 4
    assert "nothing was changed" not in ran.err
    assert sum(b"/set" in request for request in between.requests) == 1


def test_a_secret_that_is_kept_leaves_nothing_unknown(desk: Desk, server: Server) -> None:
    server.stored = HIDDEN
    file = desk.file("a.yaml", SECRET_ALONE.replace("old", "main"))
    with hostile(passes_to(server), stores_and_says(server, b""), passes_to(server)) as between:
        arguments = ("--hidden-secrets", "keep", "--url", between.url)
        allowed = ("--allow", "kept-secret-elsewhere")
        ran = desk.run("apply", "--yes", file, *arguments, *allowed)
    assert ran.status == 0
    assert "Stored and verified: 1 change." in ran.out


def test_a_signal_while_the_state_is_read_after_a_lost_answer_lets_that_finish(
    desk: Desk, server: Server
) -> None:
    server.stored = LIVE
    held = Held(passes_to(server))
    with hostile(passes_to(server), stores_and_says(server, b""), held) as between:
        file = desk.file("a.yaml", STORE)
        process = desk.start("apply", "--yes", file, "--url", between.url)
        assert held.arrived.wait(PATIENCE)
        process.send_signal(signal.SIGINT)
        threading.Timer(0.5, held.release.set).start()
        ran = ended(process)
        held.release.set()
    assert ran.status == 0
    assert "The state was read again:" in " ".join(ran.out.split())
    assert ran.err == "interrupted: finishing the update (a few seconds); interrupt again to stop\n"


def test_a_refusal_keeps_its_reason_where_somebody_else_changed_something(
    desk: Desk, server: Server
) -> None:
    server.stored = LIVE
    with hostile(passes_to(server), refuses_while_somebody_changes(server)) as between:
        ran = desk.run("apply", "--yes", desk.file("a.yaml", STORE), "--url", between.url)
    assert ran.status == 1
    assert "The server refused the update (forbidden)." in ran.out
    assert "changed the object since it was read:\n  ~ timeout  10s → 7s" in ran.out


def test_what_nobody_manages_may_be_changed_by_somebody_else(desk: Desk, server: Server) -> None:
    server.stored = LIVE

    def changed(request: bytes) -> bytes:
        server.stored = {**server.stored, "timeout": 7000}
        return passes_to(server)(request)

    with hostile(passes_to(server), changed) as between:
        arguments = ("--unlisted", "keep", "--url", between.url)
        ran = desk.run("apply", "--yes", desk.file("a.yaml", STORE), *arguments)
    assert ran.status == 0
    assert "Another client changed the object:\n  ~ timeout  10s → 7s" in ran.out
    assert server.stored["timeout"] == 7000

    server.stored = {**LIVE, "serviceName": "again"}
    with hostile(passes_to(server), changed) as between:
        backup = ("--backup", "back.yaml", "--unlisted", "keep", "--url", between.url)
        assert desk.run("apply", "--yes", desk.file("a.yaml", STORE), *backup).status == 0
    back = (desk.directory / "back.yaml").read_text()
    assert "serviceName: again\n  timeout: 7s\n" in back


def test_the_way_back_names_what_was_at_its_default(desk: Desk, server: Server) -> None:
    """With `--unlisted keep` a field that is not named would stay."""
    server.stored = LIVE
    keep = {"CONFSYNC_UNLISTED": "keep"}
    file = desk.file("a.yaml", STORE.replace("main", "main, timeout: 5s"))
    ran = desk.run("apply", "--yes", file, env=keep)
    back = ran.out.partition("To go back")[2].partition("\n\n")[2]
    assert desk.run("apply", "--yes", desk.file("b.yaml", back), env=keep).status == 0
    assert (server.stored["timeout"], server.stored["serviceName"]) == (10_000, "old")


def test_nothing_has_to_restart_where_nothing_was_stored(desk: Desk) -> None:
    file = desk.file("a.yaml", STORE)
    env = {"STALWART_TOKEN": PLAN_KEY}
    arguments = (*LOST, "--output", "json")
    ran = desk.run("apply", "--yes", file, *arguments, env=env)
    (target,) = json.loads(ran.out)["targets"]
    assert target["outcome"]["result"] == "rejected"
    assert target["restart"] == {"required": "no", "because": []}


def test_a_secret_that_cannot_be_read_back_is_not_called_verified(
    desk: Desk, server: Server
) -> None:
    server.stored = HIDDEN
    ran = desk.run("apply", "--yes", desk.file("a.yaml", SECRET_ALONE))
    assert ran.status == 0
    assert "Nothing changed; 1 secret sent again; it cannot be read back.\n" in ran.out
    assert "verified" not in ran.out


def test_a_secret_that_is_sent_again_asks_for_a_restart_only_if_it_is_another_one(
    desk: Desk, server: Server
) -> None:
    server.stored = HIDDEN
    file = desk.file("a.yaml", SECRET_ALONE)
    planned, applied = desk.run("plan", file), desk.run("apply", "--yes", file)
    assert "Takes effect at restart, if the secret is another one than before." in planned.out
    told = " ".join(applied.out.split())
    assert "Restart only if the secret was changed: one Stalwart node first" in told
    assert "To go back" not in told
    for command in (("plan",), ("apply", "--yes")):
        found = json.loads(desk.run(*command, file, "--output", "json").out)
        (target,) = found["targets"]
        assert target["restart"] == {
            "required": "if-secret-changed", "because": ["InMemoryStore"]
        }  # fmt: skip
    assert found["summary"]["restart_required"] == "if-secret-changed"


def test_a_fault_after_the_update_has_left_is_an_unknown_outcome(
    desk: Desk, server: Server
) -> None:
    server.stored = LIVE
    script = LATE.replace("raise KeyboardInterrupt", "raise ValueError")
    done = applied_by(desk, script)
    assert done.returncode == 4
    assert "something may have been changed" in done.stderr


def test_a_fault_while_the_update_is_written_is_never_told_as_stored(
    desk: Desk, server: Server
) -> None:
    """Even where the server happens to have what is wanted."""
    server.stored = LIVE
    script = (
        "import sys\n"
        "from confsync.__main__ import main\n"
        "from confsync.jmap import client\n"
        "def broken(*_):\n"
        "    raise ValueError\n"
        "client.update_json = broken\n"
        "sys.argv[0] = 'confsync'\n"
        "main()\n"
    )
    done = applied_by(desk, script)
    assert done.returncode == 4
    assert "Stored" not in done.stdout
    assert "error: internal error in confsync: ValueError" in done.stderr
    assert server.stored["serviceName"] == "old"


def test_a_refused_apply_whose_audit_cannot_be_written_says_both(
    desk: Desk, server: Server
) -> None:
    del server

    def no_files_may_grow() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    arguments = ("--yes", "--hidden-secrets", "fail", "--audit", "audit.jsonl")
    done = subprocess.run(
        [*CONFSYNC, "apply", desk.file("a.yaml"), *arguments],
        cwd=desk.directory,
        env=desk.variables({"PYTHONDONTWRITEBYTECODE": "1"}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=300,
        preexec_fn=no_files_may_grow,
    )
    ran = checked(done.returncode, done.stdout, done.stderr)
    assert ran.status == 3
    assert "error: the audit file audit.jsonl cannot be read and written\n" in ran.err


def test_an_audit_line_stays_one_whatever_a_secret_is(desk: Desk, server: Server) -> None:
    """The scrubber masks a secret wherever it stands, even where it is a word of the format."""
    server.stored = HIDDEN
    file = desk.file("a.yaml", SECRET_ALONE)
    env = {"REDIS_PASSWORD": "finished"}
    assert desk.run("apply", "--yes", file, "--audit", "audit.jsonl", env=env).status == 0
    ran = desk.run("apply", "--yes", file, "--audit", "audit.jsonl")
    assert (ran.status, ran.err) == (0, "")
