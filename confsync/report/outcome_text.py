"""Outcomes of an apply, as text: the result for each target, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.kinds import KINDS
from confsync.report.lines import change_lines, laid_out
from confsync.report.printable import cut, paragraph, plural, printable, shown_members, wrapped
from confsync.report.text import target_text
from confsync.store.encode import FILL_IN, to_store, touched
from confsync.sync.outcome import (
    NotBegun,
    NotSent,
    Overtaken,
    Rejected,
    Stored,
    Unknown,
    as_wanted,
)
from confsync.sync.tree import Object
from confsync.sync.values import Failed
from confsync.yaml.emit import yaml_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from confsync.sync.outcome import Ended, Outcome, Seen
    from confsync.sync.values import Change, Live, Target

_RESTARTED = "It takes effect when every Stalwart node has restarted: restart each of them."
_MEANWHILE = "Somebody else has changed the object since it was read:"
_SEEN: Mapping[Seen, str] = {
    "before": "Read again, the server had what it had before, as far as can be seen. The update may"
    " still be on its way.",
    "wanted": "Read again, the server had what is wanted, as far as can be seen. A secret that it"
    " hides cannot be looked at.",
    "other": "Read again, the server had neither what it had before nor all that is wanted.",
}
_FATES = ("applied", "unchanged", "failed", "not as wanted", "unknown", "not begun")


def outcomes_text(found: Sequence[Ended]) -> str:
    """The outcome of each target, after the plans have been shown; several targets get totals."""
    if len(found) == 1 and not isinstance(found[0], Failed | NotBegun):
        return _outcome(found[0])
    unwanted = (one for one in found if not isinstance(one, NotBegun) and not as_wanted(one))
    stop = next(unwanted, None)
    reason = "" if stop is None else f"the run stopped at {_name(stop)} ({_fate(stop)})"
    names: dict[str, list[str]] = {fate: [] for fate in _FATES}
    for one in found:
        names[_fate(one)].append(_name(one))
    fates = "; ".join(f"{' and '.join(those)} {fate}" for fate, those in names.items() if those)
    total = paragraph(f"{len(found)} targets: {fates}.")
    return "\n".join([*(_ended(one, reason) for one in found), total])


def _ended(ended: Ended, reason: str) -> str:
    match ended:
        case Failed(error=error):
            body = paragraph(f"Failed: {printable(error.message)}. Nothing was changed there.")
        case NotBegun(interrupted=interrupted):
            body = paragraph(f"Not begun: {'interrupted' if interrupted else reason}.")
        case _:
            body = _outcome(ended)
    return f"{target_text(_target(ended))}\n\n{body}"


def _target(ended: Ended) -> Target:
    return ended.target if isinstance(ended, Failed) else ended.plan.target


def _name(ended: Ended) -> str:
    return printable(_target(ended).name)


def _fate(ended: Ended) -> str:
    match ended:
        case NotSent():
            return "unchanged"
        case NotBegun():
            return "not begun"
        case Unknown():
            return "unknown"
        case Stored():
            return "applied" if ended.as_wanted else "not as wanted"
        case _:
            return "failed"


def _outcome(outcome: Outcome) -> str:
    match outcome:
        case NotSent():
            lines = ["Nothing was sent: the server has what the files say."]
        case Rejected(refusal=refusal, foreign=foreign):
            told = [f"at {pointer}" for pointer in refusal.properties if pointer]
            kept, more = cut([*told, *refusal.errors])
            lines = [
                f"The server refused the update ({printable(refusal.kind)}).",
                "Nothing was changed on the server.",
                *(f"  {printable(text)}" for text in kept),
                *([f"  {more}"] if more else ()),
                *([_MEANWHILE, *_changes(foreign)] if foreign else ()),
                f"hint: {printable(refusal.hint)}",
            ]
        case Overtaken(foreign=foreign):
            lines = [
                "The server did not take the update, and nothing of it is stored.",
                _MEANWHILE,
                *_changes(foreign),
                "hint: plan again, and look at what changed",
            ]
        case Stored():
            lines = [*_stored(outcome)]
        case Unknown(reason=reason, seen=seen):
            fact = f"It is not known whether the update was stored: {printable(reason)}."
            lines = [
                *wrapped(fact),
                *([] if seen is None else wrapped(_SEEN[seen])),
                "hint: run `confsync plan`: it shows what the server has now",
                *_way_back(outcome.plan.live, outcome.plan.difference.changes),
            ]
    return "\n".join([*lines, ""])


def _stored(outcome: Stored) -> Iterator[str]:
    changes, lost = outcome.plan.difference.changes, outcome.lost
    if lost:
        yield from wrapped(f"{lost[:1].upper()}{lost[1:]}. The state was read again:")
    told, sent = plural(len(changes), "change"), ""
    if outcome.unread:
        sent = f"{plural(outcome.unread, 'secret')} sent, which cannot be read back."
    if not outcome.verified:
        yield from wrapped(
            f"Stored, but not as wanted: after {told} the server still differs. {sent}"
        )
        yield from _changes(outcome.remaining.changes, outcome.plan.desired.file)
    else:
        verdict = f"Stored and verified: {told}. {sent}" if changes else f"Stored: {sent}"
        yield from wrapped(verdict)
    if outcome.overwritten:
        yield "Somebody else's change was overwritten:"
    elif outcome.foreign:
        yield "Somebody else changed the object in between:"
    yield from _changes(outcome.overwritten or outcome.foreign)
    yield from wrapped(_RESTARTED)
    yield from _way_back(outcome.before, changes)


def _changes(changes: tuple[Change, ...], file: str = "") -> Iterator[str]:
    top, lines = change_lines(changes)
    if top is not None:
        tags = (side.tag for side in (top.before, top.after) if isinstance(side, Object))
        yield f"  ~ @type  {' → '.join(map(printable, tags))}"
    yield from laid_out(lines, max((len(line.path) for line in lines), default=0), file)


def _way_back(before: Live, changes: tuple[Change, ...]) -> Iterator[str]:
    """The state before the update, as a store file that restores it."""
    document = to_store(before, KINDS[before.object], named=touched(changes))
    if document is None:
        yield "What was there before cannot be said in a file: confsync does not know all of it."
        return
    text = yaml_text(shown_members(document))
    hint = f"; {FILL_IN}… stands for secrets, which are not shown" if FILL_IN in text else ""
    yield from wrapped(f"To go back to what was there before, apply this{hint}:")
    yield ""
    yield text.removesuffix("\n")
