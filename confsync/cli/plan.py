"""`confsync plan`."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from confsync.cli import choose
from confsync.cli import options as shared
from confsync.cli.command import Command
from confsync.cli.each import rendering
from confsync.cli.many import many
from confsync.report import PLANS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.cli.output import Outputs
    from confsync.cli.standard_error import Status
    from confsync.sync.values import Plan
    from confsync.workflow.jobs import Jobs
    from confsync.workflow.targets import Access, Aim, Asked, Wanted


@click.command(cls=Command)
@shared.layers
@click.option(
    "--out",
    type=click.Path(),
    metavar="FILE",
    help="Save the plan for `confsync apply FILE`. It holds no secret.",
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 if changes are pending.")
@choose.compared
@many
@shared.planning
@rendering(PLANS)
@shared.commands_for_credentials
def plan(  # noqa: PLR0913 - one parameter an option
    *,
    asked: Asked,
    access: Access,
    wanted: Wanted,
    jobs: Jobs,
    outputs: Outputs,
    allow_commands: bool,
    out: str | None,
    detailed_exitcode: bool,
) -> Status:
    """Show what an apply would change. Secrets are masked.

    Reads each server once and changes nothing. Without FILES: the targets of confsync.yaml. FILES
    select the target that uses them. Without a confsync.yaml they are layers; later files override
    earlier ones. A FILE can be a directory with one store, or - for standard input.
    """
    from confsync.cli.standard_error import Status, print_failures, worst
    from confsync.sync.values import Failed
    from confsync.workflow.plan import plans as run
    from confsync.workflow.plan import save
    from confsync.workflow.session import each, flat
    from confsync.workflow.targets import inputs, same_server_facts

    chosen = choose.chosen(outputs.console, asked, access, wanted)
    outputs.check(inputs(chosen), out=out)
    _check_out(out, chosen)
    shared_servers = same_server_facts(chosen)
    for fact in shared_servers:
        outputs.console.note(f"warning: {fact}\nhint: {_TWICE}\n")
    way = shared.reach(outputs.console, allow_commands=allow_commands, jobs=jobs)
    found = each(
        *(chosen, way),
        lambda aim, session: run(aim.files, session, environment=os.environ, options=aim.options),
    )
    if out is not None and not isinstance(found[0], Failed):
        save(found[0], out)
        outputs.console.note(_saved_text(out, access.url, found[0]))
    every = flat(found)
    failed = print_failures(outputs.console, every)
    outputs.write_all(lambda name, look: PLANS[name](every, look=look))
    plans = [one for one in every if not isinstance(one, Failed)]
    certain = bool(shared_servers) or any(plan.refusals for plan in plans)
    changes = detailed_exitcode and any(plan.pending for plan in plans)
    more = [(certain, Status.REFUSED), (changes, Status.PENDING)]
    return worst([failed, *(status for found_so, status in more if found_so)])


_TWICE = "an apply of both is refused (confsync explain same-server-twice)"


def _check_out(out: str | None, chosen: Sequence[Aim]) -> None:
    """Raise WrongUsage for several targets, and for a file that is not a saved plan."""
    from confsync.disk.read import is_plan
    from confsync.errors import WrongUsage

    if out is None:
        return
    if len(chosen) > 1:
        hint = "choose one with --target, and save a plan of each"
        raise WrongUsage("a saved plan is for one target", hint=hint)
    if Path(out).is_file() and not is_plan(out):
        hint = "use another file, or remove this one"
        raise WrongUsage("--out: this file exists and is not a saved plan", where=out, hint=hint)


def _saved_text(file: str, url: str | None, plans: Sequence[Plan]) -> str:
    from confsync.report.printable import printable

    name = printable(shlex.quote(file))
    if any(plan.refusals for plan in plans):
        return f"saved the plan to {name}; apply will refuse it: see its errors\n"
    server = f" --url {printable(url)}" if url else ""
    return f"saved the plan to {name}; apply it with `confsync apply {name}{server}`\n"
