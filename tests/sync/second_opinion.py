"""The difference and the smallest update, written a second time, on plain JSON in clear.

From the wire page and the architecture page alone; nothing of `confsync.sync` is used here. A set
of URLs is an object of `true`, a list one with the keys 0, 1, …; a stored secret is never read.
"""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote

from confsync.sandbox import rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Json: TypeAlias = dict[str, Any]
Path: TypeAlias = tuple[str, ...]
Counts: TypeAlias = "Callable[[Path], bool]"
"""Whether the order of the set at a path counts."""

TYPE = "@type"
HIDDEN = "secret"

_PARAMETER = re.compile(r"[?&;](?=([^=&;#?]*)=([^&]*))")
_NAME = re.compile(r"pass|pwd|secret|token|auth|credential|key", re.IGNORECASE)


def passwords(text: str) -> list[str]:
    """Everything in a URL's place that could be a password: product page, section 4."""
    _, separator, rest = text.partition("://")
    if not separator:
        rest = text
    found = []
    before, at, _ = rest.rpartition("@")
    if at and ":" in before:
        found.append(before.partition(":")[2])
    found += [value for name, value in _PARAMETER.findall(text) if _NAME.search(unquote(name))]
    return found


# The difference


def is_set(value: object) -> bool:
    """Whether a value is a set; a URL may well be called `@type`."""
    return isinstance(value, dict) and value.get(TYPE, True) is True


def changed(live: Json, desired: Json, counts: Counts, path: Path = ()) -> Iterator[Path]:
    """The paths in which two objects without a list differ, as far as can be seen."""
    if live[TYPE] != desired[TYPE]:
        yield path
        return
    for name in live.keys() | desired.keys():
        was, will, here = live[name], desired[name], (*path, name)
        if name == HIDDEN:
            continue
        if is_set(was):
            if set(was) != set(will) or (counts(here) and list(was) != list(will)):
                yield here
        elif isinstance(was, dict):
            yield from changed(was, will, counts, here)
        elif type(was) is not type(will) or was != will:
            yield here


# The smallest update of a list


def fewest_leaves(live: list[Json], desired: list[Json], counts: Callable[[int], bool]) -> int:
    """The fewest leaves that turn one list into another one, over every order-preserving alignment.

    Kept slots take the first desired items, each live slot that is not kept is taken away, the
    other desired items are appended. `counts` says of a desired item whether the order of its
    URLs counts.
    """
    return min(
        len(live)
        - kept
        + sum(leaves_of_update(live[i], desired[j], counts=counts(j)) for j, i in enumerate(slots))
        + sum(map(_size, desired[kept:]))
        for kept in range(min(len(live), len(desired)) + 1)
        for slots in combinations(range(len(live)), kept)
    )


def _size(item: Json) -> int:
    """The leaves of a whole object: its `@type`, and whatever is not its variant's default."""
    defaults = _defaults(item[TYPE])
    return 1 + sum(
        _leaves(value)
        for name, value in item.items()
        if name != TYPE and (name not in defaults or value != defaults[name])
    )


def _defaults(tag: str) -> Json:
    return {} if tag in {"None", "Value", "EnvironmentVariable", "File"} else rules.defaults(tag)


def _leaves(value: object) -> int:
    if not isinstance(value, dict):
        return 1
    return max(1, len(value)) if is_set(value) else _size(value)


def leaves_of_update(live: Json, desired: Json, *, counts: bool) -> int:
    """The leaves that turn one object without a list into another one, where it is."""
    if live[TYPE] != desired[TYPE]:
        return _size(desired)
    return sum(
        _field(name, live[name], desired[name], counts=counts) for name in live if name != TYPE
    )


def _field(name: str, was: Any, will: Any, *, counts: bool) -> int:  # noqa: ANN401 - plain JSON
    if name == HIDDEN:
        return 1
    if is_set(was):
        return _set(list(was), list(will), counts=counts)
    if isinstance(was, dict):
        return leaves_of_update(was, will, counts=counts)
    return int(was != will or type(was) is not type(will))


def _set(live: list[str], desired: list[str], *, counts: bool) -> int:
    gone = [url for url in live if url not in desired]
    new = [url for url in desired if url not in live]
    whole = max(1, len(desired))
    ends_as = [url for url in live if url in desired] + new
    if any(passwords(url) for url in gone) or (counts and ends_as != desired):
        return whole
    return min(whole, len(gone) + len(new))
