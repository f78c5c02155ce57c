"""`confsync.schema.json`: the same tables again, and the differences of two versions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from confsync.jmap.published import version
from confsync.kinds import KINDS, in_use, using
from confsync.kinds.table import BUILT_IN
from confsync.kinds.table_file import (
    MAX_CHANGES,
    NoTables,
    Version,
    built_in_version,
    changes,
    text_of,
    version_of,
)
from confsync.sync.shape import variants_within
from tests.versions import Json, content, newer, older

if TYPE_CHECKING:
    from collections.abc import Callable

HASH = "h" * 43


def of(schema: Json) -> Version:
    return version(json.dumps(schema).encode(), HASH)


def test_a_file_gives_the_tables_that_it_was_made_of() -> None:
    for made in map(of, (content(), newer(), older())):
        text = text_of(made)
        assert version_of(text) == made
        assert text_of(version_of(text)) == text


def test_the_built_in_tables_are_those_of_their_schema() -> None:
    made = of(content())
    assert changes(built_in_version(), made) == ()
    assert made.left_out == ()
    with using(made.tables()):
        shapes = {name: kind.shape for name, kind in KINDS.items()}
    for name, shape in shapes.items():
        # Functions aside, which differ in no shape made twice.
        assert [one.tag for one in variants_within(shape)] == [
            one.tag for one in variants_within(KINDS[name].shape)
        ]


def test_the_order_of_a_schema_does_not_count() -> None:
    schema = content()
    turned = {
        part: dict(reversed(of.items())) if isinstance(of, dict) else of
        for part, of in reversed(schema.items())
    }
    assert text_of(of(turned)) == text_of(of(schema))


def test_tables_are_in_use_within_and_no_longer() -> None:
    names, before = tuple(KINDS), KINDS["InMemoryStore"]
    with using(of(newer()).tables()):
        assert "Limiter" in KINDS
        assert set(KINDS) >= {"InMemoryStore", "Limiter"}
        assert set(KINDS) == {*names, "Limiter"}
        kind = KINDS["InMemoryStore"]
        assert kind is KINDS["InMemoryStore"]
        assert "Keep" in kind.shape.objects
        # The words and rules stay.
        assert kind.state_rules == before.state_rules
        assert kind.change_rules == before.change_rules
        assert kind.shape.objects["Redis"].fields["url"].summary
        with using(of(older()).tables()):
            assert "RedisSentinel" not in KINDS["InMemoryStore"].shape.objects
            assert "Limiter" not in KINDS
        with using(None):
            assert "Limiter" in KINDS
    assert in_use() is BUILT_IN
    assert KINDS["InMemoryStore"] is before
    assert tuple(KINDS) == names


def field(schema: Json, type_: str, name: str) -> Json:
    found: Json = schema["fields"][f"x:{type_}"]["properties"][name]["type"]
    return found


def limits(schema: Json) -> None:
    field(schema, "RedisStore", "poolMaxConnections")["max"] = 9000
    field(schema, "Http", "redirectRoot").pop("nullable")


def default(schema: Json) -> None:
    schema["fields"]["x:RedisStore"]["defaults"]["timeout"] = 5000
    schema["fields"]["x:RedisStore"]["defaults"]["url"] = f"redis://u:Canary@{'a' * 99}"


def secret(schema: Json) -> None:
    field(schema, "SecretKeyValue", "secret")["format"] = "string"


def choice(schema: Json) -> None:
    schema["enums"]["RedisProtocol"].append({"name": "resp4"})


def kind(schema: Json) -> None:
    field(schema, "Http", "enableHsts").clear()
    field(schema, "Http", "enableHsts").update(type="objectId", objectName="x:Rate")


DIFFERENCES: list[tuple[Callable[[Json], None], tuple[str, ...]]] = [
    (limits, ("~ InMemoryStore · Redis: poolMaxConnections: max 8192 → 9000",
              "~ Http: redirectRoot: nullable true → none")),
    (default, ("~ InMemoryStore · Redis: timeout: default 10000 → 5000",
               '~ InMemoryStore · Redis: url: default "redis://127.0.0.1" → ')),
    (secret, ('~ SecretKeyOptional · Value: secret: type "secret" → "string"',)),
    (choice, ("~ InMemoryStore · RedisCluster: protocolVersion: + choice resp4",)),
    (kind, ('~ Http: enableHsts: type "boolean" → "id"', '~ Http: enableHsts: of none → "Rate"')),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "lines"), DIFFERENCES)
def test_what_changed_is_said_in_plain_lines(
    edit: Callable[[Json], None], lines: tuple[str, ...]
) -> None:
    schema = content()
    edit(schema)
    found = changes(of(content()), of(schema))
    for line in lines:
        assert any(one.startswith(line) for one in found), found
    assert all("Canary" not in one and len(one) < 300 for one in found)
    back = changes(of(schema), of(content()))
    assert len(back) == len(found)


def test_changes_beyond_a_limit_are_counted() -> None:
    many: dict[str, Json] = {f"T{number}": {"": {}} for number in range(MAX_CHANGES + 2)}
    found = changes(Version("", (), {}), Version("", tuple(many), many))
    assert len(found) == MAX_CHANGES + 1
    assert found[-1] == "and 2 more"


def test_each_cut_of_a_file_is_found() -> None:
    text = text_of(of(content()))
    for length in range(0, len(text) - 1, 997):
        with pytest.raises(NoTables):
            version_of(text[:length])
