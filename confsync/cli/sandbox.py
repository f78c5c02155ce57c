"""`confsync sandbox`."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from confsync.cli.command import Command
from confsync.cli.console import ENDING
from confsync.cli.options import together

if TYPE_CHECKING:
    from confsync.cli.console import Console
    from confsync.sandbox import Schema, Server

_HOW_TO_USE = """\
# To use it in another terminal (Ctrl-C stops it). If confsync.yaml has a URL, add --url {0}
export STALWART_URL={0}
export STALWART_USER=admin
export STALWART_PASSWORD=sandbox
"""

_LARGEST_SCHEMA = 32 * 1024 * 1024


_OPTIONS = together(
    click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=0,
        help="Port to listen on.  [default: any free port]",
    ),
    click.option(
        "--state",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Keep the state in this file. It holds secrets in plain text, and only you can read"
        " it.",
    ),
    click.option(
        "--schema",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Play another Stalwart version: the answer of its GET /api/schema, as JSON or gzip."
        "  [default: 0.16.19]",
    ),
    click.option(
        "--key",
        "keys",
        multiple=True,
        metavar="NAME=PERMISSION,…",
        help="Accept the API key NAME with these permissions, like"
        " plan=authenticate,sysOBJECTGet. Can be repeated.",
    ),
    click.option(
        "--edition",
        type=click.Choice(["community", "enterprise"]),
        default="community",
        help="Edition that the server reports: a Sharded store needs enterprise."
        "  [default: community]",
    ),
)


@click.command(cls=Command)
@_OPTIONS
@click.pass_obj
def sandbox(  # noqa: PLR0913 - one parameter an option
    console: Console,
    *,
    port: int,
    state: Path | None,
    schema: Path | None,
    keys: tuple[str, ...],
    edition: str,
) -> None:
    """Run an embedded server on this machine to try confsync.

    It holds all settings objects and follows the rules of a real Stalwart server
    (docs/development/wire.md). It accepts every id of another object, and expressions that a real
    server cannot compile.

    User `admin`, password `sandbox`. Its URL is the only line on standard output. Ctrl-C ends it.
    """
    from confsync.errors import WrongUsage

    permissions: dict[str, frozenset[str]] = {}
    for key in keys:
        name, equals, given = key.partition("=")
        if not name or not equals:
            hint = "write it like --key plan=authenticate,sysOBJECTGet"
            raise WrongUsage("--key is not NAME=PERMISSION,…", hint=hint)
        permissions[name] = frozenset(given.split(",")) - {""}
    known = None if schema is None else _schema(schema)
    server = _server(port, state, known, permissions, edition)
    ending = {number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN}
    # Blocked: an exception while the server starts would leave its thread running.
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    with server:
        console.say(_HOW_TO_USE.format(server.url))
        if os.environ.get("STALWART_TOKEN"):
            console.say("unset STALWART_TOKEN  # a token comes before user and password\n")
        console.print(f"{server.url}\n")
        signal.sigwait(ending)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ending)


def _schema(file: Path) -> Schema:
    """Read a schema. Raises WrongUsage for a file without one."""
    from confsync.disk.read import read_regular
    from confsync.errors import WrongUsage
    from confsync.sandbox import Schema

    try:
        return Schema(read_regular(file, _LARGEST_SCHEMA)).check()
    except ValueError:
        hint = "save the answer of the server's GET /api/schema"
        raise WrongUsage("not the schema of a server", where=str(file), hint=hint) from None
    except OSError:
        hint = "check the path, its owner and mode"
        raise WrongUsage("cannot be read", where=str(file), hint=hint) from None


def _server(
    port: int,
    file: Path | None,
    schema: Schema | None,
    keys: dict[str, frozenset[str]],
    edition: str,
) -> Server:
    """The server. Raises WrongUsage for a port or a file that cannot be used."""
    from confsync.errors import WrongUsage
    from confsync.sandbox import Server

    if file is not None and not file.parent.is_dir():
        hint = f"create the directory {file.parent}, or check the path"
        raise WrongUsage("its directory does not exist", where=str(file), hint=hint)
    try:
        return Server(
            port=port, state=file, schema=schema, keys=keys, edition=edition, journal=False
        )
    except ValueError:
        hint = "use another file with --state, or a new one"
        raise WrongUsage("not written by a sandbox", where=str(file), hint=hint) from None
    except OSError as error:
        if error.filename is not None:
            hint = "check its owner and mode"
            raise WrongUsage("cannot be read", where=str(file), hint=hint) from None
        fact = "is in use" if error.errno == errno.EADDRINUSE else "cannot be used"
        hint = "choose another with --port, or any free one with --port 0"
        raise WrongUsage(f"port {port} {fact}", hint=hint) from None
