"""The backup of an apply: a store file that restores the state before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from confsync.disk.write import write_backup
from confsync.errors import NotWritten, OutputFailed
from confsync.kinds.kind import Kind
from confsync.store.encode import way_back
from confsync.sync.outcome import Stored
from confsync.yaml.emit import yaml_text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from confsync.sync.outcome import Ended
    from confsync.sync.values import Live, Plan
    from confsync.workflow.audit import Entry
    from confsync.yaml.emit import Plain


def back_up(entries: Collection[Entry], path: str) -> None:
    """Write the backup of the objects to update, and its name into their plans."""
    _write_backup([(entry.plan.live, entry.plan) for entry in entries], path)
    for entry in entries:
        entry.plan = replace(entry.plan, backup=path)


def _write_backup(states: Sequence[tuple[Live, Plan]], path: str, *, again: bool = False) -> None:
    """Write the states of objects to update as a store file that restores them. Raises NotWritten
    and OutputFailed.
    """
    whole: dict[str, Plain] = {}
    beside = str(Path(path).parent)
    try:
        for before, plan in states:
            if not plan.empty:
                whole |= way_back(before, plan, Kind(before.object, plan.shape), beside=beside)
    except NotWritten as error:
        hint = f"{error.hint}; or apply without --backup"
        raise NotWritten(f"--backup: {error.message}", hint=hint) from None
    write_backup(path, yaml_text(whole), again=again)


def with_backup(ended: tuple[Ended, ...]) -> tuple[Ended, ...]:
    """Outcomes with somebody else's changes in their backup too; if that cannot be written again,
    without a backup.
    """
    theirs = [one for one in ended if isinstance(one, Stored) and one.foreign and one.plan.backup]
    if theirs:
        states = [
            (one.before if isinstance(one, Stored) else one.plan.live, one.plan)
            for one in ended
            if one.plan is not None
        ]
        try:
            _write_backup(states, theirs[0].plan.backup, again=True)
        except (NotWritten, OutputFailed):
            return tuple(
                one if one.plan is None else replace(one, plan=replace(one.plan, backup=""))
                for one in ended
            )
    return ended
