"""`confsync schema`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from confsync.cli.command import Command

if TYPE_CHECKING:
    from confsync.cli.console import Console


@click.command(cls=Command)
@click.option(
    "--layer",
    is_flag=True,
    help="For a layer: it can leave out fields that earlier files set.",
)
@click.option("--config", is_flag=True, help="For confsync.yaml, instead of store files.")
@click.pass_obj
def schema(console: Console, *, layer: bool, config: bool) -> None:
    """Print the JSON Schema (draft 7) of store files, for editors.

    Offline. The schema matches this version of confsync and includes references from installed
    packages.
    """
    import json

    from confsync.errors import WrongUsage
    from confsync.workflow.documentation import schema as run

    if layer and config:
        raise WrongUsage("--layer and --config cannot be combined", hint="leave out one of the two")
    found = run(layer=layer, config=config)
    console.print(f"{json.dumps(found, indent=2, ensure_ascii=False)}\n")
