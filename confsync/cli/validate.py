"""`confsync validate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from confsync.cli import options as shared
from confsync.report import PROBLEMS
from confsync.sync.names import SEARCHABLE

if TYPE_CHECKING:
    from confsync.cli.output import Outputs
    from confsync.cli.standard_error import Status


@click.command(cls=shared.Command)
@shared.files
@shared.allow
@click.option(
    "--only",
    metavar="RULE",
    multiple=True,
    help="Look for what breaks this rule alone, in files of any kind that hold an object that"
    f" confsync knows: {', '.join(SEARCHABLE)}. Can be repeated.",
)
@click.option(
    "--skip-others",
    is_flag=True,
    help="Pass over FILES that are not meant as stores, unless a target uses them.",
)
@shared.rendering(PROBLEMS)
def validate(
    files: tuple[str, ...],
    *,
    allow: tuple[str, ...],
    only: tuple[str, ...],
    skip_others: bool,
    outputs: Outputs,
) -> Status:
    """Check FILES alone: no network, no secret.

    A file that targets of confsync.yaml use is checked as they use it, any other as a state of its
    own; without FILES every target is checked. Every mistake is shown, with its line and a hint.
    """
    from confsync.cli.standard_error import Status

    here, day, allowed = Path(), shared.today(), frozenset(allow)
    if only:
        from confsync.workflow.validate import search

        found = search(files, here, only, allow=allowed, today=day)
    else:
        from confsync.workflow.validate import check

        found = check(files, here, allow=allowed, today=day, skip_others=skip_others)

    outputs.write_all(lambda name, look: PROBLEMS[name](found.files, found.problems, look=look))
    wrong = any(problem.severity == "error" for problem in found.problems)
    return Status.ERROR if wrong else Status.DONE
