"""Too little memory, or too few threads, before anything was sent."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

import pytest

from confsync.errors import ConnectionFailed
from confsync.net.endpoint import endpoint
from confsync.net.http import Connection

if TYPE_CHECKING:
    from confsync.net.http import Request


def test_a_thread_that_cannot_start_is_a_request_that_was_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", full)
    with (
        Connection(endpoint("http://127.0.0.1:9")) as connection,
        pytest.raises(ConnectionFailed, match="not enough memory"),
    ):
        connection.post("/", pytest.fail)


def test_too_little_memory_before_sending_is_a_request_that_was_not_sent() -> None:
    def write() -> Request:
        raise MemoryError

    with (
        Connection(endpoint("http://127.0.0.1:9")) as connection,
        pytest.raises(ConnectionFailed, match="not enough memory"),
    ):
        connection.post("/", write)
