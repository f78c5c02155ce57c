"""`confsync explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from confsync.cli.options import Command

if TYPE_CHECKING:
    from confsync.cli.console import Console


@click.command(cls=Command)
@click.argument("name", default="")
@click.pass_obj
def explain(console: Console, name: str) -> None:
    """Explain NAME: a rule or risk, a field, a variant, or a key of confsync.yaml. Offline.

    Each problem ends in the id of its rule. A field can be named by its path, like
    authSecret/secret. Without NAME: list everything.
    """
    from confsync.report.explain import explained_text
    from confsync.workflow.documentation import explain as run

    console.print(explained_text(run(name)))
