"""Random sequences of edits, foreign edits, plans and applies, with all that can go wrong, against
a second opinion of what must come of each.
"""

from __future__ import annotations

import tempfile
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import event, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from confsync.errors import ConfsyncError
from confsync.jmap.client import Client, Patience
from confsync.jmap.write import Credentials
from confsync.kinds import RISKS
from confsync.sandbox.storage import Storage
from confsync.sync.outcome import NotBegun, Outcome, Stored
from confsync.sync.secret import Vault
from confsync.sync.values import Failed, Target
from confsync.workflow.apply import How, apply, apply_planned
from confsync.workflow.plan import plan, save
from confsync.workflow.server import Session
from confsync.workflow.session import Reach
from confsync.workflow.targets import Access, Aim, Options
from tests.endurance.case import RETRIES, Case
from tests.endurance.opinion import (
    differences,
    fingerprint,
    hidden,
    looks_alike,
    nothing_to_send,
    refused,
    same,
)
from tests.endurance.states import (
    SAID,
    STORED,
    THEIRS,
    VARIABLES,
    Json,
    Wish,
    file_text,
    references,
    stored,
    url_references,
)
from tests.endurance.wire import FAULTS, KEY, Fault, Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from confsync.sync.values import Plan

PARTS = 4
"""Tests that share the sequences, so that they run side by side."""
MOST = 10_000
STEPS = 12
TARGET = Target("mail", "https://mail.example.com")
READ_AGAIN = "question"
NO_ACCESS = Access("https://mail.example.com", insecure_http=False, ca_file=None, client_cert=None,
                   client_key=None, proxy=None, timeout=5, retries=0)  # fmt: skip
OFTEN: list[Fault] = ["lost before", "lost after", "lost after", "unavailable"]


def sequences() -> int:
    """How many sequences each part tries: 200 in all, 10,000 in the long profile."""
    return max(1, min(settings().max_examples // 5, MOST) // PARTS)


@dataclass(frozen=True)
class Opened(Reach):
    """Reaches every target by a session that is open already."""

    opened: Session | None = None

    def session(self, aim: Aim) -> AbstractContextManager[Session]:
        del aim
        assert self.opened is not None
        return nullcontext(self.opened)


@dataclass(frozen=True)
class Kept:
    """A saved plan, and all that it was made of."""

    wish: Wish
    policy: str
    live: Json


@dataclass(frozen=True)
class Trouble:
    """What goes wrong during an apply: faults of its requests, and somebody else's changes."""

    faults: tuple[Fault, ...] = ()
    foreign: tuple[tuple[int | str, Json], ...] = ()


@st.composite
def troubles(draw: st.DrawFn, theirs: st.SearchStrategy[Json]) -> Trouble:
    """Most often one thing goes wrong, or nothing. `theirs`: what somebody else may store."""
    faults: tuple[Fault, ...] = ()
    foreign: tuple[tuple[int | str, Json], ...] = ()
    what = draw(st.sampled_from(["nothing", "fault", "foreign", "foreign", "faults", "all"]))
    if what in {"fault", "all"}:
        lead = draw(st.integers(0, 2))
        found: list[Fault] = ["fine"] * lead
        faults = (*found, draw(st.sampled_from([*FAULTS, *OFTEN])))
    if what == "faults":
        faults = tuple(draw(st.lists(st.sampled_from(("fine", *FAULTS)), max_size=5)))
    if what in {"foreign", "all"}:
        when: list[int | str] = [READ_AGAIN, READ_AGAIN, 1, 1, "inside", "behind", 2, 3]
        moments = draw(st.lists(st.sampled_from(when), min_size=1, max_size=2, unique=True))
        foreign = tuple((moment, draw(theirs)) for moment in moments)
    return Trouble(faults, foreign)


class Sequences(RuleBasedStateMachine):
    """A server, a file, an environment, and what people do with them."""

    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        self.here = Path(self._directory.name)
        self.storage = Storage(None, None)
        self.kept: Kept | None = None
        self.digests: dict[tuple[str, ...], str] = {}
        self.looked: tuple[tuple[str, ...], Json] | None = None

    def teardown(self) -> None:
        self._directory.cleanup()

    # Edits

    @initialize(
        written=SAID.states(),
        values=st.tuples(*(st.sampled_from(texts) for texts in VARIABLES.values())),
    )
    def begin(self, written: Json, values: tuple[str, ...]) -> None:
        self.wish = Wish(written, dict(zip(VARIABLES, values, strict=True)))
        self.policy = "send"
        self.storage.stored = stored(written, self._theirs)

    @rule(data=st.data())
    def something_changes(self, data: st.DataObject) -> None:
        changes = [
            self._another_file,
            self._edit_of_the_file,
            self._variable,
            self._options_chosen,
            self._somebody_edits,
        ]
        data.draw(st.sampled_from(changes))(data)

    def _another_file(self, data: st.DataObject) -> None:
        self._wish(written=data.draw(SAID.states()))

    def _edit_of_the_file(self, data: st.DataObject) -> None:
        self._wish(written=data.draw(SAID.edited(self.wish.written)))

    def _variable(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from([*self._used, *VARIABLES]))
        value = data.draw(st.sampled_from([*VARIABLES[name], None]))
        others = {key: text for key, text in self.wish.environment.items() if key != name}
        self._wish(environment=others if value is None else {**others, name: value})

    @property
    def _used(self) -> list[str]:
        return sorted(references(self.wish.written))

    def _options_chosen(self, data: st.DataObject) -> None:
        self._wish(unlisted=data.draw(st.sampled_from(["default", "keep"])))
        self.policy = data.draw(st.sampled_from(["send", "keep", "fail"]))

    def _somebody_edits(self, data: st.DataObject) -> None:
        self.storage.stored = data.draw(self._edits())

    def _edits(self) -> st.SearchStrategy[Json]:
        """What somebody may store who knows the file, with secrets of their own for missing ones;
        or anything.
        """
        edits = SAID.edited(self.wish.written).map(lambda state: stored(state, self._theirs))
        return st.one_of(edits, edits, STORED.states().map(stored))

    @property
    def _theirs(self) -> dict[str, str]:
        return {**dict.fromkeys(VARIABLES, THEIRS), **self.wish.environment}

    def _stirred(self, data: st.DataObject) -> Trouble:
        """Change something before an apply, most often, and draw what goes wrong during it."""
        match data.draw(st.sampled_from(["server", "file", "server", "nothing"])):
            case "server":
                self._somebody_edits(data)
            case "file":
                self._edit_of_the_file(data)
            case _:
                pass
        return data.draw(troubles(self._edits()))

    def _wish(self, **changes: Any) -> None:  # noqa: ANN401 - the fields of a wish
        self.wish = Wish(**{**vars(self.wish), **changes})

    # Plans

    @rule()
    def look(self) -> None:
        wire = Wire(self.storage)
        found = self._plan(wire)
        assert [arrival.patch for arrival in wire.log] == [None]
        self._planned(found)
        live = deepcopy(self.storage.stored)
        self.looked = (self._key(live), live)
        self.digests[self._key(live)] = found.digest

    @rule()
    def save_a_plan(self) -> None:
        found = self._plan(Wire(self.storage))
        self._planned(found)
        save(found, str(self.here / "a.plan"))
        assert {path.name for path in self.here.iterdir()} == {"a.yaml", "a.plan"}
        live = deepcopy(self.storage.stored)
        self.kept = Kept(self.wish.over(live), self.policy, live)

    def _plan(self, wire: Wire) -> Plan:
        return plan(
            [self._file()],
            self._session(wire),
            environment=self.wish.environment,
            options=self._options(),
        )

    def _planned(self, found: Plan) -> None:
        live = self.storage.stored
        key = self._key(live)
        for known, digest in self.digests.items():
            assert (known == key) <= (digest == found.digest), "equal inputs, another digest"
        if self.looked is not None and self.digests[self.looked[0]] == found.digest:
            assert looks_alike(self.looked[1], live), "the same digest on another state"
        if not url_references(self.wish.written) & self.wish.missing:
            assert bool(found.difference.changes) == bool(differences(live, self.wish.on(live)))
            unknown = [item for item in found.difference.unknown if item.hidden]
            assert len(unknown) == len(hidden(self.wish, live))
            refusal = refused(self.wish, live, self.policy)
            assert refusal is None or bool(found.refusals) == refusal
            if not found.refusals:
                assert found.empty == nothing_to_send(self.wish, live, self.policy)

    def _key(self, live: Json) -> tuple[str, ...]:
        """All that a digest depends on, secrets as their references."""
        text = file_text(self.wish.written)
        return (text, self.wish.unlisted, self.policy, fingerprint(live))

    # Applies

    @rule(data=st.data())
    def apply_without_a_question(self, data: st.DataObject) -> None:
        self._apply(self._stirred(data), self._run)

    @rule(data=st.data(), answer=st.sampled_from([True, True, False]))
    def apply_after_a_question(self, data: st.DataObject, answer: bool) -> None:  # noqa: FBT001 - drawn
        trouble = self._stirred(data)

        def asked(session: Session) -> Outcome:
            def ask(_: Plan) -> bool:
                self._foreign(trouble, READ_AGAIN)
                return answer

            return self._run(session, ask=ask)

        self._apply(trouble, asked, asking=True, answer=answer)

    @precondition(lambda self: self.looked is not None)
    @rule(data=st.data())
    def apply_what_was_looked_at(self, data: st.DataObject) -> None:
        trouble = data.draw(troubles(self._edits()))
        assert self.looked is not None
        key, live = self.looked
        digest = self.digests[key]

        def expected(now: Json) -> bool | None:
            return (True if key == self._key(now) else None) if looks_alike(live, now) else False

        self._apply(trouble, lambda session: self._run(session, expect=digest), expected=expected)

    @precondition(lambda self: self.kept is not None)
    @rule(data=st.data())
    def apply_a_saved_plan(self, data: st.DataObject) -> None:
        trouble = data.draw(troubles(self._edits()))
        assert self.kept is not None
        live = self.kept.live

        def expected(now: Json) -> bool | None:
            equal = True if fingerprint(live) == fingerprint(now) else None
            return equal if looks_alike(live, now) else False

        wish = Wish(**{**vars(self.kept.wish), "environment": self.wish.environment})

        def use(session: Session) -> Outcome:
            (outcome,) = apply_planned(
                str(self.here / "a.plan"),
                self.here,
                NO_ACCESS,
                Opened(wish.environment, session.vault, opened=session),
                How(),
            )
            assert not isinstance(outcome, NotBegun | Failed)
            return outcome

        self._apply(trouble, use, expected=expected, wish=wish, policy=self.kept.policy)

    def _run(
        self,
        session: Session,
        *,
        ask: Callable[[Plan], bool] | None = None,
        expect: str | None = None,
    ) -> Outcome:
        return apply(
            [self._file()],
            session,
            environment=self.wish.environment,
            options=self._options(),
            ask=ask,
            expect=expect,
        )

    def _apply(  # noqa: PLR0913 - all that an apply depends on
        self,
        trouble: Trouble,
        use: Callable[[Session], Outcome],
        *,
        asking: bool = False,
        answer: bool = True,
        expected: Callable[[Json], bool | None] = lambda _: True,
        wish: Wish | None = None,
        policy: str | None = None,
    ) -> None:
        """Apply, and hold what is said of it against what the server did."""
        foreign = {moment: partial(self._foreign, trouble, moment) for moment, _ in trouble.foreign}
        wire = Wire(self.storage, trouble.faults, foreign)
        case = Case(wish or self.wish, policy or self.policy, expected, asking, answer, wire)
        result: Outcome | BaseException
        try:
            result = use(self._session(wire))
        except (ConfsyncError, KeyboardInterrupt) as error:
            result = error
        event(type(result).__name__)
        case.check(result)
        if isinstance(result, Stored) and result.verified and not result.overwritten:
            self._straight_after(case)

    def _straight_after(self, case: Case) -> None:
        """A plan straight after a verified apply shows nothing but hidden secrets."""
        if case.wish.written is self.wish.written and self.wish.unlisted == "default":
            last = case.wire.log[-1]
            if same(last.after, self.storage.stored):
                found = self._plan(Wire(self.storage))
                assert found.difference.changes == ()
                assert all(unknown.hidden for unknown in found.difference.unknown)

    def _foreign(self, trouble: Trouble, moment: int | str) -> None:
        for when, state in trouble.foreign:
            if when == moment:
                self.storage.stored = state

    def _session(self, wire: Wire) -> Session:
        """One as a run of the program has it: with a vault of its own."""
        vault = Vault()
        patience = Patience(retries=RETRIES, clock=lambda: 0.0, sleep=lambda _: None)
        return Session(TARGET, Client(wire, Credentials(vault.seal(KEY)), vault, patience), vault)

    def _options(self) -> Options:
        # Random URLs are mostly such that no server starts with them.
        allow = frozenset(RISKS)
        return Options(self.wish.unlisted, self.policy, allow)  # type: ignore[arg-type]  # drawn from them

    def _file(self) -> str:
        file = self.here / "a.yaml"
        file.write_text(file_text(self.wish.written), encoding="utf-8")
        return str(file)


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_people_do_what_is_said_of_the_server_is_true(part: int) -> None:
    machine = seed(part)(Sequences)
    run_state_machine_as_test(
        machine, settings=settings(max_examples=sequences(), stateful_step_count=STEPS)
    )
