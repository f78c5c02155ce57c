"""New YAML text: when a text needs quotes, and values in the style of a file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.sync.scrub import has_brackets, is_visible, visible, without_brackets
from confsync.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from confsync.yaml.edit_script import Plain

# YAML's own marks, and what some reader takes for something else: `:word` is a symbol in Ruby.
_MARK = re.compile(r"""[\]\[{},#&*!|>'"%@`?:]|-(?: |$)|---|\.\.\.""")
WORD_PROCESSOR = "\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb"
"""Quotes of word processors: confsync refuses a text without quotes that begins with one."""
_BREAK = re.compile(r": |:$| #|^ | $")
_FLOW = re.compile(r"[\]\[{},]|:\?")
_WORD = re.compile(r"null|true|false|yes|no|on|off|y|n|[-+]?\.(?:inf|nan)", re.IGNORECASE)
# Numbers of all kinds, with colons (base 60) and commas too, and dates.
_NUMBER = re.compile(r"[-+.0-9][-+.,:_0-9]*(?:[eE][-+.]?[0-9_]+)?|[-+]?0[xobXOB][0-9a-fA-F_]+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?")
_LONGEST_KEY = 1000
"""Readers take a longer text for a key only behind a `?`."""


def is_plain(text: str, *, flow: bool = False) -> bool:
    """True if every reader of YAML 1.1 and 1.2 reads a text without quotes as that text.

    `flow`: the text stands within brackets or braces.
    """
    return bool(
        text
        and is_visible(text)
        and not (flow and _FLOW.search(text))
        and text[0] not in WORD_PROCESSOR
        and not _MARK.match(text)
        and not _BREAK.search(text)
        and not is_ambiguous(text)
    )


def is_ambiguous(text: str) -> bool:
    """True if some reader takes a text without quotes for null, a boolean, a number or a date."""
    return (
        text in {"", "~", "=", "<<"}
        or _WORD.fullmatch(text) is not None
        or _NUMBER.fullmatch(text) is not None
        or _DATE.fullmatch(text) is not None
    )


def quoted(text: str, quote: str = "'") -> str:
    """A text in quotes: in double ones if `quote` is one, or if it has characters to escape."""
    if quote == '"' or not is_visible(text):
        inner = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{visible(inner, escape=_escape)}"'
    return "'" + text.replace("'", "''") + "'"


def _escape(character: str) -> str:
    """A character by its number, as all readers of YAML know it."""
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - four digits


@dataclass(frozen=True)
class Style:
    """The style of a file. The default is the canonical form of `fmt`.

    `step`: the columns from a key to the keys under it; `dash`: to the dashes of a list under it.
    `key_quote`: the quotes of keys that need some, like `@type`. `json`: every text is in double
    quotes. `shown`: for people; no text is a command to a CI runner.
    """

    newline: str = "\n"
    step: int = 2
    dash: int = 2
    key_quote: str = "'"
    json: bool = False
    shown: bool = False

    def document(self, value: Mapping[str, Plain]) -> str:
        """A whole document."""
        lines = [line for entry in value.items() for line in self.member(*entry, 0)]
        return "".join(f"{line}{self.newline}" for line in lines)

    def member(self, key: str | None, value: Plain, column: int) -> Iterator[str]:
        """The lines of an entry, or of an item (`key` is None), from a column on (from 0)."""
        if key is None:
            yield from self._item(value, column)
            return
        name, margin = self._key(key, flow=False), " " * column
        if len(name) > _LONGEST_KEY:
            yield f"{margin}? {name}"
            name = ""
        if not value or not isinstance(value, dict | list) or _is_reference(value):
            yield f"{margin}{name}: {self.inline(value)}"
            return
        yield f"{margin}{name}:"
        if isinstance(value, dict):
            for inner, member in value.items():
                yield from self.member(inner, member, column + self.step)
        else:
            for item in value:
                yield from self._item(item, column + self.dash)

    def _item(self, value: Plain, column: int) -> Iterator[str]:
        margin = " " * column
        if not value or not isinstance(value, dict) or _is_reference(value):
            yield f"{margin}- {self.inline(value)}"
            return
        lines = (line for entry in value.items() for line in self.member(*entry, column + 2))
        for number, line in enumerate(lines):
            yield line if number else f"{margin}- {line[column + 2 :]}"

    def inline(self, value: Plain, quote: str = "", *, flow: bool = False) -> str:
        """A value in one line. `quote`: the quotes of a text, or empty for those that it needs.
        `flow`: the value stands within brackets or braces.
        """
        match value:
            case None:
                return "null"
            case bool():
                return "true" if value else "false"
            case int():
                return str(value)
            case str():
                return self._text(value, quote, flow=flow)
            case list():
                return f"[{', '.join(self.inline_member(None, item, quote) for item in value)}]"
            case dict():
                return f"{{{', '.join(self.inline_member(*entry) for entry in value.items())}}}"

    def inline_member(self, key: str | None, value: Plain, quote: str = "") -> str:
        """An entry, or an item (`key` is None) with the quotes given, within brackets or braces."""
        if key is None:
            return self.inline(value, quote, flow=True)
        return f"{self._key(key, flow=True)}: {self.inline(value, flow=True)}"

    def _key(self, name: str, *, flow: bool) -> str:
        return self._text(name, "" if is_plain(name, flow=flow) else self.key_quote, flow=flow)

    def _text(self, value: str, quote: str, *, flow: bool) -> str:
        if self.shown and has_brackets(value):
            return without_brackets(quoted(value, '"'), "\\x23")
        if not self.json and not quote and is_plain(value, flow=flow):
            return value
        return quoted(value, '"' if self.json else quote)


def _is_reference(value: dict[str, Plain] | list[Plain]) -> bool:
    """True for a mapping like `{env: NAME}`, which is written in one line."""
    return isinstance(value, dict) and len(value) == 1 and "@type" not in value


def yaml_text(document: Mapping[str, Plain]) -> str:
    """A document in canonical form, for people and for new files: `fmt` changes nothing in it."""
    return Style(shown=True).document(document)


def style_of(source: str, document: MappingNode) -> Style:
    """The style of a file: line ends, indentation and quotes, each as in the first place that
    shows it. `document` was read from `source`.
    """
    mappings = list(_mappings(document))
    nested = [
        (value, value.mark.column - key.mark.column)
        for mapping in mappings
        for key, value in mapping.entries
        if not isinstance(value, ScalarNode) and not value.span.flow
    ]
    steps = [column for node, column in nested if isinstance(node, MappingNode) and column > 0]
    dashes = [column for node, column in nested if isinstance(node, SequenceNode)]
    keys = [key for mapping in mappings for key, _ in mapping.entries]
    first = source[keys[0].span.start] if keys else ""
    quotes = (source[key.span.start] for key in keys if key.text.startswith("@"))
    step = next(iter(steps), 2)
    return Style(
        newline="\r\n" if "\r\n" in source else "\n",
        step=step,
        dash=next(iter(dashes), step),
        key_quote=next((quote for quote in quotes if quote in "'\""), "'"),
        json=document.span.flow and first == '"',
    )


def _mappings(node: Node) -> Iterator[MappingNode]:
    match node:
        case MappingNode():
            yield node
            for _, value in node.entries:
                yield from _mappings(value)
        case SequenceNode():
            for item in node.items:
                yield from _mappings(item)
        case _:
            pass
