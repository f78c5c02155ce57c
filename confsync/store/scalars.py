"""Decode scalars by the shape of their field, not by YAML's guesses; durations like `1m30s`.

No message repeats a value that could be secret.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from pathlib import PurePath
from typing import TYPE_CHECKING

from confsync.kinds.kind import U64
from confsync.store.mistakes import Mistake
from confsync.sync import shape as shapes
from confsync.sync.names import nearest, nearest_name
from confsync.sync.secret import MASK
from confsync.sync.tree import Path, path_text
from confsync.sync.url import trim
from confsync.yaml.nodes import Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Sequence

UNITS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
"""The units of durations in milliseconds, largest first."""

_SIZES = {
    **dict.fromkeys(("w", "wk", "week", "weeks"), 7 * UNITS["d"]),
    **dict.fromkeys(("d", "day", "days"), UNITS["d"]),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), UNITS["h"]),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), UNITS["m"]),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), UNITS["s"]),
    **dict.fromkeys(("ms", "msec", "msecs", "milli", "millis"), UNITS["ms"]),
    **dict.fromkeys(("millisecond", "milliseconds"), UNITS["ms"]),
}
_ENDLESS = {"never", "none", "inf", "infinite", "infinity", "forever", "unlimited", "off", "no"}
WORDS = frozenset({*_SIZES, *_ENDLESS})
"""Every word in a duration's place, right or wrong. None of them is a secret."""

_MOST_DURATION_DIGITS = 25  # more than any duration that the server takes
_LONGEST_MISTAKE = 30  # characters: a longer text is no known mistake
_DURATION = "".join(rf"(?:(0|[1-9][0-9]*){unit})?" for unit in UNITS)
_ISO = r"-?P(?!$)(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?"
_PART = r"(\d+)(\s*)([A-Za-z]+)\s*"

NULLS = {"", "~", "null", "Null", "NULL"}
_TRUE, _FALSE = {"true", "True", "TRUE"}, {"false", "False", "FALSE"}
_YAML_1_1 = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_NUMBER_LIKE = r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0[xob][0-9a-fA-F]+"
_DECIMAL = r"[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(\.[0-9]+)?[eE][-+]?[0-9]+"
_WITH_UNIT = rf"[0-9]+ ?({'|'.join(WORDS)}|%|connections?)"
_MOST_DIGITS = len(str(U64))
_WANTED = {
    shapes.Boolean: "true or false",
    shapes.Integer: "a whole number",
    shapes.Duration: "a duration",
    shapes.Choice: "an allowed value",
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
            found, hint = "a list", f"remove the brackets or the `- `; {hint}"
        message = f"{name} must be {_WANTED.get(type(shape), 'a string')}, not {found}"
        raise Mistake("not-a-single-value", message, hint)
    match shape:
        case shapes.Boolean():
            return _boolean(node, name)
        case shapes.Integer():
            return _unsigned(node, name, shape)
        case shapes.Duration():
            value = milliseconds(node.text)
            if not value:
                raise _wrong_duration(node.text, name, what_to_write(shape), nullable=nullable)
            if value > U64:
                limits = f"{limit_text(shape, shape.minimum)} to {limit_text(shape, shape.maximum)}"
                raise Mistake("duration-out-of-range", f"{name} is too long", f"allowed: {limits}")
            return value
        case shapes.Choice(choices):
            return _choice(node.text, name, choices)
        case shapes.PlainText() | shapes.PathText() | shapes.Day():
            return _plain(node, name, shape)
        case _:
            return text(node, name, trimmed=not isinstance(shape, shapes.Text) or shape.trimmed)


def text(node: ScalarNode, name: str, *, trimmed: bool) -> str:
    """A non-empty text. Raises Mistake."""
    number = re.fullmatch(_NUMBER_LIKE, node.text)
    if node.plain and (number or node.text in _TRUE | _FALSE | NULLS):
        read = "a number" if number else "true, false or null"
        message = f"{name} must be a string, but YAML reads it as {read}"
        raise Mistake("not-a-text", message, "put the value in quotes")
    value = trim(node.text) if trimmed else node.text
    if not trim(value):
        message = f"{name} must not be blank"
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
    value = text(node, name, trimmed=True)
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


def _unsigned(node: ScalarNode, name: str, shape: shapes.Integer) -> int:
    allowed = f"allowed: {range_text(shape)}"
    if not (node.plain and re.fullmatch("0|[1-9][0-9]*", node.text)):
        raise _wrong_number(node, name, what_to_write(shape), allowed)
    if len(node.text) > _MOST_DIGITS or int(node.text) > U64:
        raise Mistake("out-of-range", f"{name} is too large", allowed)
    return int(node.text)


def _wrong_number(node: ScalarNode, name: str, example: str, allowed: str) -> Mistake:
    """The mistake of an invalid whole number. Of the text, only digits are repeated."""
    # A longer text is no known mistake.
    text = node.text.strip() if len(node.text.strip()) <= _MOST_DIGITS else ""
    fact, hint, alone = "must be a whole number", example, f"write digits only; {allowed}"
    if not node.plain and re.fullmatch("[0-9]+", text):
        fact, hint = "must be a number, not a string in quotes", "remove the quotes"
    elif re.fullmatch("[-+][0-9]+", text):
        fact, hint = "must be a positive whole number", alone
    elif re.fullmatch("[0-9]+", text):
        fact, hint = "has a leading zero, which some programs read as octal", f"write {int(text)}"
    elif re.fullmatch("0[xob][0-9a-fA-F]+", text):
        fact, number = "must be a decimal number", "it in decimal"
        with suppress(ValueError):
            number = str(int(text, 0))
        hint = f"write {number}; {allowed}"
    elif re.fullmatch(_DECIMAL, text):
        from decimal import Decimal  # noqa: PLC0415 - only this mistake needs it

        value = Decimal(text)
        whole = value == value.to_integral_value() and value < 10**_MOST_DIGITS
        fact = "must be a whole number, without a decimal point or exponent"
        hint = f"write {int(value)}" if whole else alone
    elif re.fullmatch("[0-9]{1,3}([_, '][0-9]{3})+", text):
        fact = "has a digit separator"
        hint = f"write {re.sub('[^0-9]', '', text)}"
    elif re.fullmatch(_WITH_UNIT, text, re.IGNORECASE):
        fact, hint = "must be a number without a unit", alone
    return Mistake("not-a-number", f"{name} {fact}", hint)


def _choice(text: str, name: str, choices: Sequence[str]) -> str:
    if text in choices:
        return text
    # The end of an allowed value, in any case, is no secret.
    ends = [choice for choice in choices if text and choice.lower().endswith(text.lower())]
    message, near = f"{name} has an invalid value", nearest(text, choices)
    if len(ends) == 1:
        message, near = f"{name}: {text} is not allowed", f"did you mean {ends[0]}? "
    raise Mistake("unknown-choice", message, f"{near}allowed: {', '.join(choices)}")


def limit_text(shape: shapes.Duration | shapes.Integer, limit: int) -> str:
    """A limit in the unit of its field; a duration in one unit."""
    if not isinstance(shape, shapes.Duration):
        return str(limit)
    text = duration_text(limit)
    return text if re.fullmatch(_PART, text) else f"{limit}ms"


def range_text(shape: shapes.Duration | shapes.Integer | shapes.ListOf) -> str:
    """The limits of a field, for people."""
    if isinstance(shape, shapes.ListOf):
        return f"at least {shape.minimum} items"
    least = limit_text(shape, shape.minimum)
    if shape.maximum == U64:
        return f"at least {least}"
    return f"{least} to {limit_text(shape, shape.maximum)}"


def what_to_write(shape: shapes.FileShape) -> str:
    """The form of a field's value in a file, for people."""
    match shape:
        case shapes.Duration():
            form = f"write numbers with units ({', '.join(UNITS)}), like 10s, 1m30s or 500ms"
            return f"{form}; {range_text(shape)}"
        case shapes.Boolean():
            return "write true or false"
        case shapes.Integer():
            return f"write a whole number, {range_text(shape)}"
        case shapes.PlainText() | shapes.PathText() | shapes.Day():
            return "write one string"
        case shapes.Choice(choices):
            return f"allowed: {', '.join(choices)}"
        case _:
            return "write one string, in quotes if YAML could read it as something else"


def milliseconds(text: str) -> int | None:
    """The milliseconds of a duration; None if the text is no duration."""
    found = re.fullmatch(_DURATION, text)
    if found is None or not text:
        return None
    pairs = zip(found.groups(), UNITS.values(), strict=True)
    return sum(int((number or "0")[:_MOST_DURATION_DIGITS]) * size for number, size in pairs)


def duration_text(value: int) -> str:
    """The shortest text of that many milliseconds; at least 1."""
    text = ""
    for unit, size in UNITS.items():
        number, value = divmod(value, size)
        text += f"{number}{unit}" if number else ""
    return text


def _wrong_duration(written: str, name: str, example: str, *, nullable: bool) -> Mistake:
    """The mistake of an invalid duration, or of zero. Of the text, only numbers are repeated."""
    text = written.strip()
    short = len(text) <= _LONGEST_MISTAKE
    number = int(text) if short and text.isascii() and text.isdigit() else None
    if number == 0 or milliseconds(written) == 0:
        return Mistake("duration-out-of-range", f"{name} must not be zero", example)
    if number is not None:
        message = f"{name} is a number without a unit"
        hint = f"did you mean {number}s or {number}ms?"
        if number >= UNITS["s"]:
            hint = f"did you mean {duration_text(number)} ({number}ms) or {number}s?"
        return Mistake("duration-without-unit", message, hint)
    if short and text[:1] == "-" and text != "-1":
        return Mistake("duration-out-of-range", f"{name} must not be negative", example)
    fact, hint = _invalid(text, nullable=nullable) if short else ("must be a duration", "")
    return Mistake("not-a-duration", f"{name} {fact}", hint or example)


def _invalid(text: str, *, nullable: bool) -> tuple[str, str]:
    """The fact and the hint for an invalid text; no hint if only an example can help."""
    if text.lower() in _ENDLESS or text == "-1":
        hint = "write null to wait forever, or a duration like 10s" if nullable else ""
        return "must be a duration", hint
    if text[:1] == "+":
        return "must be a duration without a sign", _write(milliseconds(text[1:]))
    if re.fullmatch(_ISO, text, re.IGNORECASE):
        total = "".join(re.findall(r"\d+[DHMS]", text.upper())).lower()
        return "must be a duration like 1m30s, not ISO 8601", f"write {total}" if total else ""
    if re.fullmatch(r"\d+(:\d{1,2}){1,2}(\.\d+)?", text):
        first, second, *third = (int(part) for part in text.partition(".")[0].split(":"))
        time = (first * 60 + second) * UNITS["s"]
        hint = f"did you mean {duration_text(time)} or {duration_text(time * 60)}?" if time else ""
        hint = _write(time * 60 + third[0] * UNITS["s"]) if third else hint
        return "must be a duration like 1m30s, not a clock time", hint
    if "_" in text:
        return "must be a duration without `_`", _write(milliseconds(text.replace("_", "")))
    if decimal := re.fullmatch(r"(\d+)[.,](\d+)\s*([A-Za-z]*)", text):
        exact = int(decimal[1] + decimal[2]) * _SIZES.get(decimal[3].lower(), 0)
        whole, rest = divmod(exact, 10 ** len(decimal[2]))
        return "must be a duration in whole numbers", _write(0 if rest else whole)
    return _wrong_parts(text)


def _wrong_parts(text: str) -> tuple[str, str]:
    parts: list[tuple[str, str, str]] = re.findall(_PART, text)
    # A word that is nothing like a unit may be a secret.
    like_units = all(nearest_name(unit, _SIZES) for _, _, unit in parts)
    if not parts or re.sub(_PART, "", text) or not like_units:
        return "must be a duration", ""
    sizes = [_SIZES.get(unit.lower(), 0) for _, _, unit in parts]
    total = sum(int(number) * size for (number, _, _), size in zip(parts, sizes, strict=True))
    hint = _write(total if all(sizes) else 0)
    if any(unit not in UNITS for _, _, unit in parts):
        return f"has an unknown unit; known: {', '.join(UNITS)}", hint
    if any(space for _, space, _ in parts) or re.search(r"\s", text):
        return "must be a duration without spaces", hint
    if any(number[0] == "0" for number, _, _ in parts):
        return "must be a duration without leading zeros", hint
    return "must have each unit once, largest first", hint


def _write(total: int | None) -> str:
    return f"write {duration_text(total)}" if total else ""
