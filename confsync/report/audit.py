"""What an audit says of a plan and of its end, every secret masked: docs/audit.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.report.json import change_json, paths_json, sent_json
from confsync.report.printable import told
from confsync.sync.outcome import NotSent, Outcome, Overtaken, Rejected, Stored, Unknown

if TYPE_CHECKING:
    from confsync.report.json import Json
    from confsync.sync.values import Plan


def begun(plan: Plan) -> dict[str, Json]:
    """The target, and what is about to be sent."""
    return {
        "target": {"name": told(plan.target.name), "url": told(plan.target.url)},
        "object": plan.desired.object,
        "digest": plan.digest,
        "changes": [change_json(change) for change in plan.difference.changes],
        "to_send": [sent_json(sent) for sent in plan.to_send],
    }


def ended(outcome: Outcome) -> dict[str, Json]:
    """The result, as the JSON output names it, and whether the server has what is wanted."""
    match outcome:
        case NotSent():
            return {"result": "not-sent", "as_wanted": True}
        case Rejected(refusal=refusal, foreign=foreign):
            said = {"type": told(refusal.kind), "foreign": paths_json(foreign)}
            return {"result": "rejected", "as_wanted": False, **said}
        case Overtaken(foreign=foreign):
            return {"result": "overtaken", "as_wanted": False, "foreign": paths_json(foreign)}
        case Stored(foreign=foreign, overwritten=overwritten):
            return {
                "result": "stored",
                "as_wanted": outcome.as_wanted,
                "foreign": paths_json(foreign),
                "overwritten": paths_json(overwritten),
            }
        case Unknown(reason=reason, seen=seen):
            return {"result": "unknown", "as_wanted": False, "reason": told(reason), "seen": seen}
