"""What the texts of a file look like, as regular expressions for JSON Schema.

JavaScript, Python and Java read them alike: no flags, no named groups, and the end of a text is
`END`, because `$` alone stands for Python before a last line break too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from confsync.store.durations import UNITS
from confsync.sync.secret import MASK
from confsync.sync.url import SCHEME, SENSITIVE, WHITE_SPACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

END = r"(?!\n)$"

_FEW = 9
"""Numbers up to this one are written out; a limit above it has at least two digits."""
_SPACES = "".join(rf"\u{ord(character):04x}" for character in WHITE_SPACE)
_START = f"^[{_SPACES}]*(?![{_SPACES}])"
_MASK = re.escape(MASK)
_SENSITIVE = re.sub("[a-z]", lambda letter: f"[{letter[0]}{letter[0].upper()}]", SENSITIVE)

NOT_BLANK = f"[^{_SPACES}]"
"""There is more than white space in it."""

NO_MASK = f"^(?!{_MASK}{END})"
NO_MASK_TRIMMED = f"^(?![{_SPACES}]*{_MASK}[{_SPACES}]*{END})"
"""It is not the mask that stands for a secret, white space around it aside."""

HAS_SCHEME = f"{_START}{SCHEME}"
"""It begins with a URL's scheme, white space aside."""

NO_AT = f"^[^@]*{END}"
NO_NUL = rf"^[^\u0000]*{END}"
PATH = r"^(?![\s\S]*(?:://|-----))"
NAME = rf"^(?![.-])[^\u0000-,/:-@\[-^`{{-\u007f]+{END}"
"""The name of a target: letters, digits, `_`, `-` and `.`; of letters beyond ASCII all pass."""

NO_URL = r"^(?![\s\S]*://)"

NO_CREDENTIALS = rf"{_START}(?!(?:{SCHEME}|(?!{SCHEME}))[^:]*:[\s\S]*@)"
"""Nothing stands between the first `:` behind its scheme and an `@`."""

NO_PASSWORD_PARAMETER = rf"^(?![\s\S]*[?&;#][^=&;#?]*(?:{_SENSITIVE})[^=&;#?]*=)"
"""No parameter is named like a password; a name that is percent-encoded is not recognised."""

DURATION = "".join(["^(?=.*[1-9])", *(f"(?:(?:0|[1-9][0-9]*){unit})?" for unit in UNITS), END])
"""Whole numbers with units, largest first, and not all of them zero."""


def duration_up_to(most: int) -> str:
    """Of the durations, those of at most so many milliseconds.

    Where a unit fits in more than a few times, its number and the numbers of the smaller units
    are limited each for itself: sums beyond the limit pass.
    """
    return f"^{_units_up_to(most, tuple(UNITS.items()))}{END}"


def portable(pattern: re.Pattern[str]) -> str | None:
    """A pattern that a whole text has to match; None where only Python reads it so."""
    if pattern.flags != re.UNICODE or _PYTHON.search(pattern.pattern):
        return None
    return f"^(?:{pattern.pattern}){END}"


# Groups other than (?:…), (?=…), (?!…), anchors with a backslash, possessive repetitions, and
# classes that are larger for Python.
_PYTHON = re.compile(r"\(\?(?![:=!])|\\[AZbBdDwWN]|[*+?}]\+|\^\]|\[\]|\$")


def _units_up_to(most: int, units: Sequence[tuple[str, int]]) -> str:
    if not units:
        return ""
    (unit, size), *smaller = units
    times, rest = most // size, _units_up_to(most, smaller)
    if times > _FEW:
        return f"(?:{_one_of(_numbers_up_to(times))}{unit})?{rest}"
    several = [
        f"{number}{unit}{_units_up_to(most - number * size, smaller)}"
        for number in range(1, times + 1)
    ]
    none = f"(?:0{unit})?{rest}"
    return _one_of([*several, none]) if several else none


def _numbers_up_to(most: int) -> Iterator[str]:
    """Patterns for the numbers from 0, without a leading zero, to one of at least two digits."""
    digits = str(most)
    yield "0"
    yield f"[1-9][0-9]{{0,{len(digits) - 2}}}"
    for place, digit in enumerate(digits):
        least = 0 if place else 1
        if int(digit) > least:
            rest = len(digits) - place - 1
            yield f"{digits[:place]}[{least}-{int(digit) - 1}][0-9]{{{rest}}}"
    yield digits


def _one_of(patterns: Iterable[str]) -> str:
    return f"(?:{'|'.join(patterns)})"
