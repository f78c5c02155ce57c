"""`-v` and `--debug`: what a run does, in words that are safe to paste."""

from __future__ import annotations

import logging
import platform
from functools import wraps
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from confsync.cli.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LOGGER = logging.getLogger("confsync")
"""All that confsync logs goes through this one; what other libraries log is not shown."""

_LIBRARIES = ("click", "deepdiff", "httpx", "pydantic", "ruamel.yaml")


_SOURCES: Mapping[object, str] = {
    ParameterSource.COMMANDLINE: "",
    ParameterSource.ENVIRONMENT: " (from the environment)",
}


class _Said(logging.Handler):
    """Writes each line to a console."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        from confsync.report.printable import printable  # noqa: PLC0415 - paid for when needed

        try:
            # Before it is cut off: the scrubber would not know the beginning of a secret.
            message = printable(self._console.scrub(record.getMessage()))
        except Exception:  # noqa: BLE001 - what is said of a run never ends it
            message = "a line that cannot be written"
        self._console.say(f"{record.name}: {message}\n")


def with_options(command: click.Command) -> None:
    """Give a command `-v` and `--debug`, if it has not got them yet."""
    names = {param.name for param in command.params}
    if fresh := [option for option in _options() if option.name not in names]:
        command.params += fresh
        command.callback = _logged(command.callback)


def _logged(callback: Callable[..., Any] | None) -> Callable[..., Any]:
    @wraps(callback or _nothing)
    def logged(*args: object, **kwargs: object) -> object:
        context = click.get_current_context()
        if context.parent is not None:
            given = ", ".join(_given(context)) or "nothing"
            LOGGER.debug("%s with %s", context.info_name, given)
        return callback(*args, **kwargs) if callback is not None else None

    return logged


def _nothing() -> None:
    """What a group does before its command, if it has nothing to do."""


def _given(context: click.Context) -> Iterator[str]:
    """What was given, by name: of values only those that are one of a few."""
    for param in context.command.params:
        name = param.name or ""
        where = _SOURCES.get(context.get_parameter_source(name))
        if where is not None:
            told = max(param.opts, key=len)
            value = f" {context.params[name]}" if isinstance(param.type, click.Choice) else ""
            yield f"{told}{value}{where}"


def _options() -> list[click.Option]:
    return [
        _option(["-v", "--verbose"], logging.INFO, "Say on standard error what is done."),
        _option(["--debug"], logging.DEBUG, "Say more of it. No secret is ever in it."),
    ]


def _option(names: list[str], level: int, text: str) -> click.Option:
    def speak(ctx: click.Context, param: click.Parameter, value: object) -> None:
        del param
        if value and isinstance(ctx.obj, Console):
            _attach(ctx.obj, level)

    return click.Option(
        names,
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=speak,
        envvar=f"CONFSYNC_{names[-1].removeprefix('--').upper()}",
        help=text,
    )


def _attach(console: Console, level: int) -> None:
    """Say what is logged at a level or above, until the console is closed."""
    if not LOGGER.handlers:
        handler, before = _Said(console), LOGGER.level
        LOGGER.addHandler(handler)
        console.at_end(lambda: LOGGER.removeHandler(handler))
        console.at_end(lambda: LOGGER.setLevel(before))
    elif level >= LOGGER.level:
        return
    LOGGER.setLevel(level)
    LOGGER.debug("%s", _versions())


def _versions() -> str:
    libraries = ", ".join(f"{name} {_version(name)}" for name in _LIBRARIES)
    return f"confsync {_version('confsync')}, Python {platform.python_version()}, {libraries}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
