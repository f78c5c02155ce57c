"""Apply to several targets: all are planned and decided on before anything is sent to one."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.errors import ConfsyncError, Declined, Fault, WrongUsage
from confsync.guard import alone, callers, discreet
from confsync.sync.outcome import Ended, NotBegun, NotSent, as_wanted
from confsync.sync.values import Failed
from confsync.workflow.apply import (
    apply,
    apply_saved,
    check_still_planned,
    declined,
    plan_to_apply,
    refuse,
)
from confsync.workflow.audit import entry as audited
from confsync.workflow.per_target import failed
from confsync.workflow.saved import saved
from confsync.workflow.send import send
from confsync.workflow.session import aim_of_saved
from confsync.workflow.targets import same_server_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from confsync.sync.values import Plan
    from confsync.workflow.audit import Audit, Entry
    from confsync.workflow.server import Session
    from confsync.workflow.session import Reach
    from confsync.workflow.targets import Access, Aim


@dataclass(frozen=True)
class _Ready:
    plan: Plan
    session: Session


@discreet
def apply_all(  # noqa: PLR0913 - what touches the world is passed in, each by its name
    aims: Sequence[Aim],
    reach: Reach,
    *,
    environment: Mapping[str, str],
    allow_commands: bool = False,
    expect: str | None = None,
    audit: Audit | None = None,
    show: Callable[[Sequence[Plan | Failed]], None],
    ask: Callable[[Sequence[Plan]], bool] | None = None,
) -> tuple[Ended, ...]:
    """Bring one server, or several one after another in the order given, to their desired states.

    All are planned, with every reference resolved, and `show` gets all plans. If one target cannot
    be planned nothing is sent to any. `ask` says whether to go on with all, and answers for each
    risk among their refusals; all live states are then read again and must still be the planned
    ones. The first target that does not end as wanted ends the run. The other arguments are those
    of `apply`, which is what is done with one target alone. Raises Refused and Declined, where
    nothing was changed anywhere, and WrongUsage for several targets with one digest.
    """
    if len(aims) == 1:
        (aim,) = aims
        with reach.session(aim) as session:
            outcome = apply(
                aim.files,
                session,
                environment=environment,
                options=aim.options,
                allow_commands=allow_commands,
                expect=expect,
                audit=audit,
                show=lambda plan: show([plan]),
                ask=None if ask is None else lambda plan: ask([plan]),
            )
        return (outcome,)
    if expect is not None:
        hint = "choose with --target the one that the digest is of"
        raise WrongUsage("a digest is of the plan of one target", hint=hint)
    reach.check(aims)
    if facts := same_server_facts(aims):
        hint = "choose one of them with --target: the last one would overwrite the others"
        raise Declined("; ".join(facts), hint=hint)
    with ExitStack() as stack:
        found = [
            _ready(aim, reach, stack, environment, allow_commands=allow_commands) for aim in aims
        ]
        callers(show)([one if isinstance(one, Failed) else one.plan for one in found])
        ready = [one for one in found if not isinstance(one, Failed)]
        if len(ready) < len(found):
            return tuple(one if isinstance(one, Failed) else NotBegun(one.plan) for one in found)
        with ExitStack() as books:
            entries = [books.enter_context(audited(audit, one.plan)) for one in ready]
            _decide(ready, ask)
        return _applied(ready, entries)


@discreet
def apply_planned(  # noqa: PLR0913 - what touches the world is passed in, each by its name
    path: str,
    directory: Path,
    access: Access,
    *,
    reach: Reach,
    environment: Mapping[str, str],
    allow_commands: bool = False,
    audit: Audit | None = None,
    show: Callable[[Sequence[Plan | Failed]], None],
) -> tuple[Ended, ...]:
    """Do what a saved plan says, or nothing, on the server that it was made for.

    `directory` is where the run is, for its `confsync.yaml`. Raises what `apply_saved` does.
    """
    aim = aim_of_saved(directory, saved(path).target, access)
    with reach.session(aim) as session:
        outcome = apply_saved(
            path,
            session,
            environment=environment,
            allow_commands=allow_commands,
            audit=audit,
            show=lambda plan: show([plan]),
        )
    return (outcome,)


def _ready(
    aim: Aim,
    reach: Reach,
    stack: ExitStack,
    environment: Mapping[str, str],
    *,
    allow_commands: bool,
) -> _Ready | Failed:
    """A target's plan, and its session, which stays open until the stack is closed."""
    try:
        session = stack.enter_context(reach.session(aim))
        with _turn(session):
            plan = plan_to_apply(
                aim.files,
                session,
                environment=environment,
                options=aim.options,
                allow_commands=allow_commands,
            )
    except Fault:
        raise
    except ConfsyncError as error:
        return failed(aim, error)
    return _Ready(plan, session)


@contextmanager
def _turn(session: Session) -> Iterator[None]:
    """Hold no connection after a target's turn: many targets would need as many open files, and a
    connection can break while it waits.
    """
    try:
        yield
    finally:
        session.disconnect()


def _decide(ready: Sequence[_Ready], ask: Callable[[Sequence[Plan]], bool] | None) -> None:
    """Raise Refused or Declined, unless all of it may be done."""
    plans = [one.plan for one in ready]
    refuse(plans, asking=ask is not None)
    pending = [one for one in ready if not one.plan.empty]
    if ask is None or not pending:
        return
    if not callers(ask)(plans):
        raise declined(plans)
    for one in pending:
        with _turn(one.session):
            check_still_planned(one.plan, one.session, one.plan.target.name)


def _applied(ready: Sequence[_Ready], entries: Sequence[Entry]) -> tuple[Ended, ...]:
    """Send what is to be sent, until one target does not end as wanted or an interrupt comes."""
    ended: list[Ended] = []
    for one, entry in zip(ready, entries, strict=True):
        if one.plan.empty:
            ended.append(entry.ended(NotSent(one.plan)))
        elif _interrupted(ready, entries, ended):
            ended.append(NotBegun(one.plan, interrupted=True))
        elif all(map(as_wanted, ended)):
            ended.append(_sent(one, entry, first=all(isinstance(e, NotSent) for e in ended)))
        else:
            ended.append(NotBegun(one.plan))
    return tuple(ended)


def _interrupted(ready: Sequence[_Ready], entries: Sequence[Entry], ended: Sequence[Ended]) -> bool:
    """Whether an interrupt came: before an update, while it was finished, or its end written."""
    before = any(isinstance(one, NotBegun) and one.interrupted for one in ended)
    after = any(entry.interrupted for entry in entries)
    return before or after or any(one.session.server.interrupted for one in ready)


def _sent(one: _Ready, entry: Entry, *, first: bool) -> Ended:
    """The end of one target. An interrupt before anything was sent to any is raised."""
    try:
        with _turn(one.session):
            outcome = send(one.plan, entry.begin(one.session))
        return entry.ended(outcome)
    except BaseException as found:
        if unknown := entry.failed(found):
            return unknown
        if isinstance(found, ConfsyncError):
            return Failed(one.plan.target, alone(found), one.plan)
        if isinstance(found, KeyboardInterrupt) and not first:
            return NotBegun(one.plan, interrupted=True)
        raise
