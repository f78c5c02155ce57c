"""An apply's words: plans and questions before anything is sent, outcomes and status at its end."""

from __future__ import annotations

import os
import stat
import sys
import termios
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from confsync.cli.console import interrupts
from confsync.cli.options import now
from confsync.cli.output import STDOUT
from confsync.cli.standard_error import UNCHANGED, Status, of_error, print_failures, worst
from confsync.errors import Cancelled, OutputFailed, WrongUsage
from confsync.report import OUTCOMES, PLANS
from confsync.report.json import result_of
from confsync.report.printable import printable
from confsync.report.several import amounts, name_and_url, told_together
from confsync.sync.findings import STALE
from confsync.sync.outcome import (
    NotBegun,
    NotSent,
    Overtaken,
    Rejected,
    Stored,
    Unknown,
    as_wanted,
)
from confsync.sync.values import Failed
from confsync.workflow.run import utc_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.cli.console import Console
    from confsync.cli.output import Lines, Outputs
    from confsync.sync.outcome import Ended
    from confsync.sync.secret import Vault
    from confsync.sync.values import Plan
    from confsync.workflow.audit import Audit


def check_runner() -> None:
    """Raise WrongUsage where standard error is not certainly read by GitHub's runner."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        hint = "remove it: confsync shows no secret anyway"
        raise WrongUsage("--add-mask works only in GitHub Actions", hint=hint)
    if sys.stderr is None or stat.S_ISREG(os.fstat(sys.stderr.fileno()).st_mode):
        fact = "--add-mask would write secrets to a file: stderr is redirected"
        raise WrongUsage(fact, hint="do not redirect stderr, or remove the option")


def add_masks(vault: Vault) -> None:
    """Have GitHub's runner mask each secret that a reference led to in the log of this job.

    Prints secrets on purpose, nothing else does: the runner takes these lines out of the log.
    """
    if sys.stderr is not None:
        for value in vault.referenced():
            # The runner's escapes for the data of a workflow command.
            data = value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
            sys.stderr.write(f"::add-mask::{data}\n")
        sys.stderr.flush()


def show(outputs: Outputs, found: Sequence[Plan | Failed], *, asking: bool, masks: bool) -> None:
    """Show plans before anything is sent: in any case if a question follows."""
    if masks:
        add_masks(outputs.console.vault)
    made = [one for one in found if not isinstance(one, Failed)]
    stale = made and all(one.findings[:1] and one.findings[0].rule == STALE for one in made)
    first = "Not applied. Current plan:\n\n" if stale else ""
    plans = PLANS["text"]
    if STDOUT in outputs.sinks:
        outputs.write(STDOUT, first + plans(found, look=outputs.look(STDOUT)))
    elif asking and any(not plan.empty for plan in made):
        outputs.console.say(first + plans(found, look=outputs.look(None)))


def ask(console: Console, plans: Sequence[Plan]) -> bool:
    """Ask at a terminal: once for all plans, and once for each risk in them. Returns True. Raises
    Cancelled for any other answer, with a hint for one that may have meant yes.
    """
    due = [plan for plan in plans if not plan.empty]
    parts = " and ".join(amounts(due))
    targets = [*dict.fromkeys(plan.target for plan in due)]
    one = name_and_url(targets[0].name, targets[0].url)
    them = one if len(targets) == 1 else f"{len(targets)} targets"
    questions = {f"\nApply {parts} to {them}? Type yes: ": "yes"}
    refusals = [(plan, one) for plan in plans for one in plan.refusals]
    for risk in dict.fromkeys(one.rule for _, one in refusals):
        facts = [(plan, one.message) for plan, one in refusals if one.rule == risk]
        told = "".join(f"{printable(fact)}\n" for fact in told_together(facts, plans))
        questions[f"\n{told}Type {risk} to accept this risk: "] = risk
    for question, answer in questions.items():
        # Keys that were pressed before the question do not answer it.
        with suppress(OSError, termios.error):
            termios.tcflush(sys.stdin, termios.TCIFLUSH)
        console.say(question)
        typed = sys.stdin.readline()
        if not typed:
            # The end of input leaves the cursor behind the question.
            console.say("\n")
        if (given := typed.strip()) != answer:
            hint = f"to accept this risk, type {answer}" if given else ""
            if answer == "yes":
                meant = given.lower() in {"y", "yes"}
                hint = "to apply, type yes, in lower case" if meant else ""
            raise Cancelled("cancelled: nothing was sent", hint=hint)
    return True


def finish(ended: Sequence[Ended], lines: Lines[Ended], book: Audit | None) -> Status:
    """Report the outcomes and return the status of the run. A second interrupt ends the report.

    Raises OutputFailed for an output or an audit that cannot be written, if nothing was stored.
    """
    console = lines.others.console
    try:
        interrupts.let_second_end_telling()
        failed = _report(ended, lines) or (None if book is None else book.failed)
        interrupts.ignore()
    except KeyboardInterrupt:
        interrupts.ignore()
        if not console.sent:
            raise
        counts = Counter(result_of(one).replace("-", " ") for one in ended)
        known = ", ".join(f"{number} {result}" for result, number in counts.items())
        console.say(f"interrupted: the report is incomplete; {known}\n")
        return Status.UNKNOWN
    status, stored = worst(map(_status, ended)), any(isinstance(one, Stored) for one in ended)
    written_as_wanted = failed is None and all(map(as_wanted, ended))
    if stored and status is not Status.UNKNOWN and not written_as_wanted:
        status = Status.NOT_AS_WANTED
    if failed is None:
        return status
    if status in {Status.DONE, Status.ERROR}:
        failed.unchanged = False
        raise failed
    console.say(f"error: {printable(failed.message)}\n")
    return status


def report_failure(lines: Lines[Ended], ended: Sequence[Ended]) -> None:
    """Write every output for the only target, which could not be planned. Raises OutputFailed."""
    if (failed := _written(ended, lines)) is not None:
        raise failed


def _report(ended: Sequence[Ended], lines: Lines[Ended]) -> OutputFailed | None:
    """Write every output, and on standard error the failures. Return the first failed output."""
    failed, console = _written(ended, lines), lines.others.console
    if failed is not None:
        console.say(OUTCOMES["text"](ended, look=lines.others.look(None)))
    sent = any(not isinstance(one, NotSent | NotBegun | Failed) for one in ended)
    print_failures(console, ended, "nothing was changed there" if sent else UNCHANGED)
    return failed


def _written(ended: Sequence[Ended], lines: Lines[Ended]) -> OutputFailed | None:
    """Write every output. Return the first failed one."""
    document = lines.end(ended, utc_text(now()))
    failed, outputs = lines.failed, lines.others
    for sink in outputs.sinks:
        text = outputs.text(sink, OUTCOMES, document, ended)
        if sink.format == "text" and sink.file is not None:
            plans = [one if one.plan is None else one.plan for one in ended]
            text = f"{PLANS['text'](plans, look=outputs.look(sink))}\n{text}"
        elif sink.format == "text":
            text = f"\n{text}"
        try:
            outputs.write(sink, text)
        except OutputFailed as unwritten:
            failed = failed or unwritten
    try:
        outputs.append_step(document)
    except OutputFailed as unwritten:
        failed = failed or unwritten
    return failed


def _status(ended: Ended) -> Status:
    """The status of one target: DONE if not begun because of another one."""
    match ended:
        case NotBegun(interrupted=True):
            return Status.INTERRUPTED
        case NotBegun(late=True):
            return Status.ERROR
        case NotBegun():
            return Status.DONE
        case Failed(error=error):
            return of_error(error)
        case Rejected():
            return Status.ERROR
        case Overtaken():
            return Status.REFUSED
        case Stored() | NotSent():
            return Status.DONE if as_wanted(ended) else Status.NOT_AS_WANTED
        case Unknown():
            return Status.UNKNOWN
