"""Findings of a plan: risks, which stop an apply until they are allowed, and secrets.

Hidden secrets cannot be compared (product page, section 4): the policy `send` overwrites them,
`keep` and `changed` leave them as they are where an update can, `fail` refuses an apply.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from confsync.errors import Problem
from confsync.sync.secret import Secret
from confsync.sync.shape import ListOf, Shape, ValueMap, Variants
from confsync.sync.tree import Items, Object, Path, Tree, leaves, path_text
from confsync.sync.url import Url
from confsync.sync.values import KEEPING, Difference, Finding, Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from confsync.sync.shape import Field
    from confsync.sync.values import Change, Desired, HiddenSecrets, Live, Unknown, Unlisted


MAX_NAMED = 20
"""Fields that an older server lacks which are named; more are counted."""

Severity: TypeAlias = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Breach:
    """One case of a broken rule. `path` is of the value that breaks it; for a change, of either
    state. `severity`: if it is not that of the rule.
    """

    path: Path
    message: str
    hint: str
    severity: Severity | None = None


@dataclass(frozen=True)
class Facts:
    """Facts from outside; an unknown one is empty, and breaks no rule.

    `edition`: of the server, `oss`, `community` or `enterprise` (wire section 1). `world_readable`:
    references to files that every user of this machine can read. `unlisted`: see `Options`.
    """

    edition: str = ""
    world_readable: frozenset[str] = frozenset()
    unlisted: Unlisted = "default"


@dataclass(frozen=True)
class State:
    """The subject of a state rule: a desired state as its files write it, and facts."""

    desired: Desired
    facts: Facts = Facts()

    @property
    def tree(self) -> Object:
        """The state, with unresolved references."""
        return self.desired.written

    def why(self, path: Path) -> str:
        """Why a value is as it is; `unmanaged` for a default that is not applied."""
        found = self.desired.origin(path, written=True).why
        return "unmanaged" if found == "default" and self.facts.unlisted == "keep" else found


@dataclass(frozen=True)
class StateRule:
    """A rule about a desired state; `rules.md` has its page. An `error` is a risk: it stops an
    apply until it is allowed.
    """

    id: str
    find: Callable[[State], Iterable[Breach]]
    severity: Literal["error", "warning"] = "warning"


@dataclass(frozen=True)
class ChangeRule:
    """A rule about a change from a live state to a desired one, like a StateRule. The difference
    has only those hidden secrets that the server keeps. `covers`: a warning about the state that a
    finding replaces at its place. `kept`: it is about secrets that the server keeps.
    """

    id: str
    find: Callable[[Live, Desired, Difference], Iterable[Breach]]
    severity: Severity = "error"
    covers: str = ""
    kept: bool = False


def state_problems(
    desired: Desired,
    rules: Iterable[StateRule],
    facts: Facts,
    ignored: Collection[Path] = (),
) -> tuple[Problem, ...]:
    """Problems of a desired state, at the places of the written values; values of the server and
    ignored fields are left out.
    """
    state = State(desired, facts)
    return tuple(
        Problem(
            *(at.file, at.line, at.column, rule.id, breach.message, breach.hint, rule.severity),
            risk=rule.severity == "error",
        )
        for rule in rules
        for breach in rule.find(state)
        if breach.path[:1] not in ignored
        and (at := desired.origin(breach.path, written=True)).why == "file"
    )


def change_findings(  # noqa: PLR0913, PLR0917 - all that a finding depends on
    live: Live,
    desired: Desired,
    difference: Difference,
    rules: Iterable[ChangeRule],
    allow: Collection[str],
    fail_on: Collection[str] = (),
) -> tuple[Finding, ...]:
    """Findings of a change; an allowed risk is a warning, and a warning to fail on a risk."""
    found = []
    for rule in rules:
        for breach in rule.find(live, desired, difference):
            severity = breach.severity or rule.severity
            if severity == "warning" and rule.id in fail_on:
                severity = "error"
            risk = severity == "error"
            if risk and rule.id in allow:
                severity = "warning"
            # A value that left the file: the place of the object around it.
            around = (breach.path[:length] for length in range(len(breach.path), -1, -1))
            origins = (desired.origin(path, written=True) for path in around)
            place = next((origin for origin in origins if origin.why == "file"), None)
            found.append(Finding(rule.id, severity, breach.message, breach.hint, place, risk=risk))
    return tuple(found)


def makes_invalid(problem: Problem) -> bool:
    """True if a problem of files is neither a warning nor a risk: there is no state then."""
    return problem.severity == "error" and not problem.risk


def judged(problem: Problem, allow: Collection[str], fail_on: Collection[str] = ()) -> Problem:
    """The problem: an allowed risk as a warning, and a warning to fail on as a risk."""
    if problem.rule in allow:
        return replace(problem, severity="warning") if problem.risk else problem
    if problem.rule in fail_on and problem.severity == "warning":
        return replace(problem, severity="error", risk=True)
    return problem


@dataclass(frozen=True)
class Lapse:
    """A risk that was allowed until a day, which has passed, and the place of that entry."""

    risk: str
    until: str
    origin: Origin

    @property
    def message(self) -> str:
        """The message of the lapse."""
        return f"the allowance of {self.risk} expired after {self.until}"

    @property
    def finding(self) -> Finding:
        """The warning about the lapse."""
        hint = "set a later date, or remove the entry"
        return Finding(LAPSED, "warning", self.message, hint, self.origin)


LAPSED = "allowance-expired"


def lapsed(lapses: Iterable[Lapse], found: Iterable[Finding | Problem]) -> tuple[Finding, ...]:
    """Warnings for lapses whose risks stop an apply again, or are errors of files."""
    wrong = {one.rule for one in found if one.severity == "error"}
    return tuple(lapse.finding for lapse in lapses if lapse.risk in wrong)


def facts(findings: Iterable[Finding]) -> tuple[str, ...]:
    """The messages of findings that stop an apply, and of lapsed allowances."""
    return tuple(
        f"{finding.message}, in {finding.origin.file}:{finding.origin.line}"
        if finding.rule == LAPSED and finding.origin is not None
        else finding.message
        for finding in findings
        if finding.severity == "error" or finding.rule == LAPSED
    )


def as_problem(finding: Finding) -> Problem:
    """A warning about a desired state, as a problem of its file."""
    at = finding.origin or Origin("file")
    place = at.file, at.line, at.column
    return Problem(*place, finding.rule, finding.message, finding.hint, severity="warning")


def as_finding(problem: Problem, allow: Collection[str], fail_on: Collection[str] = ()) -> Finding:
    """A problem of a file, as a finding of a plan."""
    found = judged(problem, allow, fail_on)
    origin = Origin("file", found.file, found.line, found.column)
    return Finding(found.rule, found.severity, found.message, found.hint, origin, risk=found.risk)


RULE = "hidden-secrets"
STALE = "stale-plan"
UNAVAILABLE = "secret-unavailable"


def send_hint(tree: Tree) -> str:
    """The hint to send the hidden secrets of a state from their references."""
    for _, leaf in leaves(tree):
        if isinstance(leaf, Secret) and leaf.ref is not None and leaf.ref.placeholder:
            return f"write a reference instead of {leaf.ref}, then use --hidden-secrets send"
    return "use --hidden-secrets send to send the secret from its reference"


def with_hidden(difference: Difference, paths: Collection[Path]) -> Difference:
    """A difference with those hidden secrets alone that are at some paths."""
    unknown = (one for one in difference.unknown if not one.hidden or one.path in paths)
    return Difference(difference.changes, tuple(unknown))


def sent_hidden(
    difference: Difference, policy: HiddenSecrets, rotated: Collection[Path]
) -> frozenset[Path]:
    """The places of the hidden secrets that an update sends: of those that a policy leaves as they
    are, the `rotated` ones, and those that the update would give to another item of a list.
    """
    hidden = [one for one in difference.unknown if one.hidden]
    if policy in KEEPING:
        hidden = [one for one in hidden if one.path in rotated or _moved(one, difference)]
    return frozenset(one.path for one in hidden if policy != "fail")


def refusals(difference: Difference, policy: HiddenSecrets) -> tuple[Finding, ...]:
    """Findings about hidden secrets that stop an apply, with the policy `fail`."""
    if policy != "fail":
        return ()
    fact = "is hidden and cannot be compared"
    hidden = (unknown for unknown in difference.unknown if unknown.hidden)
    return (*_rebuilt(difference), *(_finding(unknown, fact) for unknown in hidden))


def missing_findings(desired: Desired, live: Live, shape: Variants) -> tuple[Finding, ...]:
    """A note on the fields that an older server does not have, and an error for each that a file
    sets there.
    """
    if not live.absent:
        return ()
    absent = {one.field for one in live.absent}
    paths = [path_text(one.path) for one in live.absent]
    names = ", ".join(paths[:MAX_NAMED])
    more = f" and {len(paths) - MAX_NAMED:,} more" if len(paths) > MAX_NAMED else ""
    fact = f"the server does not have {names}{more}: not compared, not sent"
    hint = (
        "nothing to do: the server is older than its schema; `confsync schema --update` fetches it"
    )
    note = Finding("missing-on-server", "note", fact, hint)
    errors = (
        Finding(
            "missing-on-server",
            "error",
            f"{path_text(path)} is set in a file, but the server does not have it",
            "remove it from the files of this target, or update the server",
            origin,
        )
        for path in fields_within(desired.tree, shape, (), absent)
        if (origin := desired.origins.get(path)) is not None and origin.why == "file"
    )
    return (note, *errors)


def unset_findings(desired: Desired, fields: Mapping[str, Field]) -> tuple[Finding, ...]:
    """An error for each field that was never set, and that the server wants with any update."""
    hint = "add it to a file"
    return tuple(
        Finding("missing-field", "error", fact, hint, desired.origin(()))
        for name, known in fields.items()
        # The server takes updates beside an expression that was never set.
        if known.kept
        and isinstance(known.default, str)
        and desired.tree.members[name] == known.default
        for fact in [f"{name} is missing: neither the server nor a file has it"]
    )


def fields_within(
    tree: Tree, shape: Shape, path: Path, wanted: Collection[tuple[str, str, str]]
) -> Iterator[Path]:
    """The paths of some fields in a state, each named by type, variant and name."""
    match tree, shape:
        case Object(), Variants():
            for name, known in shape.fields_of(tree.tag).items():
                if (shape.name, tree.tag, name) in wanted:
                    yield (*path, name)
                yield from fields_within(tree.members[name], known.shape, (*path, name), wanted)
        case Object(), ValueMap(value=inner):
            for name, member in tree.members.items():
                yield from fields_within(member, inner, (*path, name), wanted)
        case Items(items), ListOf(item):
            for index, one in enumerate(items):
                yield from fields_within(one, item, (*path, index), wanted)
        case _:
            pass


def guessable_findings(desired: Desired, *, fail: bool = False) -> tuple[Finding, ...]:
    """A warning, or an error, for each guessable secret of the files, if its value is known."""
    return tuple(
        Finding(
            "guessable-secret",
            "error" if fail else "warning",
            f"{path_text(path)} has a guessable secret",
            "use a random one: `openssl rand -hex 24`; a guessable one is not masked in other"
            " texts",
            desired.origin(path),
            by_value=True,
        )
        for path, leaf in leaves(desired.tree)
        if isinstance(leaf, Secret | Url)
        and any(
            secret.guessable and (leaf.ref or secret.ref)
            for secret in (leaf.secrets if isinstance(leaf, Url) else (leaf,))
        )
    )


def _rebuilt(difference: Difference) -> Iterator[Finding]:
    """Rebuilt objects with a secret before and after."""
    had = [change for change in difference.changes if _holds_secret(change.before)]
    has = [change for change in difference.changes if _holds_secret(change.after)]
    for change in has:
        if _holds_secret(change.before):
            yield _finding(change, "will be replaced, so its hidden secret cannot be compared")
    lists = {change.path[:-1] for change in had if change.action == "remove"}
    for change in has:
        if change.action == "add" and change.path[:-1] in lists:
            yield _finding(change, "is a new shard: the removed shard's secret cannot be compared")


def _moved(unknown: Unknown, difference: Difference) -> bool:
    """True for a secret of an item of a list whose other fields change: it may be another item."""
    slots = [at for at, step in enumerate(unknown.path, start=1) if isinstance(step, int)]
    item = unknown.path[: max(slots, default=0)]
    # A removed item has a path of the live list: it is another one than the desired item.
    return bool(item) and any(
        change.path[: len(item)] == item and (change.path, change.action) != (item, "remove")
        for change in difference.changes
    )


def _holds_secret(tree: Tree) -> bool:
    return any(isinstance(leaf, Secret) for _, leaf in leaves(tree))


def _finding(of: Change | Unknown, fact: str) -> Finding:
    name = path_text(of.path) or "the object"
    return Finding(RULE, "error", f"{name} {fact}", send_hint(of.after), of.origin)
