"""Updates laid over a state give what a real server stored: recorded answers."""

from __future__ import annotations

import gzip
import json
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from confsync.jmap.decode import Mismatch, decoded
from confsync.jmap.operations import MAX_DEPTH, MAX_LINES, NoOperation, Operation, operations
from confsync.jmap.updates import Laid, ToCreate
from confsync.kinds import KINDS
from confsync.sync.secret import Vault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.kinds.kind import Kind

WIRE = Path(__file__).parents[1] / "wire"


def stored() -> list[Any]:
    """Recorded updates of settings objects that the server stored."""
    with gzip.open(WIRE / "objects.jsonl.gz", "rt", encoding="utf-8") as lines:
        found = [json.loads(line) for line in lines]
    return [one for one in found if one["result"].get("updated")]


def texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Every text and every key of a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from texts(inner)


def is_normalised(patch: Any) -> bool:  # noqa: ANN401 - any JSON
    """True for a patch with texts that the server changes: blanks and capitals of addresses."""
    return any(one != one.strip() or "Example.ORG" in one for one in texts(patch))


def is_refused(kind: Kind, laid: Laid, patch: Any) -> bool:  # noqa: ANN401 - any JSON
    """Lay a patch. True for one that takes an item out of a list, adds one behind a gap, or has an
    unknown member, which the server ignores.
    """
    try:
        laid.lay(patch)
        decoded(kind, laid.state, Vault())
    except Mismatch as wrong:
        if any(reason in wrong.fact for reason in ("unknown", "only whole lists", "gaps")):
            return True
        raise
    return False


def test_an_update_gives_what_the_server_stored() -> None:
    seen = 0
    for one in stored():
        if is_normalised(one["patch"]):
            continue
        kind, vault = KINDS[one["object"].removeprefix("x:")], Vault()
        before = {name: value for name, value in one["before"].items() if name != "id"}
        laid = Laid(kind.shape, deepcopy(before))
        if is_refused(kind, laid, one["patch"]):
            continue
        found = decoded(kind, laid.state, vault).tree
        assert found == decoded(kind, one["after"], vault).tree, one["patch"]
        seen += 1
    assert seen > 1500


def lay(name: str, *updates: Any) -> Laid:  # noqa: ANN401 - any JSON
    laid = Laid(KINDS[name].shape)
    for update in updates:
        laid.lay(update)
    return laid


def test_no_secret_is_kept() -> None:
    secret = {"@type": "Value", "secret": "Canary"}
    laid = lay(
        "InMemoryStore",
        {"@type": "RedisCluster", "authSecret": secret},
        {"authSecret/secret": "Canary"},
    )
    assert "Canary" not in json.dumps(laid.state)
    assert laid.state["authSecret"] == {"@type": "Value", "secret": "****"}


def test_a_secret_that_a_snapshot_leaves_out_is_unknown() -> None:
    laid = lay("InMemoryStore", {"@type": "RedisCluster", "authSecret": {"@type": "Value"}})
    assert laid.state["authSecret"] == {"@type": "Value", "secret": "****"}


def test_another_variant_starts_from_its_defaults() -> None:
    laid = lay(
        "InMemoryStore",
        {"@type": "Redis", "url": "redis://a", "timeout": 7},
        {"@type": "RedisCluster", "urls": {"redis://b": True}},
    )
    assert laid.state["timeout"] != 7
    assert "url" not in laid.state


def test_ids_of_a_snapshot_are_those_of_its_server_and_others_are_unknown() -> None:
    laid = lay("SystemSettings", {"defaultDomainId": "#domain-b", "defaultHostname": "a.test"})
    assert laid.state["defaultDomainId"] == "b"
    assert laid.guessed == [("defaultDomainId",)]
    laid = lay("Authentication", {"defaultUserRoleIds": {"#role-c": True, "d": True}})
    assert laid.state["defaultUserRoleIds"] == {"c": True, "d": True}
    with pytest.raises(ToCreate):
        lay("SystemSettings", {"defaultDomainId": "#dom-1"})


@pytest.mark.parametrize(
    ("name", "update", "path", "fact"),
    [
        ("Http", {"nope": 1}, ("nope",), "is unknown"),
        ("Http", {"": 1}, (), "has an empty name"),
        ("InMemoryStore", {"timeout": 1}, ("@type",), "is missing"),
        ("InMemoryStore", {"@type": "Nope"}, ("@type",), "is unknown"),
        ("Http", {"enableHsts/a": 1}, ("enableHsts",), "has nothing that a pointer leads to"),
        (
            "InMemoryStore",
            {"@type": "Redis", "authSecret": {"secret": "Canary"}},
            ("authSecret",),
            "is unknown",
        ),
    ],
)
def test_an_invalid_update_is_told_with_its_path(
    name: str,
    update: Any,  # noqa: ANN401 - any JSON
    path: tuple[str, ...],
    fact: str,
) -> None:
    with pytest.raises(Mismatch) as caught:
        lay(name, update)
    assert (caught.value.path, caught.value.fact) == (path, fact)


def test_operations_have_their_line_and_blank_lines_and_comments_are_skipped() -> None:
    text = '\n# a comment\n  {"@type":"update","object":"Http","value":{"a":1}} \r\n'
    text += '{"@type":"destroy","object":"Domain"}\n'
    assert [*operations(text)] == [
        Operation(3, "update", "Http", "", {"a": 1}),
        Operation(4, "destroy", "Domain", "", None),
    ]


@pytest.mark.parametrize(
    "line",
    [
        *("nope", "{", "1", "[]", '{"@type":"update"}', '{"object":"Http"}'),
        '{"@type":"update","@type":"update","object":"Http"}',
        '{"@type":"update","object":"Http","id":1}',
        '{"@type":"update","object":"Http","value":NaN}',
        '{"@type":"update","object":"Http","value":' + "[" * 40 + "]" * 40 + "}",
        "[" * 100_000,
    ],
)
def test_a_line_that_is_no_operation_is_told_without_its_text(line: str) -> None:
    (found,) = operations(line)
    assert isinstance(found, NoOperation)
    assert found.line == 1


def test_the_depth_and_the_lines_are_limited() -> None:
    inner = MAX_DEPTH - 1
    line = '{"@type":"update","object":"Http","value":' + "[" * inner + "]" * inner + "}"
    assert isinstance(next(operations(line)), Operation)
    *_, last = operations('{"@type":"destroy","object":"a"}\n' * (MAX_LINES + 2))
    assert isinstance(last, NoOperation)
    assert last.line == MAX_LINES + 1
