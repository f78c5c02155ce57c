"""Connect: from an address and credentials to a session. Nothing is sent yet."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from confsync.errors import WrongUsage
from confsync.guard import discreet
from confsync.jmap.client import Client
from confsync.jmap.write import Credentials
from confsync.kinds.documented import documented
from confsync.net.endpoint import endpoint
from confsync.net.hosts import check_host
from confsync.net.http import Connection
from confsync.net.retry import RETRIES, SECONDS, Patience, untold
from confsync.net.tls import Trust
from confsync.sync.secret import Vault
from confsync.sync.values import Target
from confsync.workflow.server import Session, untold_of_sending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from confsync.workflow.server import Sending


@discreet
def connect(  # noqa: PLR0913 - what touches the world is passed in, each by its name
    url: str,
    *,
    token: str = "",
    user: str = "",
    password: str = "",
    insecure_http: bool = False,
    ca_file: str | Path | None = None,
    client_cert: str | Path | None = None,
    client_key: str | Path | None = None,
    proxy: str | None = None,
    hosts: str | None = None,
    vault: Vault | None = None,
    timeout: float = SECONDS,
    retries: int = RETRIES,
    tell: Callable[[str], None] = untold,
    sending: Callable[[Sending], None] = untold_of_sending,
) -> AbstractContextManager[Session]:
    """A session with a server, to be used in one thread, in a `with` statement.

    `url` is an origin: https, or http on loopback. `token` is an API key or an OAuth token; it
    goes before `user` and `password`. The files are PEM: `ca_file` holds the only CAs that count
    (None: the system's), `client_cert` may hold its key too. `proxy` is like
    http://proxy.example.com:3128; none is taken from the environment. `hosts` is a list like that
    of CONFSYNC_HOSTS (None: any host). The session's secrets are sealed in `vault`, a new one
    where none is given. A request may take `timeout` seconds in all, and is tried again at
    most `retries` times; `tell` gets a line for each wait. `sending` is as in a Session. Raises
    Declined for a server that is not among `hosts`, WrongUsage, never with a secret.
    """
    found = endpoint(url, insecure_http=insecure_http)
    if hosts is not None:
        check_host(found, hosts)
    vault = Vault(documented) if vault is None else vault
    credentials = _credentials(token, user, password, vault)
    trust = Trust(ca_file, client_cert, client_key)
    connection = Connection(found, trust=trust, proxy=proxy, deadline=timeout)
    patience = Patience(timeout, retries, tell, sleep=connection.rest)
    client = Client(connection, credentials, vault, patience)
    session = Session(
        Target(found.origin, found.origin), client, vault, sending, connection.disconnect
    )
    return _session(connection, session)


@contextmanager
def _session(connection: Connection, session: Session) -> Iterator[Session]:
    """Apart from `connect`, so that no frame of an error in the session holds a credential."""
    with connection:
        yield session


def _credentials(token: str, user: str, password: str, vault: Vault) -> Credentials:
    if token:
        if not (token.isascii() and token.isprintable() and " " not in token):
            hint = "is there a newline or a space in it?"
            raise WrongUsage("the token holds what no token can", hint=hint)
        return Credentials(vault.seal(token), unused=bool(user or password))
    if user and not password:
        hint = "give the password, in STALWART_PASSWORD or for the target, or a token"
        raise WrongUsage("the user name has no password", hint=hint)
    if not user:
        raise WrongUsage(
            "there are no credentials for the server",
            hint="set STALWART_TOKEN, or STALWART_USER and STALWART_PASSWORD, in the environment",
        )
    if ":" in user:
        raise WrongUsage("the user name holds a colon", hint="Basic authentication cannot carry it")
    return Credentials(vault.seal(password), user)
