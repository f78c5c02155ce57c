"""What an apply must come to, said a second time: from what the server did, on plain JSON in clear.

Nothing of `confsync.sync` and of `confsync.workflow` is used here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.sandbox import patch_rules as rules
from tests.endurance.states import TYPE, Json, Wish
from tests.endurance.wire import DROPPED, NOT_LOOKED_AT, UNANSWERED, Arrival
from tests.sync.second_opinion import (
    _look,
    alignment,
    changed,
    first_decides,
    is_set,
    orders,
    passwords,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.sync.second_opinion import Found


def visible(state: Json) -> Json:
    """What everyone may see of a state."""
    view = rules.get_view(state)
    del view["id"]
    return view


def differences(one: Json, other: Json) -> Found:
    """The leaves in which two states can be seen to differ."""
    return changed(visible(one), visible(other))


def same(one: Json, other: Json) -> bool:
    """Whether two states are the same in clear; sets in their order where that counts."""
    return one == other and orders(one) == orders(other)


def fingerprint(state: Json) -> str:
    """A state with all of its secrets masked, in its own order."""
    return json.dumps(_masked(visible(state)))


def looks_alike(one: Json, other: Json) -> bool:
    """Whether two states cannot be told apart with all of their secrets masked."""
    left, right = (_masked(visible(state)) for state in (one, other))
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def _masked(value: object) -> object:
    if is_set(value):
        assert isinstance(value, dict)
        return sorted(map(_look, value)) if not first_decides(value) else list(map(_look, value))
    if isinstance(value, dict):
        return {name: _masked(part) for name, part in value.items()}
    return _look(value) if isinstance(value, str) and "://" in value else value


# Hidden secrets


def secrets(state: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The places of stored secrets."""
    for name, part in state.items():
        if isinstance(part, dict):
            yield from secrets(part, (*path, name))
        elif name == "secret":
            yield path


def hidden(wish: Wish, live: Json) -> dict[tuple[str, ...], tuple[str, ...]]:
    """The desired secrets that stand against hidden ones, and the places of those."""
    wanted = wish.on(live)
    if wanted[TYPE] != live[TYPE]:
        return {}
    if "stores" in wanted:
        items, old = list(wanted["stores"].values()), list(live["stores"].values())
        kept = alignment([visible(item) for item in old], items).kept
        return {
            ("stores", str(slot), *path): ("stores", str(was), *path)
            for slot, was in enumerate(kept)
            if items[slot][TYPE] == old[was][TYPE]
            for path in secrets(items[slot])
            if path in set(secrets(old[was]))
        }
    mentioned = [path for path in secrets(wanted) if path[0] in wish.written]
    return {path: path for path in mentioned if path in set(secrets(live))}


def staying(wish: Wish, live: Json) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Like `hidden`, for those that `keep` leaves: not in a shard whose other fields change."""
    wanted = wish.on(live)
    return {
        path: old
        for path, old in hidden(wish, live).items()
        if path[0] != "stores" or not differences(_at(live, old[:2]), _at(wanted, path[:2]))
    }


def kept(wish: Wish, live: Json) -> Json:
    """What is wanted, with the hidden secrets that the server has."""
    wanted = json.loads(json.dumps(wish.on(live)))
    for path, old in staying(wish, live).items():
        _at(wanted, path)["secret"] = _at(live, old)["secret"]
    return wanted  # type: ignore[no-any-return]  # JSON


def _at(state: Json, path: tuple[str, ...]) -> Json:
    for name in path:
        state = state[name]
    return state


def refused(wish: Wish, live: Json, policy: str) -> bool | None:
    """Whether what becomes of hidden secrets stops an apply: product page, section 4. None: it may,
    where shards with secrets come and go.
    """
    wanted = wish.on(live)
    if policy != "fail" or not list(secrets(live)) or not list(secrets(wanted)):
        return False
    if wanted[TYPE] != live[TYPE]:
        return True
    if "stores" in wanted:
        return None
    return bool(hidden(wish, live))


def nothing_to_send(wish: Wish, live: Json, policy: str) -> bool:
    """Whether an apply has nothing to do."""
    pairs = hidden(wish, live) if policy == "send" else {}
    return not differences(live, wish.on(live)) and not pairs


# What an update may hold


def may_be_sent(wish: Wish, live: Json) -> set[str]:
    """Every text that an update may hold: what the file says, and members to take away by their
    own name, if there is no password in it.
    """
    gone = {url for url in _members(live) if not passwords(url)}
    digits = {str(slot) for slot in range(10)}
    return {*texts(wish.told), *gone, *digits}


def _members(value: object) -> Iterator[str]:
    if is_set(value):
        assert isinstance(value, dict)
        yield from value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _members(part)


# What came of it


@dataclass(frozen=True)
class Verdict:
    """The words that are true: one of these, by the names of results and errors. `seen` is what an
    unknown outcome says of the state that was read again.
    """

    words: tuple[str, ...]
    seen: str | None = None


def tried(log: Sequence[Arrival], retries: int, *, reading: bool) -> list[Arrival]:
    """The first requests of a log that are tries of the same one. All but the last failed in a way
    that lets it be tried again.
    """
    again = {*NOT_LOOKED_AT, *DROPPED} if reading else NOT_LOOKED_AT
    for number, arrival in enumerate(log):
        if arrival.fault not in again or number == retries:
            return list(log[: number + 1])
    return list(log)


ERRORS = {
    "unsent": "ConnectionFailed",
    "too many": "ServerRefused",
    "unavailable": "ServerRefused",
    "unavailable after": "ServerRefused",
    "lost before": "ConnectionLost",
    "lost after": "ConnectionLost",
    "garbage after": "UnexpectedAnswer",
    "503 before": "ServerRefused",
    "503 after": "ServerRefused",
    "interrupt before": "KeyboardInterrupt",
    "interrupt after": "KeyboardInterrupt",
}
"""What a reading ends with that failed."""


def of_update(
    wish: Wish, planned: Json, tries: Sequence[Arrival], look: Arrival | None, policy: str
) -> Verdict:
    """What came of an update, from its last try and from the reading after it, if there was one.

    `planned`: what the server had when the plan was made.
    """
    last = tries[-1]
    if last.fault in {"unsent", "too many"}:
        return Verdict((ERRORS[last.fault],))
    if last.fault in UNANSWERED:
        return _looked_at(wish, planned, look, policy)
    wanted = wish.on(planned)
    if last.fault in {"fine", "no effect"}:
        if last.before[TYPE] == planned[TYPE]:
            # What nobody manages may be changed by somebody else.
            wanted = wish.on(last.before)
        return Verdict(("Stored",) if not differences(last.after, wanted) else ("Stored badly",))
    seen = _seen(planned, last.after, wanted)
    moved = bool(differences(planned, last.after))
    if last.fault == "refused":
        if differences(last.before, last.after):
            return Verdict(("Overtaken", "Unknown"), seen)
        theirs = bool(differences(planned, last.before))
        return Verdict(("Overtaken",) if theirs else ("Rejected",), seen)
    if seen == "wanted" and moved:
        unread = _unread(wish, planned, last.after, policy)
        return Verdict(("Unknown",) if unread else ("Stored",), seen)
    if last.done and moved:
        return Verdict(("Unknown",), seen)
    if moved:
        return Verdict(("Overtaken", "Unknown"), seen)
    visibly = bool(differences(planned, wanted))
    return Verdict(("Rejected",) if visibly else ("Unknown",), seen)


def _looked_at(wish: Wish, planned: Json, look: Arrival | None, policy: str) -> Verdict:
    if look is None or look.fault in ERRORS:
        return Verdict(("Unknown",))
    now, wanted = look.after, wish.on(planned)
    seen = _seen(planned, now, wanted)
    unread = _unread(wish, planned, now, policy)
    return Verdict(("Stored",) if seen == "wanted" and not unread else ("Unknown",), seen)


def _unread(wish: Wish, planned: Json, now: Json, policy: str) -> bool:
    """Whether a secret was sent that cannot be read back. Those that are kept were not sent."""
    kept_ones = set(staying(wish, planned)) if policy == "keep" else set()
    return bool(set(hidden(wish, now)) - kept_ones)


def _seen(planned: Json, now: Json, wanted: Json) -> str:
    if not differences(now, wanted):
        return "wanted"
    return "other" if differences(planned, now) else "before"
