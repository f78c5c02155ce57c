"""Apply: plan, ask, send the smallest update, and prove that it is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.errors import (
    ConfsyncError,
    ConnectionFailed,
    Declined,
    Refused,
    SecretUnavailable,
    ServerRefused,
    WrongUsage,
)
from confsync.kinds import KINDS
from confsync.secrets import RESOLVERS
from confsync.secrets.moment import At
from confsync.secrets.resolve import resolve
from confsync.sync.fingerprint import is_digest
from confsync.sync.outcome import (
    NotSent,
    Outcome,
    Unknown,
    changed,
    judged,
    looked,
    not_done,
)
from confsync.sync.risk import check_allowed
from confsync.workflow.discreet import callers, discreet
from confsync.workflow.load import load
from confsync.workflow.plan import DEFAULTS, Options, missing, planned, replanned
from confsync.workflow.saved import saved
from confsync.workflow.server import decoder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from confsync.sync.values import Desired, Live, Plan
    from confsync.workflow.server import Session


@discreet
def apply(  # noqa: PLR0913 - what touches the world is passed in, each by its name
    files: Sequence[str],
    session: Session,
    *,
    environment: Mapping[str, str],
    options: Options = DEFAULTS,
    allow_commands: bool = False,
    expect: str | None = None,
    show: Callable[[Plan], None] | None = None,
    ask: Callable[[Plan], bool] | None = None,
) -> Outcome:
    """Bring the server to the desired state.

    Every reference is resolved before anything is sent. `show` gets the plan before that, even an
    empty one. `ask` says whether to go on, and answers for each risk among the plan's refusals;
    the live state is then read again and must still be the planned one. Without `ask` the planning
    read counts, and each risk must be allowed. With `allow_commands` the commands that the files
    refer to are run. With `expect` nothing is sent unless the plan has that digest. Raises what
    `plan` raises, and SecretUnavailable, Refused and Declined: in all of these nothing was changed.
    """
    check_allowed(options.allow)
    if expect is not None and not is_digest(expect):
        hint = "copy it whole from a plan that this version of confsync made"
        raise WrongUsage("what is expected is no digest of a plan", hint=hint)
    loaded = load(files, session.vault)
    resolvers = At(RESOLVERS, "allowed" if allow_commands else "apply")
    resolved = resolve(loaded.desired, session.vault, resolvers, environment)
    if resolved.problems and options.hidden_secrets != "keep":
        raise SecretUnavailable(resolved.problems)
    live = _live(loaded.desired, session)
    plan = planned(session.target, resolved.desired, live, options, loaded.risks)
    if problems := missing(resolved, plan):
        raise SecretUnavailable(tuple(problems))
    if show is not None:
        callers(show)(plan)
    if expect is not None and plan.digest != expect:
        raise Declined(
            f"this is not the plan that is expected: its digest is {plan.digest}",
            hint="the server, the files or the options are others now: look at the plan again",
        )
    _refuse(plan, asking=ask is not None)
    if plan.empty:
        return NotSent(plan)
    if ask is not None:
        _ask(plan, ask, session)
    return _send(plan, session)


@discreet
def apply_saved(
    path: str,
    session: Session,
    *,
    environment: Mapping[str, str],
    allow_commands: bool = False,
    show: Callable[[Plan], None] | None = None,
) -> Outcome:
    """Do what a saved plan says, or nothing.

    Its references are resolved, the live state is read, and the plan is made again: it must be the
    same. Nobody is asked. Raises what `apply` raises; Declined for a plan that is not as it was
    saved, that was made for another server, or on another state.
    """
    kept = saved(path)
    if kept.target.url != session.target.url:
        raise Declined(
            "the plan was made for another server",
            hint=f"it is for {kept.target.url}; this one is {session.target.url}",
        )
    resolvers = At(RESOLVERS, "allowed" if allow_commands else "apply")
    resolved = resolve(kept.desired, session.vault, resolvers, environment)
    if resolved.problems and kept.hidden_secrets != "keep":
        raise SecretUnavailable(resolved.problems)
    plan = replanned(kept, resolved.desired, _live(kept.desired, session))
    if problems := missing(resolved, plan):
        raise SecretUnavailable(tuple(problems))
    if show is not None:
        callers(show)(plan)
    if plan.digest != kept.digest:
        raise Declined(
            "the server's state has changed since the plan was made",
            hint="plan again, and look at what changed",
        )
    if plan.refusals:
        facts = "; ".join(finding.message for finding in plan.refusals)
        raise Declined(facts, hint="plan again with what you accept allowed, and save that")
    return NotSent(plan) if plan.empty else _send(plan, session)


def _live(desired: Desired, session: Session) -> Live:
    return session.server.read(desired.object, decoder(KINDS[desired.object], session.vault))


def _refuse(plan: Plan, *, asking: bool) -> None:
    """Raise Refused where a finding stops the apply, and no question is left to ask."""
    asked = asking and not plan.empty and all(finding.risk for finding in plan.refusals)
    if plan.refusals and not asked:
        raise Refused(
            tuple(finding.message for finding in plan.refusals),
            tuple(dict.fromkeys(finding.rule for finding in plan.refusals if finding.risk)),
        )


def _ask(plan: Plan, ask: Callable[[Plan], bool], session: Session) -> None:
    if not callers(ask)(plan):
        hint = "answer yes, in full, and the name of each risk, to apply"
        raise Declined("declined", hint=hint if plan.refusals else "answer yes, in full, to apply")
    now = _live(plan.desired, session)
    if changed(plan.live, now, KINDS[plan.desired.object].shape):
        raise Declined(
            "the server's state has changed since the plan was shown",
            hint="plan again, and look at what changed",
        )


def _send(plan: Plan, session: Session) -> Outcome:
    """From here on an interrupt means that nothing happened only where nothing was sent."""
    try:
        return _sent(plan, session)
    except ConnectionFailed as failed:
        if not failed.interrupted:
            raise
    except KeyboardInterrupt:
        return Unknown(plan, "interrupted while the update was under way")
    raise KeyboardInterrupt


def _sent(plan: Plan, session: Session) -> Outcome:
    name = plan.desired.object
    shape = KINDS[name].shape
    try:
        exchange = session.server.update(
            name,
            plan.patch,
            decoder(KINDS[name], session.vault),
            not_done=lambda found: not_done(plan, found.refusal, found.after, shape),
        )
    except ConnectionFailed:
        raise
    except ServerRefused as refused:
        if refused.certainly_not_done:
            raise
        return _look(plan, session, refused.message)
    except ConfsyncError as error:
        return _look(plan, session, error.message)
    return judged(plan, exchange.before, exchange.refusal, exchange.after, shape)


def _look(plan: Plan, session: Session, reason: str) -> Outcome:
    """After an update that may have arrived: it is never sent again, the state is read."""
    try:
        now = _live(plan.desired, session)
    except ConfsyncError as error:
        return Unknown(plan, f"{reason}; reading the state afterwards failed too: {error.message}")
    return looked(plan, now, KINDS[plan.desired.object].shape, reason)
