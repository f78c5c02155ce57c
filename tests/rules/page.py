"""Writes docs/rules.md from the registry of rules: `make docs`."""

from __future__ import annotations

import textwrap
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from confsync.report.explain import example_lines
from confsync.rules import (
    RULES,
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
    from collections.abc import Iterator

    from confsync.rules.rule import Rule

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
_INTRODUCTION = """\
# Rules

What confsync says of a file names its rule in brackets, and this page says of each rule what it
means, why it is there, and how wrong and right look. `confsync explain RULE` prints the same. An
id stays the same from release to release.

A rule that can be allowed by its name, like `plaintext-secret`, is a *risk*. Characters that
nobody sees are written here as escapes like `\\x09`, a tab.

This page is made from the program by `make docs`.
"""
_GROUPS = {
    "Files and characters": files,
    "YAML": yaml,
    "Objects, variants and fields": names,
    "Values": values,
    "Lists": lists,
    "Durations": durations,
    "Secrets and references": secrets,
    "URLs": urls,
    "Risks of a state": risks,
    "confsync.yaml": targets,
    "Plans": plans,
}


def page() -> str:
    """The page with every rule."""
    groups = {title: module.RULES for title, module in _GROUPS.items()}
    assert [*chain(*groups.values())] == [*RULES.values()]
    lines = [_INTRODUCTION]
    for title, rules in groups.items():
        lines += [f"## {title}", "", *chain.from_iterable(map(_rule, rules))]
    return "\n".join(lines)


def _rule(rule: Rule) -> Iterator[str]:
    yield f"### {rule.id}"
    yield ""
    text = f"{rule.title[0].upper()}{rule.title[1:]}. {rule.meaning} {rule.why}"
    yield textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False)
    yield ""
    for label, example in (("Wrong", rule.wrong), ("Right", rule.right)):
        if example:
            yield from (f"{label}:", "", *(f"    {line}" for line in example_lines(example)), "")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
