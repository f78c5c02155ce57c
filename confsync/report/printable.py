"""Texts from outside, made fit for a terminal."""

from __future__ import annotations

import unicodedata

_SHOWN = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs"})
_LONGEST = 500


def printable(text: str) -> str:
    r"""The text with control, format and other invisible characters as escapes like `\x1b`.

    At most 500 characters; a longer text ends in `…`.
    """
    return visible(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def visible(text: str) -> str:
    """The same of a text of any length."""
    return "".join(character if _visible(character) else _escape(character) for character in text)


def plural(number: int, what: str) -> str:
    """`1 change`, `2 changes`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def _visible(character: str) -> bool:
    category = unicodedata.category(character)
    return category in _SHOWN or category[0] in "PS"


def _escape(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:  # noqa: PLR2004 - two digits
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - four digits
