"""Few states, written three ways: what a file says, what it leads to, and what a server has.

They are drawn from small pools, so that two that are drawn apart are often alike, or the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, TypeAlias
from urllib.parse import quote

from hypothesis import strategies as st

from confsync.sandbox import patch_rules as rules
from tests.states import duration_text, yaml_text

Json: TypeAlias = dict[str, Any]
Environment: TypeAlias = Mapping[str, str]
TYPE = "@type"
NAME = "InMemoryStore"


@dataclass(frozen=True)
class Ref:
    """A secret's reference."""

    name: str

    @property
    def said(self) -> Json:
        return {"env": self.name}

    def leads_to(self, environment: Environment) -> str:
        return environment[self.name]


@dataclass(frozen=True)
class Mapped(Ref):
    """A URL with a reference in the place of its password."""

    host: str

    @property
    def said(self) -> Json:
        address, password = f"redis://{self.host}", {"env": self.name}
        return {"address": address, "username": "u", "password": password}

    def leads_to(self, environment: Environment) -> str:
        return f"redis://u:{quote(environment[self.name], safe='')}@{self.host}"


PASSWORDS = ["one-1", "t/w o", "thr@e"]
LINKS = ["redis://x:one-1@e", "redis://e", "rediss://c"]
THEIRS = "theirs-9"
VARIABLES: Mapping[str, list[str]] = {
    "A": PASSWORDS,
    "B": PASSWORDS,
    "URL_A": PASSWORDS,
    "URL_B": PASSWORDS,
    "LINK": LINKS,
}
PLAIN = ["redis://a", "redis://b", "rediss://c"]
SAID_URLS = [*PLAIN, Mapped("URL_A", "d"), Mapped("URL_B", "d"), Ref("LINK")]
STORED_URLS = [
    *PLAIN,
    *(f"redis://u:{quote(password, safe='')}@d" for password in [*PASSWORDS, THEIRS]),
    *LINKS[:2],
]
OTHERS: list[Json] = [
    {TYPE: "None"},
    {TYPE: "EnvironmentVariable", "variableName": "V"},
    {TYPE: "File", "filePath": "/run/x"},
]
SAID_SECRETS = [{TYPE: "Value", "secret": Ref(name)} for name in "AB"]
STORED_SECRETS = [{TYPE: "Value", "secret": text} for text in [*PASSWORDS, THEIRS]]

SCALARS: Mapping[str, list[object]] = {
    "timeout": [10_000, 5_000, 1],
    "poolMaxConnections": [10, 32],
    "poolTimeoutWait": [30_000, None, 45_000],
    "authUsername": ["stalwart", None, "x"],
    "maxRetries": [None, 3],
    "readFromReplicas": [True, False],
    "serviceName": ["mymaster", "main"],
    "sentinelUsername": [None, "y"],
}
DURATIONS = {"timeout", "poolTimeoutWait"}
SECRETS = {"authSecret", "sentinelSecret"}
POOL = ["timeout", "poolMaxConnections", "poolTimeoutWait"]
FIELDS: Mapping[str, list[str]] = {
    "Default": [],
    "Redis": ["url", *POOL],
    "RedisCluster": ["urls", "authUsername", "authSecret", "maxRetries", "readFromReplicas", *POOL],
    "RedisSentinel": ["urls", "serviceName", *sorted(SECRETS), "sentinelUsername", *POOL],
    "Sharded": ["stores"],
}
SHARDS = ["Redis", "Redis", "RedisCluster", "RedisSentinel"]
TAGS = ["RedisCluster", "RedisCluster", "RedisSentinel", "Redis", "Sharded", "Default"]


@dataclass(frozen=True)
class Pools:
    """What stands for URLs and secrets: references in a file, texts on a server."""

    urls: list[Any]
    secrets: list[Json]

    def value(self, name: str) -> st.SearchStrategy[Any]:
        if name == "stores":
            return st.lists(st.sampled_from(SHARDS).flatmap(self.object), min_size=2, max_size=4)
        if name == "url":
            return st.sampled_from(self.urls)
        if name == "urls":
            return st.lists(st.sampled_from(self.urls), max_size=3, unique=True)
        if name in SECRETS:
            return st.sampled_from([*self.secrets * 2, *OTHERS])
        return st.sampled_from(SCALARS[name])

    @st.composite
    def object(draw: st.DrawFn, self: Pools, tag: str) -> Json:  # noqa: N805 - hypothesis's order
        """An object of some variant, with the fields that somebody wrote into it."""
        names = draw(st.lists(st.sampled_from(FIELDS[tag]), unique=True)) if FIELDS[tag] else []
        if tag == "Sharded":
            names = ["stores"]
        elif "authSecret" in FIELDS[tag] and draw(st.booleans()):
            names = list({*names, "authSecret"})
        return {TYPE: tag, **{name: draw(self.value(name)) for name in sorted(names)}}

    @st.composite
    def edited(draw: st.DrawFn, self: Pools, state: Json) -> Json:  # noqa: N805 - the same
        """The same object with one field written otherwise, or not any more."""
        state = deepcopy(state)
        target = state
        if "stores" in state and draw(st.booleans()):
            change = draw(st.sampled_from(["in", "out", "swap"]))
            items = state["stores"]
            if change == "in" and len(items) < 4:
                at = draw(st.integers(0, len(items)))
                items.insert(at, draw(st.sampled_from(SHARDS).flatmap(self.object)))
            elif change == "out" and len(items) > 2:
                items.pop(draw(st.integers(0, len(items) - 1)))
            else:
                items.reverse()
            return state
        if "stores" in state:
            target = draw(st.sampled_from(state["stores"]))
        if FIELDS[target[TYPE]]:
            name = draw(st.sampled_from(FIELDS[target[TYPE]]))
            if target.pop(name, None) is None or draw(st.booleans()):
                target[name] = draw(self.value(name))
        return state

    def states(self) -> st.SearchStrategy[Json]:
        return st.sampled_from(TAGS).flatmap(self.object)


SAID = Pools(SAID_URLS, SAID_SECRETS)
STORED = Pools(STORED_URLS, STORED_SECRETS)


def stored(written: Json, environment: Environment = {}) -> Json:  # noqa: B006 - never changed
    """What a server has once it was told all that is written: everything else is a default."""
    made = rules.defaults(written[TYPE])
    for name, value in written.items():
        made[name] = _stored(value, environment)
    return made


def _stored(value: Any, environment: Environment) -> Any:  # noqa: ANN401 - plain JSON
    match value:
        case Ref():
            return value.leads_to(environment)
        case [{"@type": _}, *_]:
            return {str(slot): stored(item, environment) for slot, item in enumerate(value)}
        case list():
            return {_stored(url, environment): True for url in value}
        case dict():
            return {name: _stored(part, environment) for name, part in value.items()}
        case _:
            return value


def file_text(written: Json) -> str:
    """The store file that says what is written."""
    return yaml_text({NAME: _said(written)})


def _said(value: Any, name: str = "") -> Any:  # noqa: ANN401 - plain JSON
    match value:
        case Ref():
            return value.said
        case list():
            return [_said(part) for part in value]
        case dict():
            return {key: _said(part, key) for key, part in value.items()}
        case int() if name in DURATIONS:
            return duration_text(value)
        case _:
            return value


def references(written: object) -> set[str]:
    """The variables that are referred to."""
    match written:
        case Ref(name=name):
            return {name}
        case list():
            return {name for part in written for name in references(part)}
        case dict():
            return {name for part in written.values() for name in references(part)}
        case _:
            return set()


def url_references(written: object) -> set[str]:
    """Those of them that stand in a URL, or for one."""
    return references(written) & {"URL_A", "URL_B", "LINK"}


@dataclass(frozen=True)
class Wish:
    """A file, the environment that it is read in, and what becomes of what it does not mention."""

    written: Json
    environment: Environment
    unlisted: str = "default"

    @property
    def missing(self) -> set[str]:
        return references(self.written) - self.environment.keys()

    @property
    def told(self) -> Json:
        """What the file says, with defaults for all else."""
        return stored(self.written, self._filled)

    def on(self, live: Json) -> Json:
        """What the server has once the file is applied to what it has now, in clear."""
        wanted = self.told
        if self.unlisted == "keep" and live[TYPE] == wanted[TYPE]:
            return {
                name: value if name in self.written else deepcopy(live[name])
                for name, value in wanted.items()
            }
        return wanted

    def over(self, live: Json) -> Wish:
        """The same, settled on a live state: what it keeps stands in it from now on."""
        return replace(self, written={**self.on(live), **self.written}, unlisted="default")

    @property
    def _filled(self) -> dict[str, str]:
        """A variable that is not set leads to something that nothing else is."""
        return {**dict.fromkeys(VARIABLES, "unset"), **self.environment}
