"""Lines laid out in columns and wrapped: in 80 columns where they can."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from confsync.report.printable import cut, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from confsync.report.lines import Line
    from confsync.sync.values import Change

WIDTH = 80
"""Columns of a line. Nothing else knows it, so that tests can try every width."""

_MARGIN = 8
"""Columns behind the places in files, which end there."""


def top_change(changes: tuple[Change, ...]) -> tuple[Change | None, tuple[Change, ...]]:
    """A change of the object's own variant, and the changes beside it."""
    if changes and not changes[0].path:
        return changes[0], changes[1:]
    return None, changes


def laid_out(lines: Iterable[Line], width: int, file: str) -> Iterator[str]:
    """Lines with their paths in a column of some width; of places in `file` only the number."""
    kept, more = cut(tuple(lines))
    for line in kept:
        source = _source(line, file)
        head = f"  {line.sign} {line.path:<{width}}  "
        arrow = f"{line.before} → {line.after}" if line.before else line.after
        gap = WIDTH - _MARGIN - len(head) - len(arrow) - len(source)
        if not source:
            yield f"{head}{arrow}".rstrip()
        elif gap >= 2 or not line.before:  # noqa: PLR2004 - two spaces keep columns apart
            yield f"{head}{arrow}{' ' * max(2, gap)}{source}"
        else:
            yield f"{head}{line.before}"
            second = f"{' ' * (len(head) - 2)}→ {line.after}"
            yield with_source(second, source)
    if more:
        yield f"  {more}"


def with_source(text: str, source: str) -> str:
    """A line with a place in a file at its right."""
    return f"{text}{' ' * max(2, WIDTH - _MARGIN - len(text) - len(source))}{source}"


def _source(line: Line, file: str) -> str:
    if not line.origin.line:
        return ""
    other = "" if line.origin.file == file else printable(line.origin.file)
    return f"{other}:{line.origin.line}"


def wrapped(text: str, first: str = "", rest: str = "", *, narrower: int = 0) -> list[str]:
    """A text in lines: `first` before the first one, `rest` before the others. Words stay whole."""
    return textwrap.wrap(
        text,
        max(WIDTH - narrower, len(first) + 1, len(rest) + 1),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def excerpt_width(gutter: str) -> int:
    """The columns that are left behind a gutter."""
    return max(WIDTH - len(gutter), 1)
