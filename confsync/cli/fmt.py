"""`confsync fmt`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from confsync.cli import options as shared

if TYPE_CHECKING:
    from confsync.cli.console import Console
    from confsync.cli.standard_error import Status


@click.command(cls=shared.Command)
@shared.files
@click.option(
    "--check",
    is_flag=True,
    envvar="CONFSYNC_CHECK",
    help="Write nothing; show what would change. Exit with 1 if anything would.",
)
@click.pass_obj
def fmt(console: Console, *, files: tuple[str, ...], check: bool) -> Status:
    """Format FILES, or the files of confsync.yaml: quotes, indentation and spaces.

    Comments, order, blank lines and values do not change. Files with errors are listed and not
    changed; files that are not store files are skipped.
    """
    from confsync.cli.standard_error import Status
    from confsync.report.file_results import diff_text, formatted_text
    from confsync.workflow import fmt as run

    found = run.check(files) if check else run.fmt(files)
    if check and (diff := diff_text(found)):
        console.print(diff)
    console.say(formatted_text(found, "would be formatted" if check else "formatted"))
    wrong = any(file.problems or (check and file.changed) for file in found)
    return Status.ERROR if wrong else Status.DONE
