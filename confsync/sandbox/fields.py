"""The variants of `InMemoryStore` and their fields, as a table (wire section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from confsync.sandbox.leaves import Choice, Leaf, Number, Text


@dataclass(frozen=True, slots=True)
class UrlSet:
    """A set of strings: an object whose members are all true."""

    default: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Nested:
    """An object inside an object, in one of several variants."""

    variants: Variants
    default: str


@dataclass(frozen=True, slots=True)
class ItemList:
    """A list of objects: an object whose members are numbered from 0."""

    variants: Variants
    shortest: int
    made: str
    """The variant of an item that comes into being because a member of it is patched."""


Field = Leaf | UrlSet | Nested | ItemList
Fields = Mapping[str, Field]
Variants = Mapping[str, Fields]

SECRET_KEY_OPTIONAL: Variants = {
    "None": {},
    "Value": {"secret": Text("", trimmed=False)},
    "EnvironmentVariable": {"variableName": Text("", trimmed=False)},
    "File": {"filePath": Text("", trimmed=False)},
}


def _duration(default: int | None, *, nullable: bool = False, maximum: int = 2**64 - 1) -> Number:
    return Number(default, nullable=nullable, least=1, maximum=maximum)


_TIMEOUT = _duration(10_000)
_USERNAME = Text("stalwart", nullable=True)
_SECRET = Nested(SECRET_KEY_OPTIONAL, "None")
_PROTOCOL = Choice(("resp2", "resp3"))
_RETRY_WAIT = _duration(None, nullable=True, maximum=1024)
_POOL: Fields = {
    "poolMaxConnections": Number(10, minimum=1, maximum=8192),
    "poolTimeoutCreate": _duration(30_000, nullable=True),
    "poolTimeoutWait": _duration(30_000, nullable=True),
    "poolTimeoutRecycle": _duration(30_000, nullable=True),
}

IN_MEMORY_STORE_BASE: Variants = {
    "Redis": {"url": Text("redis://127.0.0.1"), "timeout": _TIMEOUT, **_POOL},
    "RedisCluster": {
        "urls": UrlSet(("redis://127.0.0.1",)),
        "timeout": _TIMEOUT,
        "authUsername": _USERNAME,
        "authSecret": _SECRET,
        "maxRetryWait": _RETRY_WAIT,
        "minRetryWait": _RETRY_WAIT,
        "maxRetries": Number(None, nullable=True, minimum=1, maximum=1024),
        "readFromReplicas": Choice((True, False)),
        "protocolVersion": _PROTOCOL,
        **_POOL,
    },
    "RedisSentinel": {
        "urls": UrlSet(("redis://127.0.0.1:26379",)),
        "serviceName": Text("mymaster"),
        "timeout": _TIMEOUT,
        "authUsername": _USERNAME,
        "authSecret": _SECRET,
        "sentinelUsername": Text(None, nullable=True),
        "sentinelSecret": _SECRET,
        "protocolVersion": _PROTOCOL,
        **_POOL,
    },
}

IN_MEMORY_STORE: Variants = {
    "Default": {},
    "Sharded": {"stores": ItemList(IN_MEMORY_STORE_BASE, shortest=2, made="Redis")},
    **IN_MEMORY_STORE_BASE,
}

# Names that some object of Stalwart has: an error inside an object value leads to these, and no
# further than the object itself for any other (wire section 5.2, "Errors").
KNOWN_NAMES: frozenset[str] = frozenset(
    {"id", "description"}.union(
        *IN_MEMORY_STORE.values(), *IN_MEMORY_STORE_BASE.values(), *SECRET_KEY_OPTIONAL.values()
    )
)
