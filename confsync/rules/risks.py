"""Risks of a desired state: what a server does with it later."""

from __future__ import annotations

from confsync.rules.rule import Rule, cluster

RULES = (
    Rule(
        "will-not-start",
        "no server can start with this setting",
        "The setting cannot work on any server: a URL without a scheme or host, with an unknown "
        "scheme, a port above 65535 or a database that is not a number; an empty `urls`; in a "
        "cluster a unix socket, a database other than 0, or a URL without TLS where the first has "
        "it. URLs from references are not checked. `--allow will-not-start` lets it pass.",
        "Stalwart checks no URL: it stores the setting, and works on until the next restart. After "
        "it every API call from another host is answered with 500, while calls from the server's "
        "own host (loopback) still work, so confsync cannot put it right from elsewhere. "
        "The server's log names the error. The way back is an apply on the server's own host, or "
        "Stalwart's recovery mode. Write each URL like rediss://cache.example.com:6379, and for a "
        "single Redis with its database behind a slash: rediss://cache.example.com:6379/1.",
        cluster("urls:", "  - rediss://cache-1.example.com:6379", "  - cache-2.example.com:6379"),
        cluster(
            "urls:",
            "  - rediss://cache-1.example.com:6379",
            "  - rediss://cache-2.example.com:6379",
        ),
    ),
)
