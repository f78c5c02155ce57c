"""State rules of the in-memory store, held against measured restarts: wire section 7."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from confsync.kinds.in_memory_store import IN_MEMORY_STORE
from confsync.kinds.in_memory_store_risks import STATE_RULES
from confsync.kinds.kind import default_object
from confsync.sync.findings import Facts, State, state_problems
from confsync.sync.secret import IN_CLEAR, Ref, Secret, Vault
from confsync.sync.tree import Items, Members, Object
from confsync.sync.url import Url, compose, seal_url
from confsync.sync.values import Desired, Origin
from confsync.workflow.validate import validate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from confsync.sync.findings import Breach
    from confsync.sync.tree import Path as Path_

STARTS = Path(__file__).parent.parent / "wire" / "startup.jsonl"
ROWS = [json.loads(line) for line in STARTS.read_text("utf-8").splitlines()]
DURATIONS = {"timeout", "poolTimeoutCreate", "poolTimeoutWait", "poolTimeoutRecycle"}

START = "will-not-start"
VERDICTS = {
    "redis-db-text": (START, "url has an invalid database"),
    "redis-scheme-http": (START, "url has an unknown scheme"),
    "redis-port-too-large": (START, "url has an invalid port"),
    "cluster-mixed-tls-tls-first": (START, "urls/1 has no TLS, unlike the first URL"),
    "cluster-db-in-url": (START, "urls/0 has a database other than 0"),
    "cluster-mixed-db": (START, "urls/0 has a database other than 0"),
    "cluster-no-scheme": (START, "urls/0 has no scheme"),
    "cluster-url-user-differs": (START, "urls/1 has another user than the first URL"),
    "sentinel-no-scheme": (START, "urls/0 has no scheme"),
    "sentinel-pw-default-user": ("default-username", "authUsername is not set"),
    "cluster-acl-user": ("default-username", "authUsername is not set"),
}
"""What can be decided offline: the rows with a risk, its rule, and the first thing said of it.

All others that do not start depend on what answers at the address: `cannot tell`. The one row
with `default-username` that works has a Redis user `stalwart`: the rule is a question.
"""


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


def told(directory: Path, store: dict[str, Any]) -> list[tuple[str, str]]:
    """The risks of a file, but those about secrets in plain text, each with its rule."""
    file = directory / "store.yaml"
    file.write_text(json.dumps({"InMemoryStore": store}), "utf-8")
    problems = (one for one in validate([str(file)]) if one.risk and one.rule != "plaintext-secret")
    return [(problem.rule, problem.message) for problem in problems]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_the_verdict_of_a_file_is_the_measured_truth_as_far_as_it_can_be_seen(
    row: dict[str, Any], tmp_path: Path
) -> None:
    found = told(tmp_path, as_file(row["stored"]))
    rule, fact = VERDICTS.get(row["name"], ("", ""))
    assert [one for one, _ in found[:1]] == ([rule] if rule else [])
    assert not found or found[0][1].startswith(fact)
    if row["remote"] == 200:
        assert START not in {one for one, _ in found}


def test_every_row_with_a_verdict_was_measured() -> None:
    assert len(ROWS) == 74
    truth = {row["name"]: row["remote"] for row in ROWS}
    assert [name for name in VERDICTS if truth[name] == 200] == ["cluster-acl-user"]


@pytest.mark.parametrize(
    ("edition", "found"),
    [
        ("", []),
        ("enterprise", []),
        ("community", ["sharded-needs-enterprise"]),
        ("oss", ["sharded-needs-enterprise"]),
    ],
)
def test_shards_need_a_licence_if_the_edition_is_known(edition: str, found: list[str]) -> None:
    tree = default_object(IN_MEMORY_STORE.shape, "Sharded")
    stored = Object("Sharded", {"stores": Items((store("Redis", Url(("redis://h",))),) * 2)})
    assert tree.tag == stored.tag
    assert rules_broken(stored, Facts(edition=edition)) == found


def desired(tree: Object, **why: Any) -> Desired:  # noqa: ANN401 - reasons of origins
    """A desired state whose fields all stand in a file, but those in `why`."""
    origins: dict[Path_, Origin] = {(name,): Origin(reason) for name, reason in why.items()}
    return Desired("InMemoryStore", tree, tree, {(): Origin("file", "a.yaml", 1, 1), **origins}, "")


def rules_broken(tree: Object, facts: Facts = Facts(), **why: Any) -> list[str]:  # noqa: ANN401,B008
    return [problem.rule for problem in state_problems(desired(tree, **why), STATE_RULES, facts)]


def breaches(tree: Object) -> Iterable[Breach]:
    """The breaches of `will-not-start`."""
    (rule,) = (rule for rule in STATE_RULES if rule.id == START)
    return rule.find(State(desired(tree)))


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
        ("redis://[2001:db8::zz]:6379", "has an invalid host"),
        ("redis://[fe80::1%eth0]", "has an invalid host"),
        ("redis://[cache]", "has an invalid host"),
        ("redis:// cache:6379", "has an invalid host"),
        ("redis://<host>:6379", "has an invalid host"),
        ("redis://a:6379,b:6379", "has several hosts"),
        ("redis://a,b", "has several hosts"),
        ("redis://h/-1", "has an invalid database"),
        ("redis://h/99999999999999999999", "has an invalid database"),
        ("redis://::1:6379", "has several colons in its address"),
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
        # Another user or password than the first URL's: only where the first URL has one.
        (("redis://:pw@a", "redis://:pw@b"), []),
        (
            ("redis://:pw@a", "redis://b"),
            ["urls/1 has no password, unlike the first URL"],
        ),
        (
            ("redis://:one@a", "redis://:two@b"),
            ["urls/1 has another password than the first URL"],
        ),
        (("redis://a", "redis://:pw@b"), []),
        (("redis://a?protocol=resp3", "redis://b?x=1&protocol=resp3"), []),
        (
            ("redis://a?protocol=resp3", "redis://b"),
            ["urls/1 has another protocol than the first URL"],
        ),
        # What is wrong with one URL says nothing of another.
        (("http://a", "redis://b"), ["urls/0 has an unknown scheme"]),
    ],
)
def test_the_urls_of_a_cluster_have_rules_of_their_own(
    texts: tuple[str, ...], facts: list[str]
) -> None:
    assert of("RedisCluster", *texts) == facts


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("unix:/run/redis.sock", []),
        ("redis+unix:///run/redis.sock?pass=pw", []),
        ("unix://run/redis.sock", ["url has text before the path of its socket"]),
        ("unix://:pw@/run/redis.sock", ["url has text before the path of its socket"]),
    ],
)
def test_a_socket_has_only_a_path_and_a_query(text: str, facts: list[str]) -> None:
    assert of("Redis", text) == facts


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


def test_passwords_of_a_cluster_are_judged_only_where_both_are_known() -> None:
    first, other = (
        compose("redis://a", "", Secret(None, Ref("env", name))) for name in ("ONE_PW", "TWO_PW")
    )
    assert list(breaches(store("RedisCluster", first, other))) == []
    (breach,) = breaches(store("RedisCluster", first, Url(("redis://b",))))
    assert breach.path == ("urls", 1)
    tree = store("RedisCluster", first, Url(("redis://b",)))
    by_fields = Object("RedisCluster", {**tree.members, "authSecret": VALUE})
    assert list(breaches(by_fields)) == []


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


def test_messages_repeat_nothing_of_a_url_but_its_host() -> None:
    text = "Canary://Canary:Canary@Canary:Canary/Canary?Canary=Canary"
    texts = (text, text.replace("Canary", "redis", 1), "Canary:Canary")
    for breach in breaches(store("RedisCluster", *(seal_url(text, Vault()) for text in texts))):
        assert "anary" not in breach.message + breach.hint


# The other rules: each fires, nearly does, and is silent where its facts are not known


def redis(**fields: Any) -> Object:  # noqa: ANN401 - fields of a store
    return _with("Redis", fields)


def cluster(**fields: Any) -> Object:  # noqa: ANN401 - fields of a store
    return _with("RedisCluster", fields)


def sentinel(**fields: Any) -> Object:  # noqa: ANN401 - fields of a store
    return _with("RedisSentinel", fields)


def _with(tag: str, fields: dict[str, Any]) -> Object:
    """A store that breaks no rule, with some fields. `url` and `urls` are texts."""
    whole = dict(default_object(IN_MEMORY_STORE.shape, tag).members)
    urls = fields.pop("urls", ["rediss://h.example.com:26379"])
    urls = [fields.pop("url", *urls)] if tag == "Redis" else urls
    sealed = tuple(seal_url(text, Vault()) for text in urls)
    place = {"url": sealed[0]} if tag == "Redis" else {"urls": Members(sealed)}
    return Object(tag, {**whole, **place, **fields})


VALUE = Object("Value", {"secret": PASSWORD})
NO_SECRET = Object("None", {})


@pytest.mark.parametrize(
    ("tree", "why", "found"),
    [
        # default-username: nobody wrote the user that a password is sent with.
        (cluster(authSecret=VALUE), {"authUsername": "default"}, ["default-username"]),
        (sentinel(authSecret=VALUE), {"authUsername": "default"}, ["default-username"]),
        (cluster(urls=["rediss://:pw@h"]), {"authUsername": "default"}, ["default-username"]),
        (cluster(authSecret=VALUE), {}, []),
        (cluster(authSecret=VALUE, authUsername=None), {}, []),
        (cluster(), {"authUsername": "default"}, []),
        (cluster(authSecret=VALUE), {"authUsername": "unmanaged"}, []),
        # mixed-tls: only the first URL decides.
        (cluster(urls=["redis://a", "rediss://b"]), {}, ["mixed-tls"]),
        (cluster(urls=["redis://a", "redis://b"]), {}, []),
        (sentinel(urls=["redis://a:26379", "rediss://b:26379"]), {}, ["mixed-tls"]),
        (sentinel(urls=["rediss://a:26379", "redis://b:26379"]), {}, ["mixed-tls"]),
        (sentinel(urls=["rediss://a:26379", "rediss://b:26379"]), {}, []),
        # ignored-credentials
        (sentinel(urls=["rediss://u:pw@h:26379"]), {}, ["ignored-credentials"]),
        (sentinel(urls=["rediss://h:26379/5"]), {}, ["ignored-credentials"]),
        (sentinel(urls=["rediss://h:26379/0"]), {}, []),
        (
            cluster(urls=["rediss://:pw@h"], authSecret=VALUE, authUsername=None),
            {},
            ["ignored-credentials"],
        ),
        (cluster(urls=["rediss://u@h"], authUsername="a"), {}, ["ignored-credentials"]),
        (cluster(urls=["rediss://u:pw@h"], authUsername=None), {}, []),
        (cluster(urls=["rediss://a", "rediss://:pw@b"]), {}, ["ignored-credentials"]),
        (
            cluster(urls=["rediss://a", "rediss://u@b"], authUsername=None),
            {},
            ["ignored-credentials"],
        ),
        (cluster(urls=["rediss://a", "rediss://b"], authUsername=None), {}, []),
        (redis(url="rediss://u:pw@h/3"), {}, []),
        # plaintext-transport
        (redis(url="redis://:pw@h.example.com"), {}, ["plaintext-transport"]),
        (cluster(urls=["redis://a"], authSecret=VALUE), {}, ["plaintext-transport"]),
        (redis(url="redis://h.example.com"), {}, []),
        # Redis is reached as the first sentinel's URL says, each sentinel as its own says.
        (
            sentinel(urls=["rediss://a:26379", "redis://b:26379"], authSecret=VALUE),
            {},
            ["mixed-tls"],
        ),
        (
            sentinel(urls=["redis://a:26379", "rediss://b:26379"], authSecret=VALUE),
            {},
            ["mixed-tls", "plaintext-transport"],
        ),
        (
            sentinel(urls=["rediss://a:26379", "redis://b:26379"], sentinelSecret=VALUE),
            {},
            ["mixed-tls", "plaintext-transport"],
        ),
        # The password in the URL of a sentinel is not sent.
        (sentinel(urls=["redis://:pw@a:26379"]), {}, ["ignored-credentials"]),
        (redis(url="redis://:pw@127.0.0.1"), {}, []),
        (redis(url="redis://:pw@[::1]:6379"), {}, []),
        (redis(url="rediss://:pw@h.example.com"), {}, []),
        # sentinel-port
        (sentinel(urls=["rediss://a"]), {}, ["sentinel-port"]),
        (sentinel(urls=["rediss://a:/0"]), {}, ["sentinel-port"]),
        (sentinel(urls=["rediss://a:6379"]), {}, []),
        (cluster(urls=["rediss://a"]), {}, []),
        (sentinel(urls=["http://"]), {}, ["will-not-start"]),
        # unbounded-wait
        (redis(poolTimeoutWait=None), {}, ["unbounded-wait"]),
        (redis(poolTimeoutWait=30_000), {}, []),
        # crossed-retry-waits: unset, the least is 1280 ms, and the most that is allowed 1024 ms.
        (cluster(maxRetryWait=10), {}, ["crossed-retry-waits"]),
        (cluster(minRetryWait=11, maxRetryWait=10), {}, ["crossed-retry-waits"]),
        (cluster(minRetryWait=10, maxRetryWait=10), {}, []),
        (cluster(minRetryWait=1000), {}, []),
    ],
)
def test_a_rule_fires_only_where_its_facts_are_certain(
    tree: Object, why: dict[str, Any], found: list[str]
) -> None:
    assert rules_broken(tree, **why) == found
    shards = Object("Sharded", {"stores": Items((tree, redis()))})
    if tree.tag != "RedisSentinel" and not why:
        assert rules_broken(shards) == found


def test_all_urls_that_differ_from_the_first_in_tls_are_named() -> None:
    first_decides = "Redis is reached as the first URL says"
    assert _messages(sentinel(urls=["rediss://a:26379", "redis://b:26379", "redis://c:26379"])) == [
        f"urls/1 (b) and urls/2 (c) differ from the first URL in TLS: {first_decides}"
    ]
    assert _messages(cluster(urls=["redis://a", "redis://b", "rediss://c"])) == [
        "urls/2 (c) is used without TLS, because the first URL has none"
    ]


def test_the_first_url_of_a_cluster_decides_where_passwords_are_sent_unencrypted() -> None:
    tree = cluster(urls=["rediss://a", "redis://b"], authSecret=VALUE)
    assert rules_broken(tree) == ["will-not-start"]
    urls = ["redis://a", "redis://localhost", *(f"redis://u:pw@b{n}" for n in range(4))]
    tree = cluster(urls=urls, authSecret=VALUE, authUsername=None)
    assert _messages(tree)[-1] == (
        "urls/0 (a), urls/2 (b0), urls/3 (b1) and 2 more have no TLS:"
        " passwords are sent there unencrypted"
    )
    url = seal_url("redis://:pw@private", Vault(), Ref("env", "CACHE_URL"))
    assert _messages(store("Redis", url)) == [
        "url has no TLS: passwords are sent there unencrypted"
    ]


def _messages(tree: Object) -> list[str]:
    return [one.message for rule in STATE_RULES for one in rule.find(State(desired(tree)))]


def test_an_unknown_first_url_of_a_cluster_decides_nothing() -> None:
    plain, tls = (seal_url(text, Vault()) for text in ("redis://a", "rediss://b"))
    for first in (Url((), Ref("env", "CACHE_URL")), plain):
        tree = store("RedisCluster", first, plain, tls)
        assert ("mixed-tls" in rules_broken(tree)) == (first is plain)


def test_a_sentinel_cannot_be_a_shard() -> None:
    tree = Object("Sharded", {"stores": Items((redis(), sentinel()))})
    (breach,) = breaches(tree)
    assert breach.message == (
        "stores/1 is a RedisSentinel, which cannot be a shard:"
        " the next restart locks out every remote client"
    )


def test_a_default_that_a_target_does_not_apply_is_not_judged() -> None:
    tree, facts = cluster(authSecret=VALUE), Facts(unlisted="keep")
    assert rules_broken(tree, facts, authUsername="default") == []


def test_a_secret_file_that_everybody_can_read_is_a_warning() -> None:
    tree = cluster(authSecret=Object("Value", {"secret": Secret(None, Ref("file", "/run/pw"))}))
    assert rules_broken(tree, Facts(world_readable=frozenset({"file /run/pw"}))) == [
        "world-readable-secret-file"
    ]
    assert rules_broken(tree, Facts(world_readable=frozenset({"file /run/other"}))) == []
