"""Transition rules of `InMemoryStore`: what a change leaves behind, or takes away.

Facts: wire sections 5 and 7. The rules read the desired state as the files write it: what they find
is in the digest, which must not depend on which secrets can be resolved.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd
from typing import TYPE_CHECKING, Literal

from confsync.kinds.in_memory_store_risks import has_secret, stores, urls_of
from confsync.kinds.redis_urls import PLAIN, TLS, read_url
from confsync.sync.findings import Breach, ChangeRule
from confsync.sync.tree import Items, Object, path_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from confsync.sync.tree import Path
    from confsync.sync.url import Url
    from confsync.sync.values import Desired, Difference, Live

_EMPTY = "rate limits, locks, greylists and counters"
_QUIET = "apply it at a quiet time"


def _change_variant(live: Live, desired: Desired, _: Difference) -> Iterator[Breach]:
    before, after = live.tree.tag, desired.written.tag
    if before != after:
        fact = f"the variant changes from {before} to {after}: {_EMPTY} start empty"
        yield Breach((), fact, f"keep the variant, or {_QUIET}", _note(before))


def _note(tag: str) -> Literal["note"] | None:
    """The default store is the server's own data store: leaving it is no risk."""
    return "note" if tag == "Default" else None


def _shards(live: Live, desired: Desired) -> tuple[Sequence[Object], Sequence[Object]] | None:
    match live.tree.members.get("stores"), desired.written.members.get("stores"):
        case Items(before), Items(after):
            return before, after
        case _:
            return None


class _Homes:
    """Where stores keep their keys: variant, host, port and database. Credentials do not count.
    `known`: that of every store is known.
    """

    def __init__(self, found: Sequence[Object]) -> None:
        self._keys = [_home(store) for store in found]
        self.known = all(keys and None not in keys for keys in self._keys)
        self._at: dict[object, list[int]] = {}
        for index, keys in enumerate(self._keys):
            for key in keys - {None}:
                self._at.setdefault(key, []).append(index)

    def __len__(self) -> int:
        return len(self._keys)

    def in_(self, other: _Homes) -> Iterator[set[int]]:
        """For each store, the indexes of those of `other` that certainly have the same keys. One
        common node makes one cluster.
        """
        for keys in self._keys:
            yield {index for key in keys - {None} for index in other._at.get(key, ())}


def _home(store: Object) -> frozenset[object]:
    """The places of a store's URLs, each with the variant; None for an unknown one."""
    found = (read_url(url) for _, url in urls_of(store))
    places = (one.place if one else None for one in found)
    return frozenset(place and (store.tag, *place) for place in places)


def share_that_moves(before: _Homes, after: _Homes) -> Fraction:
    """The share of keys that another shard holds afterwards, at most.

    A key with hash h is in item h mod n. Each pair of items whose indexes are equal modulo
    gcd(n, m) has the same share of the hashes, 1 in lcm(n, m).
    """
    divisor = gcd(len(before), len(after))
    stay = sum(
        (index - home) % divisor == 0
        for index, homes in enumerate(after.in_(before))
        for home in homes
    )
    return 1 - Fraction(stay * divisor, len(before) * len(after))


def _moving(before: _Homes, after: _Homes) -> str:
    """What a change of shards does to keys; empty if it does nothing."""
    share = 100 * share_that_moves(before, after)
    if not share:
        return ""
    # Never rounded to none or all.
    number = share if share.denominator == 1 else f"{min(max(float(share), 0.1), 99.9):.1f}"
    limit = "" if before.known and after.known else "up to "
    return f"{limit}{number} % of all keys move to another shard, where their {_EMPTY} start empty"


def _resize_shards(live: Live, desired: Desired, _: Difference) -> Iterator[Breach]:
    if (shards := _shards(live, desired)) and len(shards[0]) != len(shards[1]):
        before, after = map(_Homes, shards)
        if moving := _moving(before, after):
            fact = f"{len(before)} shards become {len(after)}: {moving}"
            yield Breach(("stores",), fact, f"keep the number of shards, or {_QUIET}")


def _reorder_shards(live: Live, desired: Desired, _: Difference) -> Iterator[Breach]:
    if (shards := _shards(live, desired)) and len(shards[0]) == len(shards[1]):
        before, after = map(_Homes, shards)
        if any(homes and index not in homes for index, homes in enumerate(after.in_(before))):
            fact = f"the order of the shards changes: {_moving(before, after)}"
            yield Breach(("stores",), fact, f"keep the order of the shards, or {_QUIET}")


def _pairs(live: Live, desired: Desired) -> Iterator[tuple[Path, Object, Object]]:
    """The Redis stores before and after, with the same variant: a shard that moves is the same
    store, and any other one replaces that at its index.
    """
    old, new = [*stores(live.tree)], [*stores(desired.written)]
    before, after = (_Homes([store for _, store in found]) for found in (old, new))
    gone = [not homes for homes in before.in_(after)]
    for index, ((path, store), homes) in enumerate(zip(new, after.in_(before), strict=True)):
        same = index in homes or (not homes and index < len(old) and gone[index])
        partner = index if same else min(homes, default=None)
        if partner is not None and old[partner][1].tag == store.tag:
            yield path, old[partner][1], store


def _change_database(live: Live, desired: Desired, _: Difference) -> Iterator[Breach]:
    for path, before, after in _pairs(live, desired):
        if after.tag != "Redis":
            continue
        ((at, new),) = urls_of(after)
        urls = (urls_of(before)[0][1], new)
        one, other = (found.place if (found := read_url(url)) else None for url in urls)
        if one and other and one[:2] == other[:2] and one != other:
            place = (*path, *at)
            fact = f"{path_text(place)} changes its database"
            yield Breach(place, f"{fact}: {_EMPTY} start empty", f"keep the database, or {_QUIET}")


def _has_password(url: Url) -> bool | None:
    """True if a URL logs in with a password; None if that is not known."""
    found = read_url(url)
    return None if found is None or found.authority is None else bool(found.password)


def _remove_secret(live: Live, desired: Desired, _: Difference) -> Iterator[Breach]:
    hint = "keep it unless Redis needs none"
    for path, before, after in _pairs(live, desired):
        had, has = ([_has_password(url) for _, url in urls_of(one)] for one in (before, after))
        by_url = after.tag != "RedisSentinel"  # the URLs of sentinels log in nowhere
        for name, whom in (("authSecret", "Redis"), ("sentinelSecret", "the sentinels")):
            gone = has_secret(before, name) and not has_secret(after, name)
            if gone and not (by_url and any(one is not False for one in has)):
                fact = f"{path_text((*path, name))} is removed"
                message = f"{fact}: the server logs in to {whom} without a password"
                yield Breach((*path, name), message, hint)
        in_url = by_url and not has_secret(before) and not has_secret(after)
        if in_url and True in had and {*has} == {False}:
            place = (*path, *urls_of(after)[0][0])
            fact = f"{path_text(place)} loses its password"
            yield Breach(place, f"{fact}: the server logs in to Redis without one", hint)


def _drop_tls(live: Live, desired: Desired, _: Difference) -> Iterator[Breach]:
    for path, before, after in _pairs(live, desired):
        old = {found.scheme if (found := read_url(url)) else "" for _, url in urls_of(before)}
        # The first URL of a cluster decides for all.
        for at, url in urls_of(after)[: None if after.tag == "RedisSentinel" else 1]:
            new = read_url(url)
            if new and new.scheme in PLAIN and not new.local and old and old <= TLS:
                place = (*path, *at)
                fact = f"{path_text(place)} loses TLS: passwords and keys are sent unencrypted"
                yield Breach(place, fact, "write rediss://, as before")


def _resets_unknown(live: Live, _: Desired, difference: Difference) -> Iterator[Breach]:
    rebuilt = [
        change.slot
        for change in difference.changes
        if isinstance(change.before, Object) and isinstance(change.after, Object)
    ]
    for unknown in live.unrecognised:
        path = tuple(int(step) if step.isdecimal() else step for step in unknown.split("/"))
        if any(path[: len(slot)] == slot for slot in rebuilt):
            fact = f"the update resets {unknown}, which this confsync does not know, to its default"
            hint = "update confsync, or set the field again afterwards"
            if path[-1] == "@type":
                of = path_text(path[:-1]) or "InMemoryStore"
                fact = f"the update replaces the variant of {of}, which this confsync does not know"
                hint = "update confsync to see what is lost"
            yield Breach((), fact, hint)


CHANGE_RULES = (
    ChangeRule("change-variant", _change_variant),
    ChangeRule("resize-shards", _resize_shards),
    ChangeRule("reorder-shards", _reorder_shards),
    ChangeRule("change-database", _change_database),
    ChangeRule("remove-secret", _remove_secret),
    ChangeRule("drop-tls", _drop_tls),
    ChangeRule("resets-unknown", _resets_unknown),
)
