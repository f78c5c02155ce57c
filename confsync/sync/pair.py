"""Lay two states side by side: every place where they can differ, and where nobody can tell.

The result holds a mark for each leaf on either side, equal for equal leaves, for `diff.py` to
compare. Pairs that cannot be compared are given the same mark and noted.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from confsync.errors import Fault
from confsync.sync.align import align
from confsync.sync.members import match, may_be_another
from confsync.sync.patch import leaves, patch, whole
from confsync.sync.rebuilt import rebuilt
from confsync.sync.relate import relation
from confsync.sync.secret import Secret
from confsync.sync.shape import ListOf, Shape, UrlSet, UrlText, Variants
from confsync.sync.tree import Items, Leaf, Members, Object, Path, Tree
from confsync.sync.url import Url
from confsync.sync.values import Action, Change, Difference, Origin, Unknown, WholeSet

if TYPE_CHECKING:
    from collections.abc import Callable

Key: TypeAlias = tuple[str, ...]
Mark: TypeAlias = tuple[object, ...]
Origins: TypeAlias = "Callable[[Path], Origin]"


@dataclass
class Pairing:
    """Two states side by side: the marks of both, and the change that each key stands for."""

    live: dict[Key, Mark] = field(default_factory=dict)
    desired: dict[Key, Mark] = field(default_factory=dict)
    places: dict[Key, Change] = field(default_factory=dict)
    unknown: list[Unknown] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether nothing differs, as far as can be seen."""
        return self.live == self.desired


def pair(live: Object, desired: Object, shape: Variants, origins: Origins) -> Pairing:
    """Lay two objects of one shape side by side."""
    pairing = Pairing()
    _Pairer(pairing, origins).trees(live, desired, shape, _Place((), (), ("object",)))
    return pairing


def cost(live: Object, desired: Object, shape: Variants) -> int:
    """The leaves of the smallest update that turns the one into the other in its slot."""
    pairing = pair(live, desired, shape, lambda _: Origin("file"))
    differing = (
        change
        for key, change in pairing.places.items()
        if pairing.live.get(key) != pairing.desired.get(key)
    )
    update = patch(Difference(tuple(differing), tuple(pairing.unknown)))
    return sum(leaves(entry.value) for entry in update.entries)


@dataclass(frozen=True)
class _Place:
    path: Path
    slot: Path
    key: Key

    def field(self, name: str) -> _Place:
        return _Place((*self.path, name), (*self.slot, name), (*self.key, name))

    def item(self, index: int, slot: int, key: str) -> _Place:
        return _Place((*self.path, index), (*self.slot, slot), (*self.key, key))

    def at(self, key: str) -> _Place:
        return replace(self, key=(*self.key, key))


@dataclass(frozen=True)
class _Pairer:
    pairing: Pairing
    origins: Origins

    def trees(self, live: Tree, desired: Tree, shape: Shape, place: _Place) -> None:
        match live, desired, shape:
            case Object(), Object(), Variants():
                self._objects(live, desired, shape, place)
            case Members(), Members(), UrlSet():
                self._sets(live, desired, shape, place)
            case Items(), Items(), ListOf():
                self._lists(live, desired, shape, place)
            case (Object() | Members() | Items(), _, _) | (_, Object() | Members() | Items(), _):
                raise Fault("two states of different shapes cannot be laid side by side")
            case _:
                self._leaves(live, desired, shape, place)

    def _objects(self, live: Object, desired: Object, shape: Variants, place: _Place) -> None:
        if live.tag == desired.tag:
            fields = shape.objects[live.tag].fields if live.tag in shape.objects else {}
            for name, known in fields.items():
                self.trees(
                    live.members[name], desired.members[name], known.shape, place.field(name)
                )
            return
        change = self._change("replace", shape, live, desired, place)
        self._put(
            replace(change, members=self._rebuilt(change)), place, (live.tag,), (desired.tag,)
        )

    def _leaves(self, live: Leaf, desired: Leaf, shape: Shape, place: _Place) -> None:
        if relation(live, desired) == "unknown" and isinstance(desired, Secret | Url):
            self._note(desired, place, self.origins(place.path))
        else:
            change = self._change("update", shape, live, desired, place)
            self._put(change, place, _mark(live), _mark(desired))

    def _sets(self, live: Members, desired: Members, shape: UrlSet, place: _Place) -> None:
        within = WholeSet(desired, shape.order_counts(desired.members))
        kept: list[tuple[int, int]] = []
        for i, j in match(live.members, desired.members):
            before = None if i is None else live.members[i]
            after = None if j is None else desired.members[j]
            here = place.at(f"{'-' if i is None else i}>{'-' if j is None else j}")
            origin = self._origin_of_member(place.path, j)
            if after is not None and _incomparable(before, after, desired.members):
                self._note(after, here, origin)
                continue
            if i is not None and j is not None:
                kept.append((i, j))
            action: Action = "add" if before is None else "remove" if after is None else "update"
            change = Change(
                place.path, place.slot, action, UrlText(), before, after, origin, within=within
            )
            now = None if before is None else _mark(before)
            then = None if after is None else _mark(after)
            self._put(change, here, now, then)
        if within.order_counts:
            change = self._change("reorder", shape, live, desired, place)
            self._put(
                replace(change, within=within),
                place.at("order"),
                tuple(j for _, j in sorted(kept)),
                tuple(sorted(j for _, j in kept)),
            )

    def _lists(self, live: Items, desired: Items, shape: ListOf, place: _Place) -> None:
        @cache
        def keep(i: int, j: int) -> int:
            return cost(live.items[i], desired.items[j], shape.item)

        def append(j: int) -> int:
            return leaves(whole(desired.items[j], shape.item))

        aligned = align(len(live.items), len(desired.items), keep, append)
        for i, j in aligned.kept:
            self.trees(live.items[i], desired.items[j], shape.item, place.item(j, i, f"{i}>{j}"))
        for i in aligned.removed:
            here = place.item(i, i, f"{i}>-")
            origin = self._origin_of_member(place.path, None)
            change = Change(here.path, here.slot, "remove", shape.item, live.items[i], None, origin)
            self._put(replace(change, members=self._rebuilt(change)), here, ("item",), None)
        for slot, j in enumerate(aligned.appended, start=len(live.items)):
            here = place.item(j, slot, f"->{j}")
            change = self._change("add", shape.item, None, desired.items[j], here)
            self._put(replace(change, members=self._rebuilt(change)), here, None, ("item",))

    def _origin_of_member(self, path: Path, index: int | None) -> Origin:
        if index is not None:
            return self.origins((*path, index))
        return Origin(self.origins(path).why)

    def _rebuilt(self, change: Change) -> tuple[Change, ...]:
        return rebuilt(change, self.origins)

    def _change(
        self, action: Action, shape: Shape, before: Tree, after: Tree, place: _Place
    ) -> Change:
        return Change(
            place.path, place.slot, action, shape, before, after, self.origins(place.path)
        )

    def _note(self, desired: Secret | Url, place: _Place, origin: Origin) -> None:
        hidden = isinstance(desired, Secret)
        self.pairing.unknown.append(Unknown(place.path, place.slot, hidden, desired, origin))

    def _put(self, change: Change, place: _Place, live: Mark | None, desired: Mark | None) -> None:
        self.pairing.places[place.key] = change
        if live is not None:
            self.pairing.live[place.key] = live
        if desired is not None:
            self.pairing.desired[place.key] = desired


def _incomparable(before: Url | None, after: Url, members: tuple[Url, ...]) -> bool:
    if before is None:
        return may_be_another(after, members)
    return relation(before, after) == "unknown"


def _mark(leaf: Leaf) -> Mark:
    """What stands for a leaf: equal for equal leaves, never for leaves of different types."""
    if isinstance(leaf, Url):
        return ("pieces", *leaf.parts)
    return (type(leaf).__name__, leaf)
