"""Who may come in, with which permissions (wire sections 1 and 2)."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.sandbox.methods import ACT, AUTHENTICATE, RELOAD, Caller

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.sandbox.schema import Schema

USER = "admin"
PASSWORD = "sandbox"  # noqa: S105 - published, and of a toy on loopback

_ADMIN_ACCOUNT = "d333333"
_KEY_ACCOUNT = "b"


@dataclass(frozen=True, slots=True)
class Accounts:
    """The user `admin`, who may do all, and API keys with the permissions of each."""

    keys: Mapping[str, frozenset[str]]

    def caller(self, authorization: str | None) -> Caller | None:
        """Who an `Authorization` header names; None without one or with wrong credentials."""
        scheme, _, credentials = (authorization or "").partition(" ")
        if scheme.lower() == "basic" and _is_admin(credentials.strip()):
            return Caller(_ADMIN_ACCOUNT, None)
        if scheme.lower() == "bearer":
            for key, permissions in self.keys.items():
                if _same(key, credentials.strip()):
                    return Caller(_KEY_ACCOUNT, permissions)
        return None


def listed(caller: Caller, schema: Schema) -> list[str]:
    """Name the permissions of an account, in the order in which the server lists them."""
    prefixes = schema.singletons.values()
    known = [AUTHENTICATE, RELOAD, ACT]
    known += [f"{prefix}{verb}" for prefix in prefixes for verb in ("Update", "Get")]
    others = () if caller.permissions is None else caller.permissions.difference(known)
    return [permission for permission in known if caller.may(permission)] + sorted(others)


def _is_admin(credentials: str) -> bool:
    try:
        user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return False
    return user.lower() == USER and _same(password, PASSWORD)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
