"""Answers that no Stalwart server gives are refused, and the error names the path."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from confsync.errors import ConfsyncError, Fault, NotWritten, UnexpectedAnswer
from confsync.jmap.answers import parse
from confsync.jmap.decode import from_wire
from confsync.kinds import KINDS
from confsync.sandbox import patch_rules as rules
from confsync.sandbox.schema import builtin
from confsync.sync.secret import Vault
from confsync.sync.tree import Items, path_text
from confsync.sync.values import Target
from confsync.workflow.pull import pull
from confsync.workflow.server import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from confsync.kinds.table_file import Version
    from confsync.sync.outcome import Reload
    from confsync.sync.values import Live

KIND = KINDS["InMemoryStore"]
SECRET = {"@type": "Value", "secret": "Canary"}
CLUSTER = {
    **rules.defaults("RedisCluster"),
    "urls": {"redis://a": True, "redis://u:Canary@b": True},
    "authSecret": SECRET,
    "maxRetries": 3,
    "maxRetryWait": 10,
}
SENTINEL = {
    **rules.defaults("RedisSentinel"),
    "authSecret": {"@type": "EnvironmentVariable", "variableName": "REDIS"},
    "sentinelSecret": {"@type": "File", "filePath": "/run/secrets/a"},
    "sentinelUsername": "u",
}
SHARDED = {"@type": "Sharded", "stores": {"0": rules.defaults("Redis"), "1": CLUSTER}}
STATES: Mapping[str, Any] = {"cluster": CLUSTER, "sentinel": SENTINEL, "sharded": SHARDED}
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -5, 1, 10**19, 2**64, int("9" * 4000), 1.5, float("inf"), "", " "),
    *("****", "Canary", "\ud800", "\0", "\u2028", "redis://u:Canary@x", "x" * 65_537, [], ["a"]),
    *({}, {"a": True}, {"a": 1}, {"": True}, {"\udfff": True}, {"@type": "None"}, {"@type": 5}),
    *({"@type": "Redis"}, {"@type": "****"}, {"0": None}, {"00": {}}, {"1": {"@type": "Redis"}}),
    {"0": rules.defaults("Redis")},
    *({f"a{number}": True for number in range(1001)}, {"x" * 65_537: True}),
)


def view(stored: Any) -> Any:  # noqa: ANN401 - JSON
    return rules.get_view(copy.deepcopy(stored))


def places(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:  # noqa: ANN401 - JSON
    """The path of every member of an answer, objects included."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield (*path, name)
            yield from places(member, (*path, name))


def changed(stored: Any, path: tuple[str, ...], value: object) -> Any:  # noqa: ANN401 - JSON
    whole = view(stored)
    inner = whole
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return whole


class Answering:
    """A server that gives one answer to every get."""

    interrupted = False

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self._answer = answer

    def read(self, _: str, decode: Callable[[Mapping[str, Any]], Live]) -> Live:
        return decode(self._answer)

    def read_all(
        self, wanted: Mapping[str, Callable[[Mapping[str, Any]], Live]]
    ) -> dict[str, Live]:
        return {name: self.read(name, decode) for name, decode in wanted.items()}

    def schema(self, _: str) -> Version:
        raise AssertionError("only an update of the schema asks for it")

    def edition(self) -> str:
        return ""

    def hurry(self) -> None:
        """There is nothing under way."""

    def update(self, *_: object, **__: object) -> Any:  # noqa: ANN401 - nothing is ever returned
        raise AssertionError("a pull never writes to the server")

    def reload(self) -> Reload:
        raise AssertionError("a pull never reloads the server")


@pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 400])
def test_a_number_that_no_float_holds_is_refused_with_its_place(number: str) -> None:
    stored = rules.defaults(of=builtin().type("x:SpamSettings"))
    answer: Any = parse(json.dumps({**stored, "scoreSpam": 7}).replace("7", number).encode())
    with pytest.raises(UnexpectedAnswer, match="SpamSettings/scoreSpam is not a finite number"):
        from_wire(KINDS["SpamSettings"], answer, Vault())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("timeout", 0),
        ("timeout", -5),
        ("timeout", 2**64),
        ("timeout", int("9" * 4000)),
        ("timeout", float("inf")),
        ("timeout", True),
        ("timeout", "10s"),
        ("timeout", None),
        ("poolTimeoutWait", 0),
        ("poolMaxConnections", -1),
        ("maxRetries", 1.5),
        ("authUsername", 7),
        ("authUsername", "\ud800"),
        ("authUsername", "Canary" * 11_000),
        ("authSecret/secret", 7),
        ("authSecret/secret", "Canary"),
        ("authSecret/secret", None),
        ("authSecret", "****"),
        ("readFromReplicas", 1),
        ("protocolVersion", 2),
        ("urls", ["redis://a"]),
        ("urls", {"redis://u:Canary@a": False}),
        ("urls", {"redis://u:Canary@a": {"@type": "Redis"}}),
        ("urls", {f"redis://{number}": True for number in range(1001)}),
        ("urls", {"Canary" * 11_000: True}),
    ],
    ids=lambda value: ascii(value)[:24],
)
def test_a_value_of_another_type_is_refused_by_its_path(path: str, value: object) -> None:
    answer = changed(CLUSTER, tuple(path.split("/")), value)
    with pytest.raises(UnexpectedAnswer) as caught:
        from_wire(KIND, answer, Vault())
    assert f" InMemoryStore/{path} is not " in caught.value.message
    assert "Canary" not in str(caught.value)


def test_a_list_of_more_than_1000_shards_is_refused() -> None:
    shards: Any = {str(number): rules.defaults("Redis") for number in range(1001)}
    with pytest.raises(UnexpectedAnswer, match="stores is not a list of at most 1,000 items"):
        from_wire(KIND, {"@type": "Sharded", "stores": shards}, Vault())


@pytest.mark.parametrize(("path", "value"), [("poolMaxConnections", 0), ("maxRetryWait", 5000)])
def test_a_value_beyond_a_limit_of_the_field_is_taken(path: str, value: int) -> None:
    """Limits are checked at a set: an older server may have stored something else."""
    live = from_wire(KIND, changed(CLUSTER, (path,), value), Vault())
    assert live.tree.members[path] == value


@pytest.mark.parametrize("state", STATES)
def test_no_odd_value_of_a_server_is_a_fault_of_confsync(state: str, tmp_path: Path) -> None:
    stored, file = STATES[state], tmp_path / "a.yaml"
    for path in places(view(stored)):
        for value in VALUES:
            answer = changed(stored, path, value)
            session = Session(Target("t", "https://a.example.com"), Answering(answer), Vault())
            try:
                pull([str(file)], session, environment={}, write=False)
            except (UnexpectedAnswer, NotWritten):
                pass
            except ConfsyncError as error:
                shown = repr(value)[:40]
                kind = "a fault" if isinstance(error, Fault) else type(error).__name__
                pytest.fail(f"{kind} at {'/'.join(path)} = {shown}: {error}")


def test_unknown_fields_are_counted_beyond_the_first_20() -> None:
    names = {f"new{number:05}": number for number in range(100_000)}
    live = from_wire(KIND, {**names, **view(CLUSTER)}, Vault())
    assert live.unrecognised[:2] == ("new00000", "new00001")
    assert live.unrecognised[20:] == ("99,980 other names",)


def test_unknown_fields_are_listed_the_same_in_whatever_order_they_come() -> None:
    names = [f"new{number}" for number in range(30)]
    forth, back = (
        from_wire(KIND, {**dict.fromkeys(order), **view(CLUSTER)}, Vault()).unrecognised
        for order in (names, names[::-1])
    )
    assert forth == back


def without(value: Any, *names: str) -> Any:  # noqa: ANN401 - JSON
    """An answer without some fields, wherever they are."""
    if not isinstance(value, dict):
        return value
    return {name: without(one, *names) for name, one in value.items() if name not in names}


def test_a_field_that_an_older_server_lacks_has_its_default_and_is_named_once() -> None:
    whole: Any = {"@type": "Sharded", "stores": {"0": rules.defaults("Redis"), "1": CLUSTER}}
    whole["stores"]["2"] = rules.defaults("Redis")
    live = from_wire(KIND, without(view(whole), "timeout", "maxRetries"), Vault())
    assert [(path_text(one.path), one.tag) for one in live.absent] == [
        ("stores/0/timeout", "Redis"),
        ("stores/1/timeout", "RedisCluster"),
        ("stores/1/maxRetries", "RedisCluster"),
    ]
    stores = live.tree.members["stores"]
    assert isinstance(stores, Items)
    assert [one.members["timeout"] for one in stores.items] == [10_000] * 3
    assert live.unrecognised == ()


@pytest.mark.parametrize(
    ("stored", "names", "path"),
    [
        (CLUSTER, ("secret",), "authSecret/secret"),
        (SENTINEL, ("filePath",), "sentinelSecret/filePath"),
        (SHARDED, ("stores",), "stores"),
        (rules.defaults("Redis"), tuple(KIND.shape.objects["Redis"].fields), "url"),
    ],
)
def test_an_object_without_any_field_or_without_a_required_one_is_refused(
    stored: Any,  # noqa: ANN401 - JSON
    names: tuple[str, ...],
    path: str,
) -> None:
    with pytest.raises(UnexpectedAnswer, match=f"{path} is missing"):
        from_wire(KIND, without(view(stored), *names), Vault())
