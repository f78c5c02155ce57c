"""The JSON of a request, read as the server reads it."""

from __future__ import annotations

import json
import math
import re

from confsync.sandbox.leaves import U64_MAX
from confsync.sandbox.patch_rules import Patch

DEEPEST = 127

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


def read(body: bytes) -> object:
    """Parse a body; raises `ValueError` for whatever is not JSON to the server.

    No `NaN`, no number beyond a double, no deeper nesting than 127. Integers are those of 64 bits;
    larger ones, and `-0`, are floats to the server. Of members with one name the last counts and
    stands last; an object with several `@type` is a `Patch` and remembers the first.
    """
    if _depth(body) > DEEPEST:
        raise ValueError("nested too deep")
    return json.loads(
        body.decode(),
        object_pairs_hook=_object,
        parse_int=_integer,
        parse_float=_float,
        parse_constant=int,  # a ValueError for NaN and Infinity
    )


def has_lone_surrogate(value: object) -> bool:
    """True if a name or string in a value is not valid Unicode."""
    if isinstance(value, str):
        return any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return any(has_lone_surrogate(name) or has_lone_surrogate(value[name]) for name in value)
    return isinstance(value, list) and any(has_lone_surrogate(item) for item in value)


def _depth(body: bytes) -> int:
    depth = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", body)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(depth, deepest)
    return deepest


def _object(members: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(members)
    if len(found) == len(members):
        return found
    found = Patch()
    for name, value in members:
        if name == "@type" and name not in found:
            found.first_type = value
        found.pop(name, None)
        found[name] = value
    return found


def _integer(digits: str) -> int | float:
    if digits == "-0" or len(digits) > len(str(-U64_MAX)):
        return _float(digits)
    number = int(digits)
    return number if -(2**63) <= number <= U64_MAX else _float(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("number out of range")
    return number
