"""Which servers, and how they may be reached: the options, and what is made of them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, cast

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date
    from typing import TypeAlias

    from confsync.cli.console import Console
    from confsync.workflow.session import Reach

    Option: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]


def server(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that talks to a server; it gets them as `access`."""

    @wraps(command)
    def with_access(*args: object, **values: object) -> object:
        from dataclasses import fields

        from confsync.workflow.targets import Access

        access: dict[str, Any] = {field.name: values.pop(field.name) for field in fields(Access)}
        return command(*args, access=Access(**access), **values)

    made: Callable[..., Any] = with_access
    for option in reversed(_OPTIONS):
        made = option(made)
    return made


def targets(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that choose among the targets of `confsync.yaml`; a command gets `asked`.

    What is on the command line counts before what is in the environment, whichever of the two
    options it is; and so do files, which are on the command line.
    """

    @wraps(command)
    def with_asked(*args: object, target: tuple[str, ...], every: bool, **values: object) -> object:
        from confsync.workflow.targets import Asked

        files = cast("tuple[str, ...]", values.pop("files", ()))
        given = {name for name in ("target", "every") if _is_given(name)}
        if given or files:
            target = target if "target" in given else ()
            every = every and "every" in given
        asked = Asked(files, target, every)
        return command(*args, asked=asked, **values)

    return _target(_every(with_asked))


def _is_given(name: str) -> bool:
    source = click.get_current_context().get_parameter_source(name)
    return source is ParameterSource.COMMANDLINE


def today() -> date:
    """The day in UTC: what is allowed until a day is allowed until it ends there."""
    return datetime.now(UTC).date()


def reach(console: Console, *, allow_commands: bool) -> Reach:
    """How this run gets to servers: with its environment, and the console's vault; the console
    tells of each wait.
    """
    from confsync.workflow.session import Reach

    return Reach(
        os.environ,
        console.vault,
        tell=lambda line: console.say(f"{line}\n"),
        sending=console.sending,
        allow_commands=allow_commands,
    )


def _value(name: str, metavar: str, variables: Sequence[str], what: str) -> Option:
    return click.option(
        name,
        metavar=metavar,
        type=click.Path() if metavar == "FILE" else str,
        envvar=variables,
        help=f"{what}  [env: {', '.join(variables)}]",
    )


_target: Option = click.option(
    "--target",
    multiple=True,
    metavar="NAME",
    envvar="CONFSYNC_TARGET",
    help="Take this target of confsync.yaml. Repeats.  [env: CONFSYNC_TARGET, blanks between]",
)

_every: Option = click.option(
    "--all",
    "every",
    is_flag=True,
    envvar="CONFSYNC_ALL",
    help="Take every target of confsync.yaml.  [env: CONFSYNC_ALL]",
)

commands_for_credentials: Option = click.option(
    "--allow-commands",
    is_flag=True,
    help="Run the commands that confsync.yaml has credentials from. Those that store files refer to"
    " are run by no plan.",
)

_OPTIONS: tuple[Option, ...] = (
    click.option(
        "--url",
        metavar="URL",
        # STALWART_URL counts after confsync.yaml: see workflow/session.py.
        envvar="CONFSYNC_URL",
        help="The server, like https://mail.example.com.  [env: CONFSYNC_URL, STALWART_URL]",
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
