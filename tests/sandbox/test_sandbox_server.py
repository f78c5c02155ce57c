"""The sandbox as a server: connections, clients at once, its state file, and how it ends."""

from __future__ import annotations

import base64
import http.client
import json
import signal
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

from confsync.sandbox import Server, rules

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
            killer = threading.Timer(0.02 + 0.003 * round_, process.send_signal, [signal.SIGKILL])
            killer.start()
            sent = acknowledged
            with closing(connection(url)) as client:
                try:
                    while True:
                        sent += 1
                        update(client, {"@type": "Redis", "timeout": sent})
                        acknowledged = sent
                except (ConnectionError, http.client.HTTPException):
                    pass
            killer.join()
        if acknowledged or state.exists():
            stored = json.loads(state.read_bytes())["stored"]
            assert stored["timeout"] in (acknowledged, sent)
            acknowledged = stored["timeout"]
    assert acknowledged > 24
    assert {path.name for path in tmp_path.iterdir()} <= {"state.json", ".state.json.new"}
