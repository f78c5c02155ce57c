"""What stands in a secret's or a URL's place and can be neither. Nothing of it is repeated."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from confsync.secrets.resolver import unusable
from confsync.store.messages.names import ADDRESS
from confsync.store.mistakes import INSTEAD, Mistake, near_name, no_space
from confsync.sync.secret import MASK
from confsync.sync.spelling import nearest_name
from confsync.sync.url import trim
from confsync.yaml.nodes import MappingNode, Node, ScalarNode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.sync.tree import Path

# What other programs fill in: ${NAME}, $NAME as the whole text, $(command), {{ name }}.
_UNFILLED = re.compile(r"\$\{[A-Za-z_][^}]*\}|\$\([^)]+\)|^\$[A-Z_][A-Z0-9_]*$")
_TEMPLATE = re.compile(r"\{\{.*\}\}")


def is_taken_as_it_is(text: str) -> bool:
    """Whether a file can say a URL with this text, and it means just that: see below."""
    try:
        _refuse(text, "", "[A-Za-z]+")
    except Mistake:
        return False
    return True


def refuse_unfilled(text: str, name: str, references: Sequence[str]) -> None:
    """Raise Mistake for a text that some program was to fill in before, or that is a reference
    but for its form.
    """
    _refuse(text, name, "|".join(map(re.escape, references)))


def _refuse(text: str, name: str, kinds: str) -> None:
    if re.fullmatch(rf"\{{\s*({kinds})\s*:.*\}}", text, re.DOTALL):
        message = f"{name} is a reference in quotes, and so only a text"
        raise Mistake("reference-as-text", message, "take the quotes away: `{env: NAME}`")
    if re.fullmatch(rf"({kinds})\s*[: ](?!//)\s*[A-Za-z_/.~][A-Za-z0-9_/.-]*", text):
        message = f"{name} is a reference without its braces, and so only a text"
        raise Mistake("reference-as-text", message, "write it in braces: `{env: NAME}`")
    if re.search(rf"\{{\s*({kinds})\s*:[^}}]*\}}", text):
        message = f"{name} holds a reference within a text, where it is none"
        hint = "write the URL as a mapping: `{address: …, username: …, password: {env: NAME}}`"
        raise Mistake("reference-as-text", message, hint)
    if _TEMPLATE.search(text):
        message = f"{name} holds `{{{{ … }}}}` of a template, which confsync does not fill in"
        hint = "render the template first; a secret, or a whole URL, is `{env: NAME}`"
        raise Mistake("reference-as-text", message, hint)
    if _UNFILLED.search(trim(text)):
        message = f"{name} holds a variable with a $, which confsync does not fill in"
        hint = "write `{env: NAME}`; it may stand for a secret, a whole URL or the password in one"
        raise Mistake("reference-as-text", message, hint)


def refuse_secret(node: ScalarNode, name: str, references: Sequence[str]) -> None:
    """Raise Mistake for a text that no secret can be, or that is meant as something else."""
    if node.text == MASK:
        message = f"{name} is the mask that stands for a hidden secret, not a value"
        raise Mistake("mask", message, INSTEAD, node.mark)
    refuse_unfilled(node.text, name, references)
    wrong = unusable(node.text)
    if wrong is None:
        return
    fact, hint = wrong
    if not trim(node.text):
        rule = "not-a-secret"
    elif node.text.startswith("ENC["):
        rule, hint = "encrypted-secret", f"decrypt it before confsync runs; {INSTEAD}"
    elif re.search(r"[\n\r]", node.text):
        rule, fact, hint = "control-in-secret", "holds a line break", INSTEAD
    else:
        rule, hint = "control-in-secret", INSTEAD
    raise Mistake(rule, f"{name} {fact}", hint, node.mark)


def list_for_url(name: str, path: Path) -> Mistake:
    """A list where one URL belongs."""
    if path and isinstance(path[-1], int):
        message = f"{name} is a list within the list of URLs"
        return Mistake("not-a-list", message, "take the brackets or the second dash away")
    message = f"{name} must be one URL, not a list"
    return Mistake("not-a-single-value", message, "write the URL alone, without brackets or dash")


def unknown_part(key: ScalarNode, parts: Sequence[str]) -> Mistake:
    """A key in the mapping form of a URL that is none of its parts."""
    known = ", ".join(parts)
    first, colon, _ = key.text.partition(":")
    if colon and first in parts:
        return no_space(key.mark)
    near = nearest_name(key.text, parts)
    if near:
        message = f"a URL has no part {near_name(key.text, parts)}, but one called nearly so"
        return Mistake("unknown-url-part", message, f"did you mean {near}?", key.mark)
    if key.text.lower() in ADDRESS:
        message = f"a URL has no part `{key.text}`: it stands in the address"
        hint = "write `address: rediss://HOST:PORT/DATABASE`"
        return Mistake("unknown-url-part", message, hint, key.mark)
    return Mistake("unknown-url-part", "a URL has no part named so", f"a URL has {known}", key.mark)


def part_not_text(node: Node, where: str) -> Mistake:
    """A mapping or a list in the place of an address or a user name."""
    if isinstance(node, MappingNode):
        message = f"{where} is a mapping: of a URL's parts only the password can be a reference"
        hint = "write one text; where all of the URL is secret, `{env: NAME}` stands for it whole"
        return Mistake("not-a-single-value", message, hint, node.mark)
    message = f"{where} must be one text, not a list"
    return Mistake("not-a-single-value", message, "take the brackets or the dash away", node.mark)
