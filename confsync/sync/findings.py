"""Findings of a plan: risks, which stop an apply until they are allowed, and secrets.

Hidden secrets cannot be compared (product page, section 4): the policy `send` overwrites them,
`keep` leaves them as they are, `fail` refuses an apply.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from confsync.errors import Problem, WrongUsage
from confsync.sync.names import RISKS, nearest
from confsync.sync.secret import Secret
from confsync.sync.tree import Path, Tree, leaves, path_text
from confsync.sync.url import Url
from confsync.sync.values import Difference, Finding, Origin

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from confsync.sync.values import Desired, HiddenSecrets


@dataclass(frozen=True)
class Breach:
    """A rule that a desired state breaks, and the path of the value that breaks it."""

    rule: str
    path: Path
    message: str
    hint: str


def breaches_told(desired: Desired, breaches: Iterable[Breach]) -> tuple[Problem, ...]:
    """Problems for breaches, at the places of the written values; none for values of the server."""
    return tuple(
        Problem(at.file, at.line, at.column, breach.rule, breach.message, breach.hint)
        for breach in breaches
        if (at := desired.origin(breach.path, written=True)).why == "file"
    )


def check_allowed(allow: Collection[str]) -> None:
    """Raise WrongUsage for an unknown risk."""
    for name in allow:
        if name not in RISKS:
            hint = nearest(name, RISKS).rstrip() or f"known: {', '.join(RISKS)}"
            raise WrongUsage("--allow: unknown risk", hint=hint)


def makes_invalid(problem: Problem) -> bool:
    """True if a problem of files is neither a warning nor a risk: there is no state then."""
    return problem.severity == "error" and problem.rule not in RISKS


def judged(problem: Problem, allow: Collection[str]) -> Problem:
    """The problem, as a warning if it is an allowed risk."""
    allowed = problem.rule in RISKS and problem.rule in allow
    return replace(problem, severity="warning") if allowed else problem


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


LAPSED = "allowance-expired"
_AGAIN = "set a later date, or remove the entry"


def lapsed(lapses: Iterable[Lapse], found: Iterable[Finding | Problem]) -> tuple[Finding, ...]:
    """Warnings for lapses whose risks stop an apply again, or are errors of files."""
    wrong = {one.rule for one in found if one.severity == "error"}
    return tuple(
        Finding(LAPSED, "warning", lapse.message, _AGAIN, lapse.origin)
        for lapse in lapses
        if lapse.risk in wrong
    )


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


def as_finding(problem: Problem, allow: Collection[str]) -> Finding:
    """A problem of a file, as a finding of a plan."""
    found = judged(problem, allow)
    origin = Origin("file", found.file, found.line, found.column)
    risk = found.rule in RISKS
    return Finding(found.rule, found.severity, found.message, found.hint, origin, risk=risk)


RULE = "hidden-secrets"
STALE = "stale-plan"
_SEND = "use --hidden-secrets send to overwrite it with the file's secret"


def without_hidden(difference: Difference) -> Difference:
    """A difference without its hidden secrets."""
    known = tuple(unknown for unknown in difference.unknown if not unknown.hidden)
    return Difference(difference.changes, known)


def kept(difference: Difference) -> frozenset[Path]:
    """The places of the secrets that can be left as they are."""
    return frozenset(unknown.path for unknown in difference.unknown if unknown.hidden)


def refusals(difference: Difference, policy: HiddenSecrets) -> tuple[Finding, ...]:
    """Findings about hidden secrets that stop an apply; none with the policy `send`."""
    if policy == "send":
        return ()
    if policy == "keep":
        return (*_rebuilt(difference, "be kept"), *_moved(difference))
    fact = "is hidden and cannot be compared"
    hidden = (unknown for unknown in difference.unknown if unknown.hidden)
    compared = (_finding(unknown.path, unknown.origin, fact) for unknown in hidden)
    return (*_rebuilt(difference, "be compared"), *compared)


def guessable_findings(desired: Desired) -> tuple[Finding, ...]:
    """A warning for each secret of the files that can be guessed, if its value is known."""
    return tuple(
        Finding(
            "guessable-secret",
            "warning",
            f"{path_text(path)} has a guessable secret",
            "use a random one: `openssl rand -hex 24`; a guessable one is not masked in other"
            " texts",
            desired.origin(path),
        )
        for path, leaf in leaves(desired.tree)
        if isinstance(leaf, Secret | Url)
        and any(
            secret.guessable and (leaf.ref or secret.ref)
            for secret in (leaf.secrets if isinstance(leaf, Url) else (leaf,))
        )
    )


def _rebuilt(difference: Difference, what: str) -> Iterator[Finding]:
    """Rebuilt objects with a secret before and after."""
    had = [change for change in difference.changes if _holds_secret(change.before)]
    has = [change for change in difference.changes if _holds_secret(change.after)]
    for change in has:
        if _holds_secret(change.before):
            fact = f"will be replaced, so its hidden secret cannot {what}"
            yield _finding(change.path, change.origin, fact)
    lists = {change.path[:-1] for change in had if change.action == "remove"}
    for change in has:
        if change.action == "add" and change.path[:-1] in lists:
            fact = f"is a new shard: the removed shard's secret cannot {what}"
            yield _finding(change.path, change.origin, fact)


def _moved(difference: Difference) -> Iterator[Finding]:
    """Items of a list with a hidden secret whose other fields change."""
    for unknown in difference.unknown:
        slots = [at for at, step in enumerate(unknown.path, start=1) if isinstance(step, int)]
        item = unknown.path[: max(slots, default=0)]
        # A removed item has a path of the live list: it is another one than the desired item.
        moved = any(
            change.path[: len(item)] == item and (change.path, change.action) != (item, "remove")
            for change in difference.changes
        )
        if unknown.hidden and item and moved:
            fact = "is hidden and cannot be kept: other fields of its shard change"
            yield _finding(unknown.path, unknown.origin, fact)


def _holds_secret(tree: Tree) -> bool:
    return any(isinstance(leaf, Secret) for _, leaf in leaves(tree))


def _finding(path: Path, origin: Origin, fact: str) -> Finding:
    name = path_text(path) or "the object"
    return Finding(RULE, "error", f"{name} {fact}", _SEND, origin)
