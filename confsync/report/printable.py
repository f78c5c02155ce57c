"""Text from outside, fit for terminals and programs: scrubbed, cut, wrapped, coloured."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from confsync.sync.scrub import scrubbed, visible, without_brackets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from confsync.yaml.emit import Plain

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
T = TypeVar("T")

FORMAT_VERSION = "1"
WIDTH = 80  # columns of a line without a terminal
MOST = 1000  # items of a list, or lines of a report, from a server
_LONGEST = 500  # characters of a text for people
_LONGEST_VALUE = 64 * 1024  # characters of a text for programs: longer than a server's answer
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


@dataclass(frozen=True)
class Look:
    """Layout of text for people: `width` in columns; `color`: with ANSI SGR codes; `people`: for a
    terminal, with excerpts of files, blank lines and no line wider than `width`; `each`: every
    target by itself, also if it equals another one.
    """

    width: int = WIDTH
    color: bool = False
    people: bool = False
    each: bool = False

    def paint(self, style: str, text: str) -> str:
        """The text in a colour, bold or dim."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.color and style and text else text


PLAIN = Look()


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


def versioned_text(content: Mapping[str, Json]) -> str:
    """A JSON document (docs/json.md) with the version of its format."""
    return json_text({"format_version": FORMAT_VERSION, **content})


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


def wrapped(
    text: str, first: str = "", rest: str = "", *, look: Look = PLAIN, style: str = ""
) -> list[str]:
    """The lines of a text, `first` and `rest` before them. No word is broken."""
    from textwrap import wrap  # noqa: PLC0415 - a success may need none

    lines = wrap(
        text,
        max(look.width, len(first) + 1, len(rest) + 1),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [look.paint(style, line) for line in lines]


def paragraph(text: str, look: Look, style: str = "") -> str:
    """A wrapped text that ends in a newline."""
    return "".join(f"{line}\n" for line in wrapped(text, look=look, style=style))
