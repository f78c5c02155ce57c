"""Plan: read the live state once and compare; save plans and read saved ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from os.path import realpath
from typing import TYPE_CHECKING

from confsync.config.ignore_paths import ignored_wrongly
from confsync.disk.plan_file import is_plan, read_plan, write_plan
from confsync.errors import Declined, WrongUsage
from confsync.guard import discreet
from confsync.kinds import KINDS
from confsync.secrets import RESOLVERS
from confsync.secrets.availability import At
from confsync.secrets.resolve import resolve
from confsync.sync.codec import FORMAT, from_json, to_json
from confsync.sync.findings import Lapse, as_finding, breaches_told, check_allowed, lapsed
from confsync.sync.guessable import guessable_findings
from confsync.sync.hidden_secrets import kept
from confsync.sync.plan import keep_ignored, keep_unlisted, keep_unmanaged, make_plan, not_left
from confsync.sync.values import Finding, HiddenSecrets, Origin, Unlisted
from confsync.workflow.load import load
from confsync.workflow.server import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from confsync.errors import Problem
    from confsync.secrets.resolve import Resolved
    from confsync.sync.values import Desired, Live, Plan, Target
    from confsync.workflow.server import Session


@dataclass(frozen=True)
class Options:
    """How to compare.

    `unlisted`: what becomes of fields that no file mentions. `hidden_secrets`: what becomes of
    secrets that the server hides. `allow`: the risks that do not stop an apply, by their names.
    `ignore`: the fields that are left as the server has them, like
    `InMemoryStore/poolMaxConnections`. `lapses`: what was allowed until a day that has passed.
    """

    unlisted: Unlisted = "default"
    hidden_secrets: HiddenSecrets = "send"
    allow: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    lapses: tuple[Lapse, ...] = ()

    def check(self) -> None:
        """Raise WrongUsage for a risk or a field that there is not."""
        check_allowed(self.allow)
        for path in self.ignore:
            wrong = ignored_wrongly(path, KINDS)
            if wrong is not None:
                raise WrongUsage(f"a path to ignore {wrong[0]}", hint=wrong[1])


DEFAULTS = Options()


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


def check_place(path: str, files: Iterable[str]) -> None:
    """Raise WrongUsage for a place that no plan should be saved to: over one of its own files."""
    if "://" in path:
        raise WrongUsage("a URL stands where the plan's file belongs", hint="write --out FILE")
    if any(realpath(path) == realpath(file) for file in files):
        fact = "the plan would be written over a file that it is made from"
        raise WrongUsage(fact, where=path, hint="name another file, like production.plan")


def save(plan: Plan, path: str) -> None:
    """Save a plan, without a secret, for its owner alone. Raises OutputFailed and WrongUsage."""
    write_plan(path, to_json(plan))


def is_saved(path: str) -> bool:
    """Whether a file is a saved plan, or what is left of one. Its name does not count."""
    return is_plan(path, FORMAT)


def saved(path: str) -> Plan:
    """The plan in a file, as it was shown. Raises Declined for one that is not as it was saved."""
    try:
        return from_json(read_plan(path), {name: kind.shape for name, kind in KINDS.items()})
    except Declined as declined:
        declined.where = path
        raise
