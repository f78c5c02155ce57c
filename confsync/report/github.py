"""Problems as commands to GitHub's runner, which annotates the lines of a pull request with them.

The runner reads them from the job's output: one line each, nothing beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.report.located import Located, located
from confsync.report.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.errors import Problem

_IN_TEXT = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY = _IN_TEXT | str.maketrans({":": "%3A", ",": "%2C"})


def problems_github(files: Sequence[str], problems: Sequence[Problem]) -> str:
    """One command for each problem; nothing at all where there is none."""
    del files
    return "".join(map(_command, located(problems)))


def _command(found: Located) -> str:
    problem = found.problem
    properties = {"file": one_line(found.path, keep="\r\n"), "line": str(found.line)}
    if problem.column:
        properties["col"] = str(problem.column)
    properties["title"] = f"confsync ({problem.rule})"
    listed = ",".join(f"{name}={text.translate(_IN_PROPERTY)}" for name, text in properties.items())
    return f"::{problem.severity} {listed}::{found.told.translate(_IN_TEXT)}\n"
