"""`confsync validate`."""

from __future__ import annotations

import click

from confsync.cli import options
from confsync.cli.output import sinks, write_all
from confsync.cli.status import Status
from confsync.errors import WrongUsage
from confsync.report import PROBLEMS
from confsync.workflow.validate import validate as run


@click.command()
@options.files
@options.rendering
def validate(files: tuple[str, ...], *, outputs: tuple[str, ...], color: str) -> Status:
    """Check FILES alone: no network, no secret.

    Each file is taken as a state of its own. Every mistake is shown, with its line and a hint.
    """
    found = sinks(outputs, PROBLEMS)
    if not files:
        raise WrongUsage("no file is named", hint="name the files, like stores/in-memory.yaml")
    problems = run(files)
    write_all(found, lambda name: PROBLEMS[name](files, problems), color)
    return Status.ERROR if any(problem.severity == "error" for problem in problems) else Status.DONE
