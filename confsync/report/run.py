"""Facts of a run, for the reports of plan and apply (docs/json.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.sync.values import Target


@dataclass(frozen=True)
class Selection:
    """The targets of `confsync.yaml` that were chosen: their number and that of all, the words of
    the options that chose them, and the shard: its number, from 1, and the number of shards.
    """

    chosen: int
    of: int
    by: str = ""
    shard: tuple[int, int] | None = None


@dataclass(frozen=True)
class Run:
    """Facts of a run. `version`: that of confsync. `generated_at`: the time of the report, in UTC.
    `commit`: of the CI job, or empty. `selection`: None without a `confsync.yaml`.

    By the names of targets: their groups, in the order in which they count, and the seconds that
    reading took, which are added as targets are read. The only server of a run has no name without
    a `confsync.yaml`.
    """

    version: str
    generated_at: str
    commit: str = ""
    selection: Selection | None = None
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)

    def seconds_of(self, target: Target) -> float | None:
        """The time that reading a target took, to the millisecond; None if it was not read."""
        found = self.seconds.get(target.name, self.seconds.get(""))
        return None if found is None else round(found, 3)
