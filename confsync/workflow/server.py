"""Server of a session: read an object, show it, send an update (product page, section 5)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from confsync.errors import ConfsyncError, ConnectionFailed, Fault, ServerRefused
from confsync.guard import alone, caught, discreet
from confsync.jmap.client import silent
from confsync.jmap.decode import from_wire
from confsync.kinds import FIRST, KINDS, using
from confsync.kinds.kind import Kind
from confsync.net.http import begin
from confsync.store.encode import to_file
from confsync.sync.findings import fields_within
from confsync.sync.outcome import Outcome, Reload, Unknown, judged, looked, not_done

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from confsync.jmap.answers import Json
    from confsync.jmap.client import Decode, Exchange
    from confsync.kinds.table import Tables
    from confsync.kinds.table_file import Version
    from confsync.sync.secret import Vault
    from confsync.sync.values import Live, Patch, Plan, Target
    from confsync.workflow.once import Once
    from confsync.yaml.emit import Plain

INTERRUPTED = "interrupted while the update was under way"
"""The reason for an unknown outcome after an interrupt."""

_HURRY = 5.5
"""Seconds for an interrupted update: its answer, and one more reading."""
_GLANCE = 0.5
"""Seconds between two checks that the sending thread is alive."""

Sending: TypeAlias = Literal[
    "under way", "finishing", "not sent", "known", "reloading", "restarting"
]
"""State of an update: may have left; interrupted; not sent, or not looked at; over. Then a reload
of the settings may leave, or a command may restart the server; both end with `known` too.
"""


class Server(Protocol):
    """Reads and updates one object, one request each, like `jmap.client.Client`."""

    def read(self, name: str, decode: Decode) -> Live:
        """Get it. Raises the errors of a connection, ServerRefused, UnexpectedAnswer."""

    def read_all(self, wanted: Mapping[str, Decode]) -> dict[str, Live]:
        """Get several objects, 16 in a request. Raises as `read` does."""

    def edition(self) -> str:
        """The edition of the server, empty if unknown. Raises as `read` does."""

    def schema(self, origin: str) -> Version:
        """The tables of the schema that it publishes. Raises as `read` does."""

    def update(
        self, name: str, patch: Patch, decode: Decode, *, not_done: Callable[[Exchange], bool]
    ) -> Exchange:
        """Update it, and get it before and after; again if `not_done`. Raises as `read` does."""

    def reload(self) -> Reload:
        """Have the server reload its settings. Raises as `update` does."""

    @property
    def interrupted(self) -> bool:
        """True after `hurry`."""

    def hurry(self) -> None:
        """End requests of other threads within a few seconds."""


@dataclass(frozen=True)
class Session:
    """A server, its name, and the vault of this run. `sending` gets each state of an update.
    `tables`: of the server's schema; None: those in use. `once`: what targets of a run share;
    None: nothing, each use reads the files again.
    """

    target: Target
    server: Server
    vault: Vault
    sending: Callable[[Sending], None] = silent
    tables: Tables | None = None
    once: Once | None = field(default=None, repr=False)


def read(name: str, session: Session) -> Live:
    """The live state of an object. One request."""
    with using(session.tables):
        return session.server.read(name, decoder(KINDS[name], session.vault))


def read_all(names: Sequence[str], session: Session) -> tuple[Live, ...]:
    """The live states of objects. One request for each 16. Raises ServerRefused, also for objects
    that the server does not know.
    """
    if len(names) == 1:
        return (read(names[0], session),)
    with using(session.tables):
        found = read_known(names, session)
    if unknown := [name for name in names if name not in found]:
        fact = f"the server does not know {', '.join(unknown)} (unknownMethod)"
        hint = "its version is older: remove these objects from the files"
        raise ServerRefused(fact, status=200, hint=hint)
    return tuple(found[name] for name in names)


def read_known(names: Iterable[str], session: Session) -> Mapping[str, Live]:
    """The live states of those objects that the server knows. One request for each 16."""
    decoders = {name: decoder(KINDS[name], session.vault) for name in names}
    return session.server.read_all(decoders)


def decoder(kind: Kind, vault: Vault) -> Callable[[Mapping[str, Json]], Live]:
    """Decode answers about an object, and seal their passwords."""
    return lambda answer: from_wire(kind, answer, vault)


@discreet
def show(session: Session, names: Sequence[str] = (FIRST,)) -> tuple[Live, ...]:
    """The live states of objects. One request for each 16. Raises the errors of `plan`."""
    return read_all(names, session)


def as_document(states: Iterable[Live]) -> dict[str, Plain]:
    """Live states in the form of a file, every secret masked."""
    return {live.object: _shown(live) for live in states}


def _shown(live: Live) -> Plain:
    """A state without the fields that the server does not have."""
    shape = KINDS[live.object].shape
    document = to_file(live.tree, shape)
    absent = {one.field for one in live.absent}
    for path in fields_within(live.tree, shape, (), absent) if absent else ():
        around: Any = document
        for step in path[:-1]:
            around = around[step]
        del around[path[-1]]
    return document


class _Update:
    """An update in a thread of its own, which no signal reaches, and which waits for a word."""

    def __init__(self, plan: Plan, session: Session) -> None:
        self._plan, self.session = plan, session
        # No Event, whose lock an interrupt can leave locked. The first word counts.
        self.word: SimpleQueue[Literal["send", "stop"]] = SimpleQueue()
        self._done: SimpleQueue[None] = SimpleQueue()
        self.found: list[Outcome | BaseException] = []
        self.allowed = False
        self._thread = begin(self._work, "confsync-update")

    def _work(self) -> None:
        try:
            stopped = self.word.get() == "stop"
            self.found.append(
                KeyboardInterrupt() if stopped else caught(lambda: _sent(self._plan, self.session))
            )
        except BaseException as error:  # noqa: BLE001 - the waiting thread needs a result
            self.found.append(alone(error))
        self._done.put(None)

    def allow(self) -> None:
        """Let it be sent."""
        self.word.put("send")
        self.allowed = True

    def wait(self) -> None:
        """Wait for the result; a thread that died has none."""
        while not self.found and self._thread.is_alive():
            self.wait_until(monotonic() + _GLANCE)

    def wait_until(self, end: float) -> None:
        """Wait for the result until a time."""
        with suppress(Empty):
            if not self.found:
                self._done.get(timeout=max(0.0, end - monotonic()))

    def ended(self, without: str) -> Outcome | BaseException:
        """The result; `without`: why there is none."""
        result = self.found[0] if self.found else Unknown(self._plan, without)
        self.session.sending("not sent" if _certainly_not_sent(result) else "known")
        interrupted = isinstance(result, ConnectionFailed) and result.interrupted
        return KeyboardInterrupt() if interrupted else result


def _update(plan: Plan, session: Session) -> _Update | ConnectionFailed:
    """Without room for a thread the error ends this update, and no other."""
    try:
        return _Update(plan, session)
    except ConnectionFailed as failed:
        return failed


def send(due: Sequence[tuple[Plan, Session]]) -> list[Outcome | BaseException]:
    """Send the updates of plans, each to another server, once, and read the stored states.

    Threads that no signal reaches do both: a first interrupt makes them hurry, after a second one
    the outcomes that are missing are unknown. A result that is there when an interrupt comes
    counts. An error in place of an outcome is ConnectionFailed, ServerRefused if the server
    certainly did not look at the update, a fault, or KeyboardInterrupt if it was not sent.
    """
    updates = [_update(plan, session) for plan, session in due]
    begun = [one for one in updates if isinstance(one, _Update)]

    def results(without: str) -> list[Outcome | BaseException]:
        return [one.ended(without) if isinstance(one, _Update) else one for one in updates]

    try:
        for one in begun:
            one.session.sending("under way")
        for one in begun:
            one.allow()
        for one in begun:
            one.wait()
        return results("internal error in confsync: the update ended without a result")
    except KeyboardInterrupt:
        with suppress(KeyboardInterrupt):
            _hurry(begun)
        return results(INTERRUPTED)


def _hurry(updates: Sequence[_Update]) -> None:
    """After an interrupt, stop updates that did not get their word, and hurry the others."""
    for one in updates:
        one.word.put("stop")
        one.session.server.hurry()
    end = monotonic() + _HURRY
    if any(one.allowed and not one.found for one in updates):
        updates[0].session.sending("finishing")
    for one in updates:
        one.wait_until(end)


def _certainly_not_sent(result: Outcome | BaseException) -> bool:
    expected = isinstance(result, ConfsyncError) and not isinstance(result, Fault)
    return expected or isinstance(result, KeyboardInterrupt)


def _sent(plan: Plan, session: Session) -> Outcome:
    """Send the update. If it may have arrived it is never sent again: the state is read."""
    name, shape = plan.desired.object, plan.shape
    try:
        exchange = session.server.update(
            name,
            plan.patch,
            decoder(Kind(name, shape), session.vault),
            not_done=lambda found: not_done(plan, found.refusal, found.after, shape),
        )
        return judged(plan, exchange.before, exchange.refusal, exchange.after, shape)
    except ConfsyncError as error:
        refused = isinstance(error, ServerRefused) and error.certainly_not_done
        if refused or isinstance(error, ConnectionFailed | Fault):
            raise
        reason = error.message
    try:
        now = read(name, session)
    except ConfsyncError as error:
        return Unknown(plan, f"{reason}; reading the state afterwards failed too: {error.message}")
    return looked(plan, now, shape, reason)


def reload(session: Session) -> tuple[Reload, bool]:
    """Have the server reload its settings. True if an interrupt ended that. Raises nothing."""
    result = Reload("failed", "interrupted before the reload was sent")
    if session.server.interrupted:
        return result, True
    try:
        try:
            session.sending("reloading")
            result = Reload("unknown", "interrupted while the reload was under way")
            return _reloaded(session), False
        finally:
            session.sending("known")
    except KeyboardInterrupt:
        session.sending("known")
        return result, True


def _reloaded(session: Session) -> Reload:
    found = caught(session.server.reload)
    match found:
        case Fault():
            place = f" at {found.places[0]}" if found.places else ""
            reason = f"internal error in confsync: {found.message}{place}; please report this"
            return Reload("unknown", reason)
        case ConnectionFailed():
            return Reload("failed", found.message, found.hint)
        case ServerRefused(certainly_not_done=True):
            return Reload("failed", found.message, found.hint)
        case ConfsyncError():
            return Reload("unknown", found.message)
        case _:
            return found
