"""Risks: findings that stop an apply until they are allowed by the name of their rule."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from confsync.errors import Problem, WrongUsage
from confsync.sync.risks import RISKS
from confsync.sync.values import Finding, Origin, nearest_origin

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from confsync.sync.tree import Path
    from confsync.sync.values import Desired


@dataclass(frozen=True)
class Breach:
    """A rule that a desired state breaks, and the path of the value that breaks it."""

    rule: str
    path: Path
    message: str
    hint: str


def breaches_told(desired: Desired, breaches: Iterable[Breach]) -> tuple[Problem, ...]:
    """Problems for the breaches of a state as it is written, at the places of its values. Values
    that no file sets are the server's, and left out.
    """
    origins = desired.origins if desired.places is None else desired.places
    return tuple(
        Problem(origin.file, origin.line, origin.column, breach.rule, breach.message, breach.hint)
        for breach in breaches
        if (origin := nearest_origin(origins, breach.path)).why == "file"
    )


def check_allowed(allow: Collection[str]) -> None:
    """Raise WrongUsage for an unknown risk."""
    for name in allow:
        if name not in RISKS:
            close = get_close_matches(name, RISKS)
            hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(RISKS)}"
            raise WrongUsage("there is no risk with a name that is to be allowed", hint=hint)


def makes_invalid(problem: Problem) -> bool:
    """Whether files with this problem say no state: it is neither a warning nor a risk."""
    return problem.severity == "error" and problem.rule not in RISKS


def judged(problem: Problem, allow: Collection[str]) -> Problem:
    """A problem as it counts where some risks are allowed: a warning, if it is one of them."""
    allowed = problem.rule in RISKS and problem.rule in allow
    return replace(problem, severity="warning") if allowed else problem


@dataclass(frozen=True)
class Lapse:
    """A risk that was allowed until a day, which has passed, and where that is written."""

    risk: str
    until: str
    origin: Origin

    @property
    def told(self) -> str:
        """The message of the lapse."""
        return f"{self.risk} was allowed until {self.until}, which has passed"


LAPSED = "allowance-expired"
ALLOW_AGAIN = "write another day if it is still accepted, or remove the entry"


def lapses_told(lapses: Iterable[Lapse], problems: Iterable[Problem]) -> Iterator[Problem]:
    """Warnings for lapses whose risks are among the errors of some files."""
    wrong = {problem.rule for problem in problems if problem.severity == "error"}
    for lapse in lapses:
        if lapse.risk in wrong:
            at = lapse.origin
            yield Problem(
                at.file, at.line, at.column, LAPSED, lapse.told, ALLOW_AGAIN, severity="warning"
            )


def lapsed(lapses: Iterable[Lapse], risks: Iterable[Finding]) -> tuple[Finding, ...]:
    """Warnings for lapses whose risks stop an apply again."""
    stopping = {finding.rule for finding in risks if finding.severity == "error"}
    return tuple(
        Finding(LAPSED, "warning", lapse.told, ALLOW_AGAIN, lapse.origin)
        for lapse in lapses
        if lapse.risk in stopping
    )


def facts(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Why findings stop an apply: each fact, and what was allowed before."""
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
    return Problem(
        at.file,
        at.line,
        at.column,
        finding.rule,
        finding.message,
        finding.hint,
        severity="warning",
    )


def as_finding(problem: Problem, allow: Collection[str]) -> Finding:
    """A problem of a file, as a finding of a plan."""
    found = judged(problem, allow)
    origin = Origin("file", found.file, found.line, found.column)
    risk = found.rule in RISKS
    return Finding(found.rule, found.severity, found.message, found.hint, origin, risk=risk)
