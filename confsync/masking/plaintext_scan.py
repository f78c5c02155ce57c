"""A search for secrets in plain text, line by line, in files that the strict reader refuses and in
files of other programs. It prefers false alarms to misses. A secret that is hidden on
purpose is not found.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from confsync.sync.url import masked

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_NAMED = ("secret", "passw", "passphrase", "pwd", "credential")
"""Parts of the names of keys with secrets, in any program."""

# Every repetition has an end, or starts at one place of a line alone: lines may be megabytes long.
_TEMPLATE = re.compile(r"\{\{(?![^{}]{0,400}default)[^{}]{0,400}\}\}|\$\{\w{1,100}\}|\*{4}")
"""Text that a program fills in later, and the mask. A default in it may be a secret itself."""

_URL = re.compile(r"""(?<![\w+.-])[A-Za-z][\w+.-]{0,30}://[^\s"']*""")
_EMPTY = re.compile(r"[=:](?=[@&#]|$)")
_ALIAS = re.compile(r"""(?:^|[\s,:\[{-])\*\w|<<['"]?[ \t]{0,8}:""")
_PROPERTY = re.compile(r"[ \t]{0,200}(?:&\S+|!!(?:str|binary))(?=[ \t]|$)")
_VALUE = re.compile(r"""[ \t]{0,200}("[^"]{0,400}|'[^']{0,400}|[{\[]|[^,}\]]{0,400})""")
_ENTRY = re.compile(r"""[ \t]{0,200}(?:[?-][ \t]+)?['"]?([\w@.-]{1,100})['"]?[ \t]{0,8}:""")
_HARMLESS = re.compile(r"(?:null|~|true|false|)", re.IGNORECASE)
_NO_LINE = re.compile(r"[ \t]*(?:#|$)")


class InClear(NamedTuple):
    """The place of a probable secret in plain text. Lines and columns start at 1. The column is the
    start of the line: any other could show the length of a secret.
    """

    line: int
    column: int
    what: Literal["secret", "url"]


class Words(NamedTuple):
    """Names to search for: of objects, of fields with nothing but a secret, and of references."""

    objects: Collection[str]
    secrets: Collection[str]
    references: Collection[str]


def in_clear(text: str, wanted: Words) -> Iterator[InClear]:
    """Every line of an object with a probable secret in plain text; of the whole text, if an object
    takes something from elsewhere in it.
    """
    named = "|".join(map(re.escape, [*_NAMED, *wanted.secrets]))
    colon = r"""(?:['"][ \t]{0,8}:|[ \t]{0,8}:(?=[ \t]|$)|['"]?(?=[ \t]{0,8}(?:#|$)))"""
    keys = re.compile(rf"""(?<!\w)(\w{{0,40}}(?:{named})\w{{0,40}}){colon}""", re.IGNORECASE)
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    for number in _searched(lines, wanted.objects):
        line = _TEMPLATE.sub("null", lines[number])
        urls = (_EMPTY.sub("", url) for url in _URL.findall(_TEMPLATE.sub("", lines[number])))
        if any(_is_in_clear(lines, number, line, key, wanted) for key in keys.finditer(line)):
            yield InClear(number + 1, _indentation(line) + 1, "secret")
        elif any(masked(url) != url for url in urls):
            yield InClear(number + 1, _indentation(line) + 1, "url")


def _searched(lines: Sequence[str], objects: Collection[str]) -> Sequence[int]:
    """The numbers of the lines of objects, without comments."""
    names = "|".join(map(re.escape, objects))
    key = rf"""(?<![\w-])['"]?(?:{names})['"]?[ \t]{{0,8}}:(?=[ \t]{{0,8}}([{{\[*&])?)"""
    full = [number for number, line in enumerate(lines) if not _NO_LINE.match(line)]
    found: list[int] = []
    inside: int | None = None
    for number in full:
        line = lines[number]
        if inside is not None and _indentation(line) <= inside:
            inside = None
        if inside is None and (named := re.search(key, line)) is not None:
            flow = named[1] is not None or "{" in line[: named.start()]
            inside = -1 if flow else named.start()
        if inside is not None:
            found.append(number)
    aliases = any(_ALIAS.search(_TEMPLATE.sub("", lines[number])) for number in found)
    return full if aliases else found


def _is_in_clear(
    lines: Sequence[str], number: int, line: str, key: re.Match[str], wanted: Words
) -> bool:
    """Return True if the value of a key is a text, or not certainly a reference."""
    position = key.end()
    if line[position - 1] != ":":
        # `? key` has its value in another line; without the question mark this is no key.
        return line[: key.start()].rstrip("'\" \t").endswith("?")
    while (skipped := _PROPERTY.match(line, position)) is not None:
        position = skipped.end()
    value, entry = _value(line, position), None
    if not value:
        below = _next(lines, number)
        # An item of a list may be in the same column as the key itself.
        least = key.start() if below.lstrip().startswith("- ") else key.start() + 1
        if _indentation(below) < least or below.lstrip().startswith("? "):
            return False
        line, position, value, entry = below, 0, _value(below, 0), _ENTRY.match(below)
    if value == "{" and entry is None:
        opened = line.index("{", position) + 1
        entry = _ENTRY.match(line, opened) or _ENTRY.match(_next(lines, number))
    if value == "{" or entry is not None:
        reference = entry is not None and entry[1] in wanted.references
        return key[1] in wanted.secrets and not reference
    return not value.startswith("!") and _HARMLESS.fullmatch(value.strip("'\"")) is None


def _value(line: str, position: int) -> str:
    """The text in a line from a position on that may be one value."""
    found = _VALUE.match(line, position)
    value = "" if found is None else found[1].strip()
    return value if value[:1] in {"'", '"'} else re.split(r"(?:^|\s)#", value)[0].strip()


def _next(lines: Sequence[str], number: int) -> str:
    """The next line with more than a comment; empty at the end."""
    following = (lines[later] for later in range(number + 1, len(lines)))
    return _TEMPLATE.sub("null", next((one for one in following if not _NO_LINE.match(one)), ""))


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))
