"""What `init` wrote and what it left alone, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.report.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.files.begun import Begun


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
    address = f"put your server's address into {printable(begun.config)}; " if begun.example else ""
    store = printable(begun.store)
    if begun.live:
        yield f"look through {store}, and fill in the references that are named FILL_IN"
    else:
        yield f"{address}say what you want in {store}"
    folder = begun.config.rpartition("/")[0]
    where = f" in {printable(folder)}" if folder else ""
    plan = f"run `confsync plan`{where}"
    yield f"set STALWART_TOKEN, or STALWART_USER and STALWART_PASSWORD, and {plan}"
    yield "run `pre-commit install`, once in each clone"
