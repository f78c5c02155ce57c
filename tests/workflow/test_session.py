"""How targets are reached and logged in to: a credential goes to its own server and to no other."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from confsync.errors import Declined, SecretUnavailable, ServerRefused, WrongUsage
from confsync.sandbox import Server
from confsync.sync.secret import Vault
from confsync.sync.values import Failed, Target
from confsync.workflow.server import show
from confsync.workflow.session import Reach, each
from confsync.workflow.targets import NOTHING_WANTED, Access, Asked, aims
from tests.cli.hostile import hostile, passes_to
from tests.cli.process import KEYS, PLAN_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from confsync.sync.values import Live
    from confsync.workflow.server import Session
    from confsync.workflow.targets import Aim

ONE, OTHER = "API_Canary-of-one", "API_Canary-of-the-other"
MAY_READ = frozenset({"authenticate", "sysInMemoryStoreGet"})
NO_ACCESS = Access(None, insecure_http=False, ca_file=None, client_cert=None, client_key=None,
                   proxy=None, timeout=5, retries=0)  # fmt: skip
NOWHERE = "http://127.0.0.1:9"
BOTH = Asked(all=True)


@pytest.fixture
def one() -> Iterator[Server]:
    with Server(keys={ONE: MAY_READ}) as server:
        yield server


@pytest.fixture
def other() -> Iterator[Server]:
    with Server(keys={OTHER: MAY_READ}) as server:
        yield server


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configured(here: Path, **targets: tuple[str, str]) -> None:
    """Write a configuration: of each target the URL, and what else it says."""
    lines = [
        f"  {name}: {{url: '{url}', files: [a.yaml]{', ' if more else ''}{more}}}\n"
        for name, (url, more) in targets.items()
    ]
    (here / "confsync.yaml").write_text("targets:\n" + "".join(lines))


def seen(
    here: Path,
    asked: Asked,
    environment: Mapping[str, str],
    *,
    url: str | None = None,
    allow_commands: bool = False,
) -> list[Target | Failed]:
    """The targets whose state was read, and what went wrong with the others."""

    def use(_: Aim, session: Session) -> Target:
        live: Live = show(session)
        assert live.object == "InMemoryStore"
        return session.target

    access = Access(**{**vars(NO_ACCESS), "url": url})
    chosen = aims(here, asked, NOTHING_WANTED, access, today=date(2027, 1, 31))
    reach = Reach(environment, Vault(), allow_commands=allow_commands)
    return list(each(chosen, reach, use))


def test_each_target_is_logged_in_to_with_its_own_credentials(
    here: Path, one: Server, other: Server
) -> None:
    (here / "secret").write_text(f"{OTHER}\n")
    configured(here, one=(one.url, "token: {env: ONE}"), other=(other.url, "token: {file: secret}"))
    found = seen(here, BOTH, {"ONE": ONE, "STALWART_TOKEN": "API_wrong"})
    assert found == [Target("one", one.url), Target("other", other.url)]


def test_a_user_is_written_down_or_referred_to(here: Path, one: Server) -> None:
    environment = {"A_USER": "admin", "A_PASSWORD": "sandbox"}
    for user in ("admin", "{env: A_USER}"):
        configured(here, one=(one.url, f"user: {user}, password: {{env: A_PASSWORD}}"))
        assert seen(here, Asked(), environment) == [Target("one", one.url)]


def test_the_credentials_of_the_environment_go_to_one_target_alone(
    here: Path, one: Server, other: Server
) -> None:
    configured(here, one=(one.url, ""), other=(other.url, "token: {env: OTHER}"))
    environment = {"STALWART_TOKEN": ONE, "OTHER": OTHER}
    assert seen(here, Asked(targets=("one",)), environment) == [Target("one", one.url)]
    failed, found = seen(here, BOTH, environment)
    assert found == Target("other", other.url)
    assert isinstance(failed, Failed)
    assert failed.error.message == "no credentials for this target"
    assert len(one.requests) == 1


def test_where_another_server_is_named_it_gets_nothing_that_is_the_targets(here: Path) -> None:
    heads: list[bytes] = []

    def act(request: bytes) -> bytes:
        heads.append(request)
        with Server(keys=KEYS) as server:
            return passes_to(server)(request)

    configured(here, one=("https://mail.example.com", "token: {env: ONE}, proxy: 'http://p:3128'"))
    with hostile(act) as stranger:
        environment = {"ONE": ONE, "STALWART_TOKEN": PLAN_KEY, "STALWART_URL": "http://127.0.0.1:9"}
        found = seen(here, Asked(), environment, url=stranger.url)
        assert found == [Target("one", stranger.url)]
        with pytest.raises(WrongUsage, match="no credentials"):
            seen(here, Asked(), {"ONE": ONE}, url=stranger.url)
    assert PLAN_KEY.encode() in heads[0]
    assert not [head for head in heads if ONE.encode() in head]


def test_the_same_server_in_another_spelling_is_no_other(here: Path, one: Server) -> None:
    configured(here, one=(one.url, "token: {env: ONE}"))
    assert seen(here, Asked(), {"ONE": ONE}, url=f"{one.url}/") == [Target("one", one.url)]


def test_a_host_that_may_not_be_contacted_stops_all_before_anything_is_sent(
    here: Path, one: Server
) -> None:
    run = "{command: [touch, ran]}"
    configured(
        here,
        one=(one.url, "token: {env: ONE}"),
        other=("https://other.example.com", f"token: {run}"),
    )
    environment = {"ONE": ONE, "CONFSYNC_HOSTS": "127.0.0.1", "PATH": "/usr/bin:/bin"}
    for asked in (BOTH, Asked(targets=("other",))):
        with pytest.raises(Declined, match=r"other\.example\.com at port 443 is not in"):
            seen(here, asked, environment, allow_commands=True)
    assert one.requests == []
    assert not (here / "ran").exists()


def test_a_command_is_run_for_a_credential_only_where_that_is_allowed(
    here: Path, one: Server
) -> None:
    configured(here, one=(one.url, f"token: {{command: [echo, {ONE}]}}"))
    with pytest.raises(SecretUnavailable) as caught:
        seen(here, Asked(), {"STALWART_TOKEN": ONE})
    (problem,) = caught.value.problems
    assert problem.message == "token: command echo is not run without --allow-commands"
    assert (problem.file, problem.line) == ("confsync.yaml", 2)
    environment = {"PATH": "/usr/bin:/bin"}
    assert seen(here, Asked(), environment, allow_commands=True) == [Target("one", one.url)]


def test_every_credential_that_cannot_be_had_is_told_at_once(here: Path) -> None:
    configured(here, one=("https://h", "user: {env: A}, password: {file: b}"))
    with pytest.raises(SecretUnavailable) as caught:
        seen(here, Asked(), {})
    assert [problem.message for problem in caught.value.problems] == [
        "user: env A is not set",
        "password: file b cannot be read",
    ]


def test_references_and_files_start_beside_the_configuration(
    here: Path, one: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / ".git").mkdir()
    (here / "below").mkdir()
    (here / "secret").write_text(ONE)
    configured(here, one=(one.url, "token: {file: secret}"))
    monkeypatch.chdir(here / "below")
    assert seen(here / "below", Asked(), {}) == [Target("one", one.url)]
    configured(here, one=("https://127.0.0.1:9", "token: {file: secret}, ca_file: ca.pem"))
    (here.parent / "ca.pem").touch()
    (here / "below" / "ca.pem").touch()
    with pytest.raises(WrongUsage) as caught:
        seen(here / "below", Asked(), {})
    assert caught.value.where == "../ca.pem"
    assert caught.value.message == "no such file"


def test_one_target_that_cannot_be_reached_hides_no_other(here: Path, one: Server) -> None:
    configured(
        here,
        away=("http://127.0.0.1:9", "token: {env: ONE}"),
        open=("http://mail.example.com", "token: {env: ONE}"),
        one=(one.url, "token: {env: ONE}"),
    )
    away, plain, found = seen(here, BOTH, {"ONE": ONE})
    assert isinstance(away, Failed)
    assert isinstance(plain, Failed)
    assert away.target == Target("away", "http://127.0.0.1:9")
    assert "would send the credentials" in plain.error.message
    assert found == Target("one", one.url)
    assert away.error.__traceback__ is None


def test_the_way_that_was_given_counts_before_the_way_of_the_target(here: Path) -> None:
    more = "ca_file: ca.pem, client_cert: own.pem, client_key: own.key, proxy: 'http://p:1'"
    configured(here, one=("https://h", more))

    def way(**given: str) -> tuple[str | None, ...]:
        access = Access(**{**vars(NO_ACCESS), **given})
        (aim,) = aims(here, Asked(), NOTHING_WANTED, access, today=date(2027, 1, 31))
        found = Reach({"STALWART_URL": NOWHERE}, Vault())._access(aim, aim.config)
        return found.url, found.ca_file, found.client_cert, found.client_key, found.proxy

    assert way() == ("https://h", "ca.pem", "own.pem", "own.key", "http://p:1")
    assert way(ca_file="x", proxy="http://q:2") == (
        *("https://h", "x", "own.pem", "own.key", "http://q:2"),
    )
    # A certificate without its key would otherwise get another one's.
    assert way(client_cert="c")[2:4] == ("c", None)
    assert way(client_cert="c", client_key="k")[2:4] == ("c", "k")


# Credentials of the environment


TOKEN, USER, PASSWORD = "STALWART_TOKEN", "STALWART_USER", "STALWART_PASSWORD"
CHECK_KEY = "check that the API key is complete, not revoked and not expired"
BOTH_UNUSED = f"{USER} and {PASSWORD} not used: a token comes first; unset {TOKEN} to use them"
CHECK_USER = "check the user name and the password"


@pytest.mark.parametrize(
    ("environment", "fact"),
    [
        ({USER: "admin", PASSWORD: ""}, f"{PASSWORD} is empty, but {USER} is set"),
        ({USER: "admin"}, f"{PASSWORD} is not set, but {USER} is set"),
        ({USER: "", PASSWORD: "sandbox"}, f"{USER} is empty, but {PASSWORD} is set"),
        ({PASSWORD: "sandbox"}, f"{USER} is not set, but {PASSWORD} is set"),
        ({TOKEN: "", USER: "admin"}, f"{PASSWORD} is not set, but {USER} is set"),
        ({TOKEN: ""}, f"{TOKEN} is empty"),
        ({USER: "", PASSWORD: ""}, f"{USER} is empty"),
        ({}, "no credentials for the server"),
    ],
)
def test_a_credential_that_is_set_and_empty_is_told_as_such(
    here: Path, environment: Mapping[str, str], fact: str
) -> None:
    configured(here, one=(NOWHERE, ""))
    with pytest.raises(WrongUsage) as caught:
        seen(here, Asked(), environment)
    assert caught.value.message == fact
    assert caught.value.hint


@pytest.mark.parametrize(
    ("environment", "fact", "hint"),
    [
        ({TOKEN: "API_wrong"}, TOKEN, CHECK_KEY),
        ({USER: "admin", PASSWORD: "wrong"}, f"{USER} and {PASSWORD}", CHECK_USER),
        (
            {TOKEN: "API_wrong", USER: "admin", PASSWORD: "sandbox"},
            TOKEN,
            f"{CHECK_KEY}; {BOTH_UNUSED}",
        ),
    ],
)
def test_a_refused_login_says_which_credential_was_refused(
    here: Path, one: Server, environment: Mapping[str, str], fact: str, hint: str
) -> None:
    configured(here, one=(one.url, ""))
    with pytest.raises(ServerRefused) as caught:
        seen(here, Asked(), environment)
    assert caught.value.message == f"the server refused {fact} (HTTP 401)"
    assert caught.value.hint == hint
    assert len(one.requests) == 1


@pytest.mark.parametrize(
    ("member", "fact", "check"),
    [
        ("token: {env: A}", "the token of target one (env A)", CHECK_KEY),
        (
            "user: admin, password: {env: A}",
            "the user of target one and the password of target one (env A)",
            CHECK_USER,
        ),
    ],
)
def test_a_refused_credential_of_a_target_is_named_and_so_is_what_was_not_used(
    here: Path, one: Server, member: str, fact: str, check: str
) -> None:
    configured(here, one=(one.url, member))
    with pytest.raises(ServerRefused) as caught:
        seen(here, Asked(), {"A": "wrong", TOKEN: ONE})
    assert caught.value.message == f"the server refused {fact} (HTTP 401)"
    assert caught.value.hint == f"{check}; {TOKEN} not used: the target has its own credentials"


@pytest.mark.parametrize(
    ("body", "fact"),
    [
        (b'{"type": "about:blank", "status": STATUS}', "the server failed internally"),
        (b'{"type": "about:blank", "status": 599}', "the server returned an error"),
        (b'{"status": STATUS}', "the server returned an error"),
        (b"[]", "the server returned an error"),
        (b"<html>", "the server returned an error"),
        (b"", "the server returned an error"),
    ],
)
@pytest.mark.parametrize("status", [500, 501, 503])
def test_a_failure_of_another_web_server_is_not_told_as_stalwarts(
    here: Path, status: int, body: bytes, fact: str
) -> None:
    def act(_: bytes) -> bytes:
        said = body.replace(b"STATUS", str(status).encode())
        return f"HTTP/1.1 {status} No\r\nContent-Length: {len(said)}\r\n\r\n".encode() + said

    with hostile(act) as stranger:
        configured(here, one=(stranger.url, ""))
        with pytest.raises(ServerRefused) as caught:
            seen(here, Asked(), {TOKEN: ONE})
    assert caught.value.message == f"{fact} (HTTP {status})"
    assert ("lock-out" in caught.value.hint) == fact.startswith("the server failed")
    assert ("not from Stalwart" in caught.value.hint) == fact.endswith("an error")
