"""Pages of rules, fields and variants, for people."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from confsync.kinds.describe import FieldPage, ObjectPage, VariantPage
from confsync.report.layout import WIDTH
from confsync.report.printable import printable
from confsync.rules.rule import Everything, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from confsync.kinds.describe import Page

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
    """The page of a rule: what it means, why, and an example of wrong and right."""
    parts = [*map(_wrapped, (f"{rule.id}: {rule.title}", rule.meaning, rule.why))]
    for label, example in (("wrong", rule.wrong), ("right", rule.right)):
        if example:
            parts.append(
                "\n".join([f"{label}:", *(f"    {line}" for line in example_lines(example))])
            )
    return "\n\n".join(parts) + "\n"


def example_lines(example: str) -> Iterator[str]:
    r"""The lines of an example; what nobody sees is shown as an escape like `\x09`."""
    for line in example.removesuffix("\n").split("\n"):
        yield printable(line).replace("\u00a0", "\\xa0")


def pages_text(pages: Iterable[Page]) -> str:
    """What has one name: a field, perhaps in several forms, a variant or an object."""
    return "\n".join("".join(f"{line}\n" for line in _page(page)) for page in pages)


def everything_text(rules: Sequence[Rule], names: Sequence[str]) -> str:
    """All that can be explained: the rules with their titles, then fields and variants."""
    width = max(len(rule.id) for rule in rules)
    lines = ["rules and risks"]
    for rule in rules:
        lines += textwrap.wrap(
            f"{rule.id:<{width}}  {rule.title}",
            WIDTH,
            initial_indent="  ",
            subsequent_indent=" " * (width + 4),
            break_on_hyphens=False,
        )
    wrapped = textwrap.wrap(", ".join(names), WIDTH, initial_indent="  ", subsequent_indent="  ")
    return "\n".join([*lines, "", "objects, variants and fields", *wrapped, ""])


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
                yield from textwrap.wrap(
                    f"{name:<{width}}  {kind}; {ending}",
                    WIDTH,
                    initial_indent="  ",
                    subsequent_indent=" " * (width + 4),
                )
            if not page.fields:
                yield "  no fields"
        case ObjectPage():
            yield page.name
            yield "  an object, whose '@type' is one of"
            yield ""
            width = max(len(tag) for tag, _ in page.variants)
            for tag, summary in page.variants:
                yield from textwrap.wrap(
                    f"{tag:<{width}}  {summary}",
                    WIDTH,
                    initial_indent="  ",
                    subsequent_indent=" " * (width + 4),
                )


def _row(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        f"{label:<{_LABEL}}{text}",
        WIDTH,
        initial_indent="  ",
        subsequent_indent=" " * (_LABEL + 2),
        break_long_words=False,
    )


def _indented(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="  ")


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
