"""Standard error of a run: errors, with their exit statuses, and log lines.

Loaded when a command runs. The lines of `-v` and `--debug` are safe to paste.
"""

from __future__ import annotations

import logging
import re
from enum import IntEnum
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from confsync.cli.console import Console
from confsync.cli.options import source_of
from confsync.errors import Cancelled, ConfsyncError, Declined, Fault, ReaderGone
from confsync.guard import as_fault
from confsync.report.printable import printable, wrapped
from confsync.report.several import grouped, without_address
from confsync.sync.values import Failed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from confsync.errors import Problem
    from confsync.report.printable import Look

LOGGER = logging.getLogger("confsync")
"""All that confsync logs goes through this one; what other libraries log is not shown."""

UNCHANGED = "nothing was changed on any server"
_LONGEST = 4000
"""Characters of a fact or a hint: a line to run again can be long."""

_PLACES = 3
"""Lines of confsync that the report of a fault names."""


class Status(IntEnum):
    """The exit statuses, the worst first. A command that returns None is DONE."""

    UNKNOWN = 4
    NOT_AS_WANTED = 5
    ERROR = 1
    REFUSED = 3
    INTERRUPTED = 130
    PENDING = 2
    DONE = 0


def worst(statuses: Iterable[Status]) -> Status:
    """The status of a run over several targets: the worst of theirs."""
    return min(statuses, key=list(Status).index, default=Status.DONE)


def of_error(error: ConfsyncError) -> Status:
    """REFUSED for an error that is a refusal before sending, ERROR for any other."""
    return Status.REFUSED if isinstance(error, Declined) else Status.ERROR


def print_error(error: BaseException, console: Console) -> int:
    """Report an error that ends a run and return the exit status."""
    unchanged = ["nothing was changed on the server"] if console.writes else []
    unknown = "something may have been changed: `confsync plan` shows the current state"
    consequence = [unknown] if console.sent else unchanged
    match error:
        case click.UsageError():
            lines, status = _usage(error), Status.ERROR
        # Python 3.11 wraps an interrupt inside of a class statement.
        case click.Abort() | KeyboardInterrupt() | RuntimeError(__cause__=KeyboardInterrupt()):
            lines = ["interrupted", *consequence]
            status = Status.UNKNOWN if console.sent else Status.INTERRUPTED
        case ReaderGone():
            return Status.ERROR
        case Cancelled():
            hint = [f"hint: {error.hint}"] if error.hint else []
            lines, status = [error.message, *hint], Status.REFUSED
        case ConfsyncError() if not isinstance(error, Fault):
            lines = [*error_lines(error, console), *(unchanged if error.unchanged else ())]
            status = of_error(error)
        case _:
            lines = [*_fault(as_fault(error)), *consequence]
            status = Status.UNKNOWN if console.sent else Status.ERROR
    _say(console, lines)
    return status


def print_uncaught(error: BaseException | None) -> None:
    """Report an error that nobody could catch: its type and its places, never its message."""
    if error is not None and not isinstance(error, SystemExit):
        interrupted = isinstance(error, KeyboardInterrupt)
        _say(Console(), ["interrupted"] if interrupted else _fault(as_fault(error)))


def print_failures(console: Console, found: Iterable[object], *after: str) -> Status:
    """Report the failures among several targets, by name, then `after`. An error and a problem of
    several targets are reported once. Return the worst status of the failures.
    """
    lines: list[str] = []
    seen: set[object] = set()
    failed = [one for one in found if isinstance(one, Failed)]
    for failures in grouped(failed, _error_key):
        first = failures[0]
        error = first.error if len(failures) == 1 else without_address(first)
        names = ", ".join(one.target.name for one in failures)
        of = f"target{'s' if len(failures) > 1 else ''} {names}: "
        new = [problem for problem in error.problems if _key(problem) not in seen]
        seen.update(map(_key, new))
        lines += error_lines(error, console, of, new)
    if lines:
        _say(console, [*lines, *after])
    return worst(of_error(one.error) for one in failed)


def error_lines(
    error: ConfsyncError, console: Console, of: str = "", problems: Iterable[Problem] | None = None
) -> list[str]:
    """The lines for an error of a target (`of`), with `problems` or else all of its problems."""
    of, message = printable(of, _LONGEST), printable(error.message, _LONGEST)
    if error.problems:
        from confsync.report.problems import problems_text

        left = error.problems if problems is None else problems
        text = problems_text(left, console.look())
        return [f"{text}error: {of}{message}"]
    place = f"{printable(error.where)}: " if error.where else ""
    hint = [f"hint: {printable(error.hint, _LONGEST)}"] if error.hint else []
    return [f"error: {of}{place}{message}", *hint]


def _fault(fault: Fault) -> list[str]:
    """The lines for a fault; `--debug` logs its whole trail."""
    for kind, *where in fault.trail:
        LOGGER.debug("%s was raised at", kind)
        for place in where:
            LOGGER.debug("  %s", place)
    places = f" at {' < '.join(fault.places[:_PLACES])}" if fault.places else ""
    fact = f"error: internal error in confsync: {fault.message}{places}"
    return [fact, "hint: this is a bug; please report this line"]


ELSEWHERE = {
    **dict.fromkeys(("check", "lint", "test"), "use `confsync validate`"),
    **dict.fromkeys(("diff", "status"), "use `confsync plan`"),
    **dict.fromkeys(("version", "-V", "--version", "-version"), "use `confsync --version`"),
    **dict.fromkeys(("-f", "--file"), "files are arguments, without an option"),
    **dict.fromkeys(("-y", "--auto-approve"), "use --yes"),
    **dict.fromkeys(("--user", "--password"), "set STALWART_USER and STALWART_PASSWORD"),
    "completion": "see docs/completion.md in the repository",
    "get": "use `confsync show`",
    "help": "use `confsync --help`, or `confsync COMMAND --help`",
    "login": "set STALWART_TOKEN, or STALWART_USER and STALWART_PASSWORD",
    "-o": "use --output FORMAT",
    "--dry-run": "use `confsync plan`: it changes nothing",
    "--config": "run it in the directory of confsync.yaml",
    "--format": "use --output FORMAT",
    "--json": "use --output json",
    "--no-color": "use --color never",
    "--token": "set STALWART_TOKEN",
}
"""Words of other tools, and what to type here."""

_IN_COMMAND = {
    **{("plan", word): "plan never asks; `confsync apply --yes`" for word in ("--yes", "-y")},
    ("plan", "--auto-approve"): "plan never asks; `confsync apply --yes`",
    ("plan", "-o"): "use --output FORMAT, or --out FILE",
    ("pull", "--dry-run"): "use --diff",
    ("pull", "-o"): "name the file, without an option",
    ("fmt", "-diff"): "use --check",
    ("schema", "-o"): "write `> FILE`",
    ("validate", "--all"): "leave it out: without FILES every target is checked",
    ("fmt", "--all"): "leave it out: without FILES those of every target are formatted",
    ("init", "-o"): "name the directory, without an option",
}
"""Such words with an answer of their own in a command."""


class UnknownCommand(click.UsageError):
    """An unknown command, with a hint. A name that could be something else is not repeated."""

    def __init__(self, name: str, known: Collection[str]) -> None:
        from difflib import get_close_matches

        close = get_close_matches(name, known, n=1)
        known_ones = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
        self.hint = ELSEWHERE.get(name, known_ones)
        shown = f" `{name}`" if _is_word(name) else ""
        super().__init__(f"unknown command{shown}")


def _is_word(name: str) -> bool:
    """True for a name of a command or an option that cannot be a secret."""
    return re.fullmatch("-[A-Z]|-{0,2}[a-z]{1,12}(-[a-z]{1,12}){0,3}", name) is not None


def _usage(error: click.UsageError) -> list[str]:
    """The lines for wrong usage. The value that was typed is not repeated."""
    context = error.ctx or click.Context(click.Command("confsync"), info_name="confsync")
    path, params = context.command_path, context.command.params
    hint = f"see `{path} --help`"
    match error:
        case UnknownCommand():
            fact, hint = error.message, error.hint
        case click.NoSuchOption():
            fact, hint = _unknown_option(error, context, hint)
        case click.BadOptionUsage(option_name=name):
            flags = (one.opts for one in params if isinstance(one, click.Option) and one.is_flag)
            is_flag = any(name in names for names in flags)
            fact = f"{name} takes no value" if is_flag else f"{name} needs a value"
        case click.BadParameter(param=click.Parameter() as param):
            fact, hint = _refused(error, param, context, hint)
        case _ if isinstance(context.command, click.Group):
            return [context.get_help()]
        case _:
            one = any(isinstance(param, click.Argument) for param in params)
            fact = f"`{path}` takes {'at most one' if one else 'no'} argument"
    return [f"error: {fact}", f"hint: {hint}"]


def _unknown_option(
    error: click.NoSuchOption, context: click.Context, hint: str
) -> tuple[str, str]:
    name, group = error.option_name, context.command
    if isinstance(group, click.Group):
        commands = (group.get_command(context, one) for one in group.list_commands(context))
        for command in filter(None, commands):
            for param in command.params:
                if name in param.opts:
                    line = f"confsync {command.name} {name} {param.metavar or ''}".rstrip()
                    return f"{name} must follow the command", f"write `{line}`"
    shown = f" {name}" if _is_word(name) else ""
    for one in (name, f"-{name}"):
        # Terraform's options have one dash.
        for param in group.params:
            if one in param.opts:
                return f"unknown option{shown}", f"use {one} {param.metavar or ''}".rstrip()
        if answer := _IN_COMMAND.get((group.name or "", one), ELSEWHERE.get(one)):
            return f"unknown option{shown}", answer
    from difflib import get_close_matches

    close = get_close_matches(name, error.possibilities or (), n=1, cutoff=0.85)
    return f"unknown option{shown}", f"did you mean {close[0]}?" if close else hint


def _refused(
    error: click.BadParameter, param: click.Parameter, context: click.Context, hint: str
) -> tuple[str, str]:
    """Fact and hint for a refused value: where it is from, and the allowed ones."""
    given = source_of(param, context)
    if isinstance(error, click.MissingParameter):
        return f"missing {given}", hint
    match param.type:
        case click.Choice(choices=choices):
            fact, hint = "invalid value", f"allowed: {', '.join(map(str, choices))}"
        case click.IntRange(min=low, max=high):
            whole = not isinstance(error.__context__, ValueError)
            fact = "out of range" if whole else "not a whole number"
            unit = f"{param.metavar.lower()}, " if param.metavar else ""
            hint = f"{unit}{low} to {high}"
        case click.types.BoolParamType():
            fact, hint = "invalid value", "true or false"
        case _:
            fact = "invalid value"
    return f"{given}: {fact}", hint


def _error_key(one: Failed) -> object:
    """The identity of an error of a target: its problems, or else its texts."""
    error = without_address(one)
    texts = (error.message, error.where, error.hint)
    return type(one.error), frozenset(map(_key, error.problems)) or texts


def _key(problem: Problem) -> object:
    """The identity of a problem: without its place for a reference, which each target may have."""
    unavailable = problem.rule == "secret-unavailable"
    return (problem.message, problem.hint) if unavailable else problem


def _say(console: Console, lines: Iterable[str]) -> None:
    """Write lines; at a terminal wrapped between words, with `error:` and `hint:` in colour."""
    look = console.look()
    if look.people:
        lines = (laid for line in lines for laid in _laid_out(line, look))
    console.say("".join(f"{line}\n" for line in lines))


def _laid_out(line: str, look: Look) -> Iterator[str]:
    for style, word in (("red", "error:"), ("cyan", "hint:")):
        if line.startswith(f"{word} "):
            first, *rest = wrapped(line, "", "  ", look=look)
            yield from (f"{look.paint(style, word)}{first.removeprefix(word)}", *rest)
            return
    yield line


class _Handler(logging.Handler):
    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        try:
            # Before it is cut off: the scrubber would not know the beginning of a secret.
            message = printable(self._console.scrub(record.getMessage()))
        except Exception:  # noqa: BLE001 - a log line never ends a run
            message = "a line that cannot be written"
        self._console.say(f"{record.name}: {message}\n")


def attach(console: Console, *, debug: bool) -> None:
    """Write what is logged to a console, until the end of its run."""
    level = logging.DEBUG if debug else logging.INFO
    if not LOGGER.handlers:
        handler, before = _Handler(console), LOGGER.level
        LOGGER.addHandler(handler)
        console.end.callback(LOGGER.removeHandler, handler)
        console.end.callback(LOGGER.setLevel, before)
    elif level >= LOGGER.level:
        return
    LOGGER.setLevel(level)
    if LOGGER.isEnabledFor(logging.DEBUG):
        LOGGER.debug("%s", _versions())


def begin_logging(context: click.Context) -> None:
    """Drop logs of other libraries. Log the command and its options; no value but a choice."""
    root = logging.getLogger()
    if not root.handlers:
        # Without a handler warnings and errors would go to standard error.
        root.addHandler(logging.NullHandler())
    if LOGGER.isEnabledFor(logging.DEBUG):
        given: list[str] = []
        for param in context.command.params:
            name = param.name or ""
            source = context.get_parameter_source(name)
            if source in {ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT}:
                option = max(param.opts, key=len)
                value = f" {context.params[name]}" if isinstance(param.type, click.Choice) else ""
                by_hand = source is ParameterSource.COMMANDLINE
                given.append(f"{option}{value}{'' if by_hand else ' (from the environment)'}")
        LOGGER.debug("%s with %s", context.info_name, ", ".join(given) or "nothing")


def _versions() -> str:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from confsync import __version__

    def of(name: str) -> str:
        try:
            return f"{name} {version(name)}"
        except PackageNotFoundError:
            return f"{name} not installed"

    libraries = ", ".join(map(of, ("click", "deepdiff", "httpx", "pydantic", "ruamel.yaml")))
    return f"confsync {__version__}, Python {platform.python_version()}, {libraries}"
