"""What `init` wrote and what it left alone, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.report.printable import plural, printable

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Begun:
    """What became of each file of a new repository; paths start where its directory's does.

    `hooks` is pre-commit's configuration, `to_add` the lines that somebody has to add to it.
    `live`: the store was written as a server has it, with `fill_in` references to fill in.
    `example`: the configuration was written with an address that is only an example.
    """

    config: str
    store: str
    hooks: str
    written: frozenset[str]
    to_add: str = ""
    live: bool = False
    fill_in: int = 0
    example: bool = False


def begun_text(begun: Begun) -> str:
    """A line a file, the lines that have to be added by hand, and the next steps."""
    return "".join(f"{line}\n" for line in _lines(begun))


def _lines(begun: Begun) -> Iterator[str]:
    from_where = "as the server has it" if begun.live else "a template"
    yield _file(begun, begun.config, "")
    yield _file(begun, begun.store, f", {from_where}")
    yield from _hooks(begun)
    yield ""
    yield "Next:"
    yield from (f"  {number}. {step}" for number, step in enumerate(_steps(begun), 1))


def _file(begun: Begun, file: str, what: str) -> str:
    if file in begun.written:
        return f"{printable(file)}: written{what}"
    return f"{printable(file)}: left alone, for it is there already"


def _hooks(begun: Begun) -> Iterator[str]:
    if not begun.to_add:
        yield _file(begun, begun.hooks, "")
        return
    yield f"{printable(begun.hooks)}: left alone; to add under its `repos:`"
    yield ""
    yield from begun.to_add.splitlines()


def _steps(begun: Begun) -> Iterator[str]:
    store, folder = printable(begun.store), begun.config.rpartition("/")[0]
    if begun.fill_in:
        yield f"fill in {plural(begun.fill_in, 'reference')} in {store}"
    elif begun.example:
        yield f"edit {printable(begun.config)} (the server's address) and {store}"
    else:
        yield f"look through {store}"
    where = f" in {printable(folder)}" if folder else ""
    yield f"set STALWART_TOKEN (or STALWART_USER, STALWART_PASSWORD); `confsync plan`{where}"
    yield "`pre-commit install`, once in each clone"
