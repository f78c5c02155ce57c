"""Plan: read the live state once and compare; save plans and read saved ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from confsync.guard import discreet
from confsync.kinds import KINDS
from confsync.secrets import RESOLVERS
from confsync.secrets.resolver import At, resolve
from confsync.sync.findings import as_finding, breaches_told, guessable_findings, kept, lapsed
from confsync.sync.plan import keep_ignored, keep_unlisted, keep_unmanaged, make_plan, not_left
from confsync.sync.values import Finding, Origin
from confsync.workflow.load import load
from confsync.workflow.server import read
from confsync.workflow.targets import DEFAULTS, Options

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from confsync.errors import Problem
    from confsync.secrets.resolver import Resolved
    from confsync.sync.values import Desired, Live, Plan, Target
    from confsync.workflow.server import Session


@discreet
def plan(
    files: Sequence[str],
    session: Session,
    *,
    environment: Mapping[str, str],
    options: Options = DEFAULTS,
) -> Plan:
    """The difference between the files and the server. One request; nothing is written.

    References that cannot be resolved here are findings; commands are not run. Raises
    InvalidFiles, ConnectionFailed, ConnectionLost, ServerRefused, UnexpectedAnswer, and WrongUsage
    for the name of a risk that there is not.
    """
    options.check()
    vault = session.vault
    loaded = load(files, vault)
    resolved = resolve(loaded.desired, vault, At(RESOLVERS, "plan"), environment)
    live = read(loaded.desired.object, session)
    found = planned(session.target, resolved.desired, live, options, loaded.problems)
    notes = (_note(problem) for problem in missing(resolved, found))
    return replace(found, findings=(*notes, *found.findings))


def planned(
    target: Target, desired: Desired, live: Live, options: Options, problems: Iterable[Problem]
) -> Plan:
    """The plan from values alone. `problems` are what reading the files found."""
    if options.unlisted == "keep":
        desired = keep_unlisted(desired, live)
    fields = {path.rpartition("/")[2] for path in options.ignore if _object(path) == live.object}
    notes = not_left(desired, live, fields)
    desired = keep_ignored(desired, live, fields)
    kind, policy = KINDS[desired.object], options.hidden_secrets
    stated = breaches_told(desired, kind.breaches(desired.written))
    told = [as_finding(problem, options.allow) for problem in (*problems, *stated)]
    risks = tuple(finding for finding in told if finding.risk)
    warnings = (finding for finding in told if not finding.risk)
    found = make_plan(target, desired, live, kind.shape, hidden_secrets=policy, risks=risks)
    more = (*warnings, *notes, *lapsed(options.lapses, risks), *guessable_findings(desired))
    return replace(found, findings=(*found.findings, *more))


def replanned(saved: Plan, desired: Desired, live: Live) -> Plan:
    """A saved plan, made again: on what the server has now, with its references looked up."""
    desired = keep_unmanaged(desired, live)
    risks = tuple(finding for finding in saved.findings if finding.risk)
    shape, policy = KINDS[desired.object].shape, saved.hidden_secrets
    found = make_plan(saved.target, desired, live, shape, hidden_secrets=policy, risks=risks)
    return replace(found, findings=(*found.findings, *guessable_findings(desired)))


def missing(resolved: Resolved, found: Plan) -> list[Problem]:
    """The references that could not be resolved, and whose secrets an apply would send."""
    left = kept(found.difference) if found.hidden_secrets == "keep" else frozenset()
    unmanaged = frozenset(found.unmanaged)
    return [
        problem
        for path, problem in resolved.unresolved
        if path not in left and path[:1] not in unmanaged
    ]


def _object(path: str) -> str:
    return path.partition("/")[0]


def _note(problem: Problem) -> Finding:
    origin = Origin("file", problem.file, problem.line, problem.column)
    return Finding(
        problem.rule, "note", f"{problem.message}; an apply needs it", problem.hint, origin
    )
