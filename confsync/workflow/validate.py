"""Check files alone: no network, no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.errors import InvalidFiles, Problem
from confsync.kinds.documented import documented
from confsync.sync.guessable import guessable_findings
from confsync.sync.risk import as_problem, check_allowed, judged
from confsync.sync.secret import Vault
from confsync.workflow.discreet import discreet
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


def problems_of(files: Sequence[str], allow: Collection[str]) -> tuple[Problem, ...]:
    """Every problem of some files laid over each other."""
    try:
        loaded = load(files, Vault(documented))
        guessable = map(as_problem, guessable_findings(loaded.desired))
        order = {file: number for number, file in enumerate(files)}
        problems = (*loaded.risks, *guessable)
        found = tuple(sorted(problems, key=lambda one: (order.get(one.file, 0), one)))
    except InvalidFiles as invalid:
        found = invalid.problems
    return tuple(judged(problem, allow) for problem in found)
