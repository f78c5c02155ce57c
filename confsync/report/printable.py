"""Text from outside, fit for terminals and programs: scrubbed, cut, wrapped, coloured."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from confsync.sync.scrub import scrubbed, visible, without_brackets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from confsync.yaml.emit import Plain

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"
T = TypeVar("T")

WIDTH = 80  # columns of a line; read in this module alone, so that tests can try every width
MARGIN = 8  # columns behind the places in files
MOST = 1000  # items of a list, or lines of a report, from a server
_LONGEST = 500  # characters of a text for people
_LONGEST_VALUE = 64 * 1024  # characters of a text for programs: longer than a server's answer
_COLOURS = {"  + ": "32", "  - ": "31", "  ~ ": "33", "  ! ": "35"}


def printable(text: str, longest: int = _LONGEST) -> str:
    r"""The text without secrets; invisible characters and commands to a CI runner become escapes
    like `\x1b`. A text over 500 characters, or `longest`, is cut and ends in `…`.
    """
    clean = scrubbed(text)
    return one_line(clean if len(clean) <= longest else f"{clean[:longest]}…")


def one_line(text: str, *, keep: str = "") -> str:
    """Scrubbed text with the escapes of `printable`, of any length. `keep`: characters to keep."""
    return without_brackets(visible(text, keep=keep), "\\x23")


def data_text(text: str) -> str:
    """Text for programs, without secrets. A text over 64 Ki characters is cut, with a note."""
    clean = scrubbed(text)
    more = len(clean) - _LONGEST_VALUE
    return clean if more <= 0 else f"{clean[:_LONGEST_VALUE]}… and {more} more characters"


def json_text(document: object) -> str:
    r"""A JSON document, with `\u0023` for the first `#` of `##[`, `##vso[` and the like."""
    return without_brackets(json.dumps(document, indent=2), "\\u0023") + "\n"


def shown(document: Mapping[str, Plain]) -> dict[str, Plain]:
    """A document for programs, like `shown_value`. Names of fields and variants stay unchanged."""
    return {
        name: value if name == "@type" else shown_value(value) for name, value in document.items()
    }


def shown_value(value: Plain) -> Plain:
    """A value of a file, for programs: texts as `data_text`, long lists cut with a note."""
    match value:
        case str():
            return data_text(value)
        case dict():
            return shown(value)
        case list():
            return [*map(shown_value, cut(value))]
        case _:
            return value


def cut(items: Sequence[T], most: int = MOST) -> list[T | str]:
    """The first items; a note stands for the others."""
    left = len(items) - most
    return [*items[:most], *([f"… and {left:,} more"] if left > 0 else [])]


def data_texts(**texts: str) -> dict[str, Json]:
    """Texts by their names, each as `data_text`."""
    return {name: data_text(text) for name, text in texts.items()}


def plural(number: int, what: str) -> str:
    """`1 change`, `2 changes`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def columns(taken: int) -> int:
    """Columns of a line that are left beside `taken` ones, at least 1."""
    return max(WIDTH - taken, 1)


def wrapped(text: str, first: str = "", rest: str = "", *, narrower: int = 0) -> list[str]:
    """The lines of a text, `first` and `rest` before them. No word is broken."""
    from textwrap import wrap  # noqa: PLC0415 - a success may need none

    return wrap(
        text,
        max(WIDTH - narrower, len(first) + 1, len(rest) + 1),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def paragraph(text: str, *, narrower: int = 0) -> str:
    """A wrapped text that ends in a newline."""
    return "\n".join([*wrapped(text, narrower=narrower), ""])


def at_right(text: str, source: str) -> str:
    """A line with a place in a file at its right."""
    return f"{text}{' ' * max(2, WIDTH - MARGIN - len(text) - len(source))}{source}"


def coloured(text: str) -> str:
    """A finished report with each difference in the colour of its sign (ANSI SGR)."""
    lines = ((_COLOURS.get(line[:4]), line) for line in text.split("\n"))
    return "\n".join(f"\x1b[{colour}m{line}\x1b[0m" if colour else line for colour, line in lines)
