"""`InMemoryStore`: where Stalwart keeps rate limits, locks, greylists and counters.

Fields, defaults and limits: wire section 4. Field order is the wire's.
"""

from __future__ import annotations

import re
from dataclasses import replace

from confsync.kinds.in_memory_store_changes import CHANGE_RULES
from confsync.kinds.in_memory_store_risks import STATE_RULES
from confsync.kinds.kind import U64, Kind
from confsync.sync.secret import Secret
from confsync.sync.shape import (
    Boolean,
    Choice,
    Duration,
    Example,
    Field,
    Fields,
    ListOf,
    SecretText,
    Shape,
    Text,
    Unsigned,
    UrlSet,
    UrlText,
    Variants,
)
from confsync.sync.tree import Members, Object, Tree
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


def _variants(name: str, *fields: Fields, summary: str = "") -> Variants:
    return Variants(name, {known.tag: known for known in fields}, summary)


def _required(shape: Shape, summary: str, *examples: Example) -> Field:
    return Field(shape, required=True, summary=summary, examples=examples)


def _optional(
    shape: Shape, default: Tree, summary: str, *examples: Example, nullable: bool = False
) -> Field:
    return Field(shape, nullable, default=default, summary=summary, examples=examples)


_PASSWORD = _required(
    SecretText(),
    "reference to the password; resolved when confsync runs",
    *({"env": "REDIS_PASSWORD"}, {"file": "secrets/redis-password"}),
)
_EXACT = Text(trimmed=False)
_VARIABLE = _required(_EXACT, "name of a variable in the server's environment", "REDIS_PASSWORD")
_FILE = _required(_EXACT, "path of a file on the server's host", "/run/secrets/redis-password")
_SECRETS = (
    Fields("None", {}, "No secret."),
    Fields("Value", {"secret": _PASSWORD}, "A secret that the server stores and never shows."),
    Fields(
        "EnvironmentVariable",
        {"variableName": _VARIABLE},
        "A secret that the server reads from its own environment when it starts.",
    ),
    Fields(
        "File",
        {"filePath": _FILE},
        "A secret that the server reads from a file on its own host when it starts.",
    ),
)


def _secret(name: str) -> Field:
    none, summary = Object("None", {}), "password, or where the server reads it"
    return _optional(_variants(name, *_SECRETS), none, summary)


def _urls(default: str) -> Field:
    return _optional(
        UrlSet(first_decides),
        Members((Url((default,)),)),
        "URLs of the nodes; the first one decides on TLS and credentials",
        ["rediss://cache-1.example.com:6379", "rediss://cache-2.example.com:6379"],
    )


def _pool_timeout(summary: str) -> Field:
    summary += "; null: forever"
    return _optional(Duration(1, U64), 30_000, summary, "5s", "1m30s", nullable=True)


def _retry_wait(summary: str) -> Field:
    return _optional(Duration(1, 1024), None, summary, "100ms", "1s", nullable=True)


_USER = Field(
    Text(),
    nullable=True,
    default="stalwart",
    summary="user name, sent only with a secret; null if Redis has only `requirepass`",
    examples=("cache",),
    note=(
        "With a secret and only `requirepass` on Redis, the default user `stalwart` does not exist:"
        " the login to Redis fails, and every remote client is locked out at the restart. Write"
        " `authUsername: null` then. See `confsync explain lock-out`."
    ),
    of_secret=True,
)
_TIMEOUT = _optional(Duration(1, U64), 10_000, "time limit of a connection", "5s", "500ms")
_PROTOCOL = _optional(Choice(("resp2", "resp3")), "resp2", "version of the Redis protocol")
_CONNECTIONS = "maximum number of connections in the pool"
_POOL = {
    "poolMaxConnections": _optional(Unsigned(1, 8192), 10, _CONNECTIONS, 32),
    "poolTimeoutCreate": _pool_timeout("time limit for opening a connection"),
    "poolTimeoutWait": _pool_timeout("time limit for getting a free connection"),
    "poolTimeoutRecycle": _pool_timeout("time limit for checking a used connection"),
}

_REDIS = Fields(
    "Redis",
    {
        "url": _optional(
            UrlText(),
            Url(("redis://127.0.0.1",)),
            "URL of the Redis server",
            "rediss://cache.example.com:6379/1",
            {
                "address": "rediss://cache.example.com:6379/1",
                "username": "stalwart",
                "password": {"env": "REDIS_PASSWORD"},
            },
        ),
        "timeout": _TIMEOUT,
        **_POOL,
    },
    "One Redis server. Credentials and database are part of the URL.",
)
_CLUSTER = Fields(
    "RedisCluster",
    {
        "urls": _urls("redis://127.0.0.1"),
        "timeout": _TIMEOUT,
        "authUsername": _USER,
        "authSecret": _secret("authSecret"),
        "maxRetryWait": _retry_wait("longest wait before a retry"),
        "minRetryWait": _retry_wait("shortest wait before a retry"),
        "maxRetries": _optional(
            Unsigned(1, 1024), None, "number of retries of a command", 3, nullable=True
        ),
        "readFromReplicas": _optional(Boolean(), True, "read from replicas too"),  # noqa: FBT003 - its default
        "protocolVersion": _PROTOCOL,
        **_POOL,
    },
    "A Redis cluster, reached through any of its nodes.",
)
_SENTINEL = Fields(
    "RedisSentinel",
    {
        "urls": _urls("redis://127.0.0.1:26379"),
        "serviceName": _optional(
            Text(), "mymaster", "name of the master at the sentinels", "cache"
        ),
        "timeout": _TIMEOUT,
        "authUsername": _USER,
        "authSecret": _secret("authSecret"),
        "sentinelUsername": replace(
            _USER,
            default=None,
            summary="user name at the sentinels, sent only with a secret",
            note="",
            of_secret=False,
        ),
        "sentinelSecret": _secret("sentinelSecret"),
        "protocolVersion": _PROTOCOL,
        **_POOL,
    },
    "A Redis master, found through its sentinels. Since Stalwart 0.16.11.",
)

IN_MEMORY_STORE = Kind(
    "InMemoryStore",
    _variants(
        "InMemoryStore",
        Fields("Default", {}, "No separate store: the server uses its data store."),
        Fields(
            "Sharded",
            {
                "stores": _required(
                    ListOf(_variants("stores", _REDIS, _CLUSTER, _SENTINEL), 2),
                    "the shards; their order and number decide which shard holds a key",
                )
            },
            "Several stores; a key's hash decides which one holds it. Needs an Enterprise licence.",
        ),
        _REDIS,
        _CLUSTER,
        _SENTINEL,
        summary="where Stalwart keeps rate limits, locks, greylists and counters",
    ),
    STATE_RULES,
    CHANGE_RULES,
    frozenset({"Sharded"}),
)
