"""Rules: pages on each mistake and risk, read from rules.md when one is shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_FENCE = r"^(`{3,})yaml (?:wrong|right)( escaped)?\n(.*?)^\1$"
_ESCAPE = r"\\x([0-9a-f]{2})|\\u([0-9a-f]{4})"


@dataclass(frozen=True)
class Rule:
    """A kind of mistake or risk: title, the paragraphs of its meaning, and reason.

    `examples`: pairs of whole files, wrong and right; empty if no file can show the rule.
    """

    id: str
    title: str
    meaning: tuple[str, ...]
    why: str
    examples: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Everything:
    """All rules, and the names of all objects and of all keys of `confsync.yaml`."""

    rules: tuple[Rule, ...]
    objects: tuple[str, ...]
    keys: tuple[str, ...]


@cache
def rules() -> Mapping[str, Rule]:
    """All rules by id, in the order of rules.md."""
    text = (files("confsync") / "rules.md").read_text(encoding="utf-8")
    _, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    return {rule.id: rule for rule in map(_rule, sections)}


def _rule(section: str) -> Rule:
    r"""Parse a section: the id, three or more paragraphs, then pairs of fenced examples. An
    `escaped` one spells invisible characters as `\x09`.
    """
    prose, *_ = section.partition("\n```")
    name, title, *meaning, why = (" ".join(part.split()) for part in prose.strip().split("\n\n"))
    examples = [
        re.sub(_ESCAPE, lambda code: chr(int(code[1] or code[2], 16)), text) if escaped else text
        for _, escaped, text in re.findall(_FENCE, section, re.MULTILINE | re.DOTALL)
    ]
    pairs = tuple(zip(examples[::2], examples[1::2], strict=True))
    return Rule(name, title, tuple(meaning), why, pairs)
