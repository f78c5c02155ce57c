"""State rules of `InMemoryStore`: what can be seen to go wrong from its settings alone.

Facts: wire section 7. The rules read the state as the files write it. An unknown part of a URL,
like a reference or a secret, breaks no rule. Messages repeat nothing of a URL but its host.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import TYPE_CHECKING

from confsync.kinds.redis_urls import (
    MOST_PORT,
    PLAIN,
    SOCKETS,
    TLS,
    UNKNOWN,
    Parts,
    named,
    read_url,
)
from confsync.sync.findings import Breach, StateRule
from confsync.sync.names import nearest
from confsync.sync.tree import Items, Members, Object, path_text, secrets
from confsync.sync.url import Url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.sync.findings import State
    from confsync.sync.tree import Path

LOCKING_OUT = {"will-not-start", "sharded-needs-enterprise"}
"""Rules of states that certainly lock out; the others warn, or ask."""
LOCKED_OUT = "the next restart locks out every remote client"
_NUMBER = re.compile(r"[+-]?[0-9]+")
_DATABASE = re.compile(r"\+?0*[0-9]{1,9}|-0+")
_NO_HOST = re.compile(r"[\x00-\x20<>\\^|\[\]]")
_WRITE = "write it like rediss://cache.example.com:6379"
_POOL_TIMEOUTS = ("poolTimeoutCreate", "poolTimeoutWait", "poolTimeoutRecycle")
_LEAST_WAIT, _MOST_WAIT = 1280, 655_360  # milliseconds: the client's own limits of a retry


def stores(tree: Object) -> Iterator[tuple[Path, Object]]:
    """The Redis stores of a state with their paths: itself, or its shards."""
    match tree:
        case Object("Sharded", {"stores": Items(items)}):
            for index, item in enumerate(items):
                yield ("stores", index), item
        case Object("Redis" | "RedisCluster" | "RedisSentinel"):
            yield (), tree
        case _:
            pass


def urls_of(store: Object) -> list[tuple[Path, Url]]:
    """The URLs of a Redis store with their paths in it."""
    match store.members:
        case {"url": Url() as url}:
            return [(("url",), url)]
        case {"urls": Members(urls)}:
            return [(("urls", index), url) for index, url in enumerate(urls)]
        case _:
            return []


def redis_places(tree: Object) -> Iterator[tuple[Path, tuple[str, int, object]]]:
    """Host, port and database of each Redis that is certainly known, or the service of its
    sentinels, with the path of its URL. `localhost` is another one on each server: left out.
    """
    for path, store in stores(tree):
        for at, found in _parts(store):
            if found.remote and (place := found.place):
                host, port, database = place
                yield (*path, *at), (host, port, store.members.get("serviceName", database))


def has_secret(store: Object, field: str = "authSecret") -> bool:
    """True if a secret field of a store is not `None`."""
    secret = store.members.get(field)
    return isinstance(secret, Object) and secret.tag != "None"


def _parts(store: Object) -> Iterator[tuple[Path, Parts]]:
    """The URLs of a store that are known, taken apart."""
    for path, url in urls_of(store):
        if found := read_url(url):
            yield path, found


def _will_not_start(state: State) -> Iterator[Breach]:
    for path, store in stores(state.tree):
        for at, fact, hint in _failures(store, sharded=bool(path)):
            message = f"{path_text((*path, *at)) or 'InMemoryStore'} {fact}"
            yield Breach((*path, *at), f"{message}: {LOCKED_OUT}", hint)


def _failures(store: Object, *, sharded: bool) -> Iterator[tuple[Path, str, str]]:
    if sharded and store.tag == "RedisSentinel":
        yield (), "is a RedisSentinel, which cannot be a shard", "write a Redis or a RedisCluster"
    urls = urls_of(store)
    if store.tag != "Redis" and not urls:
        yield ("urls",), "is empty", "add at least one URL, like rediss://cache.example.com:6379"
    for path, url in urls:
        if (found := read_url(url)) and not _quoted(url):
            for fact, hint in _invalid(found, sockets=store.tag == "Redis"):
                yield path, fact, hint
        elif found:
            yield path, "begins with a quote", "remove the quotes from the value itself"
    if store.tag == "RedisCluster" and urls:
        for path, url in urls:
            yield from ((path, *one) for one in _unlike_first(url, urls[0][1], store))


def _quoted(url: Url) -> bool:
    first = url.parts[0] if url.parts else ""
    return isinstance(first, str) and first.lstrip().startswith(("'", '"'))


def _invalid(found: Parts, *, sockets: bool) -> Iterator[tuple[str, str]]:
    schemes = PLAIN | TLS | (SOCKETS if sockets and "unix" in found.scheme else set())
    if not found.scheme:
        yield "has no scheme", f"{_WRITE}, or redis:// without TLS"
    elif found.scheme in SOCKETS and not sockets:
        yield "is a unix socket, which only Redis supports", _WRITE
    elif found.scheme not in schemes:
        hint = f"{nearest(found.scheme, schemes)}write redis://, or rediss:// for TLS"
        yield "has an unknown scheme", hint
    elif found.scheme in SOCKETS and found.authority:
        hint = "write it like unix:///run/redis.sock"
        if found.user or found.password:
            hint = "write the whole URL as a reference, with ?user=…&pass=… behind its path"
        yield "has text before the path of its socket", hint
    elif found.scheme not in SOCKETS and found.authority is not None:
        yield from _invalid_address(found)
        if found.database and not _DATABASE.fullmatch(found.database):
            hint = "write its number, like rediss://cache.example.com:6379/1, or remove it"
            yield "has an invalid database", hint


def _invalid_address(found: Parts) -> Iterator[tuple[str, str]]:
    digits = found.port.lstrip("0") or "0"
    if "," in f"{found.host}{found.port}":
        yield "has several hosts", "write one URL for each node of a RedisCluster"
    elif ":" in found.port:
        hint = "write an IPv6 address in brackets, like redis://[::1]:6379"
        yield "has several colons in its address", hint
    else:
        if not found.host:
            yield "has no host", _WRITE
        elif not _is_host(found.host):
            yield "has an invalid host", _WRITE
        # Longer than any port is not read: the number may have thousands of digits.
        if not re.fullmatch(r"[0-9]{1,5}", digits) or int(digits) > MOST_PORT:
            yield "has an invalid port", f"write a number up to {MOST_PORT}"


def _is_host(host: str) -> bool:
    """False for a host that a parser of URLs refuses, like an address in brackets that is none."""
    if host.startswith("["):
        try:
            return "%" not in host and bool(IPv6Address(host[1:-1]))
        except ValueError:
            return False
    return not _NO_HOST.search(host)


def _unlike_first(url: Url, first_url: Url, store: Object) -> Iterator[tuple[str, str]]:
    found, first = read_url(url), read_url(first_url)
    if found and _NUMBER.fullmatch(found.database) and found.database.strip("+-0"):
        yield "has a database other than 0", "remove it: a cluster has only database 0"
    if found is None or first is None:
        return
    if first.authority is not None is not found.authority and first.protocol != found.protocol:
        hint = "write the same ?protocol= in all URLs, or remove it and set `protocolVersion`"
        yield "has another protocol than the first URL", hint
    if first.scheme in TLS and found.scheme in PLAIN:
        yield "has no TLS, unlike the first URL", "write rediss:// in all URLs, or in none"
    # The first URL's credentials count for the whole cluster: every other URL must have them.
    other_user = first.user not in {"", found.user} and UNKNOWN not in first.user + found.user
    if store.members.get("authUsername") is None and other_user:
        hint = "write the same user in all URLs, or remove it and set `authUsername`"
        yield "has another user than the first URL", hint
    if not has_secret(store) and first.password and _other_password(url, first_url):
        fact = "has another password than" if url.secrets else "has no password, unlike"
        hint = "write the same password in all URLs, or remove it and set `authSecret`"
        yield f"{fact} the first URL", hint


def _other_password(url: Url, first: Url) -> bool:
    """True if a URL certainly has another password than the first one, which has one."""
    ids = [one.secrets[0].id if one.secrets else None for one in (url, first)]
    return not url.secrets or (None not in ids and ids[0] != ids[1])


def _default_username(state: State) -> Iterator[Breach]:
    for path, store in stores(state.tree):
        user = (*path, "authUsername")
        if "authUsername" not in store.members or state.why(user) != "default":
            continue
        passwords = (at for at, url in urls_of(store) if url.secrets and url.parts)
        at = ("authSecret",) if has_secret(store) else next(passwords, None)
        if at is not None and (has_secret(store) or store.tag == "RedisCluster"):
            yield default_user(path, at)


def default_user(path: Path, at: Path) -> Breach:
    """The question for the user of a store whose password is at `at`."""
    return Breach(
        (*path, *at),
        f"{path_text((*path, 'authUsername'))} is not set, so the default user `stalwart` logs in"
        f" with this password: if Redis has only `requirepass`, {LOCKED_OUT}",
        "write `authUsername: null` for `requirepass`, or `authUsername: stalwart` if Redis has"
        " this user",
    )


def _mixed_tls(state: State) -> Iterator[Breach]:
    for path, store in stores(state.tree):
        urls, known = urls_of(store), dict(_parts(store))
        first, sentinel = known.get(("urls", 0)), store.tag == "RedisSentinel"
        if first is None or not (first.scheme in PLAIN or (sentinel and first.scheme in TLS)):
            continue
        unlike = TLS if first.scheme in PLAIN else PLAIN
        if mixed := [(at, url) for at, url in urls if at in known and known[at].scheme in unlike]:
            one = len(mixed) == 1
            fact = f"{'is' if one else 'are'} used without TLS, because the first URL has none"
            if sentinel:
                differ = f"{'differs' if one else 'differ'} from the first URL in TLS"
                fact = f"{differ}: Redis is reached as the first URL says"
            message = f"{named(mixed, path)} {fact}"
            yield Breach((*path, *mixed[0][0]), message, "write every URL with rediss://")


def _ignored_credentials(state: State) -> Iterator[Breach]:
    for path, store in stores(state.tree):
        sentinel, urls = store.tag == "RedisSentinel", urls_of(store)
        first = read_url(urls[0][1]) if urls else None
        for at, found in _parts(store) if store.tag != "Redis" else ():
            user = sentinel or store.members.get("authUsername") is not None
            password = sentinel or has_secret(store)
            # Without the field, the first URL's counts.
            parts = {
                "user": found.user and (user or (first and not first.user)),
                "password": found.password and (password or (first and not first.password)),
                "database": sentinel and found.database.strip("+-0"),
            }
            if ignored := [what for what, is_ignored in parts.items() if is_ignored]:
                place = (*path, *at)
                fact = f"{path_text(place)} has a {' and a '.join(ignored)} that the server ignores"
                hint = "remove it: authUsername and authSecret are used"
                if sentinel:
                    hint = "remove it: only the address of a sentinel is used"
                elif not (user and found.user) and not (password and found.password):
                    fact += ": the first URL has none"
                    hint = "write the same user and password in all URLs, or use the fields"
                yield Breach(place, fact, hint)


def _plaintext_transport(state: State) -> Iterator[Breach]:
    for path, store in stores(state.tree):
        urls = [(at, url, found) for at, url in urls_of(store) if (found := read_url(url))]
        plain = [one for one in urls if one[2].scheme in PLAIN and one[2].remote]
        secret = has_secret(store)
        if store.tag != "RedisSentinel":
            secret = secret or any(found.password for *_, found in plain)
            # The first URL of a cluster decides for all.
            tls = any(at == ("urls", 0) and found.scheme in TLS for at, _, found in urls)
            plain = [] if tls else plain
        elif has_secret(store, "sentinelSecret"):
            secret = True
        else:
            # Redis is reached as the first URL says.
            plain = [one for one in plain if one[0] == ("urls", 0)]
        if plain and secret:
            names = named([(at, url) for at, url, _ in plain], path)
            fact = f"{names} {'has' if len(plain) == 1 else 'have'} no TLS"
            message = f"{fact}: passwords are sent there unencrypted"
            yield Breach((*path, *plain[0][0]), message, "write rediss:// if this Redis has TLS")


def _sentinel_port(state: State) -> Iterator[Breach]:
    for path, store in stores(state.tree):
        known = dict(_parts(store)) if store.tag == "RedisSentinel" else {}
        urls = [(at, url) for at, url in urls_of(store) if at in known]
        if bare := [(at, url) for at, url in urls if known[at].host and not known[at].port]:
            fact = f"{named(bare, path)} {'has' if len(bare) == 1 else 'have'} no port"
            hint = "write the port, like rediss://sentinel.example.com:26379"
            message = f"{fact}: 6379 is used, but sentinels usually listen on 26379"
            yield Breach((*path, *bare[0][0]), message, hint)


def _unbounded_wait(state: State) -> Iterator[Breach]:
    for path, store in stores(state.tree):
        for name in _POOL_TIMEOUTS:
            if name in store.members and store.members[name] is None:
                place = (*path, name)
                fact = f"{path_text(place)} is null: mail waits without a limit if Redis hangs"
                yield Breach(place, fact, "write a limit, like 30s")


def _crossed_retry_waits(state: State) -> Iterator[Breach]:
    for path, store in stores(state.tree):
        least, most = (store.members.get(name) for name in ("minRetryWait", "maxRetryWait"))
        low, high = (least or _LEAST_WAIT), (most or _MOST_WAIT)
        if isinstance(low, int) and isinstance(high, int) and low > high:
            place = (*path, "maxRetryWait" if most else "minRetryWait")
            fact = f"{path_text(place)} is shorter than minRetryWait"
            hint = "write a minRetryWait that is not longer"
            if not least:
                fact += ", which is 1280ms if it is not set"
                hint = "write minRetryWait too, at most maxRetryWait"
            yield Breach(place, fact, hint)


def _world_readable(state: State) -> Iterator[Breach]:
    for path, secret in secrets(state.tree):
        if str(secret.ref) in state.facts.world_readable:
            fact = f"every user of this machine can read the secret of {path_text(path)}"
            yield Breach(path, fact, "make it readable by its owner alone: chmod 600")


def _needs_enterprise(state: State) -> Iterator[Breach]:
    if state.tree.tag == "Sharded" and state.facts.edition in {"oss", "community"}:
        fact = f"shards need an Enterprise licence, and this server is the {state.facts.edition}"
        hint = "write one Redis or RedisCluster, or install a licence first"
        yield Breach(("stores",), f"{fact} edition: {LOCKED_OUT}", hint)


STATE_RULES = (
    StateRule("will-not-start", _will_not_start, "error"),
    StateRule("default-username", _default_username, "error"),
    StateRule("sharded-needs-enterprise", _needs_enterprise, "error"),
    StateRule("mixed-tls", _mixed_tls),
    StateRule("ignored-credentials", _ignored_credentials),
    StateRule("plaintext-transport", _plaintext_transport),
    StateRule("sentinel-port", _sentinel_port),
    StateRule("unbounded-wait", _unbounded_wait),
    StateRule("crossed-retry-waits", _crossed_retry_waits),
    StateRule("world-readable-secret-file", _world_readable),
)
