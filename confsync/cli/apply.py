"""`confsync apply`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from confsync.cli import options
from confsync.cli.connect import session
from confsync.cli.console import say
from confsync.cli.output import Sink, sinks, write
from confsync.cli.status import Status, of_outcome
from confsync.errors import Declined, OutputFailed
from confsync.report import OUTCOME, PLAN
from confsync.workflow.apply import apply as run
from confsync.workflow.plan import Options

if TYPE_CHECKING:
    from collections.abc import Callable

    from confsync.sync.outcome import Outcome
    from confsync.sync.values import Plan
    from confsync.workflow.plan import Unlisted


@click.command()
@options.files
@options.server
@options.unlisted
@options.rendering
@click.option("--yes", is_flag=True, help="Apply without asking.")
def apply(  # noqa: PLR0913 - one parameter an option
    files: tuple[str, ...],
    *,
    url: str | None,
    insecure_http: bool,
    unlisted: Unlisted,
    outputs: tuple[str, ...],
    color: str,
    yes: bool,
) -> Status:
    """Bring the server to the state that FILES describe.

    Shows the plan, asks, sends the smallest update, and reads back what is stored. Where nothing
    differs nothing is sent.
    """
    found = sinks(outputs, OUTCOME)
    if not yes and (sys.stdin is None or not sys.stdin.isatty()):
        hint = "look at `confsync plan`, then run it with --yes"
        raise Declined("nobody can be asked: there is no terminal", hint=hint)
    with session(url, insecure_http=insecure_http) as connected:
        outcome = run(
            files,
            connected,
            environment=os.environ,
            options=Options(unlisted),
            show=_show(found, color, asking=not yes),
            ask=None if yes else _ask,
        )
    try:
        _report(outcome, found, color)
    except (OutputFailed, KeyboardInterrupt) as failed:
        say(OUTCOME["text"](outcome))
        if isinstance(failed, OutputFailed) and of_outcome(outcome) in {Status.DONE, Status.ERROR}:
            failed.unchanged = False
            raise
    return of_outcome(outcome)


def _report(outcome: Outcome, found: tuple[Sink, ...], color: str) -> None:
    for sink in found:
        if sink.format == "text" and sink.file is not None:
            write(sink, f"{PLAN['text'](outcome.plan)}\n{OUTCOME['text'](outcome)}", color)
        else:
            lead = "\n" if sink.format == "text" else ""
            write(sink, f"{lead}{OUTCOME[sink.format](outcome)}", color)


def _show(found: tuple[Sink, ...], color: str, *, asking: bool) -> Callable[[Plan], None]:
    """How the plan is shown before anything is sent: where a question follows, in any case."""

    def show(plan: Plan) -> None:
        text = PLAN["text"](plan)
        if any(sink == Sink("text", None) for sink in found):
            write(Sink("text", None), text, color)
        elif asking and not plan.empty:
            say(text)

    return show


def _ask(plan: Plan) -> bool:
    del plan
    say("\nApply this? Only `yes` applies: ")
    return sys.stdin.readline().strip() == "yes"
