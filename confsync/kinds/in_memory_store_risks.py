"""State rules of `InMemoryStore`: settings that no server can start its store with.

Facts: wire section 7. The rules read the state as the files write it. An unknown part of a URL,
like a reference or a secret, breaks no rule. No message repeats a part of a URL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.sync.findings import Breach
from confsync.sync.names import nearest
from confsync.sync.secret import IN_CLEAR, Secret
from confsync.sync.tree import Items, Members, Object, path_text
from confsync.sync.url import Url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.sync.tree import Path

RULE = "will-not-start"

_PLAIN, _TLS = {"redis", "valkey"}, {"rediss", "valkeys"}
_SOCKETS = {"unix", "redis+unix", "valkey+unix"}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://", re.ASCII)
# A host in brackets (IPv6) or up to its colon, and the text after it.
_HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(?::(.*))?", re.DOTALL)
_NUMBER = re.compile(r"[+-]?[0-9]+")
_DOTS = {".", ".."}
_MOST_PORT = 65535
_WRITE = "write it like rediss://cache.example.com:6379"
_UNKNOWN = "\ufffd"


def breaches(tree: Object, path: Path = ()) -> Iterator[Breach]:
    """The settings in a state that keep the store from starting at the next restart."""
    match tree:
        case Object("Sharded", {"stores": Items(items)}):
            for index, item in enumerate(items):
                yield from breaches(item, (*path, "stores", index))
        case Object("Redis", {"url": Url() as url}):
            yield from _url(_read(url), (*path, "url"), sockets=True)
        case Object("RedisCluster" | "RedisSentinel", {"urls": Members(urls)}):
            yield from _urls([_read(url) for url in urls], tree.tag, (*path, "urls"))
        case _:
            pass


def _urls(read: list[_Parts | None], tag: str, path: Path) -> Iterator[Breach]:
    if not read:
        hint = "add at least one URL, like rediss://cache.example.com:6379"
        yield _breach(path, "is empty", hint)
    for index, found in enumerate(read):
        yield from _url(found, (*path, index), sockets=False)
    for index, found in enumerate(read):
        if found is None or tag != "RedisCluster":
            continue
        if _NUMBER.fullmatch(found.database) and found.database.strip("+-0"):
            hint = "remove it: a cluster has only database 0"
            yield _breach((*path, index), "has a database other than 0", hint)
        if read[0] is not None and read[0].scheme in _TLS and found.scheme in _PLAIN:
            hint = "write every URL with rediss://, or none"
            yield _breach((*path, index), "has no TLS, unlike the first URL", hint)


def _url(found: _Parts | None, path: Path, *, sockets: bool) -> Iterator[Breach]:
    if found is None:
        return
    schemes = _PLAIN | _TLS | (_SOCKETS if sockets else set())
    if not found.scheme:
        yield _breach(path, "has no scheme", f"{_WRITE}, or redis:// without TLS")
    elif found.scheme in _SOCKETS and not sockets:
        yield _breach(path, "is a unix socket, which only Redis supports", _WRITE)
    elif found.scheme not in schemes:
        hint = f"{nearest(found.scheme, schemes)}write redis://, or rediss:// for TLS"
        yield _breach(path, "has an unknown scheme", hint)
    elif found.scheme not in _SOCKETS and found.authority is not None:
        parts = _HOST.fullmatch(found.authority.rpartition("@")[2])
        host, port = parts.groups() if parts else (_UNKNOWN, None)
        if not host:
            yield _breach(path, "has no host", _WRITE)
        digits = "0" if not port else port.lstrip("0") or "0"
        # Longer than any port is not read: the number may have thousands of digits.
        if not re.fullmatch(r"[0-9]{1,5}", digits) or int(digits) > _MOST_PORT:
            yield _breach(path, "has an invalid port", f"write a number up to {_MOST_PORT}")
        if found.database and not _NUMBER.fullmatch(found.database):
            hint = "write its number, like rediss://cache.example.com:6379/1, or remove it"
            yield _breach(path, "has an invalid database", hint)


@dataclass(frozen=True)
class _Parts:
    """A URL, taken apart. `authority` None: not known; `database` is empty then."""

    scheme: str
    authority: str | None = None
    database: str = ""


def _read(url: Url) -> _Parts | None:
    """The certain parts of a URL; None if there are none. `scheme` may be empty.

    A password in plain text may contain a slash: unless it is in the query, host and database are
    uncertain. A referenced one is percent-encoded.
    """
    text, certain = "", True
    for part in url.parts:
        if isinstance(part, Secret):
            certain = certain and (part.ref != IN_CLEAR or bool(re.search(r"[?#]", text)))
        text += _UNKNOWN if isinstance(part, Secret) else part
    # A parser of URLs removes these.
    text = re.sub(r"[\t\n\r]", "", text.strip("".join(map(chr, range(33)))))
    scheme = _SCHEME.match(text)
    if scheme is None:
        return None if not text or text.startswith(_UNKNOWN) else _Parts("")
    name, rest = scheme[1].lower(), text[scheme.end() :]
    if not certain:
        return _Parts(name)
    authority, slash, path = re.split(r"[?#]", rest, maxsplit=1)[0].partition("/")
    database = (slash + path).strip("/")
    # A parser of URLs resolves dots in a path.
    dots = _DOTS & {step.lower().replace("%2e", ".") for step in database.split("/")}
    if dots or _UNKNOWN in database:
        database = ""
    return _Parts(name, authority, database)


def _breach(path: Path, fact: str, hint: str) -> Breach:
    return Breach(RULE, path, f"{path_text(path)} {fact}: the store will not start", hint)
