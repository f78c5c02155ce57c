"""Compare two states of one shape: all changes between them, and pairs that cannot be compared.

Both states become plain nested dictionaries, keyed by field, and by pair for lists and sets. A
leaf is a text that is equal for equal leaves. deepdiff compares the dictionaries: each place in its
report is a change. A pair that cannot be compared gets equal texts and is noted.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from confsync.errors import Fault
from confsync.sync import tree as trees
from confsync.sync.align import align_items
from confsync.sync.secret import Secret
from confsync.sync.shape import ListOf, Shape, TextSet, UrlText, ValueMap, Variants
from confsync.sync.tree import Items, LeafKey, Members, Object, Path, Tree, leaf_key, match_urls
from confsync.sync.url import Url
from confsync.sync.values import Action, Change, Difference, Origin, Unknown, WholeSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Key: TypeAlias = tuple[str, ...]
Plain: TypeAlias = "dict[str, Plain] | LeafKey"
Sides: TypeAlias = "tuple[Plain | None, Plain | None]"
"""A place as plain data, live and desired; None where a side lacks it."""
Origins: TypeAlias = "Callable[[Path], Origin]"

_KINDS = {"values_changed", "dictionary_item_added", "dictionary_item_removed"}
_ABSENT = Object("", {})
_DIFFERENT = "two states of different shapes cannot be laid side by side"
_THERE = "there"
"""The leaf of a whole item, which stands on one side only."""


def difference(live: Object, desired: Object, shape: Variants, origins: Origins) -> Difference:
    """All changes from the live state to the desired one, in the order of the shape's fields.

    Pairs that cannot be compared are no changes; they are listed as unknown.
    """
    comparison = Comparison(origins)
    sides = comparison.lay(live, desired, shape, _Place((), (), ("object",)))
    comparison.live, comparison.desired = _both({"object": sides})
    return Difference(comparison.changes(), tuple(comparison.unknown))


class _Place(NamedTuple):
    """A place in both states, and its key in the plain data."""

    path: Path
    slot: Path
    key: Key

    def at(self, key: str, *steps: str | int) -> _Place:
        """A place below: a step of its path, and that of its slot where it is another one."""
        return _Place((*self.path, *steps[:1]), (*self.slot, *steps[-1:]), (*self.key, key))


def _both(places: Mapping[str, Sides]) -> tuple[dict[str, Plain], dict[str, Plain]]:
    """Containers on both sides, so that an empty one is no change of its own."""
    return (
        {key: live for key, (live, _) in places.items() if live is not None},
        {key: desired for key, (_, desired) in places.items() if desired is not None},
    )


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

    def lay(self, live: Tree, desired: Tree, shape: Shape, place: _Place) -> Sides:
        """Lay two values of one shape side by side."""
        match live, desired, shape:
            case Object(), Object(), _:
                return self._objects(live, desired, shape, place)
            case None, Object(), Variants():
                return self._put(place, (None, _THERE), "add", shape, (live, desired))
            case Object(), None, Variants():
                return self._put(place, (_THERE, None), "remove", shape, (live, desired))
            case Members(), Members(), TextSet():
                return self._sets(live, desired, shape, place)
            case Items(), Items(), ListOf():
                return self._lists(live, desired, shape.item, place)
            case (Object() | Members() | Items(), _, _) | (_, Object() | Members() | Items(), _):
                raise Fault(_DIFFERENT)
            case _, Secret() | Url(), _ if trees.relation(live, desired) == "unknown":
                return self._note(desired, place, place.path)
            case _:
                keys = leaf_key(live), leaf_key(desired)
                return self._put(place, keys, "update", shape, (live, desired))

    def _objects(self, live: Object, desired: Object, shape: Shape, place: _Place) -> Sides:
        if isinstance(shape, ValueMap):
            return self._maps(live, desired, shape, place)
        if not isinstance(shape, Variants):
            raise Fault(_DIFFERENT)
        if live.tag != desired.tag:
            return self._put(place, (live.tag, desired.tag), "replace", shape, (live, desired))
        sides: dict[str, Sides] = {}
        for name, known in shape.fields_of(live.tag).items():
            one, other = live.members[name], desired.members[name]
            sides[name] = self.lay(one, other, known.shape, place.at(name, name))
        return _both(sides)

    def _maps(self, live: Object, desired: Object, shape: ValueMap, place: _Place) -> Sides:
        sides: dict[str, Sides] = {}
        for name in {**desired.members, **live.members}:
            here = place.at(name, name)
            before, after = (side.members.get(name, _ABSENT) for side in (live, desired))
            if before is not _ABSENT and after is not _ABSENT:
                sides[name] = self.lay(before, after, shape.value, here)
            elif before is _ABSENT:
                sides[name] = self._put(here, (None, _THERE), "add", shape.value, (None, after))
            else:
                ends = before, None
                sides[name] = self._put(
                    here, (_THERE, None), "remove", shape.value, ends, origin=place.path
                )
        return _both(sides)

    def _sets(self, live: Members, desired: Members, shape: TextSet, place: _Place) -> Sides:
        within = WholeSet(desired, shape.order_counts(desired.members))
        sides: dict[str, Sides] = {}
        kept: list[tuple[int, int]] = []
        for i, j in match_urls(live.members, desired.members):
            before = None if i is None else live.members[i]
            after = None if j is None else desired.members[j]
            here = place.at(key := f"{i}>{j}")
            origin = place.path if j is None else (*place.path, j)
            if after is not None and trees.incomparable(before, after, desired.members):
                sides[key] = self._note(after, here, origin)
                continue
            if i is not None and j is not None:
                kept.append((i, j))
            action: Action = "add" if before is None else "remove" if after is None else "update"
            keys = (
                None if before is None else leaf_key(before),
                None if after is None else leaf_key(after),
            )
            sides[key] = self._put(
                here, keys, action, UrlText(), (before, after), origin=origin, within=within
            )
        if within.order_counts:
            keys = repr(sorted(kept)), repr(kept)
            here = place.at("order")
            sides["order"] = self._put(here, keys, "reorder", shape, (live, desired), within=within)
        return _both(sides)

    def _lists(self, live: Items, desired: Items, shape: Variants, place: _Place) -> Sides:
        aligned = align_items(live.items, desired.items, shape)
        sides: dict[str, Sides] = {}
        for i, j in aligned.kept:
            here = place.at(key := f"{i}>{j}", j, i)
            sides[key] = self.lay(live.items[i], desired.items[j], shape, here)
        for i in aligned.removed:
            here, ends = place.at(key := f"{i}>-", i), (live.items[i], None)
            sides[key] = self._put(here, (_THERE, None), "remove", shape, ends, origin=place.path)
        for slot, j in enumerate(aligned.appended, start=len(live.items)):
            here, new = place.at(key := f"->{j}", j, slot), (None, desired.items[j])
            sides[key] = self._put(here, (None, _THERE), "add", shape, new)
        return _both(sides)

    def _put(  # noqa: PLR0913 - all that a change is made of
        self,
        place: _Place,
        keys: tuple[LeafKey | None, LeafKey | None],
        action: Action,
        shape: Shape,
        ends: tuple[Tree, Tree],
        *,
        origin: Path | None = None,
        within: WholeSet | None = None,
    ) -> Sides:
        """Keep the change of a leaf, which counts if its keys differ. `origin`: a path with it."""

        def change() -> Change:
            why = self.origins(place.path if origin is None else origin)
            # A removed member has no line; a field that a file sets to null has one.
            why = Origin(why.why) if action == "remove" and origin is not None else why
            made = Change(place.path, place.slot, action, shape, *ends, why, within)
            return replace(made, members=rebuilt(made, self.origins))

        self.candidates[place.key] = change
        return keys

    def _note(self, desired: Secret | Url, place: _Place, origin: Path) -> Sides:
        hidden, why = isinstance(desired, Secret), self.origins(origin)
        self.unknown.append(Unknown(place.path, place.slot, hidden, desired, why))
        return "unknown", "unknown"


def rebuilt(change: Change, origins: Origins) -> tuple[Change, ...]:
    """The members to show under a change that builds or drops a whole object.

    Members on both sides are shown if they differ; others, if they are not at their default.
    """
    shape = change.shape
    if not isinstance(shape, Variants):
        return ()
    ends = change.after, change.before
    after, before = (end.members if isinstance(end, Object) else {} for end in ends)
    tags = (end.tag for end in ends if isinstance(end, Object))
    fields = {name: known for tag in tags for name, known in shape.fields_of(tag).items()}
    follows = Origin("variant" if change.action == "replace" else change.origin.why)
    found: list[Change] = []
    for name, known in fields.items():
        both = name in before and name in after
        old, new = before.get(name, known.default), after.get(name, known.default)
        if (known.required and not both) or not trees.certainly_equal(old, new):
            place = (*change.path, name), (*change.slot, name)
            action: Action = "update" if both else "remove" if name in before else "add"
            sides = before.get(name), after.get(name)
            found += _parts(Change(*place, action, known.shape, *sides, follows), origins)
    return tuple(found)


def _parts(member: Change, origins: Origins) -> Iterator[Change]:
    """The changes of a member of a rebuilt object. `member` has the origin of a default."""

    def origin(*index: int) -> Origin:
        if member.action == "remove":
            return member.origin
        found = origins((*member.path, *index))
        return Origin("variant") if found.why == "default" else found

    sides = member.before, member.after
    live, desired = (side.members if isinstance(side, Members) else () for side in sides)
    if isinstance(member.shape, ListOf):
        for side in sides:
            for index, item in enumerate(side.items if isinstance(side, Items) else ()):
                place = (*member.path, index), (*member.slot, index)
                old, new = (item, None) if member.action == "remove" else (None, item)
                part = Change(*place, member.action, member.shape.item, old, new, origin(index))
                yield replace(part, members=rebuilt(part, origins))
    elif live or desired:
        for i, j in match_urls(live, desired):
            was = None if i is None else live[i]
            will = None if j is None else desired[j]
            if was is None or will is None or trees.relation(was, will) != "same":
                action: Action = "add" if was is None else "remove" if will is None else "update"
                place = member.path, member.slot
                why = member.origin if j is None else origin(j)
                yield Change(*place, action, UrlText(), was, will, why)
    else:
        yield replace(member, origin=origin())
