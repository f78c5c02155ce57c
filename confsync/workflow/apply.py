"""Apply: plan, ask, send the smallest update to one target or to several, and verify the result."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from confsync.errors import (
    Cancelled,
    ConfsyncError,
    Declined,
    Fault,
    Refused,
    WrongUsage,
)
from confsync.guard import alone, callers, caught, discreet
from confsync.kinds import using
from confsync.report.lines import changes_in_words
from confsync.report.printable import plural
from confsync.report.several import told_together
from confsync.store.mistakes import listed
from confsync.sync.compare import difference
from confsync.sync.findings import STALE, facts
from confsync.sync.outcome import Ended, NotBegun, NotSent, Outcome, changed
from confsync.sync.plan import check_no_secret_in_clear, is_digest, whole_digest
from confsync.sync.values import Failed, Finding, Plan, named, plans_by_target
from confsync.workflow.audit import Approval
from confsync.workflow.audit import entry as audited
from confsync.workflow.backup import back_up, with_backup
from confsync.workflow.in_turn import applied
from confsync.workflow.jobs import ALONE, side_by_side, untold
from confsync.workflow.load import check_output
from confsync.workflow.plan import made, only, saved
from confsync.workflow.server import read
from confsync.workflow.session import aims_of_saved, flat
from confsync.workflow.targets import DEFAULTS, Options, attempted, inputs, same_server_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from confsync.secrets.resolver import Moment
    from confsync.sync.tree import Object
    from confsync.sync.values import Target
    from confsync.workflow.after import After
    from confsync.workflow.audit import Audit, Entry
    from confsync.workflow.jobs import Jobs
    from confsync.workflow.server import Session
    from confsync.workflow.session import Reach
    from confsync.workflow.targets import Access, Aim

    Planned: TypeAlias = tuple[Plan, Session]
    Prepare: TypeAlias = Callable[[ExitStack], list[Planned]]
    """Makes the plans of a target. The stack holds its session."""

_AGAIN = "plan again and review it"


@dataclass(frozen=True)
class How:
    """How an apply goes on: see `apply`. `show` and `ask` get all plans. `keep_going`: no target
    stops another. `max_targets`, `max_changes`: larger plans are declined. `ended` gets the ends of
    targets when they are there. `after`: what is done with a target that must be restarted; one
    that it locks out stops the others in any case.
    """

    show: Callable[[Sequence[Plan | Failed]], None] | None = None
    ask: Callable[[Sequence[Plan]], bool] | None = None
    expect: str | None = None
    audit: Audit | None = None
    backup: str | None = None
    reload: bool = False
    keep_going: bool = False
    max_targets: int | None = None
    max_changes: int | None = None
    ended: Callable[[Sequence[Ended]], None] | None = None
    after: After | None = None


@dataclass
class _Ready:
    """Updates to be sent, by their places among all plans of the run; `ends`: of the others.
    `apart`: a target that is refused stops no other.
    """

    entries: dict[int, Entry]
    ends: dict[int, Ended]
    apart: bool

    @property
    def plans(self) -> list[Plan]:
        """The plans of the updates."""
        return [entry.plan for entry in self.entries.values()]

    @property
    def pending(self) -> bool:
        """True if there is something to send."""
        return not all(plan.empty for plan in self.plans)

    def test(self, check: Callable[[Sequence[Entry]], None]) -> None:
        """Check all updates together, or each target apart: then one that is refused ends."""
        targets: dict[int, list[int]] = {}
        for place, entry in self.entries.items():
            targets.setdefault(id(entry.session) if self.apart else 0, []).append(place)
        for places in targets.values():
            try:
                check([self.entries[place] for place in places])
            except ConfsyncError as error:
                if not self.apart or isinstance(error, Fault):
                    raise
                for place in places:
                    entry, first = self.entries.pop(place), place == places[0]
                    entry.failed(error)
                    plan = entry.plan
                    failed = Failed(plan.target, alone(error), plan) if first else None
                    self.ends[place] = failed or NotBegun(plan)


@discreet
def apply(  # noqa: PLR0913 - what touches the world is passed in, each by its name
    files: Sequence[str],
    session: Session,
    *,
    environment: Mapping[str, str],
    options: Options = DEFAULTS,
    allow_commands: bool = False,
    expect: str | None = None,
    audit: Audit | None = None,
    backup: str | None = None,
    reload: bool = False,
    show: Callable[[Plan], None] | None = None,
    ask: Callable[[Plan], bool] | None = None,
) -> Outcome:
    """Bring the server to the desired state.

    Every reference is resolved before anything is sent. `show` gets the plan, even an empty one,
    before anything is sent. `ask` returns True to go on, and answers for each risk among the plan's
    refusals; the live state is then read again and must still be the planned one. Without `ask`
    each risk must be allowed, and the state is not read again. `allow_commands` runs the commands
    that the files refer to. With `expect` nothing is sent unless the plan has that digest. `audit`
    records the apply before anything is sent, and its end. `backup`: a file for the state before,
    written before anything is sent. `reload`: afterwards the server reloads its settings, if an
    object takes effect by that, even if nothing differs; see `Stored.reload`. Raises the errors of
    `plan`, SecretUnavailable, Refused, Declined, and NotWritten and OutputFailed for the backup:
    nothing was changed then.
    """
    with using(session.tables):
        options.check()
    check_output("--backup", backup, files)
    moment: Moment = "allowed" if allow_commands else "apply"
    how = How(
        None if show is None else lambda plans: callers(show)(plans[0]),  # type: ignore[arg-type] # not Failed: it is alone
        None if ask is None else lambda plans: callers(ask)(plans[0]),
        *(expect, audit, backup, reload),
    )

    def prepared(_: ExitStack) -> list[Planned]:
        return [(one, session) for one in made(files, session, options, moment, environment)]

    return only(_run([(None, prepared)], how))  # type: ignore[return-value] # the only target has an outcome, or raised


def apply_all(
    aims: Sequence[Aim], reach: Reach, how: How, kept: Sequence[Plan] = ()
) -> tuple[Ended, ...]:
    """Bring one server, or several one after another in the given order, to their desired states.

    If planning one of several fails nothing is sent to any; errors of the only target are raised,
    after `ended` got that of its planning.
    The first target that does not end as wanted ends the run, unless that keeps going. `kept`: the
    saved plans of all of the targets. Raises Refused and Declined if nothing was changed anywhere,
    and WrongUsage for several targets with one backup.
    """
    if len(aims) > 1 and how.backup is not None:
        raise WrongUsage("--backup takes one target", hint="choose it with --target")
    check_output("--backup", how.backup, inputs(aims))
    reach.check(aims)
    if facts := same_server_facts(aims):
        hint = "choose one of them with --target: the last would overwrite the others"
        raise Declined("; ".join(facts), hint=hint)
    moment: Moment = "allowed" if reach.allow_commands else "apply"

    def failed(one: Failed) -> None:
        if how.ended is not None:
            how.ended([one])

    def prepared(aim: Aim, old: Sequence[Plan], stack: ExitStack) -> list[Planned]:
        with reach.reading(aim, failed):
            session = stack.enter_context(reach.session(aim))
            found = made(aim.files, session, aim.options, moment, reach.environment, old)
        return [(plan, session) for plan in found]

    old = plans_by_target(kept) or [[] for _ in aims]
    every = zip(aims, old, strict=True)
    return _run([(aim, partial(prepared, aim, one)) for aim, one in every], how, kept, reach.jobs)


def apply_planned(
    path: str, directory: Path, access: Access, reach: Reach, how: How
) -> tuple[Ended, ...]:
    """Apply a saved plan on its servers, without asking. A new plan on each live state must be
    equal.

    `directory` is searched for `confsync.yaml`. Raises the errors of `apply_all`, and Declined for
    a changed plan, another server or another state. Where a server already has the plan's state
    nothing is sent.
    """
    kept = saved(path, reach.once)
    origins = (origin for plan in kept for origin in plan.desired.origins.values())
    check_output("--backup", how.backup, [path, *(origin.file for origin in origins)])
    aims = aims_of_saved(directory, kept, access, reach)
    ended = apply_all(aims, reach, how, kept)
    done = all(isinstance(one, NotSent) for one in ended)
    if done and not all(plan.empty for plan in kept):
        have = "the server already has" if len(aims) == 1 else "the servers already have"
        reach.tell(f"nothing to do: {have} the state of this plan")
    return ended


def _run(
    targets: Sequence[tuple[Aim | None, Prepare]],
    how: How,
    kept: Sequence[Plan] = (),
    jobs: Jobs = ALONE,
) -> tuple[Ended, ...]:
    """Plan all side by side, show all, then decide on all and send."""
    expect = how.expect
    if expect is not None and not is_digest(expect):
        hint = "copy the whole digest from a plan of this version of confsync"
        raise WrongUsage("--expect: not a plan digest", hint=hint)
    with ExitStack() as stack:

        def prepared(one: tuple[Aim | None, Prepare]) -> list[Planned] | Failed:
            aim, prepare = one
            return attempted(aim, partial(prepare, stack))

        found = flat(side_by_side(prepared, targets, jobs))
        every = [one if isinstance(one, Failed) else one[0] for one in found]
        plans = [one for one in every if not isinstance(one, Failed)]
        apart = how.keep_going and len(targets) > 1
        stale = _unexpected(every, expect) if expect is not None else _stale(plans, kept)
        if how.show is not None:
            shown = {plan.target for plan in plans if stale and not apart} or {*stale}
            how.show(
                [_as_stale(one, saved=bool(kept)) if one.target in shown else one for one in every]
            )
        if len(plans) < len(every) and not apart:
            return tuple(one if isinstance(one, Failed) else NotBegun(one) for one in every)
        for plan in plans if expect is not None else ():
            check_no_secret_in_clear(plan.desired.written)
        return _decided(found, how, stale, jobs, kept, apart=apart)


def _decided(  # noqa: PLR0913 - all that a decision depends on
    found: Sequence[Planned | Failed],
    how: How,
    stale: Mapping[Target, Declined],
    jobs: Jobs,
    kept: Sequence[Plan],
    *,
    apart: bool,
) -> tuple[Ended, ...]:
    """Decide on all plans, then send, object by object."""
    left, ask, approval = _Ready({}, {}, apart), how.ask, _approval(how, kept)
    with ExitStack() as books:
        urls = [one[0].target.url for one in found if not isinstance(one, Failed)]
        if how.audit is not None and urls:
            how.audit.begin(urls)
        for place, one in enumerate(found):
            if isinstance(one, Failed):
                left.ends[place] = one
            else:
                left.entries[place] = books.enter_context(audited(how.audit, *one, approval))
        left.test(partial(_check_current, stale=stale))
        _check_size(left.plans, how)
        left.test(partial(_decide, saved=bool(kept), asking=ask is not None))
        if ask is not None and left.pending:
            if not ask(left.plans):
                raise Cancelled("cancelled: nothing was sent")
            for entry in left.entries.values():
                entry.accepted = tuple(one.rule for one in entry.plan.refusals)
            left.test(partial(_check_unchanged, jobs=jobs))
        if how.backup is not None and left.pending:
            back_up(left.entries.values(), how.backup)
        if how.ended is not None:
            how.ended([left.ends[place] for place in sorted(left.ends)])
    several = len(found) > 1
    done = with_backup(applied([*left.entries.values()], how, jobs, several=several))
    ends = left.ends | dict(zip(left.entries, done, strict=True))
    return tuple(ends[place] for place in sorted(ends))


def _approval(how: How, kept: Sequence[Plan]) -> Approval:
    """How the updates of a run are permitted."""
    if kept:
        return Approval("saved-plan", whole_digest(kept))
    if how.expect is not None:
        return Approval("expect", how.expect)
    return Approval("yes" if how.ask is None else "question")


def _check_size(plans: Sequence[Plan], how: How) -> None:
    """Raise Declined for more targets to update, or more changes, than the run may have."""
    due = [plan for plan in plans if not plan.empty]
    targets = len({plan.target for plan in due})
    changes = sum(len(plan.difference.changes) for plan in due)
    for number, most, what in (
        (targets, how.max_targets, "target"),
        (changes, how.max_changes, "change"),
    ):
        if most is not None and number > most:
            fact = f"the plan has {plural(number, what)}{' to update' * (what == 'target')}"
            hint = f"review the plan; then raise --max-{what}s, or choose fewer targets"
            raise Declined(f"{fact}; --max-{what}s allows {most}", hint=hint)


def _stale(plans: Sequence[Plan], kept: Sequence[Plan]) -> dict[Target, Declined]:
    """The refusals of targets whose plans are not the saved ones. A target that certainly has the
    state of its saved plan is none of them.
    """
    saved_of = {old[0].target: old for old in plans_by_target(kept)}
    found: dict[Target, Declined] = {}
    for now in plans_by_target(plans) if kept else ():
        old, target = saved_of[now[0].target], now[0].target
        if whole_digest(now) == whole_digest(old):
            continue
        both = [*zip(old, now, strict=True)]
        if not all(plan.empty for plan in now):
            from confsync.store.plan_codec import as_saved  # noqa: PLC0415 - with pydantic

            since = "; ".join(
                named(plan, now) + _changes_since(one, as_saved(plan.live.tree))
                for one, plan in both
                if one.digest != plan.digest
            )
            fact = f"the server's state has changed since the plan was made: {since}"
            found[target] = Declined(fact, hint=_AGAIN)
        elif any(one.to_send and plan.difference.unknown for one, plan in both):
            fact = "the server already has the visible state of this plan"
            hint = "its hidden secrets cannot be compared: plan again"
            found[target] = Declined(fact, hint=hint)
    return found


def _unexpected(found: Sequence[Plan | Failed], expect: str) -> dict[Target, Declined]:
    """The refusal of all targets if the run does not have the expected digest."""
    plans = [one for one in found if not isinstance(one, Failed)]
    failed = [one.target.name for one in found if isinstance(one, Failed)]
    now = whole_digest(plans)
    fact = f"the plan does not have the expected digest: it is now {now}"
    hint = f"the server, the files or the options have changed: {_AGAIN}"
    if failed:
        fact = f"the digest of the run cannot be compared: {listed(failed)} could not be planned"
        hint = "apply a saved plan: it is compared target by target"
    elif now == expect:
        return {}
    return dict.fromkeys([plan.target for plan in plans], Declined(fact, hint=hint))


def _check_current(entries: Sequence[Entry], stale: Mapping[Target, Declined]) -> None:
    """Raise Declined for stale plans."""
    targets = {entry.plan.target: None for entry in entries}
    errors = {target: stale[target] for target in targets if target in stale}
    if len(errors) == len(targets) and len({*errors.values()}) == 1:
        raise next(iter(errors.values()))
    if errors:
        facts = (f"{target.name}: {error.message}" for target, error in errors.items())
        raise Declined("; ".join(facts), hint=_AGAIN)


def _as_stale(one: Plan | Failed, *, saved: bool) -> Plan | Failed:
    """A stale plan, to be shown as what it is."""
    if isinstance(one, Failed):
        return one
    which = "the saved one" if saved else "the one with the expected digest"
    fact = f"this is the current plan, not {which}: not applied"
    finding = Finding(STALE, "error", fact, _AGAIN)
    return replace(one, findings=(finding, *(() if one.empty else one.findings)))


def _changes_since(plan: Plan, now: Object) -> str:
    """Changes of the live state since a plan was made, in one line."""
    since = difference(plan.live.tree, now, plan.shape, plan.desired.origin).changes
    return changes_in_words(since) or "in fields that confsync does not know"


def _decide(entries: Sequence[Entry], *, saved: bool, asking: bool) -> None:
    """Raise Declined for refusals of a saved plan, and Refused for findings that stop the apply and
    that no question can lift.
    """
    plans = [entry.plan for entry in entries]
    if saved and any(plan.refusals for plan in plans):
        told = [(plan, finding.message) for plan in plans for finding in plan.refusals]
        hint = "plan again with --allow for each risk that you accept, and save that plan"
        raise Declined("; ".join(told_together(told, plans)), hint=hint)
    stopped = [
        plan
        for plan in plans
        if (refusals := plan.refusals)
        and not (asking and not plan.empty and all(finding.risk for finding in refusals))
    ]
    if stopped:
        told = [(plan, fact) for plan in stopped for fact in facts(plan.findings)]
        refused = [finding for plan in stopped for finding in plan.refusals]
        # No allowance helps beside an error that is no risk.
        helps = all(finding.risk for finding in refused)
        risks = tuple(dict.fromkeys(finding.rule for finding in refused)) if helps else ()
        raise Refused(tuple(told_together(told, plans)), risks)


def _check_unchanged(entries: Sequence[Entry], *, jobs: Jobs) -> None:
    """Raise Declined unless the live states are still the planned ones."""
    plans = [entry.plan for entry in entries]

    def since(entry: Entry) -> str | ConfsyncError:
        plan = entry.plan
        now = caught(lambda: read(plan.desired.object, entry.session))
        if isinstance(now, ConfsyncError):
            return now
        differs = changed(plan.live, now, plan.shape)
        return named(plan, plans) + _changes_since(plan, now.tree) if differs else ""

    due = [entry for entry in entries if not entry.plan.empty]
    for found in side_by_side(since, due, replace(jobs, tell=untold)):
        if isinstance(found, ConfsyncError):
            raise found
        if found:
            fact = f"the server's state has changed since the plan was shown: {found}"
            raise Declined(fact, hint=_AGAIN)
