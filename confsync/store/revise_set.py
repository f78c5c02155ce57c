"""What a list of URLs in a file has to say so that it says a live set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.sync.equality import match_urls, may_be_another, url_key
from confsync.yaml.edit_script import KEEP, Elements, Keep, Revision

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from confsync.sync.shape import UrlSet
    from confsync.sync.tree import Members
    from confsync.sync.url import Url
    from confsync.yaml.nodes import Node


@dataclass(frozen=True)
class Member:
    """An item of a list, and what it says; None where it says nothing valid."""

    node: Node
    url: Url | None


@dataclass(frozen=True)
class _Place:
    """A member as it is to be: the indexes of the items that say it, and of the live member."""

    items: tuple[int, ...]
    live: int | None
    url: Url
    revision: Revision


def revised_set(
    live: Members,
    shape: UrlSet,
    items: Sequence[Member],
    revised: Callable[[int, Node | None], Revision],
) -> Revision:
    """The revision of a list.

    Items that say, or can say, what is so stay where they are; new ones come at the end. Where the
    order counts the items take the live one. `revised` writes a live member, given its
    index, in an item's place or as a new one.
    """
    said, indexes = _distinct(items)
    places: list[_Place] = []
    for i, j in match_urls(live.members, said):
        at = () if j is None else indexes[j]
        if i is not None:
            revision = revised(i, items[at[0]].node if at else None)
            kept = isinstance(revision, Keep)
            places.append(_Place(at if kept else at[:1], i, live.members[i], revision))
        elif j is not None and may_be_another(said[j], said):
            places.append(_Place(at, None, said[j], KEEP))
    if _order_counts(live, shape, said, places):
        wanted = _in_live_order(places)
    else:
        old = {item: place.revision for place in places for item in place.items}
        wanted = [(item, old[item]) for item in sorted(old)]
        wanted += [(None, place.revision) for place in places if not place.items]
    stays = [item for item, _ in wanted] == list(range(len(items))) and all(
        isinstance(revision, Keep) for _, revision in wanted
    )
    return KEEP if stays else Elements(tuple(wanted))


def _order_counts(
    live: Members, shape: UrlSet, said: tuple[Url, ...], places: Sequence[_Place]
) -> bool:
    """Whether the order of the list may count once it is revised: a password's new reference is
    another than all others.
    """
    fresh = any(place.url.secrets and not isinstance(place.revision, Keep) for place in places)
    return fresh or shape.order_counts(live.members) or shape.order_counts(said)


def _in_live_order(places: list[_Place]) -> list[tuple[int | None, Revision]]:
    """The items in the order of the live set, then those that only may be in it; what is said again
    stays behind the one before it.
    """
    last = max((place.live for place in places if place.live is not None), default=0) + 1
    ordered = sorted(places, key=lambda place: last if place.live is None else place.live)
    wanted: list[tuple[int | None, Revision]] = [
        (next(iter(place.items), None), place.revision) for place in ordered
    ]
    for again in sorted(item for place in ordered for item in place.items[1:]):
        earlier = [item for item, _ in wanted if item is not None and item < again]
        at = [item for item, _ in wanted].index(max(earlier)) + 1
        wanted.insert(at, (again, KEEP))
    return wanted


def _distinct(items: Sequence[Member]) -> tuple[tuple[Url, ...], list[tuple[int, ...]]]:
    """What a list says, each member once, and the indexes of the items that say it."""
    found: dict[object, tuple[Url, list[int]]] = {}
    for index, item in enumerate(items):
        if item.url is not None:
            found.setdefault(_identity(item.url), (item.url, []))[1].append(index)
    urls = tuple(url for url, _ in found.values())
    return urls, [tuple(indexes) for _, indexes in found.values()]


def _identity(url: Url) -> object:
    return url.parts if url.resolved else url_key(url)
