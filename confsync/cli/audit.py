"""`confsync audit`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from confsync.cli import options as shared
from confsync.cli.command import Command
from confsync.report import AUDITS

if TYPE_CHECKING:
    from confsync.cli.output import Outputs
    from confsync.cli.standard_error import Status


@click.command(cls=Command)
@click.argument("report", type=click.Choice([*AUDITS]))
@click.argument("files", nargs=-1, required=True, type=click.Path())
@shared.rendering(AUDITS["check"])
def audit(*, report: str, files: tuple[str, ...], outputs: Outputs) -> Status:
    """Report what audit FILES say, of `apply --audit`. No network, no secrets.

    check: applies that began and never ended. Exits with 1 if there are any.

    pending: objects that were stored and take effect at a restart, and no restart seen since.
    """
    from confsync.cli.standard_error import Status
    from confsync.workflow import audit_files

    outputs.check(files)
    read = audit_files.check if report == "check" else audit_files.pending
    found = read(files, lambda line: outputs.console.note(f"{line}\n"))
    outputs.write_all(AUDITS[report], found)
    return Status.ERROR if found.unfinished else Status.DONE
