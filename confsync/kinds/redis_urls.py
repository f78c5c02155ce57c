"""URLs of Redis, taken apart as far as their parts are certain: wire section 7."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from confsync.sync.secret import IN_CLEAR, Secret
from confsync.sync.tree import path_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from confsync.sync.tree import Path
    from confsync.sync.url import Url

PLAIN, TLS = {"redis", "valkey"}, {"rediss", "valkeys"}
SOCKETS = {"unix", "redis+unix", "valkey+unix"}
MOST_PORT = 65535
UNKNOWN = "\ufffd"
"""Stands for a secret."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://", re.ASCII)
_SOCKET = re.compile(r"((?:redis\+|valkey\+)?unix):(?!//)", re.ASCII | re.IGNORECASE)
# A host in brackets (IPv6) or up to its colon, and the text after it.
_HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(?::(.*))?", re.DOTALL)
# Python reads no number of thousands of digits.
_SHORT = re.compile(r"[+-]?[0-9]{1,100}", re.ASCII)
_DOTS = {".", ".."}
_NAMED = 3
_PORTS = {"http": "80", "https": "443"}
_LOCAL = re.compile(r"localhost|127\.[0-9.]+|\[::1\]", re.IGNORECASE)


@dataclass(frozen=True)
class Parts:
    """A URL, taken apart. `authority` None: not known. `database` is empty if there is none, or if
    it is not `certain`. `protocol`: that of its query. `insecure`: no certificate is checked.
    """

    scheme: str
    authority: str | None = None
    database: str = ""
    certain: bool = False
    protocol: str = ""
    insecure: bool = False

    @property
    def host(self) -> str:
        """The host; empty if there is none or the authority is not known."""
        return self._address[0]

    @property
    def port(self) -> str:
        """The text behind the host's colon."""
        return self._address[1]

    @property
    def place(self) -> tuple[str, int, int] | None:
        """Host, port and database; None if one of them is not known, or no number."""
        port, database = self.port or "6379", self.database or "0"
        known = self.host and self.certain and UNKNOWN not in self.host
        if not known or not _SHORT.fullmatch(port) or not _SHORT.fullmatch(database):
            return None
        return self.host.lower(), int(port), int(database)

    @property
    def address(self) -> tuple[str, str] | None:
        """Host and port, in one spelling; None if one of them is not known."""
        if not self.host or UNKNOWN in f"{self.host}{self.port}":
            return None
        host = "localhost" if _LOCAL.fullmatch(self.host) else self.host.lower().rstrip(".")
        return host, self.port.lstrip("0") or _PORTS.get(self.scheme, "6379")

    @property
    def remote(self) -> bool:
        """True for a known host that is not this machine."""
        host = self.host
        return bool(host) and UNKNOWN not in host and not _LOCAL.fullmatch(host)

    @property
    def local(self) -> bool:
        """True for a known host that is this machine, and for a socket."""
        return bool(_LOCAL.fullmatch(self.host)) or self.scheme in SOCKETS

    @property
    def user(self) -> str:
        """The text before the password's colon."""
        return self._login.partition(":")[0]

    @property
    def password(self) -> str:
        """The text behind that colon, with UNKNOWN for a secret."""
        return self._login.partition(":")[2]

    @property
    def _login(self) -> str:
        return (self.authority or "").rpartition("@")[0]

    @property
    def _address(self) -> tuple[str, str]:
        parts = _HOST.fullmatch((self.authority or "").rpartition("@")[2])
        return (parts[1], parts[2] or "") if parts else (UNKNOWN, "")


def read_url(url: Url) -> Parts | None:
    """The certain parts of a URL; None if there are none. `scheme` may be empty.

    A password in plain text may contain a slash: unless it is in the query, host and database are
    uncertain. A referenced one is percent-encoded.
    """
    text, certain = "", True
    for part in url.parts:
        if isinstance(part, Secret):
            certain = certain and (part.ref != IN_CLEAR or bool(re.search(r"[?#]", text)))
        text += UNKNOWN if isinstance(part, Secret) else part
    # A parser of URLs removes these.
    text = re.sub(r"[\t\n\r]", "", text.strip("".join(map(chr, range(33)))))
    scheme = _SCHEME.match(text)
    if scheme is None:
        socket = _SOCKET.match(text)
        return (
            None
            if not text or text.startswith(UNKNOWN)
            else Parts(socket[1].lower() if socket else "")
        )
    name, rest = scheme[1].lower(), text[scheme.end() :]
    if not certain:
        return Parts(name)
    rest, _, fragment = rest.partition("#")
    rest, _, query = rest.partition("?")
    authority, slash, path = rest.partition("/")
    database = (slash + path).strip("/")
    # A parser of URLs resolves dots in a path.
    dots = _DOTS & {step.lower().replace("%2e", ".") for step in database.split("/")}
    certain = not dots and UNKNOWN not in database
    protocol = dict(parse_qsl(query)).get("protocol", "")
    known = database if certain else ""
    return Parts(name, authority, known, certain, protocol, fragment == "insecure")


def named(urls: Sequence[tuple[Path, Url]], path: Path = ()) -> str:
    """URLs by their fields in a store at a path, like `urls/0 (cache.example.com)`. The host of a
    reference is not shown.
    """
    names = []
    for at, url in urls[:_NAMED]:
        found = None if url.ref else read_url(url)
        host = "" if found is None or UNKNOWN in found.host else found.host
        names.append(path_text((*path, *at)) + (f" ({host})" if host else ""))
    if len(urls) > _NAMED:
        names.append(f"{len(urls) - _NAMED} more")
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def another_server(before: Iterable[Url], after: Iterable[Url]) -> bool:
    """True if URLs certainly lead to other servers than before. One common address makes the same,
    and so does one host on which TLS changes, perhaps together with the port.
    """
    old, new = (_addresses(urls) for urls in (before, after))
    hosts = {(host, tls) for host, _, tls in old}
    same = (here in old or (here[0], not here[2]) in hosts for here in new)
    return bool(old and new) and not any(same)


def _addresses(urls: Iterable[Url]) -> set[tuple[str, str, bool]]:
    """Host and port of URLs, and if they have TLS; empty if one of them is not known."""
    found = [read_url(url) for url in urls]
    known = [(*one.address, one.scheme in TLS | {"https"}) for one in found if one and one.address]
    return set(known) if len(known) == len(found) else set()
