"""Numbers, switches and choices that are none, in the words that their author gets to see."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from confsync.store.durations import WORDS
from confsync.store.mistakes import INSTEAD, Mistake
from confsync.sync.shape import Choice, Field, SecretText, Variants
from confsync.sync.spelling import nearest, nearest_name
from confsync.sync.tree import Path, path_text

if TYPE_CHECKING:
    from confsync.yaml.nodes import ScalarNode

_YAML_1_1 = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_NUMBER = re.compile(r"[0-9]+")
_LONGEST = 20  # digits: as many as the largest number of the server has
_OTHER_BASE = re.compile(r"0[xob][0-9a-fA-F]+")
_DECIMAL = re.compile(r"[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(\.[0-9]+)?[eE][-+]?[0-9]+")
_GROUPED = re.compile(r"[0-9]{1,3}([_, '][0-9]{3})+")
_WITH_UNIT = re.compile(rf"[0-9]+ ?({'|'.join(WORDS)}|%|connections?)", re.IGNORECASE)


def null(path: Path, known: Field, node: ScalarNode) -> Mistake:
    """Null where it is not allowed."""
    name = path_text(path)
    if isinstance(known.shape, SecretText):
        return Mistake("not-a-secret", f"{name} is null, and no secret can be", INSTEAD)
    if isinstance(known.shape, Variants):
        hint = "write `{'@type': None}` for none, or leave the field out"
        return Mistake("not-an-object", f"{name} is null, and must be an object", hint)
    hint = "leave the field out for its default"
    if known.required:
        hint = f"write a value: {known.summary}"
    if not node.text:
        hint = f"write a value behind the colon: {known.summary}"
        hint += "" if known.required else "; or remove the line, for the default"
        return Mistake("null-value", f"{name} has no value", hint)
    return Mistake("null-value", f"{name} may not be null", hint)


def wrong_boolean(node: ScalarNode, name: str) -> Mistake:
    """What to say of a scalar that is no boolean."""
    lower = node.text.lower()
    if lower in _YAML_1_1:
        message = f"{name} must be true or false: YAML 1.2 takes yes, no, on and off for texts"
        return Mistake("not-a-boolean", message, f"write {_YAML_1_1[lower]}")
    if lower in {"true", "false"}:
        message = f"{name} is a text in quotes, and must be true or false"
        return Mistake("not-a-boolean", message, f"write {lower} without quotes")
    if node.text in {"0", "1"}:
        message = f"{name} is a number, and must be true or false"
        hint = f"write {'true' if node.text == '1' else 'false'}"
        return Mistake("not-a-boolean", message, hint)
    return Mistake("not-a-boolean", f"{name} must be true or false", "write true or false")


def wrong_number(node: ScalarNode, name: str, example: str, limits: str) -> Mistake:
    """What to say of a scalar that is no whole number. Of it, only digits are repeated."""
    text = node.text.strip()
    if len(text) > _LONGEST:
        return Mistake("not-a-number", f"{name} must be a whole number", example)
    if not node.plain and _NUMBER.fullmatch(text):
        message = f"{name} is a text in quotes, and must be a number"
        return Mistake("not-a-number", message, "write the number without quotes")
    if text[:1] in {"+", "-"} and _NUMBER.fullmatch(text[1:]):
        message = f"{name} has a sign in front of its number"
        return Mistake("not-a-number", message, f"write digits alone; allowed is {limits}")
    if _NUMBER.fullmatch(text):
        message = f"{name} begins with 0, which some programs read as an octal number"
        return Mistake("not-a-number", message, f"write {int(text)}")
    if _OTHER_BASE.fullmatch(text):
        message = f"{name} is no decimal number"
        hint = f"write {_to_base_of_ten(text)}; allowed is {limits}"
        return Mistake("not-a-number", message, hint)
    if _DECIMAL.fullmatch(text):
        message = f"{name} has a decimal point or an exponent, and must be a whole number"
        value = Decimal(text)
        whole = value == value.to_integral_value() and value < 10**_LONGEST
        hint = f"write {int(value)}" if whole else f"write digits alone; allowed is {limits}"
        return Mistake("not-a-number", message, hint)
    if _GROUPED.fullmatch(text):
        message = f"{name} has something between the digits of its number"
        return Mistake("not-a-number", message, f"write {re.sub('[^0-9]', '', text)}")
    if _WITH_UNIT.fullmatch(text):
        message = f"{name} is a count, and takes no unit"
        return Mistake("not-a-number", message, f"write digits alone; allowed is {limits}")
    return Mistake("not-a-number", f"{name} must be a whole number", example)


def _to_base_of_ten(text: str) -> str:
    try:
        return str(int(text, 0))
    except ValueError:
        return "it to the base of ten"


def wrong_choice(node: ScalarNode, name: str, shape: Choice) -> Mistake:
    """What to say of a text that is none of those that are allowed."""
    allowed = ", ".join(shape.choices)
    lower = {choice.lower(): choice for choice in shape.choices}
    if node.text.lower() in lower:
        message = f"{name} is written in other letters than Stalwart's"
        return Mistake("unknown-choice", message, f"write {lower[node.text.lower()]}")
    ends = [choice for choice in shape.choices if node.text and choice.endswith(node.text)]
    near = f"did you mean {ends[0]}? " if len(ends) == 1 else nearest(node.text, shape.choices)
    if near and not nearest_name(node.text, shape.choices):
        message = f"{name} is only the end of a value that is allowed"
        return Mistake("unknown-choice", message, f"{near}allowed are {allowed}")
    message = f"{name} is none of the values that are allowed"
    return Mistake("unknown-choice", message, f"{near}allowed are {allowed}")
