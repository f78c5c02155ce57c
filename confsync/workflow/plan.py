"""Plan: read the live state once, and compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from confsync.kinds import KINDS
from confsync.secrets import RESOLVERS
from confsync.secrets.resolve import resolve
from confsync.sync.plan import keep_unlisted, make_plan
from confsync.sync.values import Finding, Origin
from confsync.workflow.load import load
from confsync.workflow.server import decoder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from confsync.errors import Problem
    from confsync.sync.values import Desired, Live, Plan, Target
    from confsync.workflow.server import Session


Unlisted: TypeAlias = Literal["default", "keep"]


@dataclass(frozen=True)
class Options:
    """How to take the files. `unlisted`: what becomes of fields that no file mentions."""

    unlisted: Unlisted = "default"


DEFAULTS = Options()


def plan(
    files: Sequence[str],
    session: Session,
    *,
    environment: Mapping[str, str],
    options: Options = DEFAULTS,
) -> Plan:
    """The difference between the files and the server. One request; nothing is written.

    References that cannot be resolved here are findings. Raises InvalidFiles, ConnectionFailed,
    ConnectionLost, ServerRefused, UnexpectedAnswer.
    """
    vault = session.vault
    resolved = resolve(load(files, vault), vault, RESOLVERS, environment)
    desired = resolved.desired
    live = session.server.read(desired.object, decoder(KINDS[desired.object], vault))
    return planned(session.target, desired, live, options, tuple(map(_finding, resolved.problems)))


def planned(
    target: Target,
    desired: Desired,
    live: Live,
    options: Options,
    findings: tuple[Finding, ...] = (),
) -> Plan:
    """The plan from values alone."""
    if options.unlisted == "keep":
        desired = keep_unlisted(desired, live)
    return make_plan(target, desired, live, KINDS[desired.object].shape, findings)


def _finding(problem: Problem) -> Finding:
    origin = Origin("file", problem.file, problem.line, problem.column)
    return Finding(
        problem.rule, "note", f"{problem.message}; an apply needs it", problem.hint, origin
    )
