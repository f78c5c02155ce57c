"""`confsync init`."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from confsync.cli.options import Command, reach, server, with_variable
from confsync.kinds import KINDS

if TYPE_CHECKING:
    from confsync.cli.console import Console
    from confsync.workflow.targets import Access


@click.command(cls=Command)
@click.argument("directory", default=".", type=click.Path())
@with_variable(
    "--variant",
    "Write a template of this variant, and ask no server.",
    type=click.Choice([tag for kind in KINDS.values() for tag in kind.shape.objects]),
)
@server
@click.pass_obj
def init(console: Console, /, *, directory: str, variant: str | None, access: Access) -> None:
    """Begin in DIRECTORY: confsync.yaml, a store, and the hooks for pre-commit.

    The store is what the server has that --url names; without a server it is a template. What is
    there already is left alone. No secret is written.
    """
    from confsync.report.file_results import begun_text
    from confsync.workflow.init import init as run

    known = replace(access, url=access.url or os.environ.get("STALWART_URL"))

    def pull(file: str) -> int:
        """Write what the server has, and tell of each reference to fill in."""
        from confsync.report.problems import problems_text
        from confsync.workflow.pull import pull as from_server
        from confsync.workflow.targets import NOTHING_WANTED, without_config

        aim = without_config((file,), NOTHING_WANTED, known)
        with reach(console, allow_commands=False).session(aim) as connected:
            pulled = from_server([file], connected, environment=os.environ)
        console.say(problems_text(pulled.fill_in, console.look()))
        return len(pulled.fill_in)

    console.print(begun_text(run(directory, known, variant, pull)))
