"""`confsync plan`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from confsync.cli import options as shared
from confsync.cli.connect import server, session
from confsync.cli.status import Status
from confsync.report import PLAN
from confsync.workflow.plan import plan as run
from confsync.workflow.saved import save

if TYPE_CHECKING:
    from confsync.cli.connect import Access
    from confsync.cli.output import Outputs
    from confsync.workflow.plan import Options


@click.command()
@shared.files
@server
@shared.planning
@shared.rendering(PLAN)
@click.option(
    "--out",
    type=click.Path(),
    metavar="FILE",
    help="Save the plan, without a secret, for `apply FILE`.",
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where changes are pending.")
def plan(  # noqa: PLR0913 - one parameter an option
    files: tuple[str, ...],
    *,
    access: Access,
    options: Options,
    outputs: Outputs,
    out: str | None,
    detailed_exitcode: bool,
) -> Status:
    """Show what an apply would change, every secret masked.

    One request to the server; nothing is written. Several FILES are laid over each other, later
    ones over earlier ones.
    """
    with session(access, outputs.console) as connected:
        planned = run(files, connected, environment=os.environ, options=options)
    if out is not None:
        save(planned, out)
    outputs.write_all(lambda name: PLAN[name](planned))
    pending = detailed_exitcode and bool(planned.difference.changes)
    return Status.PENDING if pending else Status.DONE
