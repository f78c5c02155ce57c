"""Decode scalars by the shape of their field, not by YAML's guesses.

No message repeats a value that could be secret.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from pathlib import PurePath
from typing import TYPE_CHECKING

from confsync.kinds.kind import U64
from confsync.store.durations import PART, UNITS, duration_text, milliseconds, wrong_duration
from confsync.store.mistakes import Mistake
from confsync.store.numbers import number, whole
from confsync.store.sizes import bytes_of, size_text, wrong_size
from confsync.store.texts import identifier, normal
from confsync.sync import shape as shapes
from confsync.sync.names import nearest
from confsync.sync.secret import MASK
from confsync.sync.tree import Path, path_text
from confsync.sync.url import trim
from confsync.yaml.nodes import Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.sync.tree import Scalar

NULLS = {"", "~", "null", "Null", "NULL"}
_TRUE, _FALSE = {"true", "True", "TRUE"}, {"false", "False", "FALSE"}
_YAML_1_1 = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_NUMBER_LIKE = r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0[xob][0-9a-fA-F]+"
_WANTED = {
    shapes.Boolean: "true or false",
    shapes.Integer: "a whole number",
    shapes.Float: "a number",
    shapes.Duration: "a duration",
    shapes.Size: "a size",
    shapes.Choice: "an allowed value",
}
_MANY = 20  # choices: more are counted, not listed

LONGEST_PATH = 1024
DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"


def is_null(node: ScalarNode) -> bool:
    """Return True if a scalar is YAML's null."""
    return node.plain and not node.broken and node.text in NULLS


def scalar(node: Node, shape: shapes.FileShape, path: Path, *, nullable: bool) -> Scalar:
    """The value of a scalar in canonical form. Raises Mistake."""
    name = path_text(path)
    if not isinstance(node, ScalarNode):
        found, hint = "a mapping", what_to_write(shape)
        if isinstance(node, SequenceNode):
            found, hint = "a list", f"remove the brackets or the `- `; {hint}"
        message = f"{name} must be {_WANTED.get(type(shape), 'a string')}, not {found}"
        raise Mistake("not-a-single-value", message, hint)
    match shape:
        case shapes.Boolean():
            return _boolean(node, name)
        case shapes.Integer() | shapes.Float() | shapes.Duration() | shapes.Size():
            return _number(node, name, shape, nullable=nullable)
        case shapes.Choice(choices):
            return _choice(node.text, name, choices)
        case shapes.PlainText() | shapes.PathText() | shapes.Day():
            return _plain(node, name, shape)
        case shapes.Id():
            return identifier(text(node, name, trimmed=False), name)
        case shapes.Text():
            found = text(node, name, trimmed=shape.trimmed, blank=shape.blank)
            return normal(found, shape.form, name)
        case _:
            return text(node, name)


def _number(node: ScalarNode, name: str, shape: shapes.Number, *, nullable: bool) -> int | float:
    """A number, a duration in milliseconds or a size in bytes. Raises Mistake."""
    example, allowed = what_to_write(shape), f"allowed: {range_text(shape)}"
    match shape:
        case shapes.Integer(minimum):
            return whole(node, name, minimum, example, allowed)
        case shapes.Float():
            return number(node, name, example, allowed)
        case shapes.Size():
            size = bytes_of(node.text)
            if size is None:
                raise wrong_size(node.text, name, example)
            if size > U64:
                raise Mistake("out-of-range", f"{name} is too large", allowed)
            return size
        case shapes.Duration():
            value = milliseconds(node.text)
            if not value:
                raise wrong_duration(node.text, name, example, nullable=nullable)
            if value > U64:
                limits = f"{limit_text(shape, shape.minimum)} to {limit_text(shape, shape.maximum)}"
                raise Mistake("duration-out-of-range", f"{name} is too long", f"allowed: {limits}")
            return value


def text(node: ScalarNode, name: str, *, trimmed: bool = True, blank: bool = False) -> str:
    """A text. `blank`: it may be white space alone, in quotes. Raises Mistake."""
    is_number = re.fullmatch(_NUMBER_LIKE, node.text)
    if node.plain and (is_number or node.text in _TRUE | _FALSE | NULLS):
        read = "a number" if is_number else "true, false or null"
        message = f"{name} must be a string, but YAML reads it as {read}"
        raise Mistake("not-a-text", message, "put the value in quotes")
    value = trim(node.text) if trimmed else node.text
    if not value or not (blank or trim(value)):
        message = f"{name} must not be {'empty' if blank else 'blank'}"
        raise Mistake("blank-text", message, "write a string, or remove the line")
    if value == MASK:
        hint = "write the value, or a reference if it is secret"
        raise Mistake("mask", f"{name} is `{MASK}`, the mask of a hidden value", hint)
    return value


def _plain(
    node: ScalarNode, name: str, shape: shapes.PlainText | shapes.PathText | shapes.Day
) -> str:
    """A text that can be neither a secret nor null, a path or a day. Raises Mistake."""
    if is_null(node):
        raise Mistake("null-value", f"{name} has no value", "add one, or remove the line")
    if node.text == MASK:
        fact = f"{name} is `{MASK}`, the mask of a hidden value"
        raise Mistake("mask", fact, "write the value itself")
    value = text(node, name)
    if isinstance(shape, shapes.Day):
        if not re.fullmatch(DAY, value):
            hint = "write it as YYYY-MM-DD, like 2027-01-31"
            raise Mistake("until-date", f"{name} must be a date", hint)
        with suppress(ValueError):
            return date.fromisoformat(value).isoformat()
        hint = "check the month and the day"
        raise Mistake("until-date", f"{name} is not a valid date", hint)
    if isinstance(shape, shapes.PlainText):
        return value
    if "://" in value or "-----" in value or not value.isprintable() or len(value) > LONGEST_PATH:
        hint = "write the path of a file, not a URL or the file's content"
        raise Mistake("file-path", f"{name} is not a file path", hint)
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
        fact = f"{fact}; YAML 1.2 reads yes, no, on and off as strings"
        hint = f"write {_YAML_1_1[word]}"
    elif word in {"true", "false"}:
        fact, hint = f"{fact}, not a string in quotes", f"write {word} without quotes"
    elif word in {"0", "1"}:
        fact, hint = f"{fact}, not a number", f"write {'true' if word == '1' else 'false'}"
    raise Mistake("not-a-boolean", f"{name} {fact}", hint)


def _choice(text: str, name: str, choices: Sequence[str]) -> str:
    if text in choices:
        return text
    # The end of an allowed value, in any case, is no secret.
    ends = [choice for choice in choices if text and choice.lower().endswith(text.lower())]
    message, near = f"{name} has an invalid value", nearest(text, choices)
    if len(ends) == 1:
        message, near = f"{name}: {text} is not allowed", f"did you mean {ends[0]}? "
    raise Mistake("unknown-choice", message, f"{near}{_allowed(choices)}")


def map_key(node: ScalarNode, shape: shapes.Text | shapes.Choice, name: str) -> str:
    """A key of a map, however YAML reads it. `name`: the map's. Raises Mistake."""
    key = trim(node.text)
    if isinstance(shape, shapes.Choice):
        key = node.text
        if key not in shape.choices:
            hint = f"{nearest(key, shape.choices)}{_allowed(shape.choices)}"
            raise Mistake("unknown-choice", f"{name} has an unknown key", hint)
    elif not key:
        raise Mistake("blank-text", f"a key of {name} must not be blank", "remove the line")
    elif key == MASK:
        fact = f"a key of {name} is `{MASK}`, the mask of a hidden value"
        raise Mistake("mask", fact, "write the name itself")
    return key


def _allowed(choices: Sequence[str]) -> str:
    """The allowed values for people; of many, their number."""
    if len(choices) > _MANY:
        return f"{len(choices)} values are allowed: see `confsync explain` with the field's name"
    return f"allowed: {', '.join(choices)}"


def limit_text(shape: shapes.Number, limit: float) -> str:
    """A limit in the unit of its field; a duration in one unit."""
    match shape:
        case shapes.Duration():
            text = duration_text(int(limit))
            return text if re.fullmatch(PART, text) else f"{limit}ms"
        case shapes.Size():
            return size_text(int(limit))
        case _:
            return str(limit)


def range_text(shape: shapes.Number | shapes.ListOf | shapes.TextSet) -> str:
    """The limits of a field, for people."""
    if isinstance(shape, shapes.ListOf | shapes.TextSet):
        return f"at least {shape.minimum} item{'s' * (shape.minimum != 1)}"
    low, high = shape.minimum, shape.maximum
    least = "" if low is None else limit_text(shape, low)
    if high is None or high == U64:
        return f"at least {least}" if least else "any number"
    most = limit_text(shape, high)
    return f"{least} to {most}" if least else f"at most {most}"


def what_to_write(shape: shapes.FileShape) -> str:
    """The form of a field's value in a file, for people."""
    match shape:
        case shapes.Duration():
            form = f"write numbers with units ({', '.join(UNITS)}), like 10s, 1m30s or 500ms"
            return f"{form}; {range_text(shape)}"
        case shapes.Size():
            form = "write a whole number with a unit (B, KiB, MiB, GiB or KB, MB, GB), like 25MiB"
            return f"{form}; {range_text(shape)}"
        case shapes.Boolean():
            return "write true or false"
        case shapes.Integer():
            return f"write a whole number, {range_text(shape)}"
        case shapes.Float():
            return f"write a number like 6 or 6.5, {range_text(shape)}"
        case shapes.PlainText() | shapes.PathText() | shapes.Day():
            return "write one string"
        case shapes.Choice(choices):
            return _allowed(choices)
        case _:
            return "write one string, in quotes if YAML could read it as something else"
