"""Plans, live states and outcomes of targets, as text."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING, TypeAlias

from confsync.kinds import KINDS
from confsync.report.lines import change_lines, laid_out, unknown_line
from confsync.report.printable import at_right, cut, paragraph, plural, printable, shown, wrapped
from confsync.store.encode import FILL_IN, way_back
from confsync.sync import outcome
from confsync.sync.tree import Object, path_text
from confsync.sync.url import Url
from confsync.sync.values import Failed
from confsync.yaml.emit import yaml_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from confsync.report.lines import Line
    from confsync.sync.values import Change, Finding, Live, Plan, Target
    from confsync.yaml.emit import Plain

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
_RESTARTED = "It takes effect when every Stalwart node has restarted: restart each of them."
_MEANWHILE = "Somebody else has changed the object since it was read:"
_SEEN: Mapping[outcome.Seen, str] = {
    "before": "Read again, the server had what it had before, as far as can be seen. The update may"
    " still be on its way.",
    "wanted": "Read again, the server had what is wanted, as far as can be seen. A secret that it"
    " hides cannot be looked at.",
    "other": "Read again, the server had neither what it had before nor all that is wanted.",
}
_FATES = ("applied", "unchanged", "failed", "not as wanted", "unknown", "not begun")
_FATE_OF: Mapping[type[outcome.Ended], str] = {
    outcome.NotSent: "unchanged",
    outcome.NotBegun: "not begun",
    outcome.Unknown: "unknown",
}


def plans_text(found: Sequence[Plan | Failed]) -> str:
    """The plans of targets. Several targets: their shared notes once, and totals."""
    plans = [one for one in found if not isinstance(one, Failed)]
    findings = (finding for plan in plans for finding in dict.fromkeys(plan.findings))
    notes = Counter(finding for finding in findings if finding.severity == "note")
    shared = {note: count for note, count in notes.items() if count > 1}
    blocks = [_plan(one, shared) for one in found]
    for note, count in shared.items():
        message = f"{note.message} ({plural(count, 'target')})"
        blocks.append(f"{_finding(replace(note, message=message))}\n")
    if len(found) > 1:
        blocks.append(_totals(found, plans))
    return "\n".join(blocks)


def states_text(found: Sequence[State | Failed]) -> str:
    """Live states as YAML documents. Several targets: each with its name in a comment."""
    return "---\n".join(
        f"# {target_text(one.target)}\n# no state: {printable(one.error.message)}\n"
        if isinstance(one, Failed)
        else (f"# {target_text(one[0])}\n" if len(found) > 1 else "") + yaml_text(shown(one[1]))
        for one in found
    )


def outcomes_text(found: Sequence[outcome.Ended]) -> str:
    """The outcomes of an apply, without its plans. Several targets: each by name, and totals."""
    if len(found) == 1 and not isinstance(found[0], Failed | outcome.NotBegun):
        return _outcome(found[0])
    targets = [one.target if isinstance(one, Failed) else one.plan.target for one in found]
    names = [printable(target.name) for target in targets]
    fates = [*zip(map(_fate, found), names, strict=True)]
    going_on = {"applied", "unchanged", "not begun"}
    stops = (f"the run stopped at {name} ({fate})" for fate, name in fates if fate not in going_on)
    reason = next(stops, "")
    blocks: list[str] = []
    for one, target in zip(found, targets, strict=True):
        match one:
            case Failed(error=error):
                body = paragraph(f"Failed: {printable(error.message)}. Nothing was changed there.")
            case outcome.NotBegun(interrupted=interrupted):
                body = paragraph(f"Not begun: {'interrupted' if interrupted else reason}.")
            case _:
                body = _outcome(one)
        blocks.append(f"{target_text(target)}\n\n{body}")
    parts = [
        f"{' and '.join(name for fate, name in fates if fate == part)} {part}"
        for part in _FATES
        if part in dict(fates)
    ]
    return "\n".join([*blocks, paragraph(f"{len(found)} targets: {'; '.join(parts)}.")])


def target_text(target: Target) -> str:
    """Name and server of a target."""
    name, url = printable(target.name), printable(target.url)
    return url if name in {"", url} else f"{name}  {url}"


def _plan(plan: Plan | Failed, shared: Collection[Finding]) -> str:
    """Changes, pairs that cannot be compared, findings but the shared ones, and totals."""
    if isinstance(plan, Failed):
        fact = f"No plan: {printable(plan.error.message)}."
        return f"{target_text(plan.target)}\n\n{paragraph(fact, narrower=8)}"
    tag = printable(plan.live.tree.tag)
    if plan.live.tree.tag != plan.desired.tree.tag:
        tag = f"{tag} → {printable(plan.desired.tree.tag)}"
    title = at_right(f"{plan.desired.object} · {tag}", printable(plan.desired.file))
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
    back = "  back to the default, because no file mentions it"
    parts: dict[str, list[Line]] = {"": [], back: [], "  secrets": hidden}
    for line in lines:
        parts[back if line.origin.why == "default" else ""].append(line)
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
    for why, reason in _UNMANAGED.items():
        paths = [path for path in plan.unmanaged if plan.desired.origin(path).why == why]
        if paths:
            yield f"  unmanaged, because {reason}"
            yield from wrapped(", ".join(map(path_text, paths)), "    ", "    ", narrower=4)


def _amount(plan: Plan) -> str:
    """The numbers of changes, of secrets to send and of pairs that cannot be compared."""
    changes, unknown = len(plan.difference.changes), len(plan.difference.unknown)
    if not changes and not unknown:
        return "No changes."
    sent = f", {plural(len(plan.to_send), 'secret')} to send" if plan.to_send else ""
    counted = [f"{plural(changes, 'change')}{sent}." if changes else "No visible changes."]
    hidden = sum(item.hidden for item in plan.difference.unknown)
    if hidden and (not changes or plan.hidden_secrets != "send"):
        fate = _FATE[plan.hidden_secrets].format("it" if hidden == 1 else "them")
        counted.append(f"{plural(hidden, 'secret')} cannot be compared; apply {fate}.")
    if unresolved := unknown - hidden:
        them = "its reference is" if unresolved == 1 else "their references are"
        counted.append(
            f"{plural(unresolved, 'password')} cannot be compared here: {them} not resolved."
        )
    return " ".join(counted)


def _finding(finding: Finding) -> str:
    origin = finding.origin
    place = f"{printable(origin.file)}:{origin.line}: " if origin and origin.line else ""
    fact = f"{finding.severity}: {place}{printable(finding.message)}"
    hint = f"hint: {printable(finding.hint)}"
    return "\n".join([*wrapped(fact, "", "    "), *wrapped(hint, "  ", "    ")])


def _totals(found: Sequence[Plan | Failed], plans: Sequence[Plan]) -> str:
    """Counts of targets: to update, unchanged, refused by an apply, failed."""
    changes = sum(len(plan.difference.changes) for plan in plans)
    to_send = sum(len(plan.to_send) for plan in plans)
    unchanged = [plan for plan in plans if plan.empty and not plan.refusals]
    unknown = any(plan.difference.unknown for plan in unchanged)
    counts = {
        "to update": sum(not plan.empty and not plan.refusals for plan in plans),
        "without visible changes" if unknown else "without changes": len(unchanged),
        "refused by apply": sum(bool(plan.refusals) for plan in plans),
        "failed": len(found) - len(plans),
    }
    parts = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    sent = f", {plural(to_send, 'secret')} to send" if to_send else ""
    more = f" {plural(changes, 'change')}{sent}." if changes or sent else ""
    return paragraph(f"{len(found)} targets: {parts}.{more}")


def _fate(ended: outcome.Ended) -> str:
    if isinstance(ended, outcome.Stored):
        return "applied" if ended.as_wanted else "not as wanted"
    return _FATE_OF.get(type(ended), "failed")


def _outcome(ended: outcome.Outcome) -> str:
    match ended:
        case outcome.NotSent():
            lines = ["Nothing was sent: the server has what the files say."]
        case outcome.Rejected(refusal=refusal, foreign=foreign):
            places = [f"at {pointer}" for pointer in refusal.properties if pointer]
            lines = [
                f"The server refused the update ({printable(refusal.kind)}).",
                "Nothing was changed on the server.",
                *(f"  {printable(text)}" for text in cut([*places, *refusal.errors])),
                *([_MEANWHILE, *_changes(foreign)] if foreign else ()),
                f"hint: {printable(refusal.hint)}",
            ]
        case outcome.Overtaken(foreign=foreign):
            lines = [
                "The server did not take the update, and nothing of it is stored.",
                *(_MEANWHILE, *_changes(foreign)),
                "hint: plan again, and look at what changed",
            ]
        case outcome.Stored():
            lines = [*_stored(ended)]
        case outcome.Unknown(reason=reason, seen=seen):
            fact = f"It is not known whether the update was stored: {printable(reason)}."
            lines = [
                *wrapped(fact),
                *([] if seen is None else wrapped(_SEEN[seen])),
                "hint: run `confsync plan`: it shows what the server has now",
                *_way_back(ended.plan.live, ended.plan),
            ]
    return "\n".join([*lines, ""])


def _stored(stored: outcome.Stored) -> Iterator[str]:
    changes, lost, unread = stored.plan.difference.changes, stored.lost, stored.unread
    counted = plural(len(changes), "change")
    sent = f"{plural(unread, 'secret')} sent, which cannot be read back." if unread else ""
    if lost:
        yield from wrapped(f"{lost[:1].upper()}{lost[1:]}. The state was read again:")
    fact = f"Stored and verified: {counted}. {sent}" if changes else f"Stored: {sent}"
    if not stored.verified:
        fact = f"Stored, but not as wanted: after {counted} the server still differs. {sent}"
    yield from wrapped(fact)
    yield from _changes(stored.remaining.changes, stored.plan.desired.file)
    if stored.overwritten:
        yield "Somebody else's change was overwritten:"
    elif stored.foreign:
        yield "Somebody else changed the object in between:"
    yield from _changes(stored.overwritten or stored.foreign)
    yield from wrapped(_RESTARTED)
    yield from _way_back(stored.before, stored.plan)


def _changes(changes: tuple[Change, ...], file: str = "") -> Iterator[str]:
    top, lines = change_lines(changes)
    if top is not None:
        tags = (side.tag for side in (top.before, top.after) if isinstance(side, Object))
        yield f"  ~ @type  {' → '.join(map(printable, tags))}"
    yield from laid_out(lines, max((len(line.path) for line in lines), default=0), file)


def _way_back(before: Live, plan: Plan) -> Iterator[str]:
    """The state before the update, as a store file that restores it, or the command for it."""
    document = way_back(before, plan, KINDS[before.object])
    if document is None:
        yield "What was there before cannot be said in a file: confsync does not know all of it."
        return
    text = yaml_text(shown(document))
    if plan.backup:
        first = f" (replace each {FILL_IN}… in it first)" if FILL_IN in text else ""
        named = plan.target.name not in {"", plan.target.url}
        server = f" --url {plan.target.url}" if named else ""
        yield f"To go back{first}: confsync apply {printable(quote(plan.backup))}{server}"
        return
    hint = f"; {FILL_IN}… stands for secrets, which are not shown" if FILL_IN in text else ""
    yield from wrapped(f"To go back to what was there before, apply this{hint}:")
    yield ""
    yield text.removesuffix("\n")
