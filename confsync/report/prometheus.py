"""A report as metrics for node_exporter's textfile collector."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from confsync.report.summary import change_count, missing_shards

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from confsync.report.view import Object, Report, Target

_HELP: Mapping[str, str] = {
    "confsync_plan_up": "1 if the target could be planned, else 0.",
    "confsync_plan_changes": "Differences between the server and the files.",
    "confsync_plan_drift": "Those of them that do not come from the files.",
    "confsync_plan_unknown": "Values that cannot be compared, such as hidden secrets.",
    "confsync_plan_findings": "Findings on the plan, by severity.",
    "confsync_plan_success_timestamp_seconds": "Time of this plan of the target.",
    "confsync_run_complete": "1 if the report has every shard of the run, else 0.",
    "confsync_run_timestamp_seconds": "Time of the run.",
}
_SEVERITIES = ("error", "warning", "note")
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def report_prometheus(report: Report) -> str:
    """Metrics of each target. A target that could not be planned has none but `up`."""
    samples: dict[str, list[str]] = {name: [] for name in _HELP}
    seen = Counter[str]()
    for target in report.targets:
        seen[target.title] += 1
        again = f" ({seen[target.title]})" if seen[target.title] > 1 else ""
        labels = {"target": target.title + again, "groups": ",".join(target.groups)}
        for name, more, value in _samples(target, report):
            listed = ",".join(
                f'{label}="{text.translate(_ESCAPES)}"'
                for label, text in {**labels, **more}.items()
            )
            samples[name].append(f"{name}{{{listed}}} {value}")
    complete = int(not missing_shards(report))
    samples["confsync_run_complete"].append(f"confsync_run_complete {complete}")
    if (time := _seconds(report.generated_at)) is not None:
        samples["confsync_run_timestamp_seconds"].append(f"confsync_run_timestamp_seconds {time}")
    return "".join(
        f"# HELP {name} {_HELP[name]}\n# TYPE {name} gauge\n" + "".join(f"{one}\n" for one in found)
        for name, found in samples.items()
        if found
    )


def _samples(target: Target, report: Report) -> Iterator[tuple[str, Mapping[str, str], int]]:
    up = target.error is None and bool(target.objects)
    yield "confsync_plan_up", {}, int(up)
    if not up:
        return
    left = [_changes_left(found, target) for found in target.objects]
    known = [number for number in left if number is not None]
    if len(known) == len(left):
        yield "confsync_plan_changes", {}, sum(known)
    if report.base and report.kind == "plan" and not any(one.left_out for one in target.objects):
        causes = [change.cause for found in target.objects for change in found.changes]
        yield "confsync_plan_drift", {}, sum(cause in {"drift", "both"} for cause in causes)
    unknown = sum(len(one.unknown) + one.unknown_left_out for one in target.objects)
    yield "confsync_plan_unknown", {}, unknown
    found = Counter(one.severity for part in target.objects for one in part.findings)
    for severity in _SEVERITIES:
        yield "confsync_plan_findings", {"severity": severity}, found[severity]
    if (time := _seconds(report.generated_at)) is not None:
        yield "confsync_plan_success_timestamp_seconds", {}, time


def _changes_left(found: Object, target: Target) -> int | None:
    """The differences that are left, after an apply too; None if nobody knows."""
    outcome = found.outcome or target.outcome
    if outcome is None or outcome.result not in {"stored", "unknown"}:
        return change_count(found)
    stored = outcome.result == "stored"
    return len(outcome.remaining) + outcome.left_out if stored else None


def _seconds(time: str) -> int | None:
    """A time like `2026-11-27T23:36:30Z` in seconds since 1970; None for any other text."""
    try:
        found = datetime.fromisoformat(time)
        return int(found.timestamp()) if found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
