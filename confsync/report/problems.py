"""Problems of files, as text: one line each, and at a terminal the line of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.report.printable import columns, plural, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from confsync.errors import Excerpt, Problem

_GUTTER = "  | "
_CUT = "…"


def problems_text(problems: Iterable[Problem], *, excerpts: bool = False) -> str:
    """Problems: `file:line:column: error: fact [rule]`, then the hint. `excerpts`: with the line of
    the file and a caret.
    """
    parts: list[str] = []
    for problem in problems:
        place = printable(problem.file)
        if problem.line:
            place += f":{problem.line}" + (f":{problem.column}" if problem.column else "")
        fact = f"{problem.severity}: {printable(problem.message)} [{problem.rule}]"
        parts.append(f"{place}: {fact}\n")
        if excerpts and problem.excerpt is not None:
            parts.append(_excerpt(problem.excerpt))
        if problem.hint:
            parts.append(f"  hint: {printable(problem.hint)}\n")
    return "".join(parts)


def verdict_text(
    files: Sequence[str], problems: Sequence[Problem], *, excerpts: bool = False
) -> str:
    """The result of a validation: the problems, and a line with the number of errors."""
    errors = sum(problem.severity == "error" for problem in problems)
    told = plural(errors, "error") if errors else "no errors"
    total = f"{plural(len(files), 'file')} checked, {told}.\n"
    return problems_text(problems, excerpts=excerpts) + total


def _excerpt(excerpt: Excerpt) -> str:
    """The line with a caret below it. A long line is cut around the caret."""
    line, caret, width = excerpt.line, excerpt.caret, columns(len(_GUTTER))
    if len(line) > width:
        start = max(0, min(caret - width // 2, len(line) - width))
        part, caret = line[start : start + width], caret - start
        before = _CUT if start else ""
        behind = _CUT if start + width < len(line) else ""
        line = f"{before}{part[len(before) : len(part) - len(behind)]}{behind}"
    return f"{_GUTTER}{line}\n{_GUTTER}{' ' * (caret - 1)}^\n"
