"""Plan: read the live state once and compare; save plans and read saved ones."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from confsync.disk.read import read_plan
from confsync.disk.write import write_plan
from confsync.errors import Declined, InvalidFiles, SecretUnavailable, WrongUsage
from confsync.guard import discreet
from confsync.kinds import KINDS, using
from confsync.secrets import RESOLVERS
from confsync.secrets.resolver import At, resolve
from confsync.sync.cause import with_causes
from confsync.sync.findings import (
    Facts,
    as_finding,
    change_findings,
    guessable_findings,
    lapsed,
    state_problems,
    unset_findings,
)
from confsync.sync.plan import keep_unmanaged, make_plan, not_left
from confsync.sync.values import KEEPING
from confsync.workflow.load import Loaded, load, world_readable
from confsync.workflow.rotation import rotated
from confsync.workflow.server import read_all
from confsync.workflow.tables import beside, tables_at
from confsync.workflow.targets import DEFAULTS, Options, configuration

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from confsync.errors import Problem
    from confsync.secrets.resolver import Moment, Resolved
    from confsync.sync.shape import Variants
    from confsync.sync.values import Desired, Difference, Finding, Live, Plan, Target
    from confsync.workflow.once import Once
    from confsync.workflow.server import Session


T = TypeVar("T")


@discreet
def plans(
    files: Sequence[str],
    session: Session,
    *,
    environment: Mapping[str, str],
    options: Options = DEFAULTS,
) -> tuple[Plan, ...]:
    """The differences between the files and the server, object by object in the files' order.
    Nothing is written. One request for each 16 objects, and one more for the edition of the server
    if the files have shards.

    Unresolved references are findings; no command is run. Raises InvalidFiles, ConnectionFailed,
    ConnectionLost, ServerRefused, UnexpectedAnswer, and WrongUsage for an unknown risk.
    """
    with using(session.tables):
        options.check()
    return made(files, session, options, "plan", environment)


@discreet
def plan(
    files: Sequence[str],
    session: Session,
    *,
    environment: Mapping[str, str],
    options: Options = DEFAULTS,
) -> Plan:
    """Like `plans`, for files with one object. Raises WrongUsage for several."""
    return only(plans(files, session, environment=environment, options=options))


def only(found: tuple[T, ...]) -> T:
    """The only one. Raises WrongUsage for several."""
    if len(found) > 1:
        raise WrongUsage("the files have several objects", hint="use one file for each object")
    return found[0]


def made(  # noqa: PLR0913, PLR0917 - all that a plan depends on
    files: Sequence[str],
    session: Session,
    options: Options,
    moment: Moment,
    environment: Mapping[str, str],
    old: Sequence[Plan] = (),
) -> tuple[Plan, ...]:
    """Plan files, or make the `old` saved plans again. References are resolved before the state is
    read.

    For an apply raises SecretUnavailable, and Declined for saved plans of another server or
    edition.
    """
    with using(session.tables):
        if not old:
            loaded = load(files, session.vault, options.own, session.once)
        elif old[0].target.url == session.target.url:
            loaded = Loaded(tuple(one.desired for one in old), (), {})
        else:
            hint = f"it is for {old[0].target.url}; this one is {session.target.url}"
            raise Declined("the plan was made for another server", hint=hint)
        means = (session.vault, At(RESOLVERS, moment), environment)
        resolved = [resolve(one, *means, KINDS[one.object].shape) for one in loaded.desired]
        # The live state shows the secrets that can be kept.
        keeping = options.hidden_secrets in KEEPING or options.ignore
        unresolved = tuple(problem for one in resolved for problem in one.problems)
        if unresolved and moment != "plan" and not keeping:
            raise _unavailable(loaded, unresolved, saved=bool(old))
        states = read_all([one.object for one in loaded.desired], session)
        licensed = any(one.tree.tag in KINDS[one.object].licensed for one in loaded.desired)
        edition = session.server.edition() if licensed else ""
        before = old or (None,) * len(resolved)
        return tuple(
            _made(loaded, *one, session.target, options, moment, edition)
            for one in zip(before, resolved, states, strict=True)
        )


def _made(  # noqa: PLR0913, PLR0917 - all that a plan depends on
    loaded: Loaded,
    old: Plan | None,
    resolved: Resolved,
    live: Live,
    target: Target,
    options: Options,
    moment: Moment,
    edition: str,
) -> Plan:
    """The plan of one object, with the findings of its references."""
    desired = resolved.desired
    if old is not None:
        found = replanned(old, desired, live)
        if not found.empty:
            _check_edition(old, desired, edition)
    else:
        # A problem of no object is that of the first one.
        about = {desired.object, "" if desired.object == loaded.desired[0].object else None}
        problems = [problem for problem in loaded.problems if problem.object in about]
        found = planned(target, desired, live, options, problems, edition=edition)
    left = found.kept if found.hidden_secrets in KEEPING else frozenset()
    missing = tuple(
        problem
        for path, problem in resolved.unresolved
        if path not in left and path[:1] not in found.unmanaged
    )
    if missing and moment != "plan":
        raise _unavailable(loaded, missing, saved=old is not None)
    notes = (
        replace(
            as_finding(one, ()), severity="note", message=f"{one.message}; only an apply needs it"
        )
        for one in missing
    )
    by_value = _by_value(found, options.fail_on)
    return replace(found, findings=(*notes, *found.findings, *by_value))


def _unavailable(loaded: Loaded, problems: Iterable[Problem], *, saved: bool) -> SecretUnavailable:
    """The error for references that could not be resolved."""
    found = loaded.shown(problems)
    if saved:
        here = "apply a saved plan in the directory where it was made"
        found = tuple(replace(one, hint=f"{one.hint}; {here}") for one in found)
    return SecretUnavailable(found)


def _by_value(plan: Plan, fail_on: Collection[str]) -> tuple[Finding, ...]:
    """Risks and warnings that only the values of references show. They are not in the digest, which
    must not depend on which references can be resolved.
    """
    desired, rules = plan.desired, KINDS[plan.desired.object].state_rules
    if desired.tree == desired.written:
        return ()
    resolved = replace(desired, written=desired.tree, places=None)
    known = {problem.message for problem in state_problems(desired, rules, Facts())}
    return tuple(
        replace(as_finding(problem, plan.allow, fail_on), by_value=True)
        for problem in state_problems(resolved, rules, Facts())
        if problem.message not in known
    )


def planned(  # noqa: PLR0913 - all that a plan depends on
    target: Target,
    desired: Desired,
    live: Live,
    options: Options,
    problems: Iterable[Problem],
    *,
    edition: str = "",
) -> Plan:
    """The plan from values alone. `problems`: those of the files; `edition`: of the server."""
    kind, allow = KINDS[desired.object], options.allow
    notes = not_left(desired, live, options.ignored(live.object))
    desired = options.completed(desired, live)
    facts = Facts(edition, world_readable(desired))
    broken = state_problems(desired, kind.state_rules, facts)
    findings = [as_finding(one, allow, options.fail_on) for one in (*problems, *broken)]
    risks = tuple(finding for finding in findings if finding.risk)

    def changes(difference: Difference) -> tuple[Finding, ...]:
        return change_findings(
            live, desired, difference, kind.change_rules, allow, options.fail_on - allow
        )

    base = options.base
    there = None if base is None else base.desired.get(live.object)
    was = None if base is None or there is None else base.options.completed(there, live).tree
    found = make_plan(
        *(target, desired, live, kind.shape),
        hidden_secrets=options.hidden_secrets,
        risks=risks,
        changes=changes,
        rotated=partial(rotated, desired=desired, base=was, shape=kind.shape, options=options),
    )
    told = {finding for finding in found.findings if finding.risk}
    covers = {rule.id: rule.covers for rule in kind.change_rules}
    covered = {(covers.get(finding.rule), finding.origin) for finding in told}
    warnings = (one for one in findings if not one.risk and (one.rule, one.origin) not in covered)
    guessable = guessable_findings(desired, fail="guessable-secret" in options.fail_on - allow)
    fields = kind.shape.fields_of(desired.tree.tag)
    unset = () if found.empty else unset_findings(desired, fields)
    more = (*warnings, *notes, *unset, *lapsed(options.lapses, told), *guessable)
    made = replace(found, findings=(*found.findings, *more), allow=allow)
    if base is None:
        return made
    caused = with_causes(found.difference, was, live.tree, desired.tree, kind.shape)
    return replace(made, difference=caused, base=base.revision)


def replanned(old: Plan, desired: Desired, live: Live) -> Plan:
    """A saved plan, made again on the current live state, with its references resolved."""
    desired = keep_unmanaged(desired, live)
    risks = tuple(finding for finding in old.findings if finding.risk)
    shape, policy = KINDS[desired.object].shape, old.hidden_secrets
    found = make_plan(
        *(old.target, desired, live, shape),
        hidden_secrets=policy,
        risks=risks,
        rotated=lambda _: old.rotated,
    )
    findings = (*found.findings, *guessable_findings(desired))
    return replace(found, findings=findings, allow=old.allow)


def _check_edition(old: Plan, desired: Desired, edition: str) -> None:
    """Raise Declined for a risk of the server's edition that a saved plan does not have."""
    rules = KINDS[desired.object].state_rules
    without, now = (state_problems(desired, rules, Facts(one)) for one in ("", edition))
    for problem in now:
        if problem not in without and problem.rule not in old.allow:
            raise Declined(problem.message, hint=problem.hint)


def _shapes_of_saved(once: Once | None) -> Callable[[str, str], Variants]:
    """The shape of an object by the tables of a target, which the working directory names."""
    schemas: dict[str, str] = {}
    with suppress(InvalidFiles):
        config = configuration(Path(), once)
        found = () if config is None else config.targets
        schemas = {one.name: one.schema for one in found if one.schema}
    common = beside(Path())

    def shape(target: str, name: str) -> Variants:
        own = schemas.get(target)
        with using(tables_at(common) if own is None else tables_at(own, target=target)):
            return KINDS[name].shape

    return shape


def save(plans: Sequence[Plan], path: str) -> None:
    """Save the plans of a run, without a secret, for its owner alone. Raises OutputFailed and
    WrongUsage.
    """
    from confsync.store.plan_codec import to_json  # noqa: PLC0415 - with pydantic, used here alone

    write_plan(path, to_json(plans))


def saved(path: str, once: Once | None = None) -> tuple[Plan, ...]:
    """Read the saved plans of a run, by the tables of each target. `once`: see `configuration`.
    Raises Declined for a changed file.
    """
    from confsync.store.plan_codec import from_json  # noqa: PLC0415 - with pydantic

    try:
        return from_json(read_plan(path), _shapes_of_saved(once))
    except Declined as declined:
        declined.where = path
        raise
