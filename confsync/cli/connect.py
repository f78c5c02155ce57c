"""From options and environment to a session with a server."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from confsync.errors import WrongUsage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from confsync.sync.secret import Vault
    from confsync.workflow.server import Session


@dataclass(frozen=True)
class Access:
    """Which server, and how it may be reached."""

    url: str | None
    insecure_http: bool


def server(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that talks to a server; it gets them as `access`."""

    @wraps(command)
    def with_access(*args: object, url: str | None, insecure_http: bool, **rest: object) -> object:
        return command(*args, access=Access(url, insecure_http), **rest)

    return _url(_insecure_http(with_access))


@contextmanager
def session(access: Access, vault: Vault) -> Iterator[Session]:
    """A session with a server and the credentials of the environment, sealed in a vault."""
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
        vault=vault,
    ) as connected:
        yield connected


_url = click.option(
    "--url",
    metavar="URL",
    envvar=["CONFSYNC_URL", "STALWART_URL"],
    help="The server, like https://mail.example.com.  [env: CONFSYNC_URL, STALWART_URL]",
)

_insecure_http = click.option(
    "--insecure-http",
    is_flag=True,
    help="Allow http to a host that is not this one: everyone on the way sees the credentials.",
)
