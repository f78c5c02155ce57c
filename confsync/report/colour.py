"""Colour for plans in a terminal: added to finished text, so that both say the same."""

from __future__ import annotations

_COLOURS = {"  + ": "32", "  - ": "31", "  ~ ": "33", "  ! ": "35"}


def coloured(text: str) -> str:
    """The text with each difference in the colour of its sign (ANSI SGR)."""
    return "".join(_line(line) for line in text.splitlines(keepends=True))


def _line(line: str) -> str:
    colour = _COLOURS.get(line[:4])
    body = line.rstrip("\n")
    return f"\x1b[{colour}m{body}\x1b[0m{line[len(body) :]}" if colour else line
