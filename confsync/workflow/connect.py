"""Connect: from an address and credentials to a session. Nothing is sent yet."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from confsync.errors import WrongUsage
from confsync.jmap.client import Client
from confsync.jmap.write import Credentials
from confsync.net.endpoint import endpoint
from confsync.net.http import Connection
from confsync.sync.secret import Vault
from confsync.sync.values import Target
from confsync.workflow.server import Session

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def connect(  # noqa: PLR0913 - what touches the world is passed in, each by its name
    url: str,
    *,
    token: str = "",
    user: str = "",
    password: str = "",
    insecure_http: bool = False,
    vault: Vault | None = None,
) -> Iterator[Session]:
    """A session with a server, to be used in one thread.

    `url` is an origin: https, or http on loopback. `token` is an API key or an OAuth token; it
    goes before `user` and `password`. The session's secrets are sealed in `vault`, a new one
    where none is given. Raises WrongUsage, never with a value.
    """
    found = endpoint(url, insecure_http=insecure_http)
    vault = Vault() if vault is None else vault
    credentials = _credentials(token, user, password, vault)
    with Connection(found) as connection:
        target = Target(found.origin, found.origin)
        yield Session(target, Client(connection, credentials, vault), vault)


def _credentials(token: str, user: str, password: str, vault: Vault) -> Credentials:
    if token:
        if not (token.isascii() and token.isprintable() and " " not in token):
            hint = "is there a newline or a space in it?"
            raise WrongUsage("the token holds what no token can", hint=hint)
        return Credentials(vault.seal(token))
    if not user or not password:
        raise WrongUsage(
            "there are no credentials for the server",
            hint="set STALWART_TOKEN, or STALWART_USER and STALWART_PASSWORD, in the environment",
        )
    if ":" in user:
        raise WrongUsage("the user name holds a colon", hint="Basic authentication cannot carry it")
    return Credentials(vault.seal(password), user)
