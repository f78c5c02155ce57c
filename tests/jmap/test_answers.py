"""What a server answers to get and set is believed only where it is what Stalwart answers."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from confsync.errors import ServerRefused, UnexpectedAnswer
from confsync.jmap.client import Client
from confsync.jmap.decode import from_wire
from confsync.jmap.write import Credentials
from confsync.kinds import KINDS
from confsync.net.http import Answer
from confsync.sandbox import patch_rules as rules
from confsync.sync.secret import Vault
from confsync.sync.values import Patch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from confsync.net.http import Request
    from confsync.sync.values import Live

KIND = KINDS["InMemoryStore"]
VIEW: Any = rules.get_view(rules.defaults("Redis"))
GOOD: Mapping[str, Any] = {"accountId": "b", "list": [{**VIEW, "id": "singleton"}], "notFound": []}
UPDATED = {"accountId": "b", "updated": {"singleton": None}}
GETS: Mapping[str, Any] = {
    "another id": {**GOOD, "list": [{**VIEW, "id": "other"}]},
    "no id": {**GOOD, "list": [{name: VIEW[name] for name in VIEW if name != "id"}]},
    "a number for an id": {**GOOD, "list": [{**VIEW, "id": 1}]},
    "found and not found": {**GOOD, "notFound": ["singleton"]},
    "not found": {**GOOD, "list": [], "notFound": ["singleton"]},
    "a map of what is missing": {**GOOD, "notFound": {"singleton": 1}},
    "a number for what is missing": {**GOOD, "notFound": 0},
    "two objects": {**GOOD, "list": GOOD["list"] * 2},
    "a map of objects": {**GOOD, "list": {"singleton": VIEW}},
    "no object": {**GOOD, "list": ["singleton"]},
    "a duration of 0": {**GOOD, "list": [{**VIEW, "id": "singleton", "timeout": 0}]},
}
SETS: Mapping[str, Any] = {
    "neither": {"accountId": "b"},
    "both": {**UPDATED, "notUpdated": {"singleton": {"type": "invalidPatch"}}},
    "a list of the updated": {"updated": ["singleton"]},
    "a text of the updated": {"updated": "singleton"},
    "an empty text of the updated": {**UPDATED, "notUpdated": ""},
    "another updated": {"updated": {"other": None}},
    "updated to a number": {"updated": {"singleton": 0}},
    "a refusal that is null": {"notUpdated": {"singleton": None}},
    "a refusal that is a text": {"notUpdated": {"singleton": "invalidPatch"}},
    "a map of properties": {"notUpdated": {"singleton": {"properties": {"timeout": 1}}}},
    "10,000 properties": {"notUpdated": {"singleton": {"properties": ["timeout"] * 10_000}}},
    "a text of errors": {"notUpdated": {"singleton": {"validationErrors": "Required"}}},
}


FORBIDDEN = {"type": "forbidden"}


class Answering:
    """A transport that has the same answers to every request."""

    interrupted = False

    def __init__(self, *found: object) -> None:
        self.found = found
        self.asked = 0
        self.replaced = ("", "")

    def post(self, _: str, write: Callable[[], Request], *, seconds: float | None = None) -> Answer:
        del seconds
        self.asked += 1
        calls = json.loads(write().body)["methodCalls"]
        answers = zip(calls, self.found, strict=True)
        responses = [
            ["error" if found == FORBIDDEN else method, found, call]
            for (method, _, call), found in answers
        ]
        body = json.dumps({"methodResponses": responses}).replace(*self.replaced, 1)
        return Answer(200, {}, body.encode())

    get = post

    def hurry(self) -> None:
        """There is nothing under way."""


def client(*found: object) -> tuple[Client, Answering]:
    vault, transport = Vault(), Answering(*found)
    return Client(transport, Credentials(vault.seal("API_Canary")), vault), transport


def decode(answer: Mapping[str, Any]) -> Live:
    return from_wire(KIND, answer, Vault())


@pytest.mark.parametrize("name", GETS)
def test_an_answer_to_get_that_no_stalwart_gives_is_not_believed(name: str) -> None:
    asking, transport = client(GETS[name])
    with pytest.raises(UnexpectedAnswer):
        asking.read("InMemoryStore", decode)
    assert transport.asked == 1


@pytest.mark.parametrize("name", GETS)
@pytest.mark.parametrize("place", [0, 2])
def test_around_an_update_it_leaves_open_whether_the_update_was_stored(
    name: str, place: int
) -> None:
    found: list[object] = [GOOD, UPDATED, GOOD]
    found[place] = GETS[name]
    asking, transport = client(*found)
    with pytest.raises(UnexpectedAnswer):
        asking.update("InMemoryStore", Patch(()), decode)
    assert transport.asked == 1


@pytest.mark.parametrize("name", SETS)
def test_an_answer_to_set_that_no_stalwart_gives_is_not_believed(name: str) -> None:
    asking, transport = client(GOOD, SETS[name], GOOD)
    with pytest.raises(UnexpectedAnswer):
        asking.update("InMemoryStore", Patch(()), decode)
    assert transport.asked == 1


@pytest.mark.parametrize(
    ("answers", "fact"),
    [
        (
            (FORBIDDEN, FORBIDDEN, FORBIDDEN),
            "2 permissions are missing: sysInMemoryStoreGet, sysInMemoryStoreUpdate (forbidden)",
        ),
        ((FORBIDDEN, UPDATED, FORBIDDEN), "the permission sysInMemoryStoreGet is missing (forb"),
    ],
)
def test_all_permissions_that_an_update_lacks_are_named_once(
    answers: tuple[object, ...], fact: str
) -> None:
    with pytest.raises(ServerRefused, match=re.escape(fact)):
        client(*answers)[0].update("InMemoryStore", Patch(()), decode)


@pytest.mark.parametrize("digits", [20, 4000, 5000, 100_000])
def test_a_number_of_thousands_of_digits_is_refused_by_its_path(digits: int) -> None:
    """Python itself refuses to read one of more than 4,300 digits."""
    asking, transport = client(GOOD)
    transport.replaced = ('"timeout": 10000', f'"timeout": {"9" * digits}')
    with pytest.raises(UnexpectedAnswer, match="InMemoryStore/timeout is not a whole number"):
        asking.read("InMemoryStore", decode)


def test_what_stalwart_answers_is_believed() -> None:
    asking, _ = client(GOOD, UPDATED, {**GOOD, "notFound": None})
    assert asking.update("InMemoryStore", Patch(()), decode).refusal is None
