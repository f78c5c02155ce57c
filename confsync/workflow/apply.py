"""Apply: plan, ask, send the smallest update to one target or to several, and verify the result."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from confsync.disk.write import write_backup
from confsync.errors import (
    ConfsyncError,
    Declined,
    NotWritten,
    OutputFailed,
    Refused,
    WrongUsage,
)
from confsync.guard import alone, callers, discreet
from confsync.kinds import KINDS
from confsync.report.lines import changes_in_words
from confsync.store.encode import way_back
from confsync.sync.compare import difference
from confsync.sync.findings import STALE, facts
from confsync.sync.outcome import Ended, NotBegun, NotSent, Outcome, Stored, as_wanted, changed
from confsync.sync.plan import check_no_secret_in_clear, is_digest
from confsync.sync.values import Failed, Finding, Plan
from confsync.workflow.audit import entry as audited
from confsync.workflow.load import check_output
from confsync.workflow.plan import made, saved
from confsync.workflow.server import read, send
from confsync.workflow.session import aim_of_saved, attempted
from confsync.workflow.targets import DEFAULTS, Options, same_server_facts
from confsync.yaml.emit import yaml_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from confsync.secrets.resolver import Moment
    from confsync.sync.values import Live
    from confsync.workflow.audit import Audit, Entry
    from confsync.workflow.server import Session
    from confsync.workflow.session import Reach
    from confsync.workflow.targets import Access, Aim


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
    written before anything is sent. Raises the errors of `plan`, SecretUnavailable, Refused,
    Declined, and NotWritten and OutputFailed for the backup: nothing was changed then.
    """
    options.check()
    check_output("--backup", backup, files)
    moment: Moment = "allowed" if allow_commands else "apply"
    (outcome,) = _run(
        [(None, lambda _: (made(files, session, options, moment, environment), session))],
        expect=expect,
        audit=audit,
        backup=backup,
        show=None if show is None else lambda plans: callers(show)(plans[0]),  # type: ignore[arg-type] # not Failed: it is alone
        ask=None if ask is None else lambda plans: callers(ask)(plans[0]),
    )
    return outcome  # type: ignore[return-value] # the only target has an outcome, or raised


def apply_all(  # noqa: PLR0913 - what touches the world is passed in, each by its name
    aims: Sequence[Aim],
    reach: Reach,
    *,
    kept: Plan | None = None,
    expect: str | None = None,
    audit: Audit | None = None,
    backup: str | None = None,
    show: Callable[[Sequence[Plan | Failed]], None],
    ask: Callable[[Sequence[Plan]], bool] | None = None,
) -> tuple[Ended, ...]:
    """Bring one server, or several one after another in the given order, to their desired states.

    All targets are planned, and `show` gets all plans. If planning one of several fails nothing is
    sent to any; errors of the only target are raised. `ask` answers for all. The first target that
    does not end as wanted ends the run. `kept`: the saved plan of the only target. The rest is as
    for `apply`. Raises Refused and Declined if nothing was changed anywhere, and WrongUsage for
    several targets with one digest or one backup.
    """
    if len(aims) > 1 and backup is not None:
        raise WrongUsage("--backup takes one target", hint="choose it with --target")
    marks = (aim.config.url_mark for aim in aims if aim.config is not None)
    configuration = (mark.file for mark in marks if mark is not None)
    check_output("--backup", backup, [*aims[0].files, *configuration])
    if len(aims) > 1 and expect is not None:
        hint = "choose its target with --target"
        raise WrongUsage("--expect takes one target", hint=hint)
    reach.check(aims)
    if facts := same_server_facts(aims):
        hint = "choose one of them with --target: the last would overwrite the others"
        raise Declined("; ".join(facts), hint=hint)
    moment: Moment = "allowed" if reach.allow_commands else "apply"

    def prepared(aim: Aim, stack: ExitStack) -> tuple[Plan, Session]:
        session = stack.enter_context(reach.session(aim))
        return made(kept or aim.files, session, aim.options, moment, reach.environment), session

    return _run(
        [(aim, partial(prepared, aim)) for aim in aims],
        kept=kept,
        expect=expect,
        audit=audit,
        backup=backup,
        show=show,
        ask=ask,
    )


def apply_planned(  # noqa: PLR0913 - what touches the world is passed in, each by its name
    path: str,
    directory: Path,
    access: Access,
    *,
    reach: Reach,
    audit: Audit | None = None,
    backup: str | None = None,
    show: Callable[[Sequence[Plan | Failed]], None],
) -> tuple[Ended, ...]:
    """Apply a saved plan on its server, without asking. A new plan on the live state must be equal.

    `directory` is searched for `confsync.yaml`. Raises the errors of `apply_all`, and Declined for
    a changed plan, another server or another state.
    """
    kept = saved(path)
    check_output(
        "--backup", backup, [path, *(origin.file for origin in kept.desired.origins.values())]
    )
    aim = aim_of_saved(directory, kept, access)
    return apply_all([aim], reach, kept=kept, audit=audit, backup=backup, show=show)


def _run(  # noqa: PLR0913 - those of `apply_all`
    jobs: Sequence[tuple[Aim | None, Callable[[ExitStack], tuple[Plan, Session]]]],
    *,
    kept: Plan | None = None,
    expect: str | None,
    audit: Audit | None,
    backup: str | None,
    show: Callable[[Sequence[Plan | Failed]], None] | None,
    ask: Callable[[Sequence[Plan]], bool] | None,
) -> tuple[Ended, ...]:
    """Plan all, show all, decide on all, then send. The stack of a job holds its session."""
    if expect is not None and not is_digest(expect):
        hint = "copy the whole digest from a plan of this version of confsync"
        raise WrongUsage("--expect: not a plan digest", hint=hint)
    with ExitStack() as stack:
        found = [attempted(aim, partial(prepared, stack)) for aim, prepared in jobs]
        ready = [one for one in found if not isinstance(one, Failed)]
        stale = _stale(ready[0][0], kept, expect) if ready else None
        if show is not None and stale is not None:
            show([_not_this_one(ready[0][0], kept)])
        elif show is not None:
            show([one if isinstance(one, Failed) else one[0] for one in found])
        if len(ready) < len(found):
            return tuple(one if isinstance(one, Failed) else NotBegun(one[0]) for one in found)
        plans = [plan for plan, _ in ready]
        if expect is not None:
            check_no_secret_in_clear(plans[0].desired.written)
        with ExitStack() as books:
            entries = [books.enter_context(audited(audit, plan)) for plan in plans]
            if stale is not None:
                raise stale
            if kept is not None:
                _check_refusals(plans[0])
            _decide(plans, asking=ask is not None)
            if ask is not None and not all(plan.empty for plan in plans):
                _ask(ready, ask)
            if backup is not None and not plans[0].empty:
                _write_backup(plans[0].live, plans[0], backup)
                ready = [(replace(plans[0], backup=backup), ready[0][1])]
                entries[0].plan = ready[0][0]
        return tuple(map(_with_backup, _applied(ready, entries)))


def _write_backup(before: Live, plan: Plan, path: str, *, again: bool = False) -> None:
    """Write a state as a store file that restores it. Raises NotWritten and OutputFailed."""
    document = way_back(before, plan, KINDS[before.object], beside=str(Path(path).parent))
    if document is None:
        fact = "--backup: the server has values that no store file can hold"
        raise NotWritten(fact, hint="update confsync, or apply without --backup")
    write_backup(path, yaml_text(document), again=again)


def _with_backup(ended: Ended) -> Ended:
    """An outcome with somebody else's changes in its backup too; if that cannot be written again,
    without a backup.
    """
    if isinstance(ended, Stored) and ended.foreign and ended.plan.backup:
        try:
            _write_backup(ended.before, ended.plan, ended.plan.backup, again=True)
        except (NotWritten, OutputFailed):
            return replace(ended, plan=replace(ended.plan, backup=""))
    return ended


def _stale(plan: Plan, kept: Plan | None, expect: str | None) -> Declined | None:
    """The refusal of a plan that is not the saved one, or not the expected one; or None."""
    if kept is not None and plan.digest != kept.digest:
        from confsync.store.plan_codec import as_saved  # noqa: PLC0415 - with pydantic

        shape, now = KINDS[plan.desired.object].shape, as_saved(plan.live.tree)
        since = difference(kept.live.tree, now, shape, plan.desired.origin).changes
        facts = changes_in_words(since) or "in fields that confsync does not know"
        return Declined(
            f"the server's state has changed since the plan was made: {facts}",
            hint="plan again and review it",
        )
    if expect is not None and plan.digest != expect:
        return Declined(
            f"the plan does not have the expected digest: it is now {plan.digest}",
            hint="the server, the files or the options have changed, and a digest does not tell"
            " which: plan again and review it",
        )
    return None


def _not_this_one(plan: Plan, kept: Plan | None) -> Plan:
    """A stale plan, to be shown as what it is."""
    which = "the saved one" if kept is not None else "the one with the expected digest"
    fact = f"this is the plan of now, not {which}: it is not applied"
    stale = Finding(STALE, "error", fact, "plan again and review it")
    return replace(plan, findings=(stale, *plan.findings))


def _check_refusals(plan: Plan) -> None:
    """Raise Declined for a saved plan with refusals."""
    if plan.refusals:
        facts = "; ".join(finding.message for finding in plan.refusals)
        hint = "plan again with --allow for each risk that you accept, and save that plan"
        raise Declined(facts, hint=hint)


def _decide(plans: Sequence[Plan], *, asking: bool) -> None:
    """Raise Refused for findings that stop the apply and that no question can lift."""
    stopped = [
        plan
        for plan in plans
        if (refusals := plan.refusals)
        and not (asking and not plan.empty and all(finding.risk for finding in refusals))
    ]
    if stopped:
        refused = [finding for plan in stopped for finding in plan.refusals]
        # No allowance helps beside an error that is no risk.
        helps = all(finding.risk for finding in refused)
        raise Refused(
            tuple(
                fact if len(plans) == 1 else f"{plan.target.name}: {fact}"
                for plan in stopped
                for fact in facts(plan.findings)
            ),
            tuple(dict.fromkeys(risk.rule for risk in refused)) if helps else (),
        )


def _ask(ready: Sequence[tuple[Plan, Session]], ask: Callable[[Sequence[Plan]], bool]) -> None:
    """Raise Declined unless all plans are accepted, and the live states still the planned ones."""
    plans = [plan for plan, _ in ready]
    if not ask(plans):
        risks = any(plan.refusals for plan in plans)
        hint = "type yes in full, and the name of each risk, to apply"
        raise Declined("cancelled", hint=hint if risks else "type yes in full to apply")
    for plan, session in ready:
        name = plan.desired.object
        if not plan.empty and changed(plan.live, read(name, session), KINDS[name].shape):
            of = "the server's state" if len(ready) == 1 else f"the state of {plan.target.name}"
            raise Declined(
                f"{of} has changed since the plan was shown",
                hint="plan again and review it",
            )


def _applied(ready: Sequence[tuple[Plan, Session]], entries: Sequence[Entry]) -> tuple[Ended, ...]:
    """Send each pending update, until a target does not end as wanted or an interrupt comes.

    Raises errors of the only target, and an interrupt before anything was sent to any.
    """
    ended: list[Ended] = []
    for (plan, session), entry in zip(ready, entries, strict=True):
        # Before an update, during it, or while its end was written.
        interrupted = (
            any(isinstance(done, NotBegun) and done.interrupted for done in ended)
            or any(known.interrupted for known in entries)
            or any(known.server.interrupted for _, known in ready)
        )
        if not plan.empty and (interrupted or not all(map(as_wanted, ended))):
            ended.append(NotBegun(plan, interrupted=interrupted))
            continue
        result: Ended
        try:
            result = entry.ended(NotSent(plan) if plan.empty else send(plan, entry.begin(session)))
        except BaseException as error:
            unknown = entry.failed(error)
            begun = not all(isinstance(done, NotSent) for done in ended)
            if len(ready) > 1 and unknown is not None:
                result = unknown
            elif len(ready) > 1 and isinstance(error, ConfsyncError):
                result = Failed(plan.target, alone(error), plan)
            elif len(ready) > 1 and isinstance(error, KeyboardInterrupt) and begun:
                result = NotBegun(plan, interrupted=True)
            else:
                entry.report_failed()
                raise
        ended.append(result)
    return tuple(ended)
