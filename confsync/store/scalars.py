"""Decode scalars by the shape of their field, not by YAML's guesses.

A number in a text's place is a mistake, and so is YAML 1.1's `no`. No message repeats a value that
could be secret.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import PurePath
from typing import TYPE_CHECKING

from confsync.kinds.kind import U64
from confsync.store.durations import UNITS, WORDS, duration_text, milliseconds, wrong_duration
from confsync.store.mistakes import Mistake
from confsync.sync import shape as shapes
from confsync.sync.names import nearest
from confsync.sync.secret import MASK
from confsync.sync.tree import Path, path_text
from confsync.sync.url import trim
from confsync.yaml.nodes import Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Sequence

NULLS = {"", "~", "null", "Null", "NULL"}
_TRUE, _FALSE = {"true", "True", "TRUE"}, {"false", "False", "FALSE"}
_YAML_1_1 = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_NUMBER_LIKE = r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0[xob][0-9a-fA-F]+"
_DECIMAL = r"[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(\.[0-9]+)?[eE][-+]?[0-9]+"
_WITH_UNIT = rf"[0-9]+ ?({'|'.join(WORDS)}|%|connections?)"
_MOST_DIGITS = len(str(U64))
_WANTED = {
    shapes.Boolean: "true or false",
    shapes.Unsigned: "a whole number",
    shapes.Duration: "a duration",
    shapes.Choice: "one of some texts",
}

LONGEST_PATH = 1024
DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"


def is_null(node: ScalarNode) -> bool:
    """Return True if a scalar is YAML's null."""
    return node.plain and not node.broken and node.text in NULLS


def scalar(node: Node, shape: shapes.FileShape, path: Path, *, nullable: bool) -> bool | int | str:
    """The value of a scalar in canonical form. Raises Mistake."""
    name = path_text(path)
    if not isinstance(node, ScalarNode):
        found, hint = "a mapping", what_to_write(shape)
        if isinstance(node, SequenceNode):
            found, hint = "a list", f"take the brackets or the `- ` away; {hint}"
        message = f"{name} must be {_WANTED.get(type(shape), 'a text')}, not {found}"
        raise Mistake("not-a-single-value", message, hint)
    match shape:
        case shapes.Boolean():
            return _boolean(node, name)
        case shapes.Unsigned():
            return _unsigned(node, name, shape)
        case shapes.Duration():
            value = milliseconds(node.text)
            if not value:
                raise wrong_duration(node.text, name, what_to_write(shape), nullable=nullable)
            if value > U64:
                message = f"{name} is longer than any duration that the server takes"
                longest = limit_text(shape, shape.maximum)
                hint = f"allowed is {limit_text(shape, shape.minimum)} to {longest}"
                raise Mistake("duration-out-of-range", message, hint)
            return value
        case shapes.Choice(choices):
            return _choice(node.text, name, choices)
        case shapes.PlainText() | shapes.PathText() | shapes.Day():
            return _plain(node, name, shape)
        case _:
            return text(node, name, trimmed=not isinstance(shape, shapes.Text) or shape.trimmed)


def text(node: ScalarNode, name: str, *, trimmed: bool) -> str:
    """A non-empty text. Raises Mistake."""
    if node.plain and re.fullmatch(_NUMBER_LIKE, node.text):
        message = f"{name} must be a text, and YAML reads this as a number"
        raise Mistake("not-a-text", message, "put the value in quotes")
    if node.plain and node.text in _TRUE | _FALSE | NULLS:
        message = f"{name} must be a text, and YAML reads this as a word of its own"
        raise Mistake("not-a-text", message, "put the value in quotes")
    value = trim(node.text) if trimmed else node.text
    if not trim(value):
        message = f"{name} must not be blank"
        raise Mistake("blank-text", message, "write a text, or leave the field out")
    if value == MASK:
        message = f"{name} is the mask that stands for a hidden secret, not a value"
        hint = "the server would store four asterisks; write the value, or where it can be had"
        raise Mistake("mask", message, hint)
    return value


def _plain(
    node: ScalarNode, name: str, shape: shapes.PlainText | shapes.PathText | shapes.Day
) -> str:
    """A text that can be neither a secret nor null, a path or a day. Raises Mistake."""
    if is_null(node):
        raise Mistake("null-value", f"{name} has no value", "write one, or leave the line out")
    if node.text == MASK:
        fact = f"{name} is the mask that stands for a hidden secret"
        raise Mistake("mask", fact, "write the value itself")
    value = text(node, name, trimmed=True)
    if isinstance(shape, shapes.Day):
        if not re.fullmatch(DAY, value):
            hint = "write it like 2027-01-31: year, month, day"
            raise Mistake("until-date", f"{name} must be a day", hint)
        with suppress(ValueError):
            return date.fromisoformat(value).isoformat()
        hint = "is the month one of 01 to 12, and does it have so many days?"
        raise Mistake("until-date", f"{name} is no day of the calendar", hint)
    if isinstance(shape, shapes.PlainText):
        return value
    if "://" in value or "-----" in value or not value.isprintable() or len(value) > LONGEST_PATH:
        hint = "write the path of a file: not a URL, and not what is in the file"
        raise Mistake("file-path", f"{name} is no path of a file", hint)
    return beside(node.mark.file, value)


def beside(file: str, relative: str) -> str:
    """A path that starts in the directory of a file, as one from the working directory.

    A `..` stays where it is: it may follow a link.
    """
    return str(PurePath(file).parent / relative)


def _boolean(node: ScalarNode, name: str) -> bool:
    if node.plain and node.text in _TRUE | _FALSE:
        return node.text in _TRUE
    word = node.text.lower()
    fact, hint = "must be true or false", "write true or false"
    if word in _YAML_1_1:
        fact = "must be true or false: YAML 1.2 takes yes, no, on and off for texts"
        hint = f"write {_YAML_1_1[word]}"
    elif word in {"true", "false"}:
        fact = "is a text in quotes, and must be true or false"
        hint = f"write {word} without quotes"
    elif word in {"0", "1"}:
        fact = "is a number, and must be true or false"
        hint = f"write {'true' if word == '1' else 'false'}"
    raise Mistake("not-a-boolean", f"{name} {fact}", hint)


def _unsigned(node: ScalarNode, name: str, shape: shapes.Unsigned) -> int:
    if not (node.plain and re.fullmatch("0|[1-9][0-9]*", node.text)):
        raise _wrong_number(node, name, what_to_write(shape), range_text(shape))
    value = int(node.text) if len(node.text) <= _MOST_DIGITS else U64 + 1
    if value > U64:
        message = f"{name} is larger than any number that the server takes"
        raise Mistake("out-of-range", message, f"allowed is {range_text(shape)}")
    return value


def _wrong_number(node: ScalarNode, name: str, example: str, limits: str) -> Mistake:
    """The mistake of a text that is no whole number. Of the text, only digits are repeated."""
    text = node.text.strip()
    hint = f"write digits alone; allowed is {limits}"
    if len(text) > _MOST_DIGITS:
        fact, hint = "must be a whole number", example
    elif not node.plain and re.fullmatch("[0-9]+", text):
        fact, hint = "is a text in quotes, and must be a number", "write the number without quotes"
    elif re.fullmatch("[-+][0-9]+", text):
        fact = "has a sign in front of its number"
    elif re.fullmatch("[0-9]+", text):
        fact = "begins with 0, which some programs read as an octal number"
        hint = f"write {int(text)}"
    elif re.fullmatch("0[xob][0-9a-fA-F]+", text):
        fact, number = "is no decimal number", "it to the base of ten"
        with suppress(ValueError):
            number = str(int(text, 0))
        hint = f"write {number}; allowed is {limits}"
    elif re.fullmatch(_DECIMAL, text):
        fact = "has a decimal point or an exponent, and must be a whole number"
        value = Decimal(text)
        if value == value.to_integral_value() and value < 10**_MOST_DIGITS:
            hint = f"write {int(value)}"
    elif re.fullmatch("[0-9]{1,3}([_, '][0-9]{3})+", text):
        fact = "has something between the digits of its number"
        hint = f"write {re.sub('[^0-9]', '', text)}"
    elif re.fullmatch(_WITH_UNIT, text, re.IGNORECASE):
        fact = "is a count, and takes no unit"
    else:
        fact, hint = "must be a whole number", example
    return Mistake("not-a-number", f"{name} {fact}", hint)


def _choice(text: str, name: str, choices: Sequence[str]) -> str:
    if text in choices:
        return text
    lower = {choice.lower(): choice for choice in choices}
    if text.lower() in lower:
        message = f"{name} is written in other letters than Stalwart's"
        raise Mistake("unknown-choice", message, f"write {lower[text.lower()]}")
    ends = [choice for choice in choices if text and choice.endswith(text)]
    fact, near = "is none of the values that are allowed", nearest(text, choices)
    if len(ends) == 1:
        fact = fact if near else "is only the end of a value that is allowed"
        near = f"did you mean {ends[0]}? "
    raise Mistake("unknown-choice", f"{name} {fact}", f"{near}allowed are {', '.join(choices)}")


def limit_text(shape: shapes.FileShape, limit: int) -> str:
    """A limit in the unit of its field."""
    return duration_text(limit) if isinstance(shape, shapes.Duration) else str(limit)


def range_text(shape: shapes.FileShape) -> str:
    """The limits of a field, for people."""
    match shape:
        case shapes.Duration(minimum, maximum) | shapes.Unsigned(minimum, maximum):
            if maximum == U64:
                return f"{limit_text(shape, minimum)} or more"
            return f"{limit_text(shape, minimum)} to {limit_text(shape, maximum)}"
        case shapes.ListOf(minimum=minimum):
            return f"{minimum} items or more"
        case _:
            return "anything"


def what_to_write(shape: shapes.FileShape) -> str:
    """The form of a field's value in a file, for people."""
    match shape:
        case shapes.Duration():
            return (
                f"write whole numbers with units ({', '.join(UNITS)}), largest first, "
                f"like 10s, 1m30s or 500ms; {range_text(shape)}"
            )
        case shapes.Boolean():
            return "write true or false"
        case shapes.Unsigned():
            return f"write digits alone, without sign, point or leading zero; {range_text(shape)}"
        case shapes.PlainText() | shapes.PathText() | shapes.Day():
            return "write the text alone"
        case shapes.Choice(choices):
            return f"allowed are {', '.join(choices)}"
        case _:
            return "write one text, in quotes where YAML could read it as something else"
