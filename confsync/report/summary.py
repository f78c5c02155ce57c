"""Fates of targets, totals, groups of equal targets, rows and words, for the CI formats."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.kinds.forms import LOCKS_OUT, RESTARTED
from confsync.report.activity import (
    RELOAD,
    RELOADED_FATES,
    RESTARTED_FATES,
    SEEN,
    UNCHANGED_FATES,
    restarted_text,
)
from confsync.report.lines import CAUSES, SIGNS, placed, word
from confsync.report.printable import cut, plural, printable
from confsync.report.several import folded
from confsync.report.view import RESULTS
from confsync.sync.findings import UNAVAILABLE
from confsync.sync.url import masked
from confsync.sync.values import KEEPING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from confsync.report.printable import Json
    from confsync.report.view import Change, Object, Outcome, Remark, Report, Target
    from confsync.yaml.emit import Plain

BAD = (
    *("locked out", "unknown", "failed", "refused", "with differences"),
    *("stored but not restarted", "stored and perhaps not restarted", "stored but not active"),
    *("stored and perhaps not active", "unchanged but not reloaded"),
    "unchanged and perhaps not reloaded",
)
"""The fates of targets that need attention, the worst first."""

FATES = (
    *(*BAD, "skipped", "to update", "applied", "applied and restarted"),
    *("without visible changes", "unchanged"),
)
"""The fates of targets in the order in which they are shown."""

_RESULTS: Mapping[str, str] = {
    "unknown": "unknown",
    "failed": "failed",
    "rejected": "failed",
    "overtaken": "failed",
    "not-begun": "skipped",
}
_RESTARTS = ("", "no", "if-secret-changed", "yes")
_HIDDEN = {
    "send": "not comparable; apply sends it",
    "keep": "not comparable; the server's is kept",
    "fail": "not comparable; apply refuses",
}
_EFFECTS: Mapping[str, str] = {
    "yes": "Takes effect at restart.",
    "if-secret-changed": "Takes effect at restart, if a secret is another one than before.",
}
_LOCK_OUT = (
    "Restart one node first: a wrong address or password locks out every remote client"
    " (confsync explain lock-out)."
)


def fate(target: Target) -> str:
    """The fate of a target, one of `FATES`: of its objects the one that comes first there."""
    if target.error is not None:
        return "failed"
    if target.outcomes:
        return min((_fate(one, target) for one in target.outcomes), key=FATES.index)
    if any(refusals(one) for one in target.objects):
        return "refused"
    if any(
        one.changes or (one.to_send and one.hidden_secrets in KEEPING) for one in target.objects
    ):
        return "to update"
    unknown = any(one.unknown or one.to_send for one in target.objects)
    return "without visible changes" if unknown else "unchanged"


def _fate(outcome: Outcome, target: Target) -> str:
    if outcome.result == "stored":
        if not outcome.as_wanted:
            return "with differences"
        return RESTARTED_FATES.get(target.after) or RELOADED_FATES.get(target.reload, "applied")
    if outcome.result == "not-sent":
        return UNCHANGED_FATES.get(target.reload, "unchanged")
    if outcome.error is not None and outcome.error.refused:
        return "refused"
    return _RESULTS[outcome.result]


def fates_text(targets: Iterable[Target]) -> str:
    """The numbers of targets by their fates, like `1 failed, 3 to update`."""
    fates = Counter(map(fate, targets))
    return ", ".join(f"{fates[one]} {one}" for one in FATES if fates[one])


def refusals(found: Object) -> list[Remark]:
    """The findings that stop an apply. If nothing would be sent, risks do not."""
    errors = (one for one in found.findings if one.severity == "error")
    sends = found.changes or found.to_send
    return [one for one in errors if sends or not one.risk]


@dataclass(frozen=True)
class Totals:
    """Numbers over all targets of a report. `changes` and `to_send` of an apply are those that
    were stored.
    """

    changes: int
    causes: Mapping[str, int]
    unknown: int
    unresolved: int
    to_send: int
    restart: str


def totals(report: Report) -> Totals:
    """The numbers of a report, counted from its targets."""
    every = [(one, target) for target in report.targets for one in target.objects]
    done = every
    if report.kind == "apply":
        done = [(one, target) for one, target in every if _stored(one, target)]
    causes = Counter(change.cause for one, _ in done for change in one.changes)
    unknown = [pair for one, _ in every for pair in one.unknown]
    return Totals(
        sum(change_count(one) for one, _ in done),
        {CAUSES[one]: causes[one] for one in CAUSES if causes[one]},
        len(unknown) + sum(one.unknown_left_out for one, _ in every),
        sum(reason != "hidden" for _, reason, _ in unknown),
        sum(len(one.to_send) for one, _ in done),
        max((one.restart for one in report.targets), key=_RESTARTS.index, default="no"),
    )


def summary_of(report: Report, *, interrupted: bool) -> dict[str, Json]:
    """The `summary` of a JSON document, counted from its targets (docs/json.md)."""
    found, every = totals(report), [one for target in report.targets for one in target.objects]
    failed = [one for one in report.targets if one.error is not None]
    changed = [one for one in report.targets if any(map(change_count, one.objects))]
    summary: dict[str, Json] = {
        "targets": len(report.targets),
        "changed": len(changed),
        "unchanged": len(report.targets) - len(changed) - len(failed),
        "failed": len(failed),
        "changes": sum(map(change_count, every)),
        "unknown": found.unknown,
        "unresolved": found.unresolved,
        "to_send": sum(len(one.to_send) for one in every),
        "refusals": sum(len(refusals(one)) for one in every),
    }
    if report.base:
        causes = Counter(change.cause for one in every for change in one.changes)
        known = {cause: causes[cause] for cause in CAUSES}
        summary |= {"base": report.base, "causes": known}
    if report.kind == "plan":
        return summary
    ends = [(one, target) for target in report.targets for one in target.outcomes]
    results = Counter(one.result for one, _ in ends)
    wanted = all(
        one.as_wanted and target.reload in {"", "done"} and target.after in {"", "running"}
        for one, target in ends
    )
    return summary | {
        "outcomes": {result: results[result] for result in RESULTS},
        "as_wanted": wanted and not missing_shards(report),
        "interrupted": interrupted,
        "restart_required": found.restart,
    }


def _stored(found: Object, target: Target) -> bool:
    outcome = found.outcome or target.outcome
    return outcome is not None and outcome.result == "stored"


def change_count(found: Object) -> int:
    """The number of changes of an object, also of those that are not listed."""
    return len(found.changes) + found.left_out


def headline(report: Report) -> str:
    """One line with the totals, like `4 targets: 1 failed, 3 to update. 2 changes.`."""
    found, fates = totals(report), fates_text(report.targets)
    targets = f"{plural(len(report.targets), 'target')}: {fates}." if fates else "0 targets."
    sent = " sent" if report.kind == "apply" else " to send"
    causes = ", ".join(f"{number} {name}" for name, number in found.causes.items())
    parts = [f"{plural(found.changes, 'change')}{f' ({causes})' if causes else ''}"]
    parts += [f"{plural(found.to_send, 'secret')}{sent}"] if found.to_send else []
    line = f"{targets} {', '.join(parts)}." if found.changes or found.to_send else targets
    return f"{line} Interrupted." if report.interrupted else line


def remarks(found: Object) -> list[Remark]:
    """The findings on an object. A secret that only an apply needs is none: its row names it."""
    return [one for one in found.findings if (one.severity, one.rule) != ("note", UNAVAILABLE)]


def digest_of(report: Report) -> str:
    """The digest of the run, or of its only target."""
    alone = report.targets[0].digest if len(report.targets) == 1 else ""
    return report.digest or alone


def groups(report: Report) -> tuple[list[list[Target]], list[Target]]:
    """Targets of which the same is told together, the worst first; and those of which there is
    nothing to tell. The only target is told if it has something that cannot be compared.
    """
    silent = {"unchanged", *(["without visible changes"] if len(report.targets) > 1 else [])}
    return folded(
        report.targets,
        quiet=lambda one: fate(one) in silent and not any(map(remarks, one.objects)),
        rank=lambda one: FATES.index(fate(one)),
        key=lambda one: one.key,
    )


def quiet_title(quiet: Sequence[Target]) -> str:
    """The title of targets of which there is nothing to tell."""
    fates, number = fates_text(quiet), plural(len(quiet), "target")
    return f"{number}: {fates}" if "," in fates else f"{number} {fates.partition(' ')[2]}"


def names_of(targets: Sequence[Target], most: int, show: Callable[[str], str] = str) -> str:
    """The name of a target, or the number and the first names of several."""
    names = ", ".join(show(one.title) for one in targets[:most])
    more = f" and {len(targets) - most} more" if len(targets) > most else ""
    return names if len(targets) == 1 else f"{len(targets)} targets: {names}{more}"


@dataclass(frozen=True)
class Row:
    """A difference in words. `sign`: +, -, ~ or ?; `cause`: why, if that is known."""

    sign: str
    path: str
    text: str
    place: str
    cause: str = ""


def object_text(found: Object, outcome: Outcome | None) -> str:
    """The name of an object and its variant, or the change of it. `outcome`: of its target."""
    if found.before and found.after and found.before != found.after:
        ended = found.outcome or outcome
        verb = "replaced" if ended is not None and ended.result == "stored" else "will be replaced"
        return f"{found.name} {verb}: {found.before} → {found.after}"
    return f"{found.name} · {found.after}" if found.after else found.name


def rows(found: Object) -> list[Row | str]:
    """The differences of an object, and a note for those that are left out."""
    listed, sent = [*rows_of(found.changes)], dict(found.to_send)
    for path, reason, place in found.unknown:
        text = "not comparable; its reference is not resolved"
        if reason == "hidden":
            text = _HIDDEN.get(found.hidden_secrets, "not comparable")
            text = f"not comparable; sent from {sent[path]}" if path in sent else text
        listed.append(Row("?", path, text, str(place)))
    more = found.left_out + found.unknown_left_out
    return [*cut(listed), *([f"… and {more:,} more"] if more else [])]


def rows_of(changes: Iterable[Change], *, below: bool = False) -> Iterator[Row]:
    """The rows of changes, without the change of the object's own variant."""
    for change in changes:
        if change.path == "@type":
            yield from rows_of(change.members)
            continue
        item = change.path.rpartition("/")[2].isdecimal()
        place, remark = placed(str(change.place), change.action, change.why, below=below)
        cause = CAUSES.get(change.cause, "")
        text = _text(change) + remark
        yield Row(SIGNS[change.action], change.path, text, place, cause)
        if item:
            yield from rows_of(change.members, below=change.action == "remove")


def _text(change: Change) -> str:
    before, after = _value(change.before), _value(change.after)
    match change.action:
        case "add":
            return after
        case "remove":
            return before
        case "reorder":
            sides = (change.before, change.after)
            first = [_value(one[0]) for one in sides if isinstance(one, list) and one]
            return f"new order; first: {' → '.join(dict.fromkeys(first))}"
        case _ if change.password_changes:
            return f"{after}  password changes"
        case _:
            return f"{before} → {after}"


def _value(value: Plain) -> str:
    """A value of a file in one line."""
    if not isinstance(value, dict):
        return printable(word(value))
    named = (f"{masked(name)} {word(member)}" for name, member in value.items() if name != "@type")
    tag = value.get("@type")
    return printable(", ".join([*([tag] if isinstance(tag, str) else []), *named])) or "none"


def remark_line(found: Remark) -> str:
    """A finding or a problem in one line, without its hint."""
    place = f"{found.place}: " if str(found.place) else ""
    return f"{place}{found.severity}: {found.message} [{found.rule}]"


def error_lines(target: Target, *, alone: bool) -> list[str]:
    """The error of a target. Not `alone`: of several, so that no URL is named."""
    error = target.error or next((one.error for one in target.outcomes if one.error), None)
    if error is None:
        return []
    where = f"{error.where}: " if error.where else ""
    lines = [f"error: {where}{error.message if alone else error.url_free}"]
    hint = error.hint if alone else error.hint_url_free
    lines += [f"  hint: {hint}"] if hint else []
    for problem in cut(error.problems, 20):
        lines.append(f"  {problem if isinstance(problem, str) else remark_line(problem)}")
    return lines


def outcome_lines(outcome: Outcome, found: Object | None) -> list[str]:
    """The outcome of an object, in a few sentences."""
    match outcome.result:
        case "not-sent":
            return ["Nothing was sent."]
        case "not-begun":
            return ["Skipped: not begun."]
        case "overtaken":
            others = ", ".join(outcome.foreign)
            return [f"Another client's change came first: {others}. Nothing was stored."]
        case "rejected":
            lines = [f"The server refused the update ({outcome.reason})."]
            lines += [f"  {one}" for one in cut(outcome.texts, 20)]
            lines += [f"  hint: {outcome.hint}"] if outcome.hint else []
            return [*lines, "Nothing was changed on the server."]
        case "unknown":
            seen = [SEEN[outcome.seen]] if outcome.seen in SEEN else []
            return [f"The update may have been stored: {outcome.reason}.", *seen]
        case "stored":
            return _stored_lines(outcome, found)
        case _:
            return []


def _stored_lines(outcome: Outcome, found: Object | None) -> list[str]:
    lines = ["Stored and verified."] if outcome.verified else ["Stored, but the server differs:"]
    if found is not None and not change_count(found):
        lines = ["Nothing changed; secrets sent again."] if outcome.verified else lines
    if outcome.reason:
        lines.insert(0, f"The answer is missing ({outcome.reason}); the state was read again.")
    lines += [f"  {one.sign} {one.path}  {one.text}" for one in rows_of(outcome.remaining)]
    if outcome.overwritten:
        lines.append(f"Overwrote another client's change: {', '.join(outcome.overwritten)}.")
    elif outcome.foreign:
        lines.append(f"Another client changed: {', '.join(outcome.foreign)}.")
    return lines


def effect(target: Target) -> list[str]:
    """Sentences that say when the changes of a target take effect."""
    found = [_EFFECTS[target.restart]] if target.restart in _EFFECTS else []
    waits = not (target.reload or target.after) and any(
        change_count(one) and one.name not in RESTARTED and _perhaps_stored(one, target)
        for one in target.objects
    )
    return [*found, *([RELOAD] if waits else [])]


def _perhaps_stored(found: Object, target: Target) -> bool:
    ended = found.outcome or target.outcome
    return ended is None or ended.result in {"stored", "unknown"}


def lock_out(report: Report) -> str:
    """Advice about the restarts that a report tells of, or nothing."""
    for target in report.targets:
        remote = {one.name for one in target.objects if one.after != "Default"}
        if target.restart in _EFFECTS and remote & LOCKS_OUT & {*target.because}:
            return _LOCK_OUT
    return ""


def active_lines(target: Target) -> list[str]:
    """The ends of a restart and of a reload that were asked for."""
    after = restarted_text(target.after, target.after_reason) if target.after else ""
    reason = f": {target.reload_reason}" if target.reload_reason else ""
    return [after] * bool(after) + {
        "done": ["Active: the server has reloaded its settings."],
        "failed": [f"The server did not reload its settings{reason}."],
        "unknown": [f"It is unknown whether the server has reloaded its settings{reason}."],
    }.get(target.reload, [])


def about(report: Report) -> list[str]:
    """Facts of the run: version, time, commit, choice of targets and missing shards."""
    facts = [f"confsync {report.version}".strip()]
    facts += [f"commit {report.commit}"] if report.commit else []
    facts += [f"base {report.base}"] if report.base else []
    facts += [report.generated_at] if report.generated_at else []
    if (found := report.selection) is not None:
        words = f": {found.by}" if found.by else ""
        facts.append(f"{found.chosen} of {plural(found.of, 'target')}{words}")
        # The words may name the shard already.
        shard = f"shard {found.shard}/{found.shards}"
        facts += [shard] if found.shard and shard not in found.by else []
    return facts


def missing_shards(report: Report) -> str:
    """A sentence about the shards that a report of several does not have, or nothing."""
    found = report.selection
    if found is None or not found.missing:
        return ""
    numbers = ", ".join(map(str, cut(found.missing, 20)))
    one = len(found.missing) == 1
    return f"shard{'' if one else 's'} {numbers} of {found.shards} {'is' if one else 'are'} missing"
