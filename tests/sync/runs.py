"""Plans of random states, and what the sandbox makes of their updates."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.jmap.decode import from_wire
from confsync.jmap.write import update_json
from confsync.kinds import KINDS
from confsync.sandbox import body
from confsync.sandbox import patch_rules as rules
from confsync.sandbox.pointer import parse, text
from confsync.secrets import RESOLVERS
from confsync.secrets.resolver import resolve
from confsync.store.decode import from_file
from confsync.sync.plan import make_plan
from confsync.sync.secret import Secret, Vault
from confsync.sync.url import Url
from confsync.sync.values import Desired, Origin, Target
from tests.states import NAME, Json, Wanted
from tests.sync.second_opinion import orders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.sync.values import Difference, Live, Plan
    from tests.sync.second_opinion import Found


KIND = KINDS[NAME]
TARGET = Target("test", "https://mail.example")


@dataclass(frozen=True)
class Run:
    """A plan, all that it was made of, and its update as it would be sent."""

    vault: Vault
    live: Live
    desired: Desired
    plan: Plan
    sent: Json


def read(stored: Json, vault: Vault) -> Live:
    return from_wire(KIND, as_sent(rules.get_view(stored)), vault)


def as_desired(live: Live) -> Desired:
    """A live state as a desired one."""
    return Desired(live.object, live.tree, live.tree, {(): Origin("file")}, "")


def decoded(wanted: Wanted, vault: Vault, environment: dict[str, str]) -> Desired:
    reading = from_file(wanted.node, KINDS, vault, RESOLVERS)
    assert reading.problems == ()
    (desired,) = reading.desired
    return resolve(desired, vault, RESOLVERS, environment).desired


def planned(stored: Json, wanted: Wanted) -> Run:
    vault = Vault()
    live, desired = read(stored, vault), decoded(wanted, vault, wanted.environment)
    plan = make_plan(TARGET, desired, live, KIND.shape)
    return Run(vault, live, desired, plan, send(plan, vault))


def send(plan: Plan, vault: Vault) -> Json:
    """The update of a plan, as it would be sent."""
    return as_sent(update_json(plan.patch, vault))


def changes_of(found: Difference, vault: Vault) -> Found:
    """The changes, as `second_opinion.changed` counts them."""
    leaves: Found = Counter()
    for change in found.changes:
        path = tuple(map(str, change.path))
        if change.within is None or change.action == "reorder":
            leaves[path] += 1
            continue
        if change.before is not None:
            leaves[*path, "-", text_of(change.before, vault)] += 1
        if change.after is not None:
            leaves[*path, "+", text_of(change.after, vault)] += 1
    return leaves


def text_of(url: object, vault: Vault) -> str:
    """A URL in clear."""
    assert isinstance(url, Url)
    return "".join(vault.open(part) if isinstance(part, Secret) else part for part in url.parts)


def as_sent(patch: object) -> Json:
    found = body.read(json.dumps(patch).encode())
    assert isinstance(found, dict)
    return found


def executed(stored: Json, patch: Json) -> Json:
    outcome = rules.update(stored, patch)
    assert isinstance(outcome, rules.Updated), outcome
    return outcome.stored


def reaches(stored: Json, wanted: Wanted) -> bool:
    """Whether what is stored is what was wanted, in clear; sets in their order where it counts."""
    return stored == wanted.stored and orders(stored) == orders(wanted.stored)


def strings(value: object) -> Iterator[str]:
    """Every text and name in a JSON value."""
    match value:
        case dict():
            for name, part in value.items():
                yield name
                yield from strings(part)
        case str():
            yield value
        case _:
            pass


def sent_strings(patch: Json) -> list[str]:
    """Every text that an update holds: the tokens of its keys as they are meant, and its values."""
    tokens = [text(token) for key in patch for token in parse(key)]
    return [*tokens, *patch, *(found for value in patch.values() for found in strings(value))]
