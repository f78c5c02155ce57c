"""Shards on servers of other editions, as processes against the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from confsync.sandbox import Server
from tests.cli.process import KEYS, Desk

if TYPE_CHECKING:
    from pathlib import Path

SHARDS = """\
InMemoryStore:
  '@type': Sharded
  stores:
    - {'@type': Redis, url: 'rediss://a.example.com'}
    - {'@type': Redis, url: 'rediss://b.example.com'}
"""
RULE = "sharded-needs-enterprise"


@pytest.mark.parametrize(
    ("edition", "status"), [("community", 3), ("enterprise", 0), ("Canary of a fork", 0)]
)
def test_shards_are_applied_unless_the_edition_of_the_server_is_known_to_have_none(
    tmp_path: Path, edition: str, status: int
) -> None:
    with Server(keys=KEYS, edition=edition) as server:
        desk = Desk(tmp_path, server.url)
        file = desk.file("shards.yaml", SHARDS)
        ran = desk.run("apply", file, "--yes")
        sent = [f"{request.method} {request.path}" for request in server.requests]
        stored = server.stored["@type"]
    assert ran.status == status
    assert (RULE in ran.out + ran.err) == (status == 3)
    if status:
        assert "shards.yaml:3: error: shards need an Enterprise licence" in ran.out
        assert "this server is the community edition" in " ".join((ran.out + ran.err).split())
    assert sent == ["POST /jmap/", "GET /api/account", *(["POST /jmap/"] if not status else [])]
    assert stored == ("Default" if status else "Sharded")
