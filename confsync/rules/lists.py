"""Mistakes in lists of URLs and of shards."""

from __future__ import annotations

from confsync.rules.rule import Rule, cluster, redis, shards, store

_TWO = ("- '@type': Redis", "- '@type': Redis", "  url: redis://b.example.com")
_PLAIN = shards(*_TWO)

RULES = (
    Rule(
        "text-for-urls",
        "one text in the place of a list of URLs",
        "A cluster is named by some of its nodes, each an item of the list.",
        "A list stays one when a node is added.",
        cluster("urls: redis://a.example.com"),
        cluster("urls:", "  - redis://a.example.com"),
    ),
    Rule(
        "urls-in-one-text",
        "several URLs in one text",
        "Commas or spaces stand between URLs.",
        "Each URL is an item of its own; the server would take all of it for one.",
        cluster("urls: redis://a.example.com, redis://b.example.com"),
        cluster("urls:", "  - redis://a.example.com", "  - redis://b.example.com"),
    ),
    Rule(
        "urls-from-the-wire",
        "URLs as the server sends them",
        "The server sends a set as a mapping: each member is a key, and its value is true.",
        "A file has a list, which is easier to write and to review.",
        cluster("urls:", "  redis://a.example.com: true"),
        cluster("urls:", "  - redis://a.example.com"),
    ),
    Rule(
        "mapping-for-urls",
        "one mapping in the place of a list of URLs",
        "The mapping form of a URL is one item of the list.",
        "A list stays one when a node is added.",
        cluster("urls:", "  address: redis://a.example.com", "  password: {env: CACHE_PASSWORD}"),
        cluster(
            "urls:", "  - address: redis://a.example.com", "    password: {env: CACHE_PASSWORD}"
        ),
    ),
    Rule(
        "nested-list",
        "a list within a list of URLs",
        "Two dashes, or a dash and brackets.",
        "Each item is one URL.",
        cluster("urls:", "  - [redis://a.example.com]"),
        cluster("urls:", "  - redis://a.example.com"),
    ),
    Rule(
        "list-for-url",
        "a list in the place of one URL",
        "One Redis has one URL. Several belong to a cluster, or to shards.",
        "Which of the URLs would count could not be told.",
        redis("url: [redis://a.example.com]"),
        redis("url: redis://a.example.com"),
    ),
    Rule(
        "text-for-shards",
        "a text in the place of the list of shards",
        "Each shard is an object in the list.",
        "A text does not say which kind of store it is.",
        store("Sharded", "stores: redis://a.example.com"),
        _PLAIN,
    ),
    Rule(
        "object-for-shards",
        "one object in the place of the list of shards",
        "The dash in front of the first field is missing.",
        "There are at least two shards, in an order that counts.",
        shards("'@type': Redis"),
        _PLAIN,
    ),
    Rule(
        "shards-from-the-wire",
        "shards as the server sends them",
        "The server sends a list as a mapping: its keys are the numbers 0, 1 and so on.",
        "A file has a list; its order is the order of the shards.",
        shards("'0': {'@type': Redis}", "'1': {'@type': Redis, url: 'redis://b.example.com'}"),
        shards("- {'@type': Redis}", "- {'@type': Redis, url: 'redis://b.example.com'}"),
    ),
    Rule(
        "mapping-for-shards",
        "shards with names",
        "Shards have no names, only places in a list.",
        "Their order decides where keys are, and a mapping has none.",
        shards("first: {'@type': Redis}", "second: {'@type': Redis}"),
        shards("- {'@type': Redis}", "- {'@type': Redis}"),
    ),
    Rule(
        "one-shard",
        "fewer shards than there must be",
        "Shards divide the keys between at least two stores.",
        "The server refuses fewer; one store needs no shards.",
        shards("- '@type': Redis", "  url: redis://a.example.com"),
        redis("url: redis://a.example.com"),
    ),
    Rule(
        "no-shards",
        "an empty list of shards",
        "Shards divide the keys between at least two stores.",
        "The server refuses fewer.",
        store("Sharded", "stores: []"),
        _PLAIN,
    ),
)
