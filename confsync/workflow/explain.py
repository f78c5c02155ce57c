"""Explain: what a rule, a risk, a field or a variant is. Offline."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TypeAlias

from confsync.errors import WrongUsage
from confsync.guard import discreet
from confsync.kinds import KINDS
from confsync.rules import Everything, Rule, rules
from confsync.store.describe import Page, described, names

Explained: TypeAlias = Rule | tuple[Page, ...] | Everything


@discreet
def explain(name: str) -> Explained:
    """What has this name; without one, all that there is. Raises WrongUsage for an unknown one."""
    if not name:
        return Everything(tuple(rules().values()), names(KINDS))
    rule = rules().get(name)
    if rule is not None:
        return rule
    pages = described(name, KINDS)
    if pages:
        return pages
    known = {other.lower(): other for other in (*rules(), *names(KINDS))}
    close = get_close_matches(name.rpartition("/")[2].lower(), known)
    hint = f"did you mean {' or '.join(known[other] for other in close)}?"
    raise WrongUsage(
        "there is no rule, field or variant with this name",
        hint=hint if close else "`confsync explain` lists all of them",
    )
