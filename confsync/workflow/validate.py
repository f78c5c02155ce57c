"""Check files alone: no network, no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.errors import InvalidFiles, Problem
from confsync.guard import discreet
from confsync.kinds import KINDS
from confsync.kinds.documented import documented
from confsync.sync.findings import as_problem, breaches_told, check_allowed, judged
from confsync.sync.secret import Vault
from confsync.sync.secret_findings import guessable_findings
from confsync.workflow.load import load

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


@discreet
def validate(files: Sequence[str], *, allow: Collection[str] = ()) -> tuple[Problem, ...]:
    """Every problem of every file, each file taken as a state of its own, in the order given.

    A risk that is allowed is a warning. Raises WrongUsage for the name of a risk that there is
    not.
    """
    check_allowed(allow)
    return tuple(problem for file in files for problem in problems_of([file], allow))


def problems_of(
    files: Sequence[str], allow: Collection[str], ignore: Collection[str] = ()
) -> tuple[Problem, ...]:
    """Every problem of some files laid over each other, and every risk of the state they make but
    for ignored fields.
    """
    try:
        loaded = load(files, Vault(documented))
    except InvalidFiles as invalid:
        return tuple(judged(problem, allow) for problem in invalid.problems)
    desired = loaded.desired
    stated = breaches_told(
        desired,
        (
            breach
            for breach in KINDS[desired.object].breaches(desired.tree)
            if f"{desired.object}/{breach.path[0]}" not in ignore
        ),
    )
    found = sorted(
        (*loaded.problems, *loaded.shown(stated), *map(as_problem, guessable_findings(desired))),
        key=lambda problem: (files.index(problem.file), problem),
    )
    return tuple(judged(problem, allow) for problem in found)
