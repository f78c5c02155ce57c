"""`confsync sandbox`."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from confsync.cli.console import ENDING
from confsync.cli.options import Command

if TYPE_CHECKING:
    from confsync.cli.console import Console


@click.command(cls=Command)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="0, the default: any free port."
)
@click.option(
    "--state",
    type=click.Path(),
    metavar="FILE",
    help="Keep what is stored in this file, secrets in clear, readable by you alone.",
)
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="NAME=PERMISSION,…",
    help="Take NAME as an API key with these permissions, like"
    " plan=authenticate,sysInMemoryStoreGet. Can be repeated.",
)
@click.pass_obj
def sandbox(console: Console, *, port: int, state: str | None, keys: tuple[str, ...]) -> None:
    """Run an embedded server to try confsync against, on this machine alone.

    It follows the rules of a real Stalwart server (docs/development/wire.md). User `admin`,
    password `sandbox`. Its URL is the only line on standard output. Ctrl-C ends it.
    """
    from confsync.errors import WrongUsage
    from confsync.sandbox import Server

    permissions: dict[str, frozenset[str]] = {}
    for key in keys:
        name, equals, given = key.partition("=")
        if not name or not equals:
            hint = "write it like --key plan=authenticate,sysInMemoryStoreGet"
            raise WrongUsage("--key is not NAME=PERMISSION,…", hint=hint)
        permissions[name] = frozenset(given.split(",")) - {""}
    file = None if state is None else Path(state)
    try:
        server = Server(port=port, state=file, keys=permissions, journal=False)
    except (OSError, ValueError):
        raise WrongUsage(
            "the sandbox cannot start",
            hint="is the port free, and the state file one that a sandbox wrote?",
        ) from None
    ending = {number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN}
    # Blocked: an exception while the server starts would leave its thread running.
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    with server:
        console.say("user admin, password sandbox; Ctrl-C ends it\n")
        console.print(f"{server.url}\n")
        signal.sigwait(ending)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ending)
