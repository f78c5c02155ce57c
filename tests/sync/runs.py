"""Plans of random states, and what the sandbox makes of their updates."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.jmap.write import update_json
from confsync.kinds import KINDS
from confsync.kinds.from_file import from_file
from confsync.kinds.from_wire import from_wire
from confsync.sandbox import body, rules
from confsync.sandbox.pointer import parse, text
from confsync.secrets import RESOLVERS
from confsync.secrets.resolve import resolve
from confsync.sync.plan import make_plan
from confsync.sync.secret import Vault
from confsync.sync.shape import ListOf, UrlSet, Variants
from confsync.sync.tree import Items, Members, Object
from confsync.sync.values import Target
from tests.states import (
    NAME,
    SHAPE,
    Json,
    Wanted,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.sync.shape import Shape
    from confsync.sync.tree import Tree
    from confsync.sync.values import Desired, Live, Plan


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


def decoded(wanted: Wanted, vault: Vault, environment: dict[str, str]) -> Desired:
    reading = from_file(wanted.node, KINDS, vault, tuple(RESOLVERS))
    assert reading.problems == ()
    (desired,) = reading.desired
    return resolve(desired, vault, RESOLVERS, environment).desired


def planned(stored: Json, wanted: Wanted) -> Run:
    vault = Vault()
    live, desired = read(stored, vault), decoded(wanted, vault, wanted.environment)
    plan = make_plan(TARGET, desired, live, KIND.shape)
    return Run(vault, live, desired, plan, as_sent(update_json(plan.patch, vault)))


def as_sent(patch: object) -> Json:
    found = body.read(json.dumps(patch).encode())
    assert isinstance(found, dict)
    return found


def executed(stored: Json, patch: Json) -> Json:
    outcome = rules.update(stored, patch)
    assert isinstance(outcome, rules.Updated), outcome
    return outcome.stored


def sets_in_order(tree: Tree, shape: Shape) -> Iterator[tuple[str, ...]]:
    """The paths of the sets of a desired state whose order counts."""
    match tree, shape:
        case Members(members), UrlSet(order_counts):
            if order_counts(members):
                yield ()
        case Object(tag, parts), Variants():
            for name, known in shape.objects[tag].fields.items():
                yield from ((name, *path) for path in sets_in_order(parts[name], known.shape))
        case Items(items), ListOf(inner):
            for slot, item in enumerate(items):
                yield from ((str(slot), *path) for path in sets_in_order(item, inner))
        case _:
            pass


def is_wanted(stored: Json, wanted: Json, desired: Desired) -> bool:
    """Whether what is stored is what was wanted, in clear; sets in their order where it counts."""
    return stored == wanted and all(
        list(at(stored, path)) == list(at(wanted, path))
        for path in sets_in_order(desired.tree, SHAPE)
    )


def at(state: Json, path: tuple[str, ...]) -> Json:
    for step in path:
        state = state[step]
    return state


def reaches(run: Run, stored: Json, wanted: Wanted) -> bool:
    return is_wanted(stored, wanted.stored, run.desired)


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
