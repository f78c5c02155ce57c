"""Mistakes in the mapping form of a URL."""

from __future__ import annotations

from confsync.rules.rule import Rule, redis, url

_FROM_ENV = "password: {env: CACHE_PASSWORD}"
_MAPPING = url("address: redis://cache.example.com", _FROM_ENV)
_WHOLE = redis("url: {env: CACHE_URL}")

RULES = (
    Rule(
        "missing-address",
        "the mapping form of a URL without an address",
        "It has an address, and beside it user name and password.",
        "Where the server is could not be told.",
        url("username: stalwart", _FROM_ENV),
        url("address: redis://cache.example.com", "username: stalwart", _FROM_ENV),
    ),
    Rule(
        "missing-password",
        "the mapping form of a URL without a password",
        "It is there for URLs with a password.",
        "A user name alone is not sent to Redis; a URL without both is written as one text.",
        url("address: redis://cache.example.com"),
        redis("url: redis://cache.example.com"),
    ),
    Rule(
        "misspelt-part",
        "a part of a URL is misspelt",
        "The mapping form has address, username and password.",
        "A typing error must not end in a login without a password.",
        url("address: redis://cache.example.com", "passwort: {env: CACHE_PASSWORD}"),
        _MAPPING,
    ),
    Rule(
        "part-of-address",
        "a part of the address stands on its own",
        "Host, port and database stand in the address: `rediss://HOST:PORT/DATABASE`.",
        "The mapping form has address, username and password alone.",
        url("address: redis://cache.example.com", "port: 6380", _FROM_ENV),
        url("address: redis://cache.example.com:6380", _FROM_ENV),
    ),
    Rule(
        "unknown-part",
        "a URL has no such part",
        "The mapping form has address, username and password.",
        "What the key should mean could not be told.",
        url("address: redis://cache.example.com", "options: none", _FROM_ENV),
        _MAPPING,
    ),
    Rule(
        "mapping-for-part",
        "a mapping in the place of an address or a user name",
        "Of the parts of a URL only the password can be a reference.",
        "A plan has to show where a store is; where that is secret too, `{env: NAME}` stands for "
        "the whole URL.",
        url("address: {env: CACHE_ADDRESS}", _FROM_ENV),
        _WHOLE,
    ),
    Rule(
        "list-for-part",
        "a list in the place of an address or a user name",
        "A URL leads to one server.",
        "Which item would count could not be told.",
        url("address: [redis://cache.example.com]", _FROM_ENV),
        _MAPPING,
    ),
    Rule(
        "address-without-scheme",
        "an address without a scheme",
        "An address begins with redis://, or rediss:// for TLS.",
        "Whether the password would go over TLS could not be told.",
        url("address: cache.example.com:6379", _FROM_ENV),
        url("address: rediss://cache.example.com:6379", _FROM_ENV),
    ),
    Rule(
        "credentials-in-address",
        "user name or password in the address",
        "In the mapping form both have fields of their own.",
        "Which of the two would count could not be told.",
        url("address: redis://stalwart@cache.example.com", _FROM_ENV),
        url("address: redis://cache.example.com", "username: stalwart", _FROM_ENV),
    ),
    Rule(
        "password-in-address",
        "a password in a parameter of the address",
        "A parameter is named like a password.",
        "The password has a field of its own, where it can be a reference.",
        url("address: redis://cache.example.com?password=example", _FROM_ENV),
        _MAPPING,
    ),
)
