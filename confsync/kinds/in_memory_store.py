"""`InMemoryStore`: where Stalwart keeps rate limits, locks, greylists and counters.

What its schema does not say. Facts: wire sections 4 and 7. Fields are in the order of section 4.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from confsync.kinds.in_memory_store_changes import CHANGE_RULES
from confsync.kinds.in_memory_store_risks import STATE_RULES
from confsync.kinds.kind import Kind
from confsync.kinds.table import About, Words, built_in, shape_of
from confsync.sync.secret import Secret

if TYPE_CHECKING:
    from confsync.kinds.table import Json
    from confsync.sync.url import Url

_TLS = re.compile(r"\s*(rediss|valkeys)://", re.IGNORECASE)
_AUTHORITY_END = re.compile(r"[/?#]")


def first_decides(urls: tuple[Url, ...]) -> bool:
    """True if the first URL decides about TLS or credentials for the others: wire section 7."""
    return len(set(map(_decided, urls))) > 1


def _decided(url: Url) -> tuple[object, ...]:
    """TLS (None: unknown) and the text before the `@`. Passwords are compared by their numbers in
    the vault, unresolved ones by their references.
    """
    if not url.parts:
        return (None, *(str(secret.ref) for secret in url.secrets))
    head, *others = url.parts
    if isinstance(head, Secret):
        return (None, head.id)
    tls = _TLS.match(head) is not None
    _, separator, rest = head.partition("://")
    authority, *path = _AUTHORITY_END.split(rest if separator else head, maxsplit=1)
    if others and not path and isinstance(others[0], Secret):
        password = others[0]
        return (tls, authority, str(password.ref) if password.id is None else password.id)
    user, at, _ = authority.rpartition("@")
    return (tls, user) if at else (tls,)


_URLS = Words(
    "URLs of the nodes; the first one decides on TLS, and on what authUsername and authSecret leave"
    " open",
    (["rediss://cache-1.example.com:6379", "rediss://cache-2.example.com:6379"],),
    order_counts=first_decides,
)
_SENTINELS = Words(
    "URLs of the sentinels; only scheme, host and port count. Redis is reached with the TLS of the"
    " first one",
    (["rediss://sentinel-1.example.com:26379", "rediss://sentinel-2.example.com:26379"],),
    order_counts=first_decides,
)
_TIMEOUT = Words("time limit of a connection", ("5s", "500ms"))
_POOL_TIMES = ("5s", "1m30s")
_POOL = {
    "poolMaxConnections": Words("maximum number of connections in the pool", (32,)),
    "poolTimeoutCreate": Words("time limit for opening a connection; null: forever", _POOL_TIMES),
    "poolTimeoutWait": Words(
        "time limit for getting a free connection; null: forever", _POOL_TIMES
    ),
    "poolTimeoutRecycle": Words(
        "time limit for checking a used connection; null: forever", _POOL_TIMES
    ),
}
_LOGIN = {
    "authUsername": Words(
        "user name, sent only with a secret; null if Redis has only `requirepass`",
        ("cache",),
        "With a secret and only `requirepass` on Redis, the default user `stalwart` does not exist:"
        " the login to Redis fails, and every remote client is locked out at the restart. Write"
        " `authUsername: null` then. See `confsync explain lock-out`.",
        of_secret=("authSecret",),
    ),
    "authSecret": Words("password, or where the server reads it"),
}
_PROTOCOL = {"protocolVersion": Words("version of the Redis protocol")}

ABOUT = About(
    {
        "InMemoryStore": "where Stalwart keeps rate limits, locks, greylists and counters",
        "Default": "No separate store: the server uses its data store.",
        "Sharded": "Several stores; a key's hash decides which one holds it. Needs an Enterprise"
        " licence.",
        "Redis": "One Redis server. Credentials and database are part of the URL.",
        "RedisCluster": "A Redis cluster, reached through any of its nodes.",
        "RedisSentinel": "A Redis master, found through its sentinels. Since Stalwart 0.16.11.",
        "None": "No secret.",
        "Value": "A secret that the server stores and never shows.",
        "EnvironmentVariable": "A secret that the server reads from its own environment when it"
        " starts.",
        "File": "A secret that the server reads from a file on its own host when it starts.",
    },
    {
        "Sharded": {
            "stores": Words("the shards; their order and number decide which shard holds a key")
        },
        "Redis": {
            "url": Words(
                "URL of the Redis server",
                (
                    "rediss://cache.example.com:6379/1",
                    {
                        "address": "rediss://cache.example.com:6379/1",
                        "username": "stalwart",
                        "password": {"env": "REDIS_PASSWORD"},
                    },
                ),
            ),
            "timeout": _TIMEOUT,
            **_POOL,
        },
        "RedisCluster": {
            "urls": _URLS,
            "timeout": _TIMEOUT,
            **_LOGIN,
            "authUsername": replace(_LOGIN["authUsername"], of_secret=("urls", "authSecret")),
            "maxRetryWait": Words("longest wait before a retry", ("100ms", "1s")),
            "minRetryWait": Words("shortest wait before a retry", ("100ms", "1s")),
            "maxRetries": Words("number of retries of a command", (3,)),
            "readFromReplicas": Words("read from replicas too"),
            **_PROTOCOL,
            **_POOL,
        },
        "RedisSentinel": {
            "urls": _SENTINELS,
            "serviceName": Words("name of the master at the sentinels", ("cache",)),
            "timeout": _TIMEOUT,
            **_LOGIN,
            "sentinelUsername": Words(
                "user name at the sentinels, sent only with a secret", ("cache",)
            ),
            "sentinelSecret": Words("password, or where the server reads it"),
            **_PROTOCOL,
            **_POOL,
        },
        "Value": {
            "secret": Words(
                "reference to the password; resolved when confsync runs",
                ({"env": "REDIS_PASSWORD"}, {"file": "secrets/redis-password"}),
            )
        },
        "EnvironmentVariable": {
            "variableName": Words(
                "name of a variable in the server's environment", ("REDIS_PASSWORD",)
            )
        },
        "File": {
            "filePath": Words(
                "path of a file on the server's host", ("/run/secrets/redis-password",)
            )
        },
    },
)


def made(table: Json) -> Kind:
    """The object from a table of any version: the words and rules for what the table has."""
    return Kind(
        "InMemoryStore",
        shape_of(table, ABOUT),
        STATE_RULES,
        CHANGE_RULES,
        frozenset({"Sharded"}),
    )


IN_MEMORY_STORE = made(built_in("InMemoryStore"))
