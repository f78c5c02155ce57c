"""Plans, outcomes and problems for programs: documented in docs/json.md, versioned."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeAlias

from confsync.kinds import KINDS
from confsync.kinds.to_file import to_file
from confsync.kinds.to_store import to_store
from confsync.report.lines import password_changes
from confsync.sync.outcome import NotSent, Outcome, Overtaken, Rejected, Stored, Unknown
from confsync.sync.tree import Object, path_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from confsync.errors import Problem
    from confsync.sync.values import Change, Finding, Origin, Plan, Sent
    from confsync.sync.values import Unknown as Incomparable

FORMAT_VERSION = "1"

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"


def plan_json(plan: Plan) -> str:
    """A plan as one JSON document. Values are as a file writes them, secrets masked."""
    return _dump({"targets": [_target(plan)], "summary": _summary(plan)})


def outcome_json(outcome: Outcome) -> str:
    """An apply's plan, and what became of it."""
    target = _target(outcome.plan) | {"outcome": _outcome(outcome)}
    return _dump({"targets": [target], "summary": _summary(outcome.plan)})


def problems_json(files: Sequence[str], problems: Sequence[Problem]) -> str:
    """What is wrong with some files."""
    listed = [asdict(problem) for problem in problems]
    errors = sum(problem["severity"] == "error" for problem in listed)
    summary: Json = {"files": len(files), "errors": errors}
    return _dump({"problems": listed, "summary": summary})


def document_json(document: Json) -> str:
    """A live state, in the form of a file."""
    return _dump({"state": document})


def _dump(content: dict[str, Json]) -> str:
    whole: dict[str, Json] = {"format_version": FORMAT_VERSION, **content}
    return json.dumps(whole, indent=2) + "\n"


def _target(plan: Plan) -> dict[str, Json]:
    return {
        "name": plan.target.name,
        "url": plan.target.url,
        "objects": [_object(plan)],
        "digest": plan.digest,
        "restart_required": not plan.empty,
    }


def _object(plan: Plan) -> Json:
    return {
        "object": plan.desired.object,
        "variant": {"before": plan.live.tree.tag, "after": plan.desired.tree.tag},
        "changes": [change_json(change) for change in plan.difference.changes],
        "unknown": [_unknown(unknown) for unknown in plan.difference.unknown],
        "hidden_secrets": plan.hidden_secrets,
        "to_send": [sent_json(sent) for sent in plan.to_send],
        "unmanaged": [path_text(path) for path in plan.unmanaged],
        "findings": [_finding(finding) for finding in plan.findings],
    }


def _summary(plan: Plan) -> Json:
    return {
        "targets": 1,
        "changes": len(plan.difference.changes),
        "unknown": len(plan.difference.unknown),
        "to_send": len(plan.to_send),
        "refusals": len(plan.refusals),
    }


def change_json(change: Change) -> dict[str, Json]:
    """A change, with its values as a file writes them, secrets masked."""
    shape = change.shape
    rebuilt = isinstance(change.before, Object) or isinstance(change.after, Object)
    before: Json = _tag(change.before) if rebuilt else to_file(change.before, shape)
    after: Json = _tag(change.after) if rebuilt else to_file(change.after, shape)
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
            to_file(change.before, shape),
            to_file(change.after, shape),
        )
    return found


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
    return {"path": path_text(sent.path), "reference": str(sent.ref)}


def _finding(finding: Finding) -> Json:
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "message": finding.message,
        "hint": finding.hint,
        "source": None if finding.origin is None else _source(finding.origin),
    }


def _source(origin: Origin) -> Json:
    if not origin.line:
        return None
    return {"file": origin.file, "line": origin.line, "column": origin.column}


def _outcome(outcome: Outcome) -> Json:
    match outcome:
        case NotSent():
            return {"result": "not-sent"}
        case Rejected(refusal=refusal):
            return {
                "result": "rejected",
                "type": refusal.kind,
                "properties": list(refusal.properties),
                "errors": list(refusal.errors),
                "hint": refusal.hint,
            }
        case Overtaken(foreign=foreign):
            return {
                "result": "overtaken",
                "foreign": paths_json(foreign),
                "foreign_changes": [change_json(change) for change in foreign],
            }
        case Stored():
            return {
                "result": "stored",
                "verified": outcome.verified,
                "remaining": [change_json(change) for change in outcome.remaining.changes],
                "foreign": paths_json(outcome.foreign),
                "foreign_changes": [change_json(change) for change in outcome.foreign],
                "overwritten": paths_json(outcome.overwritten),
                "lost": outcome.lost or None,
                "before": to_store(outcome.before, KINDS[outcome.before.object]),
            }
        case Unknown(reason=reason):
            return {
                "result": "unknown",
                "reason": reason,
                "seen": outcome.seen,
                "before": to_store(outcome.plan.live, KINDS[outcome.plan.live.object]),
            }


def paths_json(changes: Sequence[Change]) -> list[Json]:
    """The paths of some changes, each once."""
    paths = dict.fromkeys(path_text(change.path) or "@type" for change in changes)
    return list(paths)
