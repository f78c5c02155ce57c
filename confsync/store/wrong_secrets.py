"""Error messages for invalid secrets, URLs and references.

Any of them may contain a secret by mistake, so no message repeats a value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from confsync.secrets.resolver import unusable
from confsync.store.mistakes import INSTEAD, Mistake, near_name, no_space, unknown
from confsync.sync.names import nearest
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
    "vault": "{command: [vault, kv, get, -mount=secret, -field=password, mail/cache]}",
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

    `references`: the kinds of references. None: every word.
    """
    if "{" not in text and "://" in text:
        # An ordinary URL: other packages are not searched for kinds of references.
        kinds = "(?!)"
    else:
        kinds = "[A-Za-z]+" if references is None else "|".join(map(re.escape, references))
    if re.fullmatch(rf"\{{\s*({kinds})\s*:.*\}}", text, re.DOTALL):
        fact = "is a reference in quotes, so it is read as a string"
        hint = "remove the quotes: `{env: NAME}`"
    elif re.fullmatch(rf"({kinds})\s*[: ](?!//)\s*[A-Za-z_/.~][A-Za-z0-9_/.-]*", text):
        fact = "is a reference without braces, so it is read as a string"
        hint = "write `{env: NAME}`"
    elif re.search(rf"\{{\s*({kinds})\s*:[^}}]*\}}", text):
        fact = "contains a reference inside a string"
        hint = f"write the URL as a mapping: `{URL_MAPPING}`"
    elif re.search(r"\{\{.*\}\}", text):
        fact = "contains a template `{{ … }}`, which confsync does not render"
        hint = "render it first; write a secret or a whole URL as `{env: NAME}`"
    elif re.search(_UNFILLED, trim(text)):
        fact = "contains a $ variable, which confsync does not expand"
        hint = "write `{env: NAME}` for a secret, a whole URL or the password in a URL"
    else:
        return None
    return Mistake("reference-as-text", f"{name} {fact}", hint)


def check_secret(text: str, name: str, references: Iterable[str]) -> None:
    """Raise Mistake for a text that cannot be a secret."""
    if text == MASK:
        raise Mistake("mask", f"{name} is `{MASK}`, the mask of a hidden secret", INSTEAD)
    if wrong := unfilled(text, name, references):
        raise wrong
    if (found := unusable(text)) is None:
        return
    rule, fact, hint = "not-a-secret", found[0], "for no secret write `{'@type': None}`"
    if text.startswith("ENC["):
        rule, hint = "encrypted-secret", f"decrypt it before confsync runs, or {INSTEAD}"
    elif trim(text):
        rule, hint = "control-in-secret", INSTEAD
        found_break = re.search(r"[\n\r]", text)
        fact = "contains a line break" if found_break else "contains a control character"
    raise Mistake(rule, f"{name} {fact}", hint)


def unknown_part(key: ScalarNode, parts: Iterable[str]) -> Mistake:
    """The mistake of an unknown key in the mapping form of a URL."""
    first, colon, _ = key.text.partition(":")
    if colon and first in parts:
        return no_space(key.mark)
    message = unknown("URL part", near_name(key.text, parts))
    hint = nearest(key.text, parts).rstrip() or f"known parts: {', '.join(parts)}"
    if key.text.lower() in ADDRESSES:
        message = f"unknown URL part `{key.text}`: it belongs to the address"
        hint = "write `address: rediss://HOST:PORT/DATABASE`"
    return Mistake("unknown-url-part", message, hint, key.mark)


def unknown_reference(node: MappingNode, name: str, known: Sequence[str]) -> Mistake:
    """The mistake of a mapping that is no reference, or of an unknown kind."""
    write = f"write one of {', '.join(known)}, like `{{env: NAME}}`"
    if len(node.entries) != 1:
        fact = "must be one reference, not several keys" if node.entries else "is an empty mapping"
        return Mistake("unknown-reference", f"{name} {fact}", write, node.mark)
    ((key, _),) = node.entries
    first, colon, _ = key.text.partition(":")
    if colon and first in known:
        return no_space(key.mark)
    message = unknown("reference", near_name(key.text, known))
    hint = nearest(key.text, known).rstrip() or write
    if key.text in _ELSEWHERE:
        message, hint = f"unknown reference `{key.text}`", f"write `{_ELSEWHERE[key.text]}`"
    return Mistake("unknown-reference", message, hint, key.mark)


def check_name(first: str, node: Node, name: str, form: Form) -> None:
    """Raise Mistake for a text that cannot be a name, or the program of a command."""
    rule, hint = "reference-name", f"write {form.takes}, like `{form.example}`"
    if not first.strip():
        rule, fact = ("reference-command", "has no program") if form.words else (rule, "is blank")
    elif re.match(r"\$[A-Za-z_{(]", first):
        fact, hint = "starts with $, which confsync does not expand", f"remove the $; {hint}"
    elif first.startswith("~"):
        fact = "starts with ~, which confsync does not expand"
        hint = "write the full path, like /home/mail/secret, or one relative to this file"
    elif "://" in first:
        fact = "cannot be a URL"
    elif form.pattern.fullmatch(first):
        return
    elif form.words:
        rule, fact = "reference-command", "starts with an invalid program name"
    else:
        fact, hint = f"must be {form.takes}", f"{hint}, never the secret itself"
    raise Mistake(rule, f"{name} {fact}", hint, node.mark)
