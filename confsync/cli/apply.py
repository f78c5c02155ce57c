"""`confsync apply`."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from confsync.cli import options as shared
from confsync.cli.again import hint_to_run_again
from confsync.cli.connect import server, session
from confsync.cli.mask import add_masks, check_runner
from confsync.cli.output import STDOUT
from confsync.cli.status import Status, of_outcome
from confsync.errors import Declined, OutputFailed, WrongUsage
from confsync.report import OUTCOME, PLAN
from confsync.workflow.apply import apply as run
from confsync.workflow.apply import apply_saved
from confsync.workflow.audit import Audit
from confsync.workflow.saved import is_saved

if TYPE_CHECKING:
    from collections.abc import Callable

    from confsync.cli.connect import Access
    from confsync.cli.console import Console
    from confsync.cli.output import Outputs
    from confsync.sync.outcome import Outcome
    from confsync.sync.values import Plan
    from confsync.workflow.plan import Options


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
    help="Append to FILE who applies what, before anything is sent, and what became of it."
    "  [env: CONFSYNC_AUDIT]",
)


@click.command()
@shared.files
@server
@shared.planning
@shared.rendering(OUTCOME)
@_yes
@_expect
@_allow_commands
@_add_mask
@_audit
def apply(  # noqa: PLR0913 - one parameter an option
    files: tuple[str, ...],
    *,
    access: Access,
    options: Options,
    outputs: Outputs,
    yes: bool,
    expect: str | None,
    allow_commands: bool,
    add_mask: bool,
    audit: str | None,
) -> Status:
    """Bring the server to the state that FILES describe, or do what one saved plan says.

    Shows the plan, asks, sends the smallest update, and reads back what is stored. Where nothing
    differs nothing is sent.
    """
    if add_mask:
        check_runner()
    console, plan = outputs.console, _plan_file(files)
    book = None if audit is None else _book(audit, console)
    asking = not yes and expect is None and plan is None
    if asking and (sys.stdin is None or not sys.stdin.isatty()):
        hint = "look at `confsync plan`, then run it with --yes, or --expect and its digest"
        raise Declined("nobody can be asked: there is no terminal", hint=hint)
    use = partial(
        partial(apply_saved, plan)
        if plan is not None
        else partial(
            run,
            files,
            options=options,
            expect=expect,
            ask=_asker(console) if asking else None,
        ),
        environment=os.environ,
        allow_commands=allow_commands,
        audit=book,
        show=_show(outputs, asking=asking, masks=add_mask),
    )
    with session(access, console) as connected, hint_to_run_again():
        outcome = use(connected)
    return _finish(outcome, outputs, book)


def _book(file: str, console: Console) -> Audit:
    return Audit(
        file,
        os.environ,
        now=lambda: datetime.now(UTC),
        scrub=console.scrub,
        tell=lambda line: console.say(f"{line}\n"),
    )


def _plan_file(files: tuple[str, ...]) -> str | None:
    """The saved plan among the files, which must be alone and takes no planning options."""
    if not any(map(is_saved, files)):
        return None
    context = click.get_current_context()
    given = {
        name
        for name in ("unlisted", "hidden_secrets", "allow", "expect")
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    if len(files) > 1:
        raise WrongUsage("a saved plan stands alone", hint="name no other file beside it")
    if given:
        hint = "they were settled when it was made: plan again to change them"
        raise WrongUsage("a saved plan takes no planning options", hint=hint)
    return files[0]


def _finish(outcome: Outcome, outputs: Outputs, book: Audit | None) -> Status:
    """Tell the outcome. One that cannot be written where it should be is no success."""
    status = of_outcome(outcome)
    failed = None if book is None else book.failed
    try:
        _report(outcome, outputs)
    except (OutputFailed, KeyboardInterrupt) as unwritten:
        outputs.console.say(OUTCOME["text"](outcome))
        failed = unwritten if isinstance(unwritten, OutputFailed) else failed
    if failed is not None and status in {Status.DONE, Status.ERROR}:
        failed.unchanged = False
        raise failed
    if failed is not None:
        outputs.console.say(f"error: {failed.message}\n")
    return status


def _report(outcome: Outcome, outputs: Outputs) -> None:
    for sink in outputs.sinks:
        if sink.format == "text" and sink.file is not None:
            outputs.write(sink, f"{PLAN['text'](outcome.plan)}\n{OUTCOME['text'](outcome)}")
        else:
            lead = "\n" if sink.format == "text" else ""
            outputs.write(sink, f"{lead}{OUTCOME[sink.format](outcome)}")


def _show(outputs: Outputs, *, asking: bool, masks: bool) -> Callable[[Plan], None]:
    """How the plan is shown before anything is sent: where a question follows, in any case."""

    def show(plan: Plan) -> None:
        if masks:
            add_masks(outputs.console.vault)
        text = PLAN["text"](plan)
        if STDOUT in outputs.sinks:
            outputs.write(STDOUT, text)
        elif asking and not plan.empty:
            outputs.console.say(text)

    return show


def _asker(console: Console) -> Callable[[Plan], bool]:
    def answered(question: str, answer: str) -> bool:
        console.say(question)
        return sys.stdin.readline().strip() == answer

    def ask(plan: Plan) -> bool:
        risks = dict.fromkeys(finding.rule for finding in plan.refusals)
        return answered("\nApply this? Only `yes` applies: ", "yes") and all(
            answered(f"This has the risk {risk}. Only its name lets it pass: ", risk)
            for risk in risks
        )

    return ask
