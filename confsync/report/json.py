"""Plans, outcomes and problems for programs: documented in docs/json.md, versioned."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, TypeAlias

from confsync.errors import ConfsyncError, InvalidFiles, SecretUnavailable
from confsync.kinds import KINDS
from confsync.report.lines import password_changes
from confsync.report.printable import MOST, json_text, shown, told
from confsync.store.encode import to_file, to_store, touched
from confsync.sync.outcome import (
    Ended,
    NotBegun,
    NotSent,
    Overtaken,
    Rejected,
    Stored,
    Unknown,
    as_wanted,
)
from confsync.sync.tree import Object, path_text
from confsync.sync.values import Failed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from confsync.errors import Problem
    from confsync.store.encode import Plain
    from confsync.sync.values import Change, Finding, Live, Origin, Plan, Sent, Target
    from confsync.sync.values import Unknown as Incomparable

FORMAT_VERSION = "1"

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"


def plan_json(plan: Plan) -> str:
    """A plan as one JSON document. Values are as a file writes them, secrets masked."""
    return plans_json([plan])


def plans_json(found: Sequence[Plan | Failed]) -> str:
    """The plans of some targets as one document, with what went wrong in place of the others."""
    targets = [_failed(one) if isinstance(one, Failed) else _target(one) for one in found]
    return _dump({"targets": targets, "summary": _summary(found)})


def outcomes_json(found: Sequence[Ended]) -> str:
    """The plans of an apply to some targets, and what became of each."""
    plans = [_plan_of(one) for one in found]
    targets = [
        {
            **(_failed(plan) if isinstance(plan, Failed) else _target(plan)),
            "outcome": _outcome(one),
            "restart_required": isinstance(one, Stored | Unknown),
        }
        for one, plan in zip(found, plans, strict=True)
    ]
    return _dump({"targets": targets, "summary": _summary(plans) | _ends(found)})


def _ends(found: Sequence[Ended]) -> dict[str, Json]:
    """How an apply ended over all of its targets."""
    results = [result_of(one) for one in found]
    return {
        "outcomes": {result: results.count(result) for result in _RESULTS.values()},
        "as_wanted": all(map(as_wanted, found)),
        "interrupted": any(isinstance(one, NotBegun) and one.interrupted for one in found),
        "restart_required": any(isinstance(one, Stored | Unknown) for one in found),
    }


_RESULTS: Mapping[type[Ended], str] = {
    Stored: "stored",
    NotSent: "not-sent",
    Rejected: "rejected",
    Failed: "failed",
    Overtaken: "overtaken",
    Unknown: "unknown",
    NotBegun: "not-begun",
}


def result_of(ended: Ended) -> str:
    """The name of a result."""
    return _RESULTS[type(ended)]


def _plan_of(ended: Ended) -> Plan | Failed:
    return ended if ended.plan is None else ended.plan


def problems_json(files: Sequence[str], problems: Sequence[Problem]) -> str:
    """What is wrong with some files."""
    listed = [_problem(problem) for problem in problems]
    errors = sum(problem.severity == "error" for problem in problems)
    summary: Json = {"files": len(files), "errors": errors}
    return _dump({"problems": listed, "summary": summary})


def states_json(found: Sequence[tuple[Target, Mapping[str, Plain]] | Failed]) -> str:
    """The live states of some targets, in the form of files; of one alone at the top too."""
    targets: list[Json] = []
    for one in found:
        if isinstance(one, Failed):
            targets.append({**_named(one.target), "state": None, "error": _error(one.error)})
        else:
            target, document = one
            targets.append({**_named(target), "state": _document(document)})
    alone: dict[str, Json] = {}
    if len(found) == 1 and not isinstance(found[0], Failed):
        alone["state"] = _document(found[0][1])
    return _dump({**alone, "targets": targets})


def _document(document: Mapping[str, Plain]) -> Json:
    return {name: shown(value) for name, value in document.items()}


def _problem(problem: Problem) -> Json:
    known = {name: value for name, value in asdict(problem).items() if name != "excerpt"}
    texts = {name: told(known[name]) for name in ("file", "message", "hint")}
    return {**known, **texts}


def _dump(content: dict[str, Json]) -> str:
    whole: dict[str, Json] = {"format_version": FORMAT_VERSION, **content}
    return json_text(whole)


def _target(plan: Plan) -> dict[str, Json]:
    return {
        **_named(plan.target),
        "objects": [_object(plan)],
        "digest": plan.digest,
        "restart_required": not plan.empty,
    }


def _failed(failed: Failed) -> dict[str, Json]:
    """A target without a plan: what every target has, and the error."""
    return {
        **_named(failed.target),
        "objects": [],
        "digest": None,
        "restart_required": False,
        "error": _error(failed.error),
    }


def _named(target: Target) -> dict[str, Json]:
    return {"name": told(target.name), "url": told(target.url)}


def _error(error: ConfsyncError) -> Json:
    found: dict[str, Json] = {
        "message": told(error.message),
        "where": told(error.where),
        "hint": told(error.hint),
    }
    if isinstance(error, InvalidFiles | SecretUnavailable):
        found["problems"] = [_problem(problem) for problem in error.problems]
    return found


def _object(plan: Plan) -> Json:
    found: dict[str, Json] = {
        "object": plan.desired.object,
        "variant": {"before": plan.live.tree.tag, "after": plan.desired.tree.tag},
        "changes": [change_json(change) for change in plan.difference.changes],
        "unknown": [_unknown(unknown) for unknown in plan.difference.unknown],
        "hidden_secrets": plan.hidden_secrets,
        "to_send": [sent_json(sent) for sent in plan.to_send],
        "unmanaged": [path_text(path) for path in plan.unmanaged],
        "findings": [_finding(finding) for finding in plan.findings],
    }
    return _cut(found)


def _cut(found: dict[str, Json]) -> dict[str, Json]:
    """An object with its lists cut: `changes_left_out` says how many of `changes` are left out."""
    kept = dict(found)
    for name, value in found.items():
        if isinstance(value, list) and len(value) > MOST:
            kept[name] = value[:MOST]
            kept[f"{name}_left_out"] = len(value) - MOST
    return kept


def _summary(found: Sequence[Plan | Failed]) -> dict[str, Json]:
    plans = [one for one in found if not isinstance(one, Failed)]
    summary: dict[str, Json] = {
        "targets": len(found),
        "changes": sum(len(plan.difference.changes) for plan in plans),
        "unknown": sum(len(plan.difference.unknown) for plan in plans),
        "to_send": sum(len(plan.to_send) for plan in plans),
        "refusals": sum(len(plan.refusals) for plan in plans),
    }
    return summary | ({"failed": len(found) - len(plans)} if len(found) > 1 else {})


def change_json(change: Change) -> dict[str, Json]:
    """A change, with its values as a file writes them, secrets masked."""
    shape = change.shape
    rebuilt = isinstance(change.before, Object) or isinstance(change.after, Object)
    before: Json = _tag(change.before) if rebuilt else shown(to_file(change.before, shape))
    after: Json = _tag(change.after) if rebuilt else shown(to_file(change.after, shape))
    path = path_text(change.path) or "@type"
    found: dict[str, Json] = {
        "path": path,
        "action": change.action,
        "before": before,
        "after": after,
        "why": change.origin.why,
        "source": _source(change.origin),
    }
    if password_changes(change):
        found["password_changes"] = True
    if change.members:
        found["members"] = [change_json(member) for member in change.members]
    elif rebuilt:
        found["before"], found["after"] = (
            shown(to_file(change.before, shape)),
            shown(to_file(change.after, shape)),
        )
    return _cut(found)


def _tag(value: object) -> str | None:
    return value.tag if isinstance(value, Object) else None


def _unknown(unknown: Incomparable) -> Json:
    return {
        "path": path_text(unknown.path),
        "reason": "hidden" if unknown.hidden else "unresolved",
        "source": _source(unknown.origin),
    }


def sent_json(sent: Sent) -> Json:
    """A secret that an apply sends: its place and its reference."""
    return {"path": path_text(sent.path), "reference": told(str(sent.ref))}


def _finding(finding: Finding) -> Json:
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "message": told(finding.message),
        "hint": told(finding.hint),
        "source": None if finding.origin is None else _source(finding.origin),
    }


def _source(origin: Origin) -> Json:
    if not origin.line:
        return None
    return {"file": told(origin.file), "line": origin.line, "column": origin.column}


def _outcome(outcome: Ended) -> Json:
    return _cut({"result": result_of(outcome), **_about(outcome)})


def _about(outcome: Ended) -> dict[str, Json]:
    match outcome:
        case Failed(error=error):
            return {"error": _error(error)}
        case NotBegun() | NotSent():
            return {}
        case Rejected(refusal=refusal):
            return {
                "type": told(refusal.kind),
                "properties": [*map(told, refusal.properties)],
                "errors": [*map(told, refusal.errors)],
                "hint": told(refusal.hint),
                "foreign": paths_json(outcome.foreign),
                "foreign_changes": [change_json(change) for change in outcome.foreign],
            }
        case Overtaken(foreign=foreign):
            return {
                "foreign": paths_json(foreign),
                "foreign_changes": [change_json(change) for change in foreign],
            }
        case Stored():
            return {
                "verified": outcome.verified,
                "remaining": [change_json(change) for change in outcome.remaining.changes],
                "foreign": paths_json(outcome.foreign),
                "foreign_changes": [change_json(change) for change in outcome.foreign],
                "overwritten": paths_json(outcome.overwritten),
                "lost": told(outcome.lost) or None,
                "before": _before(outcome.before, outcome.plan),
            }
        case Unknown(reason=reason):
            return {
                "reason": told(reason),
                "seen": outcome.seen,
                "before": _before(outcome.plan.live, outcome.plan),
            }


def _before(before: Live, plan: Plan) -> Json:
    document = to_store(before, KINDS[before.object], named=touched(plan.difference.changes))
    return None if document is None else _document(document)


def paths_json(changes: Sequence[Change]) -> list[Json]:
    """The paths of some changes, each once."""
    paths = dict.fromkeys(path_text(change.path) or "@type" for change in changes)
    return list(paths)
