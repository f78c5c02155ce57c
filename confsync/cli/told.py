"""What is said of an error, in lines for standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.errors import InvalidFiles, SecretUnavailable
from confsync.sync.values import Failed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from confsync.cli.console import Console
    from confsync.errors import ConfsyncError

_LONGEST = 4000
"""Characters of a fact or a hint: a line to run again can be long."""

UNCHANGED = "nothing was changed on any server"


def told(error: ConfsyncError, console: Console, target: str = "") -> list[str]:
    """The lines that tell of an error; `target` is the one of several that it is about."""
    from confsync.report.printable import printable  # noqa: PLC0415 - paid for when needed

    of = f"target {printable(target)}: " if target else ""
    if isinstance(error, InvalidFiles | SecretUnavailable):
        from confsync.report import problems  # noqa: PLC0415 - paid for when needed

        text = problems.shown_problems if console.at_terminal else problems.problems_text
        return [f"{text(error.problems)}error: {of}{printable(error.message, _LONGEST)}"]
    place = f"{printable(error.where)}: " if error.where else ""
    hint = [f"hint: {printable(error.hint, _LONGEST)}"] if error.hint else []
    return [f"error: {of}{place}{printable(error.message, _LONGEST)}", *hint]


def tell_failures(console: Console, found: Iterable[object], unchanged: str) -> None:
    """Say what went wrong with some of several targets, each by its name, and what was not
    changed.
    """
    lines = [
        line
        for one in found
        if isinstance(one, Failed)
        for line in told(one.error, console, one.target.name)
    ]
    if lines:
        lines.append(unchanged)
        console.say("".join(f"{line}\n" for line in lines))
