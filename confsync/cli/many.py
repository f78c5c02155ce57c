"""Options of commands that take many targets, and the progress of reading them."""

from __future__ import annotations

import os
import shlex
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from confsync.cli.options import grouped, source_named, with_variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from confsync.cli.console import Console
    from confsync.cli.options import Decorator, Values
    from confsync.workflow.after import After
    from confsync.workflow.jobs import Jobs

_EVERY = 100
"""Targets for each line of progress that is not written to a terminal."""


def _jobs(values: Values) -> Jobs:
    from confsync.workflow.jobs import Jobs, passed

    console, deadline = click.get_current_context().obj, values.pop("deadline")
    given = click.get_current_context().get_parameter_source("jobs") is not ParameterSource.DEFAULT
    number = values.pop("jobs")
    made = Jobs(number, _progress(console), updated=number if given else 1)
    if deadline is None:
        return made
    return replace(made, late=passed(deadline, source_named("deadline")))


def many(text: str = "Targets that are read at once.") -> Decorator:
    """The options of every command that reads many targets; it gets them as `jobs`."""
    return grouped(
        "jobs",
        _jobs,
        with_variable(
            "--jobs",
            text,
            note="; default: 8",
            type=click.IntRange(1, 64),
            default=8,
            metavar="NUMBER",
        ),
        with_variable(
            "--deadline",
            "Begin no target after this time, like 10m.",
            metavar="DURATION",
        ),
    )


def _limits(values: Values) -> Values:
    found = {name: values.pop(name) for name in ("keep_going", "max_targets", "max_changes")}
    return {**found, "after": _after(values.pop("after"))}


def _after(command: str | None) -> After | None:
    """The command of --after, split as a shell does. Raises WrongUsage."""
    if command is None:
        return None
    from confsync.errors import WrongUsage
    from confsync.workflow.after import After

    try:
        words = tuple(shlex.split(command))
    except ValueError:
        words = ()
    if not words:
        hint = "write the program and its arguments, like --after './restart-node --now'"
        raise WrongUsage("--after: not a command", hint=hint)
    console: Console = click.get_current_context().obj
    return After(words, os.environ, _variables_of_secrets(), console.descriptor)


def _variables_of_secrets() -> frozenset[str]:
    """Variables for credentials, and all that `confsync.yaml` and its stores refer to: those of
    targets that are not chosen too.
    """
    from confsync.errors import InvalidFiles
    from confsync.workflow.selection import listing
    from confsync.workflow.session import VARIABLES
    from confsync.workflow.targets import configuration

    found = {*VARIABLES}
    with suppress(InvalidFiles):
        if config := configuration(Path()):
            found.update(*(one.variables for one in listing(config.targets)))
            secrets = (ref for one in config.targets for ref in one.secrets.values())
            found |= {ref.argument for ref in secrets if ref.kind == "env"}
    return frozenset(found)


def _most(name: str, what: str) -> Decorator:
    return with_variable(
        name,
        f"Refuse a plan with more {what}.",
        type=click.IntRange(0, 1_000_000),
        metavar="NUMBER",
    )


limits: Decorator = grouped(
    "limits",
    _limits,
    # It takes a guard away: a failure stops the rest of a fleet.
    click.option(
        "--keep-going",
        is_flag=True,
        help="Go on with the other targets if one cannot be planned, is refused or fails.",
    ),
    _most("--max-targets", "targets to update"),
    _most("--max-changes", "changes"),
    # It runs a program.
    click.option(
        "--after",
        metavar="COMMAND",
        help="Run COMMAND after each target that must be restarted; then see if it answers.",
    ),
)
"""The limits of a run over many targets; `apply` gets them as arguments of `How`."""


def _progress(console: Console) -> Callable[[int, int], None]:
    """Tell how many of several targets are read: in one line of a terminal, or in a line for every
    hundred.
    """
    # A runner may have a terminal; it sees no command behind a line that was taken away.
    alive = os.environ.get("TERM") != "dumb" and not os.environ.get("CI")
    terminal = console.at_terminal and alive

    def tell(read: int, every: int) -> None:
        if every == 1:
            return
        # Written by the thread of the caller alone.
        text = f"{read} of {every} targets read"
        if terminal:
            console.show_progress(text if read < every else "")
        elif 0 < read < every and read % _EVERY == 0:
            console.note(f"{text}\n")

    return tell
