"""`-v` and `--debug`: what a run does, in words that are safe to paste."""

from __future__ import annotations

import logging
import platform
from importlib.metadata import PackageNotFoundError, version

import click

from confsync.cli.console import Console

LOGGER = logging.getLogger("confsync")
"""All that confsync logs goes through this one; what other libraries log is not shown."""

_LIBRARIES = ("click", "deepdiff", "httpx", "pydantic", "ruamel.yaml")


class _Said(logging.Handler):
    """Writes each line to a console."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        from confsync.report.printable import printable  # noqa: PLC0415 - paid for when needed

        self._console.say(f"{record.name}: {printable(record.getMessage())}\n")


def with_options(command: click.Command) -> None:
    """Give a command `-v` and `--debug`, if it has not got them yet."""
    names = {param.name for param in command.params}
    command.params += [option for option in _options() if option.name not in names]


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
