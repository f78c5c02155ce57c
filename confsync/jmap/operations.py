"""Operations of a plan or snapshot of stalwart-cli: NDJSON, one JSON object a line.

`@type` says what to do (`update`, `create`, `upsert`, `destroy`), `object` with what (`Http` or
`x:Http`, in any case). An `update` of a settings object has no `id`, or `singleton`, and its
`value` is that of a JMAP update. A snapshot holds no secret: its client leaves them out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.jmap.answers import Json

MAX_LINES = 100_000
MAX_DEPTH = 32
_DIGITS = 20


@dataclass(frozen=True)
class Operation:
    """An operation, with its line from 1. Missing members are empty; `value` may hold secrets."""

    line: int
    kind: str
    object: str
    id: str
    value: Json = field(repr=False)


@dataclass(frozen=True)
class NoOperation:
    """A line that is no operation: fact and hint, without its text."""

    line: int
    fact: str
    hint: str


_WRITE = 'write one like {"@type":"update","object":"Http","value":{…}}'
_ARRAY = "convert it with `jq -c '.[]'`: before version 1.0.2 stalwart-cli wrote one JSON array"


def operations(source: str) -> Iterator[Operation | NoOperation]:
    """The operations of a plan. Blank lines and comments (`#`) are skipped."""
    for number, line in enumerate(source.split("\n"), start=1):
        written = line.strip()
        if not written or written.startswith("#"):
            continue
        if number > MAX_LINES:
            yield NoOperation(number, f"has more than {MAX_LINES:,} lines", "import it in parts")
            return
        yield _operation(number, written)


def _operation(number: int, written: str) -> Operation | NoOperation:
    try:
        found: Json = json.loads(
            written,
            object_pairs_hook=_no_duplicates,
            # A number too long for any field becomes a float, which no field takes.
            parse_int=lambda digits: int(digits) if len(digits) <= _DIGITS else float(digits),
            parse_constant=int,  # a ValueError for NaN and Infinity
        )
    except RecursionError:
        return _too_deep(number)
    except ValueError:
        hint = _ARRAY if written.startswith("[") else _WRITE
        return NoOperation(number, "is not JSON, or names a member twice", hint)
    if not isinstance(found, dict):
        hint = _ARRAY if isinstance(found, list) else _WRITE
        return NoOperation(number, "is not a JSON object", hint)
    if _depth(found) > MAX_DEPTH:
        return _too_deep(number)
    kind, name, id_ = found.get("@type"), found.get("object"), found.get("id")
    if not isinstance(kind, str) or not isinstance(name, str):
        return NoOperation(number, "has no @type or no object", _WRITE)
    if not isinstance(id_, str | None):
        return NoOperation(number, "has an id that is not a text", _WRITE)
    return Operation(number, kind, name, id_ or "", found.get("value"))


def _too_deep(number: int) -> NoOperation:
    hint = "check the file: no setting is nested like this"
    return NoOperation(number, f"is nested deeper than {MAX_DEPTH}", hint)


def _no_duplicates(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _depth(value: Json) -> int:
    """The levels of nesting, without recursion."""
    deepest, left = 0, [(value, 1)]
    while left:
        one, level = left.pop()
        deepest = max(deepest, level)
        inner = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        left += ((other, level + 1) for other in inner if isinstance(other, dict | list))
    return deepest
