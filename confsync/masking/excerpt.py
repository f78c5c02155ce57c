"""Lines of store files for messages, with everything masked that is not known to be harmless.

A line is read from the left as long as each piece is a known name, a value that its field can
have, a URL without credentials, or one of YAML's own characters. The rest is one `****`: a secret
may be anywhere by mistake, also in a line that is not YAML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING

from confsync.errors import Excerpt
from confsync.kinds import KINDS, in_use
from confsync.store.durations import WORDS
from confsync.store.mistakes import TYPE
from confsync.store.sizes import WORDS as SIZE_WORDS
from confsync.store.urls import ADDRESS, PARTS
from confsync.sync import shape as shapes
from confsync.sync.scrub import number
from confsync.sync.secret import MASK
from confsync.yaml.complaints import ODD_SPACES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from confsync.kinds.table import Tables

_NEAR = 0.75
_LONGEST = 1_000  # characters; a longer line is not shown
_SPACES = f"\t{ODD_SPACES}\ufeff"
_END = r"(?=[\s,}\]]|$)"
_UNIT = rf"(?:{'|'.join(sorted(WORDS, key=len, reverse=True))})"
_DIGITS = r"[0-9]{1,12}(?:[._,:][0-9]{1,9}){0,3}"
_SWITCH = r"(?:true|false|yes|no|on|off|y|n|null|~|[01])"
_VALUES: Mapping[type[object], str] = {
    shapes.Duration: (
        rf"(?i)(['\"]?)[-+]?(?:PT?)?(?:{_DIGITS} ?{_UNIT}? ?){{1,5}}\1{_END}|{_UNIT}{_END}"
    ),
    shapes.Integer: (rf"(?i)(['\"]?)[-+]?(?:0[xob])?{_DIGITS}(?:e[0-9]{{1,3}})? ?{_UNIT}?\1{_END}"),
    shapes.Float: rf"(?i)(['\"]?)[-+]?{_DIGITS}(?:e[-+]?[0-9]{{1,3}})?\1{_END}",
    shapes.Size: rf"(?i)(['\"]?)[-+]?{_DIGITS} ?(?:{'|'.join(SIZE_WORDS)})?\1{_END}",
    shapes.Boolean: rf"(?i)(['\"]?){_SWITCH}\1{_END}",
}
_NOTHING = rf"(?:null|~|''|\"\"){_END}"
_TRUE = rf"(?:true|false){_END}"
_LITERAL = rf"(?i){_SWITCH}{_END}"
_FEW_DIGITS = rf"(?i)[0-9]{{1,5}}(?:\.[0-9]{{1,2}})? ?(?:[kmgt]i?b?|b|%|{_UNIT})?{_END}"
"""A number too short for a password, also with a unit of size or time."""
_SUSPICIOUS = r"(?i)pass|pwd|secret|token|cred|auth|key|pin|user|name|login"
_SECRETS = ("password", "passphrase", "secret", "token", "credential")
_TYPE_LIKE = {"type", "kind"}
_LABEL = "[A-Za-z0-9-]{1,63}"
_URL = (
    # A host without a dot may be a password whose user was forgotten, except before a port.
    r"""(?i)(['"]?)(?:rediss?|valkeys?|https?)://"""
    rf"(?:localhost|{_LABEL}(?:\.{_LABEL}){{1,9}}|\[[0-9a-fA-F:.]{{2,45}}\]"
    r"|[a-z-]{1,12}[0-9]{0,2}(?=:[0-9]{2,5}['\"/\s,}\]]|:[0-9]{2,5}$))"
    r"(?::[0-9]{1,5})?(?:/[0-9]{0,3})?\1(?=:\s|:$|[\s,}\]]|$)"
)
_SCHEME = r"""(?i)['"]?(?:rediss?|valkeys?|https?)://"""
_KEY = r"""(['"]?)(@?[A-Za-z][A-Za-z_./-]{0,60})\1(?=\s*[:=]|\s|$)"""
_WORD = rf"""(['"]?)([A-Za-z][A-Za-z0-9-]{{0,30}})\1{_END}"""
_TOP = r"""[\s{]*['"]?([A-Za-z]{1,40})['"]?\s*:"""
_QUOTED = "`(@?[A-Za-z][A-Za-z_./-]{0,60})`"
_MARKS = r"<{7}|={7}|>{7}|\|{7}|```|---$|\.\.\.$|<<(?=:)|//|/\*|%|- |-$"


def excerpt(
    line: str,
    column: int,
    message: str,
    references: Collection[str],
    objects: frozenset[str] = frozenset(),
) -> Excerpt | None:
    """A line as far as it may be shown, with the place of a column in it; None if nothing may.

    Names in backquotes in the message about the line are not secret. Returns None also for a column
    after the mask: its place would show the length of a masked text. `objects`: those whose names
    and values the line may have; none: all of them.
    """
    if len(line) > _LONGEST:
        return None
    quoted = re.findall(_QUOTED, message)
    known = _known(objects or frozenset(KINDS), in_use())
    scanner = _Scanner(line, column - 1, quoted, references, *known)
    scanner.read()
    if scanner.caret is None or not scanner.named:
        return None
    return Excerpt(scanner.shown.rstrip(), scanner.caret + 1)


def objects_in(lines: Iterable[str]) -> frozenset[str]:
    """The objects that some lines of a file name."""
    keys = (re.match(_TOP, line) for line in lines)
    return frozenset(key[1] for key in keys if key is not None and key[1] in KINDS)


@dataclass
class _Scanner:
    """Reads a line. `column` and `caret`: one place in the line and in `shown`, from 0.

    `quoted`: names in the message, which may be shown. `last`: the key whose value comes next.
    `key_end`: the end of the last key or value. `named`: something worth showing is shown.
    """

    line: str
    column: int
    quoted: Collection[str]
    references: Collection[str]
    fields: Mapping[str, shapes.Shape]
    tags: Collection[str]
    keys: Collection[str]
    at: int = 0
    shown: str = ""
    caret: int | None = None
    named: bool = False
    last: str = ""
    key_end: int = -1
    brackets: str = ""

    def read(self) -> None:
        """Read as far as everything is harmless; then the mask."""
        while self.at < len(self.line):
            character = self.line[self.at]
            if character == "#" and (not self.at or self.line[self.at - 1].isspace()):
                return
            if character in _SPACES:
                self._take(character, number(character))
            elif character == " ":
                self._take(character)
            elif not (self._structure(character) or self._value() or self._name()):
                if (scheme := self._match(_SCHEME)) and self._may_be_url():
                    self.named = self._take(scheme[0])
                elif self.at == self.column:
                    self.caret = len(self.shown)
                self.shown += MASK
                return
        if self.at == self.column:
            self.caret = len(self.shown)

    def _match(self, *patterns: str) -> re.Match[str] | None:
        found = (re.compile(pattern).match(self.line, self.at) for pattern in patterns)
        return next((one for one in found if one is not None), None)

    def _take(self, text: str, shown: str = "") -> bool:
        if self.at <= self.column < self.at + len(text):
            self.caret = len(self.shown) + self.column - self.at
        self.shown += shown or text
        self.at += len(text)
        return True

    def _structure(self, character: str) -> bool:
        start = not self.named and not self.line[: self.at].strip(" -")
        if start and (found := self._match(_MARKS)):
            self.named = found[0].strip() not in {"-", "%"}
            return self._take(found[0])
        if character in ":=":
            # Only right after a key: elsewhere a secret may start with it.
            behind_key = self.key_end >= 0 and not self.line[self.key_end : self.at].strip()
            return behind_key and self._take(character)
        if character in "{[":
            self.brackets += character
        elif character in "}]" and self.brackets:
            self.last, self.brackets = "", self.brackets[:-1]
        elif character == "," and self.brackets:
            self.last = self.last if self.brackets[-1] == "[" else ""
        else:
            return False
        return self._take(character)

    def _value(self) -> bool:
        shape, word = self.fields.get(self.last), self._match(_WORD)
        if self.last == TYPE:
            return word is not None and _near(word[2], self.tags) and self._take(word[0])
        patterns = [_VALUES.get(type(shape), _NOTHING), _NOTHING]
        if isinstance(shape, shapes.Choice):
            if word is not None and _near(word[2], shape.choices):
                patterns = [_WORD]
            patterns += (_FEW_DIGITS, _LITERAL)
        elif type(shape) in _VALUES or self._is_harmless_key():
            patterns.append(_FEW_DIGITS)
            if self.last.lower() in _TYPE_LIKE and word is not None and word[2] in self.tags:
                patterns.append(_WORD)
        if self._may_be_url():
            patterns += (_URL, _TRUE)
        found = self._match(*patterns)
        if found is None:
            return False
        self.named |= "://" in found[0]
        self.key_end = found.end()
        return self._take(found[0])

    def _is_harmless_key(self) -> bool:
        """Return True if the value belongs to an unknown key that does not sound like a secret."""
        known = self.last in {"", *self.keys, *self.references}
        secret = re.search(_SUSPICIOUS, self.last) or _near(self.last, _SECRETS)
        return not known and not secret

    def _may_be_url(self) -> bool:
        """Return True if this piece has no key, or a key for URLs."""
        urls = shapes.UrlText | shapes.TextSet | shapes.ListOf
        return self.last in {"", ADDRESS} or isinstance(self.fields.get(self.last), urls)

    def _name(self) -> bool:
        found = self._match(_KEY)
        if found is None or self.line.startswith("://", found.end()):
            return False
        name = found[2]
        if self.line[found.end() :].lstrip().startswith((":", "=")):
            parts = [part for part in re.split("[./]", name) if part]
            named = {*self.quoted, *self.references}
            known = all(part in named or _near(part, self.keys) for part in parts)
            shown = known and (not self.last or bool(self.brackets))
        elif self.last in KINDS:
            shown = name in self.tags
        else:
            shown = not self.last and name in self.fields
        if not shown:
            return False
        self.last, self.named, self.key_end = name, True, found.end()
        return self._take(found[0])


def _near(name: str, known: Collection[str]) -> bool:
    if name in known:
        return True
    lower = {other.lower() for other in known}
    return bool(get_close_matches(re.sub("[-_]", "", name).lower(), lower, 1, _NEAR))


@cache
def _known(
    objects: frozenset[str], _: Tables
) -> tuple[Mapping[str, shapes.Shape], Collection[str], Collection[str]]:
    """The shapes of all fields by name, the names of variants, and every known key."""
    known = [one for name in objects for one in shapes.variants_within(KINDS[name].shape)]
    fields: dict[str, shapes.Shape] = {}
    keys = {TYPE, *KINDS, *PARTS}
    for name, field in (entry for one in known for entry in one.fields.items()):
        other = fields.setdefault(name, field.shape)
        if type(other) is not type(field.shape):
            # Any text may stand there.
            fields[name] = shapes.SecretText()
        elif isinstance(field.shape, shapes.Choice) and isinstance(other, shapes.Choice):
            fields[name] = shapes.Choice((*other.choices, *field.shape.choices))
        elif isinstance(field.shape, shapes.ValueMap):
            key = field.shape.key
            keys.update(key.choices if isinstance(key, shapes.Choice) else ())
    tags = frozenset(one.tag for one in known if one.tag)
    return fields, tags, frozenset({*keys, *fields})
