"""`confsync validate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from confsync.cli import options as shared
from confsync.cli.status import Status
from confsync.errors import WrongUsage
from confsync.report import PROBLEMS
from confsync.report.problems import shown_verdict
from confsync.workflow.validate import validate as run

if TYPE_CHECKING:
    from confsync.cli.output import Outputs


@click.command()
@shared.files
@shared.allow
@shared.rendering(PROBLEMS)
def validate(files: tuple[str, ...], *, allow: tuple[str, ...], outputs: Outputs) -> Status:
    """Check FILES alone: no network, no secret.

    Each file is taken as a state of its own. Every mistake is shown, with its line and a hint.
    """
    if not files:
        raise WrongUsage("no file is named", hint="name the files, like stores/in-memory.yaml")
    problems = run(files, allow=allow)
    outputs.write_all(
        lambda name: PROBLEMS[name](files, problems), lambda: shown_verdict(files, problems)
    )
    return Status.ERROR if any(problem.severity == "error" for problem in problems) else Status.DONE
