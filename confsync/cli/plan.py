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
    from confsync.sync.values import Failed, Plan
    from confsync.workflow.jobs import Jobs
    from confsync.workflow.targets import Access, Asked, Wanted


@click.command(cls=Command)
@shared.layers
@click.option(
    "--out",
    type=click.Path(),
    metavar="FILE",
    help="Save the plan for `confsync apply FILE`. It holds no secret.",
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 if changes are pending.")
@choose.targets
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
    _check_out(out)
    shared_servers = same_server_facts(chosen)
    for fact in shared_servers:
        outputs.console.note(f"warning: {fact}\nhint: {_TWICE}\n")
    way = shared.reach(outputs.console, allow_commands=allow_commands, jobs=jobs)
    found = each(
        *(chosen, way),
        lambda aim, session: run(aim.files, session, environment=os.environ, options=aim.options),
    )
    every = flat(found)
    plans = [one for one in every if not isinstance(one, Failed)]
    if out is not None and len(plans) == len(every):
        save(plans, out)
        outputs.console.note(_saved_text(out, access.url, plans, len(chosen)))
    failed = print_failures(outputs.console, every)
    if out is not None:
        outputs.console.say(_unsaved_text(every))
    outputs.write_all(lambda name, look: PLANS[name](every, look=look))
    certain = bool(shared_servers) or any(plan.refusals for plan in plans)
    changes = detailed_exitcode and any(plan.difference.changes for plan in plans)
    more = [(certain, Status.REFUSED), (changes, Status.PENDING)]
    return worst([failed, *(status for found_so, status in more if found_so)])


_FEW = 3  # names in a line to type
_TWICE = "an apply of both is refused (confsync explain same-server-twice)"


def _check_out(out: str | None) -> None:
    """Raise WrongUsage for a file that is not a saved plan."""
    from confsync.disk.read import is_plan
    from confsync.errors import WrongUsage

    if out is not None and Path(out).is_file() and not is_plan(out):
        hint = "use another file, or remove this one"
        raise WrongUsage("--out: this file exists and is not a saved plan", where=out, hint=hint)


def _saved_text(file: str, url: str | None, plans: Sequence[Plan], number: int) -> str:
    from confsync.report.printable import plural, printable

    name = printable(shlex.quote(file))
    of = "" if number == 1 else f" of {plural(number, 'target')}"
    if any(plan.refusals for plan in plans):
        return f"saved the plan{of} to {name}; apply will refuse it: see its errors\n"
    server = f" --url {printable(url)}" if url else ""
    return f"saved the plan{of} to {name}; apply it with `confsync apply {name}{server}`\n"


def _unsaved_text(found: Sequence[Plan | Failed]) -> str:
    """Why no plan is saved; empty if one is."""
    from confsync.report.printable import printable
    from confsync.sync.values import Failed
    from confsync.workflow.selection import some_of

    failed = [one.target.name for one in found if isinstance(one, Failed)]
    if not failed:
        return ""
    without = " ".join(f"--exclude {shlex.quote(name)}" for name in failed[:_FEW])
    out = f"leave it out with {without}" if len(failed) <= _FEW else "leave them out (--exclude)"
    mend = f"hint: mend {'it' if len(failed) == 1 else 'them'}, or {out}"
    fact = f"the plan was not saved: {some_of(failed)} could not be planned"
    return f"{printable(fact)}\n{printable(mend)}\n"
