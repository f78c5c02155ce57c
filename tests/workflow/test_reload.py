"""`apply --reload`: a target's server reloads its settings once; no failure of that is hidden."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from confsync.report import OUTCOMES
from confsync.sandbox import Server
from confsync.sync.outcome import NotBegun, NotSent, Rejected, Stored
from confsync.sync.secret import Vault
from confsync.workflow.apply import How, apply_all
from confsync.workflow.session import Reach
from confsync.workflow.targets import Access, Asked, Wanted, aims, without_config
from tests.cli.hostile import hostile as hostile_server
from tests.cli.hostile import http, jmap, passes_to
from tests.reported import outcomes_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from confsync.sync.outcome import Ended
    from tests.cli.hostile import Action

HTTP = "Http: {enableHsts: true}\n"
IMAP = "Imap: {timeoutIdle: 10m}\n"
STORE = "InMemoryStore: {'@type': Redis, url: 'rediss://cache.example.com:6379'}\n"
MAY_STORE = {
    *("authenticate", "sysHttpGet", "sysHttpUpdate", "sysImapGet", "sysImapUpdate"),
    *("sysInMemoryStoreGet", "sysInMemoryStoreUpdate"),
}
KEYS = {
    "all": frozenset({*MAY_STORE, "sysActionCreate", "actionReloadSettings"}),
    "no-action": frozenset({*MAY_STORE, "actionReloadSettings"}),
    "no-reload": frozenset({*MAY_STORE, "sysActionCreate"}),
    "no-imap": frozenset(
        {*MAY_STORE, "sysActionCreate", "actionReloadSettings"} - {"sysImapUpdate"}
    ),
}


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(keys=KEYS) as found:
        yield found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a.yaml"


def applied(  # noqa: PLR0913 - what one of these tests differs in
    file: Path, url: str, text: str, *, key: str = "all", retries: int = 0, reload: bool = True
) -> tuple[Ended, ...]:
    file.write_text(text)
    access = Access(url, False, None, None, None, None, 5, retries)  # noqa: FBT003 - plain values
    aim = without_config((str(file),), Wanted(), access)
    return apply_all([aim], Reach({"STALWART_TOKEN": key}, Vault()), How(reload=reload))


def reloads(server: Server) -> int:
    return sum("x:Action/set" in str(request.body) for request in server.requests)


def told(ended: tuple[Ended, ...]) -> str:
    return " ".join(OUTCOMES["text"](ended).split())


def document(ended: tuple[Ended, ...]) -> Any:  # noqa: ANN401 - JSON
    return json.loads(outcomes_json(ended))


def instead(server: Server, *answers: bytes) -> Action:
    """Answer the first reloads so, and pass all else to the sandbox."""
    left = [*answers]

    def act(request: bytes) -> bytes:
        if b"x:Action/set" in request and left:
            return left.pop(0)
        return passes_to(server)(request)

    return act


def test_what_was_stored_is_put_into_effect_by_one_reload_after_the_last_object(
    server: Server, file: Path
) -> None:
    ended = applied(file, server.url, HTTP + IMAP)
    assert reloads(server) == 1
    last: Any = server.requests[-1].body
    ((method, arguments, _),) = last["methodCalls"]
    assert method == "x:Action/set"
    assert [*arguments] == ["create"]
    assert [*arguments["create"].values()] == [{"@type": "ReloadSettings"}]
    assert all(isinstance(one, Stored) and one.as_wanted for one in ended)
    assert told(ended).count("Active: the server has reloaded its settings.") == 2
    assert "Not active yet" not in told(ended)
    (target,) = document(ended)["targets"]
    assert (target["reload"], target["reload_reason"]) == ("done", None)


def test_nothing_is_reloaded_that_nobody_asked_for(server: Server, file: Path) -> None:
    ended = applied(file, server.url, HTTP, reload=False)
    assert reloads(server) == 0
    assert "Not active yet: reload the settings" in told(ended)
    assert document(ended)["targets"][0]["reload"] is None


def test_nothing_is_reloaded_where_no_object_takes_effect_by_it(server: Server, file: Path) -> None:
    ended = applied(file, server.url, STORE)
    assert reloads(server) == 0
    assert document(ended)["targets"][0]["reload"] is None
    assert document(ended)["summary"]["as_wanted"] is True


def test_a_reload_that_failed_is_ordered_again_by_the_next_apply_though_nothing_differs(
    server: Server, file: Path
) -> None:
    (one,) = applied(file, server.url, HTTP, key="no-reload")
    assert isinstance(one, Stored)
    again = applied(file, server.url, HTTP, key="no-reload")
    assert [type(one) for one in again] == [NotSent]
    fact = "Nothing was sent: the server matches the files. The server did not reload its settings:"
    assert f"{fact} the permission actionReloadSettings is missing." in told(again)
    assert document(again)["targets"][0]["reload"] == "failed"
    assert document(again)["summary"]["as_wanted"] is False
    third = applied(file, server.url, HTTP)
    assert [type(one) for one in third] == [NotSent]
    assert told(third).endswith("matches the files. Active: the server has reloaded its settings.")
    assert document(third)["targets"][0]["reload"] == "done"
    assert reloads(server) == 3
    applied(file, server.url, HTTP, reload=False)
    assert reloads(server) == 3


def test_an_object_that_needs_a_restart_keeps_no_unchanged_one_from_its_reload(
    server: Server, file: Path
) -> None:
    ended = applied(file, server.url, STORE + "Http: {}\n")
    assert [type(one) for one in ended] == [Stored, NotSent]
    assert reloads(server) == 1
    assert told(ended).count("Active: the server has reloaded its settings.") == 1


def test_an_object_that_needs_a_restart_says_so_beside_the_reload(
    server: Server, file: Path
) -> None:
    ended = applied(file, server.url, STORE + HTTP)
    assert reloads(server) == 1
    assert "Not active yet: restart one Stalwart node" in told(ended)
    assert "Active: the server has reloaded its settings." in told(ended)
    (target,) = document(ended)["targets"]
    assert (target["reload"], target["restart"]["required"]) == ("done", "yes")


def test_nothing_is_reloaded_where_an_object_of_the_target_was_refused(
    server: Server, file: Path
) -> None:
    ended = applied(file, server.url, HTTP + IMAP, key="no-imap")
    assert [type(one) for one in ended] == [Stored, Rejected]
    assert reloads(server) == 0
    assert "Not active yet: reload the settings" in told(ended)


def test_an_object_without_a_difference_keeps_no_other_from_its_reload(
    server: Server, file: Path
) -> None:
    ended = applied(file, server.url, HTTP + "Imap: {}\n")
    assert [type(one) for one in ended] == [Stored, NotSent]
    assert reloads(server) == 1
    assert told(ended).count("Active: the server has reloaded its settings.") == 1


@pytest.mark.parametrize(
    ("key", "permission"),
    [("no-action", "sysActionCreate"), ("no-reload", "actionReloadSettings")],
)
def test_a_missing_permission_is_named_and_the_settings_are_told_as_stored(
    server: Server, file: Path, key: str, permission: str
) -> None:
    ended = applied(file, server.url, HTTP, key=key)
    (one,) = ended
    assert isinstance(one, Stored)
    assert not one.as_wanted
    assert server.get("x:Http")["enableHsts"] is True
    fact = "Stored, but not active: the server did not reload its settings: the permission"
    assert f"{fact} {permission} is missing" in told(ended)
    assert f"hint: give the account or API key the permission {permission}, then" in told(ended)
    (target,) = document(ended)["targets"]
    assert target["reload"] == "failed"
    assert permission in target["reload_reason"]
    assert target["outcome"]["result"] == "stored"
    assert document(ended)["summary"]["as_wanted"] is False


def refused(**error: object) -> bytes:
    return jmap(["x:Action/set", {"accountId": "a", "notCreated": {"r": error}}, "action"])


PYZOR = {"object": "SpamPyzor", "id": "singleton"}


@pytest.mark.parametrize(
    ("answer", "result", "words"),
    [
        (
            refused(type="validationFailed", description="Canary", objectId=PYZOR),
            "failed",
            "it cannot build SpamPyzor from its settings. hint: correct SpamPyzor on the server",
        ),
        (
            refused(type="validationFailed", objectId={"object": "Directory", "id": "b7"}),
            "failed",
            "it cannot build Directory b7 from its settings",
        ),
        (
            refused(type="validationFailed", objectId={"object": "\x1b[2J", "id": "Canary"}),
            "failed",
            "the server refused it (validationFailed)",
        ),
        (refused(type="Canary"), "unknown", "the server failed internally (unknown)"),
        (refused(type="serverFail"), "unknown", "the server failed internally (serverFail)"),
        (http(403), "failed", "the permission authenticate is missing"),
        (http(500), "unknown", "the server returned an error"),
        (b"", "unknown", "lost before an answer"),
        (jmap(["x:Action/set", {"accountId": "a"}, "action"]), "unknown", "neither a reload nor"),
    ],
)
def test_a_reload_that_fails_is_told_and_one_that_may_have_happened_is_unknown(
    server: Server, file: Path, answer: bytes, result: str, words: str
) -> None:
    with hostile_server(instead(server, answer)) as between:
        ended = applied(file, between.url, HTTP)
    assert document(ended)["targets"][0]["reload"] == result
    assert words in told(ended)
    start = "Stored. It is unknown whether" if result == "unknown" else "Stored, but not active"
    assert start in told(ended)
    assert ("reload the settings again, which is harmless" in told(ended)) == (result == "unknown")
    assert "Canary" not in told(ended)


def test_a_reload_whose_answer_is_lost_is_asked_for_again(server: Server, file: Path) -> None:
    with hostile_server(instead(server, b"")) as between:
        ended = applied(file, between.url, HTTP, retries=1)
    assert document(ended)["targets"][0]["reload"] == "done"
    assert sum(b"x:Action/set" in request for request in between.requests) == 2


def test_a_reload_that_was_lost_first_and_then_refused_is_unknown(
    server: Server, file: Path
) -> None:
    with hostile_server(instead(server, b"", http(429))) as between:
        ended = applied(file, between.url, HTTP, retries=1)
    assert document(ended)["targets"][0]["reload"] == "unknown"


def test_the_reason_is_told_once_for_several_objects(server: Server, file: Path) -> None:
    ended = applied(file, server.url, HTTP + IMAP, key="no-reload")
    assert told(ended).count("the server did not reload its settings") == 2
    assert told(ended).count("hint: give the account") == 1
    assert told(ended).endswith("2 objects: Http and Imap stored but not active.")


def test_a_failed_reload_ends_the_run_before_the_next_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with Server(keys=KEYS) as one, Server(keys=KEYS) as two:
        (tmp_path / "a.yaml").write_text(HTTP)
        (tmp_path / "confsync.yaml").write_text(
            f"targets:\n  one: {{url: '{one.url}', files: [a.yaml], token: {{env: ONE}}}}\n"
            f"  two: {{url: '{two.url}', files: [a.yaml], token: {{env: TWO}}}}\n"
        )
        access = Access(None, False, None, None, None, None, 5, 0)  # noqa: FBT003 - plain values
        chosen = aims(tmp_path, Asked(all=True), Wanted(), access, today=date(2027, 1, 31))
        environment = {"ONE": "no-reload", "TWO": "all"}
        ended = apply_all(chosen, Reach(environment, Vault()), How(reload=True))
        assert [type(one) for one in ended] == [Stored, NotBegun]
        assert "the run stopped at one (stored but not active)" in told(ended)
        assert reloads(two) == 0
        environment["ONE"] = "all"
        ended = apply_all(chosen, Reach(environment, Vault()), How(reload=True))
        assert [reloads(server) for server in (one, two)] == [2, 1]
        assert [target["reload"] for target in document(ended)["targets"]] == ["done", "done"]
