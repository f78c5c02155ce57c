"""`Connection`: bounded in time and size, one origin, no proxy; our own words."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from confsync.errors import ConnectionFailed, ConnectionLost, UnexpectedAnswer
from confsync.net.endpoint import endpoint
from confsync.net.http import MAX_ANSWER, Connection, Flight, Request
from tests.net.asking import OK, failure, post, written
from tests.net.tls_server import heard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DEADLINE = 0.5
"""Seconds. No test measures it: each server would go on for much longer, or end otherwise."""
PATIENCE = 20
HANGS = 600
"""Seconds after which a process counts as hanging."""


class Peer:
    """A listening socket whose connections are handed to a function, one after the other."""

    def __init__(self, speak: Callable[[socket.socket], None]) -> None:
        self._speak = speak
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.requests: list[bytes] = []
        self.over = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self.over.set()
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            with connection:
                if self.over.is_set():
                    return
                connection.settimeout(5)
                with suppress(OSError):
                    self._speak(connection)


@contextmanager
def peer(speak: Callable[[socket.socket], None]) -> Iterator[Peer]:
    listening = Peer(speak)
    try:
        yield listening
    finally:
        listening.close()


def answers(answer: bytes) -> Callable[[socket.socket], None]:
    def speak(connection: socket.socket) -> None:
        heard(connection)
        connection.sendall(answer)

    return speak


def test_an_answer_comes_back_as_it_was_sent() -> None:
    with peer(answers(OK)) as server:
        answer = post(server.url)
    assert (answer.status, answer.body, answer.headers["x-some"]) == (200, b"{}", "Thing")


def test_the_request_is_what_was_given_and_asks_for_no_compression() -> None:
    requests: list[bytes] = []

    def speak(connection: socket.socket) -> None:
        requests.append(heard(connection))
        connection.sendall(OK)

    with peer(speak) as server:
        post(server.url)
    head, _, body = requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /jmap/ HTTP/1.1\r\n")
    fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:])
    assert fields[b"accept-encoding"] == b"identity"
    assert fields[b"authorization"] == b"bearer canary"
    assert fields[b"host"] == f"127.0.0.1:{server.port}".encode()
    assert body == b'{"Canary": 1}'


def until_the_client_goes(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def silent(connection: socket.socket) -> None:
    heard(connection)
    until_the_client_goes(connection)


def slow_head(connection: socket.socket) -> None:
    heard(connection)
    for byte in OK:
        connection.sendall(bytes([byte]))
        time.sleep(DEADLINE / 5)


def slow_body(connection: socket.socket) -> None:
    heard(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(300):
        connection.sendall(b" ")
        time.sleep(DEADLINE / 5)


def late_body(connection: socket.socket) -> None:
    """Each wait is shorter than the deadline, together they are longer; the answer is whole."""
    heard(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
    for _ in range(8):
        time.sleep(0.9 * DEADLINE)
        connection.sendall(b" ")


@pytest.mark.parametrize("speak", [silent, slow_head, slow_body, late_body])
def test_the_deadline_is_for_the_request_as_a_whole(speak: Callable[[socket.socket], None]) -> None:
    with peer(speak) as server:
        error = failure(server.url, ConnectionLost, deadline=DEADLINE)
    assert error.message == f"no answer from {server.url} within {DEADLINE:g} s"


def test_a_tls_handshake_that_is_never_answered_ends_at_the_deadline() -> None:
    with peer(until_the_client_goes) as server:
        url = server.url.replace("http", "https")
        error = failure(url, ConnectionFailed, deadline=DEADLINE)
    assert error.message == f"cannot connect to {url}: no answer within {DEADLINE:g} s"


def test_the_way_to_a_server_has_a_shorter_limit_than_the_request() -> None:
    with peer(until_the_client_goes) as server:
        url = server.url.replace("http", "https")
        with (
            Connection(endpoint(url), deadline=HANGS, connecting=DEADLINE) as connection,
            pytest.raises(ConnectionFailed) as caught,
        ):
            connection.post("/jmap/", written)
    assert caught.value.message == f"cannot connect to {url}: no answer within {DEADLINE:g} s"
    assert not caught.value.lasting


def test_a_request_that_is_being_sent_is_not_given_up_as_one_that_connects() -> None:
    flight = Flight(proxied=False)
    assert list(flight.body(b"all of it")) == [b"all of it"]
    assert not flight.give_up_connecting()
    flight = Flight(proxied=False)
    assert flight.give_up_connecting()
    with pytest.raises(ConnectionFailed):
        next(flight.body(b"none of it"))


def test_a_tls_handshake_that_drips_ends_at_the_deadline() -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(65536)
        for byte in b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb\x03\x03" + b"\x00" * 100:
            connection.sendall(bytes([byte]))
            time.sleep(DEADLINE / 5)

    with peer(drip) as server:
        url = server.url.replace("http", "https")
        error = failure(url, ConnectionFailed, deadline=DEADLINE)
    assert error.message == f"cannot connect to {url}: no answer within {DEADLINE:g} s"


def test_after_the_deadline_a_request_that_was_not_sent_never_is() -> None:
    """Even where the peer comes to its senses: certainly not sent stays certain."""
    flight = Flight(proxied=False)
    assert flight.give_up() is False
    with pytest.raises(ConnectionFailed):
        next(flight.body(b"Canary"))
    assert flight.sending is False


@pytest.mark.parametrize("hanging", ["Request(b'{}', {})", "time.sleep(3600)"])
def test_a_process_ends_at_the_deadline_whatever_its_request_hangs_in(hanging: str) -> None:
    """In a server that drips, or in what has no timeout at all, as the lookup of a name."""
    script = (
        "import sys, time; from confsync.net.endpoint import endpoint;"
        "from confsync.net.http import Connection, Request;"
        "connection = Connection(endpoint(sys.argv[1]), deadline=0.5);"
        f"connection.post('/jmap/', lambda: {hanging})"
    )
    with peer(slow_body) as server:
        done = subprocess.run(
            [sys.executable, "-c", script, server.url],
            capture_output=True,
            check=False,
            timeout=HANGS,
        )
    assert done.returncode == 1
    assert b"within 0.5 s" in done.stderr


def test_a_request_is_cut_at_the_deadline_however_lively_its_server_is() -> None:
    """After another request, too: the thread ends, and its secrets with it."""

    def once(connection: socket.socket) -> None:
        if server.requests:
            slow_body(connection)
        else:
            server.requests.append(heard(connection))
            connection.sendall(OK)

    with peer(once) as server, Connection(endpoint(server.url), deadline=0.3) as connection:
        assert connection.post("/jmap/", lambda: Request(b"{}", {})).status == 200
        with pytest.raises(ConnectionLost):
            connection.post("/jmap/", lambda: Request(b"{}", {}))
        assert ended(PATIENCE)


INTERRUPTED = """
import signal, sys, threading
from confsync.net.endpoint import endpoint
from confsync.net.http import Connection, Request
signal.signal(signal.SIGALRM, signal.default_int_handler)
with Connection(endpoint(sys.argv[1])) as connection:
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        connection.post("/jmap/", lambda: Request(b"{}", {}))
    except KeyboardInterrupt:
        for thread in set(threading.enumerate()) - {threading.main_thread()}:
            thread.join(20)
        print(threading.active_count())
"""


def test_an_interrupt_ends_the_request_and_its_thread() -> None:
    with peer(slow_body) as server:
        done = subprocess.run(
            [sys.executable, "-c", INTERRUPTED, server.url],
            capture_output=True,
            check=True,
            timeout=HANGS,
        )
    assert done.stdout == b"1\n"


def ended(patience: float) -> bool:
    """Whether the threads of requests end in time."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if not any(thread.name == "confsync-request" for thread in threading.enumerate()):
            return True
        time.sleep(0.01)
    return False


def test_8_mib_are_taken_and_one_byte_more_is_not() -> None:
    def large(size: int) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b" " * size

    with peer(answers(large(MAX_ANSWER))) as server:
        assert len(post(server.url).body) == 8 * 1024 * 1024
    with peer(answers(large(MAX_ANSWER + 1))) as server:
        error = failure(server.url, UnexpectedAnswer)
    assert error.message == "the answer is larger than 8 MiB"


def test_an_answer_without_end_is_cut_off() -> None:
    def endless(connection: socket.socket) -> None:
        heard(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"10000\r\n" + b" " * 0x10000 + b"\r\n")

    with peer(endless) as server:
        failure(server.url, UnexpectedAnswer)


def test_headers_without_end_are_cut_off() -> None:
    def endless(connection: socket.socket) -> None:
        heard(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X-More: " + b"x" * 65536 + b"\r\n")

    with peer(endless) as server:
        failure(server.url, ConnectionLost)


@pytest.mark.parametrize("encoding", [b"gzip", b"GZIP", b"br", b"identity, gzip", b"x-unknown"])
def test_a_compressed_answer_is_refused_and_never_unpacked(encoding: bytes) -> None:
    """What is capped is what comes over the wire: nothing small becomes large."""
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: " + encoding + b"\r\nContent-Length: 2\r\n\r\n"
    with peer(answers(head + b"{}")) as server:
        error = failure(server.url, UnexpectedAnswer)
    assert error.message == "the answer is compressed, but confsync did not ask for that"


@pytest.mark.parametrize("encoding", [b"identity", b"Identity", b""])
def test_an_answer_that_says_it_is_not_compressed_is_taken(encoding: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: " + encoding + b"\r\nContent-Length: 2\r\n\r\n"
    with peer(answers(head + b"{}")) as server:
        assert post(server.url).body == b"{}"


def test_an_answer_that_says_no_is_known_by_its_status_even_where_it_is_compressed() -> None:
    answer = b"HTTP/1.1 401 No\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"
    with peer(answers(answer)) as server:
        assert post(server.url).status == 401


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    asked: list[bytes] = []

    def elsewhere(connection: socket.socket) -> None:
        asked.append(heard(connection))

    with peer(elsewhere) as other:
        head = (
            f"HTTP/1.1 {status} Moved\r\nLocation: {other.url}/jmap/\r\nContent-Length: 0\r\n\r\n"
        )
        with peer(answers(head.encode())) as server:
            assert post(server.url).status == status
    assert asked == []


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"])
def test_proxies_of_the_environment_are_ignored(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    with peer(answers(OK)) as server, socket.socket() as dead:
        dead.bind(("127.0.0.1", 0))
        monkeypatch.setenv(variable, f"http://127.0.0.1:{dead.getsockname()[1]}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert post(server.url).status == 200


def test_no_credentials_are_taken_from_a_netrc(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login admin password Canary\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    requests: list[bytes] = []

    def speak(connection: socket.socket) -> None:
        requests.append(heard(connection))
        connection.sendall(OK)

    with peer(speak) as server, Connection(endpoint(server.url)) as connection:
        connection.post("/jmap/", lambda: Request(b"{}", {}))
    assert b"authorization" not in requests[0].lower()


def test_a_port_where_nothing_listens_is_certainly_not_reached() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        error = failure(url, ConnectionFailed)
    assert error.message == f"cannot connect to {url}: connection refused"


@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", b"220\r\n"]
)
def test_a_connection_that_breaks_may_have_brought_the_request(said: bytes) -> None:
    with peer(answers(said)) as server:
        error = failure(server.url, ConnectionLost)
    assert error.message == f"connection to {server.url} lost before an answer"


def test_a_connection_that_is_reset_may_have_brought_the_request() -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(10)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with peer(reset) as server:
        failure(server.url, ConnectionLost)


@pytest.mark.parametrize("behind", [b"{}", b"\r\n", OK.replace(b"{}", b"[]"), OK * 3])
def test_bytes_behind_an_answer_are_not_taken_for_the_next_one(behind: bytes) -> None:
    """Whether they come with the answer or later, and whatever the peer would say next."""

    def speak(connection: socket.socket) -> None:
        heard(connection)
        first, second = (behind, b"") if len(server.requests) % 2 else (b"", behind)
        server.requests.append(b"")
        connection.sendall(OK + first)
        with suppress(OSError):
            connection.sendall(second)
            if heard(connection):
                connection.sendall(OK.replace(b"{}", b"[]"))

    with peer(speak) as server, Connection(endpoint(server.url)) as connection:
        bodies = [connection.post("/jmap/", written).body for _ in range(6)]
    assert bodies == [b"{}"] * 6


def test_two_requests_go_over_one_connection_object() -> None:
    with peer(answers(OK)) as server, Connection(endpoint(server.url)) as connection:
        for _ in range(2):
            assert connection.post("/jmap/", lambda: Request(b"{}", {})).status == 200
