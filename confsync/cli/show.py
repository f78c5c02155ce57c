"""`confsync show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from confsync.cli import options
from confsync.cli.connect import session
from confsync.cli.output import sinks, write_all
from confsync.cli.status import Status
from confsync.kinds import KINDS
from confsync.report.json import document_json
from confsync.workflow.show import as_document, as_yaml
from confsync.workflow.show import show as run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from confsync.sync.values import Live

FORMATS: Mapping[str, Callable[[Sequence[Live]], str]] = {
    "text": as_yaml,
    "json": lambda states: document_json(as_document(states)),
}


@click.command()
@options.server
@options.rendering
def show(*, url: str | None, insecure_http: bool, outputs: tuple[str, ...], color: str) -> Status:
    """Show the live state as YAML, every secret masked. One request to the server."""
    found = sinks(outputs, FORMATS)
    with session(url, insecure_http=insecure_http) as connected:
        live = [run(connected, name) for name in KINDS]
    write_all(found, lambda name: FORMATS[name](live), color)
    return Status.DONE
