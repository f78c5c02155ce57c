"""New values as text, in the manner of the file that they come into."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.files.quoting import escaped
from confsync.sync.characters import is_visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from confsync.sync.revision import Plain

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./:@+?=&%#~-]*|[1-9][0-9]*[a-z]+([0-9]+[a-z]+)*")
_OTHERWISE = re.compile(
    r"true|false|null|yes|no|on|off|y|n|[0-9]+e[0-9]+|.*:", re.IGNORECASE | re.DOTALL
)
"""What would be read as something else, or as a key."""


@dataclass(frozen=True)
class Style:
    """How a file is written.

    `step`: the columns between a key and the keys under it; `dash`: those to the dashes of a list
    under it. `type_quote`: the quotes of `@type`. `json`: every text stands in double quotes.
    """

    newline: str
    step: int = 2
    dash: int = 2
    type_quote: str = "'"
    json: bool = False

    def key(self, name: str) -> str:
        """A key."""
        if self.json:
            return _double(name)
        return f"{self.type_quote}{name}{self.type_quote}" if name.startswith("@") else name

    def inline(self, value: Plain, quote: str = "") -> str:
        """A value in one line. `quote`: the quotes of a text, where it can have them."""
        match value:
            case None:
                return "null"
            case bool():
                return "true" if value else "false"
            case int():
                return str(value)
            case str():
                return _text(value, '"' if self.json else quote)
            case list():
                return f"[{', '.join(self.inline(item, quote) for item in value)}]"
            case dict():
                return f"{{{', '.join(self.pair(*entry) for entry in value.items())}}}"

    def pair(self, name: str, value: Plain) -> str:
        """An entry in one line."""
        return f"{self.key(name)}: {self.inline(value)}"

    def entry(self, name: str, value: Plain, column: int) -> Iterator[str]:
        """The lines of an entry whose key stands in a column, counted from 0."""
        margin = " " * column
        if isinstance(value, dict) and not _is_reference(value):
            yield f"{margin}{self.key(name)}:"
            for inner, member in value.items():
                yield from self.entry(inner, member, column + self.step)
        elif isinstance(value, list) and value:
            yield f"{margin}{self.key(name)}:"
            for item in value:
                yield from self.item(item, column + self.dash)
        else:
            yield f"{margin}{self.pair(name, value)}"

    def item(self, value: Plain, column: int) -> Iterator[str]:
        """The lines of an item whose dash stands in a column, counted from 0."""
        margin = " " * column
        if not isinstance(value, dict) or _is_reference(value):
            yield f"{margin}- {self.inline(value)}"
            return
        lines = (line for entry in value.items() for line in self.entry(*entry, column + 2))
        for number, line in enumerate(lines):
            yield line if number else f"{margin}- {line[column + 2 :]}"

    def document(self, value: Mapping[str, Plain]) -> str:
        """A document of its own."""
        lines = [line for entry in value.items() for line in self.entry(*entry, 0)]
        return "".join(f"{line}{self.newline}" for line in lines)


def _is_reference(value: Mapping[str, Plain]) -> bool:
    """Whether a mapping is so small that it stands in one line."""
    return len(value) == 1 and "@type" not in value


def _text(value: str, quote: str) -> str:
    if not is_visible(value) or quote == '"':
        return _double(value)
    if not quote and _PLAIN.fullmatch(value) and not _OTHERWISE.fullmatch(value):
        return value
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def _double(value: str) -> str:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    one_line = escaped(quoted).replace("\n", "\\u000a")
    return f'"{one_line}"'
