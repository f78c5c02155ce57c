"""The values that flow through the pipe: documents, states, changes, plans, patches, outcomes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from confsync.sync.shape import Variants
from confsync.sync.url import Url

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from confsync.errors import ConfsyncError
    from confsync.sync.secret import Ref, Secret
    from confsync.sync.shape import Shape
    from confsync.sync.tree import Members, Object, Path, Tree

HiddenSecrets: TypeAlias = Literal["send", "keep", "changed", "fail"]
"""Policy for secrets that the server hides and that cannot be compared."""

KEEPING: frozenset[HiddenSecrets] = frozenset({"keep", "changed"})
"""Policies that leave some secrets as they are."""

Unlisted: TypeAlias = Literal["default", "keep"]
"""Fields not set in any file: reset to their default, or keep the server's value."""

Why: TypeAlias = Literal["file", "default", "variant", "unmanaged", "ignored"]
"""`unmanaged` and `ignored` keep the server's value: not set in any file, or ignored."""

UNMANAGED: frozenset[Why] = frozenset({"unmanaged", "ignored"})


@dataclass(frozen=True)
class Origin:
    """Where a desired value comes from. Line and column count from 1; 0 where no file says it.
    `group`: the group whose `set` says it, if there is one.
    """

    why: Why
    file: str = ""
    line: int = 0
    column: int = 0
    group: str = ""


@dataclass(frozen=True)
class Desired:
    """The complete desired state of one object, and the origins of its values.

    `written` is the state with unresolved references; `places` are its origins, if they differ.
    """

    object: str
    tree: Object
    written: Object
    origins: Mapping[Path, Origin]
    file: str
    places: Mapping[Path, Origin] | None = None

    def origin(self, path: Path, *, written: bool = False) -> Origin:
        """The origin of a value of `tree` or `written`, or of the nearest object around it."""
        origins = self.places if written and self.places is not None else self.origins
        around = (origins.get(path[:length]) for length in range(len(path), -1, -1))
        return next((found for found in around if found is not None), Origin("default"))


@dataclass(frozen=True)
class Absent:
    """A field that an older server did not send: a path where it is missing, and its variant."""

    path: Path
    type: str
    tag: str

    @property
    def field(self) -> tuple[str, str, str]:
        """The field, wherever it is missing."""
        return self.type, self.tag, str(self.path[-1])


@dataclass(frozen=True)
class Live:
    """The server's state. `unrecognised`: paths that confsync does not know. `absent`: each field
    that the server does not have, once; the state has its default, so it equals an unset one.
    """

    object: str
    tree: Object
    unrecognised: tuple[str, ...] = ()
    absent: tuple[Absent, ...] = ()


Cause: TypeAlias = Literal["change", "drift", "both"]
"""The files, the server, or both differ from the base, an earlier state of the files."""

Action: TypeAlias = Literal["add", "remove", "update", "replace", "reorder"]


@dataclass(frozen=True)
class WholeSet:
    """The desired set around a changed member."""

    desired: Members
    order_counts: bool


@dataclass(frozen=True)
class Change:
    """One difference. `replace` is a change of variant, with the members that differ under it.

    `path` counts slots of the desired list (for removals, of the live one), `slot` those of the
    server while the update runs. A member of a set has the set's path. `cause`: None without a
    base.
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
    cause: Cause | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Unknown:
    """A pair that cannot be compared: the server hides its secret (`hidden`), so an apply sends the
    desired one, or the reference is not resolved here.
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
    """A secret that an update carries: its place, and its source."""

    path: Path
    ref: Ref


@dataclass(frozen=True)
class Finding:
    """A remark on a plan, by the id of its rule.

    An `error` stops an apply; a `risk` only if something would be sent, until its rule is allowed.
    `by_value`: only the value of a reference shows it, so it is neither saved nor in the digest.
    """

    rule: str
    severity: Literal["error", "warning", "note"]
    message: str
    hint: str
    origin: Origin | None = None
    risk: bool = False
    by_value: bool = False


Checked: TypeAlias = Literal["ok", "failed", "cannot-tell"]
"""The result of a check of a server or of a Redis."""


@dataclass(frozen=True)
class Target:
    """A server: its name and its origin."""

    name: str
    url: str


@dataclass(frozen=True)
class Plan:
    """Effect of an apply on an object of a target. `backup`: the file to go back with, or empty.
    `allow`: the rules that it was made with. `shape`: that of both states. `base`: the revision
    that its changes have causes from, or empty. `rotated`: the places of hidden secrets that are
    sent although the policy leaves secrets as they are.
    """

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
    backup: str = field(default="", compare=False)
    allow: frozenset[str] = frozenset()
    shape: Variants = field(default=Variants("", {}), compare=False, repr=False)
    base: str = field(default="", compare=False)
    rotated: tuple[Path, ...] = ()

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """The findings that stop an apply. If nothing would be sent, risks do not."""
        errors = (finding for finding in self.findings if finding.severity == "error")
        return tuple(finding for finding in errors if not (finding.risk and self.empty))

    @property
    def kept(self) -> frozenset[Path]:
        """The places of hidden secrets that the server keeps."""
        sent = {one.path for one in self.to_send}
        hidden = (one.path for one in self.difference.unknown if one.hidden)
        return frozenset(path for path in hidden if path not in sent)

    @property
    def pending(self) -> bool:
        """True if an apply changes something that can be seen, or sends a secret that the policy
        leaves as it is otherwise.
        """
        secrets = self.hidden_secrets in KEEPING and bool(self.to_send)
        return secrets or bool(self.difference.changes)

    @property
    def effective(self) -> bool:
        """True if an apply certainly changes something: what can be seen, or a rotated secret."""
        return bool(self.difference.changes or self.rotated)

    @property
    def empty(self) -> bool:
        """True if an apply would send nothing."""
        return not self.patch.entries


def by_target(found: Iterable[Plan | Failed]) -> list[list[Plan] | Failed]:
    """The plans of each target, which follow each other, and the failed targets."""
    groups: list[list[Plan] | Failed] = []
    for one in found:
        last = groups[-1] if groups else None
        if isinstance(one, Failed):
            groups.append(one)
        elif isinstance(last, list) and last[-1].target == one.target:
            last.append(one)
        else:
            groups.append([one])
    return groups


def plans_by_target(plans: Iterable[Plan]) -> list[list[Plan]]:
    """The plans of each target, which follow each other."""
    return [group for group in by_target(plans) if not isinstance(group, Failed)]


def named(plan: Plan, plans: Sequence[Plan]) -> str:
    """The start of a fact about one of some plans: the name of its target, if there are several,
    and of its object, if its target has several.
    """
    of_target = [one for one in plans if one.target == plan.target]
    target = f"{plan.target.name}: " if len(of_target) < len(plans) else ""
    return f"{target}{plan.desired.object}: " if len(of_target) > 1 else target


@dataclass(frozen=True)
class Failed:
    """A target that failed before anything was changed; `plan` is None if making it failed."""

    target: Target
    error: ConfsyncError
    plan: Plan | None = None
