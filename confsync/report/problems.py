"""Problems of files as text, and their places for code hosts."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from confsync.report.printable import PLAIN, plural, printable, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from confsync.errors import Excerpt, Problem
    from confsync.report.printable import Look
    from confsync.sync.values import Finding

_CUT = "…"
_STYLES = {"error": "red", "warning": "yellow", "note": "cyan"}
_UNREAD = {"no-such-file", "unreadable"}


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


def problems_text(problems: Iterable[Problem], look: Look = PLAIN) -> str:
    """The texts of problems. For people: a blank line behind each."""
    gap = "\n" if look.people else ""
    return "".join(f"{problem_text(problem, look)}{gap}" for problem in problems)


def problem_text(problem: Problem, look: Look) -> str:
    """`file:line:column: error: fact [rule]`, and the hint in a line of its own.

    For people: the line of the file too, with a caret.
    """
    numbers = "".join(f":{number}" for number in (problem.line, problem.column) if number)
    place = f"{printable(problem.file)}{numbers}: " if problem.file else ""
    excerpt = problem.excerpt if look.people else None
    shown = () if excerpt is None else _excerpt(problem.line, excerpt, look)
    return remark_text(problem, place, look, shown)


def remark_text(
    remark: Problem | Finding, place: str, look: Look, excerpt: Iterable[str] = ()
) -> str:
    """Place, severity, fact and rule in one line, then the excerpt, then the hint.

    For people lines are wrapped.
    """
    severity = f"{remark.severity}: "
    accepted = ", accepted" if remark.risk and remark.severity == "warning" else ""
    fact = f"{place}{severity}{printable(remark.message)} [{remark.rule}{accepted}]"
    hint = f"hint: {printable(remark.hint)}"
    lines, hints = [fact], [f"  {hint}"] if remark.hint else []
    if look.people:
        lines = wrapped(fact, "", "    ", look=look)
        hints = wrapped(hint, "  ", "    ", look=look) if remark.hint else []
    if lines[0].startswith(f"{place}{severity}"):
        rest = lines[0].removeprefix(f"{place}{severity}")
        style = _STYLES[remark.severity]
        lines[0] = f"{look.paint('bold', place)}{look.paint(style, severity)}{rest}"
    if hints:
        hints[0] = hints[0].replace("hint:", look.paint("cyan", "hint:"), 1)
    return "".join(f"{line}\n" for line in (*lines, *excerpt, *hints))


def verdict_text(files: Sequence[str], problems: Sequence[Problem], look: Look = PLAIN) -> str:
    """The result of a validation: the problems, and a line that counts them."""
    unread = len({one.file for one in problems if one.rule in _UNREAD})
    parts = []
    if checked := len(files) - unread:
        found = Counter(one.severity for one in problems if one.rule not in _UNREAD)
        counts = [plural(found["error"], "error") if found["error"] else "no errors"]
        if found["warning"]:
            counts.append(plural(found["warning"], "warning"))
        parts.append(f"{plural(checked, 'file')} checked, {', '.join(counts)}")
    if unread:
        parts.append(f"{plural(unread, 'file')} could not be read")
    total = look.paint("bold", f"{'; '.join(parts) or 'no files checked'}.")
    return f"{problems_text(problems, look)}{total}\n"


def _excerpt(number: int, excerpt: Excerpt, look: Look) -> Iterator[str]:
    """The numbered line with a caret below it. A long line is cut around the caret."""
    gutter = f"  {number} | "
    line, caret, width = excerpt.line, excerpt.caret, max(look.width - len(gutter), 1)
    if len(line) > width:
        start = max(0, min(caret - width // 2, len(line) - width))
        part, caret = line[start : start + width], caret - start
        before = _CUT if start else ""
        behind = _CUT if start + width < len(line) else ""
        line = f"{before}{part[len(before) : len(part) - len(behind)]}{behind}"
    yield f"{look.paint('dim', gutter)}{line}"
    below = f"{' ' * (len(gutter) - 2)}| "
    yield f"{look.paint('dim', below)}{' ' * (caret - 1)}{look.paint('red', '^')}"


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
