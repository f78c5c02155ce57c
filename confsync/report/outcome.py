"""Outcomes for people: what became of an apply, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.kinds import KINDS
from confsync.report.layout import laid_out, top_change, wrapped
from confsync.report.lines import change_lines, member_lines
from confsync.report.printable import cut, plural, printable, shown
from confsync.store.encode import FILL_IN, to_store, touched
from confsync.sync.outcome import (
    NotSent,
    Outcome,
    Overtaken,
    Rejected,
    Stored,
    Unknown,
)
from confsync.sync.tree import Object
from confsync.yaml.emit import yaml_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from confsync.sync.outcome import Seen
    from confsync.sync.values import Change, Live

_RESTARTED = "It takes effect when every Stalwart node has restarted: restart each of them."
_MEANWHILE = "Somebody else has changed the object since it was read:"
_SEEN: Mapping[Seen, str] = {
    "before": "Read again, the server had what it had before, as far as can be seen. The update may"
    " still be on its way.",
    "wanted": "Read again, the server had what is wanted, as far as can be seen. A secret that it"
    " hides cannot be looked at.",
    "other": "Read again, the server had neither what it had before nor all that is wanted.",
}


def outcome_text(outcome: Outcome) -> str:
    """What became of an apply, after its plan has been shown. Ends in a newline."""
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
                *(_foreign(_MEANWHILE, foreign) if foreign else ()),
                f"hint: {printable(refusal.hint)}",
            ]
        case Overtaken(foreign=foreign):
            lines = [
                "The server did not take the update, and nothing of it is stored.",
                *_foreign(_MEANWHILE, foreign),
                "hint: plan again, and look at what changed",
            ]
        case Stored():
            lines = list(_stored(outcome))
        case Unknown():
            lines = list(_unknown(outcome))
    return "\n".join([*lines, ""])


def _stored(outcome: Stored) -> Iterator[str]:
    if outcome.lost:
        yield from wrapped(f"{_sentence(outcome.lost)}. The state was read again:")
    yield from wrapped(_verdict(outcome))
    if not outcome.verified:
        yield from _lines(outcome.remaining.changes, outcome.plan.desired.file)
    if outcome.overwritten:
        yield from _foreign("Somebody else's change was overwritten:", outcome.overwritten)
    elif outcome.foreign:
        yield from _foreign("Somebody else changed the object in between:", outcome.foreign)
    yield from wrapped(_RESTARTED)
    yield from _way_back(outcome.before, outcome.plan.difference.changes)


def _verdict(outcome: Stored) -> str:
    changes, unread = len(outcome.plan.difference.changes), outcome.unread
    told = plural(changes, "change")
    sent = f"{plural(unread, 'secret')} sent, which cannot be read back." if unread else ""
    if not outcome.verified:
        return f"Stored, but not as wanted: after {told} the server still differs. {sent}"
    if not changes:
        return f"Stored: {sent}"
    return f"Stored and verified: {told}. {sent}"


def _unknown(outcome: Unknown) -> Iterator[str]:
    reason = printable(outcome.reason)
    yield from wrapped(f"It is not known whether the update was stored: {reason}.")
    if outcome.seen is not None:
        yield from wrapped(_SEEN[outcome.seen])
    yield "hint: run `confsync plan`: it shows what the server has now"
    yield from _way_back(outcome.plan.live, outcome.plan.difference.changes)


def _foreign(title: str, changes: tuple[Change, ...]) -> Iterator[str]:
    yield title
    yield from _lines(changes, "")


def _lines(changes: tuple[Change, ...], file: str) -> Iterator[str]:
    top, rest = top_change(changes)
    if top is not None:
        yield f"  ~ @type  {_tags(top)}"
    lines = [*(member_lines(top) if top is not None else ()), *change_lines(rest)]
    width = max((len(line.path) for line in lines), default=0)
    yield from laid_out(lines, width, file)


def _tags(change: Change) -> str:
    tags = (side.tag for side in (change.before, change.after) if isinstance(side, Object))
    return " → ".join(map(printable, tags))


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _way_back(before: Live, changes: tuple[Change, ...]) -> Iterator[str]:
    """What was stored before, as a file that brings it back."""
    document = to_store(before, KINDS[before.object], named=touched(changes))
    if document is None:
        yield "What was there before cannot be said in a file: confsync does not know all of it."
        return
    text = yaml_text({name: shown(value) for name, value in document.items()})
    hint = f"; {FILL_IN}… stands for secrets, which are not shown" if FILL_IN in text else ""
    yield from wrapped(f"To go back to what was there before, apply this{hint}:")
    yield ""
    yield text.removesuffix("\n")
