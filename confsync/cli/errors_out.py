"""Errors as lines on standard error, and the exit status of each. Loaded when there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from confsync.cli.console import Console
from confsync.cli.status import Status, of_error
from confsync.errors import (
    ConfsyncError,
    Fault,
    InvalidFiles,
    ReaderGone,
    SecretUnavailable,
)
from confsync.guard import as_fault
from confsync.report.printable import printable
from confsync.sync.values import Failed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from confsync.errors import Problem

UNAVAILABLE = "secret-unavailable"
UNCHANGED = "nothing was changed on any server"
_LONGEST = 4000
"""Characters of a fact or a hint: a line to run again can be long."""

_PLACES = 3
"""Lines of confsync that the report of a fault names."""


def tell(error: BaseException, console: Console, *, server: bool) -> int:
    """Report an error that ends a run and return the exit status. `server`: the command talks to
    one.
    """
    consequence = ["nothing was changed on the server"] if server else []
    if console.sent:
        fact = "it is not known whether anything was changed: `confsync plan` shows what is there"
        consequence = [fact]
    match error:
        case click.UsageError():
            lines, status = _usage(error), Status.ERROR
        case click.Abort() | KeyboardInterrupt():
            lines = ["interrupted", *consequence]
            status = Status.UNKNOWN if console.sent else Status.INTERRUPTED
        case ReaderGone():
            return Status.ERROR
        case ConfsyncError() if not isinstance(error, Fault):
            unchanged = ["nothing was changed on the server"] if server and error.unchanged else []
            lines, status = [*told(error, console), *unchanged], of_error(error)
        case _:
            lines = [*_fault(as_fault(error)), *consequence]
            status = Status.UNKNOWN if console.sent else Status.ERROR
    _say(console, lines)
    return status


def tell_uncaught(error: BaseException | None) -> None:
    """Report an error that nobody could catch: its type and its places, never its message."""
    match error:
        case None | SystemExit():
            return
        case KeyboardInterrupt():
            lines = ["interrupted"]
        case _:
            lines = _fault(as_fault(error))
    _say(Console(), lines)


def tell_failures(console: Console, found: Iterable[object], unchanged: str) -> None:
    """Report which of several targets failed, each by its name, and what was not changed. A problem
    of several targets is reported once.
    """
    lines: list[str] = []
    seen: set[object] = set()
    groups: dict[object, list[Failed]] = {}
    for number, one in enumerate(one for one in found if isinstance(one, Failed)):
        keys = frozenset(map(_key, _problems_of(one.error)))
        groups.setdefault((type(one.error), keys) if keys else number, []).append(one)
    for failures in groups.values():
        error = failures[0].error
        names = ", ".join(one.target.name for one in failures)
        new = [problem for problem in _problems_of(error) if _key(problem) not in seen]
        seen.update(map(_key, new))
        lines += told(error, console, f"target{'s' if len(failures) > 1 else ''} {names}: ", new)
    if lines:
        _say(console, [*lines, unchanged])


def told(
    error: ConfsyncError,
    console: Console,
    of: str = "",
    problems: Iterable[Problem] | None = None,
) -> list[str]:
    """The lines for an error. `of` says whose it is. `problems`: those of its problems that are
    not reported yet, None: all.
    """
    of, message = printable(of, _LONGEST), printable(error.message, _LONGEST)
    if _problems_of(error):
        from confsync.report.problems import problems_text

        left = _problems_of(error) if problems is None else problems
        text = problems_text(left, excerpts=console.at_terminal)
        return [f"{text}error: {of}{message}"]
    place = f"{printable(error.where)}: " if error.where else ""
    hint = [f"hint: {printable(error.hint, _LONGEST)}"] if error.hint else []
    return [f"error: {of}{place}{message}", *hint]


def _fault(fault: Fault) -> list[str]:
    """The lines for a fault; `--debug` logs its whole trail."""
    from confsync.cli.verbose import LOGGER

    for kind, *where in fault.trail:
        LOGGER.debug("%s was raised at", kind)
        for place in where:
            LOGGER.debug("  %s", place)
    places = f" at {' < '.join(fault.places[:_PLACES])}" if fault.places else ""
    return [
        f"error: a fault inside confsync: {fault.message}{places}",
        "hint: this is a bug; please report this line",
    ]


class WrongCommand(click.UsageError):
    """Wrong usage that is worded already, with its hint."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def unknown_command(name: str, known: Iterable[str]) -> WrongCommand:
    """The error for an unknown command. A name that could be something else is not repeated."""
    import re
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), n=1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
    named = f"`{name}`" if re.fullmatch(r"[a-z][a-z-]{0,20}", name) else "named so"
    return WrongCommand(f"there is no command {named}", hint)


def _usage(error: click.UsageError) -> list[str]:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return [error.ctx.get_help()]
    fact, hint = _fact_and_hint(error)
    return [f"error: {fact}", f"hint: {hint}"]


def _fact_and_hint(error: click.UsageError) -> tuple[str, str]:
    """Wrong usage in words. The value that was typed is not repeated."""
    path = error.ctx.command_path if error.ctx is not None else "confsync"
    hint = f"`{path} --help` lists what it takes"
    match error:
        case WrongCommand():
            return error.message, error.hint
        case click.NoSuchOption():
            close = " or ".join(error.possibilities or ())
            name = error.option_name if close else "named so"
            return f"there is no option {name}", f"did you mean {close}?" if close else hint
        case click.BadOptionUsage():
            return f"{error.option_name} needs a value", hint
        case click.BadParameter() if error.param is not None:
            param = error.param
            name = max(param.opts, key=len) if isinstance(param, click.Option) else param.name
            return f"{name or 'it'} does not take this value", _allowed(param) or hint
        case _:
            return f"`{path}` is called with more, or less, than it takes", hint


def _allowed(param: click.Parameter) -> str:
    match param.type:
        case click.Choice(choices=choices):
            return f"allowed are {', '.join(map(str, choices))}"
        case click.IntRange(min=low, max=high):
            return f"allowed is {low} to {high}"
        case _:
            return ""


def _problems_of(error: ConfsyncError) -> tuple[Problem, ...]:
    return error.problems if isinstance(error, InvalidFiles | SecretUnavailable) else ()


def _key(problem: Problem) -> object:
    """What makes two problems one. Not the place, for a reference that leads nowhere: each target
    may have one of its own.
    """
    return (problem.message, problem.hint) if problem.rule == UNAVAILABLE else problem


def _say(console: Console, lines: Iterable[str]) -> None:
    console.say("".join(f"{line}\n" for line in lines))
