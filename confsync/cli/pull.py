"""`confsync pull`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from confsync.cli import options as shared
from confsync.cli.command import Command

if TYPE_CHECKING:
    from confsync.cli.console import Console
    from confsync.workflow.targets import Access, Asked


@click.command(cls=Command)
@shared.files
@shared.one_target
@shared.objects
@shared.commands_for_credentials
@click.option("--diff", is_flag=True, help="Show what would change; write nothing.")
@click.pass_obj
def pull(  # noqa: PLR0913 - one parameter an option
    console: Console,
    /,
    *,
    asked: Asked,
    access: Access,
    objects: tuple[str, ...],
    allow_commands: bool,
    diff: bool,
) -> None:
    """Write the server's settings into FILES, or into the files of a target of confsync.yaml.

    Reads the server once. In an existing file, only differences are changed. FILES select a target
    as for `plan`; pull writes the last file. Without FILES: those of a target of confsync.yaml.
    Secrets are never written, only references to fill in.
    """
    from confsync.errors import OutputFailed, WrongUsage
    from confsync.report.file_results import diff_text, pulled_text
    from confsync.report.problems import problems_text
    from confsync.workflow import pull as run
    from confsync.workflow.load import check_objects
    from confsync.workflow.targets import NOTHING_WANTED

    check_objects(objects)
    use = run.preview if diff else run.pull
    (aim,) = shared.chosen(console, asked, access, NOTHING_WANTED)
    last = aim.files[-1]
    if asked.files and os.path.realpath(asked.files[-1]) != os.path.realpath(last):
        hint = f"`confsync pull {last}` writes it; --no-config takes the named file alone"
        raise WrongUsage(f"target {aim.name} is written to its last file, {last}", hint=hint)
    with shared.reach(console, allow_commands=allow_commands).session(aim) as connected:
        pulled = use(aim.files, connected, environment=os.environ, objects=objects)
    console.note(problems_text(pulled.fill_in, console.look()))
    if diff:
        console.print(diff_text([pulled]))
        console.note(pulled_text(pulled, "would be "))
        return
    try:
        console.print(pulled_text(pulled))
    except OutputFailed:
        # The file is written: that is said in any case.
        console.say(pulled_text(pulled))
        raise
