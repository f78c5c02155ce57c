"""The shape of `confsync.yaml`: the source of its decoder and of its JSON Schema."""

from __future__ import annotations

from typing import get_args

from confsync.sync.names import RISKS
from confsync.sync.shape import (
    Choice,
    Credential,
    Day,
    MapOf,
    Member,
    PathText,
    PlainText,
    Record,
    SetOf,
)
from confsync.sync.values import HiddenSecrets, Unlisted

DISARMING = {
    "insecure_http": "--insecure-http",
    "allow_commands": "--allow-commands",
    "yes": "--yes",
}
"""Keys that would disarm a guard, and their options."""

EXAMPLE = "write `targets:` at its top, a target's name under it, and its members under that"

ALLOWANCE = Record(
    "an allowance",
    {
        "risk": Member(Choice(tuple(RISKS)), "the name of a risk", required=True),
        "until": Member(Day(), "the last day on which it is allowed, UTC", required=True),
    },
    "write `{risk: NAME, until: YYYY-MM-DD}`, or the name alone where there is no end",
    short="risk",
)
TARGET = Record(
    "a target",
    {
        "url": Member(
            PlainText(), "the server's address", required=True, example="https://mail.example.com"
        ),
        "files": Member(
            SetOf(PathText(), "[stores/in-memory.yaml]", minimum=1),
            "the store's files, later ones laid over earlier ones",
            required=True,
            example="[stores/…]",
        ),
        "token": Member(Credential(), "where the API key can be had"),
        "user": Member(Credential(or_text=True), "the user's name, or where it can be had"),
        "password": Member(Credential(), "where the user's password can be had"),
        "allow": Member(SetOf(ALLOWANCE, "[plaintext-secret]"), "risks that are allowed"),
        "unlisted": Member(
            Choice(get_args(Unlisted)), "fields that no file sets: reset them, or keep them"
        ),
        "ignore": Member(
            SetOf(PlainText(), "[InMemoryStore/poolMaxConnections]"),
            "fields that are left as the server has them",
        ),
        "hidden_secrets": Member(
            Choice(get_args(HiddenSecrets)), "secrets that the server does not show"
        ),
        "ca_file": Member(PathText(), "the certificates to trust, in place of the system's"),
        "client_cert": Member(PathText(), "the certificate that confsync shows the server"),
        "client_key": Member(PathText(), "the key of that certificate"),
        "proxy": Member(PlainText(), "the proxy to reach the server through"),
    },
    "write `url: …` and `files: …` under it",
    options=DISARMING,
)
CONFIG = Record(
    "the top of confsync.yaml",
    {
        "targets": Member(
            MapOf(TARGET, "write each target's name, and its members under it", EXAMPLE),
            "the servers, by names of your own",
            required=True,
        )
    },
    EXAMPLE,
    options=DISARMING,
)
