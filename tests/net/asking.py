"""One request, as the tests of connections make it: each part of it holds the word `Canary`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from confsync.net.endpoint import endpoint
from confsync.net.http import Answer, Connection, Request
from confsync.net.tls import SYSTEM, Trust

if TYPE_CHECKING:
    from confsync.errors import ConfsyncError

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Some: Thing\r\n\r\n{}"


def written() -> Request:
    headers = {"Content-Type": "application/json", "Authorization": "Bearer Canary"}
    return Request(b'{"Canary": 1}', headers)


def post(
    url: str, *, trust: Trust = SYSTEM, proxy: str | None = None, deadline: float = 10.0
) -> Answer:
    with Connection(endpoint(url), trust=trust, proxy=proxy, deadline=deadline) as connection:
        return connection.post("/jmap/", written)


def failure(
    url: str,
    kind: type[ConfsyncError],
    *,
    trust: Trust = SYSTEM,
    proxy: str | None = None,
    deadline: float = 10.0,
) -> ConfsyncError:
    """The error of a request: with a hint, without a foreign text or cause."""
    with pytest.raises(kind) as caught:
        post(url, trust=trust, proxy=proxy, deadline=deadline)
    error = caught.value
    assert type(error) is kind
    assert error.hint
    assert error.__context__ is None
    assert error.__cause__ is None
    assert "Canary" not in str(error)
    assert "_" not in error.message.replace(url, ""), "a foreign name"
    return error
