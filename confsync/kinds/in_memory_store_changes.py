"""Transition rules of `InMemoryStore`: what a change leaves behind, or takes away.

Facts: wire sections 5 and 7.
"""

from __future__ import annotations

import re
from math import gcd
from typing import TYPE_CHECKING, Literal

from confsync.kinds.in_memory_store_risks import has_secret, stores, urls_of
from confsync.kinds.redis_urls import PLAIN, TLS, read_url
from confsync.sync.findings import Breach, ChangeRule
from confsync.sync.secret import Secret
from confsync.sync.tree import Items, Object, path_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from confsync.sync.tree import Path
    from confsync.sync.url import Url
    from confsync.sync.values import Desired, Difference, Live

_BEHIND = "rate limits, locks, greylists and counters"


def _change_variant(live: Live, desired: Desired, _: Difference) -> Iterator[Breach]:
    before, after = live.tree.tag, desired.tree.tag
    if before != after:
        fact = f"the variant changes from {before} to {after}: {_BEHIND} in the old store are lost"
        yield Breach((), fact, "apply it when mail can do without them", _note(before))


def _note(tag: str) -> Literal["note"] | None:
    """The default store is the server's own data store: leaving it is no risk."""
    return "note" if tag == "Default" else None


def _shards(live: Live, desired: Desired) -> tuple[Sequence[Object], Sequence[Object]] | None:
    match live.tree.members.get("stores"), desired.tree.members.get("stores"):
        case Items(before), Items(after):
            return before, after
        case _:
            return None


def _moved(before: Sequence[Object], after: Sequence[Object]) -> str:
    """The share of keys that another shard holds afterwards, like `75 %`; empty for none.

    A key with hash h is in item h mod n. Each pair of items whose indexes are equal modulo
    gcd(n, m) has the same share of the hashes, 1 in lcm(n, m).
    """
    n, m = len(before), len(after)
    divisor = gcd(n, m)
    homes: dict[object, list[int]] = {}
    for index, item in enumerate(before):
        homes.setdefault(_address(item), []).append(index)
    stay = sum(
        (index - home) % divisor == 0
        for index, item in enumerate(after)
        for home in homes.get(_address(item), ())
    )
    whole = n * m // divisor
    share = 100 * (whole - stay) / whole
    if not share:
        return ""
    return f"{share:.0f} %" if share == round(share) else f"{share:.1f} %"


def _address(store: Object) -> object:
    """Where the keys of a store are: its hosts and databases, without credentials."""
    found = [read_url(url) for _, url in urls_of(store)]
    return (
        store.tag == "Redis",
        frozenset(
            (one.host.lower(), one.port or "6379", one.database or "0") if one else None
            for one in found
        ),
    )


def _resize_shards(live: Live, desired: Desired, _: Difference) -> Iterator[Breach]:
    if (shards := _shards(live, desired)) and len(shards[0]) != len(shards[1]):
        before, after = map(len, shards)
        if moved := _moved(*shards):
            fact = f"{before} shards become {after}: {moved} of all keys move"
            yield Breach(("stores",), f"{fact}, and what they hold is lost", _TIME)


def _reorder_shards(live: Live, desired: Desired, _: Difference) -> Iterator[Breach]:
    if (shards := _shards(live, desired)) and len(shards[0]) == len(shards[1]):
        before, after = ([_address(item) for item in items] for items in shards)
        if any(one != other and one in before for one, other in zip(after, before, strict=True)):
            fact = f"shards change their places: {_moved(*shards)} of all keys move"
            yield Breach(("stores",), f"{fact}, and what they hold is lost", _TIME)


_TIME = "keep the order and number of shards, or apply it when mail can do without the keys"


def _pairs(live: Live, desired: Desired) -> Iterator[tuple[Path, Object, Object]]:
    """The Redis stores before and after with the same variant: shards at the same address, or else
    in the same place.
    """
    before, after = dict(stores(live.tree)), dict(stores(desired.tree))
    homes = {_address(store): store for store in before.values()}
    kept = {_address(store) for store in after.values()}
    for path, store in after.items():
        old = before.get(path)
        if old is not None and _address(old) in kept and _address(old) != _address(store):
            old = None
        old = old or homes.get(_address(store))
        if old is not None and old.tag == store.tag:
            yield path, old, store


def _change_database(live: Live, desired: Desired, _: Difference) -> Iterator[Breach]:
    for path, before, after in _pairs(live, desired):
        if after.tag != "Redis":
            continue
        at, new = urls_of(after)[0]
        one, other = read_url(urls_of(before)[0][1]), read_url(new)
        if one and other and one.host.lower() == other.host.lower() and one.port == other.port:
            numbers = [found.database or "0" for found in (one, other)]
            if one.host and numbers[0] != numbers[1]:
                place = (*path, *at)
                fact = f"{path_text(place)} changes its database"
                yield Breach(place, f"{fact}: {_BEHIND} in the old one are lost", _KEEP)


_KEEP = "keep the database, or apply it when mail can do without them"


def _remove_secret(live: Live, desired: Desired, _: Difference) -> Iterator[Breach]:
    for path, before, after in _pairs(live, desired):
        for name in ("authSecret", "sentinelSecret"):
            match before.members.get(name), after.members.get(name):
                case Object(tag), Object("None") if tag != "None":
                    place = (*path, name)
                    fact = f"{path_text(place)} is removed: the server logs in without a password"
                    yield Breach(place, fact, "keep it unless Redis needs no password")
                case _:
                    pass
        if after.tag == "RedisSentinel" or has_secret(before) or has_secret(after):
            continue  # the passwords in its URLs are not used
        had, has = (any(_logs_in(url) for _, url in urls_of(store)) for store in (before, after))
        if had and not has:
            place = (*path, "url" if after.tag == "Redis" else "urls")
            fact = f"{path_text(place)} loses its password: the server logs in without one"
            yield Breach(place, fact, "keep it unless Redis needs no password")


def _logs_in(url: Url) -> bool:
    """True if a URL has a password, or may have: one in its query is not used."""
    text = ""
    for part in url.parts:
        if isinstance(part, Secret):
            return not re.search(r"[?#]", text)
        text += part
    return not url.parts


def _drop_tls(live: Live, desired: Desired, _: Difference) -> Iterator[Breach]:
    for path, before, after in _pairs(live, desired):
        old = {found.scheme for _, url in urls_of(before) if (found := read_url(url))}
        # The first URL of a cluster decides for all.
        for at, url in urls_of(after)[: None if after.tag == "RedisSentinel" else 1]:
            new = read_url(url)
            if new and new.scheme in PLAIN and old and old <= TLS:
                place = (*path, *at)
                fact = f"{path_text(place)} has no TLS any more: passwords and keys are readable"
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
            fact = f"the update resets {unknown}, which this confsync does not know"
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
