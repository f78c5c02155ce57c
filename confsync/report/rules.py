"""What each rule is, in a few words, for outputs that list the rules."""

from __future__ import annotations

from confsync.rules import RULES


def description(rule: str) -> str:
    """One sentence about a rule. What has no page is described by its name."""
    return RULES[rule].title if rule in RULES else rule.replace("-", " ")
