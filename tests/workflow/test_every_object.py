"""Every settings object on a server: pulled into a file, planned, applied, planned again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from confsync.errors import Declined, NotWritten, Refused, WrongUsage
from confsync.jmap.client import Client, Patience
from confsync.jmap.write import Credentials
from confsync.kinds import KINDS
from confsync.net.http import Answer
from confsync.sandbox import Server
from confsync.sandbox import patch_rules as rules
from confsync.sandbox.accounts import Accounts
from confsync.sandbox.objects import defaults
from confsync.sandbox.schema import builtin
from confsync.sandbox.site import Question, Site
from confsync.sandbox.storage import Storage, raw
from confsync.store.encode import to_store
from confsync.sync.outcome import NotSent, Stored
from confsync.sync.secret import Vault
from confsync.sync.values import Target
from confsync.workflow.apply import How, apply, apply_all
from confsync.workflow.plan import plan, plans, save
from confsync.workflow.pull import pull
from confsync.workflow.server import Session
from confsync.workflow.session import Reach, connect
from confsync.workflow.targets import Access, Options, Wanted, without_config
from confsync.yaml.emit import yaml_text
from tests.store.test_every_object import Hand, live_of
from tests.sync.test_all_objects import Draw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from confsync.net.http import Request

STATES = min(settings().max_examples // 3, 1000)
"""Of each object: 100, and 3 in `make quick`."""
TARGET = Target("t", "https://mail.example.com")
ALLOWED = frozenset(
    {
        *("change-variant", "will-not-start", "default-username", "resize-shards"),
        *("reorder-shards", "change-database", "remove-secret", "drop-tls", "plaintext-secret"),
        "sharded-needs-enterprise",
    }
)
SECRETS = {f"FILLED_{number}": f"filled-in-{number}" for number in range(1, 40)}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as found:
        yield found


def session(server: Server) -> AbstractContextManager[Session]:
    return connect(server.url, user="admin", password="sandbox")


class Inside:
    """Carries requests to the rules of a sandbox without a socket."""

    interrupted = False

    def __init__(self, storage: Storage) -> None:
        self._site = Site(storage, Accounts({}), "community")

    def hurry(self) -> None:
        """Nobody interrupts these."""

    def get(self, path: str, write: Callable[[], Request], **_: object) -> Answer:
        return self._asked("GET", path, write())

    def post(self, path: str, write: Callable[[], Request], **_: object) -> Answer:
        return self._asked("POST", path, write())

    def _asked(self, method: str, path: str, request: Request) -> Answer:
        headers = {name.lower(): value for name, value in request.headers.items()}
        found = self._site.answer(Question(method, path, headers, request.body))
        return Answer(found.status, {}, found.body)

    def session(self) -> Session:
        vault = Vault()
        credentials = Credentials(vault.seal("sandbox"), "admin")
        return Session(TARGET, Client(self, credentials, vault, Patience()), vault)


@pytest.mark.parametrize("name", KINDS)
def test_an_object_is_pulled_planned_applied_and_planned_again(name: str, tmp_path: Path) -> None:
    """Where one state was applied the next one begins. The files have people's spellings."""
    draw, hand, kind = Draw(f"all {name}"), Hand(name), KINDS[name]
    storage, of, state = Storage(None, None), builtin().type(f"x:{name}"), draw.some(kind.shape)
    storage.put(f"x:{name}", raw(state, of))
    inside = Inside(storage)
    for number in range(STATES):
        file, one = tmp_path / f"{number}.yaml", inside.session()
        pull([str(file)], one, environment={}, objects=[name])
        found = plan([str(file)], one, environment={})
        assert found.difference.changes == ()
        document: Any = to_store(live_of(name, draw.some(kind.shape, state), Vault()), kind)
        text = yaml_text({name: hand.again(document[name], kind.shape)})
        file.write_text(text.replace("FILL_IN_", "FILLED_"))
        options = Options(allow=ALLOWED)
        done = apply([str(file)], one, environment=SECRETS, options=options)
        assert isinstance(done, Stored | NotSent), done
        assert isinstance(done, NotSent) or done.verified
        left = plan([str(file)], one, environment=SECRETS)
        assert left.difference.changes == ()
        state = storage.get(f"x:{name}")
        assert isinstance(rules.update(state, {}, of), rules.Updated)


ORDINARY: dict[str, dict[str, object]] = {
    "Jmap": {"webPushContact": "mailto:postmaster@example.com"},
    "CalendarAlarm": {"template": "<style>a:b {} @media (c: d) {}</style>"},
    "SystemSettings": {
        "defaultHostname": "mx.example.com",
        "defaultDomainId": "b",
        "providerInfo": {
            "providerName": "  Mail: all@example.com ",
            "logoUrl": "https://x.example.com/css?family=Inter:wght@400",
        },
    },
    "SieveUserInterpreter": {"allowedNotifyUris": {"mailto:ops@example.com": True}},
}


@pytest.mark.parametrize("name", ORDINARY)
def test_a_colon_before_an_at_sign_makes_no_text_a_secret(
    name: str, server: Server, tmp_path: Path
) -> None:
    of, file, saved = builtin().type(f"x:{name}"), tmp_path / "x.yaml", tmp_path / "x.plan"
    server.put(f"x:{name}", {**defaults(of), **ORDINARY[name]})
    with session(server) as one:
        pull([str(file)], one, environment={}, objects=[name])
        assert "****" not in file.read_text()
        found = plan([str(file)], one, environment={})
        save([found], str(saved))
        assert (found.difference.changes, found.findings) == ((), ())
        assert "****" not in saved.read_text()
        server.put(f"x:{name}", defaults(of))
        done = apply([str(file)], one, environment={})
        assert isinstance(done, Stored)
        assert done.verified
    assert ORDINARY[name].items() <= server.get(f"x:{name}").items()


def test_a_password_in_an_ordinary_text_is_a_risk_and_in_no_plan(
    server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("Jmap: {webPushContact: 'see https://ops:hunter2-hunter2@example.com'}\n")
    with session(server) as one:
        found = plan([str(file)], one, environment={})
        assert [finding.rule for finding in found.findings] == ["plaintext-secret"]
        with pytest.raises(WrongUsage, match="plain-text secret"):
            save([found], str(tmp_path / "x.plan"))
        with pytest.raises(Refused, match="webPushContact contains a password"):
            apply([str(file)], one, environment={})


def test_a_url_of_a_text_field_has_references(server: Server, tmp_path: Path) -> None:
    file, secrets = tmp_path / "x.yaml", {"ASN": "https://example.com/?license_key=hunter2-hunter2"}
    file.write_text("Asn: {'@type': Resource, asnUrls: [{env: ASN}], geoUrls: []}\n")
    with session(server) as one:
        found = plan([str(file)], one, environment=secrets)
        assert found.findings == ()
        save([found], str(tmp_path / "x.plan"))
        assert isinstance(apply([str(file)], one, environment=secrets), Stored)
        assert plan([str(file)], one, environment=secrets).difference.changes == ()
        pull([str(file)], one, environment=secrets)
    assert server.get("x:Asn")["asnUrls"] == {secrets["ASN"]: True}
    assert "{env: ASN}" in file.read_text()


MANY = """\
Http:
  enableHsts: true
  rateLimitAnonymous: {count: 50, period: 30s}
InMemoryStore:
  '@type': Redis
  url: rediss://cache.example.com:6379
Imap: {timeoutIdle: 10m}
"""


def requests(server: Server) -> list[int]:
    """The numbers of calls in the requests so far."""
    sent: list[Any] = [one.body for one in server.requests if one.path == "/jmap/"]
    return [len(body["methodCalls"]) for body in sent]


def test_several_objects_are_read_in_one_request_and_updated_one_by_one(tmp_path: Path) -> None:
    file = tmp_path / "many.yaml"
    file.write_text(MANY)
    with Server() as server, session(server) as one:
        found = plans([str(file)], one, environment={})
        assert [plan.desired.object for plan in found] == ["Http", "InMemoryStore", "Imap"]
        assert requests(server) == [3]
        access = Access(server.url, False, None, None, None, None, 30, 0)  # noqa: FBT003 - plain values
        environment = {"STALWART_USER": "admin", "STALWART_PASSWORD": "sandbox"}
        aim = without_config((str(file),), Wanted(), access)
        ended = apply_all([aim], Reach(environment, Vault()), How())
        assert [type(one) for one in ended] == [Stored] * 3
        assert requests(server) == [3, 3, *[3] * 3]
        assert all(plan.empty for plan in plans([str(file)], one, environment={}))


def test_an_object_that_changed_while_the_question_was_open_is_named(tmp_path: Path) -> None:
    file = tmp_path / "many.yaml"
    file.write_text(MANY)
    with Server() as server:
        access = Access(server.url, False, None, None, None, None, 30, 0)  # noqa: FBT003 - plain values
        environment = {"STALWART_USER": "admin", "STALWART_PASSWORD": "sandbox"}
        aim = without_config((str(file),), Wanted(), access)

        def somebody_else(_: object) -> bool:
            server.put("x:Imap", {"maxAuthFailures": 7})
            return True

        with pytest.raises(Declined, match="plan was shown: Imap: maxAuthFailures 3 → 7"):
            apply_all([aim], Reach(environment, Vault()), How(ask=somebody_else))


def test_more_than_sixteen_objects_are_two_requests(tmp_path: Path) -> None:
    names = [name for name in KINDS if name not in {"SystemSettings", "OidcProvider"}]
    simple = [name for name in names if KINDS[name].shape.plain][:17]
    file = tmp_path / "all.yaml"
    file.write_text("".join(f"{name}: {{}}\n" for name in simple))
    with Server() as server, session(server) as one:
        found = plans([str(file)], one, environment={})
        assert [plan.desired.object for plan in found] == simple
        assert all(plan.empty for plan in found)
        assert requests(server) == [16, 1]


def test_a_pull_names_the_keys_of_a_map_that_only_an_earlier_file_can_remove(
    server: Server, tmp_path: Path
) -> None:
    server.put("x:Http", defaults(builtin().type("x:Http")))
    below, last = tmp_path / "below.yaml", tmp_path / "last.yaml"
    below.write_text("Http:\n  responseHeaders: {A: x, B: y}\n")
    last.write_text("Http: {enableHsts: true}\n")
    before = last.read_text()
    with session(server) as one, pytest.raises(NotWritten, match=r"responseHeaders/A") as caught:
        pull([str(below), str(last)], one, environment={}, objects=["Http"])
    assert caught.value.where == f"{below}:2"
    assert last.read_text() == before


@pytest.mark.parametrize("text", ["Http: {}\n", "Http:\n  responseHeaders: {A: b}\n", ""])
@pytest.mark.parametrize("key", ["****", "https://u:Canary-1@h", "x" * 3000])
def test_a_pull_refuses_a_key_that_no_file_can_have(
    key: str, text: str, server: Server, tmp_path: Path
) -> None:
    server.put("x:Http", {**defaults(builtin().type("x:Http")), "responseHeaders": {key: "v"}})
    file = tmp_path / "a.yaml"
    file.write_text(text)
    with session(server) as one, pytest.raises(NotWritten, match="responseHeaders/") as caught:
        pull([str(file)], one, environment={}, objects=["Http"])
    assert "Canary" not in str(caught.value)
    assert file.read_text() == text
