"""Outcomes of an apply, judged from the states read around the update."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Literal, TypeAlias

from confsync.sync.compare import difference
from confsync.sync.secret import Secret
from confsync.sync.shape import ListOf, Shape, UrlSet, UrlText, Variants
from confsync.sync.tree import Items, Members, Object, Tree, certainly_equal
from confsync.sync.url import Url
from confsync.sync.values import Change, Failed, Origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.sync.tree import Path
    from confsync.sync.values import Action, Difference, Live, Patch, Plan, Token


@dataclass(frozen=True)
class NotSent:
    """Nothing had to be sent."""

    plan: Plan


@dataclass(frozen=True)
class Refusal:
    """The server's reason for not taking an update, and what to do. Pointers are masked, the
    server's own texts left out.
    """

    kind: str
    hint: str
    properties: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rejected:
    """The server refused the update; nothing was stored. `foreign`: somebody else's changes
    meanwhile.
    """

    plan: Plan
    refusal: Refusal
    foreign: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Overtaken:
    """Somebody else's changes, `foreign`, came first: nothing of the update is stored."""

    plan: Plan
    foreign: tuple[Change, ...]


@dataclass(frozen=True)
class Stored:
    """The server stored the update. `before` is its state until then, `remaining` the difference
    from the wanted state afterwards, `foreign` somebody else's changes in between, `overwritten`
    each lost leaf of those. `lost`: reason why the server's own word is missing, and the state was
    read again.
    """

    plan: Plan
    before: Live
    remaining: Difference
    foreign: tuple[Change, ...] = ()
    overwritten: tuple[Change, ...] = ()
    lost: str = ""

    @property
    def verified(self) -> bool:
        """Whether the server has the wanted state, hidden secrets left out."""
        return not self.remaining.changes

    @property
    def as_wanted(self) -> bool:
        """Whether it is verified, and nobody's change was lost."""
        return self.verified and not self.overwritten

    @property
    def unread(self) -> int:
        """The number of secrets that were sent and cannot be read back."""
        hidden = {unknown.path for unknown in self.remaining.unknown if unknown.hidden}
        return sum(sent.path in hidden for sent in self.plan.to_send)


Seen: TypeAlias = Literal["before", "wanted", "other"]


@dataclass(frozen=True)
class Unknown:
    """The update may or may not have been stored. `reason` is a sentence without an end.

    `seen`: the state read again, hidden secrets left out: that of before, the wanted one, or
    another. None: it cannot be read.
    """

    plan: Plan
    reason: str
    seen: Seen | None = None


Outcome: TypeAlias = NotSent | Rejected | Overtaken | Stored | Unknown


@dataclass(frozen=True)
class NotBegun:
    """A target of several that nothing was sent to: an earlier one did not end as wanted, or an
    interrupt came.
    """

    plan: Plan
    interrupted: bool = False


Ended: TypeAlias = Outcome | NotBegun | Failed
"""The end of one of several targets; `Failed`: nothing was changed there."""


def as_wanted(ended: Ended) -> bool:
    """Whether the server certainly has the wanted state, and nobody's change was lost."""
    return isinstance(ended, NotSent) or (isinstance(ended, Stored) and ended.as_wanted)


_LOST_RACE = "serverUnavailable"
_INSIDE = {_LOST_RACE, "serverFail", "serverPartialFail", "unknown"}
"""Refusals that leave open what was stored; after any other nothing of the update was. The server
gives the first one to a writer that lost a race, too: wire section 5.
"""
_INVALID = {"invalidPatch", "invalidProperties", "validationFailed"}
"""Refusals of what an update says: it is made for the object that was planned on, and may be
invalid for the one that somebody else has made of it.
"""


def judged(
    plan: Plan, before: Live, refusal: Refusal | None, after: Live, shape: Variants
) -> Outcome:
    """Judge an update from the server's answer and the states read around it."""
    if refusal is None:
        return stored(plan, before, after, shape)
    moved = _differences(before, after, shape)
    foreign = _differences(plan.live, after, shape)
    pending = _all_pending(plan, after, shape)
    if refusal.kind not in _INSIDE:
        if moved and not pending:
            reason = f"the server refused ({refusal.kind}), yet its state changed"
            found = stored(plan, plan.live, after, shape)
            return Unknown(plan, reason, _seen(found, after, shape))
        foreign = foreign or _differences(plan.live, before, shape)
        if foreign and refusal.kind in _INVALID:
            return Overtaken(plan, foreign)
        return Rejected(plan, refusal, foreign)
    if not pending or (foreign and refusal.kind != _LOST_RACE):
        return looked(plan, after, shape, f"the server failed inside ({refusal.kind})")
    return Overtaken(plan, foreign) if foreign else Rejected(plan, refusal)


def not_done(plan: Plan, refusal: Refusal | None, after: Live, shape: Variants) -> bool:
    """Whether an answer shows that the update may be sent once more: the server could not do it
    just now, has what the plan was made on, and would show it if it had stored the update.
    """
    if refusal is None or refusal.kind != _LOST_RACE:
        return False
    return _all_pending(plan, after, shape) and not _differences(plan.live, after, shape)


def looked(plan: Plan, now: Live, shape: Variants, reason: str) -> Outcome:
    """Judge an update that may have arrived from a state read after it.

    It is stored where all that is wanted can be seen there; a secret that the server hides cannot.
    """
    found = stored(plan, plan.live, now, shape)
    if found.verified and not found.unread:
        return Stored(plan, plan.live, found.remaining, lost=reason)
    return Unknown(plan, reason, _seen(found, now, shape))


def stored(plan: Plan, before: Live, after: Live, shape: Variants) -> Stored:
    """Judge an update that the server says it stored, from the states read around it."""
    foreign = _differences(plan.live, before, shape)
    lost = _overwritten(plan, before, after, shape) if foreign else ()
    wanted = plan.desired.tree
    if wanted.tag == before.tree.tag:
        # Unmanaged fields stay as they were found.
        names = {str(path[0]) for path in plan.unmanaged}
        found = {name: member for name, member in before.tree.members.items() if name in names}
        wanted = replace(wanted, members={**wanted.members, **found})
    remaining = difference(after.tree, wanted, shape, plan.desired.origin)
    return Stored(plan, before, remaining, foreign, lost)


def changed(old: Live, new: Live, shape: Variants) -> tuple[Path, ...]:
    """The paths of differences between two live states, hidden secrets left out."""
    return tuple(dict.fromkeys(change.path for change in _differences(old, new, shape)))


def _seen(found: Stored, now: Live, shape: Variants) -> Seen:
    if found.verified:
        return "wanted"
    return "other" if _differences(found.before, now, shape) else "before"


def _all_pending(plan: Plan, now: Live, shape: Variants) -> bool:
    """Whether each change of the plan is still to be made: the server stores an update whole or not
    at all, so it has not stored this one.
    """
    left = difference(now.tree, plan.desired.tree, shape, plan.desired.origin).changes
    planned, pending = (
        {
            # All members of a set have the set's path.
            (one.path, one.action, frozenset(x for x in (one.before, one.after) if type(x) is Url))
            for one in changes
        }
        for changes in (plan.difference.changes, left)
    )
    return bool(planned) and planned <= pending


def _differences(old: Live, new: Live, shape: Variants) -> tuple[Change, ...]:
    return difference(old.tree, new.tree, shape, lambda _: _THEIRS).changes


_THEIRS = Origin("file")
_ABSENT = Object("", {})
"""Marks an empty place: no variant has this name."""

_TYPE, _ORDER = "@type", "order"

Key: TypeAlias = "tuple[Token, ...]"
"""The place of a leaf: a path, and behind it `@type`, a member of a set, `order`, or nothing."""

_Theirs: TypeAlias = "tuple[Key, Tree, Change]"
"""A leaf of somebody else's change: its place, its value there, and the change."""


def _overwritten(plan: Plan, before: Live, after: Live, shape: Variants) -> tuple[Change, ...]:
    """Somebody else's changes that an update overwrote, leaf by leaf, from three readings.

    A leaf is theirs if the first get of the update's request differs there from the planning read.
    It is lost if the last get does not show it, whoever rebuilt the object around it. A default in
    an object that they built came with that object, and is not theirs. A hidden secret cannot be
    compared, and is never lost.
    """
    lost: list[Change] = []
    for key, value, change in _theirs(plan.live.tree, before.tree, shape, ()):
        place = _moved(key, plan.patch, before.tree)
        found = _ABSENT if place is None else _leaf(after.tree, place)
        if isinstance(value, Members) and isinstance(found, Members):
            # The order of the members that both have.
            both = set(found.members) & set(value.members)
            ours, theirs = ([url for url in side.members if url in both] for side in (found, value))
            same = ours == theirs
        else:
            same = type(found) is type(value) and found == value
        if not same:
            lost.append(change)
    return tuple(lost)


def _theirs(old: Tree, new: Tree, shape: Shape, path: Path) -> Iterator[_Theirs]:
    """The leaves of the first get that differ from the planning read."""
    match new, shape:
        case Object(), _ if new is _ABSENT:
            yield path, new, _change("remove", path, shape, old, None)
        case Object(), Variants():
            was = old.members if isinstance(old, Object) else {}
            built = not (isinstance(old, Object) and old.tag == new.tag)
            if built:
                yield (*path, _TYPE), new.tag, _change("replace", path, shape, old, new)
            for name, known in shape.fields_of(new.tag).items():
                member = new.members[name]
                if not built or known.required or not certainly_equal(member, known.default):
                    yield from _theirs(was.get(name, _ABSENT), member, known.shape, (*path, name))
        case Members(), UrlSet():
            urls = old.members if isinstance(old, Members) else ()
            yield from _their_members(urls, new, shape, path)
        case Items(), ListOf():
            items: tuple[Tree, ...] = old.items if isinstance(old, Items) else ()
            pairs = zip_longest(items, new.items, fillvalue=_ABSENT)
            for slot, (before, after) in enumerate(pairs):
                yield from _theirs(before, after, shape.item, (*path, slot))
        case _:
            # The server hides secrets, so that none differs.
            if not isinstance(new, Secret) and (type(old) is not type(new) or old != new):
                yield path, new, _change("update", path, shape, old, new)


def _their_members(
    was: tuple[Url, ...], new: Members, shape: UrlSet, path: Path
) -> Iterator[_Theirs]:
    before, after = set(was), set(new.members)
    kept = tuple(url for url in was if url in after)
    added = tuple(url for url in new.members if url not in before)
    for url in added:
        yield (*path, url), True, _change("add", path, UrlText(), None, url)
    for url in was:
        if url not in after:
            yield (*path, url), _ABSENT, _change("remove", path, UrlText(), url, None)
    if shape.order_counts(new.members) and (not was or kept + added != new.members):
        yield (*path, _ORDER), new, _change("reorder", path, shape, None, new)


def _change(action: Action, path: Path, shape: Shape, before: Tree, after: Tree) -> Change:
    if before is _ABSENT:
        action, before = "add", None
    return Change(path, path, action, shape, before, after, _THEIRS)


def _moved(key: Key, update: Patch, before: Object) -> Key | None:
    """The key of a leaf after an update; None if its slot is gone. The server numbers the slots
    from 0 when the update is done (wire section 5.2).
    """
    for at, token in enumerate(key):
        if isinstance(token, int):
            items = _leaf(before, key[:at])
            slots = set(range(len(items.items) if isinstance(items, Items) else 0))
            gone: set[int] = set()
            for entry in update.entries:
                slot, *inner = entry.pointer[at:] or (None,)
                if isinstance(slot, int) and entry.pointer[:at] == key[:at]:
                    (slots if inner or entry.value is not None else gone).add(slot)
            left = sorted(slots - gone)
            return (*key[:at], left.index(token), *key[at + 1 :]) if token in left else None
    return key


def _leaf(tree: Tree, key: Key) -> Tree:
    """The leaf of a state at a key; True for a member of a set."""
    for token in key:
        match tree, token:
            case Object(), "@type":
                tree = tree.tag
            case Object(), str():
                tree = tree.members.get(token, _ABSENT)
            case Items(), int() if token < len(tree.items):
                tree = tree.items[token]
            case Members(), Url() if token in tree.members:
                tree = True
            case Members(), "order":
                pass
            case _:
                return _ABSENT
    return tree
