"""Text from outside as it may be shown: no invisible character, no command to a CI runner."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_SHOWN = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No"})

# Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties.txt (the same in 14.0 to 17.0):
# first and last of each range. No font shows any of them, whatever its category.
_IGNORABLE = (
    *(0x00AD, 0x00AD, 0x034F, 0x034F, 0x061C, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5),
    *(0x180B, 0x180F, 0x200B, 0x200F, 0x202A, 0x202E, 0x2060, 0x206F, 0x3164, 0x3164),
    *(0xFE00, 0xFE0F, 0xFEFF, 0xFEFF, 0xFFA0, 0xFFA0, 0xFFF0, 0xFFF8, 0x1BCA0, 0x1BCA3),
    *(0x1D173, 0x1D17A, 0xE0000, 0xE0FFF),
)
_STARTS, _ENDS = _IGNORABLE[::2], _IGNORABLE[1::2]
_BRAILLE_BLANK = "\u2800"

# GitHub and Azure look for `##[` and `##vso[` anywhere in a line, TeamCity for `##teamcity[`.
_BRACKET = re.compile(r"##(?=[a-z]*\[)", re.IGNORECASE)
# GitHub looks for `::` at the start of a line, behind any blanks.
_BREAKS = "\n\r\v\f\x1c-\x1e\x85\u2028\u2029"
_COLONS = re.compile(rf"((?:\A|[{_BREAKS}])[^\S{_BREAKS}]*):(?=:)")


def number(character: str) -> str:
    r"""A character by its number: `\x1b`, `\u200b`, `\U000e0001`."""
    code = ord(character)
    if code <= 0xFF:  # noqa: PLR2004 - two digits
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - four digits


def visible(text: str, *, keep: str = "", escape: Callable[[str], str] = number) -> str:
    r"""The text with invisible characters as escapes like `\x1b`, but for those in `keep`.

    Invisible are control, format, unassigned and ignorable characters, every blank but U+0020, and
    a combining mark that does not stand behind a letter, a digit or another mark.
    """
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    base = False
    for character in text:
        category = unicodedata.category(character)
        fine = character in keep or (
            _is_shown(character, category) and (base or category[0] != "M")
        )
        shown.append(character if fine else escape(character))
        base = fine and category[0] in "LNM"
    return "".join(shown)


def is_visible(text: str) -> bool:
    """Whether there is no invisible character in a text."""
    return visible(text) == text


def _is_shown(character: str, category: str) -> bool:
    return character == " " or (
        (category in _SHOWN or category[0] in "PS") and not _is_ignorable(character)
    )


def without_commands(text: str) -> str:
    r"""Text for people with each command to a CI runner broken by an escape, all else as it is:
    `\x3a:` for `::` at the start of a line, `\x23#[` for `##[`, `\x23#vso[` for `##vso[`.
    """
    return without_brackets(_COLONS.sub(r"\1\\x3a", text), "\\x23")


def without_brackets(text: str, escaped: str) -> str:
    """Text with `escaped` in place of the first `#` of each `##[`, `##vso[` and the like."""
    return _BRACKET.sub(lambda _: f"{escaped}#", text) if "##" in text else text


def has_brackets(text: str) -> bool:
    """Whether a text holds `##[`, `##vso[` or the like."""
    return _BRACKET.search(text) is not None


def _is_ignorable(character: str) -> bool:
    code = ord(character)
    found = bisect_right(_STARTS, code) - 1
    return (found >= 0 and code <= _ENDS[found]) or character == _BRAILLE_BLANK
