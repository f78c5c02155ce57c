"""The result of a pull: in words, and as a diff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.report.printable import one_line, plural, printable, told
from confsync.report.problems import problems_text
from confsync.sync.tree import path_text

if TYPE_CHECKING:
    from confsync.errors import Problem
    from confsync.sync.tree import Path


@dataclass(frozen=True)
class Pulled:
    """The changes that a pull made to a file, or would make.

    `new`: the file did not exist. `changed` and `gone` are fields, `comments` is the number of
    removed comments. `fill_in` are the references to fill in, as problems with their places.
    `diff` is a unified diff, every secret masked.
    """

    file: str
    new: bool
    changed: tuple[Path, ...]
    gone: tuple[Path, ...]
    comments: int
    fill_in: tuple[Problem, ...]
    diff: str


def fill_in_text(pulled: Pulled) -> str:
    """The references to fill in, each with its place; empty if there are none."""
    return problems_text(pulled.fill_in)


def pulled_text(pulled: Pulled, mood: str = "") -> str:
    """One line on the changes, after a line on removed fields and comments.

    `mood` stands before the participles: `would be ` for a preview.
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
    """The unified diff, as a terminal can show it; empty if nothing changes."""
    return "".join(f"{one_line(told(line))}\n" for line in pulled.diff.split("\n")[:-1])
