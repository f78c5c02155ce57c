"""Pages of rules, fields and variants, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.report.layout import wrapped
from confsync.report.printable import printable
from confsync.rules import Everything, Rule
from confsync.store.describe import FieldPage, ObjectPage, VariantPage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from confsync.store.describe import Page

_LABEL = 10


def explained_text(found: Rule | Everything | tuple[Page, ...]) -> str:
    """What was found by a name."""
    match found:
        case Rule():
            return rule_text(found)
        case Everything(rules=rules, names=names):
            return everything_text(rules, names)
        case pages:
            return pages_text(pages)


def rule_text(rule: Rule) -> str:
    """The page of a rule: what it means, why, and examples of wrong and right."""
    parts = [*map(_wrapped, (f"{rule.id}: {rule.title}", rule.meaning, rule.why))]
    for pair in rule.examples:
        for label, example in zip(("wrong", "right"), pair, strict=True):
            lines = (f"    {line}" for line in example_lines(example))
            parts.append("\n".join([f"{label}:", *lines]))
    return "\n\n".join(parts) + "\n"


def example_lines(example: str) -> Iterator[str]:
    r"""The lines of an example; what nobody sees is shown as an escape like `\x09`."""
    for line in example.removesuffix("\n").split("\n"):
        yield printable(line)


def pages_text(pages: Iterable[Page]) -> str:
    """What has one name: a field, perhaps in several forms, a variant or an object."""
    return "\n".join("".join(f"{line}\n" for line in _page(page)) for page in pages)


def everything_text(rules: Sequence[Rule], names: Sequence[str]) -> str:
    """All that can be explained: the rules with their titles, then fields and variants."""
    width = max(len(rule.id) for rule in rules)
    lines = ["rules and risks"]
    for rule in rules:
        lines += wrapped(f"{rule.id:<{width}}  {rule.title}", "  ", " " * (width + 4))
    listed = wrapped(", ".join(names), "  ", "  ")
    return "\n".join([*lines, "", "objects, variants and fields", *listed, ""])


def _page(page: Page) -> Iterator[str]:
    match page:
        case FieldPage():
            yield page.name
            yield from _indented(page.summary)
            yield ""
            yield from _row("type", page.type)
            yield from _row("limits", page.limits or "none")
            yield from _row("default", page.default or "none: a file has to name it")
            yield from _row("null", "allowed" if page.nullable else "not allowed")
            yield from _row("in", ", ".join(page.variants))
        case VariantPage():
            yield page.name
            yield from _indented(page.summary)
            yield ""
            yield from _row("in", ", ".join(page.places))
            width = max((len(name) for name, _, _ in page.fields), default=0)
            for name, kind, default in page.fields:
                ending = f"default {default}" if default else "no default"
                yield from wrapped(f"{name:<{width}}  {kind}; {ending}", "  ", " " * (width + 4))
            if not page.fields:
                yield "  no fields"
        case ObjectPage():
            yield page.name
            yield "  an object, whose '@type' is one of"
            yield ""
            width = max(len(tag) for tag, _ in page.variants)
            for tag, summary in page.variants:
                yield from wrapped(f"{tag:<{width}}  {summary}", "  ", " " * (width + 4))


def _row(label: str, text: str) -> list[str]:
    return wrapped(f"{label:<{_LABEL}}{text}", "  ", " " * (_LABEL + 2))


def _indented(text: str) -> list[str]:
    return wrapped(text, "  ", "  ")


def _wrapped(text: str) -> str:
    return "\n".join(wrapped(text))
