"""`confsync init`."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from confsync.cli.command import Command
from confsync.cli.options import reach, server, with_variable
from confsync.kinds import FIRST, KINDS

if TYPE_CHECKING:
    from confsync.cli.console import Console
    from confsync.errors import Problem
    from confsync.workflow.targets import Access


@click.command(cls=Command)
@click.argument("directory", default=".", type=click.Path())
@with_variable(
    "--variant",
    "Write a template of this variant, without contacting a server.",
    type=click.Choice([*KINDS[FIRST].shape.objects]),
)
@server
@click.pass_obj
def init(console: Console, /, *, directory: str, variant: str | None, access: Access) -> None:
    """Create confsync.yaml, a store file and pre-commit hooks in DIRECTORY.

    With --url or STALWART_URL the store file gets the server's current settings; otherwise it is a
    template. Existing files are not changed. No secret is written.
    """
    from confsync.report.file_results import begun_text
    from confsync.report.problems import problems_text
    from confsync.workflow.init import init as run

    known = replace(access, url=access.url or os.environ.get("STALWART_URL"))

    def pull(file: str) -> tuple[Problem, ...]:
        from confsync.workflow.pull import pull as from_server
        from confsync.workflow.targets import NOTHING_WANTED, without_config

        aim = without_config((file,), NOTHING_WANTED, known)
        with reach(console, allow_commands=False).session(aim) as connected:
            return from_server([file], connected, environment=os.environ).fill_in

    begun = run(directory, known, variant, pull)
    console.say(problems_text(begun.fill_in))
    console.print(begun_text(begun))
