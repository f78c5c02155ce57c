"""Outcomes of an apply, judged from the states read around the update."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from confsync.sync.compare import difference
from confsync.sync.overwritten import overwritten
from confsync.sync.plan import as_desired
from confsync.sync.url import Url
from confsync.sync.values import Failed

if TYPE_CHECKING:
    from confsync.sync.shape import Variants
    from confsync.sync.tree import Object, Path
    from confsync.sync.values import Change, Difference, Live, Plan


@dataclass(frozen=True)
class NotSent:
    """Nothing had to be sent."""

    plan: Plan


@dataclass(frozen=True)
class Refusal:
    """Why the server did not take an update, and what to do.

    Pointers are masked, and the server's own texts left out.
    """

    kind: str
    hint: str
    properties: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rejected:
    """The server refused the update; nothing was stored. `foreign`: what somebody else had changed
    meanwhile.
    """

    plan: Plan
    refusal: Refusal
    foreign: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Overtaken:
    """Somebody else's change came first, and the server did not take ours: nothing of it is stored.
    `foreign` is what they changed.
    """

    plan: Plan
    foreign: tuple[Change, ...]


@dataclass(frozen=True)
class Stored:
    """The server stored the update. `before` is what it had, `remaining` what is not as wanted
    afterwards, `foreign` what somebody else had changed in between, `overwritten` each leaf of that
    which is lost. `lost` says why the server's own word is missing, where it is: then the state was
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
        """Whether the server has what was wanted, as far as can be seen."""
        return not self.remaining.changes

    @property
    def as_wanted(self) -> bool:
        """Whether it is verified, and nobody's change was lost."""
        return self.verified and not self.overwritten

    @property
    def unread(self) -> int:
        """How many of the secrets that were sent cannot be read back."""
        hidden = {unknown.path for unknown in self.remaining.unknown if unknown.hidden}
        return sum(sent.path in hidden for sent in self.plan.to_send)


Seen: TypeAlias = Literal["before", "wanted", "other"]


@dataclass(frozen=True)
class Unknown:
    """The update may or may not have been stored. `reason` is a sentence without an end.

    `seen`: what the server had when it was read again, as far as can be seen: what it had before,
    what is wanted (but for a secret that it hides), or something else. None: it cannot be read.
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
"""What became of one of several targets; `Failed`: nothing was changed there."""


def as_wanted(ended: Ended) -> bool:
    """Whether it is certain that the server has what was wanted, and nobody's change was lost."""
    match ended:
        case NotSent():
            return True
        case Stored():
            return ended.as_wanted
        case _:
            return False


_LOST_RACE = "serverUnavailable"
_INSIDE = {_LOST_RACE, "serverFail", "serverPartialFail", "unknown"}
"""Refusals that say nothing of what was stored; after any other nothing of the update was. The
server gives the first one to a writer that lost a race, too: wire section 5.
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
            return Unknown(plan, reason, _seen(plan, after, shape))
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
    return Unknown(plan, reason, _seen(plan, now, shape))


def stored(plan: Plan, before: Live, after: Live, shape: Variants) -> Stored:
    """Judge an update that the server says it stored, from the states read around it."""
    foreign = _differences(plan.live, before, shape)
    lost = overwritten(plan, before, after, shape) if foreign else ()
    wanted = _wanted(plan, before)
    remaining = difference(after.tree, wanted, shape, plan.desired.origin)
    return Stored(plan, before, remaining, foreign, lost)


def changed(old: Live, new: Live, shape: Variants) -> tuple[Path, ...]:
    """The paths in which two live states differ, as far as can be seen."""
    return tuple(dict.fromkeys(change.path for change in _differences(old, new, shape)))


def _wanted(plan: Plan, before: Live) -> Object:
    """The state that an update aims at: unmanaged fields stay as they were found."""
    wanted = plan.desired.tree
    if wanted.tag != before.tree.tag:
        return wanted
    names = {str(path[0]) for path in plan.unmanaged}
    found = {name: member for name, member in before.tree.members.items() if name in names}
    return replace(wanted, members={**wanted.members, **found})


def _seen(plan: Plan, now: Live, shape: Variants) -> Seen:
    if not stored(plan, plan.live, now, shape).remaining.changes:
        return "wanted"
    return "other" if _differences(plan.live, now, shape) else "before"


def _all_pending(plan: Plan, now: Live, shape: Variants) -> bool:
    """Whether nothing of an update is in a state: each change of the plan is still to be made, so
    that the server, which stores an update whole or not at all, has not stored it.
    """
    left = difference(now.tree, plan.desired.tree, shape, plan.desired.origin).changes
    pending = {(change.path, change.action, *_members(change)) for change in left}
    planned = {
        (change.path, change.action, *_members(change)) for change in plan.difference.changes
    }
    return bool(planned) and planned <= pending


def _differences(old: Live, new: Live, shape: Variants) -> tuple[Change, ...]:
    wanted = as_desired(new)
    return difference(old.tree, wanted.tree, shape, wanted.origin).changes


def _members(change: Change) -> set[Url]:
    """The members of a set that a change takes away or adds."""
    return {url for url in (change.before, change.after) if isinstance(url, Url)}
