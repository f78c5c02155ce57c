"""`confsync fmt`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from confsync.cli import choose
from confsync.cli import options as shared
from confsync.cli.command import Command

if TYPE_CHECKING:
    from confsync.cli.console import Console
    from confsync.cli.standard_error import Status
    from confsync.workflow.targets import Asked


@click.command(cls=Command)
@shared.files
@shared.with_variable(
    "--check",
    "Write nothing: show what would change, and exit with 1 if anything would.",
    is_flag=True,
)
@choose.selection
@click.pass_obj
def fmt(console: Console, *, asked: Asked, check: bool) -> Status:
    """Format FILES: quotes, indentation and spaces. Without FILES: those of confsync.yaml.

    Comments, order, blank lines and values stay. Files without a store are skipped; files with
    errors are reported and not changed. A FILE can be a directory, for the store files below it.
    """
    from confsync.cli.standard_error import Status
    from confsync.report.file_results import diff_text, formatted_text
    from confsync.workflow.fmt import fmt as run

    choose.tell_selected(console, asked)
    found = run(asked, write=not check)
    if check and (diff := diff_text(found)):
        console.print(diff)
    failed = [file for file in found if file.problems]
    if failed or not console.quiet:
        done = "would be formatted" if check else "formatted"
        console.say(formatted_text(failed if console.quiet else found, done))
    wrong = any(file.problems or (check and file.changed) for file in found)
    return Status.ERROR if wrong else Status.DONE
