"""What is said of an error, in lines for standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.errors import InvalidFiles, SecretUnavailable
from confsync.sync.values import Failed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from confsync.cli.console import Console
    from confsync.errors import ConfsyncError, Problem

UNAVAILABLE = "secret-unavailable"
UNCHANGED = "nothing was changed on any server"
_LONGEST = 4000
"""Characters of a fact or a hint: a line to run again can be long."""


def told(
    error: ConfsyncError,
    console: Console,
    of: str = "",
    problems: Iterable[Problem] | None = None,
) -> list[str]:
    """The lines that tell of an error. `of` says whose it is; `problems` are those of its problems
    that are still to be told, None: all.
    """
    from confsync.report.printable import printable  # noqa: PLC0415 - paid for when needed

    of, message = printable(of, _LONGEST), printable(error.message, _LONGEST)
    if _problems_of(error):
        left = _problems_of(error) if problems is None else problems
        return [f"{_text(tuple(left), console)}error: {of}{message}"]
    place = f"{printable(error.where)}: " if error.where else ""
    hint = [f"hint: {printable(error.hint, _LONGEST)}"] if error.hint else []
    return [f"error: {of}{place}{message}", *hint]


def tell_failures(console: Console, found: Iterable[object], unchanged: str) -> None:
    """Say what went wrong with some of several targets, each by its name, and what was not
    changed. A problem of several targets is told once.
    """
    lines: list[str] = []
    seen: set[object] = set()
    for failures in _alike([one for one in found if isinstance(one, Failed)]):
        error = failures[0].error
        names = ", ".join(one.target.name for one in failures)
        new = [problem for problem in _problems_of(error) if _key(problem) not in seen]
        seen.update(map(_key, new))
        lines += told(error, console, f"target{'s' if len(failures) > 1 else ''} {names}: ", new)
    if lines:
        lines.append(unchanged)
        console.say("".join(f"{line}\n" for line in lines))


def _alike(failures: Sequence[Failed]) -> Iterable[Sequence[Failed]]:
    """Failures in groups: those with the same problems are one."""
    groups: dict[object, list[Failed]] = {}
    for number, one in enumerate(failures):
        keys = frozenset(map(_key, _problems_of(one.error)))
        groups.setdefault((type(one.error), keys) if keys else number, []).append(one)
    return groups.values()


def _problems_of(error: ConfsyncError) -> tuple[Problem, ...]:
    return error.problems if isinstance(error, InvalidFiles | SecretUnavailable) else ()


def _key(problem: Problem) -> object:
    """What makes two problems one. Of a reference that leads nowhere that is not its place: each
    target may have one of its own.
    """
    return (problem.message, problem.hint) if problem.rule == UNAVAILABLE else problem


def _text(problems: Sequence[Problem], console: Console) -> str:
    from confsync.report import problems as report  # noqa: PLC0415 - paid for when needed

    text = report.shown_problems if console.at_terminal else report.problems_text
    return text(problems)
