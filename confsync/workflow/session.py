"""Sessions: from a target, or an address and credentials, to a connection. Nothing is sent yet."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from confsync.errors import (
    ConfsyncError,
    DeadlinePassed,
    Declined,
    Fault,
    SecretUnavailable,
    WrongUsage,
)
from confsync.guard import discreet
from confsync.jmap.client import RETRIES, Client, Patience, silent
from confsync.jmap.write import Credentials
from confsync.kinds import documented, using
from confsync.net.endpoint import Endpoint, check_host, endpoint, origin, server_key
from confsync.net.http import SECONDS, Connection
from confsync.net.tls import Trust
from confsync.secrets import RESOLVERS
from confsync.secrets.resolver import At, look_up
from confsync.store.mistakes import Mistake
from confsync.sync.secret import Vault
from confsync.sync.values import Failed, Target, plans_by_target
from confsync.workflow.jobs import Jobs, side_by_side
from confsync.workflow.once import Once
from confsync.workflow.server import Session
from confsync.workflow.tables import beside, tables_at, tables_of
from confsync.workflow.targets import Access, Aim, Wanted, attempted, configuration, without_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from confsync.config.target import TargetConfig, Written
    from confsync.errors import Problem
    from confsync.kinds.table import Tables
    from confsync.sync.values import Plan
    from confsync.workflow.server import Sending

R = TypeVar("R")

_AGAIN = "copy the API key again, without spaces and newlines"

HOSTS = "CONFSYNC_HOSTS"
VARIABLES = ("STALWART_TOKEN", "STALWART_USER", "STALWART_PASSWORD")


@dataclass(frozen=True)
class Login:
    """Credentials, their names in messages, and a word on those that are not used."""

    token: str = field(repr=False)
    user: str = field(repr=False)
    password: str = field(repr=False)
    names: tuple[str, str, str] = ("the token", "the user name", "the password")
    unused: str = ""


@dataclass(frozen=True)
class Reach:
    """Means to reach servers. `tell` gets a line for each wait, `sending` is as in a Session;
    `allow_commands`: commands may be run for credentials. `jobs`: how targets are read. `once`:
    what they share. `seconds`: how long reading each took, by its name; `clock` counts them.
    """

    environment: Mapping[str, str] = field(repr=False)
    vault: Vault
    tell: Callable[[str], None] = silent
    sending: Callable[[Sending], None] = silent
    allow_commands: bool = False
    jobs: Jobs = field(default_factory=Jobs)
    once: Once = field(default_factory=Once, repr=False)
    clock: Callable[[], float] = monotonic
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def reading(self, aim: Aim, ended: Callable[[Failed], None] | None) -> Iterator[None]:
        """Note how long reading a target takes, also if that fails. Give an error of the only
        target to `ended`, for reports, before it is raised. Without a valid URL there is no target.
        """
        begun = self.clock()
        try:
            yield
        except Fault:
            raise
        except ConfsyncError as error:
            own = self.environment.get("STALWART_URL") if aim.config is None else aim.config.url
            with suppress(WrongUsage):
                if aim.alone and ended is not None and (url := aim.access.url or own):
                    ended(Failed(Target(aim.name or origin(url), origin(url)), error))
            raise
        finally:
            self.seconds[aim.name] = self.clock() - begun

    def check(self, aims: Iterable[Aim]) -> None:
        """Raise Declined if one of several servers is not among CONFSYNC_HOSTS."""
        for aim in aims:
            if aim.config is not None and not aim.alone:
                _allowed(aim.config.url, self.environment.get(HOSTS), insecure_http=True)

    def session(self, aim: Aim) -> AbstractContextManager[Session]:
        """A session with a target's server. Raises DeadlinePassed, SecretUnavailable, and as
        `connect` does.
        """
        if self.jobs.late():
            raise DeadlinePassed
        # Credentials, certificates and proxy of a target are for its own address alone.
        target, url = aim.config, aim.access.url
        if target is not None and url and server_key(url) != server_key(target.url):
            target = None
        access = self._access(aim, target)
        if not access.url:
            empty = "STALWART_URL" in self.environment
            fact = "STALWART_URL is empty" if empty else "no server given"
            hint = "use --url https://mail.example.com, set STALWART_URL, or write a confsync.yaml"
            raise WrongUsage(fact, hint=f"{hint} (`confsync init`)")
        # Before any command is run for credentials. An empty variable is refused.
        hosts = self.environment.get(HOSTS)
        names = self._names(aim, target)
        insecure = access.insecure_http
        server = _allowed(access.url, hosts, insecure_http=insecure, name=names.get("url"))
        own = aim.config and aim.config.schema
        tables = self.once(("tables", own, aim.schema), partial(tables_of, aim))
        login = self._login(aim, target)
        return _open(server, access, login, self._about(aim), aim.name, names, tables, self.once)

    def _about(self, aim: Aim) -> Reach:
        """This with the name of one of several targets in each line that is told."""
        if aim.alone:
            return self
        return replace(self, tell=lambda line: self.tell(f"{aim.name}: {line}"))

    def _names(self, aim: Aim, target: TargetConfig | None) -> dict[str, str]:
        """Where each value of the access was set: an option, a variable, or a target's key."""
        found: dict[str, str] = {}
        for member in ("url", "ca_file", "client_cert", "client_key", "proxy"):
            given, variable = getattr(aim.access, member), f"CONFSYNC_{member.upper()}"
            if given:
                named = f"--{member.replace('_', '-')}"
                found[member] = variable if self.environment.get(variable) == given else named
            elif target is not None:
                own = f"confsync.yaml: targets/{target.name}/{member}"
                found[member] = target.where.get(member, own)
            elif member == "url":
                found[member] = "STALWART_URL"
        return found

    def _access(self, aim: Aim, target: TargetConfig | None) -> Access:
        """The given access, completed by the target's."""
        given = aim.access
        if target is None:
            other = None if aim.config is not None else self.environment.get("STALWART_URL")
            return replace(given, url=given.url or other)
        pair = (given.client_cert, given.client_key)
        cert, key = pair if any(pair) else (target.client_cert, target.client_key)
        ca, proxy = given.ca_file or target.ca_file, given.proxy or target.proxy
        files = replace(given, ca_file=ca, client_cert=cert, client_key=key)
        return replace(files, url=target.url, proxy=proxy)

    def _login(self, aim: Aim, target: TargetConfig | None) -> Login:
        """Token, user and password of the target, or of the environment for one server alone."""
        if target is not None and (target.token or target.user):
            return self._own(target)
        if not aim.alone:
            hint = "add `token: {env: NAME}` to this target: with several, STALWART_* is not used"
            raise WrongUsage("no credentials for this target", hint=hint)
        token, user, password = (self.environment.get(name, "") for name in VARIABLES)
        if not token and not (user and password):
            given = VARIABLES[1] if user else VARIABLES[2] if password else ""
            for name in VARIABLES[1:] if given else VARIABLES:
                if name != given and (given or name in self.environment):
                    state = "empty" if name in self.environment else "not set"
                    beside = f", but {given} is set" if given else ""
                    hint = f"set it, or only {VARIABLES[0]}" if name != VARIABLES[0] else "set it"
                    raise WrongUsage(f"{name} is {state}{beside}", hint=hint)
        unused = ""
        if token and (user or password):
            both = " and ".join(name for name in VARIABLES[1:] if self.environment.get(name))
            unused = f"{both} not used: a token comes first; unset {VARIABLES[0]} to use them"
        return Login(token, user, password, VARIABLES, unused)

    def _own(self, target: TargetConfig) -> Login:
        problems: list[Problem] = []
        used: set[str] = set()
        resolvers = At(RESOLVERS, "allowed" if self.allow_commands else "apply")

        def looked_up(written: Written | str | None, member: str) -> tuple[str, str]:
            """The text of a credential, and its name in messages."""
            name = f"the {member} of target {target.name}"
            if written is None or isinstance(written, str):
                return written or "", name
            used.add(written.ref.argument)
            found = look_up(written.ref, self.vault, resolvers, self.environment)
            if not isinstance(found, str):
                wrong = Mistake("secret-unavailable", f"{member}: {found.fact}", found.hint)
                problems.append(wrong.problem(written.mark))
            return found if isinstance(found, str) else "", f"{name} ({written.ref})"

        token, token_name = looked_up(target.token, "token")
        user, user_name = looked_up(target.user, "user")
        password, password_name = looked_up(target.password, "password")
        if problems:
            raise SecretUnavailable(tuple(problems))
        left = [name for name in VARIABLES if self.environment.get(name) and name not in used]
        unused = f"{' and '.join(left)} not used: the target has its own credentials"
        names = (token_name, user_name, password_name)
        return Login(token, user, password, names, unused if left else "")


def aims_of_saved(
    directory: Path, plans: Sequence[Plan], access: Access, reach: Reach
) -> tuple[Aim, ...]:
    """The aims of the targets of saved plans: the given server, or the targets with their names.

    Raises Declined if a target has another server, InvalidFiles for an invalid `confsync.yaml`,
    WrongUsage without a server or a target.
    """
    groups = plans_by_target(plans)
    if access.url and len(groups) > 1:
        fact = "--url cannot be used with a plan of several targets"
        raise WrongUsage(fact, hint="leave it out: confsync.yaml has the server of each")
    config = None if access.url else configuration(directory, reach.once)
    if config is None and len(groups) > 1:
        fact = f"no confsync.yaml found: this plan is for {len(groups)} targets"
        raise WrongUsage(fact, hint="run it in the directory of its confsync.yaml")
    targets = {} if config is None else {target.name: target for target in config.targets}
    schema = beside(directory)
    found: list[Aim] = []
    for plan, *_ in groups:
        wanted, planned = Wanted(hidden_secrets=plan.hidden_secrets), plan.target
        aim = replace(without_config((), wanted, access), schema=schema, alone=len(groups) == 1)
        target = targets.get(planned.name)
        if config is not None and target is not None:
            if origin(target.url) != planned.url:
                raise Declined(
                    f"{planned.name} in {config.file} has another server than the plan",
                    hint=f"plan again; the plan is for {planned.url}",
                )
            aim = replace(aim, config=target)
        elif config is not None and len(groups) > 1:
            fact = f"{config.file} has no target {planned.name}, which the plan is for"
            hint = "plan again, or use the confsync.yaml that the plan was made with"
            raise WrongUsage(fact, hint=hint)
        elif not access.url and "STALWART_URL" not in reach.environment:
            named = planned.name not in {"", planned.url}
            of = f"target {planned.name}, {planned.url}" if named else planned.url
            there = "run it in the directory of its confsync.yaml, or " if named else ""
            hint = f"{there}add --url {planned.url}"
            raise WrongUsage(f"no server given: this plan is for {of}", hint=hint)
        found.append(aim)
    return tuple(found)


def each(
    aims: Sequence[Aim],
    reach: Reach,
    use: Callable[[Aim, Session], R],
    ended: Callable[[R | Failed], None] | None = None,
) -> tuple[R | Failed, ...]:
    """Use each target's session, side by side. Returns results in the order of the targets; `ended`
    gets each when it is there. Errors of the only target are raised, after `ended` got them.
    """

    def used(aim: Aim) -> R:
        with reach.reading(aim, ended), reach.session(aim) as session, using(session.tables):
            return use(aim, session)

    reach.check(aims)
    return side_by_side(lambda aim: attempted(aim, partial(used, aim)), aims, reach.jobs, ended)


def flat(found: Iterable[Iterable[R] | Failed]) -> list[R | Failed]:
    """Results of targets in one list."""
    return [one for group in found for one in ([group] if isinstance(group, Failed) else group)]


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
    tell: Callable[[str], None] = silent,
    sending: Callable[[Sending], None] = silent,
    schema: str | Path | None = None,
) -> AbstractContextManager[Session]:
    """A session with a server, to be used in one thread, in a `with` statement.

    `url` is an origin: https, or http on loopback. `token` is an API key or an OAuth token, used
    before `user` and `password`. Files are PEM: `ca_file` has the only trusted CAs (None: the
    system's), `client_cert` may hold its key too. `proxy` is like http://proxy.example.com:3128;
    none is taken from the environment. `hosts` is a list like that of CONFSYNC_HOSTS (None: any
    host). `vault` seals the session's secrets (None: a new one). A request takes at most `timeout`
    seconds in all, and `retries` tries after the first; `tell` gets a line for each wait. `sending`
    is as in a Session. `schema` is a file of `confsync schema --update` (None: built in). Raises
    InvalidFiles for one that cannot be used, Declined for a server that is not among `hosts`,
    WrongUsage, never with a secret.
    """
    ca, cert, key = (
        None if one is None else str(one) for one in (ca_file, client_cert, client_key)
    )
    access = Access(url, insecure_http, ca, cert, key, proxy, timeout, retries)
    server = _allowed(url, hosts, insecure_http=insecure_http)
    reach = Reach({}, Vault(documented) if vault is None else vault, tell, sending)
    tables = None if schema is None else tables_at(str(schema), target=server.origin)
    return _open(server, access, Login(token, user, password), reach, tables=tables)


def _allowed(
    url: str, hosts: str | None, *, insecure_http: bool, name: str | None = None
) -> Endpoint:
    """The address of a server. Raises Declined for one that is not among `hosts`."""
    server = endpoint(url, insecure_http=insecure_http, name=name)
    if hosts is not None:
        check_host(server, hosts)
    return server


def _open(  # noqa: PLR0913, PLR0917 - each is a part of the session
    server: Endpoint,
    access: Access,
    login: Login,
    reach: Reach,
    name: str = "",
    names: Mapping[str, str] = MappingProxyType({}),
    tables: Tables | None = None,
    once: Once | None = None,
) -> AbstractContextManager[Session]:
    """A session with a checked address. `names`: see `_names`. `once`: for one of many targets."""
    credentials = _credentials(login, reach.vault)
    trust = Trust(access.ca_file, access.client_cert, access.client_key, names)
    connection = Connection(
        server,
        trust=trust,
        proxy=access.proxy,
        proxy_name=names.get("proxy"),
        deadline=access.timeout,
        stop=reach.jobs.stop,
        context=lambda trust: (once or Once())(trust, trust.context),
    )
    patience = Patience(access.timeout, access.retries, reach.tell, sleep=connection.rest)
    client = Client(connection, credentials, reach.vault, patience)
    target = Target(name or server.origin, server.origin)
    session = Session(target, client, reach.vault, reach.sending, tables, once)
    return _session(connection, session)


@contextmanager
def _session(connection: Connection, session: Session) -> Iterator[Session]:
    """Apart from `connect`, so that no frame of an error in the session holds a credential."""
    with connection:
        yield session


def _credentials(login: Login, vault: Vault) -> Credentials:
    token, user, password = login.token, login.user, login.password
    name, user_name, password_name = login.names
    if token:
        if not token.isascii():
            raise WrongUsage(f"{name} contains a non-ASCII character", hint=_AGAIN)
        if not (token.isprintable() and " " not in token):
            raise WrongUsage(f"{name} contains a space or a newline", hint=_AGAIN)
        return Credentials(vault.seal(token), None, name, login.unused)
    if user and not password:
        hint = "set STALWART_PASSWORD, the target's `password`, or a token"
        raise WrongUsage(f"{user_name} has no password", hint=hint)
    if not user:
        hint = "set STALWART_TOKEN, or STALWART_USER and STALWART_PASSWORD, in the environment"
        raise WrongUsage("no credentials for the server", hint=hint)
    if ":" in user:
        hint = "Basic authentication allows no colon in a user name"
        raise WrongUsage(f"{user_name} contains a colon", hint=hint)
    return Credentials(vault.seal(password), user, f"{user_name} and {password_name}", login.unused)
