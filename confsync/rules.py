"""The rules: what each mistake and risk means, read from rules.md when a page is shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Rule:
    """A kind of mistake or risk: its title in a line, what it means, and why it exists.

    `examples` are pairs of whole files, wrong and right; none where no file can show the rule.
    """

    id: str
    title: str
    meaning: str
    why: str
    examples: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Everything:
    """All that `explain` knows: the rules, and the names of objects, variants and fields."""

    rules: tuple[Rule, ...]
    names: tuple[str, ...]


@cache
def rules() -> Mapping[str, Rule]:
    """Every rule by its id, in the order of rules.md."""
    text = (files("confsync") / "rules.md").read_text(encoding="utf-8")
    _, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    return {rule.id: rule for rule in map(_rule, sections)}


def _rule(section: str) -> Rule:
    """Parse a section: the id, three paragraphs, then pairs of fenced examples."""
    prose, *_ = section.partition("\n```")
    name, title, meaning, why = (" ".join(part.split()) for part in prose.strip().split("\n\n"))
    examples = [*_examples(section)]
    return Rule(name, title, meaning, why, tuple(zip(examples[::2], examples[1::2], strict=True)))


def _examples(section: str) -> Iterator[str]:
    r"""The fenced files of a section. An `escaped` one spells invisible characters `\x09`."""
    for _, escaped, example in re.findall(_FENCE, section, re.MULTILINE | re.DOTALL):
        yield re.sub(_ESCAPE, _character, example) if escaped else example


def _character(escape: re.Match[str]) -> str:
    return chr(int(escape[1] or escape[2], 16))


_FENCE = r"^(`{3,})yaml (?:wrong|right)( escaped)?\n(.*?)^\1$"
_ESCAPE = r"\\x([0-9a-f]{2})|\\u([0-9a-f]{4})"
