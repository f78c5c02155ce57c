"""`confsync explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from confsync.cli.command import Command
from confsync.cli.options import proposing_from

if TYPE_CHECKING:
    from collections.abc import Iterable

    from confsync.cli.console import Console


def _names() -> Iterable[str]:
    from confsync.workflow.documentation import explained

    return explained()


@click.command(cls=Command)
@click.argument("name", default="", shell_complete=proposing_from(_names))
@click.pass_obj
def explain(console: Console, name: str) -> None:
    """Explain NAME: a rule, an object, a variant, a field, or a key of confsync.yaml. Offline.

    The name of a rule is in brackets after each problem. A field can be a path, like
    authSecret/secret. Without NAME: a list of rules, objects and keys.
    """
    from confsync.report.explain import explained_text
    from confsync.workflow.documentation import explain as run

    console.print(explained_text(run(name)))
