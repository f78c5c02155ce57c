"""The outputs of commands for many targets, whose texts can show each target by itself."""

from __future__ import annotations

from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING

from confsync.cli import options

if TYPE_CHECKING:
    from collections.abc import Collection

    from confsync.cli.options import Decorator, Function
    from confsync.cli.output import Outputs


def rendering(formats: Collection[str]) -> Decorator:
    """The options of `options.rendering`, and `--each`; the command gets them as `outputs`."""
    text = "Show every target by itself, even if several have the same result."
    each = options.with_variable("--each", text, is_flag=True)
    return options.together(options.rendering(formats), each, _with_each)


def _with_each(command: Function) -> Function:
    @wraps(command)
    def shown(*args: object, outputs: Outputs, each: bool, **values: object) -> object:
        return command(*args, outputs=replace(outputs, each=each), **values)

    return shown
