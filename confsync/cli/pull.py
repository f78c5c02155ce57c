"""`confsync pull`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from confsync.cli import options as shared

if TYPE_CHECKING:
    from confsync.cli.console import Console
    from confsync.workflow.targets import Access, Asked


@click.command(cls=shared.Command)
@shared.files
@shared.targets
@shared.commands_for_credentials
@click.option("--diff", is_flag=True, help="Show what would be written, and write nothing.")
@click.pass_obj
def pull(
    console: Console, /, *, asked: Asked, access: Access, allow_commands: bool, diff: bool
) -> None:
    """Write the live state into FILES, comments kept.

    One request to the server. A file that is there is edited in place: only what differs is
    written. Of several FILES, laid over each other, the last one is written: what differs from
    those below it; without any those of a target of confsync.yaml. Secrets are never written, but
    as references to fill in.
    """
    from confsync.errors import OutputFailed, WrongUsage
    from confsync.report.file_results import diff_text, pulled_text
    from confsync.report.problems import problems_text
    from confsync.workflow import pull as run
    from confsync.workflow.targets import NOTHING_WANTED

    use = run.preview if diff else run.pull
    chosen = shared.chosen(console, asked, access, NOTHING_WANTED)
    if len(chosen) > 1:
        raise WrongUsage("a pull is for one target", hint="choose one with --target")
    last = chosen[0].files[-1] if asked.files else ""
    if asked.files and os.path.realpath(asked.files[-1]) != os.path.realpath(last):
        hint = f"`confsync pull {last}` writes it; --no-config takes the named file alone"
        raise WrongUsage(f"target {chosen[0].name} is written to its last file, {last}", hint=hint)
    with shared.reach(console, allow_commands=allow_commands).session(chosen[0]) as connected:
        pulled = use(chosen[0].files, connected, environment=os.environ)
    console.say(problems_text(pulled.fill_in, console.look()))
    if diff:
        console.print(diff_text([pulled]))
        console.say(pulled_text(pulled, "would be "))
        return
    try:
        console.print(pulled_text(pulled))
    except OutputFailed:
        # The file is written: that is said in any case.
        console.say(pulled_text(pulled))
        raise
