"""`CONFSYNC_HOSTS`: which hosts may be contacted, said from outside the repository."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from confsync.errors import Declined, WrongUsage
from confsync.net.endpoint import canonical

if TYPE_CHECKING:
    from confsync.net.endpoint import Endpoint

_ENTRY = re.compile(
    r"(?:\[(?P<address>[^\[\]]*:[^\[\]]*)\]|(?P<name>[^:\[\]]+))(?::(?P<port>\d+))?"
)
_EXAMPLE = "write hosts with commas between them, like mail.example.com, mail.example.org:8443"
_LAST_PORT = 65535


def check_host(server: Endpoint, hosts: str) -> None:
    """Refuse a server that is not on the list.

    `hosts` is a list with commas of `host`, which stands for any port, and `host:port`; there are
    no wildcards. Raises Declined, and WrongUsage for a list that is empty or cannot be read: a
    variable that was set by mistake must not open every host.
    """
    if not hosts.strip():
        raise WrongUsage(
            "CONFSYNC_HOSTS is set, but empty", hint="unset it to allow any host, or name some"
        )
    allowed = [_entry(number, text) for number, text in enumerate(hosts.split(","), start=1)]
    if not any(host == server.host and port in {None, server.port} for host, port in allowed):
        raise Declined(
            f"{server.host} at port {server.port} is not among the hosts of CONFSYNC_HOSTS",
            hint="is this the server that the credentials are for? then add it to CONFSYNC_HOSTS",
        )


def _entry(number: int, text: str) -> tuple[str, int | None]:
    found = _ENTRY.fullmatch(text.strip())
    host = canonical(found["address"] or found["name"]) if found else None
    port = int(found["port"]) if found and found["port"] else None
    if host is None or not (port is None or 0 < port <= _LAST_PORT):
        # What stands there is not repeated: it could be a token that got into the wrong variable.
        raise WrongUsage(
            f"entry {number} of CONFSYNC_HOSTS is no host and no host:port", hint=_EXAMPLE
        )
    return host, port
