"""What is logged of a request: one line of fixed words, and no value."""

from __future__ import annotations

import logging
import re
import socket
from typing import TYPE_CHECKING

import pytest

from confsync.errors import ConnectionFailed, ConnectionLost, UnexpectedAnswer
from confsync.net.endpoint import endpoint
from confsync.net.http import Connection, Request
from confsync.net.tls import Trust
from tests.net.asking import OK, failure, post, written
from tests.net.tls_server import Authority, front, heard, listening, silent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.sandbox import Server


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG, logger="confsync"):
        yield caplog
    assert "Canary" not in caplog.text
    assert "Thing" not in caplog.text


def lines(log: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [
        re.sub(r"[\d.]+ s$", "N s", record.getMessage())
        for record in log.records
        if record.name == "confsync.net" and record.levelno == level
    ]


def answers(connection: socket.socket) -> None:
    heard(connection)
    connection.sendall(OK)


def closes(connection: socket.socket) -> None:
    connection.recv(65536)


def test_a_request_is_one_line_with_status_size_and_time(log: pytest.LogCaptureFixture) -> None:
    with listening(answers) as listener:
        url = f"http://127.0.0.1:{listener.port}"
        post(url)
    assert lines(log, logging.INFO) == [f"POST {url}/jmap/: HTTP 200, N s"]
    assert lines(log, logging.DEBUG) == [f"{url}: no TLS"]


def test_a_get_has_the_same_headers_and_no_body(log: pytest.LogCaptureFixture) -> None:
    asked: list[bytes] = []

    def listens(connection: socket.socket) -> None:
        asked.append(heard(connection))
        connection.sendall(OK)

    with listening(listens) as listener:
        url = f"http://127.0.0.1:{listener.port}"
        with Connection(endpoint(url)) as connection:
            answer = connection.get("/api/account", lambda: Request(b"", {"X-Some": "Canary"}))
    assert (answer.status, answer.body) == (200, b"{}")
    head, _, body = asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"GET /api/account HTTP/1.1\r\n")
    assert b"x-some: canary" in head.lower()
    assert body == b""
    assert lines(log, logging.INFO) == [f"GET {url}/api/account: HTTP 200, N s"]


def test_a_request_without_an_answer_is_one_line_with_what_is_certain(
    log: pytest.LogCaptureFixture,
) -> None:
    def large(connection: socket.socket) -> None:
        heard(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: Canary\r\n\r\nCanary")

    with (
        listening(closes) as listener,
        listening(large) as unusable,
        socket.socket() as free,
    ):
        free.bind(("127.0.0.1", 0))
        lost, failed, odd = (
            f"http://127.0.0.1:{port}"
            for port in (listener.port, free.getsockname()[1], unusable.port)
        )
        failure(lost, ConnectionLost)
        failure(failed, ConnectionFailed)
        failure(odd, UnexpectedAnswer)
    assert lines(log, logging.INFO) == [
        f"POST {lost}/jmap/: no answer after N s",
        f"POST {failed}/jmap/: not sent after N s",
        f"POST {odd}/jmap/: no answer that can be used after N s",
    ]


def test_the_deadline_is_the_time_that_is_logged(log: pytest.LogCaptureFixture) -> None:
    with listening(silent) as listener:
        failure(f"http://127.0.0.1:{listener.port}", ConnectionLost, deadline=0.2)
    assert re.search(r": no answer after 0\.[2-9]\d s$", log.records[-1].getMessage())


def test_for_debugging_tls_is_told(
    log: pytest.LogCaptureFixture, server: Server, authority: Authority
) -> None:
    with (
        front(server.url, authority.server("localhost")) as outside,
        Connection(endpoint(outside.url), trust=Trust(authority.file)) as connection,
    ):
        connection.post("/jmap/", written)
    (told,) = lines(log, logging.DEBUG)
    assert re.fullmatch(rf"{outside.url}: TLSv1\.[23], [A-Z0-9_-]+", told)


def test_nothing_is_logged_where_nobody_listens(capfd: pytest.CaptureFixture[str]) -> None:
    with listening(answers) as listener:
        post(f"http://127.0.0.1:{listener.port}")
    assert capfd.readouterr() == ("", "")
