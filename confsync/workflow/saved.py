"""Saved plans: what was reviewed is what happens, or nothing."""

from __future__ import annotations

from os.path import realpath
from typing import TYPE_CHECKING

from confsync.disk.read import read_plan
from confsync.disk.write import write_plan
from confsync.errors import Declined, WrongUsage
from confsync.kinds import KINDS

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
    from confsync.store.plan_codec import to_json  # noqa: PLC0415 - with pydantic, used here alone

    write_plan(path, to_json(plan))


def saved(path: str) -> Plan:
    """The plan in a file, as it was shown. Raises Declined for one that is not as it was saved."""
    from confsync.store.plan_codec import from_json  # noqa: PLC0415 - with pydantic

    try:
        return from_json(read_plan(path), {name: kind.shape for name, kind in KINDS.items()})
    except Declined as declined:
        declined.where = path
        raise
