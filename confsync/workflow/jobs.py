"""Read targets side by side, in threads."""

from __future__ import annotations

from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from threading import Event, current_thread
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from confsync.errors import ConnectionFailed, WrongUsage
from confsync.net.http import begin
from confsync.secrets.built_in import end_commands
from confsync.store.durations import milliseconds, wrong_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from threading import Thread

T = TypeVar("T")
R = TypeVar("R")

_GLANCE = 0.05
_LAST = 2.0
"""Seconds that threads get to end after an interrupt."""
_MOST_SLOW = 64
"""Slow targets that others do not wait for."""


def untold(_read: int, _all: int) -> None:
    """Ignore progress."""


@dataclass(frozen=True)
class Jobs:
    """Targets read at once: `number`; updated at once: `updated`. A target that takes more than
    `slow` seconds to read is not counted, so that silent servers hold up no other.

    `tell` gets the targets that are read, and all. `stop` ends the connections of the run. `late`:
    returns True after the deadline of the run, when no target is begun any more.
    """

    number: int = 1
    tell: Callable[[int, int], None] = untold
    stop: Event = field(default_factory=Event)
    slow: float = 5.0
    late: Callable[[], bool] = lambda: False
    updated: int = 1


def passed(duration: str, option: str) -> Callable[[], bool]:
    """Returns True after a time from now, like 10m. Raises WrongUsage for no duration."""
    length = milliseconds(duration)
    if not length:
        wrong = wrong_duration(duration, "it", "write a duration like 10m", nullable=False)
        raise WrongUsage(f"{option}: {wrong.message}", hint=wrong.hint)
    end = monotonic() + length / 1000
    return lambda: monotonic() >= end


ALONE = Jobs()
"""For one target."""


def side_by_side(
    act: Callable[[T], R],
    items: Iterable[T],
    jobs: Jobs,
    ended: Callable[[R], None] | None = None,
) -> tuple[R, ...]:
    """The results of `act`, in the order of the items. An error of one ends the others. `ended`
    gets each result when it is there, in the thread of the caller.

    One job, or one item, is done in the thread of the caller. After an interrupt no thread is left
    that waits for a server or a command.
    """
    known = [*items]
    if min(jobs.number, len(known)) > 1:
        return _Run(act, known, jobs).results(ended)
    found: list[R] = []
    jobs.tell(0, len(known))
    for item in known:
        found.append(act(item))
        if ended is not None:
            ended(found[-1])
        jobs.tell(len(found), len(known))
    return tuple(found)


class _Run:
    """One run of `side_by_side` in threads."""

    def __init__(self, act: Callable[[T], R], items: Sequence[T], jobs: Jobs) -> None:
        self._jobs = jobs
        self._left: SimpleQueue[tuple[int, Callable[[], object]]] = SimpleQueue()
        for number, item in enumerate(items):
            self._left.put((number, partial(act, item)))
        self._all = len(items)
        self._ends: SimpleQueue[tuple[int, object, BaseException | None]] = SimpleQueue()
        self._begun: dict[int, float] = {}
        self._threads: set[Thread] = set()
        self._slow: set[int] = set()

    def results(self, tell: Callable[[R], None] | None) -> tuple[R, ...]:
        found: dict[int, object] = {}
        self._jobs.tell(0, self._all)
        try:
            for _ in range(min(self._jobs.number, self._all)):
                self._start()
            while len(found) < self._all:
                self._replace_slow()
                if ended := self._ended():
                    found |= ended
                    for result in ended.values() if tell is not None else ():
                        tell(result)  # type: ignore[misc, arg-type] # what `act` returned
                    self._jobs.tell(len(found), self._all)
        except BaseException:
            self._end()
            raise
        return tuple(found[number] for number in range(self._all))  # type: ignore[misc] # what `act` returned

    def _ended(self) -> dict[int, object]:
        """The next result, with the number of its item. Raises its error."""
        try:
            number, result, error = self._ends.get(timeout=_GLANCE)
        except Empty:
            return {}
        if error is not None:
            raise error
        return {number: result}

    def _start(self) -> None:
        """Start a thread; without room for one, those that run do all. Raises ConnectionFailed."""
        try:
            work = partial(copy_context().run, self._work)
            self._threads.add(begin(work, "confsync-target"))
        except ConnectionFailed:
            if not self._threads:
                raise

    def _work(self) -> None:
        # Here too: an interrupt may have come in `begin`, and `_end` waits for this one as well.
        self._threads.add(current_thread())
        while not self._jobs.stop.is_set():
            try:
                number, act = self._left.get_nowait()
            except Empty:
                return
            self._begun[number] = monotonic()
            result, error = None, None
            try:
                result = act()
            except BaseException as raised:  # noqa: BLE001 - raised by the thread of the caller
                error = raised
            del self._begun[number]
            self._ends.put((number, result, error))

    def _replace_slow(self) -> None:
        """Start a thread for each target that has become slow."""
        late = monotonic() - self._jobs.slow
        for number, begun in tuple(self._begun.items()):
            if begun < late and number not in self._slow and len(self._slow) < _MOST_SLOW:
                self._slow.add(number)
                if not self._left.empty():
                    self._start()

    def _end(self) -> None:
        self._jobs.stop.set()
        end = monotonic() + _LAST
        while monotonic() < end:
            threads = [thread for thread in tuple(self._threads) if thread.is_alive()]
            if not threads:
                return
            # One may just have started a command.
            end_commands()
            for thread in threads:
                thread.join(_GLANCE / len(threads))
