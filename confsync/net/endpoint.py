"""Addresses of servers and proxies, and `CONFSYNC_HOSTS`, the hosts that may be contacted."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from confsync.errors import Declined, WrongUsage

_SERVER, _PROXY = "the server's URL", "the proxy's URL"
_EXAMPLE = "write https:// and the host, like https://mail.example.com"
_HOSTS = "write hosts separated by commas, like mail.example.com, mail.example.org:8443"
_PROXY_EXAMPLE = "write it like http://proxy.example.com:3128"

_PORTS = {"http": 80, "https": 443}
_LABEL = re.compile(r"\w(?:[\w-]{0,61}\w)?")
_ENTRY = re.compile(
    r"(?:\[(?P<address>[^\[\]]*:[^\[\]]*)\]|(?P<name>[^:\[\]]+))(?::(?P<port>\d+))?"
)
_LONGEST_NAME = 253
_LAST_PORT = 65535


@dataclass(frozen=True)
class Endpoint:
    """An origin, without credentials. `host`: see `canonical`. `secure`: reached over TLS."""

    origin: str
    host: str
    port: int
    secure: bool


def endpoint(url: str, *, insecure_http: bool = False, name: str | None = None) -> Endpoint:
    """Check a server's URL: https, or http on loopback. `name`: where it was set.

    Raises WrongUsage, never with the URL.
    """
    credentials = "set STALWART_TOKEN, or STALWART_USER and STALWART_PASSWORD, in the environment"
    name = name or _SERVER
    scheme, host, port = _split(url, name, _EXAMPLE, credentials)
    if scheme == "http" and not insecure_http and not is_loopback(host):
        fact = f"{name}: http:// would send the credentials unencrypted to {host}"
        hint = "use https://, or --insecure-http if the connection is protected otherwise"
        raise WrongUsage(fact, hint=hint)
    return Endpoint(_origin(scheme, host, port), host, port or _PORTS[scheme], scheme == "https")


def is_protected(url: str) -> bool:
    """True for a server's URL with TLS or on loopback. Raises WrongUsage."""
    found = endpoint(url, insecure_http=True)
    return found.secure or is_loopback(found.host)


def origin(url: str) -> str:
    """The origin of a server's URL, as it is shown. http is allowed. Raises WrongUsage."""
    return endpoint(url, insecure_http=True).origin


def server_key(url: str) -> tuple[bool, str, int]:
    """A key that is equal for URLs of one server: TLS or not, host, port. Raises WrongUsage."""
    found = endpoint(url, insecure_http=True)
    return found.secure, found.host, found.port


def proxy_origin(url: str, server: Endpoint, name: str | None = None) -> str:
    """Check a proxy's URL: http or https, a host, a port. `name`: where it was set.

    Raises WrongUsage, never with the URL.
    """
    credentials, name = "use a proxy that needs no login", name or _PROXY
    scheme, host, port = _split(url, name, _PROXY_EXAMPLE, credentials)
    if port is None:
        raise WrongUsage(f"{name} has no port", hint=_PROXY_EXAMPLE)
    if not server.secure:
        raise WrongUsage(
            f"{name} needs an https:// server: over http it would see the credentials",
            hint="use https:// for the server, or no proxy",
        )
    if ":" in server.host:
        # httpcore 1.0 writes CONNECT ::1:443, without the brackets that tell host and port apart.
        hint = "use the server's host name"
        raise WrongUsage(f"{name}: an IPv6 address cannot be reached through a proxy", hint=hint)
    return _origin(scheme, host, port)


def canonical(host: str) -> str | None:
    """The form of a host that is compared: lower case, no dot at the end, the shortest form of an
    address. Returns None for an invalid host.
    """
    if ":" in host:
        try:
            address = IPv6Address(host)
        except ValueError:
            return None
        # A zone names a network card of this machine.
        return None if address.scope_id else str(address)
    name = host.lower().removesuffix(".")
    fits = len(name) <= _LONGEST_NAME and all(map(_LABEL.fullmatch, name.split(".")))
    return name if fits else None


def check_host(server: Endpoint, hosts: str) -> None:
    """Raise Declined for a server that is not among `hosts`, the list of CONFSYNC_HOSTS.

    Commas separate its entries: `host`, which allows any port, or `host:port`; `.example.com` is
    every host below that name. Raises WrongUsage for an invalid or empty list: a variable set by
    mistake opens no host.
    """
    if not hosts.strip():
        hint = "list the allowed hosts, or unset it to allow any host"
        raise WrongUsage("CONFSYNC_HOSTS is empty", hint=hint)
    allowed = [_entry(number, text) for number, text in enumerate(hosts.split(","), start=1)]
    if not any(
        port in {None, server.port}
        and (server.host.endswith(host) if host.startswith(".") else server.host == host)
        for host, port in allowed
    ):
        fact = f"{server.host} at port {server.port} is not in CONFSYNC_HOSTS"
        hint = "if the credentials are for this server, add it to CONFSYNC_HOSTS"
        raise Declined(fact, hint=hint)


def _entry(number: int, text: str) -> tuple[str, int | None]:
    found = _ENTRY.fullmatch(text.strip())
    host = _host(found) if found else None
    port = int(found["port"]) if found and found["port"] else None
    if host is None or not (port is None or 0 < port <= _LAST_PORT):
        # The entry is not repeated: it could be a token in the wrong variable.
        raise WrongUsage(f"CONFSYNC_HOSTS: entry {number} is not a host or host:port", hint=_HOSTS)
    return host, port


def _host(found: re.Match[str]) -> str | None:
    """The host of an entry, or with a dot before it the name that hosts are below of. None for an
    invalid one; no name of one label, like `.com`.
    """
    written: str = found["address"] or found["name"]
    host = canonical(written.removeprefix("."))
    if host is None or not written.startswith("."):
        return host
    with suppress(ValueError):
        ip_address(host)
        return None
    return f".{host}" if "." in host else None


def _split(url: str, what: str, example: str, credentials: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
    except ValueError:
        raise WrongUsage(f"{what} is not a URL", hint=example) from None
    if "@" in parts.netloc:
        raise WrongUsage(f"{what} contains credentials", hint=credentials)
    if not url.strip():
        raise WrongUsage(f"{what} is empty", hint=example)
    scheme = "https://" if example == _EXAMPLE else "http://"
    if "://" not in url:
        raise WrongUsage(f"{what} is not a URL: {scheme} is missing", hint=example)
    if parts.scheme not in _PORTS:
        raise WrongUsage(f"{what} does not start with {scheme}", hint=example)
    if not host:
        raise WrongUsage(f"{what} has no host", hint=example)
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise WrongUsage(f"{what} has more than a host and a port", hint=example)
    if (known := canonical(host)) is None:
        raise WrongUsage(f"{what} has an invalid host", hint=example)
    return parts.scheme, known, _port(parts, what)


def _port(parts: SplitResult, what: str) -> int | None:
    with suppress(ValueError):
        if parts.port != 0:
            return parts.port
    hint = f"write a number from 1 to {_LAST_PORT} behind the host, or nothing"
    raise WrongUsage(f"{what} has an invalid port", hint=hint)


def _origin(scheme: str, host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}{'' if port is None else f':{port}'}"


def on_loopback(url: str) -> bool:
    """True for a server's URL on loopback."""
    return is_loopback(endpoint(url, insecure_http=True).host)


def is_loopback(host: str) -> bool:
    """True for `localhost` and for an address of loopback."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
