"""`confsync validate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from confsync.cli import options as shared
from confsync.cli.connect import today
from confsync.cli.status import Status
from confsync.report import PROBLEMS
from confsync.workflow.check import check

if TYPE_CHECKING:
    from confsync.cli.output import Outputs


@click.command()
@shared.files
@shared.allow
@shared.rendering(PROBLEMS)
def validate(files: tuple[str, ...], *, allow: tuple[str, ...], outputs: Outputs) -> Status:
    """Check FILES alone: no network, no secret.

    A file that targets of confsync.yaml use is checked as they use it, any other as a state of its
    own; without FILES every target is checked. Every mistake is shown, with its line and a hint.
    """
    found = check(files, Path(), allow=frozenset(allow), today=today())
    outputs.write_all(lambda name: PROBLEMS[name](found.files, found.problems))
    wrong = any(problem.severity == "error" for problem in found.problems)
    return Status.ERROR if wrong else Status.DONE
