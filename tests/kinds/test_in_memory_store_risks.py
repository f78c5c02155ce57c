"""State rules of the in-memory store, held against measured restarts: wire section 7."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from confsync.kinds.in_memory_store import IN_MEMORY_STORE
from confsync.kinds.in_memory_store_risks import RULE, breaches
from confsync.kinds.kind import default_object
from confsync.sync.secret import IN_CLEAR, Ref, Secret, Vault
from confsync.sync.tree import Members, Object
from confsync.sync.url import Url, compose, seal_url
from confsync.workflow.validate import validate

STARTS = Path(__file__).parent.parent / "wire" / "startup.jsonl"
ROWS = [json.loads(line) for line in STARTS.read_text("utf-8").splitlines()]
DURATIONS = {"timeout", "poolTimeoutCreate", "poolTimeoutWait", "poolTimeoutRecycle"}

REFUSED = {
    "redis-db-text": "url has an invalid database",
    "redis-scheme-http": "url has an unknown scheme",
    "redis-port-too-large": "url has an invalid port",
    "cluster-mixed-tls-tls-first": "urls/1 has no TLS, unlike the first URL",
    "cluster-db-in-url": "urls/0 has a database other than 0",
    "cluster-mixed-db": "urls/0 has a database other than 0",
    "cluster-no-scheme": "urls/0 has no scheme",
    "sentinel-no-scheme": "urls/0 has no scheme",
}
"""The measured restarts that a rule covers, each with the first thing that is said of it."""


def as_file(stored: dict[str, Any]) -> dict[str, Any]:
    """A stored object as a file says it, without what does not matter here."""
    found: dict[str, Any] = {}
    for name, value in stored.items():
        if name == "urls":
            found[name] = list(value)
        elif name == "stores":
            found[name] = [as_file(item) for item in value.values()]
        elif name not in {*DURATIONS, "maxRetryWait", "minRetryWait"}:
            found[name] = value
    return found


def told(directory: Path, store: dict[str, Any]) -> list[str]:
    file = directory / "store.yaml"
    file.write_text(json.dumps({"InMemoryStore": store}), "utf-8")
    return [problem.message for problem in validate([str(file)]) if problem.rule == RULE]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_a_setting_with_which_a_server_started_is_never_refused(
    row: dict[str, Any], tmp_path: Path
) -> None:
    found = told(tmp_path, as_file(row["stored"]))
    if row["remote"] == 200:
        assert found == []
    else:
        expected = REFUSED.get(row["name"])
        assert found[:1] == ([f"{expected}: the store will not start"] if expected else [])


def test_every_row_that_a_rule_covers_was_measured() -> None:
    assert len(ROWS) == 74
    assert set(REFUSED) <= {row["name"] for row in ROWS if row["remote"] == 500}


def store(tag: str, *urls: Url) -> Object:
    whole = default_object(IN_MEMORY_STORE.shape, tag)
    member = {"url": urls[0]} if tag == "Redis" else {"urls": Members(urls)}
    return Object(tag, {**whole.members, **member})


def of(tag: str, *texts: str) -> list[str]:
    vault = Vault()
    urls = (seal_url(text, vault, None) for text in texts)
    return [breach.message.partition(":")[0] for breach in breaches(store(tag, *urls))]


GOOD = (
    *("redis://h", "REDISS://h:6379/", "valkey://h/0", "valkeys://h//3//", "redis://h/+3"),
    *("redis://[::1]:7000/1", "redis://h:", "redis://h:00006379", "redis://u@h/1", "redis://h:0"),
    *("redis://h?protocol=resp3", "redis://h/1?x=/a#insecure", "rediss://h/#insecure"),
    *("redis://:pw@h:6379/1", "redis://u:p%2Fw@h", "redis://h/a/../1", "redis://h/%2E/1"),
    *("unix:///run/redis.sock", "redis+unix:///x?db=a", "valkey+unix:///x", "\x1fredis://h"),
)


@pytest.mark.parametrize("text", GOOD)
def test_a_url_that_a_server_can_start_with_breaks_no_rule(text: str) -> None:
    assert of("Redis", text) == []


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("cache.example.com:6379", "has no scheme"),
        ("localhost", "has no scheme"),
        ("redis:h", "has no scheme"),
        ("redis:/h", "has no scheme"),
        ("u:pw@h", "has no scheme"),
        ("http://h", "has an unknown scheme"),
        ("redis+tls://h", "has an unknown scheme"),
        ("redis://", "has no host"),
        ("redis:///1", "has no host"),
        ("redis://:6379", "has no host"),
        ("redis://:pw@/1", "has no host"),
        ("redis://h:65536", "has an invalid port"),
        ("redis://h:" + "9" * 5000, "has an invalid port"),
        ("redis://[::1]:99999", "has an invalid port"),
        ("redis://h:six", "has an invalid port"),
        ("redis://h:-1", "has an invalid port"),
        ("redis://u:pw@h:99999", "has an invalid port"),
        ("redis://h/cache", "has an invalid database"),
        ("redis://h/1/2", "has an invalid database"),
        ("redis://h/1.5", "has an invalid database"),
        ("redis://:pw@h/cache?x=1", "has an invalid database"),
    ],
)
def test_a_url_that_no_server_can_start_with_is_refused(text: str, fact: str) -> None:
    assert of("Redis", text) == [f"url {fact}"]
    assert f"urls/0 {fact}" in of("RedisCluster", text)
    assert of("RedisSentinel", text) == [f"urls/0 {fact}"]


@pytest.mark.parametrize(
    ("texts", "facts"),
    [
        ((), ["urls is empty"]),
        (("redis://a", "rediss://b", "redis://c"), []),
        (("rediss://a", "VALKEYS://b"), []),
        (
            ("valkeys://a", "rediss://b", "redis://c"),
            ["urls/2 has no TLS, unlike the first URL"],
        ),
        (("redis://a/0", "redis://b/00", "redis://c/"), []),
        (("redis://a", "redis://b/1"), ["urls/1 has a database other than 0"]),
        (("unix:///x",), ["urls/0 is a unix socket, which only Redis supports"]),
        # What is wrong with one URL says nothing of another.
        (("http://a", "redis://b"), ["urls/0 has an unknown scheme"]),
    ],
)
def test_the_urls_of_a_cluster_have_rules_of_their_own(
    texts: tuple[str, ...], facts: list[str]
) -> None:
    assert of("RedisCluster", *texts) == facts


def test_sentinels_may_differ_in_tls_and_have_databases() -> None:
    assert of("RedisSentinel", "rediss://a/5", "redis://b") == []
    assert of("RedisSentinel") == ["urls is empty"]


PASSWORD = Secret(None, Ref("env", "CACHE_PASSWORD"))


def test_what_a_reference_leads_to_is_not_judged() -> None:
    whole = Url((), Ref("env", "CACHE_URL"))
    assert list(breaches(store("Redis", whole))) == []
    plain = Url(("redis://h",))
    assert list(breaches(store("RedisCluster", whole, plain))) == []
    assert list(breaches(store("RedisCluster", Url(("rediss://h",)), whole))) == []


def test_around_a_referenced_password_everything_is_judged() -> None:
    assert list(breaches(store("Redis", compose("redis://h:6379/1", "u:/", PASSWORD)))) == []
    (breach,) = breaches(store("Redis", compose("redis://h:99999", "u", PASSWORD)))
    assert breach.message.startswith("url has an invalid port")
    assert breach.path == ("url",)


def test_a_password_in_clear_may_hold_what_looks_like_the_end_of_a_host() -> None:
    """`redis://h:1/1?x@y/cache` works: database 1, and a query that nobody reads."""
    hidden = Secret(7, IN_CLEAR)
    assert list(breaches(store("Redis", Url(("redis://h:", hidden, "@y/cache"))))) == []
    (breach,) = breaches(store("Redis", Url(("http://h:", hidden, "@y/cache"))))
    assert breach.message.startswith("url has an unknown scheme")
    in_query = Url(("redis://h/cache?password=", hidden))
    assert len(list(breaches(store("Redis", in_query)))) == 1


def test_no_message_repeats_a_part_of_a_url() -> None:
    text = "Canary://Canary:Canary@Canary:Canary/Canary?Canary=Canary"
    texts = (text, text.replace("Canary", "redis", 1), "Canary:Canary")
    for breach in breaches(store("RedisCluster", *(seal_url(text, Vault()) for text in texts))):
        assert "anary" not in breach.message + breach.hint
