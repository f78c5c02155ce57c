"""`Connection`: bounded in time and size, one origin, no proxy, TLS checked; our own words."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from confsync.errors import ConfsyncError, ConnectionFailed, ConnectionLost, UnexpectedAnswer
from confsync.net.endpoint import endpoint
from confsync.net.http import MAX_ANSWER, Answer, Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MARGIN = 0.6
"""Seconds by which a slow machine may be late."""
DEADLINE = 1.0
HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer Canary"}
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Some: Thing\r\n\r\n{}"


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


def heard(connection: socket.socket) -> bytes:
    """A request, head and body."""
    request = b""
    while b"\r\n\r\n" not in request:
        piece = connection.recv(65536)
        if not piece:
            return request
        request += piece
    head, _, body = request.partition(b"\r\n\r\n")
    fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:])
    missing = int(fields[b"content-length"]) - len(body)
    while missing > 0:
        piece = connection.recv(65536)
        request, missing = request + piece, missing - len(piece)
    return request


def answers(answer: bytes) -> Callable[[socket.socket], None]:
    def speak(connection: socket.socket) -> None:
        heard(connection)
        connection.sendall(answer)

    return speak


def post(url: str, *, deadline: float = 10.0) -> Answer:
    with Connection(endpoint(url), deadline=deadline) as connection:
        return connection.post("/jmap/", b'{"Canary": 1}', HEADERS)


def failure(url: str, kind: type[ConfsyncError], *, deadline: float = 10.0) -> ConfsyncError:
    """The error of a request: with a hint, without a foreign text or cause."""
    with pytest.raises(kind) as caught:
        post(url, deadline=deadline)
    error = caught.value
    assert type(error) is kind
    assert error.hint
    assert error.__suppress_context__ or error.__context__ is None
    assert error.__cause__ is None
    assert "Canary" not in str(error)
    return error


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
    for _ in range(20):
        connection.sendall(b" ")
        time.sleep(DEADLINE / 5)


def late_body(connection: socket.socket) -> None:
    """Each wait is shorter than the deadline, together they are longer."""
    heard(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
    time.sleep(0.9 * DEADLINE)
    connection.sendall(b"{")
    until_the_client_goes(connection)


@pytest.mark.parametrize("speak", [silent, slow_head, slow_body, late_body])
def test_the_deadline_is_for_the_request_as_a_whole(speak: Callable[[socket.socket], None]) -> None:
    with peer(speak) as server:
        start = time.monotonic()
        error = failure(server.url, ConnectionLost, deadline=DEADLINE)
        assert time.monotonic() - start < DEADLINE + MARGIN
    assert error.message == f"no answer from {server.url} within 1 s"


def test_a_tls_handshake_that_is_never_answered_ends_at_the_deadline() -> None:
    with peer(until_the_client_goes) as server:
        start = time.monotonic()
        failure(server.url.replace("http", "https"), ConnectionFailed, deadline=DEADLINE)
        assert time.monotonic() - start < DEADLINE + MARGIN


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


def test_a_compressed_answer_is_not_unpacked() -> None:
    """What is capped is what comes over the wire: nothing small becomes large."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"
    with peer(answers(answer)) as server:
        assert post(server.url).body == b"{}"


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
        connection.post("/jmap/", b"{}", {})
    assert b"authorization" not in requests[0].lower()


def test_a_port_where_nothing_listens_is_certainly_not_reached() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        error = failure(url, ConnectionFailed)
    assert error.message == f"cannot connect to {url}: nothing listens there"


@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", b"220\r\n"]
)
def test_a_connection_that_breaks_may_have_brought_the_request(said: bytes) -> None:
    with peer(answers(said)) as server:
        error = failure(server.url, ConnectionLost)
    assert error.message == f"the connection to {server.url} broke before an answer came"


def test_a_connection_that_is_reset_may_have_brought_the_request() -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(10)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with peer(reset) as server:
        failure(server.url, ConnectionLost)


def test_two_requests_go_over_one_connection_object() -> None:
    with peer(answers(OK)) as server, Connection(endpoint(server.url)) as connection:
        for _ in range(2):
            assert connection.post("/jmap/", b"{}", {}).status == 200


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with key and certificate of `localhost`, which nobody has signed."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl program to make a certificate with")
    directory = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", "key.pem", "-out", "certificate.pem", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
        ],
        cwd=directory,
        check=True,
        capture_output=True,
    )
    return directory


def over_tls(directory: Path, asked: list[bytes]) -> Callable[[socket.socket], None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "certificate.pem", directory / "key.pem")

    def speak(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            asked.append(heard(secure))
            secure.sendall(OK)

    return speak


def test_an_untrusted_certificate_is_refused_before_anything_is_sent(certificate: Path) -> None:
    asked: list[bytes] = []
    with peer(over_tls(certificate, asked)) as server:
        url = f"https://localhost:{server.port}"
        error = failure(url, ConnectionFailed)
    assert error.message == (
        f"cannot connect to {url}: its certificate is not trusted by this system, or is for"
        " another name"
    )
    assert asked == []


def test_a_certificate_that_the_system_trusts_is_taken_for_its_own_name_alone(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "certificate.pem"))
    asked: list[bytes] = []
    with peer(over_tls(certificate, asked)) as server:
        assert post(f"https://localhost:{server.port}").status == 200
        error = failure(f"https://127.0.0.1:{server.port}", ConnectionFailed)
    assert "or is for another name" in error.message
    assert len(asked) == 1


def test_https_to_a_port_that_speaks_plain_http_is_told() -> None:
    with peer(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad\r\n\r\n")) as server:
        url = f"https://127.0.0.1:{server.port}"
        error = failure(url, ConnectionFailed)
    assert error.message == f"cannot connect to {url}: it does not speak TLS there"


def test_http_to_a_port_that_speaks_tls_is_told(certificate: Path) -> None:
    asked: list[bytes] = []
    with peer(over_tls(certificate, asked)) as server:
        failure(server.url, ConnectionLost)
    assert asked == []
