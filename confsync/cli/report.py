"""`confsync report`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from confsync.cli import options as shared
from confsync.cli.command import Command
from confsync.report import REPORTS

if TYPE_CHECKING:
    from confsync.cli.output import Outputs
    from confsync.cli.standard_error import Status


@click.command(cls=Command)
@click.argument("files", nargs=-1, required=True, type=click.Path(), metavar="FILE...")
@shared.rendering(REPORTS)
def report(*, files: tuple[str, ...], outputs: Outputs) -> Status:
    """Show JSON reports of plan or apply, of one run or of all of its shards, in another format.

    Offline and without secrets. Each FILE is written by --output json=FILE. Without --output:
    Markdown. The status is 1 if a shard is missing; it says nothing about the plans.
    """
    from confsync.cli.standard_error import Status
    from confsync.report.summary import missing_shards
    from confsync.workflow.report import merged

    document = merged(files)
    outputs.check(files)
    outputs.write_all(REPORTS, document=lambda: document)
    if missing := missing_shards(document.report):
        outputs.console.say(f"error: {missing}\nhint: name the report of each shard\n")
        return Status.ERROR
    return Status.DONE
