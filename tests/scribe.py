"""Files as people write them: a document in one of many hands, with comments in every position."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.states import TYPE, Json

if TYPE_CHECKING:
    from random import Random

_PLAIN = re.compile(r"[a-z]+(://[a-z.]+(:[0-9]+)?(/[0-9])?)?|([0-9]+(d|h|m|ms|s))+")
OBJECT = 2
"""The steps to a field of the object: what is around others may go."""
_WORDS = {"null", "true", "false", "y", "n", "yes", "no", "on", "off"}


@dataclass(frozen=True)
class Note:
    """A comment, and the path of what it stands at; free ones stand at what is around them."""

    text: str
    path: tuple[str | int, ...]


@dataclass
class Scribe:
    """Writes a document. `comments`: how many of the places for a comment have one, in percent.

    `brace`: the whole document stands in braces, so that fields share lines.
    """

    random: Random
    comments: int = 30
    notes: list[Note] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.step = self.random.choice([2, 2, 4, 3])
        self.dash = self.random.choice([0, 2, self.step])
        self.quote = self.random.choice("'\"")
        self.brace = False

    def written(self, document: Json) -> str:
        lines = [*self.free(0, ())]
        if self.often(10):
            lines.append("---")
        self.brace = self.often(12)
        if self.brace:
            lines.append(self.flow(document, ()))
        else:
            lines += self.mapping(document, 0, ())
        lines += self.free(0, ())
        if self.often(12):
            lines.append("...")
        text = "\n".join(lines) + ("" if self.often(8) else "\n")
        return text.replace("\n", "\r\n") if self.often(8) else text

    def often(self, rarity: int) -> bool:
        return self.random.randrange(rarity) == 0

    def note(self, path: tuple[str | int, ...]) -> str | None:
        if self.random.randrange(100) >= self.comments:
            return None
        odd = self.random.choice(["", "", ": x", "'", ' "', " - a", " {", "ü #"])
        text = f"# note {len(self.notes)}{odd}"
        self.notes.append(Note(text, path))
        return text

    def free(self, column: int, path: tuple[str | int, ...]) -> list[str]:
        """Comments that belong to nothing but what is around them, between empty lines."""
        lines = []
        path = path if len(path) < OBJECT else (*path, "")
        while self.often(4):
            lines += [""] if self.often(2) else []
            text = self.note(path)
            if text is not None:
                lines += [" " * column + text, ""]
        return lines

    def ending(self, path: tuple[str | int, ...]) -> str:
        text = self.note(path)
        return "" if text is None else f"{' ' * self.random.choice([1, 2, 5])}{text}"

    def above(self, column: int, path: tuple[str | int, ...]) -> list[str]:
        return [" " * column + text for _ in range(2) if (text := self.note(path)) is not None]

    def mapping(self, value: Json, column: int, path: tuple[str | int, ...]) -> list[str]:
        lines: list[str] = []
        for key, member in value.items():
            here = (*path, key)
            lines += self.free(column, path) + self.above(column, here)
            lines += self.entry(key, member, column, here)
        return lines

    def entry(self, key: str, value: Any, column: int, path: tuple[str | int, ...]) -> list[str]:  # noqa: ANN401
        head = f"{' ' * column}{self.key(key)}:"
        block = isinstance(value, dict | list) and value and (not self.often(3) or len(path) == 1)
        if not block:
            return self.inline(head, value, column, path)
        lines = [head + self.ending(path)]
        if isinstance(value, dict):
            lines += self.mapping(value, column + self.step, path)
        else:
            lines += self.items(value, column + self.dash, path)
        # Deeper behind a block text, a comment would be a part of it.
        deep = column + (1 if any(" |-" in line for line in lines) else self.step + 1)
        return lines + [" " * deep + text for text in [self.note((*path, ""))] if text is not None]

    def inline(self, head: str, value: Any, column: int, path: tuple[str | int, ...]) -> list[str]:  # noqa: ANN401
        if value is None and self.often(3):
            return [head + self.ending(path)]
        if isinstance(value, str) and value.isalpha() and self.often(8):
            folded = [f"{head} |-{self.ending(path)}", f"{' ' * (column + 2)}{value}"]
            return folded + ([""] if self.often(2) else [])
        lines = f"{head} {self.flow(value, path)}{self.ending(path)}".split("\n")
        return [lines[0], *(" " * (column + 1) + line for line in lines[1:])]

    def items(self, value: list[Any], column: int, path: tuple[str | int, ...]) -> list[str]:
        lines: list[str] = []
        for index, item in enumerate(value):
            here = (*path, index)
            lines += self.free(column, path) + self.above(column, here)
            margin = " " * column
            if isinstance(item, dict) and not self.often(4):
                first, *rest = self.mapping_of_item(item, column + 2, here)
                lines += [f"{margin}- {first[column + 2 :]}", *rest]
            else:
                lines += self.inline(f"{margin}-", item, column, here)
        return lines

    def mapping_of_item(self, item: Json, column: int, path: tuple[str | int, ...]) -> list[str]:
        (key, first), *rest = item.items()
        lines = self.entry(key, first, column, (*path, key))
        return lines + self.mapping(dict(rest), column, path)

    def flow(self, value: Any, path: tuple[str | int, ...]) -> str:  # noqa: ANN401
        match value:
            case dict():
                parts = [
                    f"{self.key(key)}: {self.flow(part, (*path, key))}"
                    for key, part in value.items()
                ]
                return self.brackets("{", parts, "}", path)
            case list():
                parts = [self.flow(part, (*path, n)) for n, part in enumerate(value)]
                return self.brackets("[", parts, "]", path)
            case _:
                return self.scalar(value)

    def brackets(self, start: str, parts: list[str], end: str, path: tuple[str | int, ...]) -> str:
        """In one line, or over several with comments; with a comma too many now and then."""
        if not parts or not self.often(4):
            comma = "," if parts and self.often(8) else ""
            return f"{start}{', '.join(parts)}{comma}{end}"
        lines = [start + self.ending((*path, ""))]
        for number, part in enumerate(parts):
            comma = "," if number < len(parts) - 1 or self.often(3) else ""
            lines += self.above(2, (*path, ""))
            lines.append(f"  {part}{comma}{self.ending((*path, ''))}")
        return "\n".join([*lines, end])

    def key(self, name: str) -> str:
        return f"{self.quote}{name}{self.quote}" if name == TYPE or self.often(9) else name

    def scalar(self, value: object) -> str:
        match value:
            case None:
                return self.random.choice(["null", "~"])
            case bool():
                return "true" if value else "false"
            case int():
                return str(value)
            case str() if _PLAIN.fullmatch(value) and value not in _WORDS and not self.often(3):
                return value
            case str() if value.isprintable() and "\ufeff" not in value and self.often(2):
                doubled = value.replace("'", "''")
                return f"'{doubled}'"
            case _:
                return f'"{"".join(map(_character, str(value)))}"'


def _character(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character == " " or (character.isprintable() and character != "\ufeff"):
        return character
    return f"\\U{ord(character):08x}"
