"""From a target to a session: its address, and the credentials that are meant for it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from confsync.errors import Declined, Problem, SecretUnavailable, WrongUsage
from confsync.guard import discreet
from confsync.net.endpoint import endpoint, origin, server_key
from confsync.net.hosts import check_host
from confsync.net.retry import untold
from confsync.secrets import RESOLVERS
from confsync.secrets.resolve import look_up
from confsync.secrets.resolver import At
from confsync.workflow.configuration import configuration
from confsync.workflow.connect import connect
from confsync.workflow.options import DEFAULTS
from confsync.workflow.server import untold_of_sending
from confsync.workflow.targets import NOTHING_WANTED, Aim, without_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from confsync.config.values import TargetConfig, Written
    from confsync.sync.secret import Vault
    from confsync.sync.values import Target
    from confsync.workflow.server import Sending, Session
    from confsync.workflow.targets import Access

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
                self._check_host(aim.config.url, insecure_http=True)

    def _check_host(self, url: str, *, insecure_http: bool) -> None:
        server = endpoint(url, insecure_http=insecure_http)
        hosts = self.environment.get(HOSTS)
        if hosts is not None:
            check_host(server, hosts)

    @discreet
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
        # Before any command is run for its credentials.
        self._check_host(access.url, insecure_http=access.insecure_http)
        token, user, password = self._credentials(aim, target)
        opened = connect(
            access.url,
            token=token,
            user=user,
            password=password,
            insecure_http=access.insecure_http,
            ca_file=access.ca_file,
            client_cert=access.client_cert,
            client_key=access.client_key,
            proxy=access.proxy,
            # Set but empty is not the same as not set: it is refused.
            hosts=self.environment.get(HOSTS),
            vault=self.vault,
            timeout=access.timeout,
            retries=access.retries,
            tell=self.tell,
            sending=self.sending,
        )
        return _named(opened, aim.name)

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

    def _credentials(self, aim: Aim, target: TargetConfig | None) -> tuple[str, str, str]:
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


@contextmanager
def _named(opened: AbstractContextManager[Session], name: str) -> Iterator[Session]:
    """A session whose target has a name of its own."""
    with opened as session:
        target = session.target
        yield replace(session, target=replace(target, name=name or target.name))
