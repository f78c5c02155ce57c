"""What a pull did, or would do: in words, and as a diff."""

from __future__ import annotations

from difflib import unified_diff
from typing import TYPE_CHECKING

from confsync.report.printable import one_line, plural, printable, told
from confsync.report.problems import problems_text
from confsync.sync.tree import path_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.yaml.edit_script import Pulled


def fill_in_text(pulled: Pulled) -> str:
    """The references that are to be filled in, each with its place; nothing where there is none."""
    return problems_text(pulled.fill_in)


def pulled_text(pulled: Pulled, mood: str = "") -> str:
    """One line that says what was done; what went with its comments comes before it.

    `mood` stands before the participles: `would be ` where nothing was done.
    """
    file = printable(pulled.file)
    count = len(pulled.changed) + len(pulled.gone)
    comments = plural(pulled.comments, "comment")
    lines = []
    if pulled.gone:
        names = ", ".join(path_text(path) for path in pulled.gone)
        lines.append(f"{mood}taken away{f', with {comments}' if pulled.comments else ''}: {names}")
    elif pulled.comments:
        lines.append(f"{comments} {mood}taken away")
    told = ["nothing to change: it says what the server has"]
    if pulled.new:
        told = [f"new file, {plural(count, 'field')} {mood}written"]
    elif count:
        told = [f"{plural(count, 'field')} {mood}changed"]
    if pulled.fill_in:
        told.append(f"{plural(len(pulled.fill_in), 'reference')} to fill in")
    return "".join(f"{file}: {line}\n" for line in [*lines, ", ".join(told)])


def diff_text(pulled: Pulled) -> str:
    """The difference as a unified diff, every secret masked; nothing where there is none."""
    file = printable(pulled.file)
    before, after = (list(_lines(text)) for text in (pulled.before, pulled.after))
    start = "/dev/null" if pulled.new else file
    found = unified_diff(before, after, start, file, lineterm="")
    return "".join(f"{line}\n" for line in found)


def _lines(text: str) -> Iterator[str]:
    """The lines of a text, whole, as a terminal can show them."""
    for line in text.removesuffix("\n").split("\n") if text else ():
        yield one_line(told(line.removesuffix("\r")))
