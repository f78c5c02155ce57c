"""What formatting did to files, or would do: a diff for programs, lines for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.report.printable import one_line, plural, printable
from confsync.report.problems import problems_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.errors import Problem


@dataclass(frozen=True)
class Formatted:
    """What came of a file.

    `store`: it is one, as far as that can be told; other files are left alone. `changed`: it was
    not, or is not, in canonical form; `diff` shows how, every secret masked. `problems`: why it
    was left alone although it should not be.
    """

    file: str
    store: bool = True
    changed: bool = False
    diff: str = ""
    problems: tuple[Problem, ...] = ()


def diff_text(files: Sequence[Formatted]) -> str:
    """The differences of all files, as one unified diff."""
    return "".join(f"{one_line(line)}\n" for file in files for line in file.diff.split("\n")[:-1])


def files_text(files: Sequence[Formatted], done: str) -> str:
    """A line a file that is not as it should be, then how many are what. `done` says what became of
    those that were not in canonical form, like `formatted`.
    """
    changed = sum(file.changed for file in files)
    failed = sum(bool(file.problems) for file in files)
    others = sum(not file.store for file in files)
    counts = {
        done: changed,
        "in canonical form already": len(files) - changed - failed - others,
        "without a store": others,
        "that cannot be formatted": failed,
    }
    told = ", ".join(f"{number} {what}" for what, number in counts.items() if number)
    return "".join(_line(file, done) for file in files) + f"{plural(len(files), 'file')}: {told}.\n"


def _line(file: Formatted, done: str) -> str:
    if file.changed:
        return f"{printable(file.file)}: {done}\n"
    if not file.store:
        return f"{printable(file.file)}: left alone, for no object that confsync knows is in it\n"
    return problems_text(file.problems)
