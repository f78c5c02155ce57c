"""What a target says beside its files: `set` and `secrets`, in plans, applies and pulls."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from confsync.errors import InvalidFiles, NotWritten
from confsync.sandbox import Server
from confsync.sync.outcome import Stored
from confsync.workflow.apply import apply
from confsync.workflow.plan import plan
from confsync.workflow.pull import pull
from confsync.workflow.session import connect
from confsync.workflow.targets import NOTHING_ASKED, NOTHING_WANTED, Access, Asked, aims
from confsync.workflow.validate import check

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from confsync.workflow.server import Session
    from confsync.workflow.targets import Aim

STORE = """\
InMemoryStore:
  '@type': RedisCluster
  urls: [rediss://cache.example.com:6379]
  poolMaxConnections: 10
  authUsername: null
  authSecret: {'@type': Value, secret: {secret: redis}}
"""
CONFIG = """\
targets:
  one:
    url: https://mail.example.com
    files: [store.yaml]
    allow: [change-variant]
    secrets: {redis: {env: REDIS_PASSWORD}}
    set: {InMemoryStore/poolMaxConnections: 64, Http/rateLimitAnonymous/count: 50}
"""
PORT = "6379]\n"
SECRETS = {"REDIS_PASSWORD": "correct-horse-battery"}
NO_ACCESS = Access(None, insecure_http=False, ca_file=None, client_cert=None, client_key=None,
                   proxy=None, timeout=30, retries=3)  # fmt: skip


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as found:
        yield found


@pytest.fixture
def session(server: Server) -> Iterator[Session]:
    with connect(server.url, user="admin", password="sandbox") as found:
        yield found


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "store.yaml").write_text(STORE + "Http: {}\n")
    (tmp_path / "confsync.yaml").write_text(CONFIG)
    return tmp_path


def aim(here: Path) -> Aim:
    (found,) = aims(here, Asked(), NOTHING_WANTED, NO_ACCESS, today=date(2027, 1, 31))
    return found


def test_they_are_applied_and_each_value_has_its_place(
    here: Path, server: Server, session: Session
) -> None:
    (here / "store.yaml").write_text(STORE)
    (here / "confsync.yaml").write_text(CONFIG.replace(", Http/rateLimitAnonymous/count: 50", ""))
    target = aim(here)
    found = plan(target.files, session, environment=SECRETS, options=target.options)
    origin = found.desired.origin(("poolMaxConnections",))
    assert (origin.file, origin.line) == ("confsync.yaml", 7)
    assert [str(secret.ref) for secret in found.to_send] == ["env REDIS_PASSWORD"]
    done = apply(target.files, session, environment=SECRETS, options=target.options)
    assert isinstance(done, Stored)
    assert server.stored["poolMaxConnections"] == 64
    left = plan(target.files, session, environment=SECRETS, options=target.options)
    assert left.difference.changes == ()


def test_a_pull_leaves_to_set_what_is_set(here: Path, server: Server, session: Session) -> None:
    (here / "confsync.yaml").write_text(CONFIG.replace(", Http/rateLimitAnonymous/count: 50", ""))
    (here / "store.yaml").write_text(STORE)
    own = aim(here).options.own
    apply(["store.yaml"], session, environment=SECRETS, options=aim(here).options)
    server.put("x:InMemoryStore", {**server.stored, "timeout": 7000})
    pull(["store.yaml"], session, environment=SECRETS, own=own)
    assert (here / "store.yaml").read_text() == STORE.replace(PORT, f"{PORT}  timeout: 7s\n")
    server.put("x:InMemoryStore", {**server.stored, "poolMaxConnections": 65})
    with pytest.raises(NotWritten, match="`set` has other values") as raised:
        pull(["store.yaml"], session, environment=SECRETS, own=own)
    assert raised.value.where == "confsync.yaml:7"


def test_a_member_of_an_object_can_be_set(here: Path) -> None:
    checked = check(NOTHING_ASKED, here, today=date(2027, 1, 31))
    assert checked.problems == ()
    (here / "confsync.yaml").write_text(CONFIG.replace("count: 50", "count: many"))
    (wrong,) = check(NOTHING_ASKED, here, today=date(2027, 1, 31)).problems
    assert (wrong.file, wrong.line, wrong.rule) == ("confsync.yaml", 7, "not-a-number")


def test_an_unknown_secret_is_an_error_in_its_place(here: Path, session: Session) -> None:
    (here / "confsync.yaml").write_text(CONFIG.replace("{redis:", "{reids:"))
    with pytest.raises(InvalidFiles) as raised:
        plan(aim(here).files, session, environment={}, options=aim(here).options)
    (wrong,) = raised.value.problems
    assert wrong.message == "authSecret/secret: unknown secret `redis`"
    assert (wrong.line, wrong.hint) == (6, "did you mean reids? add it to `secrets` of the target")


def test_without_a_target_a_named_secret_is_only_not_known(here: Path, session: Session) -> None:
    (here / "store.yaml").write_text(STORE)
    found = plan(["store.yaml"], session, environment=SECRETS)
    assert [one.message for one in found.findings if one.rule == "secret-unavailable"] == [
        "secret redis cannot be resolved here; only an apply needs it"
    ]
