"""Options that several commands have, and their values. No variable can disarm a guard."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import reduce, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click
from click.core import ParameterSource

from confsync.cli.console import Console
from confsync.sync.names import RISKS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import date

    from click.shell_completion import CompletionItem

    from confsync.cli.output import Outputs
    from confsync.workflow.session import Reach
    from confsync.workflow.targets import Access, Aim, Asked, Wanted

    Function: TypeAlias = Callable[..., Any]
    Decorator: TypeAlias = Callable[[Function], Function]
    Values: TypeAlias = dict[str, Any]
    Propose: TypeAlias = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def proposing(names: Mapping[str, str]) -> Propose:
    """Complete names in a shell, each with a word about it."""

    def propose(_ctx: object, _param: object, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        found = (name for name in names if name.startswith(incomplete))
        return [CompletionItem(name, help=names[name]) for name in found]

    return propose


def verbosity() -> list[click.Parameter]:
    """`-v` and `--debug`, for every command and before it."""

    def attach(ctx: click.Context, param: click.Parameter, value: object) -> None:
        if value and isinstance(ctx.obj, Console):
            from confsync.cli.standard_error import attach

            attach(ctx.obj, debug=param.name == "debug")

    return [
        click.Option(
            names,
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=attach,
            envvar=f"CONFSYNC_{names[-1][2:].upper()}",
            help=text,
        )
        for names, text in (
            (["-v", "--verbose"], "Log each step to stderr."),
            (["--debug"], "Log more detail. No secret is ever in it."),
        )
    ]


class Command(click.Command):
    """A command with `-v` and `--debug`. Only its call begins a run: no help, no completion."""

    def __init__(self, *args: Any, **values: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(*args, **values)
        self.params += verbosity()

    def invoke(self, ctx: click.Context) -> object:
        """Call the command. From here on every text from outside is scrubbed."""
        # Loaded in any case: at the end of a process, when it is used, nothing can be loaded.
        from confsync.cli.standard_error import begin_logging
        from confsync.sync.scrub import scrubbing

        console = ctx.ensure_object(Console)
        console.end.enter_context(scrubbing(console.scrub))
        begin_logging(ctx)
        return super().invoke(ctx)


def given_by_hand(*names: str) -> set[str]:
    """The named parameters that are on the command line."""
    source = click.get_current_context().get_parameter_source
    return {name for name in names if source(name) is ParameterSource.COMMANDLINE}


def today() -> date:
    """The day in UTC: an allowance ends with its day there."""
    return datetime.now(UTC).date()


def reach(console: Console, *, allow_commands: bool) -> Reach:
    """The way of this run to servers. The console reports each wait."""
    from confsync.workflow.session import Reach

    return Reach(
        os.environ,
        console.vault,
        tell=lambda line: console.say(f"{line}\n"),
        sending=console.sending,
        allow_commands=allow_commands,
    )


def chosen(console: Console, asked: Asked, access: Access, wanted: Wanted) -> tuple[Aim, ...]:
    """The servers of this run. Files that stand for a target are reported with its name."""
    from confsync.report.printable import printable
    from confsync.store.mistakes import listed
    from confsync.workflow.targets import aims

    found = aims(Path(), asked, wanted, access, today=today())
    if asked.files and found[0].config is not None:
        files = listed([printable(file) for file in found[0].files])
        name = printable(found[0].name)
        console.say(f"note: using target {name} of confsync.yaml, with {files}\n")
    return found


def together(*options: Decorator) -> Decorator:
    """Several options as one decorator, in their order in the help."""
    return lambda command: reduce(lambda made, option: option(made), reversed(options), command)


def _grouped(name: str, take: Callable[[Values], object], *options: Decorator) -> Decorator:
    """Options that a command gets as one value, `name`, which `take` makes of their values."""

    def decorate(command: Function) -> Function:
        @wraps(command)
        def gathered(*args: object, **values: object) -> object:
            group = take(values)
            return command(*args, **{name: group}, **values)

        return together(*options)(gathered)

    return decorate


def _wanted(values: Values) -> Wanted:
    from confsync.workflow.targets import Wanted

    allow = frozenset(values.pop("allow"))
    return Wanted(values.pop("unlisted"), values.pop("hidden_secrets"), allow)


def _access(values: Values) -> Access:
    from dataclasses import fields

    from confsync.workflow.targets import Access

    return Access(**{field.name: values.pop(field.name) for field in fields(Access)})


def _asked(values: Values) -> Asked:
    """Files and either option on the command line count before both options' variables."""
    from confsync.workflow.targets import Asked

    files, target, every = values.pop("files", ()), values.pop("target"), values.pop("every")
    alone = values.pop("no_config")
    given = given_by_hand("target", "every")
    if given or files:
        target = target if "target" in given else ()
        every = every and "every" in given
    return Asked(files, target, every, alone)


def with_variable(
    name: str,
    text: str,
    *more: str,
    named: bool = True,
    note: str = "",
    **values: Any,  # noqa: ANN401 - click's own
) -> Decorator:
    """An option with a variable. If `named`, the help names the variable, then `note`."""
    variable = f"CONFSYNC_{name[2:].replace('-', '_').upper()}"
    shown = f"{text}  [env: {variable}{note}]" if named else text
    return click.option(name, *more, envvar=variable, help=shown, **values)


FILE: Values = {"type": click.Path(), "metavar": "FILE"}
"""The arguments of an option for a file."""

files: Decorator = click.argument("files", nargs=-1, type=click.Path())

allow: Decorator = click.option(
    "--allow",
    metavar="RISK",
    multiple=True,
    shell_complete=proposing(RISKS),
    help=f"Let a risk pass: {', '.join(RISKS)}. Can be repeated.",
)

planning: Decorator = _grouped(
    "wanted",
    _wanted,
    with_variable(
        "--unlisted",
        "What becomes of fields that no file mentions: their documented default, or what the"
        " server has.  [default: default]",
        named=False,
        type=click.Choice(["default", "keep"]),
    ),
    with_variable(
        "--hidden-secrets",
        "What becomes of secrets that the server hides: send them each time, keep what the"
        " server has, or let no apply go on.  [default: send]",
        named=False,
        type=click.Choice(["send", "keep", "fail"]),
    ),
    allow,
)
"""The options of every command that compares; it gets them as `wanted`."""

server: Decorator = _grouped(
    "access",
    _access,
    # STALWART_URL counts after confsync.yaml: see workflow/session.py.
    with_variable(
        "--url", "The server, like https://mail.example.com.", note=", STALWART_URL", metavar="URL"
    ),
    click.option(
        "--insecure-http",
        is_flag=True,
        help="Allow http to a host that is not this one: everyone on the way sees the credentials.",
    ),
    with_variable("--ca-file", "CA certificates, PEM, trusted instead of the system's.", **FILE),
    with_variable(
        "--client-cert",
        "A certificate to show to the server, PEM; its key may stand in the same file.",
        **FILE,
    ),
    with_variable(
        "--client-key", "The key of that certificate, PEM, without a passphrase.", **FILE
    ),
    with_variable(
        "--proxy",
        "Go through this proxy, like http://proxy.example.com:3128; no other is used.",
        metavar="URL",
    ),
    with_variable(
        "--timeout",
        "How long a request may take in all, its tries and its answer included.",
        note="; default: 30",
        type=click.IntRange(1, 3600),
        default=30,
        metavar="SECONDS",
    ),
    with_variable(
        "--retries",
        "How often a request is tried again that was certainly not sent, or that the server had"
        " too many of.",
        note="; default: 3",
        type=click.IntRange(0, 100),
        default=3,
        metavar="NUMBER",
    ),
)
"""The options of every command that talks to a server; it gets them as `access`."""

targets: Decorator = together(
    _grouped(
        "asked",
        _asked,
        with_variable(
            "--target",
            "Take this target of confsync.yaml. Can be repeated.",
            note=", space-separated",
            multiple=True,
            metavar="NAME",
        ),
        with_variable("--all", "Take every target of confsync.yaml.", "every", is_flag=True),
        click.option(
            "--no-config",
            is_flag=True,
            help="Take FILES alone, and STALWART_URL: confsync.yaml is not read.",
        ),
    ),
    server,
)
"""`server`, and the options that choose among the targets of confsync.yaml, which a command gets as
`asked`, with `files` if it has them.
"""

commands_for_credentials: Decorator = click.option(
    "--allow-commands",
    is_flag=True,
    help="Run the commands that confsync.yaml has credentials from. Those that store files refer to"
    " are run by no plan.",
)


def rendering(formats: Collection[str]) -> Decorator:
    """The options of every command with a result; it gets them as `outputs`, and has `formats`."""

    def take(values: Values) -> Outputs:
        from confsync.cli.output import Outputs, sinks

        wanted, color = sinks(values.pop("output"), formats), values.pop("color")
        return Outputs(wanted, color, click.get_current_context().obj)

    def decorate(command: Function) -> Function:
        vars(command)["formats"] = tuple(formats)
        return command

    output = with_variable(
        "--output",
        f"How to write the result: {', '.join(formats)}. Can be repeated; all but one need a file.",
        named=False,
        metavar="FORMAT[=FILE]",
        multiple=True,
        shell_complete=proposing(dict.fromkeys(formats, "")),
    )
    color = with_variable(
        "--color",
        "Colour in text.  [default: auto; NO_COLOR turns it off]",
        named=False,
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
    )
    return together(decorate, _grouped("outputs", take, output, color))
