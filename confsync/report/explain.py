"""Pages of rules, fields and variants, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.report.printable import printable, wrapped
from confsync.rules import Everything, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from confsync.store.describe import Page

_LABEL = 8


def explained_text(found: Rule | Everything | tuple[Page, ...]) -> str:
    """The page of a rule, the list of all names, or the pages of a name."""
    match found:
        case Rule():
            return _rule(found)
        case Everything(rules=rules, objects=objects, keys=keys):
            lines = [
                "rules, risks and topics",
                *_table((rule.id, rule.title) for rule in rules),
                "",
                "settings objects (`confsync explain Http` lists variants or fields)",
                *wrapped(", ".join(objects), "  ", "  "),
                "",
                "keys of confsync.yaml",
                *wrapped(", ".join(keys), "  ", "  "),
            ]
            return "\n".join([*lines, ""])
        case pages:
            return "\n".join("".join(f"{line}\n" for line in _page(page)) for page in pages)


def _rule(rule: Rule) -> str:
    """Title, meaning and reason of a rule, and examples with escapes for invisible characters."""
    texts = (f"{rule.id}: {rule.title}", *rule.meaning, rule.why)
    parts = ["\n".join(wrapped(text)) for text in texts]
    for pair in rule.examples:
        for label, example in zip(("wrong", "right"), pair, strict=True):
            lines = example.removesuffix("\n").split("\n")
            parts.append("\n".join([f"{label}:", *(f"    {printable(line)}" for line in lines)]))
    return "\n\n".join(parts) + "\n"


def _page(page: Page) -> list[str]:
    facts, table = _table(page.facts, _LABEL), _table(page.table)
    note = ["", *wrapped(page.note, "  ", "  ")] if page.note else []
    return [page.name, *wrapped(page.summary, "  ", "  "), "", *facts, *table, *note]


def _table(rows: Iterable[tuple[str, str]], width: int = 0) -> list[str]:
    """Names in a column of at least `width`, with a text beside each."""
    known = [*rows]
    width = max(width, *(len(name) for name, _ in known), 0)
    return [
        line
        for name, text in known
        for line in wrapped(f"{name:<{width}}  {text}", "  ", " " * (width + 4))
    ]
