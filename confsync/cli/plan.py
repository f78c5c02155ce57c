"""`confsync plan`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from confsync.cli import options
from confsync.cli.connect import session
from confsync.cli.output import sinks, write_all
from confsync.cli.status import Status
from confsync.report import PLAN
from confsync.workflow.plan import Options
from confsync.workflow.plan import plan as run

if TYPE_CHECKING:
    from confsync.workflow.plan import Unlisted


@click.command()
@options.files
@options.server
@options.unlisted
@options.rendering
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where changes are pending.")
def plan(  # noqa: PLR0913 - one parameter an option
    files: tuple[str, ...],
    *,
    url: str | None,
    insecure_http: bool,
    unlisted: Unlisted,
    outputs: tuple[str, ...],
    color: str,
    detailed_exitcode: bool,
) -> Status:
    """Show what an apply would change, every secret masked.

    One request to the server; nothing is written. Several FILES are laid over each other, later
    ones over earlier ones.
    """
    found = sinks(outputs, PLAN)
    with session(url, insecure_http=insecure_http) as connected:
        planned = run(
            files,
            connected,
            environment=os.environ,
            options=Options(unlisted),
        )
    write_all(found, lambda name: PLAN[name](planned), color)
    pending = detailed_exitcode and bool(planned.difference.changes)
    return Status.PENDING if pending else Status.DONE
