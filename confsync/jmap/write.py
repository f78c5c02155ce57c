"""From a patch to the JSON of an update: secrets are opened here, and nowhere else.

Pointers are escaped after their secrets have been opened: wire section 5.2.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from confsync.errors import Fault
from confsync.jmap import pointer
from confsync.sync.secret import Secret
from confsync.sync.tree import Items, Members, Object, Tree
from confsync.sync.url import Url

if TYPE_CHECKING:
    from confsync.sync.secret import Vault
    from confsync.sync.values import Patch, Token

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"


@dataclass(frozen=True)
class Credentials:
    """How to log in: an API key or token alone, or a user name with its password. `unused`: the
    latter was given beside a token, and is not used.
    """

    secret: Secret
    user: str | None = None
    unused: bool = False

    @property
    def refused(self) -> tuple[str, str]:
        """What to say where the server does not accept them, and a hint."""
        fact = "the server does not accept"
        if self.user is not None:
            hint = "check STALWART_USER and STALWART_PASSWORD, or the target's user and password"
            return f"{fact} the user name and password", hint
        hint = "check STALWART_TOKEN, or the target's token"
        if self.unused:
            hint = (
                "check STALWART_TOKEN, or unset it: the user and password that are set too were"
                " not used"
            )
        return f"{fact} the token", hint


def authorization(credentials: Credentials, vault: Vault) -> str:
    """The value of the Authorization header: wire section 1. UTF-8 for Basic."""
    secret = vault.open(credentials.secret)
    if credentials.user is None:
        return f"Bearer {secret}"
    pair = f"{credentials.user}:{secret}".encode()
    return f"Basic {base64.b64encode(pair).decode('ascii')}"


def update_json(update: Patch, vault: Vault) -> dict[str, Json]:
    """The PATCH object of an update: pointers without a leading slash, values of the wire."""
    entries = {
        pointer.write(tuple(_token(token, vault) for token in entry.pointer)): _value(
            entry.value, vault
        )
        for entry in update.entries
    }
    if len(entries) != len(update.entries):
        raise Fault("two entries of an update have the same pointer")
    return entries


def _token(token: Token, vault: Vault) -> str:
    return _text(token, vault) if isinstance(token, Url) else str(token)


def _value(value: Tree, vault: Vault) -> Json:
    match value:
        case Object():
            members = {name: _value(member, vault) for name, member in value.members.items()}
            return {"@type": value.tag, **members}
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
