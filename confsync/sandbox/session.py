"""The JMAP session, and the limits that it announces (wire section 1)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from confsync.sandbox.fields import Json

LARGEST_REQUEST = 10_000_000
MOST_CALLS = 16
MOST_REQUESTS = 4

STATE = "2c248fc5"


def session(username: str, account: str | None) -> Json:
    """Make what `GET /jmap/session` answers; without an account: to someone not logged in."""
    anonymous, capabilities = _announced()
    if account is None:
        return anonymous
    described = {"name": username, "isPersonal": True, "isReadOnly": False}
    return {
        **anonymous,
        "accounts": {account: {**described, "accountCapabilities": capabilities}},
        "primaryAccounts": dict.fromkeys(capabilities, account),
        "username": username,
        "state": STATE,
    }


@cache
def capabilities() -> frozenset[str]:
    """Name what a request may have in `using`."""
    anonymous, of_account = _announced()
    of_server = anonymous["capabilities"]
    return frozenset({*of_account, *(of_server if isinstance(of_server, dict) else {})})


@cache
def _announced() -> tuple[Json, Json]:
    content = json.loads(Path(__file__).with_name("session.json").read_bytes())
    return content["session"], content["accountCapabilities"]
