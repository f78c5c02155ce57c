"""The server's address, as the user gives it."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from confsync.errors import WrongUsage

_EXAMPLE = "write the server's origin alone, like https://mail.example.com"


@dataclass(frozen=True)
class Endpoint:
    """An origin: scheme, host, port, without anything that could be a credential."""

    origin: str
    loopback: bool


def endpoint(url: str, *, insecure_http: bool = False) -> Endpoint:
    """Check a server's URL: https, or http on loopback. Raises WrongUsage, never with the URL."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise WrongUsage("the server's URL is no URL", hint=_EXAMPLE) from None
    if parts.username is not None or parts.password is not None:
        raise WrongUsage(
            "the server's URL holds credentials",
            hint="set STALWART_TOKEN, or STALWART_USER and STALWART_PASSWORD, in the environment",
        )
    if parts.scheme not in {"http", "https"} or not host:
        raise WrongUsage("the server's URL is not https://HOST", hint=_EXAMPLE)
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise WrongUsage("the server's URL holds more than a host", hint=_EXAMPLE)
    loopback = _loopback(host)
    if parts.scheme == "http" and not loopback and not insecure_http:
        raise WrongUsage(
            f"http to {host} would show the credentials to everyone on the way",
            hint="use https, or --insecure-http where the way is safe by other means",
        )
    name = f"[{host}]" if ":" in host else host
    return Endpoint(f"{parts.scheme}://{name}{'' if port is None else f':{port}'}", loopback)


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
