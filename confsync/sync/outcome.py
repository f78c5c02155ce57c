"""What became of an apply, and how to tell from what was read around the update."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from confsync.sync.diff import difference
from confsync.sync.plan import as_desired
from confsync.sync.url import Url

if TYPE_CHECKING:
    from collections.abc import Iterable

    from confsync.sync.shape import Variants
    from confsync.sync.tree import Path
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
    """The server refused the update; nothing was stored."""

    plan: Plan
    refusal: Refusal


@dataclass(frozen=True)
class Stored:
    """The server stored the update. `before` is what it had, `remaining` what is not as wanted
    afterwards, `foreign` what somebody else had changed in between, `overwritten` the part of it
    that is lost.
    """

    plan: Plan
    before: Live
    remaining: Difference
    foreign: tuple[Path, ...] = ()
    overwritten: tuple[Path, ...] = ()

    @property
    def verified(self) -> bool:
        """Whether the server has what was wanted, as far as can be seen."""
        return not self.remaining.changes


@dataclass(frozen=True)
class Unknown:
    """The update may or may not have been stored. `reason` is a sentence without an end."""

    plan: Plan
    reason: str


Outcome: TypeAlias = NotSent | Rejected | Stored | Unknown


def stored(plan: Plan, before: Live, after: Live, shape: Variants) -> Stored:
    """Judge an update that the server says it stored, from the states read around it."""
    foreign = _differences(plan.live, before, shape)
    ours = _differences(before, after, shape)
    lost = [theirs for theirs in foreign if any(_overwrites(change, theirs) for change in ours)]
    return Stored(
        plan,
        before,
        difference(after.tree, plan.desired.tree, shape, plan.desired.origin),
        _paths(foreign),
        _paths(lost),
    )


def changed(old: Live, new: Live, shape: Variants) -> tuple[Path, ...]:
    """The paths in which two live states differ, as far as can be seen."""
    return _paths(_differences(old, new, shape))


def _differences(old: Live, new: Live, shape: Variants) -> tuple[Change, ...]:
    wanted = as_desired(new)
    return difference(old.tree, wanted.tree, shape, wanted.origin).changes


def _paths(changes: Iterable[Change]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(change.path for change in changes))


def _overwrites(ours: Change, foreign: Change) -> bool:
    """Whether a change of ours is about what they changed, or about an object around it."""
    if ours.path != foreign.path[: len(ours.path)]:
        return False
    both_members = ours.within and foreign.within and "reorder" not in {ours.action, foreign.action}
    return not both_members or bool(_members(ours) & _members(foreign))


def _members(change: Change) -> set[Url]:
    """The members of a set that a change takes away or adds."""
    return {url for url in (change.before, change.after) if isinstance(url, Url)}
