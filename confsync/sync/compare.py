"""Compare two states of one shape: all changes between them, and pairs that cannot be compared.

Both states become plain nested dictionaries, keyed by field, and by pair for lists and sets. A
leaf is a text that is equal for equal leaves. deepdiff compares the dictionaries, and each place
that its report names is a change. A pair that cannot be compared gets the same text on both sides
and is noted.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from confsync.errors import Fault
from confsync.sync import tree as trees
from confsync.sync.align import align_items
from confsync.sync.secret import Secret
from confsync.sync.shape import ListOf, Shape, UrlSet, UrlText, Variants
from confsync.sync.tree import Items, LeafKey, Members, Object, Path, Tree, leaf_key, match_urls
from confsync.sync.url import Url
from confsync.sync.values import Action, Change, Difference, Origin, Unknown, WholeSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
    comparison.lay(live, desired, shape, place)
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
        """A place in the container; `path` and `slot` are added to its own."""
        where = (*self.path, *path), (*self.slot, *slot), (*self.key, key)
        return _Place(*where, self.live, self.desired)


@dataclass
class Comparison:
    """Two states as plain data, and a function for each leaf that makes its change."""

    origins: Origins
    live: dict[str, Plain] = field(default_factory=dict)
    desired: dict[str, Plain] = field(default_factory=dict)
    candidates: dict[Key, Callable[[], Change]] = field(default_factory=dict)
    unknown: list[Unknown] = field(default_factory=list)

    def changes(self) -> tuple[Change, ...]:
        """The changes that deepdiff finds, in the order of the candidates.

        The guard finds no difference: it saves loading deepdiff for equal data.
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

    def lay(self, live: Tree, desired: Tree, shape: Shape, place: _Place) -> None:
        """Lay two values of one shape side by side."""
        match live, desired, shape:
            case Object(), Object(), Variants() if live.tag != desired.tag:
                keys = live.tag, desired.tag
                self._put(place, keys, "replace", shape, (live, desired))
            case Object(), Object(), Variants():
                inside = place.inside()
                for name, known in shape.fields_of(live.tag).items():
                    here = inside.at(name, (name,), (name,))
                    self.lay(live.members[name], desired.members[name], known.shape, here)
            case Members(), Members(), UrlSet():
                self._sets(live, desired, shape, place)
            case Items(), Items(), ListOf():
                self._lists(live, desired, shape, place)
            case (Object() | Members() | Items(), _, _) | (_, Object() | Members() | Items(), _):
                raise Fault("two states of different shapes cannot be laid side by side")
            case _, Secret() | Url(), _ if trees.relation(live, desired) == "unknown":
                self._note(desired, place, self.origins(place.path))
            case _:
                keys = leaf_key(live), leaf_key(desired)
                self._put(place, keys, "update", shape, (live, desired))

    def _sets(self, live: Members, desired: Members, shape: UrlSet, place: _Place) -> None:
        within = WholeSet(desired, shape.order_counts(desired.members))
        inside = place.inside()
        kept: list[tuple[int, int]] = []
        for i, j in match_urls(live.members, desired.members):
            before = None if i is None else live.members[i]
            after = None if j is None else desired.members[j]
            here = inside.at(f"{i}>{j}")
            origin = (
                Origin(self.origins(place.path).why)
                if j is None
                else self.origins((*place.path, j))
            )
            if after is not None and trees.incomparable(before, after, desired.members):
                self._note(after, here, origin)
                continue
            if i is not None and j is not None:
                kept.append((i, j))
            action: Action = "add" if before is None else "remove" if after is None else "update"
            keys = (
                None if before is None else leaf_key(before),
                None if after is None else leaf_key(after),
            )
            self._put(here, keys, action, UrlText(), (before, after), origin=origin, within=within)
        if within.order_counts:
            keys = repr(sorted(kept)), repr(kept)
            here = inside.at("order")
            self._put(here, keys, "reorder", shape, (live, desired), within=within)

    def _lists(self, live: Items, desired: Items, shape: ListOf, place: _Place) -> None:
        inside = place.inside()
        aligned = align_items(live.items, desired.items, shape.item)
        for i, j in aligned.kept:
            here = inside.at(f"{i}>{j}", (j,), (i,))
            self.lay(live.items[i], desired.items[j], shape.item, here)
        for i in aligned.removed:
            here = inside.at(f"{i}>-", (i,), (i,))
            origin = Origin(self.origins(place.path).why)
            self._put(
                here, (_THERE, None), "remove", shape.item, (live.items[i], None), origin=origin
            )
        for slot, j in enumerate(aligned.appended, start=len(live.items)):
            here = inside.at(f"->{j}", (j,), (slot,))
            self._put(here, (None, _THERE), "add", shape.item, (None, desired.items[j]))

    def _put(  # noqa: PLR0913 - all that a change is made of
        self,
        place: _Place,
        keys: tuple[LeafKey | None, LeafKey | None],
        action: Action,
        shape: Shape,
        sides: tuple[Tree, Tree],
        *,
        origin: Origin | None = None,
        within: WholeSet | None = None,
    ) -> None:
        """Lay the keys of a leaf side by side; keep its change, which counts if they differ."""

        def change() -> Change:
            why = self.origins(place.path) if origin is None else origin
            made = Change(place.path, place.slot, action, shape, *sides, why, within)
            return replace(made, members=rebuilt(made, self.origins))

        self.candidates[place.key] = change
        for side, key in zip((place.live, place.desired), keys, strict=True):
            if key is not None:
                side[place.key[-1]] = key

    def _note(self, desired: Secret | Url, place: _Place, origin: Origin) -> None:
        hidden = isinstance(desired, Secret)
        self.unknown.append(Unknown(place.path, place.slot, hidden, desired, origin))
        place.live[place.key[-1]] = place.desired[place.key[-1]] = "unknown"


def rebuilt(change: Change, origins: Origins) -> tuple[Change, ...]:
    """The members to show under a change that builds or drops a whole object.

    Members on both sides are shown if they differ; others, if they are not at their default.
    """
    if not isinstance(change.shape, Variants):
        return ()
    before, after = (
        side.members if isinstance(side, Object) else {} for side in (change.before, change.after)
    )
    fields = {
        name: known
        for side in (change.after, change.before)
        if isinstance(side, Object)
        for name, known in change.shape.fields_of(side.tag).items()
    }
    found: list[Change] = []
    for name, known in fields.items():
        both = name in before and name in after
        action: Action = "update" if both else "remove" if name in before else "add"
        one = before[name] if name in before else after[name]
        other = after[name] if both else known.default
        if (known.required and not both) or not trees.certainly_equal(one, other):
            sides = before.get(name), after.get(name)
            found += _member(change, name, action, known.shape, sides, origins=origins)
    return tuple(found)


def _member(  # noqa: PLR0913 - all that the changes of a member are made of
    parent: Change,
    name: str,
    action: Action,
    shape: Shape,
    sides: tuple[Tree, Tree],
    *,
    origins: Origins,
) -> Iterator[Change]:
    """The changes of one member of a rebuilt object."""
    path, slot = (*parent.path, name), (*parent.slot, name)
    follows = Origin("variant" if parent.action == "replace" else parent.origin.why)

    def origin(*index: int) -> Origin:
        """The origin of the new value; a default follows from the variant."""
        if action == "remove":
            return follows
        found = origins((*path, *index))
        return Origin("variant") if found.why == "default" else found

    match shape:
        case ListOf():
            for side in sides:
                for index, item in enumerate(side.items if isinstance(side, Items) else ()):
                    place = (*path, index), (*slot, index)
                    old, new = (item, None) if action == "remove" else (None, item)
                    change = Change(*place, action, shape.item, old, new, origin(index))
                    yield replace(change, members=rebuilt(change, origins))
        case UrlSet():
            live, desired = (side.members if isinstance(side, Members) else () for side in sides)
            if not live and not desired:
                yield Change(path, slot, action, shape, *sides, origin())
            for i, j in match_urls(live, desired):
                was = None if i is None else live[i]
                will = None if j is None else desired[j]
                if was is None or will is None or trees.relation(was, will) != "same":
                    one: Action = "add" if was is None else "remove" if will is None else "update"
                    why = follows if j is None else origin(j)
                    yield Change(path, slot, one, UrlText(), was, will, why)
        case _:
            yield Change(path, slot, action, shape, *sides, origin())
