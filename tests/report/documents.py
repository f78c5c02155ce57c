"""Documents of a plan and of an apply of several targets, as one run in the sandbox makes them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from confsync.errors import ConnectionFailed
from confsync.sync.outcome import NotBegun, NotSent, Refusal, Rejected, Stored, Unknown
from confsync.sync.secret import Vault
from confsync.sync.values import Difference, Failed, Target
from confsync.workflow.plan import plan
from confsync.workflow.server import Session
from confsync.workflow.targets import Options
from tests.reported import outcomes_json, plans_json
from tests.states import completed
from tests.workflow.stored import Stored as Server

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.sync.outcome import Ended
    from confsync.sync.values import Plan
    from tests.states import Json

CLUSTER = """\
InMemoryStore:
  '@type': RedisCluster
  urls:
    - rediss://cache-1.example.com:6379
    - rediss://cache-2.example.com:6379
  authUsername: stalwart
  authSecret:
    '@type': Value
    secret: {env: REDIS_PASSWORD}
  poolMaxConnections: 32
"""
REDIS = "InMemoryStore:\n  '@type': Redis\n  url: rediss://a.example.com\n"
MIXED = "InMemoryStore:\n  '@type': RedisCluster\n  urls: [redis://b, rediss://a]\n"
CANARY = "Canary-of-the-server"
LIVE: Json = {
    "@type": "RedisCluster",
    "urls": {
        "rediss://cache-1.example.com:6379": True,
        f"rediss://stalwart:{CANARY}@old.example.com:6379": True,
    },
    "authUsername": "stalwart",
    "authSecret": {"@type": "Value", "secret": CANARY},
    "poolTimeoutWait": 45000,
}
OLD: Json = {"@type": "Redis", "url": "rediss://a.example.com"}
GROUPS = {"eu": ["all", "production", "eu"], "us": ["all", "production"], "st": ["all"]}


def planned(name: str, text: str, live: Json, file: str = "stores/production.yaml") -> Plan:
    """A plan, in the working directory."""
    Path(file).parent.mkdir(exist_ok=True)
    Path(file).write_text(text, "utf-8")
    session = Session(target(name), Server(completed(live)), Vault())
    return plan([file], session, environment={}, options=Options("default"))


def target(name: str) -> Target:
    return Target(name, f"https://{name}.example.com")


def plans() -> list[Plan | Failed]:
    """Errors, risks, equal plans, a drift and unchanged targets."""
    cluster = planned("eu-01", CLUSTER, LIVE)
    same = planned("staging-1", REDIS, OLD, "stores/staging.yaml")
    drifted = planned("us-01", f"{REDIS}  timeout: 5s\n", OLD, "stores/us.yaml")
    risky = planned("us-02", MIXED, OLD, "stores/mixed.yaml")
    refused = "cannot connect to {}: connection refused"
    lost = [
        Failed(one, ConnectionFailed(refused.format(one.url), hint=f"check that {one.url} is up"))
        for one in map(target, ("us-03", "us-04"))
    ]
    alike = [replace(cluster, target=target("eu-02")), replace(same, target=target("staging-2"))]
    return [cluster, alike[0], same, alike[1], drifted, risky, *lost]


def ends() -> list[Ended]:
    """All kinds of ends."""
    first, second, same, _, drifted, risky, lost, _ = plans()
    assert not isinstance(first, Failed)
    assert not isinstance(second, Failed)
    assert not isinstance(same, Failed)
    assert not isinstance(drifted, Failed)
    assert not isinstance(risky, Failed)
    assert isinstance(lost, Failed)
    foreign = drifted.difference.changes
    rejection = Refusal("invalidPatch", "correct the file", ("urls/0",), ("a value is wrong",))
    named = [replace(first, target=target(f"eu-0{number}")) for number in range(3, 7)]
    return [
        Stored(first, first.live, Difference()),
        Stored(second, second.live, Difference()),
        NotSent(same),
        Stored(drifted, drifted.live, drifted.difference, foreign, foreign),
        Rejected(named[0], rejection),
        Unknown(named[1], "the connection was lost", "other"),
        lost,
        NotBegun(named[2]),
        NotBegun(named[3]),
    ]


def complete(document: Json, selection: Json | None = None) -> Json:
    """The document with the facts of a run, and the causes of its changes."""
    chosen = {"chosen": len(document["targets"]), "of": 40, "by": "group production", "shard": None}
    document |= {
        "confsync": "0.1.0",
        "generated_at": "2026-11-27T23:36:30Z",
        "commit": "0123456789abcdef0123456789abcdef01234567",
        "selection": selection or chosen,
    }
    causes = {"change": 0, "drift": 0, "both": 0}
    for one in document["targets"]:
        one |= {"groups": GROUPS[one["name"][:2]], "seconds": 0.25}
        for change in (change for part in one["objects"] for change in part["changes"]):
            change["cause"] = "drift" if change["path"].startswith("pool") else "change"
            causes[change["cause"]] += 1
    document["summary"] |= {"base": "origin/main", "causes": causes}
    return document


def plan_document(found: Sequence[Plan | Failed] | None = None) -> Any:  # noqa: ANN401 - JSON
    return complete(json.loads(plans_json(plans() if found is None else found)))


def apply_document(found: Sequence[Ended] | None = None) -> Any:  # noqa: ANN401 - JSON
    return complete(json.loads(outcomes_json(ends() if found is None else found)))
