"""The values that flow through the pipe: documents, states, changes, plans, patches, outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from confsync.sync.url import Url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.errors import ConfsyncError
    from confsync.sync.secret import Ref, Secret
    from confsync.sync.shape import Shape
    from confsync.sync.tree import Members, Object, Path, Tree

HiddenSecrets: TypeAlias = Literal["send", "keep", "fail"]
"""Policy for secrets that the server hides and that cannot be compared."""

Unlisted: TypeAlias = Literal["default", "keep"]
"""Fields not set in any file: reset to their default, or keep the server's value."""

Why: TypeAlias = Literal["file", "default", "variant", "unmanaged", "ignored"]
"""`unmanaged` and `ignored` keep the server's value: not set in any file, or ignored."""

UNMANAGED: frozenset[Why] = frozenset({"unmanaged", "ignored"})


@dataclass(frozen=True)
class Origin:
    """Where a desired value comes from. Line and column count from 1; 0 where no file says it."""

    why: Why
    file: str = ""
    line: int = 0
    column: int = 0


@dataclass(frozen=True)
class Desired:
    """The desired state of one object, complete, and where each of its values comes from.

    `written` is the state with its references as they are written, whatever they lead to, and
    `places` are the origins in it, where they are others.
    """

    object: str
    tree: Object
    written: Object
    origins: Mapping[Path, Origin]
    file: str
    places: Mapping[Path, Origin] | None = None

    def origin(self, path: Path, *, written: bool = False) -> Origin:
        """The origin of a value, or of the nearest object around it that has one. `written`: of
        the value in the state as written.
        """
        origins = self.places if written and self.places is not None else self.origins
        around = (origins.get(path[:length]) for length in range(len(path), -1, -1))
        return next((found for found in around if found is not None), Origin("default"))


@dataclass(frozen=True)
class Live:
    """What the server has. `unrecognised`: what it sent and confsync does not know."""

    object: str
    tree: Object
    unrecognised: tuple[str, ...] = ()


Action: TypeAlias = Literal["add", "remove", "update", "replace", "reorder"]


@dataclass(frozen=True)
class WholeSet:
    """The set that a change touches a member of, as it is to be."""

    desired: Members
    order_counts: bool


@dataclass(frozen=True)
class Change:
    """One difference.

    `path` counts slots as the desired list does (as the live one for removals), `slot` as the
    server does while the update runs. `replace` is a change of variant, with the members that
    differ under it. A member of a set has the set's path.
    """

    path: Path
    slot: Path
    action: Action
    shape: Shape
    before: Tree
    after: Tree
    origin: Origin
    within: WholeSet | None = None
    members: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Unknown:
    """A pair that cannot be compared.

    `hidden`: the server hides what it has, so an apply sends the secret. Otherwise the reference
    has not been resolved here.
    """

    path: Path
    slot: Path
    hidden: bool
    after: Secret | Url
    origin: Origin


@dataclass(frozen=True)
class Difference:
    """The difference of two states: changes, and pairs that cannot be compared."""

    changes: tuple[Change, ...] = ()
    unknown: tuple[Unknown, ...] = ()


Token: TypeAlias = str | int | Url


@dataclass(frozen=True)
class Entry:
    """One entry of an update: the tokens of its pointer, the value, and the path of its change."""

    pointer: tuple[Token, ...]
    value: Tree
    path: Path


@dataclass(frozen=True)
class Patch:
    """An update, with every secret still sealed."""

    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Sent:
    """A secret that an update carries: where it goes, and where it comes from."""

    path: Path
    ref: Ref


@dataclass(frozen=True)
class Finding:
    """Something that a reader of a plan should know, by the id of its rule.

    An `error` stops an apply. `risk`: it does so only where something would be sent, until it is
    allowed by the name of its rule.
    """

    rule: str
    severity: Literal["error", "warning", "note"]
    message: str
    hint: str
    origin: Origin | None = None
    risk: bool = False


@dataclass(frozen=True)
class Target:
    """A server: its name and its origin."""

    name: str
    url: str


@dataclass(frozen=True)
class Plan:
    """Effect of an apply on one object of one target."""

    target: Target
    desired: Desired
    live: Live
    difference: Difference
    patch: Patch
    to_send: tuple[Sent, ...] = ()
    unmanaged: tuple[Path, ...] = ()
    findings: tuple[Finding, ...] = ()
    digest: str = ""
    hidden_secrets: HiddenSecrets = "send"

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """The findings that stop an apply. Where nothing would be sent no risk does."""
        return tuple(
            finding
            for finding in self.findings
            if finding.severity == "error" and not (finding.risk and self.empty)
        )

    @property
    def empty(self) -> bool:
        """Whether an apply would send nothing."""
        return not self.patch.entries


@dataclass(frozen=True)
class Failed:
    """A target of several that an error ended before anything was changed there; `plan` is None
    where it was one in making it.
    """

    target: Target
    error: ConfsyncError
    plan: Plan | None = None
