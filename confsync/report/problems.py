"""Problems of files as text, and their places for code hosts."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from confsync.report.printable import columns, plural, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from confsync.errors import Excerpt, Problem

_GUTTER = "  | "
_CUT = "…"


@dataclass(frozen=True)
class Located:
    """A problem with its path and line, 1 for the file as a whole.

    `text`: the message, and the hint in a second line. `fingerprint`: 128 bits in hexadecimal, made
    of path, rule and message. It is equal in each run, and stays if the line moves.
    """

    problem: Problem
    path: str
    line: int
    text: str
    fingerprint: str


def problems_text(problems: Iterable[Problem], *, excerpts: bool = False) -> str:
    """`file:line:column: error: fact [rule]`, hint; with `excerpts` the file's line and a caret."""
    parts: list[str] = []
    for problem in problems:
        numbers = "".join(f":{number}" for number in (problem.line, problem.column) if number)
        fact = f"{problem.severity}: {printable(problem.message)} [{problem.rule}]"
        parts.append(f"{printable(problem.file)}{numbers}: {fact}\n")
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
    counted = plural(errors, "error") if errors else "no errors"
    total = f"{plural(len(files), 'file')} checked, {counted}.\n"
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


def located(problems: Sequence[Problem]) -> Iterator[Located]:
    """Each problem with its place, in their order."""
    import hashlib  # noqa: PLC0415 - it loads OpenSSL, which texts do not need

    paths = from_root({problem.file for problem in problems})
    seen = Counter[tuple[str, str, str]]()
    for problem in problems:
        path = paths[problem.file]
        same = (path, problem.rule, problem.message)
        seen[same] += 1
        text = "\0".join((*same, str(seen[same])))
        digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
        hint = f"\nhint: {printable(problem.hint)}" if problem.hint else ""
        text = printable(problem.message) + hint
        yield Located(problem, path, max(problem.line, 1), text, digest[:32])


def from_root(files: Iterable[str]) -> Mapping[str, str]:
    """Paths from the root of the repository, or without one from the working directory. An absolute
    path to another place stays.
    """
    try:
        here = Path.cwd()
        folders = (here, *here.parents)
        root = next((folder for folder in folders if (folder / ".git").exists()), here)
        return {file: _from(root, here, file) for file in files}
    except (OSError, ValueError):
        return {file: file for file in files}


def _from(root: Path, here: Path, file: str) -> str:
    named = Path(os.path.normpath(here / file))
    for path in (named, named.parent.resolve() / named.name):
        if path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return file if Path(file).is_absolute() else os.path.relpath(named, root)
