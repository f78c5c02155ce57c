"""Wrong usage of the command line, in our words. What was typed as a value is not repeated."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable


_NAME = re.compile(r"[a-z][a-z-]{0,20}")


def unknown_command(name: str, known: Iterable[str]) -> click.UsageError:
    """A command that there is not."""
    close = get_close_matches(name, list(known), n=1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
    told = f"`{name}`" if _NAME.fullmatch(name) else "named so"
    return Usage(f"there is no command {told}", hint)


class Usage(click.UsageError):
    """Wrong usage that has been told in our words already."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def told(error: click.UsageError) -> tuple[str, str]:
    """Fact and hint of what click found wrong."""
    path = error.ctx.command_path if error.ctx is not None else "confsync"
    hint = f"`{path} --help` lists what it takes"
    match error:
        case Usage():
            return error.message, error.hint
        case click.NoSuchOption():
            close = " or ".join(error.possibilities or ())
            told = error.option_name if close else "named so"
            return f"there is no option {told}", f"did you mean {close}?" if close else hint
        case click.BadOptionUsage():
            return f"{error.option_name} needs a value", hint
        case click.BadParameter() if error.param is not None:
            return f"{_name(error.param)} does not take this value", _allowed(error.param) or hint
        case _:
            return f"`{path}` is called with more, or less, than it takes", hint


def _name(param: click.Parameter) -> str:
    return max(param.opts, key=len) if isinstance(param, click.Option) else (param.name or "it")


def _allowed(param: click.Parameter) -> str:
    match param.type:
        case click.Choice(choices=choices):
            return f"allowed are {', '.join(map(str, choices))}"
        case click.IntRange(min=low, max=high):
            return f"allowed is {low} to {high}"
        case _:
            return ""
