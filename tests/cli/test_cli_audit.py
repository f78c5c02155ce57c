"""`confsync apply --audit FILE`: two lines an apply, the first before anything is sent."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from confsync import __version__
from tests.cli.hostile import hostile, passes_to, says
from tests.cli.process import CONFSYNC, ENV_SECRET, PLAN_KEY, STORE, leaks
from tests.cli.terminal import QUESTION, terminal

if TYPE_CHECKING:
    from confsync.sandbox import Server
    from tests.cli.process import Desk

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_ACTOR": "ada",
    "GITHUB_REPOSITORY": "mail/config",
    "GITHUB_WORKFLOW": "deploy",
    "GITHUB_JOB": "apply",
    "GITHUB_RUN_ID": "17",
    "GITHUB_SHA": "0123abcd",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REF": "refs/pull/5/merge",
    "USER": "runner",
}


def lines(desk: Desk) -> list[dict[str, object]]:
    content = (desk.directory / "audit.jsonl").read_bytes()
    assert not leaks(content)
    assert content.endswith(b"\n")
    return [json.loads(line) for line in content.splitlines()]


def applied(desk: Desk, *arguments: str, env: dict[str, str | None] | None = None) -> int:
    file = desk.file("a.yaml")
    ran = desk.run("apply", file, "--yes", "--audit", "audit.jsonl", *arguments, env=env)
    return ran.status


def test_an_apply_leaves_two_lines_with_one_id(desk: Desk, server: Server) -> None:
    assert applied(desk, env=dict(GITHUB)) == 0
    begun, ended = lines(desk)
    assert begun["event"] == "started"
    assert begun["audit_version"] == "1"
    assert begun["who"] == {
        "user": "ada",
        "ci": "github",
        "job": "mail/config deploy apply 17",
        "commit": "0123abcd",
    }
    assert begun["confsync"] == __version__
    assert begun["run_url"] == "https://github.com/mail/config/actions/runs/17"
    assert begun["change"] == {"number": 5, "url": "https://github.com/mail/config/pull/5"}
    assert begun["approval"] == {"by": "yes", "allowed": []}
    assert begun["target"] == {"name": server.url, "url": server.url}
    changes = begun["changes"]
    assert isinstance(changes, list)
    assert [change["path"] for change in changes] == ["urls", "urls", "poolMaxConnections"]
    assert changes[1]["before"] == "redis://stalwart:****@old.example.com:6379"
    assert begun["to_send"] == [{"path": "authSecret/secret", "reference": "env REDIS_PASSWORD"}]
    assert str(begun["digest"]).startswith("2:")
    assert ended == {
        "audit_version": "1",
        "event": "finished",
        "id": begun["id"],
        "time": ended["time"],
        "result": "stored",
        "as_wanted": True,
        "foreign": [],
        "overwritten": [],
    }
    assert str(begun["time"]) <= str(ended["time"])
    assert stat.S_IMODE((desk.directory / "audit.jsonl").stat().st_mode) == 0o600


REDIS = """\
InMemoryStore:
  '@type': Redis
  url: rediss://cache.example.com:6379
"""
RISKS = ["change-variant", "remove-secret"]


def approval(desk: Desk, *arguments: str, text: str = REDIS, status: int = 0) -> object:
    """What the first line of the next apply says of its permission."""
    (desk.directory / "audit.jsonl").unlink(missing_ok=True)
    ran = desk.run("apply", *(arguments or (desk.file("a.yaml", text),)), "--audit", "audit.jsonl")
    assert ran.status == status, ran.err
    begun = lines(desk)[0]
    assert "run_url" not in begun
    assert "change" not in begun
    return begun["approval"]


def test_the_first_line_says_how_the_apply_was_permitted(desk: Desk, server: Server) -> None:
    before = server.stored
    file = desk.file("a.yaml", REDIS)
    allowing = ("--allow", RISKS[0], "--allow", RISKS[1], "--allow", "drop-tls")
    assert approval(desk, file, "--yes", status=3) == {"by": "yes", "allowed": []}
    plan = json.loads(desk.run("plan", file, *allowing, "--output", "json").out)
    digest = plan["targets"][0]["digest"]
    permitted = approval(desk, file, *allowing, "--expect", digest)
    assert permitted == {"by": "expect", "digest": digest, "allowed": RISKS}
    server.stored = before
    assert desk.run("plan", file, *allowing, "--out", "a.plan").status == 0
    permitted = approval(desk, "a.plan")
    assert permitted == {"by": "saved-plan", "digest": digest, "allowed": RISKS}


def test_an_answer_is_a_permission_and_accepts_risks(desk: Desk) -> None:
    file = desk.file("a.yaml", REDIS)
    with terminal(desk, "apply", file, "--audit", "audit.jsonl") as desktop:
        desktop.wait_for(QUESTION)
        desktop.press(b"yes\n")
        for risk in RISKS:
            desktop.wait_for(f"Type {risk} to accept")
            desktop.press(f"{risk}\n".encode())
        desktop.ended()
    begun, ended = lines(desk)
    assert begun["approval"] == {"by": "question", "allowed": RISKS}
    assert ended["result"] == "stored"


def test_the_first_line_is_there_before_the_update_is_sent(desk: Desk, server: Server) -> None:
    seen: list[list[dict[str, object]]] = []

    def looks(request: bytes) -> bytes:
        if b"/set" in request:
            seen.append(lines(desk))
        return passes_to(server)(request)

    with hostile(looks) as between:
        assert applied(desk, "--url", between.url) == 0
    (before,) = seen
    assert [record["event"] for record in before] == ["started"]


def test_it_is_appended_to_what_is_there_and_a_torn_line_is_no_matter(desk: Desk) -> None:
    (desk.directory / "audit.jsonl").write_text('{"event":"older"}\n{"event":"sta')
    assert applied(desk) == 0
    older, torn, begun, ended = (desk.directory / "audit.jsonl").read_text().splitlines()
    assert (older, torn) == ('{"event":"older"}', '{"event":"sta')
    assert json.loads(begun)["id"] == json.loads(ended)["id"]


@pytest.mark.parametrize(
    ("arguments", "env", "result"),
    [
        (("--expect", f"2:{'0' * 32}"), {}, "refused"),
        ((), {"STALWART_TOKEN": PLAN_KEY}, "rejected"),
        (("--hidden-secrets", "fail"), {}, "refused"),
    ],
)
def test_an_apply_that_changes_nothing_has_its_two_lines_too(
    desk: Desk, arguments: tuple[str, ...], env: dict[str, str | None], result: str
) -> None:
    assert applied(desk, *arguments, env=env) in {1, 3}
    begun, ended = lines(desk)
    assert (begun["event"], ended["event"], ended["result"]) == ("started", "finished", result)
    assert ended["as_wanted"] is False


def test_nothing_to_do_is_told_as_such(desk: Desk, server: Server) -> None:
    server.stored = {"@type": "Default"}
    file = desk.file("a.yaml", "InMemoryStore: {'@type': Default}\n")
    assert desk.run("apply", "--yes", file, "--audit", "audit.jsonl").status == 0
    begun, ended = lines(desk)
    assert begun["changes"] == []
    assert (ended["result"], ended["as_wanted"]) == ("not-sent", True)


def test_what_is_not_known_is_told_as_such(desk: Desk, server: Server) -> None:
    with hostile(passes_to(server), says(b"")) as between:
        assert applied(desk, "--url", between.url) == 4
    assert lines(desk)[1]["result"] == "unknown"


def test_one_that_was_killed_is_mentioned_until_a_later_one_ends_well(
    desk: Desk, server: Server
) -> None:
    def kills(request: bytes) -> bytes:
        if b"/set" in request:
            os.kill(running[0], signal.SIGKILL)
        return passes_to(server)(request)

    running: list[int] = []
    with hostile(kills) as between:
        file = desk.file("a.yaml")
        arguments = ("--yes", "--audit", "audit.jsonl", "--url", between.url)
        process = desk.start("apply", file, *arguments, env={"USER": "ada"})
        running.append(process.pid)
        process.communicate(timeout=300)
        assert process.returncode == -signal.SIGKILL
        assert [record["event"] for record in lines(desk)] == ["started"]
        moment = lines(desk)[0]["time"]
        running[0] = 0
        mention = (
            f"warning: audit.jsonl:1: the apply that ada began at {moment} did not finish: it"
            " was cut off or still runs; outcome unknown\n"
        )
        url = ("--url", between.url)
        kept = ("--hidden-secrets", "fail")
        refused = desk.run("apply", file, "--yes", "--audit", "audit.jsonl", *url, *kept)
        assert refused.status == 3
        assert refused.err.startswith(mention)
        del kills
    with hostile(passes_to(server), port=int(between.url.rpartition(":")[2])):
        again = desk.run("apply", file, "--yes", "--audit", "audit.jsonl", *url)
        assert (again.status, again.err) == (0, mention)
        assert desk.run("apply", file, "--yes", "--audit", "audit.jsonl", *url).err == ""


def test_another_target_s_is_not_mentioned(desk: Desk) -> None:
    record = {"event": "started", "id": "x", "target": {"url": "https://other.example.com"}}
    (desk.directory / "audit.jsonl").write_text(f"{json.dumps(record)}\n")
    ran = desk.run("apply", desk.file("a.yaml"), "--yes", "--audit", "audit.jsonl")
    assert (ran.status, ran.err) == (0, "")


def test_one_is_mentioned_once_and_the_file_is_read_once_for_all_objects(
    desk: Desk, server: Server
) -> None:
    record = {"event": "started", "id": "x", "target": {"url": server.url}}
    (desk.directory / "audit.jsonl").write_text(f"{json.dumps(record)}\n")
    file = desk.file("a.yaml", "InMemoryStore: {'@type': Default}\nHttp: {enableHsts: true}\n")
    admin = {"STALWART_TOKEN": None, "STALWART_USER": "admin", "STALWART_PASSWORD": "sandbox"}
    words = ("apply", file, "--yes", "--allow", "change-variant", "--audit", "audit.jsonl")
    command = (sys.executable, "-c", OPENINGS)
    ran = desk.run(*words, env=admin, command=command)
    assert ran.status == 0, ran.err
    assert ran.err.count("did not finish") == 1
    # Found to be writable, read, and four lines.
    assert ran.err.endswith("opened 6\n"), ran.err


OPENINGS = """\
import atexit, sys
from confsync.__main__ import main
opened = []
def heard(event, arguments):
    if event == "open" and arguments[0] == "audit.jsonl":
        opened.append(arguments)
sys.addaudithook(heard)
atexit.register(lambda: print("opened", len(opened), file=sys.stderr))
main()
"""


@pytest.mark.parametrize("file", ["missing/audit.jsonl", ".", "/dev/full"])
def test_without_its_line_nothing_is_sent(desk: Desk, server: Server, file: str) -> None:
    before = server.stored
    ran = desk.run("apply", desk.file("a.yaml"), "--yes", "--audit", file)
    assert ran.status == 1
    assert f"error: the audit file {file} cannot be read and written\n" in ran.err
    assert ran.err.endswith("nothing was changed on the server\n")
    assert server.stored == before


def test_an_end_that_cannot_be_written_hides_no_outcome_and_is_no_success(
    desk: Desk, server: Server
) -> None:
    def makes_it_a_directory(request: bytes) -> bytes:
        if b"/set" in request:
            (desk.directory / "audit.jsonl").unlink()
            (desk.directory / "audit.jsonl").mkdir()
        return passes_to(server)(request)

    with hostile(makes_it_a_directory) as between:
        arguments = ("--yes", "--audit", "audit.jsonl", "--url", between.url)
        ran = desk.run("apply", desk.file("a.yaml"), *arguments)
    assert ran.status == 5
    assert "Stored and verified" in ran.out
    assert "the audit file audit.jsonl cannot be read and written" in ran.err
    assert "nothing was changed" not in ran.err
    assert server.stored["authSecret"] == {"@type": "Value", "secret": ENV_SECRET}


@pytest.mark.parametrize(("answer", "result"), [(b"no\n", "refused"), (b"\x03", "interrupted")])
def test_a_question_that_is_not_answered_with_yes_is_told_as_such(
    desk: Desk, answer: bytes, result: str
) -> None:
    with terminal(desk, "apply", desk.file("a.yaml"), "--audit", "audit.jsonl") as desktop:
        desktop.wait_for(QUESTION)
        assert (desk.directory / "audit.jsonl").read_text() == ""
        desktop.press(answer)
        desktop.ended()
    assert [record.get("result") for record in lines(desk)] == [None, result]


def test_a_password_in_what_the_environment_says_is_masked(desk: Desk) -> None:
    assert applied(desk, env={"USER": "redis://u:Canary@h", "LOGNAME": None}) == 0
    assert lines(desk)[0]["who"] == {"user": "redis://u:****@h"}


def test_without_a_name_in_the_environment_the_number_of_the_user_is_written(desk: Desk) -> None:
    nobody = dict.fromkeys(("USER", "LOGNAME", "SUDO_USER"))
    ran = desk.run("apply", "--yes", desk.file("a.yaml"), "--audit", "audit.jsonl", env=nobody)
    assert ran.status == 0
    assert lines(desk)[0]["who"] == {"uid": str(os.getuid())}


def test_a_variable_names_the_file_too(desk: Desk) -> None:
    file = desk.file("a.yaml", STORE)
    assert desk.run("apply", "--yes", file, env={"CONFSYNC_AUDIT": "audit.jsonl"}).status == 0
    assert len(lines(desk)) == 2


def test_a_dash_is_standard_error(desk: Desk) -> None:
    ran = desk.run("apply", desk.file("a.yaml"), "--yes", "--audit", "-")
    assert ran.status == 0
    said = [json.loads(line) for line in ran.err.splitlines() if line.startswith("{")]
    assert [line["event"] for line in said] == ["started", "finished"]
    assert said[1]["as_wanted"] is True
    assert not any(line.startswith("{") for line in ran.out.splitlines())
    assert not (desk.directory / "-").exists()


def test_an_audit_on_a_standard_error_that_is_full_stops_it(desk: Desk, server: Server) -> None:
    before = server.stored
    command = ("sh", "-c", 'exec "$@" 2>/dev/full', "sh", *CONFSYNC)
    ran = desk.run("apply", desk.file("a.yaml"), "--yes", "--audit", "-", command=command)
    assert ran.status != 0
    assert server.stored == before
