"""Every rule by its id: what its page says. Adding one touches one module of this room.

The rules of files first, in the order in which a file is read; then those of `confsync.yaml`, and
of plans.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.rules import (
    durations,
    files,
    lists,
    names,
    plans,
    risks,
    secrets,
    targets,
    urls,
    values,
    yaml,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.rules.rule import Rule

RULES: Mapping[str, Rule] = {
    rule.id: rule
    for module in (
        *(files, yaml, names, values, lists, durations, secrets, urls, risks, targets, plans),
    )
    for rule in module.RULES
}
