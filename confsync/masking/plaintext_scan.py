"""Secrets in clear, searched line by line: in files that the strict reader refuses, and in those
whose objects lie where no store has them. It finds what people write, rather too much than too
little; it is no match for somebody who hides a secret on purpose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from confsync.sync.url import masked

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_NAMED = ("secret", "passw", "passphrase", "pwd", "credential")
"""What stands in the name of a key whose value is a secret, whatever program reads it."""

# Every repetition has an end, or starts at one place of a line alone: lines may be megabytes long.
_TEMPLATE = re.compile(r"\{\{(?![^{}]{0,400}default)[^{}]{0,400}\}\}|\$\{\w{1,100}\}|\*{4}")
"""What a program fills in later, and the mask. One with a default may hold a secret itself."""

_URL = re.compile(r"""(?<![\w+.-])[A-Za-z][\w+.-]{0,30}://[^\s"']*""")
_EMPTY = re.compile(r"[=:](?=[@&#]|$)")
_ALIAS = re.compile(r"""(?:^|[\s,:\[{-])\*\w|<<['"]?[ \t]{0,8}:""")
_PROPERTY = re.compile(r"[ \t]{0,200}(?:&\S+|!!(?:str|binary))(?=[ \t]|$)")
_VALUE = re.compile(r"""[ \t]{0,200}("[^"]{0,400}|'[^']{0,400}|[{\[]|[^,}\]]{0,400})""")
_ENTRY = re.compile(r"""[ \t]{0,200}(?:[?-][ \t]+)?['"]?([\w@.-]{1,100})['"]?[ \t]{0,8}:""")
_HARMLESS = re.compile(r"(?:null|~|true|false|)", re.IGNORECASE)
_NO_LINE = re.compile(r"[ \t]*(?:#|$)")


class InClear(NamedTuple):
    """Where a secret seems to stand in clear. Lines and columns count from 1; the column is where
    the line begins: one further on could tell how long a secret is.
    """

    line: int
    column: int
    what: Literal["secret", "url"]


@dataclass(frozen=True)
class Words:
    """What is searched for: objects by their names, keys by theirs, and what is a reference."""

    objects: re.Pattern[str]
    keys: re.Pattern[str]
    secrets: Collection[str]
    references: Collection[str]


def words(objects: Collection[str], secrets: Collection[str], references: Collection[str]) -> Words:
    """Words for the names of objects, of fields that hold a secret alone, and of references."""
    named = "|".join(map(re.escape, [*_NAMED, *secrets]))
    names = "|".join(map(re.escape, objects))
    colon = r"""(?:['"][ \t]{0,8}:|[ \t]{0,8}:(?=[ \t]|$)|['"]?(?=[ \t]{0,8}(?:#|$)))"""
    return Words(
        re.compile(rf"""(?<![\w-])['"]?(?:{names})['"]?[ \t]{{0,8}}:(?=[ \t]{{0,8}}([{{\[*&])?)"""),
        re.compile(rf"""(?<!\w)(\w{{0,40}}(?:{named})\w{{0,40}}){colon}""", re.IGNORECASE),
        secrets,
        references,
    )


def in_clear(text: str, wanted: Words) -> Iterator[InClear]:
    """Every line of an object where a secret seems to stand in clear; of the whole text, where an
    object takes something from elsewhere in it.
    """
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    for number in _searched(lines, wanted):
        line = _TEMPLATE.sub("null", lines[number])
        keys = wanted.keys.finditer(line)
        if any(_is_in_clear(lines, number, line, key, wanted) for key in keys):
            yield InClear(number + 1, _indentation(line) + 1, "secret")
        elif any(map(_has_password, _URL.findall(_TEMPLATE.sub("", lines[number])))):
            yield InClear(number + 1, _indentation(line) + 1, "url")


def _searched(lines: Sequence[str], wanted: Words) -> Sequence[int]:
    """The numbers of the lines that belong to objects, comments aside."""
    found: list[int] = []
    inside: int | None = None
    for number, line in enumerate(lines):
        if _NO_LINE.match(line):
            continue
        if inside is not None and _indentation(line) <= inside:
            inside = None
        if inside is None and (named := wanted.objects.search(line)) is not None:
            flow = named[1] is not None or "{" in line[: named.start()]
            inside = -1 if flow else named.start()
        if inside is not None:
            found.append(number)
    if any(_ALIAS.search(_TEMPLATE.sub("", lines[number])) for number in found):
        return [number for number, line in enumerate(lines) if not _NO_LINE.match(line)]
    return found


def _is_in_clear(
    lines: Sequence[str], number: int, line: str, key: re.Match[str], wanted: Words
) -> bool:
    """Whether the value of a key is a text, or cannot be told to be a reference."""
    position = key.end()
    if line[position - 1] != ":":
        # `? key` has its value in another line; without the question mark this is no key.
        return line[: key.start()].rstrip("'\" \t").endswith("?")
    while (skipped := _PROPERTY.match(line, position)) is not None:
        position = skipped.end()
    value = _value(line, position)
    if not value:
        below = _next(lines, number)
        # An item of a list may stand as far to the left as the key itself.
        least = key.start() if below.lstrip().startswith("- ") else key.start() + 1
        if _indentation(below) < least:
            return False
        line, position, value = below, 0, _value(below, 0)
        if below.lstrip().startswith("? "):
            return False
        if (entry := _ENTRY.match(line)) is not None:
            return _is_no_reference(key[1], entry, wanted)
    if value == "{":
        opened = line.index("{", position) + 1
        entry = _ENTRY.match(line, opened) or _ENTRY.match(_next(lines, number))
        return _is_no_reference(key[1], entry, wanted)
    return not value.startswith("!") and _HARMLESS.fullmatch(value.strip("'\"")) is None


def _is_no_reference(name: str, entry: re.Match[str] | None, wanted: Words) -> bool:
    return name in wanted.secrets and (entry is None or entry[1] not in wanted.references)


def _value(line: str, position: int) -> str:
    """What stands in a line from a position on, as far as it may be one value."""
    found = _VALUE.match(line, position)
    value = "" if found is None else found[1].strip()
    return value if value[:1] in {"'", '"'} else re.split(r"(?:^|\s)#", value)[0].strip()


def _next(lines: Sequence[str], number: int) -> str:
    """The next line that says something."""
    following = (lines[later] for later in range(number + 1, len(lines)))
    found = next((line for line in following if not _NO_LINE.match(line)), "")
    return _TEMPLATE.sub("null", found)


def _has_password(url: str) -> bool:
    named = _EMPTY.sub("", url)
    return masked(named) != named


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))
