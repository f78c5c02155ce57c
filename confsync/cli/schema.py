"""`confsync schema`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from confsync.cli import choose
from confsync.cli import options as shared
from confsync.cli.command import Command
from confsync.report import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.cli.console import Console
    from confsync.cli.standard_error import Status
    from confsync.workflow.targets import Access, Aim, Asked


_OPTIONS = shared.together(
    click.option(
        "--layer",
        is_flag=True,
        help="For a layer: it can leave out fields that earlier files set.",
    ),
    click.option("--config", is_flag=True, help="For confsync.yaml, instead of store files."),
    click.option("--included", is_flag=True, help="For files that confsync.yaml includes."),
    click.option(
        "--report",
        type=click.Choice(SCHEMAS),
        metavar="COMMAND",
        help=f"For the JSON output of one of {', '.join(SCHEMAS)}, instead of store files.",
    ),
    click.option(
        "--update",
        is_flag=True,
        help="Fetch the schema of a server into confsync.schema.json, and say what changed.",
    ),
    click.option(
        "--check",
        is_flag=True,
        help="With --update: write nothing; exit with 1 if the file would change.",
    ),
)


@click.command(cls=Command)
@_OPTIONS
@choose.one_target
@shared.commands_for_credentials
@click.pass_obj
def schema(  # noqa: PLR0913 - one parameter an option
    console: Console,
    /,
    *,
    layer: bool,
    config: bool,
    report: str | None,
    included: bool,
    update: bool,
    check: bool,
    asked: Asked,
    access: Access,
    allow_commands: bool,
) -> Status:
    """Print the JSON Schema (draft 7) of store files, for editors, or fetch the server's schema.

    Without --update: offline. The JSON Schema matches this version of confsync, or the schema in
    confsync.schema.json, and includes references from installed packages.

    With --report: the JSON Schema of what a command prints with --output json.

    With --update: a field, a variant or an object of a newer or older server can be used at once.
    """
    import json

    from confsync.cli.standard_error import Status
    from confsync.workflow.documentation import schema as run
    from confsync.workflow.tables import tables_of

    _check(
        {"--layer": layer, "--config": config, "--included": included, "--report": report},
        update=update,
        check=check,
    )
    if update:
        return _update(console, _aim(asked, access), allow_commands=allow_commands, check=check)
    if report is not None:
        from confsync.report.schemas import report_schema

        found: Mapping[str, object] = report_schema(report)
    else:
        tables = None if config or included else tables_of(_aim(asked, access))
        found = run(layer=layer, config=config, included=included, tables=tables)
    console.print(f"{json.dumps(found, indent=2, ensure_ascii=False)}\n")
    return Status.DONE


def _check(schemas: Mapping[str, object], *, update: bool, check: bool) -> None:
    """Raise WrongUsage for options that cannot be combined. `schemas`: those that choose one."""
    from confsync.errors import WrongUsage

    named = [option for option, given in ({"--update": update} | {**schemas}).items() if given]
    if len(named) > 1:
        fact = f"{' and '.join(named)} cannot be combined"
        raise WrongUsage(fact, hint="choose one of them; update before you print a JSON Schema")
    if check and not update:
        raise WrongUsage("--check needs --update", hint="add --update, or leave out --check")


def _aim(asked: Asked, access: Access) -> Aim:
    """The target that was asked for, or the server; its schema is beside confsync.yaml."""
    from dataclasses import replace

    from confsync.kinds.table_file import NAME
    from confsync.workflow.tables import beside
    from confsync.workflow.targets import NOTHING_WANTED, aims, without_config

    updating = click.get_current_context().params["update"]
    if asked.targets or (updating and not access.url):
        (aim,) = aims(Path(), asked, NOTHING_WANTED, access, today=shared.today())
        return aim
    aim = without_config((), NOTHING_WANTED, access)
    return replace(aim, schema=NAME if asked.alone else beside(Path()))


def _update(console: Console, aim: Aim, *, allow_commands: bool, check: bool) -> Status:
    from confsync.cli.standard_error import Status
    from confsync.report.printable import printable
    from confsync.workflow.tables import update

    # The credentials of the environment are secrets from here on.
    console.server = True
    way = shared.reach(console, allow_commands=allow_commands)
    found = update(aim, way, write=not check)
    console.print("".join(f"{printable(line)}\n" for line in found.changes))
    if found.left_out:
        fields = printable(", ".join(found.left_out))
        fact = f"this version of confsync does not know the type of: {fields}"
        console.note(f"warning: {fact}\nhint: the server keeps these fields; update confsync\n")
    file, url = printable(found.path), printable(found.url)
    if not found.changed:
        console.note(f"{file} is the schema of {url}\n")
        return Status.DONE
    what = "" if found.changes else "; no setting differs"
    written = "would be written" if check else "written"
    against = printable(found.against)
    console.note(f"{written}: {file}, the schema of {url}, compared with {against}{what}\n")
    return Status.ERROR if check else Status.DONE
