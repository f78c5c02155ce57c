"""A line of a store file with everything masked that is not known to be harmless.

The line is read from the left as long as each piece of it is a known name, a value that its field
can have, a URL without credentials, or one of YAML's own characters. From the first piece that is
something else on, there is one `****`, whatever follows: a secret may stand anywhere by mistake,
also in a line that is no YAML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING

from confsync.errors import Excerpt
from confsync.kinds import KINDS
from confsync.masking.document import fields_within
from confsync.store.mistakes import TYPE
from confsync.store.scalars import WORDS
from confsync.sync.secret import MASK
from confsync.sync.shape import (
    Boolean,
    Choice,
    Duration,
    ListOf,
    Shape,
    Unsigned,
    UrlSet,
    UrlText,
    Variants,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_NEAR = 0.75
_END = r"(?=[\s,}\]]|$)"
_UNIT = rf"(?:{'|'.join(sorted(WORDS, key=len, reverse=True))})"
_SWITCH = r"(?:true|false|yes|no|on|off|y|n|null|~|[01])"
_DIGITS = r"[0-9]{1,12}(?:[._,:][0-9]{1,9}){0,3}"
_VALUES: Mapping[type[Shape], re.Pattern[str]] = {
    Duration: re.compile(
        rf"(['\"]?)[-+]?(?:PT?)?(?:{_DIGITS} ?{_UNIT}? ?){{1,5}}\1{_END}|{_UNIT}{_END}",
        re.IGNORECASE,
    ),
    Unsigned: re.compile(
        rf"(['\"]?)[-+]?(?:0[xob])?{_DIGITS}(?:e[0-9]{{1,3}})? ?{_UNIT}?\1{_END}", re.IGNORECASE
    ),
    Boolean: re.compile(rf"(['\"]?){_SWITCH}\1{_END}", re.IGNORECASE),
}
_NOTHING = re.compile(rf"(?:null|~){_END}")
_TRUE = re.compile(rf"(?:true|false){_END}")
_LONGEST = 1_000  # characters of a line; a longer one is not shown
_LABEL = "[A-Za-z0-9-]{1,63}"
_URL = re.compile(
    # A host without a dot may be a password whose user was forgotten.
    r"""(['"]?)(?:rediss?|valkeys?)://"""
    rf"(?:localhost|{_LABEL}(?:\.{_LABEL}){{1,9}}|\[[0-9a-fA-F:.]{{2,45}}\])"
    r"(?::[0-9]{1,5})?(?:/[0-9]{0,3})?\1(?=:\s|:$|[\s,}\]]|$)",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"""['"]?(?:rediss?|valkeys?)://""", re.IGNORECASE)
_KEY = re.compile(r"""(['"]?)(@?[A-Za-z][A-Za-z_./-]{0,60})\1(?=\s*[:=]|\s|$)""")
_WORD = re.compile(rf"""(['"]?)([A-Za-z][A-Za-z0-9-]{{0,30}})\1{_END}""")
_QUOTED = re.compile("`(@?[A-Za-z][A-Za-z_./-]{0,60})`")
_MARKS = re.compile(r"<{7}|={7}|>{7}|\|{7}|```|---$|\.\.\.$|<<(?=:)|//|/\*|%|- |-$")
_SPACE = re.compile("[\t\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff]")


def excerpt(line: str, column: int, told: str, references: Collection[str]) -> Excerpt | None:
    """A line as it may be shown, with the place of a column in it; None where nothing can be shown.

    `told` is what is said of the line: names that stand there in `…` are no secrets. None also
    where the column lies behind the mask: its place would tell how long something is.
    """
    if len(line) > _LONGEST:
        return None
    known = _Known(frozenset(_QUOTED.findall(told)) | frozenset(references))
    scanner = _Scanner(line, known)
    scanner.read()
    caret = scanner.places.get(column - 1)
    text = "".join(scanner.shown).rstrip()
    if caret is None or not scanner.names:
        return None
    return Excerpt(text, caret + 1)


@dataclass(frozen=True)
class _Known:
    quoted: frozenset[str]

    def key(self, name: str) -> bool:
        return all(
            part in self.quoted or _near(part, _keys()) for part in re.split("[./]", name) if part
        )


@dataclass
class _Scanner:
    """Reads a line. `places` are the columns of the pieces that are shown, old to new, from 0."""

    line: str
    known: _Known
    at: int = 0
    shown: list[str] = field(default_factory=list)
    places: dict[int, int] = field(default_factory=dict)
    width: int = 0
    names: int = 0
    last: str = ""
    key_end: int = -1
    brackets: list[str] = field(default_factory=list)

    def read(self) -> None:
        """Read as far as everything is harmless; then the mask."""
        while self.at < len(self.line):
            if self.line[self.at] == "#" and (not self.at or self.line[self.at - 1].isspace()):
                return
            if not (self._space() or self._structure() or self._value() or self._name()):
                self._mask()
                return
        self.places[self.at] = self.width

    def _take(self, text: str, shown: str | None = None) -> bool:
        told = text if shown is None else shown
        for offset in range(len(text)):
            self.places[self.at + offset] = self.width + min(offset, len(told) - 1)
        self.shown.append(told)
        self.width += len(told)
        self.at += len(text)
        return True

    def _mask(self) -> None:
        scheme = _SCHEME.match(self.line, self.at) if self._may_be_url() else None
        if scheme is not None:
            self._take(scheme[0])
            self.names += 1
        else:
            self.places[self.at] = self.width
        self.shown.append(MASK)

    def _space(self) -> bool:
        character = self.line[self.at]
        if character == " ":
            return self._take(character)
        if not _SPACE.match(character):
            return False
        code = ord(character)
        return self._take(character, f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")  # noqa: PLR2004 - two digits

    def _structure(self) -> bool:
        if not self.names and not self.line[: self.at].strip(" -"):
            found = _MARKS.match(self.line, self.at)
            if found is not None:
                self.names += found[0].strip() not in {"-", "%"}
                return self._take(found[0])
        character = self.line[self.at]
        if character in ":=":
            # Only right behind a key: elsewhere it may be how a secret begins.
            behind_key = self.key_end >= 0 and not self.line[self.key_end : self.at].strip()
            return behind_key and self._take(character)
        if character in "{[":
            self.brackets.append(character)
        elif character in "}]" and self.brackets:
            self.last = ""
            self.brackets.pop()
        elif character == "," and self.brackets:
            self.last = self.last if self.brackets[-1] == "[" else ""
        else:
            return False
        return self._take(character)

    def _value(self) -> bool:
        if self.last == TYPE:
            found = _WORD.match(self.line, self.at)
            return found is not None and _near(found[2], _tags()) and self._take(found[0])
        shape = _shapes().get(self.last)
        pattern = _VALUES.get(type(shape)) if shape is not None else None
        found = pattern.match(self.line, self.at) if pattern is not None else None
        if found is None and isinstance(shape, Choice):
            found = _WORD.match(self.line, self.at)
            if found is not None and not _near(found[2], frozenset(shape.choices)):
                return False
        found = found or _NOTHING.match(self.line, self.at)
        if found is None and self._may_be_url():
            found = _URL.match(self.line, self.at) or _TRUE.match(self.line, self.at)
        if found is None:
            return False
        self.names += "://" in found[0]
        self.key_end = found.end()
        return self._take(found[0])

    def _may_be_url(self) -> bool:
        """Whether no key stands before this piece, or one that a URL belongs to."""
        if self.last in {"", "address"}:
            return True
        return isinstance(_shapes().get(self.last), UrlText | UrlSet | ListOf)

    def _name(self) -> bool:
        found = _KEY.match(self.line, self.at)
        if found is None:
            return False
        name = found[2]
        if self.line[found.end() :].lstrip()[:1] in {":", "="}:
            shown = self.known.key(name) and (not self.last or bool(self.brackets))
        elif self.last in KINDS:
            shown = name in _tags()
        else:
            shown = not self.last and name in _shapes()
        if not shown:
            return False
        self.last = name
        self.names += 1
        self.key_end = found.end()
        return self._take(found[0])


def _near(name: str, known: frozenset[str]) -> bool:
    if name in known:
        return True
    lower = {other.lower() for other in known}
    return bool(get_close_matches(re.sub("[-_]", "", name).lower(), lower, 1, _NEAR))


@cache
def _shapes() -> Mapping[str, Shape]:
    return {name: shape for kind in KINDS.values() for name, shape in fields_within(kind.shape)}


@cache
def _tags() -> frozenset[str]:
    shapes = (*(kind.shape for kind in KINDS.values()), *_shapes().values())
    return frozenset(
        tag for shape in shapes if isinstance(shape, Variants) for tag in shape.objects
    )


@cache
def _keys() -> frozenset[str]:
    return frozenset({TYPE, *KINDS, *_shapes(), "address", "username", "password"})
