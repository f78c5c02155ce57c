"""Outcomes of an apply, judged from the states read around the update."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from confsync.sync.compare import difference
from confsync.sync.secret import Secret
from confsync.sync.shape import ListOf, Shape, TextSet, UrlText, ValueMap, Variants
from confsync.sync.tree import Items, Members, Object, Tree, certainly_equal
from confsync.sync.url import Url
from confsync.sync.values import Change, Failed, Origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.sync.tree import Path
    from confsync.sync.values import Action, Difference, Live, Patch, Plan


@dataclass(frozen=True)
class NotSent:
    """Nothing had to be sent. `reload`: as in Stored, if nothing was stored on the target."""

    plan: Plan
    reload: Reload | None = None

    @property
    def as_wanted(self) -> bool:
        """True if no reload went wrong."""
        return _active(self.reload)


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
    """The server refused the update. Nothing was stored. `foreign`: others' changes meanwhile."""

    plan: Plan
    refusal: Refusal
    foreign: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Overtaken:
    """Somebody else's changes, `foreign`, came first: nothing of the update is stored."""

    plan: Plan
    foreign: tuple[Change, ...]


@dataclass(frozen=True)
class Reload:
    """The end of a reload of a server's settings.

    `failed`: certainly not reloaded. `unknown`: the server may have reloaded; no reading shows it.
    `reason` has no end, `hint` says what to do; both are empty for `done`.
    """

    result: Literal["done", "failed", "unknown"]
    reason: str = ""
    hint: str = ""


def _active(reload: Reload | None) -> bool:
    return reload is None or reload.result == "done"


@dataclass(frozen=True)
class Restart:
    """The end of the command that restarts a server, and of the reading after it.

    `running`: the server answers. `locked-out`: it answers with HTTP 500. `failed`: the command
    did. `unknown`: the server does not answer. `reason` has no end.
    """

    result: Literal["running", "locked-out", "failed", "unknown"]
    reason: str = ""


@dataclass(frozen=True)
class Stored:
    """The server stored the update. `before` is its state until then, `remaining` the difference
    from the wanted state afterwards, `foreign` somebody else's changes in between, `overwritten`
    each lost leaf of those. `lost`: reason why the server's own word is missing, and the state was
    read again. `reload`: None if the object needs none, or none was asked for or sent; likewise
    `restart`.
    """

    plan: Plan
    before: Live
    remaining: Difference
    foreign: tuple[Change, ...] = ()
    overwritten: tuple[Change, ...] = ()
    lost: str = ""
    reload: Reload | None = None
    restart: Restart | None = None

    @property
    def verified(self) -> bool:
        """True if the server has the wanted state, hidden secrets left out."""
        return not self.remaining.changes

    @property
    def as_wanted(self) -> bool:
        """True if it is verified, nobody's change was lost, and no reload or restart went wrong."""
        runs = self.restart is None or self.restart.result == "running"
        return self.verified and not self.overwritten and _active(self.reload) and runs

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
    """A target of several that nothing was sent to: an earlier one did not end as wanted, an
    interrupt came, or the deadline of the run had passed (`late`).
    """

    plan: Plan
    interrupted: bool = False
    late: bool = False


Ended: TypeAlias = Outcome | NotBegun | Failed
"""The end of one of several targets; `Failed`: nothing was changed there."""


def as_wanted(ended: Ended) -> bool:
    """True if the server certainly has the wanted state, nobody's change was lost, and a reload or
    restart that was asked for is done.
    """
    return isinstance(ended, NotSent | Stored) and ended.as_wanted


def locked_out(ended: Ended) -> bool:
    """True if a server was locked out by its restart: the next one would be, too."""
    restart = ended.restart if isinstance(ended, Stored) else None
    return restart is not None and restart.result == "locked-out"


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
        return looked(plan, after, shape, f"the server failed internally ({refusal.kind})")
    return Overtaken(plan, foreign) if foreign else Rejected(plan, refusal)


def not_done(plan: Plan, refusal: Refusal | None, after: Live, shape: Variants) -> bool:
    """True if the update may be sent once more: the server could not do it just now, still has the
    state of the plan, and would show the update if it had stored it.
    """
    lost_race = refusal is not None and refusal.kind == _LOST_RACE
    pending = lost_race and _all_pending(plan, after, shape)
    return pending and not _differences(plan.live, after, shape)


def looked(plan: Plan, now: Live, shape: Variants, reason: str) -> Outcome:
    """Judge an update that may have arrived from a state read after it: stored if that shows all
    wanted values, none of which the server hides.
    """
    found = stored(plan, plan.live, now, shape)
    if found.verified and not found.unread:
        return Stored(plan, plan.live, found.remaining, lost=reason)
    return Unknown(plan, reason, _seen(found, now, shape))


def stored(plan: Plan, before: Live, after: Live, shape: Variants) -> Stored:
    """Judge an update that the server accepted, from the states read around it."""
    foreign = _differences(plan.live, before, shape)
    sides = plan.live.tree, before.tree, after.tree
    lost = tuple(_lost(*sides, shape, (), update=plan.patch)) if foreign else ()
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
    """True if each change of the plan is still to be made: the server stores an update whole or not
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


def _lost(  # noqa: PLR0913 - three readings of one place
    old: Tree, new: Tree, left: Tree, shape: Shape, path: Path, *, update: Patch
) -> Iterator[Change]:
    """Somebody else's changes that an update overwrote, leaf by leaf, from three readings.

    A leaf is theirs if `new`, the first get of the update's request, differs there from `old`, the
    planning read. It is lost if `left`, the last get, does not show it, whoever rebuilt the object
    around it. A default in an object that they built came with that object, and is not theirs. A
    hidden secret cannot be compared, and is never lost.
    """
    match new, shape:
        case Object(), Variants():
            built, gone = (not isinstance(one, Object) or one.tag != new.tag for one in (old, left))
            if built and gone:
                yield _change("replace", path, shape, old, new)
            was, now = (side.members if isinstance(side, Object) else {} for side in (old, left))
            for name, known in shape.fields_of(new.tag).items():
                member, here = new.members[name], (*path, name)
                if not built or known.required or not certainly_equal(member, known.default):
                    sides = was.get(name, _ABSENT), member, now.get(name, _ABSENT)
                    yield from _lost(*sides, known.shape, here, update=update)
        case Object(), ValueMap(value=inner):
            yield from _lost_values(old, new, left, inner, path, update=update)
        case Members(), TextSet():
            yield from _lost_urls(old, new, left, shape, path)
        case Items(), ListOf(item):
            items = old.items if isinstance(old, Items) else ()
            there = _left_items(len(new.items), left, path, update)
            for slot, after in enumerate(new.items):
                before = items[slot] if slot < len(items) else _ABSENT
                sides = before, after, there.get(slot, _ABSENT)
                yield from _lost(*sides, item, (*path, slot), update=update)
            yield from (
                _change("remove", (*path, slot), item, items[slot], None)
                for slot in range(len(new.items), len(items))
                if slot in there
            )
        case _:
            # The server hides secrets, so that none differs.
            changed, lost = (type(side) is not type(new) or side != new for side in (old, left))
            if changed and lost and not isinstance(new, Secret):
                yield _change("update", path, shape, old, new)


def _lost_values(  # noqa: PLR0913 - three readings of one place
    old: Tree, new: Object, left: Tree, inner: Shape, path: Path, *, update: Patch
) -> Iterator[Change]:
    was, now = (side.members if isinstance(side, Object) else {} for side in (old, left))
    for name, member in new.members.items():
        sides = was.get(name, _ABSENT), member, now.get(name, _ABSENT)
        yield from _lost(*sides, inner, (*path, name), update=update)
    for name in was:
        if name in now and name not in new.members:
            yield _change("remove", (*path, name), inner, was[name], None)


def _lost_urls(old: Tree, new: Members, left: Tree, shape: TextSet, path: Path) -> Iterator[Change]:
    was, now = (side.members if isinstance(side, Members) else () for side in (old, left))
    before, after, there = set(was), set(new.members), set(now)
    added = tuple(url for url in new.members if url not in before)
    for url in added:
        if url not in there:
            yield _change("add", path, UrlText(), None, url)
    for url in was:
        if url in there and url not in after:
            yield _change("remove", path, UrlText(), url, None)
    kept = tuple(url for url in was if url in after)
    if shape.order_counts(new.members) and (not was or kept + added != new.members):
        # The order of the members that both have.
        theirs = [url for url in new.members if url in there]
        if not isinstance(left, Members) or theirs != [url for url in now if url in after]:
            yield _change("reorder", path, shape, None, new)


def _change(action: Action, path: Path, shape: Shape, before: Tree, after: Tree) -> Change:
    if before is _ABSENT:
        action, before = "add", None
    return Change(path, path, action, shape, before, after, _THEIRS)


def _left_items(length: int, left: Tree, path: Path, update: Patch) -> dict[int, Object]:
    """The items of a list that an update leaves, by their slots before: the server numbers slots
    from 0 when the update is done (wire section 5.2).
    """
    slots = set(range(length))
    gone: set[int] = set()
    for entry in update.entries:
        slot, *inner = entry.pointer[len(path) :] or (None,)
        if isinstance(slot, int) and entry.pointer[: len(path)] == path:
            (slots if inner or entry.value is not None else gone).add(slot)
    items = left.items if isinstance(left, Items) else ()
    return dict(zip(sorted(slots - gone), items, strict=False))
