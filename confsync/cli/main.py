"""The program: its commands, and the one place where errors become words and statuses."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from confsync import __version__
from confsync.cli.console import Console
from confsync.cli.crash import told as told_fault
from confsync.cli.error_text import told as told_error
from confsync.cli.status import Status, of_error
from confsync.cli.usage import told, unknown_command
from confsync.cli.verbose import with_options
from confsync.errors import ConfsyncError, Fault, ReaderGone
from confsync.guard import as_fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMMANDS: Mapping[str, str] = {
    "plan": "Show what an apply would change, every secret masked.",
    "apply": "Bring the server to the state that files describe.",
    "validate": "Check files alone: no network, no secret.",
    "fmt": "Bring files into their canonical form; comments and values stay.",
    "pull": "Write the live state into a file, comments kept.",
    "show": "Show the live state as YAML, every secret masked.",
    "init": "Begin: confsync.yaml, a store, and the hooks for pre-commit.",
    "schema": "Print the JSON Schema of a store file, for editors.",
    "explain": "Say what a rule, a risk or a field is.",
    "sandbox": "Run an embedded server to try confsync against.",
}
"""Every command, which is a module of this room by the same name, and what it does."""

_NO_SERVER = {"init", "validate", "fmt", "schema", "explain", "sandbox"}

_STATUSES = """\b
Exit status:
  0    done
  1    an error, and nothing was changed
  2    changes are pending (only plan --detailed-exitcode)
  3    refused, and nothing was changed
  4    the outcome is unknown
  5    stored, but not all of it is as wanted
  130  interrupted before sending
"""


class _Commands(click.Group):
    """Loads a command's module when it is called; the list alone loads none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            if ctx.resilient_parsing:
                # A shell completes a word behind it: there is nothing to propose, nor to tell.
                return None
            raise unknown_command(cmd_name, COMMANDS)
        command = getattr(import_module(f"confsync.cli.{cmd_name}"), cmd_name)
        if not isinstance(command, click.Command):
            raise Fault(f"{cmd_name} is no command")
        with_options(command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        names = [name for name in COMMANDS if name.startswith(incomplete)]
        commands = [CompletionItem(name, help=COMMANDS[name]) for name in names]
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog=_STATUSES,
)
@click.version_option(__version__, prog_name="confsync", message="%(prog)s %(version)s")
def confsync() -> None:
    """GitOps for the Stalwart mail server's in-memory store.

    The desired state stands in YAML; `plan` shows what differs from the server, `apply` sends the
    smallest update that closes the difference, and proves it.
    """


with_options(confsync)


def run(arguments: Sequence[str], *, scrubbed: bool = True) -> int:
    """Run a command line and return the exit status. Nothing that is raised leaves here.

    `scrubbed=False` is for the tests that prove that there is nothing to scrub.
    """
    command = next((argument for argument in arguments if argument in COMMANDS), "")
    asking = command in COMMANDS and command not in _NO_SERVER
    console = Console(scrubbed=scrubbed, asking=asking)
    try:
        with console:
            return _status(arguments, console, command)
    except BaseException as error:  # noqa: BLE001 - a fault in closing what the run has opened
        return _faulty(console, error, command)


def _status(arguments: Sequence[str], console: Console, command: str) -> int:
    try:
        return _run(arguments, console)
    except click.UsageError as usage:
        _say(console, *_usage(usage))
        return Status.ERROR
    except (click.Abort, KeyboardInterrupt):
        _say(console, "interrupted", *_consequence(console, command))
        return Status.UNKNOWN if console.sent else Status.INTERRUPTED
    except ReaderGone:
        return Status.ERROR
    except ConfsyncError as error:
        if isinstance(error, Fault):
            return _faulty(console, error, command)
        unchanged = _unchanged(command) if error.unchanged else ()
        _say(console, *told_error(error, console), *unchanged)
        return of_error(error)
    except BaseException as error:  # noqa: BLE001 - the last door: no foreign text goes out
        return _faulty(console, error, command)


def _run(arguments: Sequence[str], console: Console) -> int:
    try:
        status = confsync.main(
            list(arguments), prog_name="confsync", standalone_mode=False, obj=console
        )
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except SystemExit as leaving:
        # So ends click itself: after completing a word for a shell, and where nobody reads its help
        # any more. Nothing else may end the program so.
        if _raised_in(leaving).startswith("click.") and isinstance(leaving.code, int):
            return leaving.code
        raise
    return status if isinstance(status, int) else Status.DONE


def _raised_in(error: BaseException) -> str:
    """The module whose own line raised it."""
    trace, name = error.__traceback__, ""
    while trace is not None:
        name = str(trace.tb_frame.f_globals.get("__name__"))
        trace = trace.tb_next
    return name


def _usage(usage: click.UsageError) -> list[str]:
    if isinstance(usage, click.exceptions.NoArgsIsHelpError):
        return [usage.ctx.get_help()]
    fact, hint = told(usage)
    return [f"error: {fact}", f"hint: {hint}"]


def _unchanged(command: str) -> list[str]:
    return [] if not command or command in _NO_SERVER else ["nothing was changed on the server"]


def _consequence(console: Console, command: str) -> list[str]:
    """What is true of the server where a run ends before it could tell."""
    if console.sent:
        return ["it is not known whether anything was changed: `confsync plan` shows what is there"]
    return _unchanged(command)


def _faulty(console: Console, error: BaseException, command: str) -> Status:
    _say(console, *told_fault(as_fault(error)), *_consequence(console, command))
    return Status.UNKNOWN if console.sent else Status.ERROR


def _say(console: Console, *lines: str) -> None:
    console.say("".join(f"{line}\n" for line in lines))
