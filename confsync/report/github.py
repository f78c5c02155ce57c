"""Problems as commands in the output of GitHub's runner, which annotates a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.report.printable import one_line
from confsync.report.problems import located

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from confsync.errors import Problem

_IN_TEXT = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY = _IN_TEXT | str.maketrans({":": "%3A", ",": "%2C"})


def problems_github(_files: Sequence[str], problems: Sequence[Problem]) -> str:
    """One command for each problem."""
    commands: list[str] = []
    for found in located(problems):
        problem = found.problem
        properties = {
            "file": one_line(found.path, keep="\r\n"),
            "line": str(found.line),
            **({"col": str(problem.column)} if problem.column else {}),
            "title": f"confsync ({problem.rule})",
        }
        commands.append(command(problem.severity, properties, found.text))
    return "".join(commands)


def command(kind: str, properties: Mapping[str, str], text: str) -> str:
    """A command that annotates: `error`, `warning` or `notice`."""
    listed = ",".join(f"{name}={properties[name].translate(_IN_PROPERTY)}" for name in properties)
    return f"::{kind} {listed}::{text.translate(_IN_TEXT)}\n"
