"""`confsync show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from confsync.cli import options as shared
from confsync.cli.connect import server, session
from confsync.cli.status import Status
from confsync.errors import WrongUsage
from confsync.kinds import KINDS
from confsync.report import PLAN
from confsync.report.json import document_json
from confsync.workflow.saved import is_saved, saved
from confsync.workflow.show import as_document, as_yaml
from confsync.workflow.show import show as run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from confsync.cli.connect import Access
    from confsync.cli.output import Outputs
    from confsync.sync.values import Live

FORMATS: Mapping[str, Callable[[Sequence[Live]], str]] = {
    "text": as_yaml,
    "json": lambda states: document_json(as_document(states)),
}


@click.command()
@click.argument("planfile", required=False, type=click.Path())
@server
@shared.rendering(FORMATS)
def show(*, planfile: str | None, access: Access, outputs: Outputs) -> Status:
    """Show the live state as YAML, every secret masked. One request to the server.

    With PLANFILE: what a saved plan says, as `plan` showed it. Nothing is asked of the server.
    """
    if planfile is not None:
        if not is_saved(planfile):
            hint = "`confsync plan --out FILE` saves one; without a file the live state is shown"
            raise WrongUsage("the file is no saved plan", where=planfile, hint=hint)
        plan = saved(planfile)
        outputs.write_all(lambda name: PLAN[name](plan))
        return Status.DONE
    with session(access, outputs.console) as connected:
        live = [run(connected, name) for name in KINDS]
    outputs.write_all(lambda name: FORMATS[name](live))
    return Status.DONE
