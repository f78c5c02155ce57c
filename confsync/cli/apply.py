"""`confsync apply`."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from confsync.cli import options as shared
from confsync.cli.console import at_terminal
from confsync.cli.mask import check_runner
from confsync.cli.options import reach, server, targets, today
from confsync.report import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.cli.console import Console
    from confsync.cli.output import Outputs
    from confsync.cli.status import Status
    from confsync.workflow.audit import Audit
    from confsync.workflow.targets import Access, Asked, Wanted


_yes = click.option("--yes", is_flag=True, help="Apply without asking.")

_expect = click.option(
    "--expect",
    metavar="DIGEST",
    help="Apply without asking, and only if the plan has this digest, because it was looked at.",
)

_allow_commands = click.option(
    "--allow-commands", is_flag=True, help="Run the commands that the files refer to."
)

_add_mask = click.option(
    "--add-mask",
    is_flag=True,
    envvar="CONFSYNC_ADD_MASK",
    help="In GitHub Actions: have the runner mask the secrets that references lead to.",
)

_audit = click.option(
    "--audit",
    type=click.Path(),
    metavar="FILE",
    envvar="CONFSYNC_AUDIT",
    help="Append to FILE (`-`: standard error) who applies what, before anything is sent, and what"
    " became of it.  [env: CONFSYNC_AUDIT]",
)


@click.command()
@shared.files
@targets
@server
@shared.planning
@shared.rendering(OUTCOMES)
@_yes
@_expect
@_allow_commands
@_add_mask
@_audit
def apply(  # noqa: PLR0913 - one parameter an option
    *,
    asked: Asked,
    access: Access,
    wanted: Wanted,
    outputs: Outputs,
    yes: bool,
    expect: str | None,
    allow_commands: bool,
    add_mask: bool,
    audit: str | None,
) -> Status:
    """Bring servers to the states that FILES describe, or do what one saved plan says.

    Shows the plan, asks, sends the smallest update, and reads back what is stored. Where nothing
    differs nothing is sent. Without FILES the targets of confsync.yaml are applied: one after
    another, until one fails.
    """
    from confsync.cli.apply_prompt import asker, finish, shower
    from confsync.errors import Declined
    from confsync.workflow.apply import apply_all, apply_planned
    from confsync.workflow.targets import aims

    if add_mask:
        check_runner()
    console, plan = outputs.console, _plan_file(asked.files)
    book = None if audit is None else _book(audit, console)
    asking = not yes and expect is None and plan is None
    if asking and not (at_terminal(sys.stdin) and at_terminal(sys.stderr)):
        hint = "look at `confsync plan`, then run it with --yes, or --expect and its digest"
        raise Declined("nobody can be asked: there is no terminal", hint=hint)
    path = reach(console, allow_commands=allow_commands)
    use = partial(
        partial(apply_planned, plan, Path(), access)
        if plan is not None
        else partial(
            apply_all,
            aims(Path(), asked, wanted, access, today=today()),
            expect=expect,
            ask=asker(console) if asking else None,
        ),
        reach=path,
        audit=book,
        show=shower(outputs, asking=asking, masks=add_mask),
    )
    with _hint_to_run_again():
        return finish(use(), outputs, book)


def _book(file: str, console: Console) -> Audit:
    from confsync.workflow.audit import Audit

    return Audit(
        file,
        os.environ,
        now=lambda: datetime.now(UTC),
        tell=lambda line: console.say(f"{line}\n"),
    )


def _plan_file(files: tuple[str, ...]) -> str | None:
    """The saved plan among the files, which must be alone and takes no planning options."""
    from confsync.disk.read import is_plan
    from confsync.errors import WrongUsage

    if not any(map(is_plan, files)):
        return None
    given = shared.given_by_hand("unlisted", "hidden_secrets", "allow", "expect", "target", "every")
    if len(files) > 1:
        raise WrongUsage("a saved plan stands alone", hint="name no other file beside it")
    if given:
        hint = "they were settled when it was made: plan again to change them"
        raise WrongUsage("a saved plan takes no planning options", hint=hint)
    return files[0]


@contextmanager
def _hint_to_run_again() -> Iterator[None]:
    """Give a refusal the command line of this run, with the risks allowed that it names."""
    from confsync.errors import Refused

    try:
        yield
    except Refused as refused:
        if refused.risks:
            refused.hint = f"to go on all the same: {_line(refused.risks)}"
        raise


def _line(risks: tuple[str, ...]) -> str:
    context = click.get_current_context()
    words = context.command_path.split()
    for param in context.command.params:
        if context.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE:
            words += _words(param, context.params[param.name or ""])
    for risk in risks:
        words += ["--allow", risk]
    return shlex.join(words)


def _words(param: click.Parameter, value: object) -> list[str]:
    values = [str(one) for one in value] if isinstance(value, tuple) else [str(value)]
    if isinstance(param, click.Argument):
        return values
    option = max(param.opts, key=len)
    if isinstance(param, click.Option) and param.is_flag:
        return [option]
    return [word for one in values for word in (option, one)]
