"""`confsync pull`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from confsync.cli import options as shared
from confsync.cli.connect import server, session
from confsync.cli.status import Status
from confsync.errors import OutputFailed
from confsync.report.pull import diff_text, fill_in_text, pulled_text
from confsync.workflow.pull import preview
from confsync.workflow.pull import pull as run

if TYPE_CHECKING:
    from confsync.cli.connect import Access
    from confsync.cli.console import Console


@click.command()
@shared.files
@server
@click.option("--diff", is_flag=True, help="Show what would be written, and write nothing.")
@click.pass_obj
def pull(console: Console, /, files: tuple[str, ...], *, access: Access, diff: bool) -> Status:
    """Write the live state into FILES, comments kept.

    One request to the server. A file that is there is edited in place: only what differs is
    written. Of several FILES, laid over each other, the last one is written: what differs from
    those below it. Secrets are never written, but as references to fill in.
    """
    use = preview if diff else run
    with session(access, console) as connected:
        pulled = use(files, connected, environment=os.environ)
    console.say(fill_in_text(pulled))
    if diff:
        console.print(diff_text(pulled))
        console.say(pulled_text(pulled, "would be "))
        return Status.DONE
    try:
        console.print(pulled_text(pulled))
    except OutputFailed:
        # The file is written: that is said in any case.
        console.say(pulled_text(pulled))
        raise
    return Status.DONE
