"""Plans, outcomes and problems as JSON (docs/json.md), and records of an audit (docs/audit.md)."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, get_args

from confsync.errors import Declined, NotWritten
from confsync.kinds.forms import RESTARTED
from confsync.kinds.kind import Kind
from confsync.report.document import Document
from confsync.report.lines import password_changes
from confsync.report.printable import (
    FORMAT_VERSION,
    MOST,
    data_text,
    data_texts,
    shown,
    shown_value,
    versioned_text,
)
from confsync.store.encode import to_file, way_back
from confsync.sync import outcome
from confsync.sync.plan import whole_digest
from confsync.sync.scrub import without_brackets
from confsync.sync.tree import Object, path_text
from confsync.sync.values import Cause, Failed, Plan, by_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from confsync.errors import ConfsyncError, Problem
    from confsync.report.printable import Json
    from confsync.report.run import Run
    from confsync.report.text import State
    from confsync.sync.tree import Tree
    from confsync.sync.values import Change, Origin, Target

_RESULTS: Mapping[type[outcome.Ended], str] = {
    outcome.Stored: "stored",
    outcome.NotSent: "not-sent",
    outcome.Rejected: "rejected",
    Failed: "failed",
    outcome.Overtaken: "overtaken",
    outcome.Unknown: "unknown",
    outcome.NotBegun: "not-begun",
}
_AUDITED = {"type", "foreign", "overwritten", "reason", "seen"}


def plans_document(found: Sequence[Plan | Failed], run: Run) -> Document:
    """The plans of targets, or their errors, as one document; every secret masked."""
    targets = [_target(one, run) for one in by_target(found)]
    return Document(_head(run), digest=_digest(found), targets=targets, summary=_summary(found))


def _digest(found: Sequence[Plan | Failed]) -> str | None:
    """The digest of a run; None if a target could not be planned."""
    plans = [one for one in found if not isinstance(one, Failed)]
    return whole_digest(plans) if len(plans) == len(found) else None


def outcomes_document(found: Sequence[outcome.Ended], run: Run) -> Document:
    """The plans of an apply and the outcome for each target, as one document. With several objects
    each has its own outcome.
    """
    plans: list[Plan | Failed] = [one if one.plan is None else one.plan for one in found]
    results = [result_of(one) for one in found]
    left = list(found)
    targets: list[Json] = []
    for group in by_target(plans):
        ends = [left.pop(0) for _ in ([group] if isinstance(group, Failed) else group)]
        target: dict[str, Json] = {
            **_target(group, run),
            "restart": _restart(ends),
            **_active(ends),
        }
        if len(ends) == 1:
            target["outcome"] = _outcome(ends[0])
        elif isinstance(group, list):
            both = zip(group, ends, strict=True)
            target["objects"] = [_object(plan, outcome=_outcome(one)) for plan, one in both]
        targets.append(target)
    summary: dict[str, Json] = {
        "outcomes": {result: results.count(result) for result in _RESULTS.values()},
        "as_wanted": all(map(outcome.as_wanted, found)),
        "interrupted": any(isinstance(one, outcome.NotBegun) and one.interrupted for one in found),
        "restart_required": _restart(found)["required"],
    }
    summary = _summary(plans) | summary
    return Document(_head(run), digest=_digest(plans), targets=targets, summary=summary)


def document_lines(document: Document) -> str:
    """The document as JSON Lines: the facts of its run, each target, and all but the targets."""
    last = {name: value for name, value in document.items() if name != "targets"}
    first = {name: value for name, value in last.items() if name not in {"digest", "summary"}}
    lines = [first, *document["targets"], last]
    texts = "".join(f"{json.dumps(line, separators=(',', ':'))}\n" for line in lines)
    return without_brackets(texts, "\\u0023")


def _head(run: Run) -> dict[str, Json]:
    """The members that a document of plan or apply begins with."""
    selection: Json = None
    if (chosen := run.selection) is not None:
        parts = chosen.shard
        selection = {
            "chosen": chosen.chosen,
            "of": chosen.of,
            "by": data_text(chosen.by) or None,
            "shard": None if parts is None else {"number": parts[0], "of": parts[1]},
        }
    return {
        "format_version": FORMAT_VERSION,
        "confsync": run.version,
        "generated_at": run.generated_at,
        "commit": data_text(run.commit) or None,
        "selection": selection,
    }


def _active(ends: Sequence[outcome.Ended]) -> dict[str, Json]:
    """The ends of a target's reload and of its restart, and why they failed or are unknown."""
    found: dict[str, Json] = {}
    for name, key in (("reload", "reload"), ("restart", "after")):
        known = (getattr(one, name, None) for one in ends)
        end = next((one for one in known if one is not None), None)
        found[key] = None if end is None else end.result
        found[f"{key}_reason"] = None if end is None else data_text(end.reason) or None
    return found


def _restart(found: Iterable[Plan | outcome.Ended]) -> dict[str, Json]:
    """The need of a restart for plans, or for updates that may have been stored and of which no
    restart was seen, and the objects that are the reason. `if-secret-changed`: nothing but hidden
    secrets is sent, and none is rotated.
    """
    plans = (
        one.plan if isinstance(one, outcome.Stored | outcome.Unknown) else one
        for one in found
        if not (isinstance(one, outcome.Stored) and one.restart and one.as_wanted)
    )
    sent = [
        plan
        for plan in plans
        if isinstance(plan, Plan) and not plan.empty and plan.desired.object in RESTARTED
    ]
    certain = [plan for plan in sent if plan.effective]
    required = "yes" if certain else "if-secret-changed" if sent else "no"
    names = dict.fromkeys(plan.desired.object for plan in certain or sent)
    return {"required": required, "because": [*names]}


def problems_json(files: Sequence[str], problems: Sequence[Problem]) -> str:
    """The problems of files, and their number."""
    errors = sum(problem.severity == "error" for problem in problems)
    summary: Json = {"files": len(files), "errors": errors}
    return versioned_text({"problems": [*map(_problem, problems)], "summary": summary})


def states_json(found: Sequence[State | Failed]) -> str:
    """The live states of targets as in files; the state of a single target is at the top too."""
    targets: list[dict[str, Json]] = [
        {**named_json(one.target), "state": None, "error": error_json(one.error)}
        if isinstance(one, Failed)
        else {**named_json(one[0]), "state": shown(one[1])}
        for one in found
    ]
    alone = len(found) == 1 and not isinstance(found[0], Failed)
    return versioned_text({**({"state": targets[0]["state"]} if alone else {}), "targets": targets})


def result_of(ended: outcome.Ended) -> str:
    """The name of a result."""
    return _RESULTS[type(ended)]


def started_record(plan: Plan) -> dict[str, Json]:
    """The audit's record of a plan that is about to be sent."""
    return {
        "target": named_json(plan.target),
        "object": plan.desired.object,
        "digest": plan.digest,
        "changes": _changes(plan.difference.changes),
        "to_send": _to_send(plan),
        "rotated": [*map(path_text, plan.rotated)],
    }


def finished_record(ended: outcome.Outcome) -> dict[str, Json]:
    """The audit's record of an outcome."""
    audited = {name: value for name, value in _about(ended).items() if name in _AUDITED}
    return {"result": result_of(ended), "as_wanted": outcome.as_wanted(ended), **audited}


def active_record(plan: Plan, found: outcome.Reload | outcome.Restart) -> dict[str, Json]:
    """The audit's record of a reload or a restart: of the target of a plan."""
    reason = {"reason": data_text(found.reason)} if found.reason else {}
    return {"target": named_json(plan.target), "result": found.result, **reason}


def _target(one: Sequence[Plan] | Failed, run: Run) -> dict[str, Json]:
    target = one.target if isinstance(one, Failed) else one[0].target
    named: dict[str, Json] = {
        **named_json(target),
        "groups": [*map(data_text, run.groups.get(target.name, ()))],
        "seconds": run.seconds_of(target),
    }
    if isinstance(one, Failed):
        absent: dict[str, Json] = {"objects": [], "digest": None, "restart": _restart(())}
        return {**named, **absent, "error": error_json(one.error)}
    return {
        **named,
        "objects": [*map(_object, one)],
        "digest": whole_digest(one),
        "restart": _restart(one),
    }


def named_json(target: Target) -> dict[str, Json]:
    """Name and URL of a target."""
    return data_texts(name=target.name, url=target.url)


def error_json(error: ConfsyncError) -> Json:
    """An error that a target ended with."""
    found = data_texts(message=error.message, where=error.where, hint=error.hint)
    found["refused"] = isinstance(error, Declined)
    if error.problems:
        found["problems"] = [*map(_problem, error.problems)]
    return found


def _problem(problem: Problem) -> Json:
    unsaid = {"excerpt", "risk", "object"}
    known = {name: value for name, value in asdict(problem).items() if name not in unsaid}
    return known | {name: data_text(known[name]) for name in ("file", "message", "hint")}


def _object(plan: Plan, **more: Json) -> Json:
    found: dict[str, Json] = {
        "object": plan.desired.object,
        "variant": {"before": plan.live.tree.tag, "after": plan.desired.tree.tag},
        "changes": _changes(plan.difference.changes),
        "unknown": [
            {
                "path": path_text(pair.path),
                "reason": "hidden" if pair.hidden else "unresolved",
                "source": source_json(pair.origin),
            }
            for pair in plan.difference.unknown
        ],
        "hidden_secrets": plan.hidden_secrets,
        "to_send": _to_send(plan),
        "unmanaged": [*map(path_text, plan.unmanaged)],
        "findings": [
            {
                "rule": finding.rule,
                "severity": finding.severity,
                "risk": finding.risk,
                **data_texts(message=finding.message, hint=finding.hint),
                "source": source_json(finding.origin),
            }
            for finding in plan.findings
        ],
        **more,
    }
    return _cut(found)


def _to_send(plan: Plan) -> list[Json]:
    return [
        {"path": path_text(one.path), **data_texts(reference=str(one.ref))} for one in plan.to_send
    ]


def source_json(origin: Origin | None) -> dict[str, Json] | None:
    """A place, with the group whose `set` says its value, or None."""
    if origin is None or not origin.line:
        return None
    place = data_texts(file=origin.file) | {"line": origin.line, "column": origin.column}
    return {**place, "group": data_text(origin.group) or None}


def _cut(found: dict[str, Json]) -> dict[str, Json]:
    """An object with long lists cut; `changes_left_out` counts the missing ones of `changes`."""
    kept = dict(found)
    for name, value in found.items():
        if isinstance(value, list) and len(value) > MOST:
            kept[name] = value[:MOST]
            kept[f"{name}_left_out"] = len(value) - MOST
    return kept


def _summary(found: Sequence[Plan | Failed]) -> dict[str, Json]:
    plans = [one for one in found if not isinstance(one, Failed)]
    unknown = [item for plan in plans for item in plan.difference.unknown]
    groups = by_target(found)
    made = [one for one in groups if not isinstance(one, Failed)]
    changed = sum(any(plan.difference.changes for plan in one) for one in made)
    summary: dict[str, Json] = {
        "targets": len(groups),
        "changed": changed,
        "unchanged": len(made) - changed,
        "failed": len(groups) - len(made),
        "changes": sum(len(plan.difference.changes) for plan in plans),
        "unknown": len(unknown),
        "unresolved": sum(not item.hidden for item in unknown),
        "to_send": sum(len(plan.to_send) for plan in plans),
        "refusals": sum(len(plan.refusals) for plan in plans),
    }
    if base := next((plan.base for plan in plans if plan.base), ""):
        causes = [one.cause for plan in plans for one in plan.difference.changes]
        summary["base"] = data_text(base)
        summary["causes"] = {cause: causes.count(cause) for cause in get_args(Cause)}
    return summary


def _changes(changes: Sequence[Change]) -> list[Json]:
    return [*map(_change, changes)]


def _change(change: Change) -> dict[str, Json]:
    """A change with its values as in files; an object with members in the list is only its tag."""

    def value(side: Tree) -> Json:
        if rebuilt and change.members:
            return side.tag if isinstance(side, Object) else None
        return shown_value(to_file(side, change.shape))

    rebuilt = isinstance(change.before, Object) or isinstance(change.after, Object)
    found: dict[str, Json] = {
        "path": path_text(change.path) or "@type",
        "action": change.action,
        "before": value(change.before),
        "after": value(change.after),
        "why": change.origin.why,
        "source": source_json(change.origin),
    }
    if change.cause is not None:
        found["cause"] = change.cause
    if password_changes(change):
        found["password_changes"] = True
    if change.members:
        found["members"] = _changes(change.members)
    return _cut(found)


def _outcome(ended: outcome.Ended) -> Json:
    found = {"result": result_of(ended), **_about(ended)}
    if isinstance(ended, outcome.Stored | outcome.Unknown):
        before = ended.before if isinstance(ended, outcome.Stored) else ended.plan.live
        found["before"] = None
        with suppress(NotWritten):
            document = way_back(before, ended.plan, Kind(before.object, ended.plan.shape))
            found["before"] = shown(document)
    return _cut(found)


def _about(ended: outcome.Ended) -> dict[str, Json]:
    """The facts of an outcome, without the state before."""
    match ended:
        case Failed(error=error):
            return {"error": error_json(error)}
        case outcome.NotBegun() | outcome.NotSent():
            return {}
        case outcome.Rejected(refusal=refusal, foreign=foreign):
            return {
                "type": data_text(refusal.kind),
                "properties": [*map(data_text, refusal.properties)],
                "errors": [*map(data_text, refusal.errors)],
                "hint": data_text(refusal.hint),
                **_foreign(foreign),
            }
        case outcome.Overtaken(foreign=foreign):
            return _foreign(foreign)
        case outcome.Stored(remaining=remaining, foreign=foreign):
            return {
                "verified": ended.verified,
                "remaining": _changes(remaining.changes),
                **_foreign(foreign),
                "overwritten": _paths(ended.overwritten),
                "lost": data_text(ended.lost) or None,
            }
        case outcome.Unknown(reason=reason, seen=seen):
            return {"reason": data_text(reason), "seen": seen}


def _foreign(changes: Sequence[Change]) -> dict[str, Json]:
    return {"foreign": _paths(changes), "foreign_changes": _changes(changes)}


def _paths(changes: Sequence[Change]) -> list[Json]:
    """The paths of changes, each once."""
    return [*dict.fromkeys(path_text(change.path) or "@type" for change in changes)]
