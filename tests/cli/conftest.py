"""A server with secrets in it, and a desk in front of it, for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from confsync.sandbox import Server
from tests.cli.process import KEYS, LIVE, Desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(initial=LIVE, keys=KEYS) as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, server: Server) -> Iterator[Desk]:
    made = Desk(tmp_path, server.url)
    yield made
    made.close()


@pytest.fixture
def offline(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.close()
