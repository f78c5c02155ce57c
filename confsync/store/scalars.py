"""Decode scalars by the shape of their field, not by YAML's guesses.

A number in a text's place is a mistake, and so is YAML 1.1's `no`. No message repeats a value that
could be secret.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import PurePath
from typing import TYPE_CHECKING

from confsync.kinds.kind import U64
from confsync.store.durations import (
    UNITS,
    duration_text,
    milliseconds,
    wrong_duration,
    zero_duration,
)
from confsync.store.messages.values import wrong_boolean, wrong_choice, wrong_number
from confsync.store.mistakes import Mistake
from confsync.sync.secret import MASK
from confsync.sync.shape import (
    Boolean,
    Choice,
    Day,
    Duration,
    ListOf,
    PathText,
    PlainText,
    Text,
    Unsigned,
)
from confsync.sync.tree import Path, path_text
from confsync.sync.url import trim
from confsync.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from confsync.sync.shape import FileShape

_NULLS = {"", "~", "null", "Null", "NULL"}
_BOOLEANS = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_NUMBER = re.compile(r"0|[1-9][0-9]*")
_NUMBER_LIKE = re.compile(
    r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0[xob][0-9a-fA-F]+"
)

LONGEST_PATH = 1024
DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"


def is_null(node: ScalarNode) -> bool:
    """Whether a scalar is YAML's null."""
    return node.plain and not node.broken and node.text in _NULLS


def scalar(node: Node, shape: FileShape, path: Path, *, nullable: bool) -> bool | int | str:
    """The value of a scalar in canonical form. Raises Mistake."""
    name = path_text(path)
    if isinstance(node, SequenceNode):
        message = f"{name} must be {_wanted(shape)}, not a list"
        raise Mistake(
            "not-a-single-value",
            message,
            f"take the brackets or the `- ` away; {what_to_write(shape)}",
        )
    if isinstance(node, MappingNode):
        message = f"{name} must be {_wanted(shape)}, not a mapping"
        raise Mistake("not-a-single-value", message, what_to_write(shape))
    match shape:
        case Boolean():
            return _boolean(node, name)
        case Unsigned():
            return _unsigned(node, name, shape)
        case Duration():
            return _duration(node, name, shape, nullable=nullable)
        case Choice():
            return _choice(node, name, shape)
        case PlainText():
            return _plain(node, name)
        case PathText():
            return _path(node, name)
        case Day():
            return _day(node, name)
        case _:
            return text(node, name, trimmed=not isinstance(shape, Text) or shape.trimmed)


def text(node: ScalarNode, name: str, *, trimmed: bool) -> str:
    """A non-empty text. Raises Mistake."""
    if node.plain and _NUMBER_LIKE.fullmatch(node.text):
        message = f"{name} must be a text, and YAML reads this as a number"
        raise Mistake("not-a-text", message, "put the value in quotes")
    if node.plain and node.text in {*_BOOLEANS, *_NULLS}:
        message = f"{name} must be a text, and YAML reads this as a word of its own"
        raise Mistake("not-a-text", message, "put the value in quotes")
    value = trim(node.text) if trimmed else node.text
    if not trim(value):
        message = f"{name} must not be blank"
        raise Mistake("blank-text", message, "write a text, or leave the field out")
    if value == MASK:
        raise Mistake(
            "mask",
            f"{name} is the mask that stands for a hidden secret, not a value",
            "the server would store four asterisks; write the value, or where it can be had",
        )
    return value


def _plain(node: ScalarNode, name: str) -> str:
    if is_null(node):
        raise Mistake("null-value", f"{name} has no value", "write one, or leave the line out")
    if node.text == MASK:
        fact = f"{name} is the mask that stands for a hidden secret"
        raise Mistake("mask", fact, "write the value itself")
    return text(node, name, trimmed=True)


def _path(node: ScalarNode, name: str) -> str:
    value = _plain(node, name)
    if "://" in value or "-----" in value or not value.isprintable() or len(value) > LONGEST_PATH:
        hint = "write the path of a file: not a URL, and not what is in the file"
        raise Mistake("file-path", f"{name} is no path of a file", hint)
    return beside(node.mark.file, value)


def beside(file: str, relative: str) -> str:
    """A path that starts in the directory of a file, as one from the working directory.

    A `..` stays where it is: it may follow a link.
    """
    return str(PurePath(file).parent / relative)


def _day(node: ScalarNode, name: str) -> str:
    value = _plain(node, name)
    try:
        if re.fullmatch(DAY, value):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        hint = "is the month one of 01 to 12, and does it have so many days?"
        raise Mistake("until-date", f"{name} is no day of the calendar", hint) from None
    hint = "write it like 2027-01-31: year, month, day"
    raise Mistake("until-date", f"{name} must be a day", hint)


def limit_text(shape: FileShape, limit: int) -> str:
    """A limit in the unit of its field."""
    return duration_text(limit) if isinstance(shape, Duration) else str(limit)


def range_text(shape: FileShape) -> str:
    """The limits of a field, for people."""
    match shape:
        case Duration(minimum, maximum) | Unsigned(minimum, maximum):
            if maximum == U64:
                return f"{limit_text(shape, minimum)} or more"
            return f"{limit_text(shape, minimum)} to {limit_text(shape, maximum)}"
        case ListOf(minimum=minimum):
            return f"{minimum} items or more"
        case _:
            return "anything"


def _boolean(node: ScalarNode, name: str) -> bool:
    if node.plain and node.text in _BOOLEANS:
        return _BOOLEANS[node.text]
    raise wrong_boolean(node, name)


def _unsigned(node: ScalarNode, name: str, shape: Unsigned) -> int:
    if not (node.plain and _NUMBER.fullmatch(node.text)):
        raise wrong_number(node, name, what_to_write(shape), range_text(shape))
    value = int(node.text) if len(node.text) <= len(str(U64)) else U64 + 1
    if value <= U64:
        return value
    message = f"{name} is larger than any number that the server takes"
    raise Mistake("out-of-range", message, f"allowed is {range_text(shape)}")


def _duration(node: ScalarNode, name: str, shape: Duration, *, nullable: bool) -> int:
    value = milliseconds(node.text)
    if value is None:
        raise wrong_duration(node.text, name, what_to_write(shape), nullable=nullable)
    if value == 0:
        raise zero_duration(name, what_to_write(shape))
    if value > U64:
        longest = limit_text(shape, shape.maximum)
        hint = f"allowed is {limit_text(shape, shape.minimum)} to {longest}"
        message = f"{name} is longer than any duration that the server takes"
        raise Mistake("duration-out-of-range", message, hint)
    return value


def _choice(node: ScalarNode, name: str, shape: Choice) -> str:
    if node.text in shape.choices:
        return node.text
    raise wrong_choice(node, name, shape)


def _wanted(shape: FileShape) -> str:
    match shape:
        case Boolean():
            return "true or false"
        case Unsigned():
            return "a whole number"
        case Duration():
            return "a duration"
        case Choice():
            return "one of some texts"
        case _:
            return "a text"


def what_to_write(shape: FileShape) -> str:
    """How a value of a field is written, for people."""
    match shape:
        case Duration():
            return (
                f"write whole numbers with units ({', '.join(UNITS)}), largest first, "
                f"like 10s, 1m30s or 500ms; {range_text(shape)}"
            )
        case Boolean():
            return "write true or false"
        case Unsigned():
            return f"write digits alone, without sign, point or leading zero; {range_text(shape)}"
        case PlainText() | PathText() | Day():
            return "write the text alone"
        case Choice(choices):
            return f"allowed are {', '.join(choices)}"
        case _:
            return "write one text, in quotes where YAML could read it as something else"
