"""Error messages for invalid secrets, URLs and references.

A secret may stand in any of them by mistake, so no message repeats a value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from confsync.secrets.resolver import unusable
from confsync.store.mistakes import INSTEAD, Mistake, no_space, quoted_name
from confsync.sync.names import nearest_name
from confsync.sync.secret import MASK
from confsync.sync.url import trim

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from confsync.sync.secret import Form
    from confsync.yaml.nodes import MappingNode, Node, ScalarNode

URL_MAPPING = "{address: …, username: …, password: {env: NAME}}"
ADDRESSES = {"host", "hostname", "server", "addr", "port", "database", "db", "scheme", "tls", "ssl"}
"""Names of other programs for parts of an address."""

# References of other programs, and the form of each in confsync.
_ELSEWHERE = {
    "vault": "{command: [vault, kv, get, -field=password, mail/cache]}",
    "sops": "{command: [sops, decrypt, --extract, '[\"password\"]', secrets.yaml]}",
    "op": "{command: [op, read, --no-newline, 'op://mail/cache/password']}",
    "secretKeyRef": "{env: NAME}",
    "valueFrom": "{env: NAME}",
    "secretRef": "{env: NAME}",
}
# Placeholders of other programs: ${NAME}, $NAME as the whole text, $(command).
_UNFILLED = r"\$\{[A-Za-z_][^}]*\}|\$\([^)]+\)|^\$[A-Z_][A-Z0-9_]*$"


def unfilled(text: str, name: str = "", references: Iterable[str] | None = None) -> Mistake | None:
    """The mistake of a placeholder or an invalid reference in a text; None without one.

    `references`: the kinds of references. None stands for every word.
    """
    if "{" not in text and "://" in text:
        # An ordinary URL: other packages are not searched for kinds of references.
        kinds = "(?!)"
    else:
        kinds = "[A-Za-z]+" if references is None else "|".join(map(re.escape, references))
    if re.fullmatch(rf"\{{\s*({kinds})\s*:.*\}}", text, re.DOTALL):
        fact = "is a reference in quotes, and so only a text"
        hint = "take the quotes away: `{env: NAME}`"
    elif re.fullmatch(rf"({kinds})\s*[: ](?!//)\s*[A-Za-z_/.~][A-Za-z0-9_/.-]*", text):
        fact = "is a reference without its braces, and so only a text"
        hint = "write it in braces: `{env: NAME}`"
    elif re.search(rf"\{{\s*({kinds})\s*:[^}}]*\}}", text):
        fact = "holds a reference within a text, where it is none"
        hint = f"write the URL as a mapping: `{URL_MAPPING}`"
    elif re.search(r"\{\{.*\}\}", text):
        fact = "holds `{{ … }}` of a template, which confsync does not fill in"
        hint = "render the template first; a secret, or a whole URL, is `{env: NAME}`"
    elif re.search(_UNFILLED, trim(text)):
        fact = "holds a variable with a $, which confsync does not fill in"
        hint = "write `{env: NAME}`; it may stand for a secret, a whole URL or the password in one"
    else:
        return None
    return Mistake("reference-as-text", f"{name} {fact}", hint)


def check_secret(text: str, name: str, references: Iterable[str]) -> None:
    """Raise Mistake for a text that can be no secret."""
    if text == MASK:
        message = f"{name} is the mask that stands for a hidden secret, not a value"
        raise Mistake("mask", message, INSTEAD)
    if wrong := unfilled(text, name, references):
        raise wrong
    if (found := unusable(text)) is None:
        return
    rule, (fact, hint) = "not-a-secret", found
    if text.startswith("ENC["):
        rule, hint = "encrypted-secret", f"decrypt it before confsync runs; {INSTEAD}"
    elif trim(text):
        rule, hint = "control-in-secret", INSTEAD
        fact = "holds a line break" if re.search(r"[\n\r]", text) else fact
    raise Mistake(rule, f"{name} {fact}", hint)


def unknown_part(key: ScalarNode, parts: Iterable[str]) -> Mistake:
    """The mistake of an unknown key in the mapping form of a URL."""
    first, colon, _ = key.text.partition(":")
    if colon and first in parts:
        return no_space(key.mark)
    message, hint = "a URL has no part named so", f"a URL has {', '.join(parts)}"
    if near := nearest_name(key.text, parts):
        message = f"a URL has no part {quoted_name(key.text)}, but one called nearly so"
        hint = f"did you mean {near}?"
    elif key.text.lower() in ADDRESSES:
        message = f"a URL has no part `{key.text}`: it stands in the address"
        hint = "write `address: rediss://HOST:PORT/DATABASE`"
    return Mistake("unknown-url-part", message, hint, key.mark)


def unknown_reference(node: MappingNode, name: str, known: Sequence[str]) -> Mistake:
    """The mistake of a mapping that is no reference, or of an unknown kind."""
    if len(node.entries) != 1:
        fact = "must be one reference, and has several keys"
        hint = f"write one of {', '.join(known)}, and where it leads, like `{{env: NAME}}`"
        fact = fact if node.entries else "is an empty pair of braces"
        return Mistake("unknown-reference", f"{name} {fact}", hint, node.mark)
    ((key, _),) = node.entries
    first, colon, _ = key.text.partition(":")
    if colon and first in known:
        return no_space(key.mark)
    message = "there is no reference named so"
    hint = f"known are {', '.join(known)}, like `{{env: NAME}}`"
    if key.text in _ELSEWHERE:
        message = f"there are no `{key.text}` references"
        hint = f"write `{_ELSEWHERE[key.text]}`"
    elif near := nearest_name(key.text, known):
        message = f"there is no reference {quoted_name(key.text)}, but one called nearly so"
        hint = f"did you mean {near}? known are {', '.join(known)}"
    return Mistake("unknown-reference", message, hint, key.mark)


def check_name(first: str, node: Node, name: str, form: Form) -> None:
    """Raise Mistake for a text that can be no name, or no program of a command."""
    rule, hint = "reference-name", f"write {form.takes}, like `{form.example}`"
    if not first.strip():
        rule, fact = ("reference-command", "names no program") if form.words else (rule, "is blank")
    elif re.match(r"\$[A-Za-z_{(]", first):
        fact, hint = "begins with a $, and nothing is filled in there", f"leave the $ out; {hint}"
    elif first.startswith("~"):
        fact = "begins with ~, which only a shell takes for your home"
        hint = "write the whole path, like /home/mail/secret, or one that starts beside this file"
    elif "://" in first:
        fact = "must not be a URL"
    elif form.pattern.fullmatch(first):
        return
    elif form.words:
        rule = "reference-command"
        fact = "begins with what can be no program: is it a whole line for a shell?"
    else:
        fact = f"must be {form.takes}, and this cannot be one"
        hint = f"{hint}; the secret itself never stands here"
    raise Mistake(rule, f"{name} {fact}", hint, node.mark)
