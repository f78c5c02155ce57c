"""What the wire page says of updates and no recording holds, and the shape of the rules."""

from __future__ import annotations

import json

import pytest

from confsync.sandbox import body, pointer
from confsync.sandbox import patch_rules as rules
from confsync.sandbox.patch_rules import NotUpdated, Updated

CLUSTER = {**rules.defaults("RedisCluster"), "urls": {"redis://a": True}}


def urls_after(key: str, value: object = True) -> list[str]:  # noqa: FBT002 - a JSON value
    result = rules.update(CLUSTER, {key: value})
    assert isinstance(result, Updated), result
    urls = result.stored["urls"]
    assert isinstance(urls, dict)
    return list(urls)


@pytest.mark.parametrize(
    ("key", "member"),
    [
        (r"urls/redis:~1~1b", "redis://b"),
        (r"urls/a~0b", "a~b"),
        (r"urls/a\\b", r"a\b"),
        (r"urls/\*", "*"),
        (r"urls/\18446744073709551616", "18446744073709551616"),
        (r"urls/18446744073709551616", "18446744073709551615"),
        (r"urls/a~b", "ab"),
        (r"urls/redis:\/\/b", "redis://b"),
        ("urls/b\\", "b\\"),
        ("/urls/b", "b"),
        ("urls/\x85b\u3000", "b"),
        ("urls/\ufeffb\u200b", "\ufeffb\u200b"),
        ("urls/\x1cb", "\x1cb"),
    ],
)
def test_a_member_of_a_set_is_written_as_the_wire_page_says(key: str, member: str) -> None:
    assert urls_after(key) == ["redis://a", member]


def test_a_tilde_at_the_end_drops_the_whole_last_token() -> None:
    assert urls_after("urls/a~", {"z": True}) == ["z"]


def test_an_error_carries_a_pointer_rebuilt_from_its_tokens() -> None:
    result = rules.update(CLUSTER, {r"/nope/a\/b~0/99999999999999999999": 1})
    assert result == NotUpdated("invalidPatch", ("nope/a~1b~0/18446744073709551615",))


@pytest.mark.parametrize("patch", [None, "x", 1, True, [], [{}]])
def test_a_patch_that_is_no_object_drops_the_connection(patch: object) -> None:
    with pytest.raises(rules.Dropped):
        rules.update(CLUSTER, patch)


@pytest.mark.parametrize(
    "name", ["maxRetryWait", "minRetryWait", "maxRetries", "poolMaxConnections", "timeout"]
)
@pytest.mark.parametrize("value", ["-0", "1.0", "1e3", "-1", "18446744073709551616", "true"])
def test_only_a_64_bit_integer_is_a_number(name: str, value: str) -> None:
    patch = body.read(f'{{"{name}": {value}}}'.encode())
    assert rules.update(CLUSTER, patch) == NotUpdated("invalidPatch", (name,))


def test_limits_are_named_all_at_once_in_the_order_of_the_fields() -> None:
    patch = {"poolMaxConnections": 8193, "maxRetries": 0, "authSecret": {"@type": "Value"}}
    result = rules.update(CLUSTER, patch)
    assert isinstance(result, NotUpdated)
    assert result.type == "validationFailed"
    assert [error["property"] for error in result.validation_errors] == [
        "secret",
        "maxRetries",
        "poolMaxConnections",
    ]


SHARDED = {"@type": "Sharded", "stores": {"0": {"@type": "Redis"}, "1": {"@type": "Redis"}}}


def sharded() -> dict[str, object]:
    made = rules.create(SHARDED)
    assert isinstance(made, Updated)
    return made.stored


def test_limits_of_items_come_before_those_of_their_list() -> None:
    patch = {"stores": {"0": {"@type": "Redis", "poolMaxConnections": 0}}}
    result = rules.update(sharded(), patch)
    assert isinstance(result, NotUpdated)
    assert [error["type"] for error in result.validation_errors] == ["MinValue", "MinLength"]


@pytest.mark.parametrize(
    ("patch", "property_"),
    [
        ({"stores": {"0": {"@type": "Redis", "url": 5}}}, "stores/url"),
        ({"stores": {"0": {"@type": "Redis", "nope": 5}}}, "stores"),
        ({"stores/1": {"@type": "Redis", "url": 5}}, "stores/1/url"),
        ({"stores/1": {"@type": "Redis", "nope": 5}}, "stores/1"),
        ({"stores/1": {"@type": "RedisCluster", "urls": {"a": None}}}, "stores/1/urls"),
        ({"stores": {"4294967296": {"@type": "Redis"}}}, "stores"),
    ],
)
def test_an_error_in_an_item_leads_to_the_item(patch: object, property_: str) -> None:
    assert rules.update(sharded(), patch) == NotUpdated("invalidPatch", (property_,))


def test_a_secret_stays_in_its_slot_when_shards_are_swapped_by_members() -> None:
    started = rules.update(
        sharded(),
        {
            f"stores/{slot}": {
                "@type": "RedisCluster",
                "urls": {f"redis://{name}": True},
                "authSecret": {"@type": "Value", "secret": f"of {name}"},
            }
            for slot, name in enumerate("ab")
        },
    )
    assert isinstance(started, Updated)
    swap = {"stores/0/urls": {"redis://b": True}, "stores/1/urls": {"redis://a": True}}
    result = rules.update(started.stored, swap)
    assert isinstance(result, Updated)
    stores = result.stored["stores"]
    assert isinstance(stores, dict)
    assert stores["0"]["urls"] == {"redis://b": True}
    assert stores["0"]["authSecret"]["secret"] == "of a"


def test_slots_do_not_move_within_one_patch() -> None:
    new = {"@type": "Redis", "url": "redis://new"}
    result = rules.update(sharded(), {"stores/0": None, "stores/7": new, "stores/1/timeout": 7})
    assert isinstance(result, Updated)
    stores = result.stored["stores"]
    assert isinstance(stores, dict)
    assert [(slot, item["url"], item["timeout"]) for slot, item in stores.items()] == [
        ("0", "redis://127.0.0.1", 7),
        ("1", "redis://new", 10_000),
    ]


def test_a_set_in_another_order_is_stored_in_that_order() -> None:
    two = {**CLUSTER, "urls": {"redis://a": True, "redis://b": True}}
    result = rules.update(two, {"urls": {"redis://b": True, "redis://a": True}})
    assert isinstance(result, Updated)
    assert json.dumps(result.stored["urls"]) == '{"redis://b": true, "redis://a": true}'


@pytest.mark.parametrize("value", [None, 1, "true", {}])
def test_a_whole_set_holds_booleans_only(value: object) -> None:
    assert rules.update(CLUSTER, {"urls": {"redis://b": value}}) == NotUpdated(
        "invalidPatch", ("urls",)
    )


def test_limits_are_not_checked_where_nothing_changed() -> None:
    beyond = {**rules.defaults("Redis"), "poolMaxConnections": 0}
    assert rules.update(beyond, {"timeout": 10_000}) == Updated(beyond)
    assert isinstance(rules.update(beyond, {"timeout": 9_000}), NotUpdated)


def test_duplicates_last_wins_but_the_first_type_counts() -> None:
    patch = body.read(b'{"@type": "Redis", "timeout": 1, "@type": "Default", "timeout": 2}')
    result = rules.update(CLUSTER, patch)
    assert isinstance(result, Updated)
    assert (result.stored["@type"], result.stored["timeout"]) == ("Redis", 2)


def test_a_secret_is_stored_in_clear_and_shown_masked() -> None:
    secret = {"@type": "Value", "secret": " pa ss "}
    result = rules.update(CLUSTER, {"authSecret": secret, "urls/secret": True})
    assert isinstance(result, Updated)
    assert result.stored["authSecret"] == secret
    view = rules.get_view(result.stored)
    assert view["authSecret"] == {"@type": "Value", "secret": "****"}
    assert view["urls"] == {"redis://a": True, "secret": True}


def test_create_means_defaults_plus_these_values() -> None:
    assert rules.create({"@type": "Redis", "timeout": 5}) == Updated(
        {**rules.defaults("Redis"), "timeout": 5}
    )
    assert rules.create({"@type": "Default", "timeout": 5}) == Updated({"@type": "Default"})
    assert rules.create({"timeout": 5}) == NotUpdated("invalidPatch", ("timeout",))


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"NaN", b"[Infinity]", b"1e999", b"\xff", b'"\n"', b"[" * 128 + b"]" * 128],
)
def test_what_is_no_json_to_the_server_is_none_here(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        body.read(text)


def test_nesting_of_127_and_brackets_in_strings_are_json() -> None:
    body.read(b"[" * 127 + b"]" * 127)
    body.read(b'"' + b"[" * 200 + b'\\"["')


@pytest.mark.parametrize(
    ("key", "tokens"),
    [
        ("", ()),
        ("/", ()),
        ("//", ("", "")),
        ("a/", ("a", "")),
        ("0/00/7", (0, "00", 7)),
        (r"\7", ("7",)),
        ("a~/b", ("ab",)),
        ("a~", ()),
        ("~01", ("~1",)),
    ],
)
def test_a_key_is_cut_into_tokens(key: str, tokens: tuple[object, ...]) -> None:
    assert pointer.parse(key) == tokens
