"""Check files alone: no network, no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.errors import InvalidFiles, Problem
from confsync.sync.secret import Vault
from confsync.workflow.load import load

if TYPE_CHECKING:
    from collections.abc import Sequence


def validate(files: Sequence[str]) -> tuple[Problem, ...]:
    """Every problem of every file, each file taken as a state of its own, in the order given."""
    problems: list[Problem] = []
    for file in files:
        try:
            load([file], Vault())
        except InvalidFiles as invalid:
            problems += invalid.problems
    return tuple(problems)
