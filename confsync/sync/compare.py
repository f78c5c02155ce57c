"""Compare two states of one shape: all changes between them, and what cannot be compared.

Both states become plain nested dictionaries, keyed by field, and by pair for lists and sets. A
leaf is a text that is equal for equal leaves. deepdiff compares the dictionaries, and each place
that its report names is a change. A pair that cannot be compared gets the same text on both sides
and is noted.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from confsync.errors import Fault
from confsync.sync.item_costs import align_items
from confsync.sync.secret import Secret
from confsync.sync.shape import ListOf, Shape, UrlSet, UrlText, Variants
from confsync.sync.tree import (
    Items,
    Leaf,
    LeafKey,
    Members,
    Object,
    Path,
    Tree,
    incomparable,
    leaf_key,
    match_urls,
    relation,
)
from confsync.sync.url import Url
from confsync.sync.values import Action, Change, Difference, Origin, Unknown, WholeSet
from confsync.sync.variant_changes import rebuilt

if TYPE_CHECKING:
    from collections.abc import Callable

Key: TypeAlias = tuple[str, ...]
Plain: TypeAlias = "dict[str, Plain] | LeafKey"
Origins: TypeAlias = "Callable[[Path], Origin]"

_KINDS = {"values_changed", "dictionary_item_added", "dictionary_item_removed"}
_THERE = "there"
"""The leaf of a whole item, which stands on one side only."""


def difference(live: Object, desired: Object, shape: Variants, origins: Origins) -> Difference:
    """All changes from the live state to the desired one, in the order of the shape's fields.

    Pairs that cannot be compared are no changes; they are listed as unknown.
    """
    comparison = Comparison(origins)
    place = _Place((), (), ("object",), comparison.live, comparison.desired)
    comparison.trees(live, desired, shape, place)
    return Difference(comparison.changes(), tuple(comparison.unknown))


@dataclass(frozen=True)
class _Place:
    """A place in both states. `live` and `desired` are the dictionaries that hold it."""

    path: Path
    slot: Path
    key: Key
    live: dict[str, Plain]
    desired: dict[str, Plain]

    def inside(self) -> _Place:
        """The place as a container on both sides, so that an empty one is no change of its own."""
        live: dict[str, Plain] = {}
        desired: dict[str, Plain] = {}
        self.live[self.key[-1]], self.desired[self.key[-1]] = live, desired
        return replace(self, live=live, desired=desired)

    def at(self, key: str, path: Path = (), slot: Path = ()) -> _Place:
        """A place in the container, with what its path and its slot have more."""
        where = (*self.path, *path), (*self.slot, *slot), (*self.key, key)
        return _Place(*where, self.live, self.desired)


@dataclass
class Comparison:
    """Two states as plain data, and for each leaf what makes the change that it would be."""

    origins: Origins
    live: dict[str, Plain] = field(default_factory=dict)
    desired: dict[str, Plain] = field(default_factory=dict)
    candidates: dict[Key, Callable[[], Change]] = field(default_factory=dict)
    unknown: list[Unknown] = field(default_factory=list)

    def changes(self) -> tuple[Change, ...]:
        """The changes that deepdiff finds, in the order of the candidates.

        Equal data is none of its business: the guard finds no difference, and saves loading it.
        """
        if self.live == self.desired:
            return ()
        from deepdiff import DeepDiff  # noqa: PLC0415 - equal states never load it

        found = DeepDiff(
            self.live,
            self.desired,
            view="tree",
            threshold_to_diff_deeper=0,
            ignore_private_variables=False,
        )
        keys = {
            tuple(str(step) for step in level.path(output_format="list"))
            for levels in found.values()
            for level in levels
        }
        if set(found) - _KINDS or keys - self.candidates.keys():
            raise Fault("the comparison found what no state can hold")
        return tuple(change() for key, change in self.candidates.items() if key in keys)

    def trees(self, live: Tree, desired: Tree, shape: Shape, place: _Place) -> None:
        """Lay two values of one shape side by side."""
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
        if live.tag != desired.tag:
            change = self._change("replace", shape, live, desired, place)
            self._put(change, place, live.tag, desired.tag)
            return
        inside = place.inside()
        for name, known in shape.fields_of(live.tag).items():
            here = inside.at(name, (name,), (name,))
            self.trees(live.members[name], desired.members[name], known.shape, here)

    def _leaves(self, live: Leaf, desired: Leaf, shape: Shape, place: _Place) -> None:
        if relation(live, desired) == "unknown" and isinstance(desired, Secret | Url):
            self._note(desired, place, self.origins(place.path))
        else:
            change = self._change("update", shape, live, desired, place)
            self._put(change, place, leaf_key(live), leaf_key(desired))

    def _sets(self, live: Members, desired: Members, shape: UrlSet, place: _Place) -> None:
        within = WholeSet(desired, shape.order_counts(desired.members))
        inside = place.inside()
        kept: list[tuple[int, int]] = []
        for i, j in match_urls(live.members, desired.members):
            before = None if i is None else live.members[i]
            after = None if j is None else desired.members[j]
            here = inside.at(f"{i}>{j}")
            origin = self._origin_of_member(place.path, j)
            if after is not None and incomparable(before, after, desired.members):
                self._note(after, here, origin)
                continue
            if i is not None and j is not None:
                kept.append((i, j))
            action: Action = "add" if before is None else "remove" if after is None else "update"
            change = self._change(
                action, UrlText(), before, after, here, within=within, origin=origin
            )
            now = None if before is None else leaf_key(before)
            then = None if after is None else leaf_key(after)
            self._put(change, here, now, then)
        if within.order_counts:
            change = self._change("reorder", shape, live, desired, place, within=within)
            self._put(change, inside.at("order"), repr(sorted(kept)), repr(kept))

    def _lists(self, live: Items, desired: Items, shape: ListOf, place: _Place) -> None:
        inside = place.inside()
        aligned = align_items(live.items, desired.items, shape.item)
        for i, j in aligned.kept:
            here = inside.at(f"{i}>{j}", (j,), (i,))
            self.trees(live.items[i], desired.items[j], shape.item, here)
        for i in aligned.removed:
            here = inside.at(f"{i}>-", (i,), (i,))
            origin = self._origin_of_member(place.path, None)
            change = self._change("remove", shape.item, live.items[i], None, here, origin=origin)
            self._put(change, here, _THERE, None)
        for slot, j in enumerate(aligned.appended, start=len(live.items)):
            here = inside.at(f"->{j}", (j,), (slot,))
            change = self._change("add", shape.item, None, desired.items[j], here)
            self._put(change, here, None, _THERE)

    def _origin_of_member(self, path: Path, index: int | None) -> Origin:
        if index is not None:
            return self.origins((*path, index))
        return Origin(self.origins(path).why)

    def _change(  # noqa: PLR0913 - all that a change is made of
        self,
        action: Action,
        shape: Shape,
        before: Tree,
        after: Tree,
        place: _Place,
        *,
        within: WholeSet | None = None,
        origin: Origin | None = None,
    ) -> Callable[[], Change]:
        def change() -> Change:
            why = self.origins(place.path) if origin is None else origin
            made = Change(place.path, place.slot, action, shape, before, after, why, within)
            return replace(made, members=rebuilt(made, self.origins))

        return change

    def _note(self, desired: Secret | Url, place: _Place, origin: Origin) -> None:
        hidden = isinstance(desired, Secret)
        unknown = Unknown(place.path, place.slot, hidden, desired, origin)
        self.unknown.append(unknown)
        place.live[place.key[-1]] = place.desired[place.key[-1]] = "unknown"

    def _put(
        self,
        change: Callable[[], Change],
        place: _Place,
        live: LeafKey | None,
        desired: LeafKey | None,
    ) -> None:
        self.candidates[place.key] = change
        if live is not None:
            place.live[place.key[-1]] = live
        if desired is not None:
            place.desired[place.key[-1]] = desired
