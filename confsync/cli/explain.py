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
    """Say what NAME is: a rule or risk, a field, a variant. Offline.

    A rule's id stands in brackets behind each problem. A field may be named by its path, like
    authSecret/secret. Without NAME: a list of all.
    """
    from confsync.report.explain import explained_text
    from confsync.workflow.documentation import explain as run

    console.print(explained_text(run(name)))
