"""Find the leaves of somebody else's change that an update overwrote, from three readings.

A leaf is theirs where the first get of the update's request shows it, and the planning read shows
something else there. It is lost where the last get does not show it, whoever rebuilt the object
around it. A default in an object that they built came with that object, and is not theirs. A
secret that the server hides cannot be compared, and is never called lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from confsync.sync.secret import Secret
from confsync.sync.shape import ListOf, Shape, UrlSet, UrlText, Variants
from confsync.sync.tree import Items, Members, Object, Tree, certainly_equal
from confsync.sync.values import Change, Origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from confsync.sync.tree import Path
    from confsync.sync.url import Url
    from confsync.sync.values import Action, Live, Patch, Plan, Token


class _Absent(Enum):
    """Marks an empty place."""

    ABSENT = "absent"


_ABSENT = _Absent.ABSENT
_TYPE, _ORDER = "@type", "order"
_HERE: Tree = True
"""The leaf of a member of a set, and of a slot."""

Key: TypeAlias = "tuple[Token, ...]"
"""The place of a leaf: a path, and behind it `@type`, a member of a set, `order`, or nothing."""


@dataclass(frozen=True)
class _Theirs:
    """A leaf of theirs: where it stands, what it is, and the change that made it."""

    key: Key
    value: Tree | _Absent
    change: Change


def overwritten(plan: Plan, before: Live, after: Live, shape: Variants) -> tuple[Change, ...]:
    """Changes of leaves that differ between the planning read and the first get, and are missing in
    the last one.
    """
    slots = _slots(plan.patch, before.tree)
    left = dict(_leaves(after.tree, ()))
    theirs = _theirs(plan.live.tree, before.tree, shape, ())
    return tuple(leaf.change for leaf in theirs if not _stands(leaf, left, slots))


def _theirs(old: Tree | _Absent, new: Tree, shape: Shape, path: Path) -> Iterator[_Theirs]:
    """The leaves in which the first get differs from the planning read."""
    match new, shape:
        case Object(), Variants():
            yield from _in_object(old, new, shape, path)
        case Members(), UrlSet():
            yield from _in_set(old, new, shape, path)
        case Items(), ListOf():
            was = old.items if isinstance(old, Items) else ()
            for slot, item in enumerate(new.items):
                before = was[slot] if slot < len(was) else _ABSENT
                yield from _theirs(before, item, shape.item, (*path, slot))
            for slot in range(len(new.items), len(was)):
                here = (*path, slot)
                yield _Theirs(here, _ABSENT, _change("remove", here, shape.item, was[slot], None))
        case Secret(), _:
            pass
        case _ if type(old) is not type(new) or old != new:
            yield _Theirs(path, new, _from(old, new, shape, path))
        case _:
            pass


def _in_object(old: Tree | _Absent, new: Object, shape: Variants, path: Path) -> Iterator[_Theirs]:
    was = old.members if isinstance(old, Object) else {}
    built = not (isinstance(old, Object) and old.tag == new.tag)
    if built:
        yield _Theirs((*path, _TYPE), new.tag, _from(old, new, shape, path))
    fields = shape.objects[new.tag].fields if new.tag in shape.objects else {}
    for name, known in fields.items():
        member = new.members[name]
        if not built or known.required or not certainly_equal(member, known.default):
            yield from _theirs(was.get(name, _ABSENT), member, known.shape, (*path, name))


def _in_set(old: Tree | _Absent, new: Members, shape: UrlSet, path: Path) -> Iterator[_Theirs]:
    was = old.members if isinstance(old, Members) else ()
    kept, known = set(was), set(new.members)
    added = tuple(url for url in new.members if url not in kept)
    for url in added:
        yield _Theirs((*path, url), _HERE, _change("add", path, UrlText(), None, url))
    for url in was:
        if url not in known:
            yield _Theirs((*path, url), _ABSENT, _change("remove", path, UrlText(), url, None))
    by_itself = (*(url for url in was if url in known), *added)
    if shape.order_counts(new.members) and (not was or by_itself != new.members):
        yield _Theirs((*path, _ORDER), new, _change("reorder", path, shape, None, new))


def _from(old: Tree | _Absent, new: Tree, shape: Shape, path: Path) -> Change:
    if isinstance(old, _Absent):
        return _change("add", path, shape, None, new)
    return _change("replace" if isinstance(new, Object) else "update", path, shape, old, new)


def _change(action: Action, path: Path, shape: Shape, before: Tree, after: Tree) -> Change:
    return Change(path, path, action, shape, before, after, Origin("file"))


def _leaves(tree: Tree, path: Key) -> Iterator[tuple[Key, Tree]]:
    """Every leaf that stands in a state, by its place; a slot of a list is one too."""
    match tree:
        case Object():
            yield (*path, _TYPE), tree.tag
            for name, member in tree.members.items():
                yield from _leaves(member, (*path, name))
        case Members():
            yield (*path, _ORDER), tree
            yield from (((*path, url), _HERE) for url in tree.members)
        case Items():
            for slot, item in enumerate(tree.items):
                yield (*path, slot), _HERE
                yield from _leaves(item, (*path, slot))
        case _:
            yield path, tree


def _stands(leaf: _Theirs, left: Mapping[Key, Tree], slots: Mapping[Key, list[int]]) -> bool:
    key = _moved(leaf.key, slots)
    found = _ABSENT if key is None else left.get(key, _ABSENT)
    if isinstance(leaf.value, Members) and isinstance(found, Members):
        return _common(leaf.value, found) == _common(found, leaf.value)
    return type(found) is type(leaf.value) and found == leaf.value


def _common(one: Members, other: Members) -> list[Url]:
    known = set(other.members)
    return [url for url in one.members if url in known]


def _slots(update: Patch, before: Object) -> dict[Key, list[int]]:
    """For each list, the slots that an update leaves, in their order. The
    server numbers them from 0 when the update is done (wire section 5.2).
    """
    found: dict[Key, set[int]] = {}
    gone: dict[Key, set[int]] = {}
    for entry in update.entries:
        for at, token in enumerate(entry.pointer):
            if isinstance(token, int):
                ends = at == len(entry.pointer) - 1 and entry.value is None
                (gone if ends else found).setdefault(entry.pointer[:at], set()).add(token)
    for key, _ in _leaves(before, ()):
        if key and isinstance(key[-1], int):
            found.setdefault(key[:-1], set()).add(key[-1])
    return {key: sorted(slots - gone.get(key, set())) for key, slots in found.items()}


def _moved(key: Key, slots: Mapping[Key, list[int]]) -> Key | None:
    """The key of a leaf after an update; None if its slot is gone."""
    for at, token in enumerate(key):
        if isinstance(token, int):
            left = slots.get(key[:at], [])
            return (*key[:at], left.index(token), *key[at + 1 :]) if token in left else None
    return key
