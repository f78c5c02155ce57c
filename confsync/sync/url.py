"""Texts that stand where a URL stands, with their passwords sealed.

The server checks no URL syntax (wire section 5.2), so nothing here does either: what could be a
password is sealed, rather too much than too little.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from confsync.sync.scrub import merged
from confsync.sync.secret import MASK, Ref, Secret, Vault

if TYPE_CHECKING:
    from collections.abc import Iterable

# Unicode White_Space, which the server trims: wire section 5.2. Python's own strip() would also
# take U+001C to U+001F, which the server keeps.
WHITE_SPACE = (
    "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u2028\u2029\u202f\u205f\u3000"
)
SCHEME = "[A-Za-z][A-Za-z0-9+.-]*://"
SENSITIVE = "pass|pwd|secret|token|auth|credential|cookie|key"
"""Parts of the names of parameters that hold passwords, in any case."""

_SCHEME = re.compile(SCHEME)
_PARAMETER = re.compile(r"[?&;#](?=([^=&;#?]*)=)")
_PASSWORD_NAME = re.compile(SENSITIVE, re.IGNORECASE)
CREDENTIALS = r'://[^\x00- /?#<>":]*:([^\x00- /?#<>"]+)@'
"""Of a URL in an ordinary text, with the password as a group."""


@dataclass(frozen=True)
class Url:
    """A text in a URL's place: readable pieces with secrets between them.

    `ref`: reference that the whole text comes from; it is shown instead of the text. Until it is
    resolved, `parts` is empty. Compare URLs with `relation`, which knows of unknown secrets.
    """

    parts: tuple[str | Secret, ...]
    ref: Ref | None = field(default=None, compare=False)

    @property
    def resolved(self) -> bool:
        """True if every secret in it has a value in the vault."""
        return bool(self.parts) and all(secret.id is not None for secret in self.secrets)

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The secrets in their order; of an unresolved text, itself as a secret."""
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

    Passwords are everything from the first `:` behind the scheme's `://` (without a scheme: from
    the first `:`) to the last `@`, and values of parameters with names like `password`, in the
    query or the fragment.
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
    return Url(_parts(text, merged(sorted(spans), touching=True), vault), ref)


def seal_text(text: str, vault: Vault) -> Url:
    """An ordinary text with the passwords of URLs in it sealed: `scheme://user:password@host`."""
    return Url(_parts(text, [found.span(1) for found in re.finditer(CREDENTIALS, text)], vault))


def has_password(text: str) -> bool:
    """True for an ordinary text with a URL that has a password."""
    return re.search(CREDENTIALS, text) is not None


def _parts(text: str, spans: Iterable[tuple[int, int]], vault: Vault) -> tuple[str | Secret, ...]:
    """A text with the secrets at these places, in their order, sealed."""
    parts: list[str | Secret] = []
    position = 0
    for start, end in spans:
        parts += [text[position:start], vault.seal(text[start:end])]
        position = end
    parts.append(text[position:])
    return tuple(part for part in parts if part != "") or ("",)


def is_sensitive(name: str) -> bool:
    """True for the name of a parameter or a header whose value may be a secret."""
    return _PASSWORD_NAME.search(name) is not None


def masked(text: str) -> str:
    """A text from outside with everything masked that could be a password in a URL."""
    return str(seal_url(text, Vault()))


def masked_text(text: str) -> str:
    """An ordinary text with the passwords of URLs in it masked: see `seal_text`."""
    return str(seal_text(text, Vault()))


def compose(address: str, username: str, password: Secret) -> Url:
    """The URL of the mapping form. `address` is a URL without credentials.

    The user name is percent-encoded here, the password when it is resolved: the server decodes it
    (wire section 7).
    """
    scheme, separator, rest = address.partition("://")
    head = f"{scheme}{separator}{percent_encoded(username)}:"
    return Url((head, password, f"@{rest}"))


def percent_encoded(text: str) -> str:
    """A user name or password as it stands in a URL: UTF-8, everything but unreserved encoded."""
    return quote(text, safe="")
