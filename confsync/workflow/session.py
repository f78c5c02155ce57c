"""Sessions: from a target, or an address and credentials, to a connection. Nothing is sent yet."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from confsync.errors import (
    ConfsyncError,
    Declined,
    Fault,
    Problem,
    SecretUnavailable,
    WrongUsage,
)
from confsync.guard import alone, discreet
from confsync.jmap.client import Client
from confsync.jmap.write import Credentials
from confsync.kinds import documented
from confsync.net.endpoint import Endpoint, check_host, endpoint, origin, server_key
from confsync.net.http import Connection
from confsync.net.retry import RETRIES, SECONDS, Patience, untold
from confsync.net.tls import Trust
from confsync.secrets import RESOLVERS
from confsync.secrets.resolver import At, look_up
from confsync.sync.secret import Vault
from confsync.sync.values import Failed, Target
from confsync.workflow.configuration import configuration
from confsync.workflow.options import DEFAULTS
from confsync.workflow.server import Session, untold_of_sending
from confsync.workflow.targets import NOTHING_WANTED, Access, Aim, without_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from confsync.config.target import TargetConfig, Written
    from confsync.workflow.server import Sending

R = TypeVar("R")

HOSTS = "CONFSYNC_HOSTS"
VARIABLES = ("STALWART_TOKEN", "STALWART_USER", "STALWART_PASSWORD")


@dataclass(frozen=True)
class Reach:
    """What reaching a server takes of the world: the environment, the vault of the run, who is told
    of a wait and of an update (see `Session`), and whether the commands may be run that credentials
    come from.
    """

    environment: Mapping[str, str] = field(repr=False)
    vault: Vault
    tell: Callable[[str], None] = untold
    sending: Callable[[Sending], None] = untold_of_sending
    allow_commands: bool = False

    def check(self, aims: Iterable[Aim]) -> None:
        """Raise Declined, before anything is sent to anybody, where one of several servers is not
        among the hosts that may be contacted.
        """
        for aim in aims:
            if aim.config is not None and not aim.alone:
                _allowed(aim.config.url, self.environment.get(HOSTS), insecure_http=True)

    def session(self, aim: Aim) -> AbstractContextManager[Session]:
        """A session with a target's server. Raises what `connect` does, and SecretUnavailable for
        a credential that cannot be had.

        How a target is reached, and logged in to, belongs to its address: where another server is
        named in place of that, nothing of it is used.
        """
        target = aim.config
        if (
            target is not None
            and aim.access.url
            and server_key(aim.access.url) != server_key(target.url)
        ):
            target = None
        access = self._access(aim, target)
        if not access.url:
            hint = "give --url https://mail.example.com, set STALWART_URL, or write a confsync.yaml"
            raise WrongUsage("no server is named", hint=hint)
        # Before any command is run for its credentials. An empty variable is refused.
        hosts = self.environment.get(HOSTS)
        server = _allowed(access.url, hosts, insecure_http=access.insecure_http)
        login = self._login(aim, target)
        return _open(server, access, login, self.vault, self.tell, self.sending, aim.name)

    def _access(self, aim: Aim, target: TargetConfig | None) -> Access:
        """What was given, and what the target says where nothing was."""
        given = aim.access
        if target is None:
            other = None if aim.config is not None else self.environment.get("STALWART_URL")
            return replace(given, url=given.url or other)
        pair = (given.client_cert, given.client_key)
        cert, key = pair if any(pair) else (target.client_cert, target.client_key)
        return replace(
            given,
            url=target.url,
            ca_file=given.ca_file or target.ca_file,
            client_cert=cert,
            client_key=key,
            proxy=given.proxy or target.proxy,
        )

    def _login(self, aim: Aim, target: TargetConfig | None) -> tuple[str, str, str]:
        """Token, user and password: the target's own, or else those of the environment, which go to
        one server alone.
        """
        if target is not None and (target.token or target.user):
            return self._own(target)
        if not aim.alone:
            hint = (
                "add `token: {env: NAME}` to it, for every target its own: STALWART_TOKEN counts"
                " only where one target is chosen"
            )
            raise WrongUsage("there are no credentials for it", hint=hint)
        token, user, password = (self.environment.get(name, "") for name in VARIABLES)
        if not token and not (user and password):
            self._refuse_empty({"STALWART_USER": user, "STALWART_PASSWORD": password})
        return token, user, password

    def _refuse_empty(self, pair: Mapping[str, str]) -> None:
        """Raise WrongUsage where half of a user name and password is missing, or a variable is set
        and empty.
        """
        given = [name for name, value in pair.items() if value]
        for name in pair if given else VARIABLES:
            if name not in given and (given or name in self.environment):
                state = "empty" if name in self.environment else "not set"
                beside = f", and {given[0]} is set" if given else ""
                hint = f"set it, or {VARIABLES[0]} alone" if name != VARIABLES[0] else "set it"
                raise WrongUsage(f"{name} is {state}{beside}", hint=hint)

    def _own(self, target: TargetConfig) -> tuple[str, str, str]:
        problems: list[Problem] = []

        def text(written: Written | str | None, member: str) -> str:
            if written is None or isinstance(written, str):
                return written or ""
            resolvers = At(RESOLVERS, "allowed" if self.allow_commands else "apply")
            found = look_up(written.ref, self.vault, resolvers, self.environment)
            if isinstance(found, str):
                return found
            mark, fact = written.mark, f"{member}: {found.fact}"
            place = (mark.file, mark.line, mark.column)
            problems.append(Problem(*place, "secret-unavailable", fact, found.hint))
            return ""

        token = text(target.token, "token")
        user, password = text(target.user, "user"), text(target.password, "password")
        if problems:
            raise SecretUnavailable(tuple(problems))
        return token, user, password


def aim_of_saved(directory: Path, planned: Target, access: Access) -> Aim:
    """How to reach the server that a saved plan is for: as it was given, or as the target of
    `confsync.yaml` says that has the plan's name.

    Raises Declined where that target is at another server, InvalidFiles for a `confsync.yaml` that
    is wrong.
    """
    config = None if access.url else configuration(directory)
    targets = () if config is None else config.targets
    target = next((target for target in targets if target.name == planned.name), None)
    if config is None or target is None:
        return without_config((), NOTHING_WANTED, access)
    if origin(target.url) != planned.url:
        raise Declined(
            f"the plan is for {planned.name} at another server than {config.file} says",
            hint=f"it is for {planned.url}: plan again",
        )
    return Aim(target.files, DEFAULTS, access, target)


def each(
    aims: Sequence[Aim], reach: Reach, use: Callable[[Aim, Session], R]
) -> tuple[R | Failed, ...]:
    """Do something with one target after another: an error with one of several hides no other.

    With one alone it is raised.
    """
    reach.check(aims)
    return tuple(_tried(aim, reach, use) for aim in aims)


def _tried(aim: Aim, reach: Reach, use: Callable[[Aim, Session], R]) -> R | Failed:
    try:
        with reach.session(aim) as session:
            return use(aim, session)
    except Fault:
        raise
    except ConfsyncError as error:
        if aim.alone:
            raise
        return failed(aim, error)


def failed(aim: Aim, error: ConfsyncError) -> Failed:
    """That an error ended what was to be done with one of several targets."""
    url = "" if aim.config is None else origin(aim.config.url)
    return Failed(Target(aim.name, url), alone(error))


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
    access = Access(
        url,
        insecure_http,
        _path(ca_file),
        _path(client_cert),
        _path(client_key),
        proxy,
        timeout,
        retries,
    )
    server = _allowed(url, hosts, insecure_http=insecure_http)
    vault = Vault(documented) if vault is None else vault
    return _open(server, access, (token, user, password), vault, tell, sending)


def _path(path: str | Path | None) -> str | None:
    return None if path is None else str(path)


def _allowed(url: str, hosts: str | None, *, insecure_http: bool) -> Endpoint:
    """The address of a server. Raises Declined for one that is not among `hosts`."""
    server = endpoint(url, insecure_http=insecure_http)
    if hosts is not None:
        check_host(server, hosts)
    return server


def _open(  # noqa: PLR0913, PLR0917 - what touches the world is passed in
    server: Endpoint,
    access: Access,
    login: tuple[str, str, str],
    vault: Vault,
    tell: Callable[[str], None],
    sending: Callable[[Sending], None],
    name: str = "",
) -> AbstractContextManager[Session]:
    """A session with a server whose address was checked. `login`: token, user and password."""
    credentials = _credentials(*login, vault)
    trust = Trust(access.ca_file, access.client_cert, access.client_key)
    connection = Connection(server, trust=trust, proxy=access.proxy, deadline=access.timeout)
    patience = Patience(access.timeout, access.retries, tell, sleep=connection.rest)
    client = Client(connection, credentials, vault, patience)
    target = Target(name or server.origin, server.origin)
    return _session(connection, Session(target, client, vault, sending))


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
