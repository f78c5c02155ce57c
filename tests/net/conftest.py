"""A private CA, once for all tests of connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from confsync.sandbox import Server
from tests.net.tls_server import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.made(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Another CA, which nobody trusts."""
    return Authority.made(tmp_path_factory.mktemp("stranger"))


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running
