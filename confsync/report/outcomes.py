"""Outcomes of an apply, as text, each with the way back."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from confsync.errors import Declined
from confsync.report.activity import (
    RELOADED_FATES,
    RESTARTED_FATES,
    SEEN,
    UNCHANGED_FATES,
    activity,
    told_once,
)
from confsync.report.lines import change_lines, laid_out, variants
from confsync.report.printable import PLAIN, cut, paragraph, plural, printable, wrapped
from confsync.report.several import folded, title, totals, unchanged, without_address
from confsync.report.text import already_stored
from confsync.report.way_back import way_back_text
from confsync.store.mistakes import listed
from confsync.sync import outcome
from confsync.sync.values import Failed, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from confsync.report.printable import Look
    from confsync.sync.values import Change, Plan

_NOTHING_SENT = "Nothing was sent: the server matches the files."
_MEANWHILE = "Another client changed the object since it was read:"
_FATES = (
    *("applied", "applied and restarted", "unchanged", "failed", "refused", "with differences"),
    *("locked out", "stored but not restarted", "stored and perhaps not restarted"),
    *("stored but not active", "stored and perhaps not active", "unchanged but not reloaded"),
    *("unchanged and perhaps not reloaded", "unknown", "skipped"),
)
_GOING_ON = {"applied", "applied and restarted", "unchanged", "skipped"}
_FATE_OF: Mapping[type[outcome.Ended], str] = {
    outcome.NotSent: "unchanged",
    outcome.NotBegun: "skipped",
    outcome.Unknown: "unknown",
}


def outcomes_text(found: Sequence[outcome.Ended], look: Look = PLAIN) -> str:
    """The outcomes of an apply, without its plans. Several targets: errors first, equal outcomes
    once, unchanged targets in one line, and totals.
    """
    if not found:
        return ""
    if len(found) == 1 and not isinstance(found[0], Failed | outcome.NotBegun):
        return _outcome(found[0], found, look)
    targets = [[*ends] for _, ends in groupby(told_once(found), _target)]
    every = [(one, _fate(one), _name(one, ends, targets)) for ends in targets for one in ends]
    stopped = [(one, fate, name) for one, fate, name in every if fate not in _GOING_ON]
    # Of a run that keeps going only the target itself stops.
    stops = {
        _target(one): f"the run stopped at {one.plan.desired.object if one.plan else name} ({fate})"
        for one, fate, name in reversed(stopped)
    }
    # A server that is locked out stops the run even if others did not.
    stopped.sort(key=lambda one: one[1] != "locked out")
    first = f"the run stopped at {stopped[0][2]} ({stopped[0][1]})" if stopped else ""
    tell = partial(_ended, reason=lambda target: stops.get(target, first), look=look)
    if len(targets) > 1:
        return _several(targets, found, tell, look)
    heads = [look.paint("bold", name) for _, _, name in every]
    if len(found) == 1:
        heads = [title([_target(found[0])], look)]
    told = zip(heads, targets[0], strict=True)
    blocks = [f"{head}\n\n{tell(one, found)}" for head, one in told]
    named = {part: [name for _, fate, name in every if fate == part] for part in _FATES}
    parts = [f"{listed(names)} {part}" for part, names in named.items() if names]
    counted = f"{plural(len(found), 'object')}: {'; '.join(parts)}."
    return "\n".join([*blocks, paragraph(counted, look, "bold")])


def _several(
    targets: Sequence[list[outcome.Ended]],
    found: Sequence[outcome.Ended],
    tell: Callable[..., str],
    look: Look,
) -> str:
    """The outcomes of several targets. `tell`: the text of one object's."""

    def identity(ends: Sequence[outcome.Ended]) -> str:
        nameless, same = [*map(_nameless, ends)], [_target(ends[0])]
        return _objects([tell(one, nameless, same=same) for one in nameless], ends, look)

    groups, quiet = [[ends] for ends in targets], list[list[outcome.Ended]]()
    if not look.each:
        groups, quiet = folded(
            targets,
            quiet=lambda ends: all(map(_quiet, ends)),
            rank=lambda ends: _fate_of_target(ends) in _GOING_ON,
            key=identity,
        )
    blocks = []
    for group in groups:
        same = [_target(ends[0]) for ends in group]
        ends = group[0] if len(group) == 1 else [*map(_unaddressed, group[0])]
        text = _objects([tell(one, found, same=same) for one in ends], ends, look)
        blocks.append(f"{title(same, look)}\n\n{text}")
    if quiet:
        blocks.append(unchanged([_target(ends[0]) for ends in quiet], look))
    stored = [one.plan for one in found if isinstance(one, outcome.Stored)]
    last = totals([*map(_fate_of_target, targets)], _FATES, stored, look, " sent")
    return "\n".join([*blocks, last])


def _objects(texts: Sequence[str], ends: Sequence[outcome.Ended], look: Look) -> str:
    """The texts of a target's objects, with their names, if they are several."""
    if len(ends) == 1:
        return texts[0]
    names = [one.plan.desired.object if one.plan else "" for one in ends]
    both = zip(names, texts, strict=True)
    return "\n".join(f"{look.paint('bold', name)}\n{text}" for name, text in both)


def _target(ended: outcome.Ended) -> Target:
    return ended.target if isinstance(ended, Failed) else ended.plan.target


def _name(
    ended: outcome.Ended, ends: Sequence[outcome.Ended], targets: Sequence[Sequence[outcome.Ended]]
) -> str:
    """The name of an end in a run: of its target, if there are several, and of its object, if its
    target has several.
    """
    name = printable(_target(ended).name)
    if len(ends) == 1 or ended.plan is None:
        return name
    return f"{name} {ended.plan.desired.object}" if len(targets) > 1 else ended.plan.desired.object


def _unaddressed(ended: outcome.Ended) -> outcome.Ended:
    return replace(ended, error=without_address(ended)) if isinstance(ended, Failed) else ended


def _nameless(ended: outcome.Ended) -> outcome.Ended:
    """An end without name and address of its target."""
    if isinstance(ended, Failed):
        return _unaddressed(ended)
    return replace(ended, plan=replace(ended.plan, target=Target("", "")))


def _quiet(ended: outcome.Ended) -> bool:
    """True if a target is unchanged and there is nothing else to say of it."""
    quiet = isinstance(ended, outcome.NotSent) and ended.reload is None
    return quiet and ended.plan is not None and _nothing_sent(ended.plan) == _NOTHING_SENT


def _fate_of_target(ends: Sequence[outcome.Ended]) -> str:
    """The fate of a target: that of its objects which needs most attention."""
    fates = {*map(_fate, ends)}
    some = fates - {"unchanged"} or fates
    return max(some, key=lambda fate: (fate not in _GOING_ON, _FATES.index(fate)))


def _ended(
    ended: outcome.Ended,
    every: Sequence[outcome.Ended],
    *,
    same: Sequence[Target] = (),
    reason: Callable[[Target], str],
    look: Look,
) -> str:
    """The end of an object of a target, or of those with equal ends (`same`). `reason`: why a
    target was skipped.
    """
    match ended:
        case Failed(error=error):
            what = _fate(ended).capitalize()
            fact = f"{what}: {printable(error.message)}. Nothing was changed there."
            return paragraph(fact, look)
        case outcome.NotBegun(interrupted=interrupted, late=late):
            why = (
                "the deadline of the run has passed" if late else reason([*same, _target(ended)][0])
            )
            return paragraph(f"Skipped: {'interrupted' if interrupted else why}.", look)
        case _:
            return _outcome(ended, every, look, same)


def _fate(ended: outcome.Ended) -> str:
    if isinstance(ended, outcome.Stored):
        if replace(ended, reload=None, restart=None).as_wanted:
            if ended.restart is not None:
                return RESTARTED_FATES[ended.restart.result]
            if ended.reload is not None:
                return RELOADED_FATES[ended.reload.result]
        return "applied" if ended.as_wanted else "with differences"
    if isinstance(ended, outcome.NotSent) and ended.reload is not None:
        return UNCHANGED_FATES[ended.reload.result]
    if isinstance(ended, Failed) and isinstance(ended.error, Declined):
        return "refused"
    return _FATE_OF.get(type(ended), "failed")


def _outcome(
    ended: outcome.Outcome,
    every: Sequence[outcome.Ended],
    look: Look,
    same: Sequence[Target] = (),
) -> str:
    match ended:
        case outcome.NotSent():
            lines = wrapped(_nothing_sent(ended.plan), look=look)
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
            lines = [*_stored(ended, look), *_behind(way_back_text(ended, every, look, same))]
        case outcome.Unknown(reason=reason, seen=seen):
            fact = f"The update may have been stored: {printable(reason)}."
            lines = [
                *wrapped(fact, look=look),
                *([] if seen is None else wrapped(SEEN[seen], look=look)),
                "hint: run `confsync plan` to see the current state",
                *way_back_text(ended, every, look, same),
            ]
    return "\n".join([*lines, ""])


def _nothing_sent(plan: Plan) -> str:
    if hidden := sum(item.hidden for item in plan.difference.unknown):
        it = "it" if hidden == 1 else "them"
        return (
            f"Nothing was sent: no visible changes, and {plural(hidden, 'hidden secret')} kept. No"
            f" restart is needed. To send {it} once: --hidden-secrets send."
        )
    return f"{_NOTHING_SENT} {already_stored([plan])}".rstrip()


def _stored(stored: outcome.Stored, look: Look) -> Iterator[str]:
    changes, lost, unread = stored.plan.difference.changes, stored.lost, stored.unread
    counted = plural(len(changes), "change")
    them = "it" if unread == 1 else "they"
    to_send = len(stored.plan.to_send)
    again = "" if stored.plan.effective else " again"
    sent = f"{plural(to_send, 'secret')} sent{again}." if to_send else ""
    if unread:
        some = f"{unread} of them" if unread < to_send else them
        sent = f"{sent[:-1]}; {some} cannot be read back."
    if lost:
        fact = f"{lost[:1].upper()}{lost[1:]}. The state was read again:"
        yield from wrapped(fact, look=look)
    visible = " visible" if stored.plan.effective else ""
    style, fact = "green", f"Nothing{visible} changed; {sent}"
    if changes:
        fact = f"Stored and verified: {counted}. {sent}"
    if not stored.verified:
        style, fact = "red", f"Stored, but the server still differs after {counted}. {sent}"
    yield from wrapped(fact, look=look, style=style)
    yield from _changes(stored.remaining.changes, look, places=True)
    if stored.overwritten:
        yield look.paint("red", "Overwrote another client's change:")
    elif stored.foreign:
        yield "Another client changed the object:"
    yield from _changes(stored.overwritten or stored.foreign, look)
    yield from activity(stored, look)


def _behind(lines: Iterable[str]) -> list[str]:
    """Lines behind a blank one, if there are any."""
    found = [*lines]
    return ["", *found] if found else []


def _changes(changes: tuple[Change, ...], look: Look, *, places: bool = False) -> Iterator[str]:
    """The lines of changes. Without `places`: changes that no file has to do with."""
    top, lines = change_lines(changes)
    if top is not None:
        yield f"  ~ @type  {variants(top)}"
    bare = lines if places else [replace(line, place="", remark="") for line in lines]
    yield from laid_out(bare, look)
