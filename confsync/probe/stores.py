"""Ask each Redis of a store as Stalwart would: which user, password and TLS count is what wire
section 7 says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias
from urllib.parse import unquote, urlsplit

from confsync.kinds.in_memory_store_risks import urls_of
from confsync.kinds.redis_urls import PLAIN, TLS
from confsync.net.endpoint import is_loopback
from confsync.sync.secret import Secret
from confsync.sync.tree import Object

if TYPE_CHECKING:
    from collections.abc import Callable

    from confsync.sync.secret import Vault
    from confsync.sync.tree import Path
    from confsync.sync.url import Url
    from confsync.sync.values import Checked

Role: TypeAlias = Literal["single", "cluster", "sentinel", "master"]

_PORT = 6379


@dataclass(frozen=True)
class Place:
    """Where a Redis is, and how it is reached. `insecure`: no certificate is checked."""

    host: str
    port: int
    tls: bool = False
    insecure: bool = False

    def __str__(self) -> str:
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


@dataclass(frozen=True, repr=False)
class Login:
    """Sent to log in: nothing without a password. `database`: 0 is not selected."""

    user: str | None = None
    password: str | None = None
    database: int = 0


@dataclass(frozen=True)
class Said:
    """The result of asking a Redis. `failed`: its own answer keeps the server out; `cannot-tell`:
    not known from here. `master`: where a sentinel says that it is.
    """

    result: Checked
    fact: str
    hint: str = ""
    master: tuple[str, int] | None = None


@dataclass(frozen=True)
class Means:
    """`may_ask` tells if a host and port may be contacted. `on_host`: the server runs on this
    machine, so that its loopback is ours.
    """

    vault: Vault
    may_ask: Callable[[str, int], bool]
    on_host: bool


class _UnknownError(Exception):
    """A store that cannot be asked from here. Its texts hold no value."""

    def __init__(self, fact: str, hint: str = "") -> None:
        super().__init__(fact)
        self.said = Said("cannot-tell", fact, hint)


@dataclass(frozen=True, repr=False)
class _Read:
    """A URL, taken apart."""

    place: Place
    login: Login


def asked(store: Object, means: Means) -> tuple[tuple[Path, Said], ...]:
    """The answer of each URL of a Redis store, by the URL's path. Raises nothing."""
    urls = urls_of(store)
    first = urls[0][1] if urls else None
    return tuple((path, _asked(url, first, store, means)) for path, url in urls if first)


def _asked(url: Url, first: Url, store: Object, means: Means) -> Said:
    try:
        from confsync.probe.redis_server import ask  # noqa: PLC0415 - an extra
    except ImportError:
        hint = "install the extra `doctor` (docs/doctor.md)"
        return Said("cannot-tell", "redis-py is not installed", hint)
    try:
        own, chief = _read(url, means.vault), _read(first, means.vault)
        match store.tag:
            case "Redis":
                return ask(_checked(own.place, means), own.login, "single")
            case "RedisCluster":
                place = replace(chief.place, host=own.place.host, port=own.place.port)
                return ask(
                    _checked(place, means), _cluster_login(store, chief.login, means), "cluster"
                )
            case _:
                login = _login(store, "sentinelUsername", "sentinelSecret", means)
                service = str(store.members.get("serviceName"))
                said = ask(_checked(own.place, means), login, "sentinel", service)
                if said.master is None:
                    return said
                host, port = said.master
                place = _checked(replace(chief.place, host=host, port=port), means)
                login = _login(store, "authUsername", "authSecret", means)
                found = ask(place, login, "master")
                return Said(found.result, f"its master {place}: {found.fact}", found.hint)
    except _UnknownError as unknown:
        return unknown.said


def _checked(place: Place, means: Means) -> Place:
    """The place. Raises _UnknownError if it must not, or cannot, be asked from here."""
    if is_loopback(place.host) and not means.on_host:
        raise _UnknownError(f"{place} is on the server's own machine")
    if not means.may_ask(place.host, place.port):
        hint = "if the password is for this host, add it to CONFSYNC_HOSTS"
        raise _UnknownError(f"{place} is not in CONFSYNC_HOSTS", hint)
    return place


def _cluster_login(store: Object, first: Login, means: Means) -> Login:
    """The fields win; without them the first URL's user and password count."""
    found = _login(store, "authUsername", "authSecret", means)
    user = store.members.get("authUsername")
    password = first.password if found.password is None else found.password
    return Login(first.user if user is None else str(user), password)


def _login(store: Object, user: str, secret: str, means: Means) -> Login:
    """The user and password of two fields. Raises _UnknownError for a password of the server."""
    name = store.members.get(user)
    match store.members.get(secret):
        case Object("Value", {"secret": Secret(id=number) as found}):
            if number is None:
                raise _UnknownError(f"{secret} is not known here")
            return Login(None if name is None else str(name), means.vault.open(found))
        case Object("None") | None:
            return Login(None if name is None else str(name))
        case _:
            raise _UnknownError(f"{secret} is known to the server alone")


def _read(url: Url, vault: Vault) -> _Read:
    """A URL, opened. Raises _UnknownError for one that is not known, or that no client reads."""
    if not url.resolved:
        raise _UnknownError("its password is not known here")
    text = "".join(part if isinstance(part, str) else vault.open(part) for part in url.parts)
    try:
        parts = urlsplit(text.strip())
        host, port, database = parts.hostname, parts.port, int(parts.path.strip("/") or 0)
    except ValueError:
        host = None
    if not host or parts.scheme not in PLAIN | TLS:
        raise _UnknownError("it is no address that can be asked from here") from None
    place = Place(host, port or _PORT, parts.scheme in TLS, parts.fragment == "insecure")
    user, password = (unquote(one) if one else None for one in (parts.username, parts.password))
    return _Read(place, Login(user, password, database))
