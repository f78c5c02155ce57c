"""What an apply shows and asks before anything is sent, and what it tells at its end."""

from __future__ import annotations

import sys
import termios
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from confsync.cli.errors_out import UNCHANGED, tell_failures
from confsync.cli.mask import add_masks
from confsync.cli.output import STDOUT
from confsync.cli.signals import ignore_interrupts, let_second_interrupt_end_telling
from confsync.cli.status import Status, of_run
from confsync.errors import OutputFailed
from confsync.report import OUTCOMES, PLANS
from confsync.report.json import result_of
from confsync.report.printable import printable
from confsync.sync.outcome import NotBegun, NotSent, Stored
from confsync.sync.values import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from confsync.cli.console import Console
    from confsync.cli.output import Outputs, Sink
    from confsync.sync.outcome import Ended
    from confsync.sync.values import Plan
    from confsync.workflow.audit import Audit


def shower(
    outputs: Outputs, *, asking: bool, masks: bool
) -> Callable[[Sequence[Plan | Failed]], None]:
    """How plans are shown before anything is sent: where a question follows, in any case."""

    def show(found: Sequence[Plan | Failed]) -> None:
        if masks:
            add_masks(outputs.console.vault)
        text = PLANS["text"](found)
        if STDOUT in outputs.sinks:
            outputs.write(STDOUT, text)
        elif asking and any(not isinstance(one, Failed) and not one.empty for one in found):
            outputs.console.say(text)

    return show


def asker(console: Console) -> Callable[[Sequence[Plan]], bool]:
    """How somebody at a terminal is asked: once for all plans, and once for each risk in them."""

    def answered(question: str, answer: str) -> bool:
        # Keys that were pressed before the question stands do not answer it.
        with suppress(OSError, termios.error):
            termios.tcflush(sys.stdin, termios.TCIFLUSH)
        console.say(question)
        return sys.stdin.readline().strip() == answer

    def ask(plans: Sequence[Plan]) -> bool:
        risks = dict.fromkeys(finding.rule for plan in plans for finding in plan.refusals)
        them = f"these {len(plans)} plans" if len(plans) > 1 else "this"
        return answered(f"\nApply {them}? Only `yes` applies: ", "yes") and all(
            answered(f"This has the risk {risk}. Only its name lets it pass: ", risk)
            for risk in risks
        )

    return ask


def finish(ended: Sequence[Ended], outputs: Outputs, book: Audit | None) -> Status:
    """Tell how each target ended, and return the status of the run.

    A second interrupt ends the telling; after that no signal changes the status. Raises
    OutputFailed for an output or an audit that could not be written where nothing was stored.
    """
    console = outputs.console
    try:
        let_second_interrupt_end_telling()
        failed = _told(ended, outputs) or (None if book is None else book.failed)
        ignore_interrupts()
    except KeyboardInterrupt:
        ignore_interrupts()
        if not console.sent:
            raise
        console.say(f"interrupted: the report is cut short; {_count(ended)}\n")
        return Status.UNKNOWN
    status = of_run(ended)
    if failed is None:
        return status
    if status is Status.DONE and any(isinstance(one, Stored) for one in ended):
        status = Status.NOT_AS_WANTED
    if status in {Status.DONE, Status.ERROR}:
        failed.unchanged = False
        raise failed
    console.say(f"error: {printable(failed.message)}\n")
    return status


def _told(ended: Sequence[Ended], outputs: Outputs) -> OutputFailed | None:
    """Write every output that was asked for, and on standard error what one of them cannot take.
    Returns why it cannot.
    """
    failed = None
    for sink in outputs.sinks:
        try:
            outputs.write(sink, _report(ended, sink))
        except OutputFailed as unwritten:
            failed = failed or unwritten
    if failed is not None:
        outputs.console.say(OUTCOMES["text"](ended))
    sent = any(not isinstance(one, NotSent | NotBegun | Failed) for one in ended)
    tell_failures(outputs.console, ended, "nothing was changed there" if sent else UNCHANGED)
    return failed


def _report(ended: Sequence[Ended], sink: Sink) -> str:
    told = OUTCOMES[sink.format](ended)
    if sink.format == "text" and sink.file is not None:
        plans = [one if one.plan is None else one.plan for one in ended]
        return f"{PLANS['text'](plans)}\n{told}"
    return f"\n{told}" if sink.format == "text" else told


def _count(ended: Sequence[Ended]) -> str:
    """`12 stored, 28 not begun`, as far as there are."""
    counts = Counter(result_of(one).replace("-", " ") for one in ended)
    return ", ".join(f"{number} {result}" for result, number in counts.items())
