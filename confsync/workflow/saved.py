"""Saved plans: what was reviewed is what happens, or nothing."""

from __future__ import annotations

from os.path import realpath
from typing import TYPE_CHECKING

from confsync.disk.plan_file import is_plan, read_plan, write_plan
from confsync.errors import Declined, WrongUsage
from confsync.kinds import KINDS
from confsync.sync.codec import FORMAT, from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from confsync.sync.values import Plan


def check_place(path: str, files: Iterable[str]) -> None:
    """Raise WrongUsage for a place that no plan should be saved to: over one of its own files."""
    if "://" in path:
        raise WrongUsage("a URL stands where the plan's file belongs", hint="write --out FILE")
    if any(realpath(path) == realpath(file) for file in files):
        fact = "the plan would be written over a file that it is made from"
        raise WrongUsage(fact, where=path, hint="name another file, like production.plan")


def save(plan: Plan, path: str) -> None:
    """Save a plan, without a secret, for its owner alone. Raises OutputFailed and WrongUsage."""
    write_plan(path, to_json(plan))


def is_saved(path: str) -> bool:
    """Whether a file is a saved plan, or what is left of one. Its name does not count."""
    return is_plan(path, FORMAT)


def saved(path: str) -> Plan:
    """The plan in a file, as it was shown. Raises Declined for one that is not as it was saved."""
    try:
        return from_json(read_plan(path), {name: kind.shape for name, kind in KINDS.items()})
    except Declined as declined:
        declined.where = path
        raise
