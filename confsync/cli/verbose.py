"""`-v` and `--debug`: log lines on standard error, safe to paste. Loaded when a command runs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.cli.console import Console

LOGGER = logging.getLogger("confsync")
"""All that confsync logs goes through this one; what other libraries log is not shown."""

_LIBRARIES = ("click", "deepdiff", "httpx", "pydantic", "ruamel.yaml")

_SOURCES: Mapping[object, str] = {
    ParameterSource.COMMANDLINE: "",
    ParameterSource.ENVIRONMENT: " (from the environment)",
}


class _Handler(logging.Handler):
    """Writes each line to a console."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        from confsync.report.printable import printable

        try:
            # Before it is cut off: the scrubber would not know the beginning of a secret.
            message = printable(self._console.scrub(record.getMessage()))
        except Exception:  # noqa: BLE001 - what is said of a run never ends it
            message = "a line that cannot be written"
        self._console.say(f"{record.name}: {message}\n")


def attach(console: Console, level: int) -> None:
    """Write what is logged at a level or above to a console, until it is closed."""
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


def drop_foreign_logs() -> None:
    """Drop what other libraries log: without a handler at the root, warnings and errors would go to
    standard error.
    """
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.NullHandler())


def log_options(context: click.Context) -> None:
    """Log a command and the options given; a value only where it is one of a few."""
    if LOGGER.isEnabledFor(logging.DEBUG):
        given: list[str] = []
        for param in context.command.params:
            name = param.name or ""
            where = _SOURCES.get(context.get_parameter_source(name))
            if where is not None:
                option = max(param.opts, key=len)
                value = f" {context.params[name]}" if isinstance(param.type, click.Choice) else ""
                given.append(f"{option}{value}{where}")
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

    libraries = ", ".join(map(of, _LIBRARIES))
    return f"confsync {__version__}, Python {platform.python_version()}, {libraries}"
