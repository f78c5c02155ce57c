"""The sandbox as a server: connections, clients at once, its state file, and how it ends."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from confsync import sandbox
from confsync.cli.sandbox import sandbox as command
from confsync.sandbox import Server
from confsync.sandbox import patch_rules as rules

ADMIN = "Basic " + base64.b64encode(b"Admin:sandbox").decode()
ROOT = Path(__file__).parent.parent.parent
USING = ["urn:ietf:params:jmap:core"]

SERVE = """
import pathlib, sys
from confsync.sandbox import Server
server = Server(state=pathlib.Path(sys.argv[1]))
print(server.url, flush=True)
server.serve_forever()
"""


class Got(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: object


def connection(url: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)


def post(client: http.client.HTTPConnection, data: bytes | str, authorization: str = ADMIN) -> Got:
    headers = {"Content-Type": "application/json", "Authorization": authorization}
    client.request("POST", "/jmap/", data, headers)
    response = client.getresponse()
    return Got(response.status, response.headers, json.loads(response.read()))


def call(client: http.client.HTTPConnection, *calls: object) -> list[object]:
    got = post(client, json.dumps({"using": USING, "methodCalls": calls}))
    assert isinstance(got.body, dict), got
    return [response[1] for response in got.body["methodResponses"]]


def update(client: http.client.HTTPConnection, patch: object) -> object:
    return call(client, ["x:InMemoryStore/set", {"update": {"singleton": patch}}, "0"])[0]


UPDATED = {"accountId": "d333333", "updated": {"singleton": None}}


def test_a_connection_is_kept_for_many_requests() -> None:
    with Server() as server, closing(connection(server.url)) as client:
        client.connect()
        kept = client.sock
        for timeout in range(1, 20):
            assert update(client, {"@type": "Redis", "timeout": timeout}) == UPDATED
        client.request("GET", "/nope")
        assert client.getresponse().read() == b""
        assert client.sock is kept
        assert server.stored["timeout"] == 19


def test_a_dropped_request_leaves_what_was_stored() -> None:
    with Server(initial={"@type": "Redis"}) as server, closing(connection(server.url)) as client:
        with pytest.raises(http.client.RemoteDisconnected):
            update(client, [])
        assert server.stored == rules.defaults("Redis")


def test_every_request_stands_in_the_journal() -> None:
    with Server() as server, closing(connection(server.url)) as client:
        update(client, {})
        assert post(client, "{nope").status == 400
        first, second = server.requests
        assert (first.method, first.path) == ("POST", "/jmap/")
        assert isinstance(first.body, dict)
        assert first.body["using"] == USING
        assert second.body is None


def said(url: str, *pieces: bytes) -> bytes:
    """What comes back for some bytes, until the server closes the connection."""
    where = urlsplit(url)
    with socket.create_connection((str(where.hostname), where.port or 0), timeout=10) as client:
        for piece in pieces:
            client.sendall(piece)
        client.shutdown(socket.SHUT_WR)
        found = b""
        with contextlib.suppress(ConnectionError):
            while got := client.recv(65536):
                found += got
    return found


def head(*lines: str, authorization: str = ADMIN, host: str = "127.0.0.1") -> bytes:
    named = [f"Host: {host}"] if host else []
    first = ["POST /jmap/ HTTP/1.1", *named, "Content-Type: application/json"]
    return "\r\n".join([*first, f"Authorization: {authorization}", *lines, "", ""]).encode()


REQUEST = json.dumps({"using": USING, "methodCalls": [["Core/echo", {}, "0"]]}).encode()


def status(answer: bytes) -> bytes:
    return answer.partition(b" ")[2][:3]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        *((host, b"200") for host in ("127.0.0.1", "localhost:{}", "LocalHost", "127.9.9.9:{}")),
        *((host, b"200") for host in ("[::1]:{}", "[::1]", "localhost:443")),
        *((host, b"421") for host in ("attacker.example:{}", "192.0.2.1:{}", "", "0.0.0.0:{}")),
        *(
            (host, b"421")
            for host in ("localhost.attacker.example", "127.0.0.1.nip.io:{}", "a@::1")
        ),
        *((host, b"421") for host in ("[localhost]", "localhost:", "localhost:x", "::1", "[::2]")),
    ],
)
def test_a_host_that_is_not_loopback_gets_nothing(host: str, expected: bytes) -> None:
    """A page whose name was rebound to 127.0.0.1 comes with its own name."""
    with Server(initial={"@type": "Redis"}) as server:
        port = urlsplit(server.url).port
        length = f"Content-Length: {len(REQUEST)}"
        answer = said(server.url, head(length, host=host.format(port)), REQUEST)
    assert status(answer) == expected
    assert expected == b"200" or b"Core/echo" not in answer


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("http://127.0.0.1:{}", b"200"),
        ("https://127.0.0.1:{}", b"200"),
        ("http://127.0.0.1:1", b"403"),
        ("http://localhost:{}", b"403"),
        ("https://attacker.example", b"403"),
        ("null", b"403"),
        ("", b"403"),
    ],
)
def test_a_page_from_elsewhere_gets_nothing(origin: str, expected: bytes) -> None:
    with Server() as server:
        port = urlsplit(server.url).port
        lines = (f"Origin: {origin.format(port)}", f"Content-Length: {len(REQUEST)}")
        answer = said(server.url, head(*lines, host=f"127.0.0.1:{port}"), REQUEST)
    assert status(answer) == expected


def test_without_credentials_no_body_is_read() -> None:
    """The answer comes before the body, of which 10 MB are announced."""
    with (
        Server() as server,
        socket.create_connection(
            ("127.0.0.1", urlsplit(server.url).port or 0), timeout=10
        ) as client,
    ):
        client.sendall(head("Content-Length: 10000000", authorization="Bearer nobody"))
        assert status(client.recv(65536)) == b"401"
        client.close()
        (noted,) = server.requests
    assert noted.body is None


def test_the_answer_to_a_body_that_is_not_read_arrives() -> None:
    with Server() as server:
        for _ in range(20):
            body = b"x" * 500_000
            lines = head(f"Content-Length: {len(body)}", authorization="Bearer nobody")
            assert status(said(server.url, lines, body)) == b"401"


def test_without_a_journal_nothing_of_a_request_is_kept() -> None:
    with Server(journal=False) as server, closing(connection(server.url)) as client:
        assert update(client, {}) == UPDATED
        assert server.requests == []


def test_the_command_keeps_no_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict[str, object]] = []

    def refused(**arguments: object) -> Server:
        made.append(arguments)
        raise ValueError

    monkeypatch.setattr(sandbox, "Server", refused)
    assert CliRunner().invoke(command, []).exit_code != 0
    assert made[0]["journal"] is False


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        *((size, b"200") for size in (b"%x", b"%X", b"00%x", b"%x;a=b", b'%x ;a="b"')),
        *((size, b"400") for size in (b"0x%x", b"+%x", b"-%x", b"-1", b"1_0", b" %x", b"%x x")),
        *((size, b"400") for size in (b"", b"g", b"%x\0", b"\xc2\xb2", b"1" * 2000, b";%x")),
        (b"fffffff", b"400"),
    ],
)
def test_the_size_of_a_chunk_is_hexadecimal_digits_alone(size: bytes, expected: bytes) -> None:
    named = size % len(REQUEST) if b"%" in size else size
    with Server() as server:
        answer = said(
            server.url,
            head("Transfer-Encoding: chunked", "Connection: close"),
            named + b"\r\n" + REQUEST + b"\r\n0\r\n\r\n",
        )
    assert status(answer) == expected


@pytest.mark.parametrize(
    "chunks",
    [
        b"2\r\n{}x\r\n0\r\n\r\n",
        b"2\n{}\r\n0\r\n\r\n",
        b"0\r\n" + b"A: b\r\n" * 1000 + b"\r\n",
        b"0\r\nA: " + b"b" * 200_000 + b"\r\n\r\n",
    ],
)
def test_chunks_that_are_framed_otherwise_are_refused(chunks: bytes) -> None:
    with Server() as server:
        assert status(said(server.url, head("Transfer-Encoding: chunked"), chunks)) == b"400"


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: +2",),
        ("Content-Length: -2",),
        ("Content-Length: 2_0",),
        ("Content-Length: " + "9" * 5000,),
        ("Content-Length: 10000001",),
        ("Content-Length: 2", "Content-Length: 2"),
        ("Content-Length: 2", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: gzip, chunked",),
        ("Transfer-Encoding: xchunked",),
    ],
)
def test_a_length_that_is_not_valid_or_too_large_is_refused(lines: tuple[str, ...]) -> None:
    with Server() as server:
        assert status(said(server.url, head(*lines), b"{}")) == b"400"


def test_a_body_that_is_cut_off_does_nothing() -> None:
    with Server() as server:
        length = f"Content-Length: {len(REQUEST) + 1}"
        assert said(server.url, head(length), REQUEST) == b""


def test_two_clients_at_once_lose_no_update() -> None:
    count = 150

    def add(url: str, name: str, failures: list[object]) -> None:
        with closing(connection(url)) as client:
            for number in range(count):
                answer = update(client, {f"urls/{name}{number}": True})
                if answer != UPDATED:
                    failures.append(answer)

    failures: list[object] = []
    initial = {"@type": "RedisCluster", "urls": {}}
    with Server(initial=initial) as server:
        threads = [
            threading.Thread(target=add, args=(server.url, name, failures)) for name in "abc"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        urls = server.stored["urls"]
    assert not failures
    assert isinstance(urls, dict)
    assert set(urls) == {f"{name}{number}" for name in "abc" for number in range(count)}


def test_the_fifth_request_at_once_is_over_the_limit() -> None:
    empty = json.dumps({"using": USING, "methodCalls": [["Core/echo", {}, "0"]]})
    statuses: list[int] = []

    def send(url: str) -> None:
        with closing(connection(url)) as client:
            statuses.append(post(client, empty).status)

    with Server() as server:
        threads = [threading.Thread(target=send, args=(server.url,)) for _ in range(5)]
        with server._storage.alone():
            for thread in threads:
                thread.start()
            deadline = time.monotonic() + 60
            while not statuses and time.monotonic() < deadline:
                time.sleep(0.001)
        for thread in threads:
            thread.join()
    assert sorted(statuses) == [200, 200, 200, 200, 400]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])  # noqa: S104 - refused
def test_it_listens_on_loopback_only(host: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        Server(host)


def test_it_ends_without_a_thread_left_while_a_client_is_still_connected() -> None:
    before = set(threading.enumerate())
    with Server() as server:
        clients = [connection(server.url) for _ in range(3)]
        for client in clients:
            update(client, {})
        started = time.monotonic()
    assert time.monotonic() - started < 30  # an idle connection is closed after 60 s
    assert set(threading.enumerate()) == before
    for client in clients:
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            update(client, {})
        client.close()


def test_it_ends_at_once_where_nobody_asked_anything() -> None:
    for _ in range(20):
        with Server():
            pass


def test_two_challenges_come_with_a_401() -> None:
    with Server() as server, closing(connection(server.url)) as client:
        got = post(client, "{}", "Bearer nobody")
        assert got.status == 401
        challenges = got.headers.get_all("WWW-Authenticate") or []
        assert [challenge.split()[0] for challenge in challenges] == ["Bearer", "Basic"]


def test_the_whole_body_comes_back_in_a_request_that_is_none() -> None:
    sent = '{"using": [], "secret": "é"'
    with Server() as server, closing(connection(server.url)) as client:
        got = post(client, sent.encode())
        assert isinstance(got.body, dict)
        assert got.body["detail"] == sent


def test_null_ids_find_an_object_once_it_was_stored_twice() -> None:
    listing = ["x:InMemoryStore/get", {"ids": None}, "0"]
    with Server() as server, closing(connection(server.url)) as client:
        for timeout, expected in ((1, 0), (2, 1)):
            update(client, {"@type": "Redis", "timeout": timeout})
            got = call(client, listing)[0]
            assert isinstance(got, dict)
            assert len(got["list"]) == expected


def test_create_replaces_and_foreign_ids_are_told_or_vanish() -> None:
    arguments = {
        "create": {"new": {"@type": "Redis", "timeout": 7}},
        "update": {"b": {}, "!!": {}},
        "destroy": ["singleton", "!!"],
    }
    with Server(initial={"@type": "RedisCluster"}) as server:
        with closing(connection(server.url)) as client:
            got = call(client, ["x:InMemoryStore/set", arguments, "0"])[0]
        assert server.stored == {**rules.defaults("Redis"), "timeout": 7}
    assert isinstance(got, dict)
    assert got["created"] == {"new": {"id": "singleton"}}
    assert {id_: error["type"] for id_, error in got["notUpdated"].items()} == {"b": "notFound"}
    assert {id_: error["type"] for id_, error in got["notDestroyed"].items()} == {
        "singleton": "singleton"
    }


def test_any_stored_object_can_be_set_to_play_a_newer_server() -> None:
    with Server() as server, closing(connection(server.url)) as client:
        server.stored = {"@type": "Redis", "brandNew": 1}
        assert update(client, {"timeout": 3}) == UPDATED
        assert (server.stored["brandNew"], server.stored["timeout"]) == (1, 3)
        server.stored = {"@type": "Valkey", "brandNew": 1}
        got = call(client, ["x:InMemoryStore/get", {"ids": ["singleton"]}, "0"])[0]
        assert isinstance(got, dict)
        assert got["list"] == [{"@type": "Valkey", "brandNew": 1, "id": "singleton"}]


def test_the_state_is_taken_up_again_with_its_secrets(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    secret = {"@type": "Value", "secret": "s3cr3t"}
    with Server(state=state) as server, closing(connection(server.url)) as client:
        update(client, {"@type": "RedisCluster", "authSecret": secret})
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    with Server(state=state, initial={"@type": "Redis"}) as server:
        assert server.stored == {**rules.defaults("RedisCluster"), "authSecret": secret}


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"stored": {}, "writes": 1}'])
def test_a_file_that_is_no_state_is_refused_and_kept(tmp_path: Path, content: str) -> None:
    state = tmp_path / "state.json"
    state.write_text(content)
    with pytest.raises(ValueError, match="no state"):
        Server(state=state)
    assert state.read_text() == content


def test_a_state_that_is_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(ValueError, match="no state"):
        Server(state=tmp_path / "fifo")


def test_a_kill_at_any_moment_leaves_the_old_state_or_the_new(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    acknowledged = 0
    for round_ in range(24):
        with subprocess.Popen(
            [sys.executable, "-c", SERVE, str(state)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        ) as process:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            killer = threading.Timer(0.001 * round_, process.send_signal, [signal.SIGKILL])
            sent = first = acknowledged
            with closing(connection(url)) as client:
                try:
                    while True:
                        sent += 1
                        update(client, {"@type": "Redis", "timeout": sent})
                        acknowledged = sent
                        if acknowledged == first + 2:
                            killer.start()
                except (ConnectionError, http.client.HTTPException):
                    pass
            killer.join()
        stored = json.loads(state.read_bytes())["stored"]["x:InMemoryStore"]
        assert stored["timeout"] in (acknowledged, sent)
        acknowledged = stored["timeout"]
    assert {path.name for path in tmp_path.iterdir()} <= {"state.json", ".state.json.new"}
