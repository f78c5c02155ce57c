"""Transition rules of `InMemoryStore`: what a change leaves behind, or takes away.

Facts: wire sections 5 and 7. The rules read the desired state as the files write it: what they find
is in the digest, which must not depend on which secrets can be resolved.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd
from typing import TYPE_CHECKING, Literal

from confsync.kinds.in_memory_store_risks import (
    LOCKED_OUT,
    default_user,
    has_secret,
    stores,
    urls_of,
)
from confsync.kinds.kept_secrets import KEPT_ELSEWHERE
from confsync.kinds.redis_urls import PLAIN, TLS, another_server, named, read_url
from confsync.sync.findings import Breach, ChangeRule
from confsync.sync.tree import Items, Object, path_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from confsync.sync.tree import Path
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
    limit = "" if before.known and after.known else "up to "
    moved = f"{limit}{_percent(share)} of all keys move to another shard"
    return f"{moved}, where their {_EMPTY} start empty"


def _percent(share: Fraction) -> str:
    """A number of percent, never rounded to none or all."""
    number = share if share.denominator == 1 else f"{min(max(float(share), 0.1), 99.9):.1f}"
    return f"{number} %"


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
    """The Redis stores before and after: a shard that moves is the same store, and any other one
    replaces that at its index.
    """
    old, new = [*stores(live.tree)], [*stores(desired.written)]
    before, after = (_Homes([store for _, store in found]) for found in (old, new))
    gone = [not homes for homes in before.in_(after)]
    for index, ((path, store), homes) in enumerate(zip(new, after.in_(before), strict=True)):
        same = index in homes or (not homes and index < len(old) and gone[index])
        partner = index if same else min(homes, default=None)
        if partner is not None:
            yield path, old[partner][1], store


def _change_database(live: Live, desired: Desired, _: Difference) -> Iterator[Breach]:
    for path, before, after in _pairs(live, desired):
        if {before.tag, after.tag} != {"Redis"}:
            continue
        ((at, new),) = urls_of(after)
        urls = (urls_of(before)[0][1], new)
        one, other = (found.place if (found := read_url(url)) else None for url in urls)
        if one and other and one[:2] == other[:2] and one != other:
            place = (*path, *at)
            fact = f"{path_text(place)} changes its database"
            yield Breach(place, f"{fact}: {_EMPTY} start empty", f"keep the database, or {_QUIET}")


def _change_server(live: Live, desired: Desired, _: Difference) -> Iterator[Breach]:
    old, new = [*stores(live.tree)], [*stores(desired.written)]
    before, after = (_Homes([store for _, store in found]) for found in (old, new))
    reordered = any(homes and at not in homes for at, homes in enumerate(after.in_(before)))
    # Other rules count what starts empty there.
    if live.tree.tag != desired.written.tag or len(old) != len(new) or reordered:
        return
    share = Fraction(100, max(len(new), 1))
    part = f" ({_percent(share)} of all keys)" if live.tree.tag == "Sharded" else ""
    for (path, was), (_path, store) in zip(old, new, strict=True):
        place, name = (*path, "serviceName"), path_text((*path, "serviceName"))
        if was.members.get("serviceName") == store.members.get("serviceName"):
            urls = [[url for _, url in urls_of(one)] for one in (was, store)]
            if not all(urls) or (was.tag == store.tag and not another_server(*urls)):
                continue
            first = urls_of(store)[:1]
            place, name = (*path, *first[0][0]), named(first, path)
        fact = f"{name} leads to another Redis: {_EMPTY} start empty{part}"
        hint = f"nothing to do if it is the same Redis under another name; else {_QUIET}"
        yield Breach(place, fact, hint)


def _logs_in(store: Object) -> bool | None:
    """True if the server logs in to Redis with a password; None if that is not known."""
    if has_secret(store):
        return True
    # The URLs of sentinels log in nowhere; the first URL of a cluster decides for all.
    if store.tag == "RedisSentinel":
        return False
    first = next((read_url(url) for _, url in urls_of(store)), None)
    return None if first is None or first.authority is None else bool(first.password)


def _remove_secret(live: Live, desired: Desired, _: Difference) -> Iterator[Breach]:
    hint = "keep the password, unless Redis needs none"
    for path, before, after in _pairs(live, desired):
        if _logs_in(before) and _logs_in(after) is False:
            same, field = before.tag == after.tag, "authSecret" in after.members
            field = field and (has_secret(before) or not same)
            place = (*path, *(("authSecret",) if field else urls_of(after)[0][0]))
            fact = f"{path_text(place)} {'is removed' if field and same else 'has no password'}"
            yield Breach(place, f"{fact}: if Redis needs a password, {LOCKED_OUT}", hint)
        name = "sentinelSecret"
        if has_secret(before, name) and name in after.members and not has_secret(after, name):
            fact = f"{path_text((*path, name))} is removed"
            message = f"{fact}: if the sentinels need a password, {LOCKED_OUT}"
            yield Breach((*path, name), message, hint)


def _default_username(live: Live, desired: Desired, _: Difference) -> Iterator[Breach]:
    """A first secret beside a user that no file names: the server's own is the default one."""
    for path, before, after in _pairs(live, desired):
        why = desired.origin((*path, "authUsername"), written=True).why
        default = why == "unmanaged" and after.members.get("authUsername") == "stalwart"
        if default and has_secret(after) and not has_secret(before):
            yield default_user(path, ("authSecret",))


def _drop_tls(live: Live, desired: Desired, _: Difference) -> Iterator[Breach]:
    for path, before, after in _pairs(live, desired):
        old = [read_url(url) for _, url in urls_of(before)]
        # The first URL decides: for all nodes of a cluster, and for the Redis behind sentinels.
        if not old or not (old[0] and old[0].scheme in TLS):
            continue
        urls = [(at, url, found) for at, url in urls_of(after) if (found := read_url(url))]
        plain = [one for one in urls if one[2].scheme in PLAIN]
        first = [one for one in plain if one[0] == urls_of(after)[0][0]]
        if after.tag == "RedisSentinel":
            had = {one.address for one in old if one and one.scheme in PLAIN}
            plain = first + [one for one in plain if one not in first and one[2].address not in had]
        elif not first:
            plain = []
        if lost := [(at, url) for at, url, found in plain if not found.local]:
            fact = f"{named(lost, path)} {'loses' if len(lost) == 1 else 'lose'} TLS"
            message = f"{fact}: passwords and stored data are sent unencrypted"
            yield Breach((*path, *lost[0][0]), message, "write rediss://, as before")
        checked = not any(one and one.insecure for one in old)
        for at, _url, found in urls if after.tag == "RedisSentinel" else urls[:1]:
            if found.insecure and found.scheme in TLS and checked:
                place = (*path, *at)
                fact = f"{path_text(place)} ends in #insecure: no certificate is checked any more"
                yield Breach(place, fact, "remove #insecure")


def _resets_unknown(live: Live, _: Desired, difference: Difference) -> Iterator[Breach]:
    rebuilt = [
        change.slot
        for change in difference.changes
        if isinstance(change.before, Object) and isinstance(change.after, Object)
    ]
    for unknown in live.unrecognised:
        path = tuple(int(step) if step.isdecimal() else step for step in unknown.split("/"))
        if any(path[: len(slot)] == slot for slot in rebuilt):
            fact = f"the update resets {unknown}, a field unknown to this version of confsync"
            hint = "run `confsync schema --update`, or set the field again afterwards"
            if path[-1] == "@type":
                of = path_text(path[:-1]) or "InMemoryStore"
                fact = (
                    f"the update replaces the variant of {of}, unknown to this version of confsync"
                )
                hint = "run `confsync schema --update` to see what is lost"
            yield Breach((), fact, hint)


CHANGE_RULES = (
    ChangeRule("change-variant", _change_variant),
    ChangeRule("resize-shards", _resize_shards),
    ChangeRule("reorder-shards", _reorder_shards),
    ChangeRule("change-database", _change_database),
    ChangeRule("change-server", _change_server, "warning"),
    ChangeRule("remove-secret", _remove_secret),
    ChangeRule("default-username", _default_username),
    KEPT_ELSEWHERE,
    ChangeRule("drop-tls", _drop_tls, covers="plaintext-transport"),
    ChangeRule("resets-unknown", _resets_unknown),
)
