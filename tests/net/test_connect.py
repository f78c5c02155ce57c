"""`confsync.connect`, the Python API: the same ways to a server as the command line has."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import confsync
from confsync.errors import Declined, WrongUsage
from tests.net.tls_server import Authority, front, proxy

if TYPE_CHECKING:
    from confsync.sandbox import Server


def test_a_session_goes_over_tls_and_a_proxy_to_a_host_that_is_allowed(
    server: Server, authority: Authority, tmp_path: Path
) -> None:
    store = tmp_path / "store.yaml"
    store.write_text("InMemoryStore: {'@type': Redis, url: 'redis://a'}\n")
    cert, key = authority.client()
    with (
        front(server.url, authority.server("localhost")) as outside,
        proxy() as through,
        confsync.connect(
            outside.url,
            user="admin",
            password="sandbox",
            ca_file=Path(authority.file),
            client_cert=Path(cert),
            client_key=Path(key),
            proxy=through.url,
            hosts="localhost",
        ) as session,
    ):
        plan = confsync.plan([str(store)], session, environment=os.environ)
    assert not plan.empty
    assert len(through.heads) == 1


def test_a_host_that_is_not_allowed_is_declined_before_credentials_are_looked_at() -> None:
    with pytest.raises(Declined), confsync.connect("https://a.example", hosts="b.example"):
        pass
    with pytest.raises(WrongUsage), confsync.connect("https://a.example", hosts=""):
        pass
