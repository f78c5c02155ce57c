"""Texts that are safe to show: secrets masked, invisible characters escaped, commands broken."""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from bisect import bisect_right
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

SHORTEST = 8
"""Characters of the shortest secret that is masked. A shorter one can be guessed."""

# Guessable secrets

_FEWEST = 4
"""Different characters of a secret that is no repetition, like `aaaaaaaa` or `abababab`."""

_LONGEST = 16
"""Characters of the longest repetition that can be guessed."""

_ROWS = (
    *("01234567890", "9876543210", "abcdefghijklmnopqrstuvwxyz"),
    *("qwertyuiopasdfghjklzxcvbnm", "1q2w3e4r5t6y7u8i9o0p"),
)

_WORDS = frozenset(
    """
    access account admin administrator anything backup baseball basketball business cache changeit
    changeme cluster computer confidential configuration connection container correct corvette
    database default development diamond director docker dragon elephant everything example
    fallback football foobared freedom friendship guest hello homepage hunter iloveyou
    infrastructure internet invalid jennifer kubernetes letmein liverpool localhost login
    mailserver manager master mercedes michelle monitoring monkey mountain mustang mymaster
    mypassword newpassword nopassword nothing operator password passphrase passw0rd p4ssword
    p4ssw0rd placeholder postgres primary princess private production qwerty rabbitmq redis
    redispassword replica replication replicator sample secret security sentinel server service
    shadow software something stalwart staging starwars storage strawberry sunshine superman
    superuser supersecret swordfish system temporary testing testpassword toomanysecrets topsecret
    trustno undefined unknown username valkey welcome whatever winston
    """.split()  # noqa: SIM905 - a list would be longer than the module
)
_ENDING = re.compile(r"[0-9!]{1,4}\Z")
_LEET = str.maketrans("013457@$", "oleastas")


def is_guessable(text: str) -> bool:
    """True if a secret is shorter than 8 characters, a common word (digits may stand behind it or
    for its letters), a few characters again and again, or a row of the keyboard.
    """
    if len(text) < SHORTEST:
        return True
    lower = text.casefold()
    word = _ENDING.sub("", lower)
    spelt = {lower, word, lower.translate(_LEET), word.translate(_LEET)}
    repeated = len(set(lower[:_LONGEST])) < _FEWEST and len(lower) <= _LONGEST
    return repeated or not spelt.isdisjoint(_WORDS) or any(lower in row for row in _ROWS)


# Masked secrets

_MANY = 64
"""Lengths of spellings with one beginning that are distinguished."""


def spellings(value: str) -> frozenset[str]:
    """The usual spellings of a text of at least 8 characters; none of a shorter one.

    Plain and in a JSON pointer (wire section 5.2), both in JSON with and without ASCII escapes too;
    as Python's repr, of bytes too; with control characters as escapes; in YAML's quotes;
    percent-encoded with and without `/` and with `+` for a space, in upper and lower case
    hexadecimal; in base64, standard and URL-safe, at each of its three places in a longer text.
    """
    if len(value) < SHORTEST:
        return frozenset()
    encoded = value.encode("utf-8", "replace")
    found = {value}
    for before, foreign in enumerate((0, 2, 3)):
        # Only the characters that no byte around the value takes part in.
        own = (before + len(encoded)) * 8 // 6
        spelling = base64.b64encode(bytes(before) + encoded).decode("ascii")[foreign:own]
        found |= {spelling, spelling.replace("+", "-").replace("/", "_")}
    if value.isascii() and value.isalnum():
        return frozenset(found)
    in_pointer = value.replace("\\", "\\\\").replace("~", "~0").replace("/", "~1")
    for text in (value, in_pointer):
        found |= {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    # A `"` anywhere in a text decides whether its repr escapes `'`.
    found |= {repr(value)[1:-1], repr(f'"{value}')[2:-1]}
    found |= {repr(encoded)[2:-1], repr(b'"' + encoded)[3:-1]}
    found |= {value.encode("unicode_escape").decode("ascii"), visible(value)}
    found.add(value.replace("'", "''"))
    for quoted in (
        quote(value, safe="", errors="replace"),
        quote(value, errors="replace"),
        quote_plus(value, errors="replace"),
    ):
        first, *rest = quoted.split("%")
        found |= {quoted, "%".join([first, *(part[:2].lower() + part[2:] for part in rest)])}
    return frozenset(found)


_Index: TypeAlias = "dict[str, dict[int, set[str]]]"
"""Spellings by their first 8 characters and their length, the longest first."""


def _indexed(spelt: Iterable[str]) -> _Index:
    index: _Index = {}
    for one in sorted(spelt, key=len, reverse=True):
        index.setdefault(one[:SHORTEST], {}).setdefault(len(one), set()).add(one)
    return index


def _end(text: str, start: int, group: Mapping[int, Collection[str]]) -> int:
    """The end of the longest spelling of a group that begins at `start`; `start` if none does.

    Of too many lengths only the longest counts: too much is masked rather than anything is left,
    and no set of secrets makes the search at one character longer than that.
    """
    if len(group) > _MANY:
        return min(start + next(iter(group)), len(text))
    for length, spelt in group.items():
        if text[start : start + length] in spelt:
            return start + length
    return start


@dataclass(frozen=True)
class Learned:
    """The spellings of the first `number` values of a vault, in parts of falling size."""

    number: int
    parts: tuple[tuple[frozenset[str], _Index], ...] = ()

    def learning(self, number: int, values: Iterable[str]) -> Learned:
        """With the spellings of more values. Small parts become one, so that each spelling is
        sorted a few times in all, however often something is learned.
        """
        fresh = frozenset().union(*map(spellings, values))
        if not fresh:
            return replace(self, number=number)
        parts = list(self.parts)
        while parts and len(parts[-1][0]) < 2 * len(fresh):
            fresh |= parts.pop()[0]
        return Learned(number, (*parts, (fresh, _indexed(fresh))))


LEARNED_NOTHING = Learned(0)


def without(text: str, learned: Learned, mask: str) -> str:
    """The text with the mask in place of every spelling; those that overlap get one mask."""
    spans: list[tuple[int, int]] = []
    for start in range(len(text) - SHORTEST + 1) if learned.parts else ():
        first = text[start : start + SHORTEST]
        for _, index in learned.parts:
            if first in index and (end := _end(text, start, index[first])) > start:
                spans.append((start, end))
    pieces: list[str] = []
    done = 0
    for start, end in merged(spans):
        pieces += [text[done:start], mask]
        done = end
    return "".join([*pieces, text[done:]])


def merged(spans: Iterable[tuple[int, int]], *, touching: bool = False) -> list[tuple[int, int]]:
    """Sorted spans, with overlapping ones merged, and with `touching` adjacent ones too."""
    found: list[tuple[int, int]] = []
    for start, end in spans:
        if found and start < found[-1][1] + touching:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


_SCRUB: ContextVar[Callable[[str], str]] = ContextVar("scrub", default=str)


@contextmanager
def scrubbing(scrub: Callable[[str], str]) -> Iterator[None]:
    """Let `scrubbed` call `scrub` during this run."""
    token = _SCRUB.set(scrub)
    try:
        yield
    finally:
        _SCRUB.reset(token)


def scrubbed(text: str) -> str:
    """A text from outside without the secrets of the run; unchanged outside of a run."""
    return _SCRUB.get()(text)


# Invisible characters

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
_SHOWN = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No"})


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
        fine = character in keep or character == " "
        if not fine and (category in _SHOWN or category[0] in "PS") and character != _BRAILLE_BLANK:
            place = bisect_right(_STARTS, ord(character)) - 1
            ignorable = place >= 0 and ord(character) <= _ENDS[place]
            fine = not ignorable and (base or category[0] != "M")
        shown.append(character if fine else escape(character))
        base = fine and category[0] in "LNM"
    return "".join(shown)


def is_visible(text: str) -> bool:
    """True if a text has no invisible character."""
    return visible(text) == text


# Commands to CI runners

# GitHub and Azure look for `##[` and `##vso[` anywhere in a line, TeamCity for `##teamcity[`.
_BRACKET = re.compile(r"##(?=[a-z]*\[)", re.IGNORECASE)
# GitHub looks for `::` at the start of a line, behind any blanks.
_BREAKS = "\n\r\v\f\x1c-\x1e\x85\u2028\u2029"
_COLONS = re.compile(rf"((?:\A|[{_BREAKS}])[^\S{_BREAKS}]*):(?=:)")


def without_commands(text: str) -> str:
    r"""Text for people with each command to a CI runner broken by an escape, all else as it is:
    `\x3a:` for `::` at the start of a line, `\x23#[` for `##[`, `\x23#vso[` for `##vso[`.
    """
    return without_brackets(_COLONS.sub(r"\1\\x3a", text), "\\x23")


def without_brackets(text: str, escaped: str) -> str:
    """Text with `escaped` in place of the first `#` of each `##[`, `##vso[` and the like."""
    return _BRACKET.sub(lambda _: f"{escaped}#", text) if "##" in text else text


def has_brackets(text: str) -> bool:
    """True if a text holds `##[`, `##vso[` or the like."""
    return _BRACKET.search(text) is not None
