"""Options that several commands have, and their values. No variable can disarm a guard."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import reduce, wraps
from typing import TYPE_CHECKING, Any, TypeAlias

import click
from click.core import ParameterSource

from confsync.cli.command import VARIABLES
from confsync.cli.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from datetime import date

    from click.shell_completion import CompletionItem

    from confsync.cli.output import Outputs
    from confsync.workflow.jobs import Jobs
    from confsync.workflow.session import Reach
    from confsync.workflow.targets import Access, Wanted

    Function: TypeAlias = Callable[..., Any]
    Decorator: TypeAlias = Callable[[Function], Function]
    Values: TypeAlias = dict[str, Any]
    Propose: TypeAlias = Callable[[object, object, str], list[CompletionItem]]
    Files: TypeAlias = tuple[str, ...]


def proposing(names: Mapping[str, str]) -> Propose:
    """Complete names in a shell, each with a word about it."""

    def propose(_ctx: object, _param: object, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        found = (name for name in names if name.startswith(incomplete))
        return [CompletionItem(name, help=names[name]) for name in found]

    return propose


def proposing_from(load: Callable[[], Iterable[str]]) -> Propose:
    """Complete names that are loaded first; none if that fails."""

    def propose(ctx: object, param: object, incomplete: str) -> list[CompletionItem]:
        try:
            names = dict.fromkeys(load(), "")
        except Exception:  # noqa: BLE001 - a shell shows whatever is written here
            return []
        return proposing(names)(ctx, param, incomplete)

    return propose


def source_of(param: click.Parameter, context: click.Context) -> str:
    """The name for a parameter in a message: its variable, if the value came from there."""
    if context.get_parameter_source(param.name or "") is ParameterSource.ENVIRONMENT:
        return str(param.envvar)
    name = max(param.opts, key=len)
    return name if isinstance(param, click.Option) else name.upper()


def source_named(name: str) -> str:
    """The name of a parameter of this run in a message: see `source_of`."""
    context = click.get_current_context()
    (param,) = (param for param in context.command.params if param.name == name)
    return source_of(param, context)


def given_by_hand(*names: str) -> set[str]:
    """The named parameters that are on the command line."""
    source = click.get_current_context().get_parameter_source
    return {name for name in names if source(name) is ParameterSource.COMMANDLINE}


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The day in UTC: an allowance ends with its day there."""
    return now().date()


def reach(console: Console, *, allow_commands: bool, jobs: Jobs | None = None) -> Reach:
    """The way of this run to servers. The console reports each wait. `jobs`: for many targets."""
    from confsync.workflow.session import Reach

    def tell(line: str) -> None:
        write = console.say if line.startswith("error: ") else console.note
        write(f"{line}\n")

    made = Reach(os.environ, console.vault, tell, console.sending, allow_commands)
    return made if jobs is None else replace(made, jobs=jobs)


def together(*options: Decorator) -> Decorator:
    """Several options as one decorator, in their order in the help."""
    return lambda command: reduce(lambda made, option: option(made), reversed(options), command)


def grouped(name: str, take: Callable[[Values], object], *options: Decorator) -> Decorator:
    """Options that a command gets as one value, `name`, which `take` makes of their values."""

    def decorate(command: Function) -> Function:
        @wraps(command)
        def gathered(*args: object, **values: object) -> object:
            return command(*args, **{name: take(values)}, **values)

        return together(*options)(gathered)

    return decorate


def _wanted(values: Values) -> Wanted:
    from confsync.workflow.targets import Wanted

    allow, fail_on = frozenset(values.pop("allow")), frozenset(values.pop("fail_on"))
    policy = values.pop("unlisted"), values.pop("hidden_secrets")
    return Wanted(*policy, allow, fail_on, values.pop("send"))


def _access(values: Values) -> Access:
    from confsync.workflow.targets import Access

    return Access(**{field.name: values.pop(field.name) for field in fields(Access)})


def with_variable(
    name: str,
    text: str,
    *more: str,
    note: str = "",
    **values: Any,  # noqa: ANN401 - click's own
) -> Decorator:
    """An option with a variable. The help names the variable, then `note`."""
    variable = f"CONFSYNC_{name[2:].replace('-', '_').upper()}"
    VARIABLES.add(variable)
    return click.option(
        name, *more, envvar=variable, help=f"{text}  [env: {variable}{note}]", **values
    )


def for_file(name: str, text: str) -> Decorator:
    """An option for a file, with a variable."""
    return with_variable(name, text, type=click.Path(), metavar="FILE")


def with_input(context: click.Context, _param: click.Parameter, files: Files) -> Files:
    """Files as named. If `-` is among them, standard input is read."""
    if "-" in files and isinstance(context.obj, Console):
        from confsync.disk.read import MAX_PLAN_BYTES, standard_input

        context.obj.end.enter_context(standard_input(context.obj.read_input(MAX_PLAN_BYTES)))
    return files


def _layers(context: click.Context, param: click.Parameter, files: Files) -> Files:
    """Files as named, with the only store file of a directory in its place."""
    if isinstance(context.obj, Console) and any(map(os.path.isdir, files)):
        from confsync.workflow.load import one_each

        files = one_each(files)
    return with_input(context, param, files)


_FILES: Values = {"nargs": -1, "type": click.Path()}
files: Decorator = click.argument("files", **_FILES)

files_or_input: Decorator = click.argument("files", callback=with_input, **_FILES)
"""Files, and `-` for standard input."""

layers: Decorator = click.argument("files", callback=_layers, **_FILES)
"""Files of one state, `-` for standard input, and directories with one store file."""


def _proposing_kinds(table: str) -> Propose:
    """Complete the names in a table of the kinds."""

    def names() -> Iterable[str]:
        from confsync import kinds

        found: Iterable[str] = getattr(kinds, table)
        return found

    return proposing_from(names)


allow: Decorator = click.option(
    "--allow",
    metavar="RISK",
    multiple=True,
    shell_complete=_proposing_kinds("RISKS"),
    help="Accept a risk, like plaintext-secret: see `confsync explain`. Can be repeated.",
)

fail_on: Decorator = click.option(
    "--fail-on",
    metavar="RULE",
    multiple=True,
    shell_complete=_proposing_kinds("WARNINGS"),
    help="Treat this warning as a risk, like plaintext-transport. Can be repeated.",
)

planning: Decorator = grouped(
    "wanted",
    _wanted,
    with_variable(
        "--unlisted",
        "Fields not set in any file: reset to their default, or keep the server's value.",
        note="; default: default",
        type=click.Choice(["default", "keep"]),
    ),
    with_variable(
        "--hidden-secrets",
        "Secrets that the server hides: send them each time, keep the server's, send those whose"
        " reference has changed since --base, or fail (refuse to apply).",
        note="; default: send",
        type=click.Choice(["send", "keep", "changed", "fail"]),
    ),
    click.option(
        "--send",
        metavar="SECRET",
        multiple=True,
        help="Send this hidden secret all the same: its path, or its reference as plans show it,"
        " like 'env REDIS_PASSWORD'. Can be repeated.",
    ),
    allow,
    fail_on,
)
"""The options of every command that compares; it gets them as `wanted`."""

server: Decorator = grouped(
    "access",
    _access,
    # STALWART_URL counts after confsync.yaml: see workflow/session.py.
    with_variable("--url", "URL of the server.", note=", STALWART_URL", metavar="URL"),
    click.option(
        "--insecure-http",
        is_flag=True,
        help="Allow http to another host: credentials and secrets are sent unencrypted.",
    ),
    for_file("--ca-file", "PEM file of CA certificates to trust instead of the system's."),
    for_file("--client-cert", "PEM file of a client certificate; it can hold the key too."),
    for_file("--client-key", "PEM file of the certificate's key, without a passphrase."),
    with_variable(
        "--proxy",
        "Proxy, as http://HOST:PORT. HTTP_PROXY and HTTPS_PROXY are ignored.",
        metavar="URL",
    ),
    with_variable(
        "--timeout",
        "Time limit of a request with its retries, in seconds.",
        note="; default: 30",
        type=click.IntRange(1, 3600),
        default=30,
        metavar="SECONDS",
    ),
    with_variable(
        "--retries",
        "Retries of a failed request. An update that may have arrived is never sent again.",
        note="; default: 3",
        type=click.IntRange(0, 100),
        default=3,
        metavar="NUMBER",
    ),
)
"""The options of every command that talks to a server; it gets them as `access`."""


commands_for_credentials: Decorator = click.option(
    "--allow-commands",
    is_flag=True,
    help="Run {command: …} credentials of confsync.yaml. Commands in store files are not run.",
)


objects: Decorator = click.option(
    "--object",
    "objects",
    metavar="NAME",
    multiple=True,
    shell_complete=_proposing_kinds("KINDS"),
    help="Use this settings object, like Http, instead of those in the files. Can be repeated.",
)


each: Decorator = with_variable(
    "--each", "Show every target by itself, even if several have the same result.", is_flag=True
)


def rendering(formats: Collection[str], *more: Decorator) -> Decorator:
    """The options of every command with a result; it gets them as `outputs`, and has `formats`.
    `more`: `each`, if it shows several targets.
    """

    def take(values: Values) -> Outputs:
        from confsync.cli.output import Outputs, sinks

        asked = sinks(values.pop("output"), formats, source_named("output"))
        console = click.get_current_context().obj
        return Outputs(asked, values.pop("color"), console, values.pop("each", False))

    def decorate(command: Function) -> Function:
        vars(command)["formats"] = tuple(formats)
        return command

    output = with_variable(
        "--output",
        f"Format of the result: {', '.join(formats)}. Can be repeated; only one can go to standard"
        " output.",
        note=", space-separated",
        metavar="FORMAT[=FILE]",
        multiple=True,
        shell_complete=proposing(dict.fromkeys(formats, "")),
    )
    color = with_variable(
        "--color",
        "When to colour text.",
        note="; default: auto; NO_COLOR turns it off",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
    )
    return together(decorate, grouped("outputs", take, output, color, *more))
