"""The program: its commands, and the one place where a run begins and ends."""

from __future__ import annotations

from importlib import import_module
from keyword import iskeyword
from typing import TYPE_CHECKING

import click

from confsync import __version__
from confsync.cli.command import PAGES, Parsing, verbosity
from confsync.cli.console import Console
from confsync.cli.options import proposing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from click.shell_completion import CompletionItem


COMMANDS: Mapping[str, str] = {
    "plan": "Show what an apply would change. Secrets are masked.",
    "apply": "Bring servers to the state described in files.",
    "validate": "Check files offline: no network, no secrets.",
    "fmt": "Format files: quotes, indentation and spaces.",
    "pull": "Write a server's state into a file; comments stay.",
    "import": "Turn a plan of stalwart-cli into store files.",
    "show": "Show a server's state as YAML. Secrets are masked.",
    "render": "Show the desired state of targets, offline. Secrets are masked.",
    "doctor": "Check servers, credentials, permissions, and each Redis in the files.",
    "targets": "List the targets of confsync.yaml.",
    "audit": "Report applies without an end, and pending restarts.",
    "report": "Show reports of plan or apply in another format; join shards.",
    "init": "Create confsync.yaml, a store file and hooks for pre-commit.",
    "schema": "Print the JSON Schema of store files, for editors.",
    "explain": "Explain a rule, a risk, an object, a field or a variant.",
    "sandbox": "Run an embedded server to try confsync.",
}
"""Every command and its help. Each is a module of this room with the same name, or, where Python
has that word, with an underscore behind it.
"""

_ON_SERVERS = {"plan", "apply", "pull", "show", "doctor"}

_EPILOG = f"""\b
Exit status:
  0    done
  1    error, and nothing was changed
  2    changes are pending (only plan --detailed-exitcode)
  3    refused, and nothing was changed; or apply would refuse this plan
  4    the outcome is unknown
  5    stored, with differences or failures
  130  interrupted before anything was sent

\b
Tab completion: docs/completion.md
{PAGES}"""


class _Commands(Parsing, click.Group):
    """Loads a command's module when it is called; the list alone loads none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            if ctx.resilient_parsing:
                # A shell completes a word behind it: there is nothing to propose, nor to tell.
                return None
            from confsync.cli.standard_error import UnknownCommand

            raise UnknownCommand(cmd_name, COMMANDS)
        name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command: click.Command = getattr(import_module(f"confsync.cli.{name}"), name)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        commands = proposing(COMMANDS)(ctx, self.params[0], incomplete)
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items()])


@click.group(
    cls=_Commands,
    no_args_is_help=False,  # a missing command is wrong usage, with every version of click
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EPILOG,
    params=verbosity(),
)
@click.version_option(
    __version__, "-V", "--version", prog_name="confsync", message="%(prog)s %(version)s"
)
def confsync() -> None:
    """GitOps for the settings of the Stalwart mail server.

    Describe the desired state in YAML. `plan` shows the differences, `apply` sends them and
    verifies the result.
    """


def run(arguments: Sequence[str], *, scrubbed: bool = True) -> int:
    """Run a command line and return the exit status. Raises KeyboardInterrupt alone.

    `scrubbed=False` is for tests that prove that there is nothing to scrub.
    """
    name = next((argument for argument in arguments if argument in COMMANDS), None)
    console = Console(scrubbed=scrubbed, server=name in _ON_SERVERS, writes=name == "apply")
    try:
        with console.end:
            try:
                status = _status(arguments, console)
            except BaseException as error:  # noqa: BLE001 - no foreign text leaves
                status = _printed(error, console)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a fault in closing what the run has opened
        status = _printed(error, console)
    return status


def _printed(error: BaseException, console: Console) -> int:
    from confsync.cli.standard_error import print_error

    return print_error(error, console)


def _status(arguments: Sequence[str], console: Console) -> int:
    try:
        status = confsync.main(
            list(arguments), prog_name="confsync", standalone_mode=False, obj=console
        )
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except SystemExit as leaving:
        # So ends click itself: after completing a word for a shell, and where nobody reads its help
        # any more. Nothing else may end the program so.
        trace, module = leaving.__traceback__, ""
        while trace is not None:
            module, trace = str(trace.tb_frame.f_globals.get("__name__")), trace.tb_next
        if module.startswith("click.") and isinstance(leaving.code, int):
            return leaving.code
        raise
    return status if isinstance(status, int) else 0
