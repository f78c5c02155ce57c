"""The facts of a run that its reports begin with."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from confsync import __version__
from confsync.errors import InvalidFiles
from confsync.report.run import Run, Selection
from confsync.workflow.ci import who
from confsync.workflow.selection import NO_FILTERS, Filters
from confsync.workflow.targets import configuration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from confsync.workflow.targets import Aim


def utc_text(moment: datetime) -> str:
    """An aware time in reports and audits: in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def run_of(
    aims: Sequence[Aim],
    filters: Filters,
    environment: Mapping[str, str],
    now: datetime,
    seconds: Mapping[str, float],
) -> Run:
    """The facts of a run over some targets. A saved plan has no aims: its target's groups are those
    of today's `confsync.yaml`, none if that is invalid.
    """
    selection = selection_of(aims, filters)
    targets = [aim.config for aim in aims if aim.config is not None]
    if selection is None and not aims:
        with suppress(InvalidFiles):
            config = configuration(Path())
            targets = [] if config is None else [*config.targets]
    groups = {one.name: one.groups for one in targets}
    commit = who(environment).get("commit", "")
    return Run(__version__, utc_text(now), commit, selection, groups, seconds)


def selection_of(aims: Sequence[Aim], filters: Filters) -> Selection | None:
    """The number of targets that the filters leave; None without a `confsync.yaml`."""
    if aims:
        every = 0 if aims[0].config is None else aims[0].of
    else:
        config = None if filters == NO_FILTERS else configuration(Path())
        every = 0 if config is None else len(config.targets)
    return Selection(len(aims), every, filters.words, filters.shard) if every else None
