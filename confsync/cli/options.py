"""Options that several commands have. None that disarms a guard can be set as a variable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import click

from confsync.report import PLAN

if TYPE_CHECKING:
    from collections.abc import Callable

    Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]

files: Decorator = click.argument("files", nargs=-1, type=click.Path())

url: Decorator = click.option(
    "--url",
    metavar="URL",
    envvar=["CONFSYNC_URL", "STALWART_URL"],
    help="The server, like https://mail.example.com.  [env: CONFSYNC_URL, STALWART_URL]",
)

unlisted: Decorator = click.option(
    "--unlisted",
    type=click.Choice(["default", "keep"]),
    default="default",
    envvar="CONFSYNC_UNLISTED",
    help="What becomes of fields that no file mentions: their documented default, or what the"
    " server has.  [default: default]",
)

output: Decorator = click.option(
    "--output",
    "outputs",
    metavar="FORMAT[=FILE]",
    multiple=True,
    envvar="CONFSYNC_OUTPUT",
    help=f"How to write the result: {', '.join(PLAN)}. Repeats; all but one need a file.",
)

color: Decorator = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    envvar="CONFSYNC_COLOR",
    help="Colour in text.  [default: auto; NO_COLOR turns it off]",
)

insecure_http: Decorator = click.option(
    "--insecure-http",
    is_flag=True,
    help="Allow http to a host that is not this one: everyone on the way sees the credentials.",
)


def server(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that talks to a server."""
    return url(insecure_http(command))


def rendering(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that has a result to write."""
    return output(color(command))
