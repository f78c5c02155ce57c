"""Options that several commands have, and their values. No variable can disarm a guard."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import click
from click.core import ParameterSource

from confsync.cli.console import Console
from confsync.sync.names import RISKS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import date

    from click.shell_completion import CompletionItem

    from confsync.sync.values import HiddenSecrets, Unlisted
    from confsync.workflow.session import Reach

    Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]
    Propose: TypeAlias = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def proposing(names: Mapping[str, str]) -> Propose:
    """Complete names in a shell, each with a word about it."""

    def propose(
        ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        del ctx, param
        found = (name for name in names if name.startswith(incomplete))
        return [CompletionItem(name, help=names[name]) for name in found]

    return propose


files: Decorator = click.argument("files", nargs=-1, type=click.Path())

_unlisted: Decorator = click.option(
    "--unlisted",
    type=click.Choice(["default", "keep"]),
    envvar="CONFSYNC_UNLISTED",
    help="What becomes of fields that no file mentions: their documented default, or what the"
    " server has.  [default: default]",
)


_hidden_secrets: Decorator = click.option(
    "--hidden-secrets",
    type=click.Choice(["send", "keep", "fail"]),
    envvar="CONFSYNC_HIDDEN_SECRETS",
    help="What becomes of secrets that the server hides: send them each time, keep what the server"
    " has, or let no apply go on.  [default: send]",
)

allow: Decorator = click.option(
    "--allow",
    metavar="RISK",
    multiple=True,
    shell_complete=proposing(RISKS),
    help=f"Let a risk pass: {', '.join(RISKS)}. Repeats.",
)


def planning(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that compares; it gets them as `wanted`."""

    @wraps(command)
    def with_options(
        *args: object,
        unlisted: Unlisted | None,
        hidden_secrets: HiddenSecrets | None,
        allow: tuple[str, ...],
        **rest: object,
    ) -> object:
        from confsync.workflow.targets import Wanted

        wanted = Wanted(unlisted, hidden_secrets, frozenset(allow))
        return command(*args, wanted=wanted, **rest)

    return _unlisted(_hidden_secrets(allow(with_options)))


def rendering(formats: Collection[str]) -> Decorator:
    """The options of every command that has a result to write; it gets them as `outputs`.

    Its formats stand at its function as `formats`.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        @click.pass_obj
        def with_outputs(
            console: Console, /, *args: object, output: tuple[str, ...], color: str, **rest: object
        ) -> object:
            from confsync.cli.output import Outputs, sinks

            return command(*args, outputs=Outputs(sinks(output, formats), color, console), **rest)

        decorated = _output(formats)(_color(with_outputs))
        vars(decorated)["formats"] = tuple(formats)
        return decorated

    return decorate


def _output(formats: Collection[str]) -> Decorator:
    return click.option(
        "--output",
        metavar="FORMAT[=FILE]",
        multiple=True,
        shell_complete=proposing(dict.fromkeys(formats, "")),
        envvar="CONFSYNC_OUTPUT",
        help=f"How to write the result: {', '.join(formats)}. Repeats; all but one need a file.",
    )


_color: Decorator = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    envvar="CONFSYNC_COLOR",
    help="Colour in text.  [default: auto; NO_COLOR turns it off]",
)


def verbosity() -> list[click.Parameter]:
    """`-v` and `--debug`, for every command and before it."""
    return [
        _level(["-v", "--verbose"], "INFO", "Say on standard error what is done."),
        _level(["--debug"], "DEBUG", "Say more of it. No secret is ever in it."),
    ]


def _level(names: list[str], level: str, text: str) -> click.Option:
    def attach(ctx: click.Context, param: click.Parameter, value: object) -> None:
        del param
        if value and isinstance(ctx.obj, Console):
            import logging

            from confsync.cli import verbose

            verbose.attach(ctx.obj, logging.getLevelNamesMapping()[level])

    return click.Option(
        names,
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=attach,
        envvar=f"CONFSYNC_{names[-1].removeprefix('--').upper()}",
        help=text,
    )


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
        given = given_by_hand("target", "every")
        if given or files:
            target = target if "target" in given else ()
            every = every and "every" in given
        asked = Asked(files, target, every)
        return command(*args, asked=asked, **values)

    return _target(_every(with_asked))


def given_by_hand(*names: str) -> set[str]:
    """Parameters on the command line, of those named."""
    source = click.get_current_context().get_parameter_source
    return {name for name in names if source(name) is ParameterSource.COMMANDLINE}


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


def _value(name: str, metavar: str, variables: Sequence[str], what: str) -> Decorator:
    return click.option(
        name,
        metavar=metavar,
        type=click.Path() if metavar == "FILE" else str,
        envvar=variables,
        help=f"{what}  [env: {', '.join(variables)}]",
    )


_target: Decorator = click.option(
    "--target",
    multiple=True,
    metavar="NAME",
    envvar="CONFSYNC_TARGET",
    help="Take this target of confsync.yaml. Repeats.  [env: CONFSYNC_TARGET, blanks between]",
)

_every: Decorator = click.option(
    "--all",
    "every",
    is_flag=True,
    envvar="CONFSYNC_ALL",
    help="Take every target of confsync.yaml.  [env: CONFSYNC_ALL]",
)

commands_for_credentials: Decorator = click.option(
    "--allow-commands",
    is_flag=True,
    help="Run the commands that confsync.yaml has credentials from. Those that store files refer to"
    " are run by no plan.",
)

_OPTIONS: tuple[Decorator, ...] = (
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
