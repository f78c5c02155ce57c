"""A report for a step of GitHub Actions: annotations, its summary and its outputs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from confsync.report.github import command
from confsync.report.markdown import report_markdown
from confsync.report.printable import printable
from confsync.report.problems import from_root
from confsync.report.summary import (
    BAD,
    active_lines,
    digest_of,
    error_lines,
    fate,
    groups,
    headline,
    missing_shards,
    names_of,
    outcome_lines,
    remarks,
    totals,
)
from confsync.report.view import Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from confsync.report.view import Remark, Report, Target

_MOST = 10  # annotations of a kind that GitHub shows of a step
_NAMES = 10  # names of targets in an annotation
_KINDS = {"error": "error", "warning": "warning", "note": "notice"}
_SUMMARY = 1024 * 1024  # bytes of a step's summary
_DIGEST = re.compile(r"[0-9]+:[0-9a-f]{1,64}")


def report_github(report: Report) -> str:
    """Annotations: failures, findings and a notice with the totals; of each kind as many as GitHub
    shows, the last with the number of the others.
    """
    found: dict[str, list[tuple[Place, str, str]]] = {kind: [] for kind in _KINDS.values()}
    found["notice"].append((Place(), f"confsync {report.kind}", headline(report)))
    for kind, place, title, text in _annotations(report):
        found[kind].append((place, title, text))
    files = {place.file for listed in found.values() for place, _, _ in listed if place.file}
    paths = from_root(files)
    commands: list[str] = []
    for kind, listed in found.items():
        kept = listed if len(listed) <= _MOST else listed[: _MOST - 1]
        for place, title, text in kept:
            at = {"file": paths[place.file], "line": str(max(1, place.line))} if place.file else {}
            at |= {"col": str(place.column)} if place.file and place.column else {}
            commands.append(command(kind, {**at, "title": title}, text))
        if more := len(listed) - len(kept):
            text = f"{more} more of this kind, which GitHub would not show: see the summary"
            commands.append(command(kind, {"title": f"confsync {report.kind}"}, text))
    return "".join(commands)


def _annotations(report: Report) -> Iterator[tuple[str, Place, str, str]]:
    """The kind, the place, the title and the text of each annotation, the worst first."""
    if missing := missing_shards(report):
        yield "error", Place(), "confsync (incomplete)", missing
    for same in groups(report)[0]:
        if (ended := fate(same[0])) in BAD and (lines := _ends(same)):
            text = "\n".join([names_of(same, _NAMES), *lines])
            yield "error", Place(), f"confsync ({ended})", text
    told: dict[Remark, list[Target]] = {}
    for target in report.targets:
        errors = (target.error, *(one.error for one in target.outcomes))
        problems = {one for error in errors if error for one in error.problems}
        findings = {one for found in target.objects for one in remarks(found)}
        for remark in sorted(problems | findings, key=lambda one: (str(one.place), one.rule)):
            told.setdefault(remark, []).append(target)
    for remark, targets in told.items():
        hint = f"\nhint: {remark.hint}" if remark.hint else ""
        text = f"{names_of(targets, _NAMES)}: {remark.message}{hint}"
        yield _KINDS[remark.severity], remark.place, f"confsync ({remark.rule})", text


def _ends(same: Sequence[Target]) -> list[str]:
    """The error of targets, or what an apply did to them; none for what problems and findings tell
    at their lines.
    """
    first = same[0]
    if first.error is not None and first.error.problems:
        return []
    if error := error_lines(first, alone=len(same) == 1):
        return error
    lines = [line for one in first.outcomes for line in outcome_lines(one, None)]
    return [*lines, *active_lines(first)]


def report_step_summary(report: Report, taken: int = 0) -> str:
    """Markdown for the step's summary, of which some bytes are taken; empty if nothing fits."""
    room = _SUMMARY - taken
    text = report_markdown(report, room, lambda one: len(one.encode()))
    return text if len(text.encode()) <= room else ""


def refusal(fact: str, hint: str) -> tuple[str, str]:
    """A refused run: the annotation, and Markdown for the step's summary."""
    lines = [f"error: {printable(fact)}", *([f"hint: {printable(hint)}"] if hint else [])]
    text = "\n".join(lines)
    annotation = command("error", {"title": "confsync (refused)"}, text)
    return annotation, f"### confsync: refused\n\n```text\n{text}\n```\n"


def report_step_outputs(report: Report, _taken: int = 0) -> str:
    """The outputs `changed`, `digest`, `restart_required`, and of a plan `pending` and, with a
    base, `drift`. Each value is one of few words, or a digest, so that no text from outside can be
    another output.
    """
    found = totals(report)
    digest = digest_of(report)
    values = {
        "changed": "true" if found.changes else "false",
        "digest": digest if _DIGEST.fullmatch(digest) else "",
        "restart_required": found.restart,
    }
    if report.kind == "plan":
        pending = found.changes or found.to_send or found.unresolved
        failed = any(one.error is not None for one in report.targets)
        values["pending"] = "" if failed else "true" if pending else "false"
        if report.base:
            drift = found.changes > found.causes.get("from files", 0)
            values["drift"] = "true" if drift else "false"
    return "".join(f"{name}={value}\n" for name, value in values.items())
