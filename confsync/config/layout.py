"""The shapes of `confsync.yaml` and of the files that it includes: the source of their decoder and
of their JSON Schema.
"""

from __future__ import annotations

from typing import get_args

from confsync.kinds import FIRST, RISKS, WARNINGS
from confsync.sync.shape import (
    ByPath,
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

PLACEHOLDER = "https://CHANGE-ME.invalid"
"""The address that `init` writes without a server. It is refused."""

EXAMPLE = "write `targets: {NAME: {url: …, files: […]}}`, one NAME for each server"

_GROUPS = "write `groups: {NAME: {files: […]}}`"

ALLOWANCE = Record(
    "an allowance",
    {
        "risk": Member(Choice((*RISKS, *WARNINGS)), "the name of a risk", required=True),
        "until": Member(Day(), "the last allowed day, UTC", required=True),
    },
    "write `{risk: NAME, until: YYYY-MM-DD}`, or the name alone if it never expires",
    short="risk",
)
FILES = Member(
    SetOf(PathText(), "[stores/in-memory.yaml]", minimum=1),
    "the store's files, later ones laid over earlier ones",
    example="[stores/…]",
)
GROUP = Record(
    "a group",
    {
        "in": Member(SetOf(PlainText(), "[production]"), "the groups whose values count here too"),
        "files": FILES,
        "set": Member(ByPath(), "values laid over the files, by the paths of their fields"),
        "secrets": Member(
            MapOf(
                Credential(),
                "a secret",
                "write each secret's name, and a reference behind it",
                "write `secrets: {NAME: {env: …}}`",
            ),
            "the references that `{secret: NAME}` in a store file stands for",
        ),
        "token": Member(Credential(), "a reference to the API key"),
        "user": Member(Credential(or_text=True), "the user name, or a reference to it"),
        "password": Member(Credential(), "a reference to the user's password"),
        "allow": Member(SetOf(ALLOWANCE, "[plaintext-secret]"), "allowed risks"),
        "unlisted": Member(
            Choice(get_args(Unlisted)),
            "fields not set in any file: reset them, or keep the server's value",
        ),
        "ignore": Member(
            SetOf(PlainText(), f"[{FIRST}/poolMaxConnections]"),
            "fields that keep the server's value",
        ),
        "hidden_secrets": Member(
            Choice(get_args(HiddenSecrets)), "how to treat secrets that the server hides"
        ),
        "schema": Member(PathText(), "the server's schema, written by `confsync schema --update`"),
        "ca_file": Member(PathText(), "CA certificates to trust instead of the system's"),
        "client_cert": Member(PathText(), "the client certificate"),
        "client_key": Member(PathText(), "the key of the client certificate"),
        "proxy": Member(PlainText(), "the proxy for the connection to the server"),
    },
    "write what its targets share below it",
    options=DISARMING,
)
TARGET = Record(
    "a target",
    {
        "url": Member(
            PlainText(), "the server's address", required=True, example="https://mail.example.com"
        ),
        **GROUP.fields,
    },
    "write `url: …` and `files: …` below it",
    options=DISARMING,
    either=("files", "in"),
)
INCLUDED = Record(
    "an included file",
    {
        "groups": Member(
            MapOf(GROUP, "a group", "write each group's name, and its keys below it", _GROUPS),
            "what several targets share, each group with a name of your choice",
        ),
        "targets": Member(
            MapOf(TARGET, "a target", "write each target's name, and its keys below it", EXAMPLE),
            "the servers, each with a name of your choice",
        ),
    },
    EXAMPLE,
    options=DISARMING,
)
CONFIG = Record(
    "the top of confsync.yaml",
    {
        "include": Member(
            SetOf(PathText(), "[targets/*.yaml]", minimum=1),
            "files with more targets and groups; patterns are allowed",
        ),
        **INCLUDED.fields,
    },
    EXAMPLE,
    options=DISARMING,
    either=("targets", "include"),
)
