"""`confsync import`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from confsync.cli import options as shared
from confsync.cli.command import Command

if TYPE_CHECKING:
    from confsync.cli.console import Console


def _with_input(context: click.Context, param: click.Parameter, file: str) -> str:
    """A file as named. If it is `-`, standard input is read."""
    return shared.with_input(context, param, (file,))[0]


@click.command("import", cls=Command)
@click.argument("file", type=click.Path(), callback=_with_input)
@click.option(
    "--into",
    type=click.Path(),
    metavar="DIRECTORY",
    help="Write each object into a new file in DIRECTORY, like in-memory-store.yaml.",
)
@click.option(
    "--store", type=click.Path(), metavar="FILE", help="Write all objects into a new store file."
)
@click.pass_obj
def import_(console: Console, /, *, file: str, into: str | None, store: str | None) -> None:
    """Turn FILE, a plan or snapshot of stalwart-cli (NDJSON), into store files. No network.

    Settings objects are written in the shortest form, secrets as references to fill in. What
    confsync does not manage is named with its line. Without --into and --store the objects go to
    standard output. Existing files are not changed. `-` is standard input.
    """
    from confsync.report.file_results import imported_text
    from confsync.report.problems import problems_text
    from confsync.workflow.import_plan import import_plan

    found = import_plan(file, into=into, store=store)
    console.note(problems_text(found.problems, console.look()))
    if found.written:
        console.print(imported_text(found))
        return
    console.print("".join(found.texts.values()))
    console.note(imported_text(found))
