"""What each rule is, in a few words, for outputs that list the rules."""

from __future__ import annotations

from confsync.sync.risk import RISKS


def description(rule: str) -> str:
    """One sentence about a rule. What has no description is described by its name."""
    return RISKS.get(rule, rule.replace("-", " "))
