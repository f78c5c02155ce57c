"""Settings objects, actions and the schema, asked of the site behind the socket."""

from __future__ import annotations

import copy
import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from confsync.sandbox import Schema
from confsync.sandbox.accounts import Accounts
from confsync.sandbox.schema import builtin
from confsync.sandbox.site import Question, Site
from confsync.sandbox.storage import Storage

if TYPE_CHECKING:
    from pathlib import Path

    from confsync.sandbox.site import Answer

Json = dict[str, Any]

KEYS = {
    "all": frozenset(
        {"authenticate", "sysHttpGet", "sysHttpUpdate", "sysActionCreate", "actionReloadSettings"}
    ),
    "get": frozenset({"authenticate", "sysHttpGet", "sysActionCreate"}),
    "nothing": frozenset({"authenticate"}),
    "outside": frozenset({"sysHttpGet"}),
}
BASIC = "Basic YWRtaW46c2FuZGJveA=="
STORE = "x:InMemoryStore"


def site(schema: Schema | None = None, state: Path | None = None) -> Site:
    return Site(Storage(state, None, schema), Accounts(KEYS), "community")


def asked(on: Site, method: str, path: str, body: object = None, key: str = "") -> Answer:
    headers = {"content-type": "application/json"}
    if key != "nobody":
        headers["authorization"] = f"Bearer {key}" if key else BASIC
    return on.answer(Question(method, path, headers, json.dumps(body).encode()))


def call(on: Site, name: str, arguments: object, key: str = "") -> Json:
    """The arguments of the answer; those of an error have no `accountId`."""
    body = {"using": [], "methodCalls": [[name, arguments, "0"]]}
    answer = json.loads(asked(on, "POST", "/jmap/", body, key).body)
    arguments = answer["methodResponses"][0][1]
    assert isinstance(arguments, dict)
    return arguments


def got(on: Site, name: str) -> Json:
    (found,) = call(on, f"{name}/get", {"ids": ["singleton"]})["list"]
    assert isinstance(found, dict)
    return found


def update(on: Site, name: str, patch: object, key: str = "") -> object:
    answer = call(on, f"{name}/set", {"update": {"singleton": patch}}, key)
    return answer.get("updated") or answer.get("notUpdated") or answer["type"]


UPDATED = {"singleton": None}


def refused(properties: list[str]) -> object:
    description = "a name or a value that this object cannot hold"
    refusal = {"type": "invalidPatch", "description": description, "properties": properties}
    return {"singleton": refusal}


# Objects


def test_each_object_is_stored_by_itself() -> None:
    on = site()
    assert update(on, "x:Http", {"rateLimitAnonymous": {"count": 5}}) == UPDATED
    assert update(on, "x:Cache", {"events": 4096}) == UPDATED
    assert update(on, "x:Http", {"nope": 5}) == refused(["nope"])
    assert got(on, "x:Http")["rateLimitAnonymous"] == {"count": 5, "period": 60_000}
    assert got(on, "x:Cache")["events"] == 4096
    assert got(on, STORE) == {"@type": "Default", "id": "singleton"}


def test_create_replaces_and_destroy_is_refused() -> None:
    on = site()
    assert update(on, "x:Http", {"enableHsts": True, "redirectRoot": "/a"}) == UPDATED
    answer = call(on, "x:Http/set", {"create": {"c": {"redirectRoot": "/b"}}})
    assert answer["created"] == {"c": {"id": "singleton"}}
    assert (got(on, "x:Http")["enableHsts"], got(on, "x:Http")["redirectRoot"]) == (False, "/b")
    answer = call(on, "x:Http/set", {"destroy": ["singleton"]})
    assert answer["notDestroyed"]["singleton"]["type"] == "singleton"


def test_null_ids_find_each_object_once_it_was_stored_twice() -> None:
    on = site()
    update(on, "x:Cache", {"events": 4096})
    for size, listed in ((2048, 0), (4096, 1)):
        assert update(on, "x:Http", {"enableHsts": size == 2048}) == UPDATED
        assert len(call(on, "x:Http/get", {"ids": None})["list"]) == listed
    assert call(on, "x:Cache/get", {"ids": None})["list"] == []


def test_secrets_are_stored_in_clear_and_masked_even_where_there_is_none() -> None:
    on = site()
    empty = {"@type": "Value", "secret": "****"}
    assert got(on, "x:OidcProvider")["encryptionKey"] == empty
    headers = {"secret": "no secret"}
    auth = {"@type": "Bearer", "bearerToken": {"@type": "Value", "secret": "t0k"}}
    patch = {"@type": "ElasticSearch", "url": "a", "httpAuth": auth, "httpHeaders": headers}
    assert update(on, "x:SearchStore", patch) == UPDATED
    shown = got(on, "x:SearchStore")
    assert shown["httpAuth"]["bearerToken"]["secret"] == "****"
    assert shown["httpHeaders"] == headers
    stored = on.storage.get("x:SearchStore")
    assert stored["httpAuth"] == auth


def test_objects_whose_defaults_are_not_valid_take_all_that_is_missing_at_once() -> None:
    on = site()
    name = "x:SystemSettings"
    assert update(on, name, {}) == UPDATED
    errors = [{"type": "Required", "property": word} for word in ("defaultDomainId",)]
    found = update(on, name, {"defaultHostname": "Mail.Example.ORG"})
    assert found == {"singleton": {"type": "validationFailed", "validationErrors": errors}}
    patch = {"defaultHostname": "Mail.Example.ORG", "defaultDomainId": "b"}
    assert update(on, name, patch) == UPDATED
    assert got(on, name)["defaultHostname"] == "mail.example.org"


@pytest.mark.parametrize("member", ["count", "@type", "nope"])
def test_null_through_a_pointer_into_a_nullable_object_is_refused(member: str) -> None:
    key = f"rateLimitAnonymous/{member}"
    assert update(site(), "x:Http", {key: None}) == refused([key])


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        (" bücher.de ", "xn--bcher-kva.de"),
        ("h.example", None),
        ("localhost", None),
        ("192.0.2.7", "192.0.2.7"),
        ("::FFFF:102:304", "::ffff:1.2.3.4"),
        ("a.192", None),
        ("box.lan", "box.lan"),
        ("-a.de", None),
        ("a..de", None),
    ],
)
def test_a_host_name_is_written_as_the_server_stores_it(text: str, stored: str | None) -> None:
    on = site()
    update(on, "x:SystemSettings", {"defaultHostname": "a.org", "defaultDomainId": "b"})
    found = update(on, "x:SystemSettings", {"defaultHostname": text})
    assert found == (UPDATED if stored else refused(["defaultHostname"]))
    assert got(on, "x:SystemSettings")["defaultHostname"] == (stored or "a.org")


def test_an_id_that_refers_to_nothing_in_the_request_is_an_error() -> None:
    assert update(site(), "x:Authentication", {"directoryId": "#x"}) == "invalidResultReference"


@pytest.mark.parametrize("name", ["x:AccountSettings", "x:AccountPassword", "x:Bootstrap"])
def test_objects_of_an_account_are_not_found(name: str) -> None:
    assert call(site(), f"{name}/get", {"ids": ["singleton"]})["notFound"] == ["singleton"]
    answer = call(site(), f"{name}/set", {"update": {"singleton": {}}})
    assert answer["notUpdated"]["singleton"]["type"] == "notFound"


@pytest.mark.parametrize("name", ["x:Domain/get", "VacationResponse/get", "x:Http/query", "x:Http"])
def test_a_method_that_is_not_played_is_unknown(name: str) -> None:
    assert call(site(), name, {"ids": []})["type"] == "unknownMethod"


def test_17_calls_are_too_many_and_none_of_them_runs() -> None:
    on = site()
    calls = [["x:Http/set", {"update": {"singleton": {"enableHsts": True}}}, "0"]] * 17
    answer = asked(on, "POST", "/jmap/", {"using": [], "methodCalls": calls})
    assert answer.status == 400
    assert json.loads(answer.body)["limit"] == "maxCallsInRequest"
    assert got(on, "x:Http")["enableHsts"] is False


# Permissions and actions


def test_each_object_needs_its_own_permissions() -> None:
    on = site()
    assert update(on, "x:Http", {"enableHsts": True}, "all") == UPDATED
    assert update(on, "x:Http", {"enableHsts": False}, "get") == "forbidden"
    ids = {"ids": ["singleton"]}
    assert len(call(on, "x:Http/get", ids, "get")["list"]) == 1
    assert call(on, "x:Cache/get", ids, "all")["type"] == "forbidden"
    assert call(on, "x:Http/get", ids, "nothing")["type"] == "forbidden"


def test_an_administrator_has_the_permissions_of_all_objects() -> None:
    permissions = json.loads(asked(site(), "GET", "/api/account").body)["permissions"]
    assert len(permissions) == 3 + 2 * 55
    assert {"authenticate", "actionReloadSettings", "sysSpamPyzorGet"} <= set(permissions)


def test_settings_are_reloaded_by_those_who_may() -> None:
    on = site()
    create = {"create": {"r": {"@type": "ReloadSettings"}}}
    for key in ("", "all"):
        assert call(on, "x:Action/set", create, key)["created"] == {"r": {"id": "bvqq2qj"}}
    answer = call(on, "x:Action/set", create, "get")
    assert answer["notCreated"]["r"]["type"] == "forbidden"
    assert call(on, "x:Action/set", create, "nothing")["type"] == "forbidden"
    answer = call(on, "x:Action/set", {"create": {"r": {"@type": "Nope"}}})
    assert answer["notCreated"]["r"]["type"] == "invalidPatch"


# The schema, and other versions of the server


def test_the_schema_stands_at_its_hash() -> None:
    on = site()
    first = asked(on, "GET", "/api/schema")
    location = dict(first.headers)["Location"]
    assert (first.status, first.body) == (302, b"")
    assert len(location.removeprefix("/api/schema/")) == 43
    answer = asked(on, "GET", location, key="nothing")
    headers = dict(answer.headers)
    assert (answer.status, headers["Content-Encoding"]) == (200, "gzip")
    assert headers["Content-Type"] == "application/json"
    assert json.loads(gzip.decompress(answer.body)) == builtin().content
    other = asked(on, "GET", f"{location[:-1]}x")
    assert (other.status, dict(other.headers)["Location"]) == (302, location)


@pytest.mark.parametrize("path", ["/api/schema", "/api/schema/x"])
def test_the_schema_is_for_those_who_may_log_in(path: str) -> None:
    assert asked(site(), "GET", path, key="nobody").status == 401
    assert asked(site(), "GET", path, key="wrong").status == 401
    assert asked(site(), "GET", path, key="outside").status == 403


def newer() -> Json:
    """The schema of a server with a variant and a field more, and a variant less."""
    content = copy.deepcopy(builtin().content)
    variants = content["schemas"][STORE]["variants"]
    variants[:] = [variant for variant in variants if variant["name"] != "RedisSentinel"]
    variants.append({"name": "Keep", "schemaName": "x:KeepStore"})
    text = {"type": "string", "format": "string"}
    content["fields"]["x:KeepStore"] = {
        "defaults": {"hosts": {"127.0.0.1:1": True}},
        "properties": {
            "hosts": {"type": {"type": "set", "class": text}, "update": "mutable"},
            "clusterDiscovery": {"type": {"type": "boolean"}, "update": "mutable"},
            "secret": {"type": {"type": "object", "objectName": "x:SecretKeyOptional"}},
            "limit": {"type": {"type": "object", "objectName": "x:Rate", "nullable": True}},
        },
    }
    limited = {"type": "number", "format": "unsignedInteger", "min": 1, "max": 9}
    content["fields"]["x:RedisStore"]["properties"]["brandNew"] = {"type": limited}
    content["fields"]["x:RedisStore"]["defaults"]["brandNew"] = 3
    return content


@pytest.mark.parametrize("zipped", [False, True])
def test_another_schema_plays_another_server(*, zipped: bool) -> None:
    document = json.dumps(newer()).encode()
    schema = Schema(gzip.compress(document) if zipped else document).check()
    on = site(schema)
    patch = {"@type": "Keep", "hosts/a:1": True}
    assert update(on, STORE, patch) == refused([""])
    secret = {"@type": "Value", "secret": "s"}
    assert update(on, STORE, {"@type": "Keep", "secret": secret}) == UPDATED
    assert update(on, STORE, {"hosts/a:1": True, "clusterDiscovery": True}) == UPDATED
    assert got(on, STORE) == {
        "@type": "Keep",
        "id": "singleton",
        "hosts": {"127.0.0.1:1": True, "a:1": True},
        "clusterDiscovery": True,
        "secret": {"@type": "Value", "secret": "****"},
        "limit": None,
    }
    assert update(on, STORE, {"@type": "RedisSentinel"}) == refused([""])
    assert update(on, STORE, {"@type": "Redis", "timeout": 1}) == UPDATED
    assert got(on, STORE)["brandNew"] == 3
    failed = update(on, STORE, {"brandNew": 10})
    error = {"type": "MaxValue", "property": "brandNew", "required": 9}
    assert failed == {"singleton": {"type": "validationFailed", "validationErrors": [error]}}
    location = dict(asked(on, "GET", "/api/schema").headers)["Location"]
    assert location == f"/api/schema/{schema.hash}" != f"/api/schema/{builtin().hash}"
    assert json.loads(gzip.decompress(asked(on, "GET", location).body)) == newer()


def broken(*path: str, value: object) -> bytes:
    content = json.loads(json.dumps(builtin().content))
    target = content
    for name in path[:-1]:
        target = target[name]
    target[path[-1]] = value
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    "document",
    [
        *(b"", b"{}", b"[]", b"{", b"\x1f\x8b", gzip.compress(b"[]", mtime=0), b'{"objects": []}'),
        broken("fields", "x:Http", value={}),
        broken("schemas", "x:Http", value={"type": "multiple", "variants": []}),
        broken("schemas", "x:Rate", value=None),
        broken("enums", value={}),
        broken("fields", "x:Rate", "properties", "count", "type", value=1),
        broken("fields", "x:Http", "defaults", "rateLimitAnonymous", "period", value="soon"),
        broken("fields", "x:Rate", "properties", "a", value={"type": "object"}),
        broken("fields", "x:MailExchanger", value={}),
    ],
)
def test_what_is_no_schema_is_refused(document: bytes) -> None:
    with pytest.raises(ValueError, match="no schema"):
        Schema(document).check()


# State


def test_a_state_file_holds_all_objects(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    on = site(state=state)
    assert update(on, "x:Http", {"enableHsts": True}) == UPDATED
    assert update(on, STORE, {"@type": "Redis", "timeout": 7}) == UPDATED
    again = site(state=state)
    assert got(again, "x:Http")["enableHsts"] is True
    assert got(again, STORE)["timeout"] == 7
    assert call(again, "x:Http/get", {"ids": None})["list"] == []
    assert update(again, "x:Http", {"enableHsts": False}) == UPDATED
    assert len(call(again, "x:Http/get", {"ids": None})["list"]) == 1


def test_a_state_file_with_one_object_is_still_read(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text(json.dumps({"stored": {"@type": "Redis", "timeout": 7}, "writes": 2}))
    on = site(state=state)
    assert got(on, STORE)["timeout"] == 7
    assert len(call(on, f"{STORE}/get", {"ids": None})["list"]) == 1


@pytest.mark.parametrize(
    "stored",
    [
        *({"x:Nope": {}}, {"x:Http": 1}, {STORE: {}}, [], 1),
        {"x:Authentication": {"directoryId": "#x"}},
    ],
)
def test_a_state_file_with_other_things_is_refused(tmp_path: Path, stored: object) -> None:
    state = tmp_path / "state.json"
    state.write_text(json.dumps({"stored": stored, "writes": {}}))
    with pytest.raises(ValueError, match="no state"):
        site(state=state)
