"""Several targets for people: each by itself, and one line over all."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from confsync.report.layout import wrapped
from confsync.report.outcome import outcome_text
from confsync.report.printable import plural, printable, shown
from confsync.report.text import finding_text, plan_text, target_text
from confsync.sync.outcome import NotBegun, NotSent, Stored, Unknown, as_wanted
from confsync.sync.values import Failed
from confsync.yaml.emit import yaml_text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from confsync.store.encode import Plain
    from confsync.sync.outcome import Ended
    from confsync.sync.values import Finding, Plan, Target

    State: TypeAlias = tuple[Target, dict[str, Plain]]


def plans_text(found: Sequence[Plan | Failed]) -> str:
    """The plans of some targets, one after the other; of one alone nothing but its plan."""
    shared = _shared_notes(found)
    blocks = [_no_plan(one) if isinstance(one, Failed) else _plan(one, shared) for one in found]
    for note, count in shared.items():
        message = f"{note.message} ({plural(count, 'target')})"
        blocks.append(f"{finding_text(replace(note, message=message))}\n")
    if len(found) > 1:
        blocks.append(_summary(found))
    return "\n".join(blocks)


def _shared_notes(found: Sequence[Plan | Failed]) -> dict[Finding, int]:
    """The notes that several targets share, such as a variable that is not set, and how many."""
    plans = [one for one in found if not isinstance(one, Failed)]
    findings = (finding for plan in plans for finding in dict.fromkeys(plan.findings))
    notes = Counter(finding for finding in findings if finding.severity == "note")
    return {note: count for note, count in notes.items() if count > 1}


def _plan(plan: Plan, told: Collection[Finding]) -> str:
    """A plan without the notes that are told for several."""
    left = tuple(finding for finding in plan.findings if finding not in told)
    return plan_text(replace(plan, findings=left))


def outcomes_text(found: Sequence[Ended]) -> str:
    """What became of an apply to some targets, after their plans have been shown; of one alone
    nothing but that.
    """
    if len(found) == 1 and not isinstance(found[0], Failed | NotBegun):
        return outcome_text(found[0])
    reason = _reason_to_stop(found)
    return "\n".join([*(_ended(one, reason) for one in found), _fates(found)])


def states_text(found: Sequence[State | Failed]) -> str:
    """Live states as YAML: of one target alone a document, of several a document each."""
    if len(found) == 1 and not isinstance(found[0], Failed):
        return yaml_text(_shown(found[0][1]))
    return "---\n".join(map(_state, found))


def _state(one: State | Failed) -> str:
    if isinstance(one, Failed):
        return f"# {target_text(one.target)}\n# no state: {printable(one.error.message)}\n"
    target, document = one
    return f"# {target_text(target)}\n{yaml_text(_shown(document))}"


def _shown(document: dict[str, Plain]) -> dict[str, Plain]:
    return {name: shown(value) for name, value in document.items()}


def _reason_to_stop(found: Sequence[Ended]) -> str:
    """Why targets were not begun: the first one that did not end as wanted."""
    ends = (one for one in found if not isinstance(one, NotBegun) and not as_wanted(one))
    one = next(ends, None)
    return "" if one is None else f"the run stopped at {_name(one)} ({_fate(one)})"


def _ended(ended: Ended, reason: str) -> str:
    match ended:
        case Failed(target=target, error=error):
            fact = f"{printable(error.message)}. Nothing was changed there."
            body = "\n".join([*wrapped(f"Failed: {fact}"), ""])
        case NotBegun(plan=plan, interrupted=interrupted):
            fact = f"Not begun: {'interrupted' if interrupted else reason}."
            target, body = plan.target, "\n".join([*wrapped(fact), ""])
        case _:
            target, body = ended.plan.target, outcome_text(ended)
    return f"{target_text(target)}\n\n{body}"


def _fates(found: Sequence[Ended]) -> str:
    """`3 targets: production applied; staging failed; testing not begun.`, as far as there are."""
    names: dict[str, list[str]] = {}
    for one in found:
        names.setdefault(_fate(one), []).append(_name(one))
    parts = [f"{' and '.join(names[fate])} {fate}" for fate in _FATES if fate in names]
    text = f"{len(found)} targets: {'; '.join(parts)}."
    return "\n".join([*wrapped(text), ""])


def _name(ended: Ended) -> str:
    return printable((ended.target if isinstance(ended, Failed) else ended.plan.target).name)


_FATES = ("applied", "unchanged", "failed", "not as wanted", "unknown", "not begun")


def _fate(ended: Ended) -> str:
    match ended:
        case NotSent():
            return "unchanged"
        case NotBegun():
            return "not begun"
        case Unknown():
            return "unknown"
        case Stored():
            return "applied" if as_wanted(ended) else "not as wanted"
        case _:
            return "failed"


def _no_plan(failed: Failed) -> str:
    fact = f"No plan: {printable(failed.error.message)}."
    lines = wrapped(fact, narrower=8)
    return "\n".join([target_text(failed.target), "", *lines, ""])


def _summary(found: Sequence[Plan | Failed]) -> str:
    """What there is to do in all of them together."""
    plans = [one for one in found if not isinstance(one, Failed)]
    changes = sum(len(plan.difference.changes) for plan in plans)
    differing = sum(bool(plan.difference.changes) for plan in plans)
    unknown = sum(len(plan.difference.unknown) for plan in plans)
    to_send = sum(len(plan.to_send) for plan in plans)
    parts = ["no visible changes" if unknown else "no changes"]
    if changes:
        parts = [f"{plural(changes, 'change')} in {differing} of them"]
    if to_send:
        parts.append(f"{plural(to_send, 'secret')} to send")
    if refused := [printable(one.target.name) for one in plans if one.refusals]:
        parts.append(f"apply refuses {' and '.join(refused)}")
    if failed := [printable(one.target.name) for one in found if isinstance(one, Failed)]:
        parts.append(f"no plan for {' and '.join(failed)}")
    text = f"{len(found)} targets: {', '.join(parts)}."
    return "\n".join([*wrapped(text), ""])
