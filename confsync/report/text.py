"""Plans and live states of targets, as text."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from confsync.report.lines import change_lines, laid_out, unknown_line
from confsync.report.printable import (
    paragraph,
    plural,
    printable,
    shown_members,
    with_source,
    wrapped,
)
from confsync.sync.tree import path_text
from confsync.sync.url import Url
from confsync.sync.values import Failed
from confsync.yaml.emit import yaml_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from confsync.store.encode import Plain
    from confsync.sync.values import Finding, Plan, Target

    State: TypeAlias = tuple[Target, dict[str, Plain]]

_WIDEST_PATH = 40
_FATE = {
    "send": "will send {0}",
    "keep": "leaves {0} as the server has {0}",
    "fail": "refuses to go on",
}
_UNMANAGED = {"unmanaged": "no file mentions it", "ignored": "it is ignored"}
_RESTART = "Apply stores it at once; it takes effect when every Stalwart node has restarted."
_WHOLE_SET = (
    "a member to remove holds a password, which must not be sent back: the whole set is replaced"
)


def plans_text(found: Sequence[Plan | Failed]) -> str:
    """The plans of targets. With several targets: their shared notes once, and totals."""
    plans = [one for one in found if not isinstance(one, Failed)]
    findings = (finding for plan in plans for finding in dict.fromkeys(plan.findings))
    notes = Counter(finding for finding in findings if finding.severity == "note")
    shared = {note: count for note, count in notes.items() if count > 1}
    blocks = [_no_plan(one) if isinstance(one, Failed) else _plan(one, shared) for one in found]
    for note, count in shared.items():
        message = f"{note.message} ({plural(count, 'target')})"
        blocks.append(f"{_finding(replace(note, message=message))}\n")
    if len(found) > 1:
        blocks.append(_totals(plans, [one for one in found if isinstance(one, Failed)]))
    return "\n".join(blocks)


def states_text(found: Sequence[State | Failed]) -> str:
    """Live states as YAML: one document for each target; comments name several targets."""
    documents: list[str] = []
    for one in found:
        if isinstance(one, Failed):
            told = f"# no state: {printable(one.error.message)}\n"
            documents.append(f"# {target_text(one.target)}\n{told}")
        else:
            head = f"# {target_text(one[0])}\n" if len(found) > 1 else ""
            documents.append(f"{head}{yaml_text(shown_members(one[1]))}")
    return "---\n".join(documents)


def target_text(target: Target) -> str:
    """Name and server of a target."""
    name, url = printable(target.name), printable(target.url)
    return url if name in {"", url} else f"{name}  {url}"


def _no_plan(failed: Failed) -> str:
    fact = f"No plan: {printable(failed.error.message)}."
    return f"{target_text(failed.target)}\n\n{paragraph(fact, narrower=8)}"


def _plan(plan: Plan, shared: Collection[Finding]) -> str:
    """A plan without the shared notes: changes, what cannot be compared, findings, totals."""
    tag = printable(plan.live.tree.tag)
    if plan.live.tree.tag != plan.desired.tree.tag:
        tag = f"{tag} → {printable(plan.desired.tree.tag)}"
    title = with_source(f"{plan.desired.object} · {tag}", printable(plan.desired.file))
    lines = [target_text(plan.target), "", title, *_differences(plan), ""]
    lines += (_finding(finding) for finding in plan.findings if finding not in shared)
    lines += [*wrapped(_amount(plan)), f"Digest {plan.digest}"]
    if plan.refusals:
        refused = "Apply refuses to go on, because of the errors above"
        if all(finding.risk for finding in plan.refusals):
            risks = dict.fromkeys(finding.rule for finding in plan.refusals)
            refused += f"; {' '.join(f'--allow {risk}' for risk in risks)} lets it"
        lines += wrapped(f"{refused}.", narrower=8)
    elif not plan.empty:
        lines += wrapped(_RESTART, narrower=8)
    return "\n".join([*lines, ""])


def _differences(plan: Plan) -> Iterator[str]:
    top, lines = change_lines(plan.difference.changes)
    hidden = [unknown_line(item, plan.hidden_secrets) for item in plan.difference.unknown]
    width = min(_WIDEST_PATH, max((len(line.path) for line in [*lines, *hidden]), default=0))
    parts = {
        "": [line for line in lines if line.origin.why != "default"],
        "  back to the default, because no file mentions it": [
            line for line in lines if line.origin.why == "default"
        ],
        "  secrets": hidden,
    }
    if top is not None and not lines and plan.desired.tree.members:
        yield "  every field at its default"
    for title, part in parts.items():
        if title and part:
            yield title
        yield from laid_out(part, width, plan.desired.file)
    if any(
        change.within is not None and isinstance(change.before, Url) and change.before.secrets
        for change in plan.difference.changes
    ):
        yield from wrapped(_WHOLE_SET, "  ", "  ", narrower=4)
    for why, told in _UNMANAGED.items():
        paths = [path for path in plan.unmanaged if plan.desired.origin(path).why == why]
        if paths:
            yield f"  unmanaged, because {told}"
            yield from wrapped(", ".join(map(path_text, paths)), "    ", "    ", narrower=4)


def _amount(plan: Plan) -> str:
    """The numbers of changes, of secrets to send and of pairs that cannot be compared."""
    changes, unknown = len(plan.difference.changes), len(plan.difference.unknown)
    if not changes and not unknown:
        return "No changes."
    told = ["No visible changes."]
    if changes:
        sent = f", {plural(len(plan.to_send), 'secret')} to send" if plan.to_send else ""
        told = [f"{plural(changes, 'change')}{sent}."]
    hidden = sum(item.hidden for item in plan.difference.unknown)
    if hidden and (not changes or plan.hidden_secrets != "send"):
        fate = _FATE[plan.hidden_secrets].format("it" if hidden == 1 else "them")
        told.append(f"{plural(hidden, 'secret')} cannot be compared; apply {fate}.")
    if unresolved := unknown - hidden:
        them = "its reference is" if unresolved == 1 else "their references are"
        fact = f"{plural(unresolved, 'password')} cannot be compared here"
        told.append(f"{fact}: {them} not resolved.")
    return " ".join(told)


def _finding(finding: Finding) -> str:
    place = ""
    if finding.origin is not None and finding.origin.line:
        place = f"{printable(finding.origin.file)}:{finding.origin.line}: "
    fact = f"{finding.severity}: {place}{printable(finding.message)}"
    hint = f"hint: {printable(finding.hint)}"
    return "\n".join([*wrapped(fact, "", "    "), *wrapped(hint, "  ", "    ")])


def _totals(plans: Sequence[Plan], failed: Sequence[Failed]) -> str:
    """The numbers over all targets, with the targets that have no plan."""
    changes = sum(len(plan.difference.changes) for plan in plans)
    differing = sum(bool(plan.difference.changes) for plan in plans)
    to_send = sum(len(plan.to_send) for plan in plans)
    parts = ["no changes"]
    if changes:
        parts = [f"{plural(changes, 'change')} in {differing} of them"]
    elif any(plan.difference.unknown for plan in plans):
        parts = ["no visible changes"]
    if to_send:
        parts.append(f"{plural(to_send, 'secret')} to send")
    if refused := [printable(plan.target.name) for plan in plans if plan.refusals]:
        parts.append(f"apply refuses {' and '.join(refused)}")
    if failed:
        names = " and ".join(printable(one.target.name) for one in failed)
        parts.append(f"no plan for {names}")
    return paragraph(f"{len(plans) + len(failed)} targets: {', '.join(parts)}.")
