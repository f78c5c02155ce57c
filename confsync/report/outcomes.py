"""Outcomes of an apply, as text, each with the way back."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from confsync.report.activity import activity, told_once
from confsync.report.lines import change_lines, laid_out
from confsync.report.printable import PLAIN, cut, paragraph, plural, printable, wrapped
from confsync.report.text import already_stored, target_text
from confsync.report.way_back import way_back_text
from confsync.store.mistakes import listed
from confsync.sync import outcome
from confsync.sync.tree import Object
from confsync.sync.values import Failed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from confsync.report.printable import Look
    from confsync.sync.values import Change, Plan

_MEANWHILE = "Another client changed the object since it was read:"
_SEEN: Mapping[outcome.Seen, str] = {
    "before": "A second read shows the previous visible state. The update may still arrive.",
    "wanted": "A second read shows the desired visible state. Hidden secrets cannot be read.",
    "other": "A second read shows neither the previous nor the desired state.",
}
_RELOADED: Mapping[str, str] = {
    "done": "applied",
    "failed": "stored but not active",
    "unknown": "stored and perhaps not active",
}
_UNCHANGED: Mapping[str, str] = {
    "done": "unchanged",
    "failed": "unchanged, not reloaded",
    "unknown": "unchanged, perhaps not reloaded",
}
_FATES = (
    *("applied", "unchanged", "failed", "with differences"),
    *("stored but not active", "stored and perhaps not active", "unchanged, not reloaded"),
    *("unchanged, perhaps not reloaded", "unknown", "skipped"),
)
_FATE_OF: Mapping[type[outcome.Ended], str] = {
    outcome.NotSent: "unchanged",
    outcome.NotBegun: "skipped",
    outcome.Unknown: "unknown",
}


def outcomes_text(found: Sequence[outcome.Ended], look: Look = PLAIN) -> str:
    """The outcomes of an apply, without its plans. Several targets: each by name, and totals."""
    if len(found) == 1 and not isinstance(found[0], Failed | outcome.NotBegun):
        return _outcome(found[0], found, look)
    targets = [one.target if isinstance(one, Failed) else one.plan.target for one in found]
    several = Counter(targets)
    names = [
        printable(target.name)
        if several[target] == 1 or one.plan is None
        else one.plan.desired.object
        if len(several) == 1
        else f"{printable(target.name)} {one.plan.desired.object}"
        for one, target in zip(found, targets, strict=True)
    ]
    fates = [*zip(map(_fate, found), names, strict=True)]
    going_on = {"applied", "unchanged", "skipped"}
    stopped = [one for one in zip(fates, targets, strict=True) if one[0][0] not in going_on]
    # Of a run that keeps going only the target itself stops.
    stops = {to: f"the run stopped at {name} ({fate})" for (fate, name), to in reversed(stopped)}
    first = stops[stopped[0][1]] if stopped else ""
    blocks: list[str] = []
    for one, target in zip(told_once(found), targets, strict=True):
        match one:
            case Failed(error=error):
                body = paragraph(
                    f"Failed: {printable(error.message)}. Nothing was changed there.", look
                )
            case outcome.NotBegun(interrupted=interrupted, late=late):
                reason = "the deadline of the run has passed" if late else stops.get(target, first)
                body = paragraph(f"Skipped: {'interrupted' if interrupted else reason}.", look)
            case _:
                body = _outcome(one, found, look)
        title = target_text(target)
        if several[target] > 1 and one.plan is not None:
            title = (
                one.plan.desired.object
                if len(several) == 1
                else f"{title}  {one.plan.desired.object}"
            )
        blocks.append(f"{look.paint('bold', title)}\n\n{body}")
    parts = [
        f"{listed([name for fate, name in fates if fate == part])} {part}"
        for part in _FATES
        if part in dict(fates)
    ]
    counted = f"{len(several)} targets"
    if len(several) < len(found):
        counted = f"{plural(len(several), 'target')}, {plural(len(found), 'object')}"
    if len(several) == 1:
        counted = plural(len(found), "object")
    return "\n".join([*blocks, paragraph(f"{counted}: {'; '.join(parts)}.", look, "bold")])


def _fate(ended: outcome.Ended) -> str:
    if isinstance(ended, outcome.Stored):
        if replace(ended, reload=None).as_wanted and ended.reload is not None:
            return _RELOADED[ended.reload.result]
        return "applied" if ended.as_wanted else "with differences"
    if isinstance(ended, outcome.NotSent) and ended.reload is not None:
        return _UNCHANGED[ended.reload.result]
    return _FATE_OF.get(type(ended), "failed")


def _outcome(ended: outcome.Outcome, every: Sequence[outcome.Ended], look: Look) -> str:
    match ended:
        case outcome.NotSent():
            lines = wrapped(_nothing_sent(ended.plan), width=look.width)
            lines += activity(ended, look)
        case outcome.Rejected(refusal=refusal, foreign=foreign):
            places = [f"at {pointer}" for pointer in refusal.properties if pointer]
            lines = [
                f"The server refused the update ({printable(refusal.kind)}).",
                "Nothing was changed on the server.",
                *(f"  {printable(text)}" for text in cut([*places, *refusal.errors])),
                *([_MEANWHILE, *_changes(foreign, look)] if foreign else ()),
                f"hint: {printable(refusal.hint)}",
            ]
        case outcome.Overtaken(foreign=foreign):
            lines = [
                "The server did not store any part of the update.",
                *(_MEANWHILE, *_changes(foreign, look)),
                "hint: plan again and review it",
            ]
        case outcome.Stored():
            lines = [*_stored(ended, every, look)]
        case outcome.Unknown(reason=reason, seen=seen):
            fact = f"The update may have been stored: {printable(reason)}."
            lines = [
                *wrapped(fact, width=look.width),
                *([] if seen is None else wrapped(_SEEN[seen], width=look.width)),
                "hint: run `confsync plan` to see the current state",
                *way_back_text(ended, every, look),
            ]
    return "\n".join([*lines, ""])


def _nothing_sent(plan: Plan) -> str:
    if hidden := sum(item.hidden for item in plan.difference.unknown):
        it = "it" if hidden == 1 else "them"
        return (
            f"Nothing was sent: no visible changes, and {plural(hidden, 'hidden secret')} kept. To"
            f" send {it} once: --hidden-secrets send."
        )
    return f"Nothing was sent: the server matches the files. {already_stored([plan])}".rstrip()


def _stored(stored: outcome.Stored, every: Sequence[outcome.Ended], look: Look) -> Iterator[str]:
    changes, lost, unread = stored.plan.difference.changes, stored.lost, stored.unread
    counted = plural(len(changes), "change")
    them = "it" if unread == 1 else "they"
    to_send = len(stored.plan.to_send)
    sent = f"{plural(to_send, 'secret')} sent." if to_send else ""
    if unread:
        some = f"{unread} of them" if unread < to_send else them
        sent = f"{sent[:-1]}; {some} cannot be read back."
    if lost:
        fact = f"{lost[:1].upper()}{lost[1:]}. The state was read again:"
        yield from wrapped(fact, width=look.width)
    style, fact = "green", f"No visible change; {sent}"
    if changes:
        fact = f"Stored and verified: {counted}. {sent}"
    if not stored.verified:
        style, fact = "red", f"Stored, but the server still differs after {counted}. {sent}"
    yield from (look.paint(style, line) for line in wrapped(fact, width=look.width))
    yield from _changes(stored.remaining.changes, look, places=True)
    if stored.overwritten:
        yield look.paint("red", "Overwrote another client's change:")
    elif stored.foreign:
        yield "Another client changed the object:"
    yield from _changes(stored.overwritten or stored.foreign, look)
    yield from activity(stored, look)
    if back := [*way_back_text(stored, every, look)]:
        yield from ("", *back)


def _changes(changes: tuple[Change, ...], look: Look, *, places: bool = False) -> Iterator[str]:
    """The lines of changes. Without `places`: changes that no file has to do with."""
    top, lines = change_lines(changes)
    if top is not None:
        tags = (side.tag for side in (top.before, top.after) if isinstance(side, Object))
        yield f"  ~ @type  {' → '.join(map(printable, tags))}"
    bare = lines if places else [replace(line, place="", remark="") for line in lines]
    yield from laid_out(bare, look)
