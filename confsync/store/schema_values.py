"""JSON Schemas of scalars, URLs and references, with regular expressions for their texts.

JavaScript, Python and Java read the expressions alike: no flags, no named groups, and `END` for the
end of a text, because in Python `$` also matches before a last line break. `errorMessage` and
`patternErrorMessage` are no JSON Schema: editors show them, and validators skip them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from confsync.store.durations import UNITS
from confsync.store.mistakes import INSTEAD
from confsync.store.scalars import what_to_write
from confsync.store.sizes import UNITS as SIZE_UNITS
from confsync.store.texts import ID
from confsync.store.urls import (
    AS_MAPPING,
    NAMED,
    NAMED_FORM,
    NO_REFERENCE,
    OF,
    OF_TARGET,
    PARTS,
    TARGET,
    VERSION,
    VERSION_FORM,
)
from confsync.sync.secret import MASK
from confsync.sync.shape import Boolean, Choice, Duration, Float, Id, Integer, Size, Text
from confsync.sync.url import CREDENTIALS, SCHEME, SENSITIVE, WHITE_SPACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from confsync.sync.secret import Form
    from confsync.sync.shape import LeafShape

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
Schema: TypeAlias = dict[str, Json]

END = r"(?!\n)$"
ONE_KEY = "a reference has one key"
_BESIDE = "write it beside a reference, like `{env: NAME, version: 2}`"
_FEW = 9  # Numbers up to this one are written out; a limit above it has at least two digits.
_SPACES = "".join(rf"\u{ord(character):04x}" for character in WHITE_SPACE)
_START = f"^[{_SPACES}]*(?![{_SPACES}])"
_MASK = re.escape(MASK)
SENSITIVE_NAME = re.sub("[a-z]", lambda letter: f"[{letter[0]}{letter[0].upper()}]", SENSITIVE)

NOT_BLANK = f"[^{_SPACES}]"
NO_MASK = f"^(?!{_MASK}{END})"
NO_MASK_TRIMMED = f"^(?![{_SPACES}]*{_MASK}[{_SPACES}]*{END})"
HAS_SCHEME = f"{_START}{SCHEME}"
NO_AT = f"^[^@]*{END}"
NO_NUL = rf"^[^\u0000]*{END}"
NO_URL = r"^(?![\s\S]*://)"
PATH = r"^(?![\s\S]*(?:://|-----))"
# The name of a target: letters, digits, `_`, `-` and `.`; of letters beyond ASCII all pass.
NAME = rf"^(?![.-])[^\u0000-,/:-@\[-^`{{-\u007f]+{END}"
# Nothing between the first `:` after the scheme and an `@`.
NO_CREDENTIALS = rf"{_START}(?!(?:{SCHEME}|(?!{SCHEME}))[^:]*:[\s\S]*@)"
NO_URL_CREDENTIALS = rf"^(?![\s\S]*{CREDENTIALS})"
# No parameter with the name of a password; percent-encoded names are not recognised.
NO_PASSWORD_PARAMETER = rf"^(?![\s\S]*[?&;#][^=&;#?]*(?:{SENSITIVE_NAME})[^=&;#?]*=)"
# Whole numbers with units, largest first, and not all of them zero.
DURATION = "".join(["^(?=.*[1-9])", *(f"(?:(?:0|[1-9][0-9]*){unit})?" for unit in UNITS), END])
SIZE = f"^(?:0|[1-9][0-9]*)(?:{'|'.join(SIZE_UNITS)}){END}"
# Groups other than (?:…), (?=…), (?!…), anchors with a backslash, possessive repetitions, and
# classes that are larger in Python.
_PYTHON = r"\(\?(?![:=!])|\\[AZbBdDwWN]|[*+?}]\+|\^\]|\[\]|\$"


def scalar(shape: LeafShape) -> Schema:
    """The schema of a scalar that is not null. Durations have no minimum but zero. Of texts of some
    form, like domains, all pass that are not blank.
    """
    match shape:
        case Boolean():
            return {"type": "boolean"}
        case Integer(minimum, maximum):
            return {"type": "integer", "minimum": minimum, "maximum": maximum}
        case Float(minimum, maximum):
            least: Schema = {} if minimum is None else {"minimum": minimum}
            return {"type": "number", **least, **({} if maximum is None else {"maximum": maximum})}
        case Choice(choices):
            return {"type": "string", "enum": choices}
        case Duration() | Size():
            return _with_unit(shape)
        case Id():
            wrong = "an id has the letters a to z and the digits 0 to 3, 7 and 9"
            return {"type": "string", "allOf": [_matching(f"^{ID}{END}", wrong)]}
        case Text():
            mask = NO_MASK_TRIMMED if shape.trimmed else NO_MASK
            whole = [_mask(mask)] if shape.blank else _text(mask)
            longer: Schema = {"minLength": 1} if shape.blank else {}
            no_password = _matching(NO_URL_CREDENTIALS, NO_REFERENCE)
            return {"type": "string", **longer, "allOf": [*whole, no_password]}
        case _:
            return {"type": "string", "allOf": _text(NO_MASK_TRIMMED)}


def _with_unit(shape: Duration | Size) -> Schema:
    pattern, limits = DURATION, duration_up_to(shape.maximum)
    if isinstance(shape, Size):
        pattern, limits = SIZE, size_between(shape.minimum, shape.maximum)
    hint = what_to_write(shape)
    return {
        "type": "string",
        "pattern": pattern,
        "errorMessage": hint,
        "allOf": [{"if": {"pattern": pattern}, "then": _matching(limits, hint)}],
    }


def keys(shape: Text | Choice) -> Schema:
    """The schema of the keys of a map."""
    return (
        {"enum": shape.choices} if isinstance(shape, Choice) else {"allOf": _text(NO_MASK_TRIMMED)}
    )


def reference(forms: Mapping[str, Form], *, of_target: bool = False) -> Schema:
    """The schema of a reference: a mapping with one of the keys of `forms`. `of_target`: it may be
    another one for each target.
    """
    arguments, alone = _arguments({**forms, **({} if of_target else {NAMED: NAMED_FORM})})
    if of_target:
        arguments |= {OF: {"enum": [TARGET]}}
        alone |= {key: _only(key, OF, VERSION) for key in OF_TARGET}
        alone |= {OF: {"minProperties": 2}}
    return {
        "properties": arguments,
        "additionalProperties": False,
        "minProperties": 1,
        "dependencies": alone,
        "errorMessage": INSTEAD,
    }


def url(forms: Mapping[str, Form], password: Schema) -> Schema:
    """The schema of a URL: a text without a password, a reference, or the mapping form.

    `password` is the schema of the password in the mapping form.
    """
    address, username, secret = PARTS
    in_address: list[Json] = [
        _matching(HAS_SCHEME, "add the scheme, like rediss://"),
        _matching(NO_AT, "move user and password to `username` and `password`"),
        _matching(NO_PASSWORD_PARAMETER, "move the password to `password`"),
    ]
    parts: Schema = {
        address: {"description": PARTS[address], "type": "string", "allOf": in_address},
        username: {"description": PARTS[username], "type": "string", "allOf": _text(NO_MASK)},
        secret: {"description": PARTS[secret], **password},
    }
    needs: Schema = {address: [secret], username: [address, secret], secret: [address]}
    arguments, alone = _arguments({**forms, NAMED: NAMED_FORM})
    return {
        "type": ["string", "object"],
        "allOf": [
            *_text(NO_MASK_TRIMMED),
            _matching(NO_CREDENTIALS, AS_MAPPING),
            _matching(NO_PASSWORD_PARAMETER, AS_MAPPING),
        ],
        "properties": parts | arguments,
        "additionalProperties": False,
        "minProperties": 1,
        "dependencies": needs | alone,
    }


def _text(no_mask: str) -> list[Json]:
    return [_matching(NOT_BLANK, "must not be blank"), _mask(no_mask)]


def _mask(no_mask: str) -> Schema:
    return _matching(no_mask, "this is the mask of a hidden secret")


def _matching(pattern: str, otherwise: str) -> Schema:
    return {"pattern": pattern, "patternErrorMessage": otherwise}


def _arguments(forms: Mapping[str, Form]) -> tuple[Schema, Schema]:
    """The keys of references, and the dependencies for one key at a time."""
    # For each key: editors propose no other key beside it.
    alone: Schema = {key: _only(key, VERSION) for key in forms}
    alone[VERSION] = {"anyOf": [{"required": [key]} for key in forms], "errorMessage": _BESIDE}
    arguments: Schema = {key: _argument(form) for key, form in forms.items()}
    return {**arguments, VERSION: _argument(VERSION_FORM)}, alone


def _only(*keys: str) -> Schema:
    return {"propertyNames": {"enum": keys}, "errorMessage": ONE_KEY}


def _argument(form: Form) -> Schema:
    description = f"{form.takes}, like {form.example}"
    pattern = portable(form.pattern)
    no_url = _matching(NO_URL, "a URL does not belong here")
    name: Schema = {
        # YAML reads some names, like that of a file, as numbers.
        "type": ["string", "number"] if form.pattern.fullmatch("0") else "string",
        "allOf": [no_url, *([_matching(pattern, f"write {form.takes}")] if pattern else [])],
    }
    if not form.words:
        return {"description": description, **name}
    return {
        "description": description,
        "errorMessage": f"write {description}",
        "type": "array",
        "minItems": 1,
        "items": [name],
        "additionalItems": {"type": ["string", "number", "boolean"], "pattern": NO_NUL},
    }


def portable(pattern: re.Pattern[str]) -> str | None:
    """A pattern that a whole text must match; None for one that only Python reads so."""
    if pattern.flags != re.UNICODE or re.search(_PYTHON, pattern.pattern):
        return None
    return f"^(?:{pattern.pattern}){END}"


def duration_up_to(most: int) -> str:
    """A pattern for durations of at most `most` milliseconds.

    If a unit fits in more than a few times, its number and those of smaller units are limited each
    for itself: sums beyond the limit match.
    """
    return f"^{_units_up_to(most, tuple(UNITS.items()))}{END}"


def size_between(least: int, most: int) -> str:
    """A pattern for sizes between two numbers of bytes."""
    sizes = [
        f"(?!{_one_of(_numbers_up_to(-(-least // size) - 1))}{unit}{END})" if least else ""
        for unit, size in SIZE_UNITS.items()
    ]
    up_to = [f"{_one_of(_numbers_up_to(most // size))}{unit}" for unit, size in SIZE_UNITS.items()]
    return f"^{''.join(sizes)}{_one_of(up_to)}{END}"


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
    """Patterns for the numbers from 0, without a leading zero, to another one."""
    if most <= _FEW:
        yield f"[0-{most}]"
        return
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
