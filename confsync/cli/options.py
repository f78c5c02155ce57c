"""Options that several commands have. None that disarms a guard can be set as a variable."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from confsync.cli.console import Console
from confsync.sync.risks import RISKS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from click.shell_completion import CompletionItem

    from confsync.sync.values import HiddenSecrets, Unlisted

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
