"""The facts of a run that its reports begin with."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from confsync import __version__
from confsync.errors import InvalidFiles
from confsync.report.run import Run, Selection
from confsync.store.mistakes import listed
from confsync.workflow.ci import who
from confsync.workflow.selection import NO_FILTERS
from confsync.workflow.targets import configuration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from confsync.workflow.targets import Aim, Asked


def utc_text(moment: datetime) -> str:
    """An aware time in reports and audits: in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def run_of(
    aims: Sequence[Aim],
    asked: Asked,
    environment: Mapping[str, str],
    now: datetime,
    seconds: Mapping[str, float],
) -> Run:
    """The facts of a run over some targets. A saved plan has no aims: its target's groups are those
    of today's `confsync.yaml`, none if that is invalid.
    """
    selection = selection_of(aims, asked)
    targets = [aim.config for aim in aims if aim.config is not None]
    if selection is None and not aims:
        with suppress(InvalidFiles):
            config = configuration(Path())
            targets = [] if config is None else [*config.targets]
    groups = {one.name: one.groups for one in targets}
    commit = who(environment).get("commit", "")
    return Run(__version__, utc_text(now), commit, selection, groups, seconds)


def selection_of(aims: Sequence[Aim], asked: Asked) -> Selection | None:
    """The number of targets that were chosen, and how; None without a `confsync.yaml`."""
    filters = asked.filters
    if aims:
        every = 0 if aims[0].config is None else aims[0].of
    else:
        config = None if filters == NO_FILTERS else configuration(Path())
        every = 0 if config is None else len(config.targets)
    names = f"target {listed(asked.targets, 'or')}" if asked.targets else ""
    by = ", ".join(filter(None, [names, filters.words]))
    return Selection(len(aims), every, by, filters.shard) if every else None
