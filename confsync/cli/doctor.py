"""`confsync doctor`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from confsync.cli import choose
from confsync.cli import options as shared
from confsync.cli.command import Command
from confsync.cli.many import many
from confsync.report import DOCTOR

if TYPE_CHECKING:
    from confsync.cli.output import Outputs
    from confsync.cli.standard_error import Status
    from confsync.workflow.jobs import Jobs
    from confsync.workflow.targets import Access, Asked


@click.command(cls=Command)
@shared.layers
@choose.targets
@many()
@shared.rendering(DOCTOR, shared.each)
@click.option(
    "--allow-commands",
    is_flag=True,
    help="Run {command: …} references of confsync.yaml and store files.",
)
def doctor(
    *,
    asked: Asked,
    access: Access,
    jobs: Jobs,
    outputs: Outputs,
    allow_commands: bool,
) -> Status:
    """Check servers, credentials, permissions, and each Redis in the files. Changes nothing.

    Logs in to each Redis of the desired state from here, as Stalwart would. The verdict: the server
    starts with this state, it locks out every remote client, or that cannot be told from here.
    """
    from confsync.cli.standard_error import Status, print_failures, worst
    from confsync.report.doctor import Diagnosis
    from confsync.workflow.doctor import diagnosed
    from confsync.workflow.session import each
    from confsync.workflow.targets import NOTHING_WANTED, inputs

    chosen = choose.chosen(outputs.console, asked, access, NOTHING_WANTED)
    outputs.check(inputs(chosen))
    way = shared.reach(outputs.console, allow_commands=allow_commands, jobs=jobs)
    found = each(
        *(chosen, way),
        lambda aim, session: diagnosed(aim, session, os.environ, commands=allow_commands),
    )
    failed = print_failures(outputs.console, found)
    outputs.write_all(DOCTOR, found)
    wrong = any(isinstance(one, Diagnosis) and one.failed for one in found)
    return worst([failed, Status.ERROR if wrong else Status.DONE])
