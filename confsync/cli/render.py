"""`confsync render`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from confsync.cli import choose
from confsync.cli import options as shared
from confsync.cli.command import Command
from confsync.report import RENDERED

if TYPE_CHECKING:
    from confsync.cli.output import Outputs
    from confsync.cli.standard_error import Status
    from confsync.workflow.targets import Asked


@click.command(cls=Command)
@shared.files_or_input
@choose.selection
@shared.rendering(RENDERED)
def render(*, asked: Asked, outputs: Outputs) -> Status:
    """Show the desired state of each target as YAML, offline. Secrets are masked.

    Shows all values after layering, with defaults, and where each one comes from. FILES select the
    targets that use them; without a confsync.yaml they are layers. References are not resolved.
    """
    from confsync.cli.standard_error import print_failures
    from confsync.workflow.render import aims
    from confsync.workflow.render import render as run
    from confsync.workflow.targets import inputs

    chosen = aims(Path(), asked, today=shared.today())
    choose.tell_selection(outputs.console, chosen, asked)
    outputs.check(inputs(chosen))
    found = run(chosen, outputs.console.vault)
    status = print_failures(outputs.console, found)
    outputs.write_all(RENDERED, found)
    return status
