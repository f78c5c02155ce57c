"""`confsync targets`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from confsync.cli import choose
from confsync.cli import options as shared
from confsync.cli.command import Command
from confsync.report import TARGETS

if TYPE_CHECKING:
    from confsync.cli.output import Outputs
    from confsync.workflow.targets import Asked


@click.command(cls=Command)
@choose.selection
@choose.since
@shared.rendering(TARGETS)
def targets(*, asked: Asked, outputs: Outputs) -> None:
    """List the targets of confsync.yaml, or those that are chosen. No network, no secrets.

    Shows names, URLs, groups, files, and the variables that each target needs. --output names
    prints the names alone; --output matrix a line for a CI matrix: {"target": [...]}.
    """
    from confsync.errors import WrongUsage
    from confsync.workflow.selection import listing
    from confsync.workflow.targets import checked_of, configuration, nothing_named

    config = configuration(Path())
    if config is None:
        raise nothing_named(Path())
    chosen = checked_of(config, asked)
    if not asked.filters.changed and shared.given_by_hand("base"):
        hint = "add --changed, or leave out --base: it is compared with nothing here"
        raise WrongUsage("--base needs --changed", hint=hint)
    if asked.base is not None and asked.filters.changed:
        from confsync.workflow.base import changed_targets

        known = (config, chosen, asked.base, Path(), outputs.console.vault)
        chosen = changed_targets(*known, environment=os.environ, today=shared.today())
    choose.tell_number(outputs.console, asked, len(chosen), len(config.targets))
    outputs.write_all(TARGETS, listing(chosen))
