"""Options of commands that take many targets, and the progress of reading them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from confsync.cli.options import grouped, with_variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from confsync.cli.console import Console
    from confsync.cli.options import Decorator, Values
    from confsync.workflow.jobs import Jobs

_EVERY = 100
"""Targets for each line of progress that is not written to a terminal."""


def _jobs(values: Values) -> Jobs:
    from confsync.workflow.jobs import Jobs

    console = click.get_current_context().obj
    return Jobs(values.pop("jobs"), _progress(console))


many: Decorator = grouped(
    "jobs",
    _jobs,
    with_variable(
        "--jobs",
        "Targets that are read at once.",
        note="; default: 8",
        type=click.IntRange(1, 64),
        default=8,
        metavar="NUMBER",
    ),
)
"""The options of every command that reads many targets; it gets them as `jobs`."""


def _progress(console: Console) -> Callable[[int, int], None]:
    """Tell how many of several targets are read: in one line of a terminal, or in a line for every
    hundred.
    """
    terminal = console.at_terminal and os.environ.get("TERM") != "dumb"

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
