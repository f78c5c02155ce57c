"""Transition rules of the in-memory store: what a change leaves behind, or takes away."""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm
from typing import TYPE_CHECKING, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.kinds.in_memory_store import IN_MEMORY_STORE
from confsync.kinds.in_memory_store_changes import CHANGE_RULES
from confsync.kinds.kind import default_object
from confsync.sync.compare import difference
from confsync.sync.findings import change_findings, refusals, with_hidden
from confsync.sync.secret import HIDDEN, IN_CLEAR, Ref, Secret
from confsync.sync.tree import Items, Members, Object
from confsync.sync.url import Url, compose
from confsync.sync.values import Desired, Live, Origin
from tests.kinds.test_in_memory_store_risks import (
    NO_SECRET,
    PASSWORD,
    VALUE,
    cluster,
    redis,
    sentinel,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from confsync.sync.tree import Path, Tree
    from confsync.sync.values import Finding

FILE = Origin("file", "a.yaml", 1, 1)
STORES = Origin("file", "a.yaml", 3, 3)
DEFAULT = default_object(IN_MEMORY_STORE.shape, "Default")
HAD = Object("Value", {"secret": HIDDEN})
REFERENCE = Url((), Ref("env", "CACHE_URL"))
REFERENCES = Members((REFERENCE,))
LOCKED_OUT = "the next restart locks out every remote client"
EMPTY = "rate limits, locks, greylists and counters start empty"


def sharded(*items: Object) -> Object:
    return Object("Sharded", {"stores": Items(items)})


def shards(*urls: str) -> Object:
    return sharded(*(redis(url=url) for url in urls))


def at(url: Url) -> Object:
    return Object("Redis", {**redis().members, "url": url})


def found(  # noqa: PLR0913 - all that a finding depends on
    before: Object,
    after: Object,
    *,
    allow: Sequence[str] = (),
    unrecognised: tuple[str, ...] = (),
    origins: Mapping[Path, Origin] | None = None,
    keep: bool = False,
    fail_on: Sequence[str] = (),
) -> tuple[Finding, ...]:
    places = {(): FILE, ("stores",): STORES, **(origins or {})}
    live = Live("InMemoryStore", before, unrecognised)
    desired = Desired("InMemoryStore", after, after, places, "a.yaml")
    changed = difference(before, after, IN_MEMORY_STORE.shape, desired.origin)
    known = changed if keep else with_hidden(changed, ())
    return change_findings(live, desired, known, CHANGE_RULES, allow, fail_on)


def told(before: Object, after: Object, **more: Any) -> list[str]:  # noqa: ANN401 - as of `found`
    """The rules of the findings but that of another server."""
    rules = [finding.rule for finding in found(before, after, **more)]
    return [rule for rule in rules if rule != "change-server"]


def message(before: Object, after: Object) -> str:
    (finding,) = found(before, after)
    return finding.message


# Variants


def test_leaving_a_redis_loses_what_it_holds() -> None:
    (finding,) = found(redis(), cluster())
    assert (finding.rule, finding.severity, finding.risk) == ("change-variant", "error", True)
    assert finding.message == f"the variant changes from Redis to RedisCluster: {EMPTY}"
    assert finding.origin == FILE
    assert told(shards("redis://a", "redis://b"), redis()) == ["change-variant"]
    assert told(redis(), DEFAULT) == ["change-variant"]
    assert told(redis(), redis(poolMaxConnections=5)) == []


def test_leaving_the_default_is_a_note() -> None:
    (finding,) = found(DEFAULT, redis())
    assert (finding.rule, finding.severity, finding.risk) == ("change-variant", "note", False)


def test_an_allowed_risk_is_a_warning() -> None:
    (finding,) = found(redis(), cluster(), allow=["change-variant"])
    assert (finding.severity, finding.risk) == ("warning", True)


# Shards

A, B, C, D, E = (f"rediss://{name}.example.com" for name in "abcde")


@pytest.mark.parametrize(
    ("before", "after", "rule", "fact"),
    [
        # Appended: min/lcm of the keys stay.
        ([A, B, C], [A, B, C, D], "resize", "3 shards become 4: 75 % of all keys move"),
        ([A, B], [A, B, C], "resize", "2 shards become 3: 66.7 % of all keys move"),
        ([A, B], [A, B, C, D], "resize", "2 shards become 4: 50 % of all keys move"),
        ([A, B, C, D], [A, B, C], "resize", "4 shards become 3: 75 % of all keys move"),
        # Removed in the middle, or another one with each of them.
        ([A, B, C], [A, C], "resize", "3 shards become 2: 66.7 % of all keys move"),
        ([A, B, C], [C, D], "resize", "3 shards become 2: 83.3 % of all keys move"),
        ([A, B], [C, D, E], "resize", "2 shards become 3: 100 % of all keys move"),
        # Each shard twice: whichever of the two, it is the same Redis.
        ([A, B], [A, B, A, B], "", ""),
        ([A, B], [A, A, B, B], "resize", "2 shards become 4: 50 % of all keys move"),
        # Swapped, rotated, and swapped with one that is new.
        ([A, B], [B, A], "reorder", "the order of the shards changes: 100 % of all keys move"),
        ([A, B, C], [B, C, A], "reorder", "changes: 100 % of all keys move"),
        ([A, B, C, D], [B, A, C, D], "reorder", "changes: 50 % of all keys move"),
        ([A, B, C], [B, A, D], "reorder", "changes: 100 % of all keys move"),
        ([A, A, B], [A, B, A], "reorder", "changes: 66.7 % of all keys move"),
        # Another one in its place, other credentials, and other spellings of the same.
        ([A, B], [A, C], "", ""),
        ([A, B], [A, "rediss://u:pw@b.example.com"], "", ""),
        ([A, B], ["rediss://A.example.com:6379/0", f"{B}:06379/"], "", ""),
        # Databases of one Redis are shards too.
        ([f"{A}/1", f"{A}/2"], [f"{A}/2", f"{A}/1"], "reorder", "100 % of all keys move"),
    ],
)
def test_shards_that_come_go_or_change_places_move_an_exact_share_of_the_keys(
    before: list[str], after: list[str], rule: str, fact: str
) -> None:
    both = found(shards(*before), shards(*after))
    findings = [one for one in both if one.rule != "change-server"]
    assert [one.rule for one in findings] == ([f"{rule}-shards"] if rule else [])
    for finding in findings:
        assert fact in finding.message
        assert finding.message.endswith(f" move to another shard, where their {EMPTY}")
        assert (finding.origin, finding.risk) == (STORES, True)


@pytest.mark.parametrize("count", [2, 3, 4, 7, 12])
@pytest.mark.parametrize("new", [2, 3, 4, 6, 13])
def test_of_a_longer_or_shorter_list_min_by_lcm_stays(count: int, new: int) -> None:
    urls = [f"redis://h{index}.example.com" for index in range(13)]
    whole = lcm(count, new)
    moves = 100 * (whole - min(count, new))
    findings = found(shards(*urls[:count]), shards(*urls[:new]))
    if count == new:
        assert findings == ()
    elif moves % whole:
        assert f" {moves / whole:.1f} %" in findings[0].message
    else:
        assert f" {moves // whole} %" in findings[0].message


LISTS = st.lists(st.sampled_from([A, B, C, D, E, f"{A}/1"]), min_size=2, max_size=8)


@given(LISTS, LISTS)
def test_the_share_is_that_of_counting(before: list[str], after: list[str]) -> None:
    whole = lcm(len(before), len(after))
    assert whole == len(before) * len(after) // gcd(len(before), len(after))
    moves = sum(before[key % len(before)] != after[key % len(after)] for key in range(whole))
    share = Fraction(100 * moves, whole)
    text = f"{share}" if share.denominator == 1 else f"{float(share):.1f}"
    both = found(shards(*before), shards(*after))
    findings = [one for one in both if one.rule not in {"change-database", "change-server"}]
    if len(before) != len(after):
        assert [one.rule for one in findings] == (["resize-shards"] if moves else [])
    else:
        known = any(one != two and two in before for one, two in zip(before, after, strict=True))
        assert [one.rule for one in findings] == (["reorder-shards"] if known else [])
    assert all(f" {text} % of all keys move" in one.message for one in findings)


def test_a_share_is_never_rounded_to_none_or_all() -> None:
    urls = [f"redis://h{index}.example.com" for index in range(99)]
    before, after = urls[:47], [urls[0], *urls[47:]]
    assert Fraction(1, len(before) * len(after)) < Fraction(5, 10_000)
    assert "47 shards become 53: 99.9 % of all keys" in message(shards(*before), shards(*after))


def test_where_a_shard_is_not_known_the_share_is_the_most_that_moves() -> None:
    before = shards(A, B, C)
    after = sharded(redis(url=A), at(REFERENCE), redis(url=C), redis(url=D))
    assert "become 4: up to 83.3 % of all keys move" in message(before, after)
    # It may well be the one that was there.
    assert told(shards(A, B), sharded(redis(url=A), at(REFERENCE))) == []
    swapped = sharded(redis(url=B), redis(url=A), at(REFERENCE))
    assert "changes: up to 100 % of all keys move" in message(before, swapped)


def test_what_a_reference_leads_to_does_not_count() -> None:
    """The risks are in the digest, which is the same wherever references are resolved."""
    written = sharded(redis(url=A), at(REFERENCE), redis(url=C))
    live = Live("InMemoryStore", shards(A, B))
    for url in (B, D):
        desired = Desired("InMemoryStore", shards(A, url, C), written, {(): FILE}, "a.yaml")
        changed = difference(live.tree, desired.tree, IN_MEMORY_STORE.shape, desired.origin)
        (finding,) = change_findings(live, desired, changed, CHANGE_RULES, ())
        assert "2 shards become 3: up to 83.3 % of all keys move" in finding.message


def test_one_common_node_makes_a_cluster_the_same_shard() -> None:
    before = sharded(cluster(urls=[A, B]), cluster(urls=[C]))
    assert told(before, sharded(cluster(urls=[B, D]), cluster(urls=[C]))) == []
    assert told(before, sharded(cluster(urls=[C]), cluster(urls=[B]))) == ["reorder-shards"]
    # As a single Redis a node is another thing.
    assert told(before, sharded(cluster(urls=[A]), redis(url=C))) == []


# Databases


@pytest.mark.parametrize(
    ("before", "after", "rules"),
    [
        (A, f"{A}/1", ["change-database"]),
        (f"{A}/1", A, ["change-database"]),
        (f"{A}:6379/1", f"{A}/2", ["change-database"]),
        ("rediss://u:pw@a.example.com/1", "rediss://u:other@a.example.com/2", ["change-database"]),
        (A, f"{A}/0", []),
        (f"{A}/1", f"{A}/01/", []),
        (f"{A}/1", f"{B}/2", []),
        (f"{A}:7000/1", f"{A}:7001/2", []),
        # Its database is not known: a parser of URLs resolves the dots.
        (f"{A}/1", f"{A}/1/../2", []),
    ],
)
def test_another_database_of_the_same_redis_starts_empty(
    before: str, after: str, rules: list[str]
) -> None:
    assert told(redis(url=before), redis(url=after)) == rules
    assert told(shards(B, before), shards(B, after)) == rules


def test_the_finding_about_a_database_stands_at_the_url() -> None:
    url = Origin("file", "b.yaml", 7, 5)
    before, after = shards(B, A), shards(B, f"{A}/1")
    (finding,) = found(before, after, origins={("stores", 1, "url"): url})
    assert finding.message == f"stores/1/url changes its database: {EMPTY}"
    assert finding.origin == url
    # The URL that the file does not say any more is the default.
    (finding,) = found(
        redis(url="redis://127.0.0.1/3"),
        redis(url="redis://127.0.0.1"),
        origins={("url",): Origin("default")},
    )
    assert (finding.rule, finding.origin) == ("change-database", FILE)


def test_an_unknown_url_changes_no_database() -> None:
    assert told(redis(url=f"{A}/1"), at(REFERENCE)) == []
    in_clear = Url(("rediss://u:", Secret(3, IN_CLEAR), "@a.example.com/2"))
    assert told(redis(url=f"{A}/1"), at(in_clear)) == []
    assert told(redis(url=f"{A}/1"), at(compose(f"{A}/2", "u", PASSWORD))) == ["change-database"]


# Servers


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        (redis(url=A), redis(url=B), "url (b.example.com)"),
        (redis(url=A), redis(url=f"{A}:7000/1"), "url (a.example.com)"),
        (cluster(urls=[A, B]), cluster(urls=[D, C]), "urls/0 (d.example.com)"),
        (sentinel(urls=[A, B]), sentinel(urls=[C]), "urls/0 (c.example.com)"),
        (sentinel(urls=[A]), sentinel(urls=[A], serviceName="other"), "serviceName"),
        # The same, one in common, other rules, and not known.
        (redis(url=A), redis(url="REDISS://u:pw@A.example.com:6379/0"), ""),
        (redis(url=f"{A}:6380"), redis(url="redis://a.example.com"), ""),
        (redis(url=A), redis(url=f"{A}/1"), ""),
        (cluster(urls=[A, B]), cluster(urls=[B, C]), ""),
        (redis(url=A), cluster(urls=[B]), ""),
        (DEFAULT, redis(url=A), ""),
        (redis(url=A), at(REFERENCE), ""),
        (cluster(urls=[A]), Object("RedisCluster", {**cluster().members, "urls": REFERENCES}), ""),
        (cluster(urls=[A]), cluster(urls=[]), ""),
    ],
)
def test_another_redis_starts_empty(before: Object, after: Object, name: str) -> None:
    def moves(before: Object, after: Object) -> list[str]:
        findings = (one for one in found(before, after) if one.rule == "change-server")
        return [one.message for one in findings]

    assert moves(before, after) == ([f"{name} leads to another Redis: {EMPTY}"] if name else [])
    if {before.tag, after.tag} <= {"Redis", "RedisCluster"} and before.tag == after.tag:
        half = [f"stores/1/{name} leads to another Redis: {EMPTY} (50 % of all keys)"]
        assert moves(sharded(at(REFERENCE), before), sharded(at(REFERENCE), after)) == (
            half if name else []
        )


def test_where_shards_come_go_or_change_places_one_rule_counts_all_keys() -> None:
    def rules(before: Object, after: Object) -> list[str]:
        return [one.rule for one in found(before, after)]

    assert rules(shards(A, B), shards(A, C)) == ["change-server"]
    assert rules(shards(A, B), sharded(redis(url=A), cluster(urls=[B]))) == ["change-server"]
    assert rules(shards(A, B), shards(C, D)) == ["change-server"] * 2
    assert rules(shards(A, B, C), shards(B, A, D)) == ["reorder-shards"]
    assert rules(shards(A, B), shards(C, D, E)) == ["resize-shards"]


def test_another_redis_is_a_warning_that_can_be_a_risk() -> None:
    def judged(**more: Any) -> tuple[str, bool]:  # noqa: ANN401 - as of `found`
        (finding,) = found(redis(url=A), redis(url=B), **more)
        return finding.severity, finding.risk

    assert judged() == ("warning", False)
    assert judged(fail_on=["change-server"]) == ("error", True)
    assert judged(fail_on=["drop-tls"]) == ("warning", False)


# Secrets


@pytest.mark.parametrize(
    ("before", "after", "rules"),
    [
        (cluster(authSecret=HAD), cluster(authSecret=NO_SECRET), ["remove-secret"]),
        (sentinel(authSecret=HAD), sentinel(authSecret=NO_SECRET), ["remove-secret"]),
        (sentinel(sentinelSecret=HAD), sentinel(sentinelSecret=NO_SECRET), ["remove-secret"]),
        (redis(url="rediss://:pw@a"), redis(url="rediss://a"), ["remove-secret"]),
        (redis(url="rediss://u:pw@a"), redis(url="rediss://u@a"), ["remove-secret"]),
        (cluster(urls=["rediss://:pw@a"]), cluster(urls=["rediss://a"]), ["remove-secret"]),
        # The first URL of a cluster decides.
        (
            cluster(urls=["rediss://:pw@a", "rediss://:pw@b"]),
            cluster(urls=["rediss://a", "rediss://:pw@b"]),
            ["remove-secret"],
        ),
        # It comes from elsewhere.
        (cluster(authSecret=HAD), cluster(authSecret=VALUE), []),
        (
            cluster(authSecret=HAD),
            cluster(authSecret=Object("EnvironmentVariable", {"variableName": "X"})),
            [],
        ),
        (cluster(authSecret=HAD), cluster(authSecret=Object("File", {"filePath": "/x"})), []),
        (cluster(authSecret=HAD), cluster(urls=["rediss://:pw@h.example.com"]), []),
        (cluster(urls=["rediss://:pw@a"]), cluster(urls=["rediss://a"], authSecret=VALUE), []),
        # What nobody used is not missed.
        (sentinel(urls=["rediss://:pw@a"]), sentinel(urls=["rediss://a"]), []),
        (redis(url="rediss://a?password=x"), redis(url="rediss://a"), []),
        (cluster(), cluster(), []),
        (redis(url="rediss://a"), redis(url="rediss://:pw@a"), []),
        # Not known.
        (redis(url="rediss://:pw@a"), at(REFERENCE), []),
        (
            cluster(authSecret=HAD),
            Object("RedisCluster", {**cluster().members, "urls": Members((REFERENCE,))}),
            [],
        ),
    ],
)
def test_a_password_that_is_gone_is_told(before: Object, after: Object, rules: list[str]) -> None:
    assert told(before, after) == rules
    if before.tag != "RedisSentinel":
        assert told(sharded(redis(), before), sharded(redis(), after)) == rules


def test_it_is_said_whose_password_is_gone() -> None:
    assert message(cluster(authSecret=HAD), cluster(authSecret=NO_SECRET)) == (
        f"authSecret is removed: if Redis needs a password, {LOCKED_OUT}"
    )
    assert message(sentinel(sentinelSecret=HAD), sentinel()) == (
        f"sentinelSecret is removed: if the sentinels need a password, {LOCKED_OUT}"
    )
    assert message(shards(A, "rediss://:pw@b"), shards(A, "rediss://b")) == (
        f"stores/1/url has no password: if Redis needs a password, {LOCKED_OUT}"
    )


def test_another_variant_hides_neither_a_lost_password_nor_lost_tls() -> None:
    before, both = redis(url="rediss://:pw@a"), ["change-variant", "remove-secret", "drop-tls"]
    assert told(before, cluster(urls=["redis://a"])) == both
    assert told(before, cluster(urls=["rediss://a"], authSecret=VALUE)) == ["change-variant"]
    assert told(before, sentinel(urls=["rediss://:pw@a"])) == ["change-variant", "remove-secret"]
    assert told(sharded(redis(), before), sharded(redis(), cluster(urls=["redis://a"]))) == both[1:]
    assert told(cluster(authSecret=HAD), Object("Default", {})) == ["change-variant"]


@pytest.mark.parametrize(
    ("user", "why", "rules"),
    [
        ("stalwart", "unmanaged", ["default-username"]),
        ("bob", "unmanaged", []),
        ("stalwart", "file", []),
    ],
)
def test_a_first_secret_beside_the_servers_own_default_user_is_a_question(
    user: str, why: Literal["unmanaged", "file"], rules: list[str]
) -> None:
    origins: dict[Path, Origin] = {("authUsername",): Origin(why)}
    before = cluster(authUsername=user)
    after = cluster(authUsername=user, authSecret=VALUE)
    assert [one.rule for one in found(before, after, origins=origins)] == rules
    had = cluster(authUsername=user, authSecret=HAD)
    assert found(had, after, origins=origins) == ()


def test_a_shard_that_moves_keeps_its_own_password_and_tls() -> None:
    """The second shard has neither, and becomes the first."""
    before = shards("rediss://:pw@a.example.com/1", "redis://b.example.com", "redis://c")
    after = shards("redis://b.example.com", "redis://c")
    assert told(before, after) == ["resize-shards"]
    # The first one is replaced by another, in its place.
    after = shards("redis://d.example.com", "redis://b.example.com", "redis://c")
    assert told(before, after) == ["remove-secret", "drop-tls"]


# Kept secrets


def with_urls(*urls: str, **fields: Tree) -> Object:
    return cluster(urls=list(urls), **{"authSecret": HAD, **fields})


SENTINELS = {"urls": ["rediss://s1", "rediss://s2"], "authSecret": HAD, "sentinelSecret": HAD}


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        (with_urls("rediss://a"), with_urls("rediss://b"), ["urls"]),
        (with_urls("rediss://a:7001"), with_urls("rediss://a:7002"), ["urls"]),
        (with_urls("rediss://a"), with_urls("rediss://a", authUsername="bob"), ["authUsername"]),
        (with_urls("rediss://a"), with_urls("rediss://a", authUsername=None), ["authUsername"]),
        (sentinel(**SENTINELS), sentinel(**{**SENTINELS, "urls": ["rediss://s3"]}), ["urls"] * 2),
        (sentinel(**SENTINELS), sentinel(**SENTINELS, serviceName="other"), ["serviceName"]),
        (sentinel(**SENTINELS), sentinel(**SENTINELS, sentinelUsername="x"), ["sentinelUsername"]),
        # The same servers, one of them, and another spelling.
        (with_urls("rediss://a", "rediss://b"), with_urls("rediss://b", "rediss://c"), []),
        (with_urls("rediss://a"), with_urls("REDISS://u:pw@A.:6379/0"), []),
        (with_urls("rediss://a:6380"), with_urls("redis://a:6379"), []),
        (with_urls("redis://localhost"), with_urls("redis://127.0.0.1"), []),
        (with_urls("rediss://a"), with_urls("rediss://a", timeout=1), []),
        # No secret, a first one, and another kind of it.
        (cluster(urls=["rediss://a"]), cluster(urls=["rediss://b"]), []),
        (cluster(urls=["rediss://a"]), with_urls("rediss://b", authSecret=VALUE), []),
        (
            with_urls("rediss://a"),
            with_urls("rediss://b", authSecret=Object("File", {"filePath": "/x"})),
            [],
        ),
        # Not known.
        (
            with_urls("rediss://a"),
            Object("RedisCluster", {**with_urls("rediss://a").members, "urls": REFERENCES}),
            [],
        ),
    ],
)
def test_a_kept_secret_is_not_for_another_server_or_user(
    before: Object, after: Object, moved: list[str]
) -> None:
    def kept(after: Object, *, keep: bool) -> list[str]:
        findings = found(before, after, keep=keep)
        return [one.message for one in findings if one.rule == "kept-secret-elsewhere"]

    sent = Object(
        after.tag,
        {name: VALUE if part == HAD else part for name, part in after.members.items()},
    )
    for same, keep in ((after, False), (sent, True)):  # unmanaged, and from a reference
        assert [one.split(" changes, ")[0] for one in kept(same, keep=keep)] == moved
    assert kept(sent, keep=False) == []


def test_the_hint_about_a_kept_secret_sends_it() -> None:
    before = with_urls("rediss://a")
    _, finding = found(before, with_urls("rediss://b", authSecret=VALUE), keep=True)
    assert (finding.rule, finding.risk) == ("kept-secret-elsewhere", True)
    assert finding.message == (
        "urls changes, but the server's authSecret is kept: the old secret is used for the new"
        " address"
    )
    assert finding.hint == "use --hidden-secrets send to send the secret from its reference"
    placeholder = Object("Value", {"secret": Secret(None, Ref("env", "FILL_IN_1"))})
    _, finding = found(before, with_urls("rediss://b", authSecret=placeholder), keep=True)
    assert finding.hint == (
        "write a reference instead of env FILL_IN_1, then use --hidden-secrets send"
    )
    after = with_urls("rediss://a", authSecret=placeholder)
    changed = difference(before, after, IN_MEMORY_STORE.shape, lambda _: FILE)
    assert [one.hint for one in refusals(changed, "fail")] == [finding.hint]


# TLS


@pytest.mark.parametrize(
    ("before", "after", "rules"),
    [
        (redis(url="rediss://a"), redis(url="redis://a"), ["drop-tls"]),
        (redis(url="valkeys://a"), redis(url="valkey://a"), ["drop-tls"]),
        (redis(url="rediss://a"), redis(url="redis://b:6379/1"), ["drop-tls"]),
        (
            cluster(urls=["rediss://a", "rediss://b"]),
            cluster(urls=["redis://a", "redis://b"]),
            ["drop-tls"],
        ),
        (redis(url="rediss://a"), redis(url="rediss://a#insecure"), ["drop-tls"]),
        (redis(url="rediss://a#insecure"), redis(url="rediss://b#insecure"), []),
        (redis(url="rediss://a"), redis(url="rediss://a#other"), []),
        (redis(url="rediss://a"), redis(url="valkeys://a"), []),
        (redis(url="redis://a"), redis(url="redis://b"), []),
        (redis(url="redis://a"), redis(url="rediss://a"), []),
        (redis(url="rediss://a"), redis(url="redis://127.0.0.1"), []),
        (redis(url="rediss://a"), redis(url="unix:///run/redis.sock"), []),
        (redis(url="rediss://a"), redis(url="http://a"), []),
        (cluster(urls=["redis://a", "rediss://b"]), cluster(urls=["redis://a"]), []),
        # The first URL of sentinels decides for Redis; each of them has its own TLS.
        (
            sentinel(urls=["rediss://c", "redis://b", "redis://a"]),
            sentinel(urls=["redis://a", "redis://b", "rediss://c"]),
            ["drop-tls"],
        ),
        (
            sentinel(urls=["redis://a", "redis://b", "rediss://c"]),
            sentinel(urls=["rediss://c", "redis://b", "redis://a"]),
            [],
        ),
        (
            sentinel(urls=["rediss://c", "redis://b", "redis://a"]),
            sentinel(urls=["rediss://c", "redis://a", "redis://b"]),
            [],
        ),
        (
            sentinel(urls=["rediss://a", "rediss://b"]),
            sentinel(urls=["rediss://a", "redis://b"]),
            ["drop-tls"],
        ),
        (redis(url="rediss://a"), at(REFERENCE), []),
        (at(Url(())), redis(url="redis://a"), []),
    ],
)
def test_tls_that_is_gone_is_told(before: Object, after: Object, rules: list[str]) -> None:
    assert told(before, after) == rules


def test_every_host_that_loses_tls_is_named() -> None:
    sent = "passwords and stored data are sent unencrypted"
    assert message(redis(url="rediss://a"), redis(url="redis://a")) == f"url (a) loses TLS: {sent}"
    before, after = ([f"redis{tls}://{host}" for host in "ab"] for tls in ("s", ""))
    assert message(cluster(urls=before), cluster(urls=after)) == (
        f"urls/0 (a) and urls/1 (b) lose TLS: {sent}"
    )
    assert message(sentinel(urls=before), sentinel(urls=[before[0], after[1]])) == (
        f"urls/1 (b) loses TLS: {sent}"
    )


# What a newer server sends


def test_an_update_that_builds_an_object_anew_resets_what_is_not_known_in_it() -> None:
    def rules(before: Object, after: Object, *paths: str) -> list[str]:
        return [rule for rule in told(before, after, unrecognised=paths) if rule[:6] == "resets"]

    assert rules(redis(), cluster(), "newField") == ["resets-unknown"]
    assert rules(redis(), redis(poolMaxConnections=3), "newField") == []
    secret = cluster(authSecret=Object("File", {"filePath": "/x"}))
    assert rules(cluster(authSecret=HAD), secret, "authSecret/newField") == ["resets-unknown"]
    assert rules(cluster(authSecret=HAD), secret, "newField") == []
    before = sharded(redis(url=A), redis(url=B))
    assert rules(before, sharded(redis(url=A), cluster()), "stores/1/newField") == [
        "resets-unknown"
    ]
    assert rules(before, sharded(redis(url=A), cluster()), "stores/0/newField") == []
    # With the item goes what it has.
    assert rules(shards(A, B, C), shards(A, B), "stores/2/newField") == []


def test_an_empty_set_of_urls_is_the_business_of_another_rule() -> None:
    assert (
        told(
            cluster(urls=["rediss://:pw@a"]),
            Object("RedisCluster", {**cluster().members, "urls": Members(())}),
        )
        == []
    )
