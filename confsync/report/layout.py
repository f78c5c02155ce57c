"""Lines laid out in columns, in 80 columns where they can."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from confsync.report.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from confsync.report.lines import Line
    from confsync.sync.values import Change

WIDTH = 80
SOURCE = 72
"""The column that the place in a file ends at."""


def top_change(changes: tuple[Change, ...]) -> tuple[Change | None, tuple[Change, ...]]:
    """A change of the object's own variant, and the changes beside it."""
    if changes and not changes[0].path:
        return changes[0], changes[1:]
    return None, changes


def laid_out(lines: Iterable[Line], width: int, file: str) -> Iterator[str]:
    """Lines with their paths in a column of some width; of places in `file` only the number."""
    for line in lines:
        source = _source(line, file)
        head = f"  {line.sign} {line.path:<{width}}  "
        arrow = f"{line.before} → {line.after}" if line.before else line.after
        gap = SOURCE - len(head) - len(arrow) - len(source)
        if not source:
            yield f"{head}{arrow}".rstrip()
        elif gap >= 2 or not line.before:  # noqa: PLR2004 - two spaces keep columns apart
            yield f"{head}{arrow}{' ' * max(2, gap)}{source}"
        else:
            yield f"{head}{line.before}"
            second = f"{' ' * (len(head) - 2)}→ {line.after}"
            yield f"{second}{' ' * max(2, SOURCE - len(second) - len(source))}{source}"


def _source(line: Line, file: str) -> str:
    if not line.origin.line:
        return ""
    other = "" if line.origin.file == file else printable(line.origin.file)
    return f"{other}:{line.origin.line}"


def wrapped(text: str, indent: int) -> list[str]:
    """A sentence in lines of 80 columns, all but the first indented by four."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
