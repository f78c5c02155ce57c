"""Expressions: what of them can be checked without compiling them (wire page objects.md, 2.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.sandbox.fields import EXPRESSION, Nested
from confsync.sandbox.objects import members

if TYPE_CHECKING:
    from confsync.sandbox.fields import Json, Type


def first_bad(type_: Type, target: Json) -> str | None:
    """Name the first field with an expression that lacks a part; None without one.

    An expression without conditions may be empty: it was never set. Names and functions are not
    checked: the schema does not say which are allowed where.
    """
    for name, field in type_.fields(target).items():
        if isinstance(field, Nested) and field.type.name == EXPRESSION:
            expression = members(target[name])
            conditions = members(expression["match"]).values()
            parts = {part for condition in conditions for part in condition.values()}
            if conditions and "" in {expression["else"], *parts}:
                return name
    return None
