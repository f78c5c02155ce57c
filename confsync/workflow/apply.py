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
    Rejected,
    Stored,
    Unknown,
    changed,
    stored,
)
from confsync.sync.risk import check_allowed
from confsync.workflow.discreet import callers, discreet
from confsync.workflow.load import load
from confsync.workflow.plan import DEFAULTS, Options, missing, planned
from confsync.workflow.server import decoder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from confsync.jmap.client import Decode
    from confsync.sync.values import Plan
    from confsync.workflow.server import Server, Session


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
    vault, server = session.vault, session.server
    loaded = load(files, vault)
    resolvers = At(RESOLVERS, "allowed" if allow_commands else "apply")
    resolved = resolve(loaded.desired, vault, resolvers, environment)
    if resolved.problems and options.hidden_secrets != "keep":
        raise SecretUnavailable(resolved.problems)
    name = loaded.desired.object
    decode = decoder(KINDS[name], vault)
    live = server.read(name, decode)
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
        _ask(plan, ask, server, decode)
    return _send(plan, server, decode)


def _refuse(plan: Plan, *, asking: bool) -> None:
    """Raise Refused where a finding stops the apply, and no question is left to ask."""
    asked = asking and not plan.empty and all(finding.risk for finding in plan.refusals)
    if plan.refusals and not asked:
        raise Refused(
            tuple(finding.message for finding in plan.refusals),
            tuple(dict.fromkeys(finding.rule for finding in plan.refusals if finding.risk)),
        )


def _ask(plan: Plan, ask: Callable[[Plan], bool], server: Server, decode: Decode) -> None:
    if not callers(ask)(plan):
        hint = "answer yes, in full, and the name of each risk, to apply"
        raise Declined("declined", hint=hint if plan.refusals else "answer yes, in full, to apply")
    now = server.read(plan.desired.object, decode)
    if changed(plan.live, now, KINDS[plan.desired.object].shape):
        raise Declined(
            "the server's state has changed since the plan was shown",
            hint="plan again, and look at what changed",
        )


def _send(plan: Plan, server: Server, decode: Decode) -> Outcome:
    """From here on an interrupt never means that nothing happened."""
    try:
        return _sent(plan, server, decode)
    except KeyboardInterrupt:
        return Unknown(plan, "interrupted while the update was under way")


def _sent(plan: Plan, server: Server, decode: Decode) -> Outcome:
    name = plan.desired.object
    shape = KINDS[name].shape
    try:
        exchange = server.update(name, plan.patch, decode)
    except ConnectionFailed:
        raise
    except ServerRefused as refused:
        if refused.certainly_not_done:
            raise
        return _look(plan, server, decode, refused.message)
    except ConfsyncError as error:
        return _look(plan, server, decode, error.message)
    if exchange.refusal is None:
        return stored(plan, exchange.before, exchange.after, shape)
    if exchange.refusal.kind == "serverUnavailable" and plan.to_send:
        return Unknown(plan, "the server failed inside, and a secret it hides cannot be looked at")
    if changed(exchange.before, exchange.after, shape):
        return Unknown(plan, f"the server refused ({exchange.refusal.kind}), yet its state changed")
    return Rejected(plan, exchange.refusal)


def _look(plan: Plan, server: Server, decode: Decode, reason: str) -> Outcome:
    """After an update that may have arrived: it is never sent again, the state is read."""
    name = plan.desired.object
    try:
        now = server.read(name, decode)
    except ConfsyncError as error:
        return Unknown(plan, f"{reason}; reading the state afterwards failed too: {error.message}")
    outcome = stored(plan, plan.live, now, KINDS[name].shape)
    if outcome.verified and not outcome.remaining.unknown:
        return Stored(plan, plan.live, outcome.remaining)
    return Unknown(plan, reason)
