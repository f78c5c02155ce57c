"""The difference and the smallest update, written a second time, on plain JSON in clear.

From the wire page and the architecture page alone; nothing of `confsync.sync` is used here. A set
of URLs is an object of `true`, a list one with the keys 0, 1, …; a stored secret is never read,
and a mask as the desired one leaves it as it is.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from urllib.parse import unquote

from confsync.sandbox import patch_rules as rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Json: TypeAlias = dict[str, Any]
Path: TypeAlias = tuple[str, ...]
Found: TypeAlias = "Counter[Path]"
"""Changed leaves, each a path; of a set's members `+` and the text, or `-` and the text."""

TYPE = "@type"
HIDDEN = "secret"
MASK = "****"
SHARDS = "stores"

_PARAMETER = re.compile(r"[?&;#](?=([^=&;#?]*)=([^&]*))")
_VALUE = re.compile(r"([?&;#])([^=&;#?]*)=([^&]*)")
_NAME = re.compile(r"pass|pwd|secret|token|auth|credential|cookie|key", re.IGNORECASE)


def without_scheme(text: str) -> str:
    """What stands behind a URL's scheme; all of a text that has none."""
    return re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://", "", text)


def texts(value: object) -> Iterator[str]:
    """Every text and name in a JSON value."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from texts(part)
    elif isinstance(value, str):
        yield value


def passwords(text: str) -> list[str]:
    """Everything in a URL's place that could be a password: product page, section 4."""
    found = []
    before, at, _ = without_scheme(text).rpartition("@")
    if at and ":" in before:
        found.append(before.partition(":")[2])
    found += [value for name, value in _PARAMETER.findall(text) if _NAME.search(unquote(name))]
    return found


# The difference


def is_set(value: object) -> bool:
    """Whether a value is a set; a URL may well be called `@type`."""
    return isinstance(value, dict) and all(part is True for part in value.values())


def first_decides(urls: Iterable[str]) -> bool:
    """Whether some URLs differ in TLS or credentials; the first one decides then: wire 7."""
    return len({(_wants_tls(url), _credentials(url)) for url in urls}) > 1


def _wants_tls(url: str) -> bool:
    return url.lower().startswith(("rediss://", "valkeys://"))


def _credentials(url: str) -> str | None:
    rest = without_scheme(url)
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    if ":" in authority and "@" in rest[authority.index(":") :]:
        return rest[: rest.rindex("@")]
    return authority[: authority.rindex("@")] if "@" in authority else None


def orders(state: Json) -> dict[str, object]:
    """The order of each set of a state in which the first URL decides, by the names around it."""
    return {
        name: (list(part) if first_decides(part) else None) if is_set(part) else orders(part)
        for name, part in state.items()
        if isinstance(part, dict)
    }


def changed(live: Json, desired: Json, path: Path = ()) -> Found:
    """The leaves in which two objects differ, as far as can be seen.

    A shard that goes or comes is one leaf, as is a change of variant, or of an order that counts.
    """
    found: Found = Counter()
    if live[TYPE] != desired[TYPE]:
        found[path] += 1
        return found
    assert live.keys() == desired.keys()
    for name, was in live.items():
        will, here = desired[name], (*path, name)
        if name == SHARDS:
            found += _changed_shards(list(was.values()), list(will.values()), here)
        elif name == HIDDEN:
            continue
        elif is_set(was):
            found.update((*here, "-", url) for url in was if url not in will)
            found.update((*here, "+", url) for url in will if url not in was)
            if first_decides(will) and not _in_order(list(was), list(will)):
                found[here] += 1
        elif isinstance(was, dict):
            found += changed(was, will, here)
        elif type(was) is not type(will) or was != will:
            found[here] += 1
    return found


def _in_order(was: list[str], will: list[str]) -> bool:
    """Whether the members that stay keep their order; one whose password changes stays too."""
    places = {url: was.index(url) for url in will if url in was}
    for url in (url for url in will if url not in was and passwords(url)):
        free = (i for i, old in enumerate(was) if i not in places.values())
        alike = (i for i in free if passwords(was[i]) and _look(was[i]) == _look(url))
        found = next(alike, None)
        if found is not None:
            places[url] = found
    stayed = [places[url] for url in will if url in places]
    return stayed == sorted(stayed)


def _look(url: str) -> str:
    """A URL as it looks when its passwords are masked."""
    rest = without_scheme(url)
    head = url.removesuffix(rest)
    before, at, after = rest.rpartition("@")
    if at and ":" in before:
        rest = f"{before.partition(':')[0]}:{MASK}{at}{after}"
    return _VALUE.sub(_masked, f"{head}{rest}")


def _masked(parameter: re.Match[str]) -> str:
    secret = _NAME.search(unquote(parameter[2]))
    return f"{parameter[1]}{parameter[2]}={MASK if secret else parameter[3]}"


def _changed_shards(live: list[Json], desired: list[Json], path: Path) -> Found:
    slots = alignment(live, desired).kept
    found: Found = Counter((*path, str(i)) for i in range(len(live)) if i not in slots)
    found.update((*path, str(j)) for j in range(len(slots), len(desired)))
    for j, i in enumerate(slots):
        found += changed(live[i], desired[j], (*path, str(j)))
    return found


# The smallest update of a list


class Alignment(NamedTuple):
    """Which live slots are kept: they become the first desired items."""

    leaves: int
    kept: tuple[int, ...]


def alignment(live: list[Json], desired: list[Json]) -> Alignment:
    """The alignment with the fewest leaves to send, of all that there are; of several such, the
    one that keeps the lowest slots.

    Kept slots take the first desired items, each live slot that is not kept is taken away, the
    other desired items are appended.
    """
    costs = [[leaves_of_update(was, will) for will in desired] for was in live]
    sizes = list(map(_size, desired))
    found = (
        Alignment(
            len(live) - kept + sum(costs[i][j] for j, i in enumerate(slots)) + sum(sizes[kept:]),
            slots,
        )
        for kept in range(min(len(live), len(desired)) + 1)
        for slots in combinations(range(len(live)), kept)
    )
    return min(found, key=lambda each: (each.leaves, (*each.kept, len(live))))


def _size(item: Json) -> int:
    """The leaves of a whole object: its `@type`, and whatever is not its variant's default."""
    defaults = _defaults(item[TYPE])
    own = sum(
        _leaves(value)
        for name, value in item.items()
        if name not in {TYPE, SHARDS} and (name not in defaults or value != defaults[name])
    )
    return 1 + own + sum(map(_size, item.get(SHARDS, {}).values()))


def _defaults(tag: str) -> Json:
    return {} if tag in {"None", "Value", "EnvironmentVariable", "File"} else rules.defaults(tag)


def _leaves(value: object) -> int:
    if not isinstance(value, dict):
        return 1
    return max(1, len(value)) if is_set(value) else _size(value)


def leaves_of_update(live: Json, desired: Json) -> int:
    """The fewest leaves that turn one object into another one, where it is."""
    if live[TYPE] != desired[TYPE]:
        return _size(desired)
    return sum(_field(name, live[name], desired[name]) for name in live if name != TYPE)


def _field(name: str, was: Any, will: Any) -> int:  # noqa: ANN401 - plain JSON
    if name == SHARDS:
        return alignment(list(was.values()), list(will.values())).leaves
    if name == HIDDEN:
        return int(will != MASK)
    if is_set(was):
        return _set(list(was), list(will))
    if isinstance(was, dict):
        return leaves_of_update(was, will)
    return int(was != will or type(was) is not type(will))


def _set(live: list[str], desired: list[str]) -> int:
    gone = [url for url in live if url not in desired]
    new = [url for url in desired if url not in live]
    whole = max(1, len(desired))
    ends_as = [url for url in live if url in desired] + new
    if any(passwords(url) for url in gone) or (first_decides(desired) and ends_as != desired):
        return whole
    return min(whole, len(gone) + len(new))
