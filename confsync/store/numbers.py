"""Whole numbers and numbers with a point, and messages for invalid ones.

Of the author's text, a message repeats only digits.
"""

from __future__ import annotations

import math
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from confsync.kinds.kind import U64
from confsync.store.durations import WORDS
from confsync.store.mistakes import Mistake

if TYPE_CHECKING:
    from confsync.yaml.nodes import ScalarNode

FLOAT = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?"
"""A number as a file has it."""

_DECIMAL = r"[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(\.[0-9]+)?[eE][-+]?[0-9]+"
_WITH_UNIT = rf"[0-9]+ ?({'|'.join(WORDS)}|%|connections?)"
_MOST_DIGITS = len(str(U64))
_MOST_FLOAT_DIGITS = 60


def whole(node: ScalarNode, name: str, minimum: int, example: str, allowed: str) -> int:
    """A whole number, with a sign if the minimum has one. Raises Mistake.

    `example` says what to write, `allowed` the limits, which are not checked.
    """
    sign = "-?" if minimum < 0 else ""
    if not (node.plain and re.fullmatch(f"{sign}(0|[1-9][0-9]*)", node.text)):
        raise _wrong_number(node, name, example, allowed, signed=minimum < 0)
    if len(node.text) > _MOST_DIGITS or int(node.text) > U64:
        raise Mistake("out-of-range", f"{name} is too large", allowed)
    return int(node.text)


def number(node: ScalarNode, name: str, example: str, allowed: str) -> float:
    """A finite number. Raises Mistake."""
    text = node.text
    if not (node.plain and re.fullmatch(FLOAT, text) and len(text) <= _MOST_FLOAT_DIGITS):
        raise _wrong_float(node, name, example, allowed)
    value = float(text)
    if not math.isfinite(value):
        raise Mistake("out-of-range", f"{name} is too large", allowed)
    # No server tells -0.0 from 0.0.
    return value + 0.0


def _wrong_number(
    node: ScalarNode, name: str, example: str, allowed: str, *, signed: bool
) -> Mistake:
    """The mistake of an invalid whole number. Of the text, only digits are repeated."""
    # A longer text is no known mistake.
    text = node.text.strip() if len(node.text.strip()) <= _MOST_DIGITS else ""
    fact, hint, alone = "must be a whole number", example, f"write digits only; {allowed}"
    if not node.plain and re.fullmatch("[0-9]+", text):
        fact, hint = "must be a number, not a string in quotes", "remove the quotes"
    elif re.fullmatch("[-+][0-9]+", text):
        fact = (
            "must be a whole number without a plus" if signed else "must be a positive whole number"
        )
        hint = alone
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


def _wrong_float(node: ScalarNode, name: str, example: str, allowed: str) -> Mistake:
    """The mistake of an invalid number."""
    text = node.text.strip() if len(node.text.strip()) <= _MOST_DIGITS else ""
    fact, hint = "must be a number", example
    if not node.plain and re.fullmatch(FLOAT, text):
        fact, hint = "must be a number, not a string in quotes", "remove the quotes"
    elif re.fullmatch(r"[-+]?\.?(inf|nan|infinity)", text, re.IGNORECASE):
        fact, hint = "must be a finite number", allowed
    elif re.fullmatch(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)", text):
        fact, hint = "is a number in another form", f"write {float(text):g}"
    elif re.fullmatch(r"-?[0-9]+,[0-9]+", text):
        fact, hint = "has a comma", f"write {float(text.replace(',', '.')):g}"
    elif re.fullmatch(_WITH_UNIT, text, re.IGNORECASE):
        fact, hint = "must be a number without a unit", f"write digits only; {allowed}"
    return Mistake("not-a-number", f"{name} {fact}", hint)
