"""`confsync plan`."""

from __future__ import annotations

import os
import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from confsync.cli import choose
from confsync.cli import options as shared
from confsync.cli.command import Command
from confsync.cli.many import many
from confsync.report import PLANS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.cli.console import Console
    from confsync.cli.output import Lines, Outputs
    from confsync.cli.standard_error import Status
    from confsync.sync.values import Failed, Plan
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
@many()
@shared.planning
@shared.rendering(PLANS, shared.each)
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
    from confsync.cli.output import Lines
    from confsync.cli.standard_error import Status, print_failures, worst
    from confsync.report.json import plans_document
    from confsync.workflow.plan import plans as run
    from confsync.workflow.run import run_of
    from confsync.workflow.session import each, flat
    from confsync.workflow.targets import inputs

    chosen = choose.chosen(outputs.console, asked, access, wanted)
    outputs.check(inputs(chosen), out=out)
    _check_out(out)
    shared_server = _tell_same_server(outputs.console, chosen)
    way = shared.reach(outputs.console, allow_commands=allow_commands, jobs=jobs)
    facts = run_of(chosen, asked, os.environ, shared.now(), way.seconds)
    lines = Lines(outputs, facts, plans_document)
    with lines.before_error(partial(_report, lines)):
        found = each(
            *(chosen, way),
            lambda aim, at: run(aim.files, at, environment=os.environ, options=aim.options),
            lambda ended: lines.add(flat([ended])),
        )
    every = flat(found)
    if out is not None:
        _save(outputs.console, every, out, access.url)
    failed = print_failures(outputs.console, every)
    _report(lines, every)
    certain = Status.REFUSED if shared_server else Status.DONE
    return worst([failed, certain, _status(every, detailed_exitcode=detailed_exitcode)])


def _report(lines: Lines[Plan | Failed], found: Sequence[Plan | Failed]) -> None:
    """Write every output. Raises OutputFailed."""
    from confsync.workflow.run import utc_text

    document = lines.end(found, utc_text(shared.now()))
    lines.others.write_all(PLANS, found, document=document)
    lines.check()


def _status(found: Sequence[Plan | Failed], *, detailed_exitcode: bool) -> Status:
    """The status for the plans that were made."""
    from confsync.cli.standard_error import Status
    from confsync.sync.values import Failed

    plans = [one for one in found if not isinstance(one, Failed)]
    if any(plan.refusals for plan in plans):
        return Status.REFUSED
    pending = any(plan.pending for plan in plans)
    return Status.PENDING if detailed_exitcode and pending else Status.DONE


_FEW = 3  # names in a line to type
_TWICE = "an apply of both is refused (confsync explain same-server-twice)"


def _tell_same_server(console: Console, chosen: Sequence[Aim]) -> bool:
    """Warn of targets with one server; True if there are any."""
    from confsync.workflow.targets import same_server_facts

    facts = same_server_facts(chosen)
    for fact in facts:
        console.note(f"warning: {fact}\nhint: {_TWICE}\n")
    return bool(facts)


def _check_out(out: str | None) -> None:
    """Raise WrongUsage for a file that is not a saved plan."""
    from confsync.disk.read import is_plan
    from confsync.errors import WrongUsage

    if out is not None and Path(out).is_file() and not is_plan(out):
        hint = "use another file, or remove this one"
        raise WrongUsage("--out: this file exists and is not a saved plan", where=out, hint=hint)


def _save(console: Console, found: Sequence[Plan | Failed], file: str, url: str | None) -> None:
    """Save the plans, and say so; or say that a target could not be planned."""
    from confsync.report.printable import plural, printable
    from confsync.sync.values import Failed, by_target
    from confsync.workflow.plan import save
    from confsync.workflow.selection import some_of

    plans = [one for one in found if not isinstance(one, Failed)]
    if failed := [one.target.name for one in found if isinstance(one, Failed)]:
        without = " ".join(f"--exclude {shlex.quote(name)}" for name in failed[:_FEW])
        out = f"leave it out with {without}" if len(failed) <= _FEW else "choose the others"
        mend = f"hint: mend {'it' if len(failed) == 1 else 'them'}, or {out}"
        fact = f"the plan was not saved: {some_of(failed)} could not be planned"
        console.say(f"{printable(fact)}\n{printable(mend)}\n")
        return
    save(plans, file)
    name, number = printable(shlex.quote(file)), len(by_target(plans))
    of = "" if number == 1 else f" of {plural(number, 'target')}"
    server = f" --url {printable(url)}" if url else ""
    then = f"apply it with `confsync apply {name}{server}`"
    if any(plan.refusals for plan in plans):
        then = "apply will refuse it: see its errors"
    console.note(f"saved the plan{of} to {name}; {then}\n")
