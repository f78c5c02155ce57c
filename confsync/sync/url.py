"""Texts that stand where a URL stands, with their passwords sealed.

The server checks no URL syntax (wire section 5.2), so nothing here does either: what could be a
password is sealed, rather too much than too little.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from confsync.sync.scrub import merged
from confsync.sync.secret import MASK, Ref, Secret, Vault

# Unicode White_Space, which the server trims: wire section 5.2. Python's own strip() would also
# take U+001C to U+001F, which the server keeps.
WHITE_SPACE = (
    "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u2028\u2029\u202f\u205f\u3000"
)
SCHEME = "[A-Za-z][A-Za-z0-9+.-]*://"
SENSITIVE = "pass|pwd|secret|token|auth|credential|key"
"""What the names of parameters hold whose values are passwords, in small or capital letters."""

_SCHEME = re.compile(SCHEME)
_PARAMETER = re.compile(r"[?&;#](?=([^=&;#?]*)=)")
_PASSWORD_NAME = re.compile(SENSITIVE, re.IGNORECASE)


@dataclass(frozen=True)
class Url:
    """A text in a URL's place: readable pieces with secrets between them.

    `ref` is set where the whole text comes from a reference; it is then shown as that reference.
    While such a reference is not resolved, `parts` is empty. Two URLs are equal when their
    pieces and their secrets are: compare through `relation`, which knows of unknown ones.
    """

    parts: tuple[str | Secret, ...]
    ref: Ref | None = field(default=None, compare=False)

    @property
    def resolved(self) -> bool:
        """Whether every secret in it has a value in the vault."""
        return bool(self.parts) and all(secret.id is not None for secret in self.secrets)

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The secrets in it, in their order; the whole text's own while that is unresolved."""
        if not self.parts:
            return (Secret(None, self.ref),)
        return tuple(part for part in self.parts if isinstance(part, Secret))

    @property
    def skeleton(self) -> tuple[str | None, ...]:
        """The readable pieces, with None for each secret."""
        return tuple(part if isinstance(part, str) else None for part in self.parts)

    def __str__(self) -> str:
        if self.ref is not None:
            return f"from {self.ref}"
        return "".join(part if isinstance(part, str) else MASK for part in self.parts)


def trim(text: str) -> str:
    """The text without the white space that the server trims: wire section 5.2."""
    return text.strip(WHITE_SPACE)


def seal_url(text: str, vault: Vault, ref: Ref | None = None) -> Url:
    """Split a text into readable pieces and sealed passwords.

    Sealed are: everything from the first `:` behind the scheme's `://` to the last `@` (without a
    scheme: from the first `:`), and the value of a parameter of the query or the fragment that is
    named like a password.
    """
    scheme = _SCHEME.match(text)
    colon, at = text.find(":", 0 if scheme is None else scheme.end()), text.rfind("@")
    spans = [(colon + 1, at)] if 0 <= colon < at else []
    end = 0
    for parameter in _PARAMETER.finditer(text):
        start = parameter.end(1) + 1
        if start > end and _PASSWORD_NAME.search(unquote(parameter[1])):
            end = text.find("&", start)
            end = len(text) if end < 0 else end
            spans.append((start, end))
    parts: list[str | Secret] = []
    position = 0
    for start, end in merged(sorted(spans), touching=True):
        parts += [text[position:start], vault.seal(text[start:end])]
        position = end
    parts.append(text[position:])
    return Url(tuple(part for part in parts if part != ""), ref)


def masked(text: str) -> str:
    """A text from outside with everything masked that could be a password in a URL."""
    return str(seal_url(text, Vault()))


def compose(address: str, username: str, password: Secret) -> Url:
    """The URL of the mapping form: the user name percent-encoded, the password still a secret.

    `address` is a URL without credentials. The secret's text is percent-encoded when it is
    resolved: wire section 7, passwords are percent-decoded by the server.
    """
    scheme, separator, rest = address.partition("://")
    head = f"{scheme}{separator}{percent_encoded(username)}:"
    return Url((head, password, f"@{rest}"))


def percent_encoded(text: str) -> str:
    """A user name or password as it stands in a URL: UTF-8, everything but unreserved encoded."""
    return quote(text, safe="")
