"""Plans and live states of targets, as text."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from confsync.kinds import RISKS
from confsync.report.activity import effect
from confsync.report.lines import (
    change_lines,
    laid_out,
    shown_path,
    unknown_line,
    with_addresses,
)
from confsync.report.printable import PLAIN, paragraph, plural, printable, shown, wrapped
from confsync.report.problems import remark_text
from confsync.store.mistakes import listed
from confsync.sync.findings import RULE, STALE
from confsync.sync.plan import whole_digest
from confsync.sync.url import Url
from confsync.sync.values import Failed, by_target, named
from confsync.yaml.emit import yaml_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from confsync.report.printable import Look
    from confsync.sync.values import Finding, Plan, Target
    from confsync.yaml.emit import Plain

    State: TypeAlias = tuple[Target, dict[str, Plain]]

_FATE = {
    "send": "; apply will send {0}",
    "keep": "; apply keeps the server's",
    "fail": "",
}
_UNMANAGED = {"unmanaged": "not in any file", "ignored": "ignored"}
_COUNTED = {"add": "to add", "replace": "to replace", "": "to change", "remove": "to remove"}
_ENDS = ("add", "remove")
_WHOLE_SET = "All URLs are sent: removing or replacing just one would send its old password back."


def plans_text(found: Sequence[Plan | Failed], look: Look = PLAIN) -> str:
    """The plans of targets. Several targets: their shared notes once, and totals."""
    groups = by_target(found)
    plans = [one for one in groups if not isinstance(one, Failed)]
    findings = (finding for group in plans for finding in dict.fromkeys(_findings(group)))
    notes = Counter(finding for finding in findings if finding.severity == "note")
    shared = {note: count for note, count in notes.items() if count > 1}
    blocks = [_plan(one, shared, look) for one in groups]
    for note, count in shared.items():
        message = f"{note.message} ({plural(count, 'target')})"
        blocks.append(_finding(replace(note, message=message), look))
    if len(groups) > 1:
        blocks.append(_totals(groups, look))
    return "\n".join(blocks)


def states_text(found: Sequence[State | Failed]) -> str:
    """Live states as YAML documents. Several targets: each with its name in a comment."""
    return "---\n".join(
        f"# {target_text(one.target)}\n# no state: {printable(one.error.message)}\n"
        if isinstance(one, Failed)
        else (f"# {target_text(one[0])}\n" if len(found) > 1 else "") + yaml_text(shown(one[1]))
        for one in found
    )


def target_text(target: Target) -> str:
    """Name and server of a target."""
    name, url = printable(target.name), printable(target.url)
    return url if name in {"", url} else f"{name}  {url}"


def _plan(plans: Sequence[Plan] | Failed, shared: Collection[Finding], look: Look) -> str:
    """Changes, pairs that cannot be compared, findings but the shared ones, and totals."""
    if isinstance(plans, Failed):
        title = look.paint("bold", target_text(plans.target))
        return f"{title}\n\n{paragraph(f'No plan: {printable(plans.error.message)}.', look)}"
    lines = [look.paint("bold", target_text(plans[0].target)), ""]
    same = []
    for plan in plans:
        differences = [*_differences(plan, look)]
        if differences or len(plans) == 1:
            lines += [look.paint("bold", _object_text(plan)), *differences, ""]
        else:
            same.append(plan.desired.object)
    lines += wrapped(f"No changes: {', '.join(same)}.", width=look.width) if same else []
    lines += [""] if same else []
    refusals = [finding for plan in plans for finding in plan.refusals]
    stale = any(finding.rule == STALE for finding in refusals)
    findings = [
        one
        if one.origin and one.origin.line
        else replace(one, message=named(plan, plans) + one.message)
        for plan in plans
        for one in plan.findings
        if one not in shared and one.rule != STALE
    ]
    lines += (line for one in findings for line in _finding(one, look).splitlines())
    lines += [""] if findings else []
    amount = wrapped(_amount(plans), width=look.width)
    lines += [*(look.paint("bold", line) for line in amount), f"Digest {whole_digest(plans)}"]
    if refusals and not stale:
        refused = f"Apply will be refused: {plural(len(refusals), 'error')} above."
        if all(finding.risk for finding in refusals):
            refused = _risks([*dict.fromkeys(finding.rule for finding in refusals)])
        lines += wrapped(refused, width=look.width)
    elif not stale and not all(plan.empty for plan in plans):
        for advice in dict.fromkeys(effect(plan) for plan in plans if not plan.empty):
            lines += wrapped(advice, width=look.width)
    elif not stale and (warned := already_stored(plans)):
        lines += wrapped(warned, width=look.width)
    return "\n".join([*lines, ""])


def _risks(rules: Sequence[str]) -> str:
    """The refusal of an apply because of risks, and how to accept them."""
    allowed = [f"--allow {rule}" for rule in rules if rule in RISKS]
    failing = [f"--fail-on {rule}" for rule in rules if rule not in RISKS]
    what = "risk" if len(allowed) == 1 else "risks"
    ways = [f"accept the {what} with {' '.join(allowed)}"] if allowed else []
    ways += [f"leave out {' '.join(failing)}"] if failing else []
    return f"Apply will be refused: {listed(rules)}. Correct the file, or {' and '.join(ways)}."


def _findings(plans: Sequence[Plan]) -> list[Finding]:
    return [finding for plan in plans for finding in plan.findings]


def _object_text(plan: Plan) -> str:
    """The object and its variant, or the change of it."""
    tags = [printable(state.tree.tag) for state in (plan.live, plan.desired)]
    if tags[0] != tags[1]:
        return f"{plan.desired.object} will be replaced: {' → '.join(tags)}"
    return f"{plan.desired.object} · {tags[1]}" if tags[1] else plan.desired.object


def already_stored(plans: Sequence[Plan]) -> str:
    """Advice if the server has settings with an error; empty if it has none."""
    if all(finding.severity != "error" for finding in _findings(plans)):
        return ""
    return "The server has these settings already: correct them before its next restart."


def _differences(plan: Plan, look: Look) -> Iterator[str]:
    top, lines = change_lines(plan.difference.changes)
    hidden = [unknown_line(item, plan.hidden_secrets) for item in plan.difference.unknown]
    lines = with_addresses(lines, plan.desired, replaced=top is not None)
    yield from laid_out([*lines, *hidden], look)
    if any(
        change.within is not None and isinstance(change.before, Url) and change.before.secrets
        for change in plan.difference.changes
    ):
        yield from wrapped(_WHOLE_SET, "  ", "  ", width=look.width)
    for why, reason in _UNMANAGED.items():
        paths = [path for path in plan.unmanaged if plan.desired.origin(path).why == why]
        if paths:
            fact = f"unmanaged ({reason}): {', '.join(map(shown_path, paths))}"
            yield from wrapped(fact, "  ", "    ", width=look.width)


def _amount(plans: Sequence[Plan]) -> str:
    """The numbers of changes, of secrets to send and of pairs that cannot be compared."""
    changes = [change for plan in plans for change in plan.difference.changes]
    unknown = [pair for plan in plans for pair in plan.difference.unknown]
    if not changes and not unknown:
        return "No changes."
    counted = ["No visible changes."]
    if changes:
        actions = Counter(
            "replace" if not change.path else change.action if change.action in _ENDS else ""
            for change in changes
        )
        parts = [f"{actions[one]} {what}" for one, what in _COUNTED.items() if actions[one]]
        to_send = sum(len(plan.to_send) for plan in plans)
        sent = f"; {plural(to_send, 'secret')} to send" if to_send else ""
        counted = [f"Plan: {', '.join(parts)}{sent}."]
    hidden, policy = sum(item.hidden for item in unknown), plans[0].hidden_secrets
    if hidden and (not changes or policy != "send"):
        fate = _FATE[policy].format("it" if hidden == 1 else "them")
        if any(finding.rule == RULE for plan in plans for finding in plan.refusals):
            fate = ""
        counted.append(f"{plural(hidden, 'secret')} cannot be compared{fate}.")
    if unresolved := len(unknown) - hidden:
        them = "its reference is" if unresolved == 1 else "their references are"
        counted.append(
            f"{plural(unresolved, 'password')} cannot be compared here: {them} not resolved."
        )
    return " ".join(counted)


def _finding(finding: Finding, look: Look) -> str:
    """The finding like a problem of its file. A column could tell the length of a secret in it."""
    origin = finding.origin
    place = f"{printable(origin.file)}:{origin.line}: " if origin and origin.line else ""
    return remark_text(finding, place, replace(look, people=True))


def _totals(groups: Sequence[Sequence[Plan] | Failed], look: Look) -> str:
    """Counts of targets: to update, unchanged, refused by an apply, failed."""
    planned = [group for group in groups if not isinstance(group, Failed)]
    plans = [plan for group in planned for plan in group]
    changes = sum(len(plan.difference.changes) for plan in plans)
    to_send = sum(len(plan.to_send) for plan in plans)
    refused = [group for group in planned if any(plan.refusals for plan in group)]
    unchanged = [
        group for group in planned if all(plan.empty for plan in group) and group not in refused
    ]
    unknown = any(plan.difference.unknown for group in unchanged for plan in group)
    counts = {
        "to update": len(planned) - len(unchanged) - len(refused),
        "without visible changes" if unknown else "without changes": len(unchanged),
        "refused by apply": len(refused),
        "failed": len(groups) - len(planned),
    }
    parts = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    sent = f", {plural(to_send, 'secret')} to send" if to_send else ""
    more = f" {plural(changes, 'change')}{sent}." if changes or sent else ""
    return paragraph(f"{len(groups)} targets: {parts}.{more}", look, "bold")
