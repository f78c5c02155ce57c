"""From options and environment to a session with a server."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from confsync.errors import WrongUsage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    from confsync.cli.console import Console
    from confsync.workflow.server import Session

    Option: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]


@dataclass(frozen=True)
class Access:
    """Which server, and how it may be reached."""

    url: str | None
    insecure_http: bool
    ca_file: str | None
    client_cert: str | None
    client_key: str | None
    proxy: str | None
    timeout: int
    retries: int


def server(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that talks to a server; it gets them as `access`."""

    @wraps(command)
    def with_access(*args: object, **values: object) -> object:
        access: dict[str, Any] = {field.name: values.pop(field.name) for field in fields(Access)}
        return command(*args, access=Access(**access), **values)

    made: Callable[..., Any] = with_access
    for option in reversed(_OPTIONS):
        made = option(made)
    return made


@contextmanager
def session(access: Access, console: Console) -> Iterator[Session]:
    """A session with a server and the credentials of the environment, sealed in the console's
    vault; the console tells of each wait.
    """
    from confsync.workflow.connect import connect  # noqa: PLC0415 - it loads httpx

    if not access.url:
        hint = "give --url https://mail.example.com, or set STALWART_URL"
        raise WrongUsage("no server is named", hint=hint)
    with connect(
        access.url,
        token=os.environ.get("STALWART_TOKEN", ""),
        user=os.environ.get("STALWART_USER", ""),
        password=os.environ.get("STALWART_PASSWORD", ""),
        insecure_http=access.insecure_http,
        ca_file=access.ca_file,
        client_cert=access.client_cert,
        client_key=access.client_key,
        proxy=access.proxy,
        # Set but empty is not the same as not set: it is refused.
        hosts=os.environ.get("CONFSYNC_HOSTS"),
        vault=console.vault,
        timeout=access.timeout,
        retries=access.retries,
        tell=lambda line: console.say(f"{line}\n"),
        sending=console.sending,
    ) as connected:
        yield connected


def _value(name: str, metavar: str, variables: Sequence[str], what: str) -> Option:
    return click.option(
        name,
        metavar=metavar,
        envvar=variables,
        help=f"{what}  [env: {', '.join(variables)}]",
    )


_OPTIONS: tuple[Option, ...] = (
    _value(
        "--url",
        "URL",
        ["CONFSYNC_URL", "STALWART_URL"],
        "The server, like https://mail.example.com.",
    ),
    click.option(
        "--insecure-http",
        is_flag=True,
        help="Allow http to a host that is not this one: everyone on the way sees the credentials.",
    ),
    _value(
        "--ca-file",
        "FILE",
        ["CONFSYNC_CA_FILE"],
        "CA certificates, PEM: no others count then, not even the system's.",
    ),
    _value(
        "--client-cert",
        "FILE",
        ["CONFSYNC_CLIENT_CERT"],
        "A certificate to show to the server, PEM; its key may stand in the same file.",
    ),
    _value(
        "--client-key",
        "FILE",
        ["CONFSYNC_CLIENT_KEY"],
        "The key of that certificate, PEM, without a passphrase.",
    ),
    _value(
        "--proxy",
        "URL",
        ["CONFSYNC_PROXY"],
        "Go through this proxy, like http://proxy.example.com:3128; no other is used.",
    ),
    click.option(
        "--timeout",
        type=click.IntRange(1, 3600),
        default=30,
        metavar="SECONDS",
        envvar="CONFSYNC_TIMEOUT",
        help="How long a request may take in all, its tries and its answer included."
        "  [env: CONFSYNC_TIMEOUT; default: 30]",
    ),
    click.option(
        "--retries",
        type=click.IntRange(0, 100),
        default=3,
        metavar="NUMBER",
        envvar="CONFSYNC_RETRIES",
        help="How often a request is tried again that was certainly not sent, or that the server"
        " had too many of.  [env: CONFSYNC_RETRIES; default: 3]",
    ),
)
