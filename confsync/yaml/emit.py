"""New YAML text: when a text needs quotes, and values in the style of a file."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from confsync.sync.scrub import has_brackets, is_visible, visible, without_brackets
from confsync.yaml.nodes import MappingNode, ScalarNode, SequenceNode, nodes_within

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from confsync.sync.tree import Path

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"

WORD_PROCESSOR = "\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb"
"""Quotes of word processors: confsync refuses a text without quotes that starts with one."""
# YAML's own marks, and what some reader takes for something else: `:word` is a symbol in Ruby.
_NEEDS_QUOTES = r"""^(?:[\]\[{},#&*!|>'"%@`?: ]|-(?: |$)|---|\.\.\.)|: |:$| #| $"""
_NEEDS_QUOTES_IN_BRACKETS = r"[\]\[{},]|:\?"
# Words; numbers of all kinds, with colons (base 60) and commas too; dates.
_AMBIGUOUS = (
    r"|[~=]|<<|(?i:null|true|false|yes|no|on|off|y|n|[-+]?\.(?:inf|nan))"
    r"|[-+.0-9][-+.,:_0-9]*(?:[eE][-+.]?[0-9_]+)?|[-+]?0[xobXOB][0-9a-fA-F_]+"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?"
)
_LONGEST_KEY = 1000
"""Readers accept a longer text as a key only after a `?`."""


def is_plain(text: str, *, flow: bool = False) -> bool:
    """True if every reader of YAML 1.1 and 1.2 reads a text without quotes as that text, within
    brackets or braces (`flow`) too.
    """
    return (
        is_visible(text)
        and not is_ambiguous(text)
        and text[0] not in WORD_PROCESSOR
        and not (flow and re.search(_NEEDS_QUOTES_IN_BRACKETS, text))
        and not re.search(_NEEDS_QUOTES, text)
    )


def is_ambiguous(text: str) -> bool:
    """True if some reader takes a text without quotes for null, a boolean, a number or a date."""
    return re.fullmatch(_AMBIGUOUS, text) is not None


def quoted(text: str, quote: str = "'") -> str:
    """A text in quotes: in double ones if `quote` is one, or if it has characters to escape."""
    if quote == '"' or not is_visible(text):
        inner = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{visible(inner, escape=_escape)}"'
    return "'" + text.replace("'", "''") + "'"


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - four digits


@dataclass(frozen=True)
class Style:
    """The style of a file. The default is the canonical form of `fmt`.

    `step`: columns from a key to the keys under it; `dash`: to the dashes under it. `key_quote`:
    the quotes of keys that need some, like `@type`. `json`: every text is in double quotes.
    `shown`: for people; no text is a command to a CI runner.
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
        return (line for line, _ in self.placed(key, value, column, ()))

    def placed(
        self, key: str | None, value: Plain, column: int, path: Path
    ) -> Iterator[tuple[str, Path | None]]:
        """The lines of `member`, each with the path of its value; None for a line without one.
        `path`: that of the entry.
        """
        start = " " * column
        name = "-" if key is None else f"{self._key(key, flow=False)}:"
        if len(name) > _LONGEST_KEY + 1:
            yield f"{start}? {name[:-1]}", path
            name = ":"
        match value:
            case dict() if not _is_short(value) or (value and not column and key is not None):
                below = column + (2 if key is None else self.step)
                entries = value.items()
                lines = [one for k, v in entries for one in self.placed(k, v, below, (*path, k))]
                first: tuple[str, Path | None] = f"{start}{name}", None
                if key is None:
                    line, at = lines.pop(0)
                    first = f"{start}{name} {line[below:]}", at
                yield from (first, *lines)
            case list() if value and key is not None:
                yield f"{start}{name}", None
                for index, item in enumerate(value):
                    yield from self.placed(None, item, column + self.dash, (*path, index))
            case _:
                # Of a short mapping the only entry.
                at = (*path, *value) if isinstance(value, dict) else path
                yield f"{start}{name} {self.inline(value)}", at

    def inline(self, value: Plain, quote: str = "", *, flow: bool = False) -> str:
        """A value in one line. `quote`: quotes of a text; empty: as needed. `flow`: in brackets."""
        match value:
            case None | bool() | int() | float():
                return json.dumps(value)
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


def _is_short(value: Mapping[str, Plain]) -> bool:
    """True for an empty mapping, and for one like `{env: NAME}`."""
    return (
        len(value) <= 1
        and not any(isinstance(one, dict) for one in value.values())
        and "@type" not in value
    )


def yaml_text(document: Mapping[str, Plain]) -> str:
    """A document in canonical form, for people and for new files: `fmt` changes nothing in it."""
    return Style(shown=True).document(document)


def style_of(source: str, document: MappingNode) -> Style:
    """The style of a file: line ends, indentation and quotes, each as in the first place that
    shows it. `document` was read from `source`.
    """
    mappings = (node for node in nodes_within(document) if isinstance(node, MappingNode))
    entries = [entry for mapping in mappings for entry in mapping.entries]
    nested = [
        (value, value.mark.column - key.mark.column)
        for key, value in entries
        if not isinstance(value, ScalarNode) and not value.span.flow
    ]
    steps = (column for node, column in nested if isinstance(node, MappingNode) and column > 0)
    dashes = (column for node, column in nested if isinstance(node, SequenceNode))
    quotes = (source[key.span.start] for key, _ in entries if key.text.startswith("@"))
    step = next(steps, 2)
    return Style(
        newline="\r\n" if "\r\n" in source else "\n",
        step=step,
        dash=next(dashes, step),
        key_quote=next((quote for quote in quotes if quote in "'\""), "'"),
        json=document.span.flow and bool(entries) and source[entries[0][0].span.start] == '"',
    )
