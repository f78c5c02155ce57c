"""What a rule's page says, and the small stores that its examples are made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """A kind of mistake or risk: `title` in a line, what it means, why confsync says so.

    `wrong` and `right` are whole files, empty where no file can show it.
    """

    id: str
    title: str
    meaning: str
    why: str
    wrong: str = ""
    right: str = ""


@dataclass(frozen=True)
class Everything:
    """All that has a page: rules, and the names of objects, variants and fields."""

    rules: tuple[Rule, ...]
    names: tuple[str, ...]


def store(variant: str, *lines: str) -> str:
    """A store file with some lines under its `@type`."""
    return "".join(
        f"{line}\n" for line in ("InMemoryStore:", f"  '@type': {variant}", *map(_inner, lines))
    )


def redis(*lines: str) -> str:
    """The store of one Redis."""
    return store("Redis", *lines)


def cluster(*lines: str) -> str:
    """The store of a Redis cluster."""
    return store("RedisCluster", *lines)


def sentinel(*lines: str) -> str:
    """The store of a Redis behind sentinels."""
    return store("RedisSentinel", *lines)


def secret(line: str) -> str:
    """A store with a secret of the kind Value, and a line under that."""
    return cluster("authSecret:", "  '@type': Value", f"  {line}")


def url(*lines: str) -> str:
    """A store with the mapping form of a URL."""
    return redis("url:", *(f"  {line}" for line in lines))


def shards(*lines: str) -> str:
    """A store of shards, with the lines of its list."""
    return store("Sharded", "stores:", *(f"  {line}" for line in lines))


def _inner(line: str) -> str:
    return f"  {line}" if line else line
