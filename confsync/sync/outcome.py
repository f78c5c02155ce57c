"""What became of an apply, and how to tell from what was read around the update."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from confsync.sync.diff import difference
from confsync.sync.plan import as_desired

if TYPE_CHECKING:
    from confsync.sync.shape import Variants
    from confsync.sync.tree import Path
    from confsync.sync.values import Difference, Live, Plan


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
    """The server stored the update. `remaining` is what is not as wanted afterwards, `foreign`
    what somebody else had changed in between, `overwritten` the part of it that is lost.
    """

    plan: Plan
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
    foreign = changed(plan.live, before, shape)
    overwritten = set(foreign) & set(changed(before, after, shape))
    return Stored(
        plan,
        difference(after.tree, plan.desired.tree, shape, plan.desired.origin),
        foreign,
        tuple(path for path in foreign if path in overwritten),
    )


def changed(old: Live, new: Live, shape: Variants) -> tuple[Path, ...]:
    """The paths in which two live states differ, as far as can be seen."""
    wanted = as_desired(new)
    found = difference(old.tree, wanted.tree, shape, wanted.origin)
    return tuple(dict.fromkeys(change.path for change in found.changes))
