"""References that lead nowhere, in the words that their author gets to see.

A secret may stand in a reference by mistake: nothing that stands behind its key is repeated.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from confsync.store.mistakes import Mistake, near_name, no_space
from confsync.sync.spelling import nearest_name
from confsync.yaml.nodes import Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.sync.secret import Form
    from confsync.yaml.nodes import MappingNode

# Kinds that other programs have, each with what does the same here.
_ELSEWHERE = {
    "vault": "{command: [vault, kv, get, -field=password, mail/cache]}",
    "sops": "{command: [sops, decrypt, --extract, '[\"password\"]', secrets.yaml]}",
    "op": "{command: [op, read, --no-newline, 'op://mail/cache/password']}",
    "secretKeyRef": "{env: NAME}",
    "valueFrom": "{env: NAME}",
    "secretRef": "{env: NAME}",
}


def not_one(node: MappingNode, name: str, known: Sequence[str]) -> Mistake:
    """A mapping with no key, or several, where a reference has one."""
    hint = f"write one of {', '.join(known)}, and where it leads, like `{{env: NAME}}`"
    if not node.entries:
        message = f"{name} is an empty pair of braces"
        return Mistake("unknown-reference", message, hint, node.mark)
    message = f"{name} must be one reference, and has several keys"
    return Mistake("unknown-reference", message, hint, node.mark)


def unknown(key: ScalarNode, known: Sequence[str]) -> Mistake:
    """A kind of reference that there is not."""
    first, colon, _ = key.text.partition(":")
    if colon and first in known:
        return no_space(key.mark)
    if key.text in _ELSEWHERE:
        message = f"there are no `{key.text}` references"
        return Mistake("unknown-reference", message, f"write `{_ELSEWHERE[key.text]}`", key.mark)
    near = nearest_name(key.text, known)
    if near:
        message = f"there is no reference {near_name(key.text, known)}, but one called nearly so"
        hint = f"did you mean {near}? known are {', '.join(known)}"
        return Mistake("unknown-reference", message, hint, key.mark)
    hint = f"known are {', '.join(known)}, like `{{env: NAME}}`"
    return Mistake("unknown-reference", "there is no reference named so", hint, key.mark)


def wrong_form(node: Node, name: str, form: Form) -> Mistake:
    """A list where one text belongs, or one text where a list does."""
    hint = f"write {form.takes}, like `{form.example}`"
    if form.words:
        message = f"{name} must be a list of texts, which no shell takes apart"
        return Mistake("reference-command", message, hint, node.mark)
    if isinstance(node, SequenceNode):
        message = f"{name} must be one text, and is a list"
        return Mistake("reference-name", message, hint, node.mark)
    return wrong_word(node, name, form)


def wrong_word(node: Node, name: str, form: Form) -> Mistake:
    """Something that is no text behind the key of a reference."""
    hint = f"write {form.takes}, like `{form.example}`"
    if form.words:
        message = f"{name} has something in its list that is no text"
        return Mistake("reference-command", message, hint, node.mark)
    if isinstance(node, ScalarNode):
        message = f"{name} names nothing"
        return Mistake("reference-name", message, hint, node.mark)
    message = f"{name} must be a text, not a mapping"
    return Mistake("reference-name", message, hint, node.mark)


def check_name(words: Sequence[str], node: Node, name: str, form: Form) -> None:
    """Raise Mistake where the text of a reference, or a command's program, can be no name."""
    hint = f"write {form.takes}, like `{form.example}`"
    first = words[0] if words else ""
    if not first.strip():
        if form.words:
            message = f"{name} names no program"
            raise Mistake("reference-command", message, hint, node.mark)
        raise Mistake("reference-name", f"{name} is blank", hint, node.mark)
    if re.match(r"\$[A-Za-z_{(]", first):
        message = f"{name} begins with a $, and nothing is filled in there"
        hint = f"leave the $ out; {hint}"
        raise Mistake("reference-name", message, hint, node.mark)
    if first.startswith("~"):
        message = f"{name} begins with ~, which only a shell takes for your home"
        hint = "write the whole path, like /home/mail/secret, or one that starts beside this file"
        raise Mistake("reference-name", message, hint, node.mark)
    if "://" in first:
        message = f"{name} must not be a URL"
        raise Mistake("reference-name", message, hint, node.mark)
    if form.words and not form.pattern.fullmatch(first):
        message = f"{name} begins with what can be no program: is it a whole line for a shell?"
        raise Mistake("reference-command", message, hint, node.mark)
    if not form.pattern.fullmatch(first):
        message = f"{name} must be {form.takes}, and this cannot be one"
        hint = f"{hint}; the secret itself never stands here"
        raise Mistake("reference-name", message, hint, node.mark)
