"""`confsync show`."""

from __future__ import annotations

import os
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from confsync.cli import choose
from confsync.cli import options as shared
from confsync.cli.command import Command
from confsync.cli.many import many
from confsync.report import PLANS, STATES

if TYPE_CHECKING:
    from confsync.cli.output import Outputs
    from confsync.cli.standard_error import Status
    from confsync.report.text import State
    from confsync.workflow.jobs import Jobs
    from confsync.workflow.server import Session
    from confsync.workflow.targets import Access, Aim, Asked


_OF_SERVERS = (*choose.SELECTING, *("no_config", "url", "objects"))
"""Options that a saved plan has the answers to."""


@click.command(cls=Command)
@click.argument("planfile", required=False, type=click.Path())
@choose.targets
@many()
@shared.objects
@shared.rendering(STATES)
@shared.commands_for_credentials
def show(  # noqa: PLR0913 - one parameter an option
    *,
    planfile: str | None,
    asked: Asked,
    access: Access,
    objects: tuple[str, ...],
    jobs: Jobs,
    outputs: Outputs,
    allow_commands: bool,
) -> Status:
    """Show a server's state as YAML. Secrets are masked.

    Reads each server once: the objects in the target's files. With PLANFILE: show that saved plan,
    without contacting a server.
    """
    from confsync.cli.standard_error import Status, print_failures
    from confsync.workflow.targets import NOTHING_WANTED, aims, without_config

    if planfile is not None:
        choose.refuse_with_plan(*_OF_SERVERS)
        _show_saved(planfile, outputs)
        return Status.DONE
    from confsync.workflow.load import check_objects, objects_in
    from confsync.workflow.server import as_document
    from confsync.workflow.server import show as run
    from confsync.workflow.session import each

    check_objects(objects)

    def state(aim: Aim, session: Session) -> State:
        names = objects or objects_in(aim.files, way.once)
        return session.target, as_document(run(session, names))

    chosen: tuple[Aim, ...] = (without_config((), NOTHING_WANTED, access),)
    if not access.url or asked.select:
        chosen = aims(Path(), asked, NOTHING_WANTED, access, today=shared.today())
        choose.tell_selection(outputs.console, chosen, asked)
    way = shared.reach(outputs.console, allow_commands=allow_commands, jobs=jobs)
    found = each(chosen, way, state)
    status = print_failures(outputs.console, found)
    outputs.write_all(STATES, found)
    return status


def _show_saved(planfile: str, outputs: Outputs) -> None:
    from confsync.disk.read import is_plan
    from confsync.errors import WrongUsage
    from confsync.report.json import plans_document
    from confsync.workflow.plan import saved
    from confsync.workflow.run import run_of
    from confsync.workflow.targets import NOTHING_ASKED

    if not is_plan(planfile):
        from confsync.workflow.targets import check_not_targets, configuration

        check_not_targets(configuration(Path()), [planfile])
        fact = "not a saved plan" if Path(planfile).exists() else "no such file"
        hint = "`confsync plan --out FILE` saves a plan; without a file, the server is shown"
        raise WrongUsage(fact, where=planfile, hint=hint)
    outputs.check([planfile])
    plans = saved(planfile)
    facts = run_of((), NOTHING_ASKED, os.environ, shared.now(), {})
    outputs.write_all(PLANS, plans, document=cache(partial(plans_document, plans, facts)))
