"""`InMemoryStore`: where Stalwart keeps rate limits, locks, greylists and counters.

Fields, defaults and limits: wire section 4. Field order is the wire's.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from confsync.kinds.in_memory_store_risks import breaches
from confsync.kinds.kind import U64, Kind, Milliseconds, OrderCounts, Untrimmed, Variant
from confsync.sync.secret import Secret
from confsync.sync.url import Url

_TLS = re.compile(r"\s*(rediss|valkeys)://", re.IGNORECASE)
_AUTHORITY_END = re.compile(r"[/?#]")


def first_decides(urls: tuple[Url, ...]) -> bool:
    """Whether the first URL decides about TLS or credentials for the others: wire section 7."""
    return len({(_tls(url), _credentials(url)) for url in urls}) > 1


def _tls(url: Url) -> bool | None:
    """Whether a URL asks for TLS; None where that is not known yet."""
    start = url.parts[0] if url.parts else None
    return _TLS.match(start) is not None if isinstance(start, str) else None


def _credentials(url: Url) -> tuple[object, ...]:
    """What stands before the `@`. Passwords count as their places in the vault, and while they
    are not resolved as their references.
    """
    if not url.parts:
        return tuple(str(secret.ref) for secret in url.secrets)
    head, *others = url.parts
    if isinstance(head, Secret):
        return (head.id,)
    _, separator, rest = head.partition("://")
    authority, *path = _AUTHORITY_END.split(rest if separator else head, maxsplit=1)
    if others and not path and isinstance(others[0], Secret):
        password = others[0]
        return (authority, str(password.ref) if password.id is None else password.id)
    user, at, _ = authority.rpartition("@")
    return (user,) if at else ()


class NoSecret(Variant):
    """No secret."""

    type: Literal["None"] = Field(alias="@type")


class Value(Variant):
    """A secret that the server stores, and never gives back."""

    type: Literal["Value"] = Field(alias="@type")
    secret: Annotated[
        Secret,
        Field(
            description="where confsync has the password from when it runs",
            examples=[{"env": "REDIS_PASSWORD"}, {"file": "secrets/redis-password"}],
        ),
    ]


class EnvironmentVariable(Variant):
    """A secret that the server reads from its own environment when it starts."""

    type: Literal["EnvironmentVariable"] = Field(alias="@type")
    variableName: Annotated[
        str,
        Untrimmed(),
        Field(
            description="the variable's name, in the server's environment",
            examples=["REDIS_PASSWORD"],
        ),
    ]


class File(Variant):
    """A secret that the server reads from a file on its own host when it starts."""

    type: Literal["File"] = Field(alias="@type")
    filePath: Annotated[
        str,
        Untrimmed(),
        Field(
            description="the file's path, on the server's host",
            examples=["/run/secrets/redis-password"],
        ),
    ]


SecretKeyOptional: TypeAlias = NoSecret | Value | EnvironmentVariable | File
NO_SECRET = NoSecret.model_validate({"@type": "None"})

Connections: TypeAlias = Annotated[
    int, Field(ge=1, le=8192, description="the most connections that the pool opens", examples=[32])
]
Timeout: TypeAlias = Annotated[
    int,
    Milliseconds(),
    Field(ge=1, le=U64, description="how long a connection may take", examples=["5s", "500ms"]),
]
PoolTimeout: TypeAlias = Annotated[
    int | None, Milliseconds(), Field(ge=1, le=U64, examples=["5s", "1m30s"])
]
PoolTimeoutCreate: TypeAlias = Annotated[
    PoolTimeout, Field(description="how long the pool waits for a new connection; null: for ever")
]
PoolTimeoutWait: TypeAlias = Annotated[
    PoolTimeout, Field(description="how long a task waits for a free connection; null: for ever")
]
PoolTimeoutRecycle: TypeAlias = Annotated[
    PoolTimeout,
    Field(description="how long the check of a used connection may take; null: for ever"),
]
RetryWait: TypeAlias = Annotated[
    int | None, Milliseconds(), Field(ge=1, le=1024, examples=["100ms", "1s"])
]
Urls: TypeAlias = Annotated[
    tuple[Url, ...],
    OrderCounts(first_decides),
    Field(
        description="the nodes' URLs; the first decides where they differ in TLS or credentials",
        examples=[["rediss://cache-1.example.com:6379", "rediss://cache-2.example.com:6379"]],
    ),
]
Protocol: TypeAlias = Annotated[
    Literal["resp2", "resp3"], Field(description="the version of the Redis protocol")
]
User: TypeAlias = Annotated[
    str | None,
    Field(description="the user name; sent only together with a secret", examples=["cache"]),
]
SecretKey: TypeAlias = Annotated[
    SecretKeyOptional, Field(description="the password, or where the server finds it")
]


class Redis(Variant):
    """One Redis server. Credentials and database stand in the URL."""

    type: Literal["Redis"] = Field(alias="@type")
    url: Annotated[
        Url,
        Field(
            description="the server's URL",
            examples=[
                "rediss://cache.example.com:6379/1",
                {
                    "address": "rediss://cache.example.com:6379/1",
                    "username": "stalwart",
                    "password": {"env": "REDIS_PASSWORD"},
                },
            ],
        ),
    ] = Url(("redis://127.0.0.1",))
    timeout: Timeout = 10_000
    poolMaxConnections: Connections = 10
    poolTimeoutCreate: PoolTimeoutCreate = 30_000
    poolTimeoutWait: PoolTimeoutWait = 30_000
    poolTimeoutRecycle: PoolTimeoutRecycle = 30_000


class RedisCluster(Variant):
    """A Redis cluster, reached through any of its nodes."""

    type: Literal["RedisCluster"] = Field(alias="@type")
    urls: Urls = (Url(("redis://127.0.0.1",)),)
    timeout: Timeout = 10_000
    authUsername: User = "stalwart"
    authSecret: SecretKey = NO_SECRET
    maxRetryWait: Annotated[RetryWait, Field(description="how long a retry waits at most")] = None
    minRetryWait: Annotated[RetryWait, Field(description="how long a retry waits at least")] = None
    maxRetries: Annotated[
        int | None,
        Field(ge=1, le=1024, description="how often a command is tried again", examples=[3]),
    ] = None
    readFromReplicas: Annotated[bool, Field(description="whether replicas are read from")] = True
    protocolVersion: Protocol = "resp2"
    poolMaxConnections: Connections = 10
    poolTimeoutCreate: PoolTimeoutCreate = 30_000
    poolTimeoutWait: PoolTimeoutWait = 30_000
    poolTimeoutRecycle: PoolTimeoutRecycle = 30_000


class RedisSentinel(Variant):
    """A Redis master that sentinels know. Since Stalwart 0.16.11."""

    type: Literal["RedisSentinel"] = Field(alias="@type")
    urls: Urls = (Url(("redis://127.0.0.1:26379",)),)
    serviceName: Annotated[
        str, Field(description="the master's name at the sentinels", examples=["cache"])
    ] = "mymaster"
    timeout: Timeout = 10_000
    authUsername: User = "stalwart"
    authSecret: SecretKey = NO_SECRET
    sentinelUsername: User = None
    sentinelSecret: SecretKey = NO_SECRET
    protocolVersion: Protocol = "resp2"
    poolMaxConnections: Connections = 10
    poolTimeoutCreate: PoolTimeoutCreate = 30_000
    poolTimeoutWait: PoolTimeoutWait = 30_000
    poolTimeoutRecycle: PoolTimeoutRecycle = 30_000


class Default(Variant):
    """No store of its own: the server uses its data store."""

    type: Literal["Default"] = Field(alias="@type")


InMemoryStoreBase: TypeAlias = Annotated[
    Redis | RedisCluster | RedisSentinel, Field(discriminator="type")
]


class Sharded(Variant):
    """Several stores; a key's hash decides which one holds it. Needs an Enterprise licence."""

    type: Literal["Sharded"] = Field(alias="@type")
    stores: Annotated[
        tuple[InMemoryStoreBase, ...],
        Field(min_length=2, description="the shards; their order and number decide where keys are"),
    ]


IN_MEMORY_STORE = Kind(
    "InMemoryStore",
    Annotated[
        Default | Sharded | Redis | RedisCluster | RedisSentinel, Field(discriminator="type")
    ],
    "where Stalwart keeps rate limits, locks, greylists and counters",
    breaches,
)
