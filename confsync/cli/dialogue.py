"""What an apply shows and asks before anything is sent, and what it tells at its end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from confsync.cli.mask import add_masks
from confsync.cli.output import STDOUT
from confsync.cli.signals import ignore_interrupts
from confsync.cli.status import Status, of_outcome, worst
from confsync.cli.told import UNCHANGED, tell_failures
from confsync.errors import OutputFailed
from confsync.report import OUTCOMES, PLANS
from confsync.report.printable import printable
from confsync.sync.outcome import NotBegun, NotSent
from confsync.sync.values import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from confsync.cli.console import Console
    from confsync.cli.output import Outputs
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
    """Tell what became of each target. What cannot be written where it should be is no success.

    After that no signal changes the status.
    """
    console, status = outputs.console, worst(map(of_outcome, ended))
    failed = None if book is None else book.failed
    try:
        _report(ended, outputs)
        ignore_interrupts()
    except (OutputFailed, KeyboardInterrupt) as unwritten:
        ignore_interrupts()
        console.say(OUTCOMES["text"](ended))
        failed = unwritten if isinstance(unwritten, OutputFailed) else failed
    sent = any(not isinstance(one, NotSent | NotBegun | Failed) for one in ended)
    tell_failures(console, ended, "nothing was changed there" if sent else UNCHANGED)
    if failed is not None and status in {Status.DONE, Status.ERROR}:
        failed.unchanged = False
        raise failed
    if failed is not None:
        console.say(f"error: {printable(failed.message)}\n")
    return status


def _report(ended: Sequence[Ended], outputs: Outputs) -> None:
    for sink in outputs.sinks:
        told = OUTCOMES[sink.format](ended)
        if sink.format == "text" and sink.file is not None:
            plans = [one if one.plan is None else one.plan for one in ended]
            outputs.write(sink, f"{PLANS['text'](plans)}\n{told}")
        else:
            lead = "\n" if sink.format == "text" else ""
            outputs.write(sink, f"{lead}{told}")
