"""Plans for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.report.layout import laid_out, top_change, with_source, wrapped
from confsync.report.lines import change_lines, member_lines, unknown_line
from confsync.report.printable import plural, printable
from confsync.sync.tree import path_text
from confsync.sync.url import Url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.sync.values import Change, Finding, Plan, Target

_WIDEST_PATH = 40
_FATE = {
    "send": "will send {0}",
    "keep": "leaves {0} as the server has {0}",
    "fail": "refuses to go on",
}
_UNMANAGED = {"unmanaged": "no file mentions it", "ignored": "it is ignored"}
_RESTART = "Apply stores it at once; it takes effect when every Stalwart node has restarted."


def plan_text(plan: Plan) -> str:
    """A plan: what changes and why, what cannot be compared, and the totals. Ends in a newline."""
    lines = [*_header(plan), *_body(plan), "", *map(finding_text, plan.findings)]
    lines += [*wrapped(totals_text(plan)), f"Digest {plan.digest}"]
    if plan.refusals:
        lines += wrapped(_refused(plan), narrower=8)
    elif not plan.empty:
        lines += wrapped(_RESTART, narrower=8)
    return "\n".join([*lines, ""])


def target_text(target: Target) -> str:
    """What a target is called, and its server."""
    name, url = printable(target.name), printable(target.url)
    return url if name in {"", url} else f"{name}  {url}"


def totals_text(plan: Plan) -> str:
    """The one sentence that says how much there is to do."""
    changes, unknown = plan.difference.changes, plan.difference.unknown
    hidden = [item for item in unknown if item.hidden]
    unresolved = len(unknown) - len(hidden)
    parts: list[str] = []
    if changes:
        counts = [plural(len(changes), "change")]
        if plan.to_send:
            counts.append(f"{plural(len(plan.to_send), 'secret')} to send")
        parts.append(f"{', '.join(counts)}.")
    elif not unknown:
        return "No changes."
    else:
        parts.append("No visible changes.")
    if hidden and (not changes or plan.hidden_secrets != "send"):
        them = "it" if len(hidden) == 1 else "them"
        fate = _FATE[plan.hidden_secrets].format(them)
        parts.append(f"{plural(len(hidden), 'secret')} cannot be compared; apply {fate}.")
    if unresolved:
        them = "its reference is" if unresolved == 1 else "their references are"
        parts.append(
            f"{plural(unresolved, 'password')} cannot be compared here: {them} not resolved."
        )
    return " ".join(parts)


def _refused(plan: Plan) -> str:
    risks = dict.fromkeys(finding.rule for finding in plan.refusals if finding.risk)
    if not all(finding.risk for finding in plan.refusals):
        return "Apply refuses to go on, because of the errors above."
    options = " ".join(f"--allow {risk}" for risk in risks)
    return f"Apply refuses to go on, because of the errors above; {options} lets it."


def _header(plan: Plan) -> Iterator[str]:
    yield target_text(plan.target)
    yield ""
    tag = printable(plan.live.tree.tag)
    if plan.live.tree.tag != plan.desired.tree.tag:
        tag = f"{tag} → {printable(plan.desired.tree.tag)}"
    title = f"{plan.desired.object} · {tag}"
    yield with_source(title, printable(plan.desired.file))


def _body(plan: Plan) -> Iterator[str]:
    top, rest = top_change(plan.difference.changes)
    lines = [*(member_lines(top) if top is not None else ()), *change_lines(rest)]
    hidden = [unknown_line(item, plan.hidden_secrets) for item in plan.difference.unknown]
    width = min(_WIDEST_PATH, max((len(line.path) for line in [*lines, *hidden]), default=0))
    asked = [line for line in lines if line.origin.why != "default"]
    reset = [line for line in lines if line.origin.why == "default"]
    if top is not None and not lines and plan.desired.tree.members:
        yield "  every field at its default"
    yield from laid_out(asked, width, plan.desired.file)
    if reset:
        yield "  back to the default, because no file mentions it"
        yield from laid_out(reset, width, plan.desired.file)
    if hidden:
        yield "  secrets"
        yield from laid_out(hidden, width, plan.desired.file)
    if any(_whole_for_password(change) for change in plan.difference.changes):
        yield from wrapped(
            "a member to remove holds a password, which must not be sent back: the whole set is"
            " replaced",
            "  ",
            "  ",
            narrower=4,
        )
    yield from _unmanaged(plan)


def _whole_for_password(change: Change) -> bool:
    return (
        change.within is not None and isinstance(change.before, Url) and bool(change.before.secrets)
    )


def _unmanaged(plan: Plan) -> Iterator[str]:
    for why, told in _UNMANAGED.items():
        paths = [path for path in plan.unmanaged if plan.desired.origin(path).why == why]
        if paths:
            yield f"  unmanaged, because {told}"
            names = ", ".join(map(path_text, paths))
            yield from wrapped(names, "    ", "    ", narrower=4)


def finding_text(finding: Finding) -> str:
    """A finding with its place, and its hint."""
    place = ""
    if finding.origin is not None and finding.origin.line:
        place = f"{printable(finding.origin.file)}:{finding.origin.line}: "
    fact = f"{finding.severity}: {place}{printable(finding.message)}"
    hint = f"hint: {printable(finding.hint)}"
    return "\n".join([*wrapped(fact, "", "    "), *wrapped(hint, "  ", "    ")])
