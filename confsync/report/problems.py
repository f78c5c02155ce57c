"""What is wrong with files, for people: a line a problem, and at a terminal the file's own line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.report.layout import excerpt_width
from confsync.report.printable import plural, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from confsync.errors import Excerpt, Problem

_GUTTER = "  | "
_CUT = "…"


def problems_text(problems: Iterable[Problem]) -> str:
    """Problems, one after the other: `file:line:column: error: fact [rule]`, then the hint."""
    return "".join(f"{_head(problem)}\n{_hint(problem)}" for problem in problems)


def verdict_text(files: Sequence[str], problems: Sequence[Problem]) -> str:
    """What a validation found in some files: the problems, or one line that there are none."""
    return problems_text(problems) + _total(files, problems)


def shown_problems(problems: Iterable[Problem]) -> str:
    """The same as `problems_text`, and between fact and hint the line with a caret under it."""
    return "".join(
        "".join([f"{_head(problem)}\n", *_lines(problem), _hint(problem)]) for problem in problems
    )


def shown_verdict(files: Sequence[str], problems: Sequence[Problem]) -> str:
    """The same as `verdict_text`, with the lines of the files."""
    return shown_problems(problems) + _total(files, problems)


def _head(problem: Problem) -> str:
    place = printable(problem.file)
    if problem.line:
        place += f":{problem.line}" + (f":{problem.column}" if problem.column else "")
    return f"{place}: {problem.severity}: {printable(problem.message)} [{problem.rule}]"


def _hint(problem: Problem) -> str:
    return f"  hint: {printable(problem.hint)}\n" if problem.hint else ""


def _total(files: Sequence[str], problems: Sequence[Problem]) -> str:
    errors = sum(problem.severity == "error" for problem in problems)
    checked = plural(len(files), "file")
    return f"{checked} checked, {plural(errors, 'error') if errors else 'no errors'}.\n"


def _lines(problem: Problem) -> Iterator[str]:
    if problem.excerpt is not None:
        line, caret = _cut(problem.excerpt)
        yield f"{_GUTTER}{line}\n"
        yield f"{_GUTTER}{' ' * (caret - 1)}^\n"


def _cut(excerpt: Excerpt) -> tuple[str, int]:
    """The part of a line around its caret that fits."""
    line, caret, width = excerpt.line, excerpt.caret, excerpt_width(_GUTTER)
    if len(line) <= width:
        return line, caret
    start = max(0, min(caret - width // 2, len(line) - width))
    part = line[start : start + width]
    before = _CUT if start else ""
    behind = _CUT if start + width < len(line) else ""
    kept = part[len(before) : len(part) - len(behind)]
    return f"{before}{kept}{behind}", caret - start
