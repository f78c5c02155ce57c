"""Whatever goes wrong outside: status 1, one message with a hint, the truth about the server."""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING

import pytest

from confsync.sandbox import patch_rules as rules
from tests.cli.hostile import hostile, http, jmap, passes_to, says, stores_and_says
from tests.cli.process import (
    ENV_SECRET,
    LIVE,
    LIVE_URL_SECRET,
    STORE,
    WRONG_PASSWORD,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.sandbox import Server
    from tests.cli.hostile import Hostile
    from tests.cli.process import Desk, Ran

UNCHANGED = "nothing was changed on the server\n"
ECHO = "Canary in the body of an answer"
WITHOUT_SECRET = """\
InMemoryStore:
  '@type': RedisSentinel
  serviceName: main
"""
WITHOUT_SECRET_LIVE = {"@type": "RedisSentinel", "serviceName": "old"}
GET = "x:InMemoryStore/get"
SET = "x:InMemoryStore/set"
DEFAULT = {"@type": "Default", "id": "singleton"}


def got(call: str, *objects: object) -> list[object]:
    return [GET, {"accountId": "b", "list": list(objects), "notFound": []}, call]


def one_message(ran: Ran) -> str:
    """The fact of a run's only message, after the promises that hold for each."""
    assert (ran.status, ran.out) == (1, "")
    fact, hint, *unchanged = ran.err.splitlines(keepends=True)
    assert fact.startswith("error: ")
    assert hint.startswith("hint: ")
    assert unchanged in ([], [UNCHANGED])
    assert not fact.rstrip().endswith(".")
    return fact.removeprefix("error: ").rstrip()


def problem(ran: Ran, file: str) -> str:
    """The fact of a run's only problem with a file."""
    assert (ran.status, ran.out) == (1, "")
    fact, hint, count, *unchanged = ran.err.splitlines(keepends=True)
    assert fact.startswith(file)
    assert hint.startswith("  hint: ")
    assert count == "error: 1 error in the desired state\n"
    assert unchanged in ([], [UNCHANGED])
    return fact.removeprefix(file).rstrip()


@pytest.mark.parametrize(
    ("name", "content", "fact"),
    [
        ("missing.yaml", None, ": error: no such file [no-such-file]"),
        ("a.yaml/b.yaml", None, ": error: cannot be read [unreadable]"),
        ("x" * 300, None, ": error: cannot be read [unreadable]"),
        ("/dev/zero", None, ": error: is a device, not a regular file [unreadable]"),
        (
            "a.yaml",
            b"InMemoryStore:\n  serviceName: gr\xfc\xdf\n",
            ":2: error: the file is not UTF-8",
        ),
        (
            "a.yaml",
            b"\xff\xfeI\x00",
            ": error: the file is UTF-16 [not-utf-8]",
        ),
        ("a.yaml", STORE.encode() + b"#" * 65536, ": error: is larger than 64 KiB [too-large]"),
        (
            "a.yaml",
            b"- a\n- b\n",
            ":1:1: error: the file is a list, not a mapping [no-object]",
        ),
        ("a.yaml", b"42\n", ":1:1: error: the file is one string, not a mapping [no-object]"),
        ("a.yaml", b"", ": error: the file is empty [empty-file]"),
        (
            "a.yaml",
            b"InMemoryStore:\n  '@type': Redis\n  maxMemory: 1\n",
            ":3:3: error: Redis has no field `maxMemory` [unknown-field]",
        ),
        (
            "a.yaml",
            b"InMemoryStore:\n  '@type': Redis\n  timeout: [Canary]\n",
            ":3:12: error: timeout must be a duration, not a list [not-a-single-value]",
        ),
        (
            "a.yaml",
            b"InMemoryStore:\n  '@type': Redis\n  poolMaxConnections: 8193\n",
            ":3:23: error: poolMaxConnections must be at most 8192 [out-of-range]",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_told_and_nothing_is_sent(
    desk: Desk, server: Server, name: str, content: bytes | None, fact: str
) -> None:
    (desk.directory / "a.yaml").write_bytes(content or b"")
    ran = desk.run("apply", "--yes", name)
    assert problem(ran, name).startswith(fact)
    assert server.requests == []


def test_an_empty_file_name_is_told_as_one(desk: Desk, server: Server) -> None:
    """What `confsync apply "$FILE"` runs where the variable is not set."""
    ran = desk.run("apply", "--yes", "")
    assert (ran.status, ran.out) == (1, "")
    assert "directory" not in ran.err
    assert not ran.err.startswith(":")
    assert "hint: " in ran.err
    assert server.requests == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_told(desk: Desk, server: Server) -> None:
    (desk.directory / desk.file("a.yaml")).chmod(0)
    fact = problem(desk.run("apply", "--yes", "a.yaml"), "a.yaml")
    assert fact == ": error: cannot be read: permission denied [unreadable]"
    assert server.requests == []


@pytest.mark.parametrize(
    "content", [None, b"\xffCanary", b"Canary" * 20_000, b"", b"Canary\nCanary\n"]
)
def test_a_secret_file_that_cannot_be_used_is_told_and_nothing_is_sent(
    desk: Desk, server: Server, content: bytes | None
) -> None:
    if content is not None:
        (desk.directory / "secret").write_bytes(content)
    store = STORE.replace("{env: REDIS_PASSWORD}", "{file: secret}")
    ran = desk.run("apply", "--yes", desk.file("a.yaml", store))
    assert ran.status == 1
    assert ran.err.startswith("a.yaml:7:5: error: file secret ")
    assert "\n  hint: " in ran.err
    assert ran.err.endswith(UNCHANGED)
    assert server.requests == []


@pytest.mark.parametrize("command", ["plan", "apply", "show"])
def test_a_wrong_password_is_tried_exactly_once(desk: Desk, server: Server, command: str) -> None:
    before = server.stored
    wrong = {
        "STALWART_TOKEN": None,
        "STALWART_USER": "admin",
        "STALWART_PASSWORD": WRONG_PASSWORD,
    }
    arguments = {"plan": ("a.yaml",), "apply": ("--yes", "a.yaml"), "show": ()}[command]
    desk.file("a.yaml")
    fact = one_message(desk.run(command, *arguments, env=wrong))
    assert fact == "the server refused STALWART_USER and STALWART_PASSWORD (HTTP 401)"
    assert (len(server.requests), server.stored) == (1, before)


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_host_that_is_not_known_and_a_port_where_nothing_listens(
    desk: Desk, command: str
) -> None:
    yes = ("--yes",) if command == "apply" else ()
    file = desk.file("a.yaml")
    unknown = desk.run(command, *yes, file, "--url", "https://mail.confsync.invalid")
    assert one_message(unknown) == (
        "cannot connect to https://mail.confsync.invalid: host name not found"
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        refused = desk.run(command, *yes, file, "--url", url)
    assert one_message(refused) == f"cannot connect to {url}: connection refused"


NO_JSON = "the answer is not JSON"
NO_JMAP = "the answer is not Stalwart's JMAP"
READS: Mapping[str, tuple[bytes, str]] = {
    "no JSON": (http(200, ECHO.encode()), NO_JSON),
    "HTML": (http(200, f"<html>{ECHO}</html>".encode(), "text/html"), NO_JSON),
    "empty": (http(200), NO_JSON),
    "no content": (http(204), "(HTTP 204)"),
    "not UTF-8": (http(200, b'{"methodResponses": "\xff"}'), NO_JSON),
    "duplicate keys": (http(200, b'{"methodResponses": [], "methodResponses": []}'), NO_JSON),
    "NaN": (http(200, b'{"methodResponses": [["a", NaN, "read"]]}'), NO_JSON),
    "too deep": (http(200, b"[" * 100_000), NO_JSON),
    "a huge number": (http(200, b"9" * 10_000), ""),
    "cut off": (http(200, b'{"methodResponses": [['), NO_JSON),
    "a list": (http(200, b"[1, 2]"), NO_JMAP),
    "other JSON": (http(200, json.dumps({"error": ECHO}).encode()), NO_JMAP),
    "no responses": (jmap(), NO_JMAP),
    "too many responses": (jmap(got("read", DEFAULT), got("read", DEFAULT)), NO_JMAP),
    "another call id": (jmap(got("c0", DEFAULT)), NO_JMAP),
    "another method": (jmap(["x:Other/get", {"list": [DEFAULT]}, "read"]), NO_JMAP),
    "responses of another form": (jmap({"read": ECHO}), NO_JMAP),
    "no object": (jmap(got("read")), NO_JMAP),
    "two objects": (jmap(got("read", DEFAULT, DEFAULT)), NO_JMAP),
    "an object of another form": (jmap(got("read", ECHO)), NO_JMAP),
    "no @type": (jmap(got("read", {"id": "singleton", "url": ECHO})), ""),
    "a member of another type": (jmap(got("read", {"@type": "Redis", "url": [ECHO]})), ""),
    "a member that is missing": (jmap(got("read", {"@type": "Redis", "url": "redis://a"})), ""),
    "a method error": (
        jmap(["error", {"type": "forbidden", "description": ECHO}, "read"]),
        "the permission sysInMemoryStoreGet is missing (forbidden)",
    ),
    "a strange method error": (jmap(["error", {"type": f"{ECHO}\x1b["}, "read"]), ""),
    "301": (
        http(301, ECHO.encode(), "text/html", "Location: https://Canary.invalid/"),
        "(HTTP 301)",
    ),
    "307": (http(307, b"", "text/html", "Location: /jmap/Canary"), "(HTTP 307)"),
    "400": (http(400, ECHO.encode()), "(HTTP 400)"),
    "402": (http(402, ECHO.encode()), "(HTTP 402)"),
    "403": (http(403, ECHO.encode()), "(HTTP 403)"),
    "404": (http(404, ECHO.encode()), "(HTTP 404)"),
    "418": (http(418, ECHO.encode()), "(HTTP 418)"),
    "500": (http(500, ECHO.encode()), "(HTTP 500)"),
    "502": (http(502, ECHO.encode()), "(HTTP 502)"),
    "9 MiB": (http(200, b" " * (9 * 1024 * 1024)), "the answer is larger than 8 MiB"),
    "9 MiB of an error": (http(500, b"x" * (9 * 1024 * 1024)), ""),
    "dropped": (b"", "lost before an answer"),
    "half an answer": (http(200, b"[" * 500)[:-100], "lost before an answer"),
    "half a header": (b"HTTP/1.1 200 OK\r\nContent-Le", "lost before an answer"),
    "no HTTP": (b"220 mail.example.com ESMTP Canary\r\n", "lost before an answer"),
    "no length": (b"HTTP/1.1 200 OK\r\nContent-Length: Canary\r\n\r\n", "lost before"),
}


@pytest.mark.parametrize("case", READS)
def test_a_plan_is_told_of_an_answer_that_cannot_be_used(offline: Desk, case: str) -> None:
    answer, expected = READS[case]
    with hostile(says(answer)) as server:
        ran = offline.run("plan", offline.file("a.yaml"), "--url", server.url)
    assert expected in one_message(ran)
    assert len(server.requests) == 1


REDIS = {**rules.get_view(rules.defaults("Redis")), "id": "singleton"}
ODD = {
    "list/0/id": {**REDIS, "id": "other"},
    "timeout": {**REDIS, "timeout": 0},
    "poolTimeoutWait": {**REDIS, "poolTimeoutWait": int("9" * 4000)},
    "url": {**REDIS, "url": 7},
}


@pytest.mark.parametrize("command", ["plan", "show", "pull", "apply"])
@pytest.mark.parametrize("path", ODD)
def test_a_value_that_no_server_sends_is_told_by_its_path(
    offline: Desk, path: str, command: str
) -> None:
    words = {"plan": ["a.yaml"], "show": [], "pull": ["b.yaml"], "apply": ["--yes", "a.yaml"]}
    offline.file("a.yaml")
    with hostile(says(jmap(got("read", ODD[path])))) as server:
        ran = offline.run(command, *words[command], "--url", server.url)
    assert f"{path} is not " in one_message(ran)
    assert len(server.requests) == 1


@pytest.mark.parametrize("path", ODD)
def test_a_value_that_no_server_sends_in_the_answer_to_an_update_leaves_it_unknown(
    desk: Desk, server: Server, path: str
) -> None:
    server.stored = rules.defaults("Redis")
    updated = [SET, {"accountId": "b", "updated": {"singleton": None}}, "set"]
    answer = says(jmap(got("before", REDIS), updated, got("after", ODD[path])))
    with hostile(passes_to(server), answer, passes_to(server)) as between:
        file = desk.file("a.yaml", "InMemoryStore: {'@type': Redis, poolMaxConnections: 32}\n")
        ran = desk.run("apply", "--yes", file, "--url", between.url)
    assert ran.status == 4
    assert f"{path} is not " in " ".join(ran.out.split())


def test_too_many_requests_are_told(offline: Desk) -> None:
    with hostile(says(http(429, ECHO.encode()))) as server:
        ran = offline.run("plan", offline.file("a.yaml"), "--url", server.url)
    assert one_message(ran) == "the server received too many requests (HTTP 429)"


def test_an_answer_in_pieces_is_an_answer(offline: Desk) -> None:
    whole = jmap(got("read", DEFAULT)).partition(b"\r\n\r\n")[2]
    pieces = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (whole[:9], whole[9:]))
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    with hostile(says(head + pieces + b"0\r\n\r\n")) as server:
        ran = offline.run("show", "--url", server.url)
    assert (ran.status, ran.out) == (0, "InMemoryStore:\n  '@type': Default\n")


def test_a_redirect_is_not_followed(offline: Desk) -> None:
    with hostile(says(jmap(got("read", DEFAULT)))) as elsewhere:
        answer = http(307, b"", "text/html", f"Location: {elsewhere.url}/jmap/")
        with hostile(says(answer)) as server:
            ran = offline.run("show", "--url", server.url)
    assert (
        one_message(ran)
        == "the server answered with a redirect, which confsync does not follow (HTTP 307)"
    )
    assert elsewhere.requests == []


def echo(request: bytes) -> bytes:
    """What the real server answers to a request that it cannot read: all of it, with secrets."""
    body = request.partition(b"\r\n\r\n")[2].decode()
    told = {"type": "urn:ietf:params:jmap:error:notRequest", "status": 400, "detail": body}
    return http(400, json.dumps(told).encode(), "application/problem+json")


def test_a_server_that_echoes_the_request_shows_no_secret(desk: Desk, server: Server) -> None:
    before = server.stored
    with hostile(passes_to(server), echo) as between:
        ran = desk.run("apply", "--yes", desk.file("a.yaml"), "--url", between.url)
    assert ENV_SECRET.encode() in between.requests[1]
    assert ran.status == 1
    assert "the server rejected the request (HTTP 400)" in ran.err
    assert "hint: " in ran.err
    assert ran.err.endswith(UNCHANGED)
    assert (len(between.requests), server.stored) == (2, before)


NOT_DONE = {
    "301": http(301, b"", "text/html", "Location: /Canary"),
    "400": http(400, ECHO.encode()),
    "401": http(401, ECHO.encode()),
    "402": http(402, ECHO.encode()),
    "403": http(403, ECHO.encode()),
    "404": http(404, ECHO.encode()),
}


@pytest.mark.parametrize("case", NOT_DONE)
def test_an_update_that_the_server_did_not_even_look_at_changes_nothing(
    desk: Desk, server: Server, case: str
) -> None:
    before = server.stored
    with hostile(passes_to(server), says(NOT_DONE[case])) as between:
        ran = desk.run("apply", "--yes", desk.file("a.yaml"), "--url", between.url)
    assert ran.status == 1
    assert f"(HTTP {case})" in ran.err
    assert "hint: " in ran.err
    assert ran.err.endswith(UNCHANGED)
    assert (len(between.requests), server.stored) == (2, before)


BROKEN = {
    "no JSON": http(200, ECHO.encode()),
    "HTML": http(200, f"<html>{ECHO}".encode(), "text/html"),
    "empty": http(200),
    "other calls": jmap(got("c0", DEFAULT)),
    "no word about the update": jmap(
        got("before", DEFAULT), [SET, {"accountId": "b"}, "set"], got("after", DEFAULT)
    ),
    "500": http(500, ECHO.encode()),
    "502": http(502, ECHO.encode()),
    "504": http(504, ECHO.encode()),
    "9 MiB": http(200, b" " * (9 * 1024 * 1024)),
    "dropped": b"",
    "half an answer": http(200, b"[" * 500)[:-100],
}


def set_calls(between: Hostile) -> int:
    return sum(SET.encode() in request for request in between.requests)


@pytest.mark.parametrize("case", BROKEN)
def test_an_update_with_a_broken_answer_is_read_back_and_never_sent_again(
    desk: Desk, server: Server, case: str
) -> None:
    """Nothing was stored: nobody can know, and that is said."""
    server.stored = WITHOUT_SECRET_LIVE
    before = server.stored
    file = desk.file("a.yaml", WITHOUT_SECRET)
    with hostile(passes_to(server), says(BROKEN[case]), passes_to(server)) as between:
        ran = desk.run("apply", "--yes", file, "--url", between.url)
    assert ran.status == 4
    assert "The update may have been stored" in ran.out
    assert "hint: run `confsync plan`" in ran.out
    assert "nothing was changed" not in (ran.out + ran.err).lower()
    assert (len(between.requests), set_calls(between)) == (3, 1)
    assert server.stored == before


@pytest.mark.parametrize("case", ["no JSON", "502", "dropped", "half an answer"])
def test_an_update_with_a_broken_answer_that_was_stored_is_found_to_be(
    desk: Desk, server: Server, case: str
) -> None:
    server.stored = WITHOUT_SECRET_LIVE
    file = desk.file("a.yaml", WITHOUT_SECRET)
    broken = stores_and_says(server, BROKEN[case])
    with hostile(passes_to(server), broken, passes_to(server)) as between:
        ran = desk.run("apply", "--yes", file, "--url", between.url)
    assert ran.status == 0
    assert "Stored and verified" in ran.out
    assert (len(between.requests), set_calls(between)) == (3, 1)
    assert server.stored["serviceName"] == "main"


def test_a_secret_that_cannot_be_read_back_leaves_the_outcome_unknown(
    desk: Desk, server: Server
) -> None:
    broken = stores_and_says(server, BROKEN["dropped"])
    with hostile(passes_to(server), broken, passes_to(server)) as between:
        ran = desk.run("apply", "--yes", desk.file("a.yaml"), "--url", between.url)
    assert ran.status == 4
    assert "The update may have been stored" in ran.out
    assert set_calls(between) == 1


def test_a_server_that_is_gone_after_the_update_leaves_the_outcome_unknown(
    desk: Desk, server: Server
) -> None:
    with hostile(passes_to(server), says(b"")) as between:
        ran = desk.run("apply", "--yes", desk.file("a.yaml"), "--url", between.url)
    assert ran.status == 4
    assert "reading the state afterwards failed too" in " ".join(ran.out.split())
    assert (len(between.requests), set_calls(between)) == (3, 1)


REFUSED = {
    "properties": {
        "type": "invalidPatch",
        "description": ECHO,
        "properties": [f"urls/redis:~1~1stalwart:{ENV_SECRET}@a.example.com", ""],
    },
    "validation": {
        "type": "validationFailed",
        "validationErrors": [
            {"type": "tooLong", "property": "serviceName", "required": 5, "value": ECHO},
            {"type": ECHO, "property": ECHO},
            ECHO,
        ],
    },
    "strange": {"type": f"\x1b[31m{ECHO}", "properties": [1], "validationErrors": [ECHO]},
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_update_that_the_server_refuses_is_told_without_its_texts(
    desk: Desk, server: Server, case: str
) -> None:
    server.stored = WITHOUT_SECRET_LIVE
    live = {**server.stored, "id": "singleton"}
    refusal = [SET, {"accountId": "b", "notUpdated": {"singleton": REFUSED[case]}}, "set"]
    answer = says(jmap(got("before", live), refusal, got("after", live)))
    with hostile(passes_to(server), answer) as between:
        file = desk.file("a.yaml", WITHOUT_SECRET)
        ran = desk.run("apply", "--yes", file, "--url", between.url)
    assert ran.status == 1
    told = ran.out + ran.err
    assert "refused the update" in told
    assert "nothing was changed on the server" in told.lower()
    assert "hint: " in told
    assert "\x1b" not in told
    assert len(between.requests) == 2


@pytest.mark.parametrize("theirs", [{"serviceName": "theirs"}, {"timeout": 7_000}])
def test_someone_elses_change_in_between_is_told(
    desk: Desk, server: Server, theirs: dict[str, object]
) -> None:
    """The same field: theirs is overwritten. Another field: the state is not as wanted."""
    server.stored = WITHOUT_SECRET_LIVE

    def meddle(request: bytes) -> bytes:
        server.stored = {**server.stored, **theirs}
        return passes_to(server)(request)

    with hostile(passes_to(server), meddle) as between:
        file = desk.file("a.yaml", WITHOUT_SECRET)
        ran = desk.run("apply", "--yes", file, "--url", between.url)
    assert ran.status == 5
    (field,) = theirs
    assert field in ran.out.partition("\nTakes effect")[2]
    assert server.stored["serviceName"] == "main"


def test_a_server_that_says_updated_and_stores_nothing_is_found_out(
    desk: Desk, server: Server
) -> None:
    live = {**server.stored, "id": "singleton", "authSecret": {"@type": "Value", "secret": "****"}}
    done = [SET, {"accountId": "b", "updated": {"singleton": None}}, "set"]
    lie = says(jmap(got("before", live), done, got("after", live)))
    with hostile(passes_to(server), lie) as between:
        ran = desk.run("apply", "--yes", desk.file("a.yaml"), "--url", between.url)
    assert ran.status == 5
    assert "Stored, but the server still differs" in ran.out
    assert "nothing was changed" not in (ran.out + ran.err).lower()


def test_a_variant_that_confsync_does_not_know_is_named_and_nothing_is_lost(
    offline: Desk,
) -> None:
    newer = {"@type": "Valkey", "id": "singleton", "endpoint": f"redis://u:{LIVE_URL_SECRET}@h"}
    with hostile(says(jmap(got("read", newer)))) as server:
        shown = offline.run("show", "--url", server.url)
        planned = offline.run("plan", offline.file("a.yaml"), "--url", server.url)
    assert "Valkey" in shown.out + shown.err
    assert "Valkey" in planned.out + planned.err


def test_the_live_state_of_these_tests_holds_both_kinds_of_secrets() -> None:
    assert json.dumps(LIVE).count("Canary") == 2
