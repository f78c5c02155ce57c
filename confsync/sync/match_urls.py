"""Pair the members of a live set with those of the desired one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.sync.equality import relation, same_skeleton

if TYPE_CHECKING:
    from collections.abc import Callable

    from confsync.sync.url import Url


def match_urls(
    live: tuple[Url, ...], desired: tuple[Url, ...]
) -> list[tuple[int | None, int | None]]:
    """Pair the members: equal ones first, then those that cannot be told from each other, then
    those that differ in their passwords only. Desired members come in their
    order, then those that go.
    """
    places = {url.parts: i for i, url in enumerate(live)}
    equal = ((places.get(url.parts), j) for j, url in enumerate(desired) if url.resolved)
    partner = {i: j for i, j in equal if i is not None}
    taken = set(partner.values())
    criteria: tuple[Callable[[Url, Url], bool], ...] = (
        lambda a, b: bool(b.parts) and relation(a, b) == "unknown",
        lambda a, b: relation(a, b) == "unknown",
        lambda a, b: bool(a.secrets) and same_skeleton(a, b),
    )
    for fits in criteria:
        for j in [j for j in range(len(desired)) if j not in taken]:
            free = (i for i in range(len(live)) if i not in partner and fits(live[i], desired[j]))
            found = next(free, None)
            if found is not None:
                partner[found] = j
                taken.add(j)
    chosen = {j: i for i, j in partner.items()}
    pairs: list[tuple[int | None, int | None]] = [(chosen.get(j), j) for j in range(len(desired))]
    return pairs + [(i, None) for i in range(len(live)) if i not in partner]


def may_be_another(url: Url, members: tuple[Url, ...]) -> bool:
    """Whether a member whose references are not resolved may turn out to be one of the others."""
    return not url.resolved and (
        not url.parts or any(same_skeleton(other, url) for other in members if other is not url)
    )


def incomparable(before: Url | None, after: Url, members: tuple[Url, ...]) -> bool:
    """Whether nobody can tell if a desired member is the live one that it is paired with.

    `members` are all members of the desired set. `before` None: `after` has no partner.
    """
    if before is None:
        return may_be_another(after, members)
    return relation(before, after) == "unknown"
