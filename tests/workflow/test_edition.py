"""Where shards are desired the server is asked for its edition, once; what it does not tell breaks
no rule.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from confsync.errors import ConnectionLost, Declined, Refused, ServerRefused
from confsync.jmap.client import Client, Patience
from confsync.jmap.write import Credentials
from confsync.net.http import Answer
from confsync.sandbox.storage import Storage
from confsync.sync.outcome import NotSent, Stored
from confsync.sync.secret import Vault
from confsync.sync.values import Target
from confsync.workflow.apply import apply
from confsync.workflow.plan import made, plan, save, saved
from confsync.workflow.server import Session
from confsync.workflow.targets import Options
from tests.endurance.wire import KEY, Wire

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from confsync.net.http import Request
    from confsync.sync.values import Plan

RULE = "sharded-needs-enterprise"
REDIS = "InMemoryStore: {'@type': Redis, url: 'rediss://a'}\n"
SHARDS = """\
InMemoryStore:
  '@type': Sharded
  stores:
    - {'@type': Redis, url: 'rediss://a'}
    - {'@type': Redis, url: 'rediss://b'}
"""
ALLOWED = frozenset({"change-variant"})
DEFAULT = {"@type": "Default"}


def says(edition: object) -> Answer:
    body = {"permissions": ["authenticate"], "edition": edition, "locale": "en_US"}
    return Answer(200, {}, json.dumps(body).encode())


@dataclass
class House:
    """A server that has `answers` to the question for its account, the last one again and again."""

    file: str
    answers: list[Answer | None]
    storage: Storage = field(default_factory=lambda: Storage(None, None))
    asked: list[str] = field(default_factory=list)

    def session(self) -> Session:
        house, vault = self, Vault()

        class Telling(Wire):
            def get(
                self, path: str, write: Callable[[], Request], *, seconds: float | None = None
            ) -> Answer:
                del seconds
                request = write()
                house.asked.append(f"GET {path}")
                assert request.body == b""
                assert dict(request.headers) == {"Authorization": f"Bearer {KEY}"}
                number = min(house.asked.count(f"GET {path}"), len(house.answers)) - 1
                answer = house.answers[number]
                if answer is None:
                    raise ConnectionLost("the connection broke")
                return answer

            def post(
                self, path: str, write: Callable[[], Request], *, seconds: float | None = None
            ) -> Answer:
                house.asked.append(f"POST {path}")
                return super().post(path, write, seconds=seconds)

        patience = Patience(sleep=lambda _: None)
        client = Client(Telling(self.storage), Credentials(vault.seal(KEY)), vault, patience)
        return Session(Target("t", "https://mail.example.com"), client, vault)

    def plan(self, allow: frozenset[str] = ALLOWED) -> Plan:
        return plan([self.file], self.session(), environment={}, options=Options(allow=allow))

    def apply(self, allow: frozenset[str] = ALLOWED) -> object:
        return apply([self.file], self.session(), environment={}, options=Options(allow=allow))


@pytest.fixture
def shards(tmp_path: Path) -> str:
    file = tmp_path / "shards.yaml"
    file.write_text(SHARDS)
    return str(file)


def rules(found: Plan) -> list[str]:
    return [one.rule for one in found.findings if one.rule != "change-variant"]


@pytest.mark.parametrize("edition", ["community", "oss"])
def test_shards_are_refused_on_a_server_without_a_licence(shards: str, edition: str) -> None:
    house = House(shards, [says(edition)])
    found = house.plan()
    (finding,) = (one for one in found.findings if one.rule == RULE)
    assert (finding.severity, finding.risk) == ("error", True)
    assert finding.message == (
        f"shards need an Enterprise licence, and this server is the {edition} edition: the next"
        " restart locks out every remote client"
    )
    assert finding.origin is not None
    assert (finding.origin.file, finding.origin.line) == (shards, 3)
    with pytest.raises(Refused):
        house.apply()
    assert house.storage.stored == DEFAULT
    assert isinstance(house.apply(ALLOWED | {RULE}), Stored)


def test_shards_are_applied_where_they_are_licensed(shards: str) -> None:
    house = House(shards, [says("enterprise")])
    assert isinstance(house.apply(), Stored)
    assert house.asked == ["POST /jmap/", "GET /api/account", "POST /jmap/"]


NO_FACTS = {
    "refused": Answer(403, {}, b'{"edition": "community"}'),
    "not there": Answer(404, {}, b'{"edition": "community"}'),
    "other credentials": Answer(401, {}, b"Canary"),
    "failed": Answer(500, {}, b"Canary"),
    "elsewhere": Answer(302, {"location": "/login"}, b""),
    "an unknown word": says("Canary"),
    "another case": says("Community"),
    "a list": says(["community"]),
    "null": says(None),
    "no edition": Answer(200, {}, b"{}"),
    "a text": Answer(200, {}, b'"community"'),
    "not JSON": Answer(200, {}, b"community"),
    "twice": Answer(200, {}, b'{"edition": "oss", "edition": "community"}'),
    "deep": Answer(200, {}, b"[" * 100_000),
}


@pytest.mark.parametrize("name", NO_FACTS)
def test_an_edition_that_is_not_told_is_no_finding_and_no_error(name: str, shards: str) -> None:
    house = House(shards, [NO_FACTS[name]])
    found = house.plan()
    assert rules(found) == []
    assert "Canary" not in repr(found)
    assert isinstance(house.apply(), Stored)
    # It is not asked again.
    assert house.asked.count("GET /api/account") == 2


def test_a_plan_without_shards_does_not_ask(tmp_path: Path) -> None:
    file = tmp_path / "redis.yaml"
    file.write_text(REDIS)
    house = House(str(file), [says("community")])
    assert rules(house.plan()) == []
    assert isinstance(house.apply(), Stored)
    assert house.asked == ["POST /jmap/"] * 3


def test_the_reading_after_a_question_does_not_ask_again(shards: str) -> None:
    house = House(shards, [says("enterprise")])
    options = Options(allow=ALLOWED)
    apply([shards], house.session(), environment={}, options=options, ask=lambda _: True)
    assert house.asked == ["POST /jmap/", "GET /api/account", *["POST /jmap/"] * 2]


def test_stored_shards_without_a_difference_are_shown_and_stop_nothing(shards: str) -> None:
    house = House(shards, [says("enterprise"), says("community")])
    assert isinstance(house.apply(), Stored)
    outcome = house.apply()
    assert isinstance(outcome, NotSent)
    assert rules(outcome.plan) == [RULE]


def test_a_saved_plan_keeps_its_verdict(shards: str, tmp_path: Path) -> None:
    house, file = House(shards, [says("community")]), str(tmp_path / "saved.json")
    save([house.plan()], file)
    assert rules(*saved(file)) == [RULE]
    assert house.asked == ["POST /jmap/", "GET /api/account"]


def test_a_saved_plan_is_refused_if_the_server_has_lost_its_licence(
    shards: str, tmp_path: Path
) -> None:
    house, file = House(shards, [says("enterprise"), says("community")]), str(tmp_path / "saved")
    save([house.plan()], file)
    options = Options(allow=ALLOWED)
    with pytest.raises(Declined, match="this server is the community edition"):
        made((), house.session(), options, "apply", {}, saved(file))


def test_a_saved_plan_that_allows_the_missing_licence_is_applied(
    shards: str, tmp_path: Path
) -> None:
    house, file = House(shards, [says("community")]), str(tmp_path / "saved")
    save([house.plan(ALLOWED | {RULE})], file)
    (kept,) = saved(file)
    (again,) = made((), house.session(), Options(), "apply", {}, [kept])
    assert (again.digest, again.refusals) == (kept.digest, ())


def test_a_question_that_failed_on_the_way_is_asked_again(shards: str) -> None:
    busy = Answer(429, {"retry-after": "1"}, b"{}")
    house = House(shards, [None, busy, says("community")])
    assert rules(house.plan()) == [RULE]
    assert house.asked == ["POST /jmap/", *["GET /api/account"] * 3]
    with pytest.raises(ConnectionLost):
        House(shards, [None]).plan()
    with pytest.raises(ServerRefused):
        House(shards, [busy]).plan()
