"""Desired states of targets after layering, offline: no server, no reference, no command."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from confsync.errors import WrongUsage
from confsync.guard import discreet
from confsync.kinds import KINDS, using
from confsync.report.render import Rendered
from confsync.store.mistakes import listed
from confsync.sync.values import Live, Origin, Target
from confsync.workflow.load import load, stores_in
from confsync.workflow.once import Once
from confsync.workflow.selection import Filters, selected
from confsync.workflow.tables import tables_of
from confsync.workflow.targets import (
    NO_ACCESS,
    NOTHING_WANTED,
    aimed,
    attempted,
    check_not_targets,
    checked_of,
    configuration,
    nothing_named,
    without_config,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from confsync.sync.secret import Vault
    from confsync.sync.values import Failed
    from confsync.workflow.targets import Aim, Asked


def aims(directory: Path, asked: Asked, *, today: date) -> tuple[Aim, ...]:
    """The targets that are asked for, or that use one of the files; without either all of them.
    Without a `confsync.yaml` the files are layers of one state. `today` is a day in UTC.

    Raises InvalidFiles for an invalid `confsync.yaml`, and WrongUsage.
    """
    config, files = configuration(directory), stores_in(asked.files)
    chosen = checked_of(config, asked)
    if config is None:
        if not files:
            raise nothing_named(directory)
        return (without_config(files, NOTHING_WANTED, NO_ACCESS),)
    if files:
        check_not_targets(config, files)
        chosen = selected(config, (), Filters(using=files))
        used = {
            *map(os.path.realpath, (file for one in chosen for file in (*one.files, *one.read)))
        }
        if left := [file for file in files if os.path.realpath(file) not in used]:
            hint = "add it to `files` of a target, or leave it out"
            raise WrongUsage(f"no target of {config.file} uses {listed(left)}", hint=hint)
    return aimed(config, chosen, today=today)


@discreet
def render(aims: Sequence[Aim], vault: Vault) -> tuple[Rendered | Failed, ...]:
    """The desired state of each target. Errors of the only target are raised: InvalidFiles."""
    once = Once()
    return tuple(attempted(aim, partial(_rendered, aim, vault, once)) for aim in aims)


def _rendered(aim: Aim, vault: Vault, once: Once) -> Rendered:
    with using(tables_of(aim)):
        load(aim.files, vault, aim.options.own, once)
        # Again with the names of secrets, which show where the references come from.
        own = replace(aim.options.own, secrets=None)
        found = load(aim.files, vault, own, once).desired
        # The state itself stands for the server's, of which only the variant counts.
        lives = ((one, Live(one.object, one.tree)) for one in found)
        states = tuple(
            (aim.options.completed(one, live), KINDS[one.object].shape) for one, live in lives
        )
    config = aim.config
    if config is None:
        return Rendered(Target("", ""), (), states)
    marks = config.secret_marks.items()
    places = {name: Origin("file", at.file, at.line, at.column, at.group) for name, at in marks}
    secrets = {name: (ref, places[name]) for name, ref in config.secrets.items()}
    return Rendered(Target(config.name, config.url), config.groups, states, secrets)
