"""One apply, held against what the server did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.sandbox.pointer import parse, text
from confsync.sync.outcome import Outcome, Stored, Unknown
from tests.endurance.opinion import (
    ERRORS,
    Verdict,
    differences,
    kept,
    may_be_sent,
    nothing_to_send,
    of_update,
    refused,
    same,
    staying,
    tried,
)
from tests.endurance.states import TYPE, Json, Wish, url_references
from tests.endurance.wire import NOT_LOOKED_AT, Arrival, Wire
from tests.sync.second_opinion import passwords, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

RETRIES = 2


@dataclass(frozen=True)
class Case:
    """One apply, and all that the second opinion knows of it.

    `expected`: whether the plan on some state is the one that was looked at; None: it may be.
    """

    wish: Wish
    policy: str
    expected: Callable[[Json], bool | None]
    asking: bool
    answer: bool
    wire: Wire

    def check(self, result: Outcome | BaseException) -> None:
        """Raise AssertionError unless what is said is true, and what was done was allowed."""
        self._what_was_sent()
        name = type(result).__name__
        if isinstance(result, Stored) and not result.verified:
            name = "Stored badly"
        verdict = self._verdict()
        assert name in verdict.words, f"{name} is not the truth, but one of {verdict.words}"
        done = any(arrival.done for arrival in self.wire.log)
        unchanged = isinstance(result, BaseException) and getattr(result, "unchanged", True)
        if unchanged or name in {"NotSent", "Rejected", "Overtaken"}:
            assert not done, "it was changed"
        if isinstance(result, Stored):
            self._stored(result)
        if isinstance(result, Unknown):
            assert result.seen == verdict.seen

    # What was sent

    def _what_was_sent(self) -> None:
        sent = [arrival for arrival in self.wire.log if arrival.patch is not None]
        assert len(sent) <= RETRIES + 1
        for arrival in sent[:-1]:
            assert self._may_be_sent_again(arrival), "it was sent again, and may have been done"
        for arrival in sent:
            assert arrival.patch, "an update was sent that changes nothing"
            self._holds_what_was_asked_for(arrival.patch)

    def _holds_what_was_asked_for(self, patch: Json) -> None:
        live = self._read.after
        tokens = {text(token) for key in patch for token in parse(key)}
        found = {*tokens, *(word for value in patch.values() for word in texts(value))}
        assert found <= may_be_sent(self.wish, live), "what nobody asked for was sent"
        if self.policy == "keep":
            told = {"/".join((*path, "secret")) for path in staying(self.wish, live)}
            assert not told & patch.keys(), "a secret was sent that is to be kept"

    def _may_be_sent_again(self, arrival: Arrival) -> bool:
        return arrival.fault in NOT_LOOKED_AT or (
            arrival.fault.startswith("unavailable")
            and not differences(self._read.after, arrival.after)
        )

    @property
    def _read(self) -> Arrival:
        """The planning read: its last try."""
        return tried(self.wire.log, RETRIES, reading=True)[-1]

    # What is true

    def _verdict(self) -> Verdict:
        """Every result that is true, from what the server did, step by step."""
        log = self.wire.log
        missing = self.wish.missing
        if missing and (self.policy != "keep" or url_references(self.wish.written) & missing):
            return Verdict(("SecretUnavailable",) if not log or self.policy == "keep" else ())
        reading = tried(log, RETRIES, reading=True)
        rest = log[len(reading) :]
        if reading[-1].fault in ERRORS:
            return Verdict(() if rest else (ERRORS[reading[-1].fault],))
        live = reading[-1].after
        if not rest:
            return self._without_more(live)
        assert self.expected(live) is not False, "a stale plan was applied"
        assert refused(self.wish, live, self.policy) is not True, "it was to be refused"
        assert self.answer, "nobody said yes"
        if self.asking:
            reading = tried(rest, RETRIES, reading=True)
            rest = rest[len(reading) :]
            if reading[-1].fault in ERRORS:
                return Verdict(() if rest else (ERRORS[reading[-1].fault],))
            moved = bool(differences(live, reading[-1].after))
            if not rest:
                return Verdict(("Declined",) if moved else ())
            assert not moved, "it was not what was planned on"
        tries = self._tries(rest)
        look = tried(rest[len(tries) :], RETRIES, reading=True)
        assert len(tries) + len(look) == len(rest)
        return of_update(self.wish, live, tries, look[-1] if look else None, self.policy)

    def _without_more(self, live: Json) -> Verdict:
        """What can end an apply after its first reading."""
        expected = self.expected(live)
        refusal = refused(self.wish, live, self.policy)
        words: list[str] = []
        if self.wish.missing:
            words.append("SecretUnavailable")
        if expected is not True:
            words.append("Declined")
        if self.asking and not self.answer:
            words.append("Cancelled")
        if refusal is not False:
            words += ["Refused", "Declined"]
        if nothing_to_send(self.wish, live, self.policy):
            # Where nothing is to be sent nobody is asked.
            asked = expected is True and refusal is False and not self.wish.missing
            words = ["NotSent"] if asked else [*words, "NotSent"]
        return Verdict(tuple(words))

    def _tries(self, rest: list[Arrival]) -> list[Arrival]:
        for number, arrival in enumerate(rest):
            if not self._may_be_sent_again(arrival) or number == RETRIES:
                return rest[: number + 1]
        return rest

    # What it says of what was stored

    def _stored(self, result: Stored) -> None:
        live = self._read.after
        last = next(each for each in reversed(self.wire.log) if each.patch is not None)
        wanted = kept(self.wish, live) if self.policy == "keep" else self.wish.on(live)
        if result.verified and last.done and not self.wire.disturbed:
            assert same(self.wire.log[-1].after, wanted), "it is not what was wanted"
        if result.lost:
            return
        foreign, ours = differences(live, last.before), differences(last.before, last.after)
        assert bool(result.foreign) == bool(foreign)
        if _fields_alone((live, last.before, last.after)) and ("urls",) not in {*foreign, *ours}:
            assert bool(result.overwritten) == bool(_places(foreign) & _places(ours))


def _fields_alone(states: Iterable[Json]) -> bool:
    """Whether states of one variant can be compared field by field: no shards, and no passwords in
    URLs, which pair members that look alike.
    """
    found = list(states)
    urls = [url for state in found for url in [*state.get("urls", {}), state.get("url", "")]]
    one = len({state[TYPE] for state in found}) == 1
    return one and found[0][TYPE] != "Sharded" and not any(map(passwords, urls))


def _places(found: Iterable[tuple[str, ...]]) -> set[tuple[str, ...]]:
    """Changed places; a member of a set is one whether it comes or goes."""
    return {tuple(part for part in path if part not in {"+", "-"}) for path in found}
