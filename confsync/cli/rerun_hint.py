"""The line to run again, after a refusal that an option can lift."""

from __future__ import annotations

import shlex
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def hint_to_run_again() -> Iterator[None]:
    """Give a refusal the command line of this run, with the risks allowed that it names."""
    from confsync.errors import Refused

    try:
        yield
    except Refused as refused:
        if refused.risks:
            refused.hint = f"to go on all the same: {_line(refused.risks)}"
        raise


def _line(risks: tuple[str, ...]) -> str:
    context = click.get_current_context()
    words = context.command_path.split()
    for param in context.command.params:
        if context.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE:
            words += _words(param, context.params[param.name or ""])
    for risk in risks:
        words += ["--allow", risk]
    return shlex.join(words)


def _words(param: click.Parameter, value: object) -> list[str]:
    """A parameter as it was given."""
    values = [str(one) for one in value] if isinstance(value, tuple) else [str(value)]
    if isinstance(param, click.Argument):
        return values
    option = max(param.opts, key=len)
    if isinstance(param, click.Option) and param.is_flag:
        return [option]
    return [word for one in values for word in (option, one)]
