"""From a patch to the JSON of an update: secrets are opened here, and nowhere else.

Pointers are escaped after their secrets have been opened: wire section 5.2.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.errors import Fault
from confsync.jmap import pointer
from confsync.sync.secret import Secret
from confsync.sync.tree import Items, Members, Object, Tree
from confsync.sync.url import Url

if TYPE_CHECKING:
    from confsync.jmap.answers import Json
    from confsync.sync.secret import Vault
    from confsync.sync.values import Patch


@dataclass(frozen=True)
class Credentials:
    """An API key or token alone, or a user name with its password. `name`: where they were set.
    `unused`: other credentials, which were not used, and why.
    """

    secret: Secret
    user: str | None = None
    name: str = "the credentials"
    unused: str = ""

    @property
    def refused(self) -> tuple[str, str]:
        """Fact and hint if the server does not accept them."""
        hint = "check that the API key is complete, not revoked and not expired"
        if self.user is not None:
            hint = "check the user name and the password"
        return f"the server refused {self.name}", "; ".join(filter(None, (hint, self.unused)))


def authorization(credentials: Credentials, vault: Vault) -> str:
    """The value of the Authorization header: wire section 1. UTF-8 for Basic."""
    secret = vault.open(credentials.secret)
    if credentials.user is None:
        return f"Bearer {secret}"
    pair = f"{credentials.user}:{secret}".encode()
    return f"Basic {base64.b64encode(pair).decode('ascii')}"


def update_json(update: Patch, vault: Vault) -> dict[str, Json]:
    """The PATCH object of an update: pointers without a leading slash, values of the wire."""
    entries: dict[str, Json] = {}
    for entry in update.entries:
        tokens = (_text(one, vault) if isinstance(one, Url) else str(one) for one in entry.pointer)
        entries[pointer.write(tuple(tokens))] = _value(entry.value, vault)
    if len(entries) != len(update.entries):
        raise Fault("two entries of an update have the same pointer")
    return entries


def _value(value: Tree, vault: Vault) -> Json:
    match value:
        case Object():
            members = {name: _value(member, vault) for name, member in value.members.items()}
            return {"@type": value.tag, **members} if value.tag else members
        case Members():
            return {_text(url, vault): True for url in value.members}
        case Items():
            return {str(slot): _value(item, vault) for slot, item in enumerate(value.items)}
        case Secret():
            return vault.open(value)
        case Url():
            return _text(value, vault)
        case _:
            return value


def _text(url: Url, vault: Vault) -> str:
    if not url.parts:
        raise Fault("a URL was to be written whose reference is not resolved")
    return "".join(part if isinstance(part, str) else vault.open(part) for part in url.parts)
