"""`confsync validate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from confsync.cli import choose
from confsync.cli import options as shared
from confsync.cli.command import Command
from confsync.report import PROBLEMS
from confsync.sync.names import SEARCHABLE

if TYPE_CHECKING:
    from confsync.cli.output import Outputs
    from confsync.cli.standard_error import Status
    from confsync.workflow.targets import Asked


@click.command(cls=Command)
@shared.files_or_input
@shared.allow
@shared.fail_on
@click.option(
    "--only",
    metavar="RULE",
    multiple=True,
    help="Check only this rule, in any text file that names an object of Stalwart:"
    f" {', '.join(SEARCHABLE)}. Can be repeated.",
)
@click.option(
    "--skip-others", is_flag=True, help="Skip FILES that are not stores, unless a target uses them."
)
@choose.selection
@shared.rendering(PROBLEMS)
def validate(  # noqa: PLR0913 - one parameter an option
    *,
    asked: Asked,
    allow: tuple[str, ...],
    fail_on: tuple[str, ...],
    only: tuple[str, ...],
    skip_others: bool,
    outputs: Outputs,
) -> Status:
    """Check FILES offline: no network, no secrets.

    Shows mistakes with their lines and hints. A file of a target is checked together with the
    target's other files. Any other file is checked alone. Without FILES: every target, or those
    that are chosen.

    A FILE can be a directory, for the store files below it, or - for standard input.
    """
    from confsync.cli.standard_error import Status
    from confsync.workflow.targets import Wanted
    from confsync.workflow.validate import check, search

    choose.tell_selected(outputs.console, asked)
    here, day = Path(), shared.today()
    wanted = Wanted(allow=frozenset(allow), fail_on=frozenset(fail_on))
    if only:
        found = search(asked, here, only, allow=wanted.allow, today=day)
    else:
        found = check(asked, here, wanted=wanted, today=day, skip_others=skip_others)
    outputs.check(found.files)
    outputs.write_all(PROBLEMS, found.files, found.problems)
    wrong = any(problem.severity == "error" for problem in found.problems)
    return Status.ERROR if wrong else Status.DONE
