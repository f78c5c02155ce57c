"""`confsync apply`."""

from __future__ import annotations

import os
import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from confsync.cli import choose
from confsync.cli import options as shared
from confsync.cli.command import Command
from confsync.cli.console import at_terminal
from confsync.cli.many import limits as limiting
from confsync.cli.many import many
from confsync.report import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.cli.console import Console
    from confsync.cli.options import Values
    from confsync.cli.output import Lines, Outputs
    from confsync.cli.standard_error import Status
    from confsync.report.run import Run
    from confsync.sync.outcome import Ended
    from confsync.workflow.apply import How
    from confsync.workflow.jobs import Jobs
    from confsync.workflow.session import Reach
    from confsync.workflow.targets import Access, Aim, Asked, Wanted

_PLANNED = (
    *choose.SELECTING,
    *("no_config", "unlisted", "hidden_secrets", "send", "allow", "fail_on", "expect", "base"),
)
"""Options that a saved plan has the answers to."""

_OPTIONS = shared.together(
    click.option("--yes", is_flag=True, help="Apply without asking."),
    click.option(
        "--expect",
        metavar="DIGEST",
        help="Apply without asking, but only if the plan still has this digest.",
    ),
    click.option(
        "--allow-commands", is_flag=True, help="Run the commands of {command: …} references."
    ),
    shared.with_variable(
        "--reload",
        "Then have the server reload its settings, if an object takes effect by that.",
        is_flag=True,
    ),
    shared.with_variable(
        "--add-mask",
        "In GitHub Actions: mask resolved secrets in the log of the job.",
        is_flag=True,
    ),
    shared.for_file("--backup", "First save the server's settings to FILE, for going back."),
    shared.for_file("--audit", "Append a record before and after the apply (`-`: standard error)."),
)


@click.command(cls=Command)
@shared.layers
@_OPTIONS
@choose.compared
@many("Targets that are read at once. If given, as many are updated at once.")
@limiting
@shared.planning
@shared.rendering(OUTCOMES, shared.each)
def apply(  # noqa: PLR0913 - one parameter an option
    *,
    asked: Asked,
    access: Access,
    wanted: Wanted,
    jobs: Jobs,
    limits: Values,
    outputs: Outputs,
    yes: bool,
    expect: str | None,
    allow_commands: bool,
    reload: bool,
    add_mask: bool,
    backup: str | None,
    audit: str | None,
) -> Status:
    """Bring servers to the state described in FILES, or apply a saved plan.

    Shows the plan, asks, sends the smallest update, reads the state back and verifies it. If
    nothing differs and there is no secret to send, nothing is sent. FILES select targets as for
    `plan`. Several targets are applied one after another, or --jobs at once, until one fails.
    """
    from confsync.cli.apply_prompt import ask, check_runner, finish, report_failure, show
    from confsync.workflow.apply import How
    from confsync.workflow.audit import Audit
    from confsync.workflow.run import run_of
    from confsync.workflow.targets import NOTHING_ASKED, inputs

    if add_mask:
        check_runner()
    plan, book = _plan_file(asked.files), None
    way = shared.reach(outputs.console, allow_commands=allow_commands, jobs=jobs)
    if audit is not None:
        book = Audit(audit, environment=os.environ, now=shared.now, tell=way.tell, uid=os.getuid())
    aims = () if plan is not None else choose.chosen(outputs.console, asked, access, wanted)
    asking = bool(aims) and not yes and expect is None
    known = (*inputs(aims), *filter(None, [plan]))
    outputs.check(known, backup=backup, audit=None if audit == "-" else audit)
    if asking:
        _check_can_ask(outputs.console, asked.files)
    whose = asked if plan is None else NOTHING_ASKED
    lines = _lines(outputs, run_of(aims, whose, os.environ, shared.now(), way.seconds, way.once))
    how = How(
        partial(show, outputs, asking=asking, masks=add_mask),
        partial(ask, outputs.console) if asking else None,
        *(expect, book, backup, reload),
        **limits,
        ended=lines.add,
    )
    with lines.before_error(partial(report_failure, lines)):
        ended = _applied(plan, aims, access, way, how)
    return finish(ended, lines, book)


def _lines(outputs: Outputs, run: Run) -> Lines[Ended]:
    from confsync.cli.output import Lines
    from confsync.report.json import outcomes_document

    return Lines(outputs, run, outcomes_document)


def _applied(
    plan: str | None, aims: Sequence[Aim], access: Access, way: Reach, how: How
) -> tuple[Ended, ...]:
    """Apply a saved plan, or else the files of servers. To refused risks the command line that
    accepts them is added.
    """
    from confsync.errors import Refused
    from confsync.workflow.apply import apply_all, apply_planned

    try:
        if plan is not None:
            return apply_planned(plan, Path(), access, way, how)
        return apply_all(aims, way, how)
    except Refused as refused:
        if refused.risks:
            refused.hint = _hint(refused.risks)
        raise


def _check_can_ask(console: Console, files: tuple[str, ...]) -> None:
    """Raise Declined if nobody can be asked, and before that InvalidFiles for missing files."""
    from confsync.errors import Declined
    from confsync.workflow.load import check_there

    if "-" in files or not (at_terminal(sys.stdin) and console.at_terminal):
        check_there(files)
        why = "standard input is a file" if "-" in files else "not running in a terminal"
        hint = "run `confsync plan`, then add --yes or --expect DIGEST to this command"
        raise Declined(f"cannot ask for confirmation: {why}", hint=hint)


def _plan_file(files: tuple[str, ...]) -> str | None:
    """The saved plan among the files, if it is alone and without the options in it."""
    from confsync.disk.read import is_plan
    from confsync.errors import WrongUsage

    if not any(map(is_plan, files)):
        return None
    if len(files) > 1:
        raise WrongUsage("a saved plan takes no other files", hint="remove them")
    choose.refuse_with_plan(*_PLANNED)
    return files[0]


def _hint(risks: tuple[str, ...]) -> str:
    """The hint for refused risks. What `--fail-on` made a risk is left out of the line again."""
    named = click.get_current_context().params.get("fail_on") or ()
    failing = tuple(risk for risk in risks if risk in named)
    left_out = " ".join(f"--fail-on {risk}" for risk in failing)
    without = f" without {left_out}" if failing else ""
    anyway = f"or apply anyway{without}: {_command_line(risks, failing)}"
    return f"correct it (confsync explain {risks[0]}), {anyway}"


def _command_line(risks: tuple[str, ...], failing: tuple[str, ...]) -> str:
    """The command line of this run, with some risks allowed, or no longer `failing`."""
    context = click.get_current_context()
    words = context.command_path.split()
    for param in context.command.params:
        name = param.name or ""
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value, option = context.params.get(name), max(param.opts, key=len)
        for one in value if isinstance(value, tuple) else [value]:
            if name == "fail_on" and one in failing:
                continue
            match param:
                case click.Argument():
                    words.append(str(one))
                case click.Option(is_flag=True):
                    words.append(option)
                case _:
                    words += [option, str(one)]
    allowed = (word for one in risks if one not in failing for word in ("--allow", one))
    return shlex.join([*words, *allowed])
