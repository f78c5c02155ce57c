"""Plans and live states of targets, as text."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from confsync.kinds import RISKS
from confsync.report.activity import effect
from confsync.report.lines import (
    CAUSES,
    NOT_MANAGED,
    change_lines,
    laid_out,
    shown_path,
    unknown_line,
    with_addresses,
)
from confsync.report.printable import PLAIN, paragraph, plural, printable, shown, wrapped
from confsync.report.problems import remark_text
from confsync.report.several import folded, grouped, title, totals, unchanged, without_address
from confsync.store.encode import to_file
from confsync.store.mistakes import listed
from confsync.sync.findings import STALE, UNAVAILABLE
from confsync.sync.plan import whole_digest
from confsync.sync.url import Url
from confsync.sync.values import Failed, by_target, named
from confsync.yaml.emit import yaml_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from confsync.report.printable import Look
    from confsync.sync.values import Change, Finding, Plan, Target
    from confsync.yaml.emit import Plain

    State: TypeAlias = tuple[Target, dict[str, Plain]]

_COUNTED = {"add": "to add", "replace": "to replace", "": "to change", "remove": "to remove"}
_ENDS = ("add", "remove")
_FATES = ("to update", "unchanged", "without visible changes", "failed", "refused")
_WHOLE_SET = "All URLs are sent: removing or replacing just one would send its old password back."


def plans_text(found: Sequence[Plan | Failed], look: Look = PLAIN) -> str:
    """The plans of targets. Several targets: errors first, equal plans once, unchanged targets in
    one line, their shared notes once, and totals.
    """
    groups = by_target(found)
    plans = [one for one in groups if not isinstance(one, Failed)]
    notes = [
        {_shared(finding): finding for finding in _findings(group) if finding.severity == "note"}
        for group in plans
    ]
    told = {key: note for of_target in notes for key, note in of_target.items()}
    counts = Counter(key for of_target in notes for key in of_target)
    shared = {key: count for key, count in counts.items() if count > 1}
    stale = [[one for one in _findings(group) if one.rule == STALE] for group in plans]
    # The heading says it, if no target is applied.
    untold = {*shared, *(one for some in stale for one in some if all(stale))}
    if look.each or len(groups) == 1:
        blocks = [_block([one], untold, look) for one in groups]
    else:
        blocks = [*_together(groups, untold, look)]
    for key, count in shared.items():
        message = f"{told[key].message} ({count} targets)"
        blocks.append(_finding(replace(told[key], message=message), look))
    if len(groups) > 1:
        of_all = [plan for group in plans for plan in group]
        digest = f"Digest of the run {whole_digest(of_all)}\n" if len(plans) == len(groups) else ""
        blocks.append(digest + _totals(groups, look))
    return "\n".join(blocks)


def _shared(finding: Finding) -> Finding:
    """The identity of a note in several targets. A variable that is not set is one problem,
    wherever files name it.
    """
    return replace(finding, origin=None) if finding.rule == UNAVAILABLE else finding


def _together(
    groups: Sequence[list[Plan] | Failed], shared: Collection[Finding], look: Look
) -> Iterator[str]:
    """The blocks of several targets: failed, refused, others, and a line for unchanged ones."""
    failed = [one for one in groups if isinstance(one, Failed)]
    for same in grouped(failed, lambda one: without_address(one).message):
        yield _block(same, shared, look)
    told, quiet = folded(
        (one for one in groups if not isinstance(one, Failed)),
        quiet=lambda plans: (
            _fate(plans) == "unchanged" and all(_shared(one) in shared for one in _findings(plans))
        ),
        rank=lambda plans: _fate(plans) != "refused",
        key=lambda plans: _identity(plans, shared, look),
    )
    for alike in told:
        yield _block(alike, shared, look)
    if quiet:
        yield unchanged([plans[0].target for plans in quiet], look)


def _identity(plans: Sequence[Plan], shared: Collection[Finding], look: Look) -> object:
    """All that is shown of a plan but its target and its digest, with long values in full. Secrets
    are masked: whether two servers have the same is not told.
    """
    return _body(plans, shared, look), tuple(_values(plan.difference.changes for plan in plans))


def states_text(found: Sequence[State | Failed]) -> str:
    """Live states as YAML documents. Several targets: each with its name in a comment."""
    return "---\n".join(
        f"# {title([one.target], PLAIN)}\n# no state: {printable(one.error.message)}\n"
        if isinstance(one, Failed)
        else (f"# {title([one[0]], PLAIN)}\n" if len(found) > 1 else "") + yaml_text(shown(one[1]))
        for one in found
    )


def _block(same: Sequence[list[Plan] | Failed], shared: Collection[Finding], look: Look) -> str:
    """A title with the targets, and the plan of each of them, or the error."""
    first = same[0]
    targets = [one.target if isinstance(one, Failed) else one[0].target for one in same]
    if isinstance(first, Failed):
        error = first.error if len(same) == 1 else without_address(first)
        reason = paragraph(f"No plan: {printable(error.message)}.", look)
        return f"{title(targets, look)}\n\n{reason}"
    body, advice = _body(first, shared, look)
    digest = [f"Digest {whole_digest(first)}"] if len(same) == 1 else []
    return "\n".join([title(targets, look), "", *body, *digest, *advice, ""])


def _body(
    plans: Sequence[Plan], shared: Collection[Finding], look: Look
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Changes, pairs that cannot be compared, findings but the shared ones, and totals; advice."""
    lines: list[str] = []
    same = []
    for plan in plans:
        differences = [*_differences(plan, look)]
        if differences or len(plans) == 1:
            lines += [look.paint("bold", _object_text(plan)), *differences, ""]
        else:
            same.append(plan.desired.object)
    lines += wrapped(f"No changes: {', '.join(same)}.", look=look) if same else []
    lines += [""] if same else []
    findings = [
        one
        if one.origin and one.origin.line
        else replace(one, message=named(plan, plans) + one.message)
        for plan in plans
        for one in plan.findings
        if _shared(one) not in shared
    ]
    lines += (line for one in findings for line in _finding(one, look).splitlines())
    lines += [""] if findings else []
    lines += wrapped(_amount(plans), look=look, style="bold")
    advice = (wrapped(one, look=look) for one in _advice(plans))
    return tuple(lines), tuple(line for one in advice for line in one)


def _advice(plans: Sequence[Plan]) -> Iterable[str]:
    """The refusal of an apply, or else when it takes effect, or that stored settings are wrong."""
    refusals = [finding for plan in plans for finding in plan.refusals]
    if any(finding.rule == STALE for finding in refusals):
        return []
    if refusals:
        if all(finding.risk for finding in refusals):
            return [_risks([*dict.fromkeys(finding.rule for finding in refusals)])]
        return [f"Apply will be refused: {plural(len(refusals), 'error')} above."]
    if all(plan.empty for plan in plans):
        return filter(None, [already_stored(plans)])
    return dict.fromkeys(effect(plan) for plan in plans if not plan.empty)


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
        whole = (one.cause for one in plan.difference.changes if not one.path)
        causes = [f" ({CAUSES[cause]})" for cause in whole if cause]
        return f"{plan.desired.object} will be replaced: {' → '.join(tags)}{''.join(causes)}"
    return f"{plan.desired.object} · {tags[1]}" if tags[1] else plan.desired.object


def already_stored(plans: Sequence[Plan]) -> str:
    """Advice if the server has settings with an error; empty if it has none."""
    if all(finding.severity != "error" for finding in _findings(plans)):
        return ""
    return "The server has these settings already: correct them before its next restart."


def _differences(plan: Plan, look: Look) -> Iterator[str]:
    top, lines = change_lines(plan.difference.changes)
    hidden = [unknown_line(item, plan) for item in plan.difference.unknown]
    lines = with_addresses(lines, plan.desired, replaced=top is not None)
    yield from laid_out([*lines, *hidden], look)
    if any(
        change.within is not None and isinstance(change.before, Url) and change.before.secrets
        for change in plan.difference.changes
    ):
        yield from wrapped(_WHOLE_SET, "  ", "  ", look=look)
    for why, reason in NOT_MANAGED.items():
        paths = [path for path in plan.unmanaged if plan.desired.origin(path).why == why]
        if paths:
            fact = f"unmanaged ({reason}): {', '.join(map(shown_path, paths))}"
            yield from wrapped(fact, "  ", "    ", look=look)


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
        counted = [f"Plan: {', '.join(parts)}{sent}.", *_causes(plans)]
    hidden, policy = sum(item.hidden for item in unknown), plans[0].hidden_secrets
    if hidden and (not changes or policy != "send"):
        kept = sum(len(plan.kept) for plan in plans)
        fate = f"; apply will send {'it' if hidden == 1 else 'them'}"
        if kept:
            fate = "; apply keeps the server's"
        if 0 < kept < hidden:
            fate = f"; apply will send {hidden - kept} and keep {kept}"
        if policy == "fail":
            fate = ""
        counted.append(f"{plural(hidden, 'secret')} cannot be compared{fate}.")
    if unresolved := len(unknown) - hidden:
        them = "its reference is" if unresolved == 1 else "their references are"
        counted.append(
            f"{plural(unresolved, 'password')} cannot be compared here: {them} not resolved."
        )
    return " ".join(counted)


def _causes(plans: Sequence[Plan]) -> Iterator[str]:
    """The numbers of changes by their causes, if there is a base."""
    changes = (one for plan in plans for one in plan.difference.changes)
    causes = Counter(CAUSES[one.cause] for one in changes if one.cause)
    if causes:
        parts = ", ".join(f"{causes[what]} {what}" for what in CAUSES.values() if causes[what])
        yield f"{plural(causes.total(), 'change')} since {printable(plans[0].base)}: {parts}."


def _finding(finding: Finding, look: Look) -> str:
    """The finding like a problem of its file. A column could tell the length of a secret in it."""
    origin = finding.origin
    place = f"{printable(origin.file)}:{origin.line}: " if origin and origin.line else ""
    return remark_text(finding, place, replace(look, people=True))


def _totals(groups: Sequence[Sequence[Plan] | Failed], look: Look) -> str:
    """Counts of targets: to update, unchanged, failed, refused by an apply."""
    plans = [plan for group in groups if not isinstance(group, Failed) for plan in group]
    causes = [paragraph(one, look, "bold") for one in _causes(plans)]
    return totals([*map(_fate, groups)], _FATES, plans, look, " to send") + "".join(causes)


def _fate(group: Sequence[Plan] | Failed) -> str:
    if isinstance(group, Failed):
        return "failed"
    if any(plan.refusals for plan in group):
        return "refused"
    if any(plan.pending for plan in group):
        return "to update"
    unknown = any(plan.difference.unknown or plan.to_send for plan in group)
    return "without visible changes" if unknown else "unchanged"


def _values(found: Iterable[Sequence[Change]]) -> Iterator[str]:
    """The values of changes, masked."""
    for change in (one for changes in found for one in changes):
        yield repr([to_file(side, change.shape) for side in (change.before, change.after)])
        yield from _values([change.members])
