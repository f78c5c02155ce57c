"""YAML as people write it: any spacing, any quotes, and comments wherever YAML allows one.

A document is drawn from two sources of chance: one decides what is in which line, the other how it
is spaced, indented and quoted. So the same document can be written twice, differently.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias

Value: TypeAlias = "str | list[Value] | dict[str, Value] | None"

PLAIN = ("a", "5s", "redis://h:6379/0", "it's", "a b", "a#b", "größe", "-x", "x:y", "$(a)", "1a")
"""Texts that need no quotes anywhere."""
BLOCK_PLAIN = ("a, b", "x{y}", "a[0]", "a:?b")
"""Texts that need quotes within brackets."""
QUOTED = (
    *("", " a", "a ", "a: b", "a:", "a #b", "#a", "- a", "-", "? a", "@type", "*a", "&a", "!a"),
    *("%a", "`a`", "'a", '"a"', "|", ">", "{a", "[a]", ",", "null", "~", "Null", "yes", "No", "on"),
    *("y", "true", "FALSE", "0", "12", "-1", "1.5", ".5", "1e3", "0x1f", "0o7", "1_000", "1:30"),
    *(".inf", ".NaN", "2001-01-01", "2001-01-01 10:00:00", "<<", "=", "---", "..."),
)
"""Texts that need quotes everywhere."""
COMMENT = re.compile(r"#c[0-9][^\n]*")
"""A comment of a messy document. No text in one looks like it."""
WORDS = ("url", "urls", "timeout", "@type", "authSecret", "env", "größe", "on", "a b", "stores")


@dataclass(frozen=True)
class Messy:
    """A document, what it says, and its comments in their order."""

    text: str
    value: Value
    comments: tuple[str, ...]


def messy(what: int, how: int, *, wild: bool = True) -> Messy:
    """The document of two seeds. `wild`: with comments in lines of their own at any column, and
    with texts over several lines.
    """
    writer = _Writer(Random(what), Random(how), wild)  # noqa: S311 - chance for tests
    lines: list[str] = []
    if writer.chance(0.2):
        lines += [*writer.between(0), "---" + writer.tail()]
    inner, value = writer.mapping(writer.how.choice((0, 0, 0, 1, 2)), 0)
    lines += [*inner, *writer.between(0)]
    text = "\n".join(lines) + "\n"
    comments = COMMENT.findall(text)
    assert sorted(comments) == sorted(writer.comments)
    return Messy(text, value, tuple(comments))


@dataclass
class _Writer:
    what: Random
    how: Random
    wild: bool
    comments: list[str] = field(default_factory=list)
    limit: int = 8

    def chance(self, share: float) -> bool:
        return self.what.random() < share

    def comment(self) -> str:
        text = self.what.choice(("", " a: b", " - 'x", ' "', "  two  words", "#", " {", ": x"))
        self.comments.append(f"#c{len(self.comments)}{text}")
        return self.comments[-1]

    def spaces(self, least: int = 1) -> str:
        return " " * (least + self.how.choice((0, 0, 0, 1, 3)))

    def between(self, column: int) -> list[str]:
        """Blank lines, and comments in lines of their own; none that a text before takes in."""
        lines: list[str] = []
        while self.chance(0.25):
            if self.chance(0.4):
                lines.append(self.how.choice(("", "  ")) if self.limit else "")
            else:
                place = self.what.randrange(self.limit + 1) if self.wild else column
                lines.append(" " * place + self.comment())
        return lines

    def tail(self) -> str:
        """What stands at the end of a line."""
        return self.spaces() + self.comment() if self.chance(0.2) else self.spaces(0)

    def mapping(self, column: int, depth: int) -> tuple[list[str], Value]:
        lines: list[str] = []
        value: dict[str, Value] = {}
        for word in self.what.sample(WORDS, self.what.randint(1, 4)):
            lines += self.between(column)
            head = " " * column + self.scalar(word, plain=word not in {"@type", "on"})
            head += self.how.choice(("", "", " ")) + ":"
            inner, value[word] = self.entry(column, depth, key=True)
            lines += [head + inner[0], *inner[1:]]
        return lines, value

    def items(self, column: int, depth: int) -> tuple[list[str], Value]:
        lines: list[str] = []
        value: list[Value] = []
        for _ in range(self.what.randint(1, 3)):
            lines += self.between(column)
            inner, item = self.entry(column, depth, key=False)
            value.append(item)
            lines += [f"{' ' * column}-{inner[0]}", *inner[1:]]
        return lines, value

    def entry(self, column: int, depth: int, *, key: bool) -> tuple[list[str], Value]:
        """What stands behind a `:` or a `-`: the rest of the line, and more lines."""
        self.limit = 8
        deeper = column + self.how.randint(1, 4)
        kinds = ["scalar", "scalar", "null", "flow", "below"]
        kinds += ["mapping", "list"] if depth < 3 else []
        kinds += ["compact"] if depth < 3 and not key else []
        kinds += ["block", "folded"] if self.wild else []
        match self.what.choice(kinds):
            case "null":
                return [self.tail()], None
            case "flow":
                (first, *rest), value = self.flow(deeper, 0)
                return self.ended([self.spaces() + first, *rest]), value
            case "below":
                text, value = self.leaf()
                first, more = self.tail(), self.between(deeper)
                return [first, *more, " " * deeper + text + self.tail()], value
            case "mapping":
                first = self.tail()
                lines, value = self.mapping(deeper, depth + 1)
                return [first, *lines], value
            case "list":
                first = self.tail()
                flush = key and self.how.random() < 0.5
                lines, value = self.items(column if flush else deeper, depth + 1)
                return [first, *lines], value
            case "compact":
                gap = self.spaces()
                lines, value = self.compact(column + 1 + len(gap), depth + 1)
                return [gap + lines[0].lstrip(" "), *lines[1:]], value
            case "block":
                return self.block(column)
            case "folded":
                return self.folded(deeper)
            case _:
                text, value = self.leaf()
                return [self.spaces() + text + self.tail()], value

    def compact(self, column: int, depth: int) -> tuple[list[str], Value]:
        """A mapping that begins in the line of its `-`, so with no comment before it."""
        lines, value = self.mapping(column, depth)
        while not lines[0].strip() or lines[0].lstrip().startswith("#c"):
            if dropped := lines.pop(0).strip():
                self.comments.remove(dropped)
        return lines, value

    def flow(self, column: int, depth: int) -> tuple[list[str], Value]:
        """A mapping or a list in brackets, over one line or several."""
        if self.chance(0.5):
            value: dict[str, Value] = {}
            parts = [self.pair(column, depth, value) for _ in range(self.what.randint(0, 3))]
            return self.bracketed("{", parts, "}", column), value
        items: list[Value] = []
        parts = []
        for _ in range(self.what.randint(0, 3)):
            lines, item = self.flow_value(column, depth)
            items.append(item)
            parts.append(lines)
        return self.bracketed("[", parts, "]", column), items

    def pair(self, column: int, depth: int, value: dict[str, Value]) -> list[str]:
        word = f"k{len(value)}"
        head = self.scalar(word, plain=True) + self.how.choice(("", " ")) + ":" + self.spaces()
        (first, *rest), value[word] = self.flow_value(column, depth)
        return [head + first, *rest]

    def flow_value(self, column: int, depth: int) -> tuple[list[str], Value]:
        if depth < 2 and self.chance(0.2):
            return self.flow(column, depth + 1)
        text = self.what.choice((*PLAIN, *BLOCK_PLAIN, *QUOTED))
        return [self.scalar(text, plain=text in PLAIN)], text

    def bracketed(self, start: str, parts: list[list[str]], end: str, column: int) -> list[str]:
        lines = [start]
        for number, part in enumerate(parts):
            self.broken(lines, column)
            lines[-1] += self.spaces(0) + part[0]
            lines += part[1:]
            if number < len(parts) - 1 or self.chance(0.1):
                lines[-1] += self.spaces(0) + ","
        self.broken(lines, column)
        lines[-1] += self.spaces(0) + end
        return lines

    def broken(self, lines: list[str], column: int) -> None:
        """Perhaps a new line within brackets."""
        if self.chance(0.15):
            lines[-1] += self.spaces(0)
            lines += [*self.between(column), " " * (column + self.how.randint(0, 3))]

    def ended(self, lines: list[str]) -> list[str]:
        return [*lines[:-1], lines[-1] + self.tail()]

    def leaf(self) -> tuple[str, Value]:
        text = self.what.choice((*PLAIN, *BLOCK_PLAIN, *QUOTED))
        return self.scalar(text, plain=text not in QUOTED), text

    def scalar(self, text: str, *, plain: bool) -> str:
        single = "'" + text.replace("'", "''") + "'"
        double = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        choices = [single, double, text] if plain else [single, double]
        return self.how.choice(choices)

    def block(self, column: int) -> tuple[list[str], Value]:
        """A text behind `|`: its lines count, their common indentation does not."""
        deeper = self.how.randint(1, 4)
        digit, chomp = self.how.choice(("", str(deeper))), self.what.choice(("", "-"))
        content = self.what.choice((["x"], ["x", "", "  y", "# no comment"], ["a: b", "", "- c"]))
        head = self.spaces() + "|" + self.how.choice((digit + chomp, chomp + digit)) + self.tail()
        lines = [" " * (column + deeper) + line if line else "" for line in content]
        self.limit = 0
        return [head, *lines], "\n".join(content) + ("" if chomp else "\n")

    def folded(self, column: int) -> tuple[list[str], Value]:
        """A text over several lines: each line break with what is around it is a space."""
        words = self.what.sample(("ab", "c-d", "e,f", "it's"), 3)
        quote = self.what.choice(("", "'", '"'))
        text = [word.replace("'", "''") if quote == "'" else word for word in words]
        lines = [f"{' ' * self.how.randint(column, column + 2)}{word}{quote}" for word in text[-1:]]
        inner = [" " * self.how.randint(column, column + 2) + text[1] + self.spaces(0)]
        return self.ended([self.spaces() + quote + text[0], *inner, *lines]), " ".join(words)
