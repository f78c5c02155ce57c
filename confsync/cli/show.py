"""`confsync show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from confsync.cli import options as shared
from confsync.cli.connect import server, session
from confsync.cli.status import Status
from confsync.kinds import KINDS
from confsync.report.json import document_json
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
@server
@shared.rendering(FORMATS)
def show(*, access: Access, outputs: Outputs) -> Status:
    """Show the live state as YAML, every secret masked. One request to the server."""
    with session(access, outputs.console.vault) as connected:
        live = [run(connected, name) for name in KINDS]
    outputs.write_all(lambda name: FORMATS[name](live))
    return Status.DONE
