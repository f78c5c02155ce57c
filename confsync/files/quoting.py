"""When a text needs quotes in YAML, and which: for every reader, of YAML 1.1 and of 1.2."""

from __future__ import annotations

import re

from confsync.sync.characters import is_visible, visible

# What begins or is one of YAML's own marks, and what some reader takes for something else: `:word`
# is a symbol in Ruby.
_MARK = re.compile(r"""[\]\[{},#&*!|>'"%@`?:]|-(?: |$)|---|\.\.\.""")
WORD_PROCESSOR = "\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb"
"""Quotes that word processors write: confsync refuses a text that begins with one."""
_BREAK = re.compile(r": |:$| #|^ | $")
_FLOW = re.compile(r"[\]\[{},]")
_WORD = re.compile(r"null|true|false|yes|no|on|off|y|n|[-+]?\.(?:inf|nan)", re.IGNORECASE)
# Numbers of all kinds, sexagesimal ones and those with commas too, and dates.
_NUMBER = re.compile(r"[-+.0-9][-+.,:_0-9]*(?:[eE][-+.]?[0-9_]+)?|[-+]?0[xobXOB][0-9a-fA-F_]+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?")


def is_plain(text: str, *, flow: bool = False) -> bool:
    """Whether each reader takes a text without quotes for just that text.

    `flow`: it stands within brackets or braces.
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
    """Whether some reader takes a text without quotes for something else, like null or a number."""
    return (
        text in {"", "~", "=", "<<"}
        or _WORD.fullmatch(text) is not None
        or _NUMBER.fullmatch(text) is not None
        or _DATE.fullmatch(text) is not None
    )


def single_quoted(text: str) -> str:
    """A text of one line in single quotes."""
    return "'" + text.replace("'", "''") + "'"


def escaped(text: str) -> str:
    """YAML with what is not visible in it as escapes of double quotes."""
    return visible(text, keep="\n", escape=_escape)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - four digits
