"""Every settings object: random pairs of states, closed by the smallest update, by the sandbox.

Values are drawn from the shapes, which are made from the server's schema.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from confsync.jmap.decode import from_wire
from confsync.jmap.write import update_json
from confsync.kinds import KINDS
from confsync.kinds.kind import UNSET_ID
from confsync.sandbox import patch_rules as rules
from confsync.sandbox.schema import builtin
from confsync.sync import shape as shapes
from confsync.sync.compare import difference
from confsync.sync.patch import patch
from confsync.sync.secret import Secret, Vault
from confsync.sync.tree import Items, Object, Tree
from confsync.sync.values import Live, Origin

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]
PAIRS = 25
_TEXTS = {
    "trimmed": ("alpha", "beta gamma", "x/y~z"),
    "exact": ("one", " two ", "a && b"),
    "email": ("a@example.com", "b@mail.example.org"),
    "domain": ("example.com", "mail.example.org"),
    "host": ("mx.example.com", "192.0.2.7"),
    "address": ("192.0.2.1", "2001:db8::1"),
    "network": ("192.0.2.0/24", "2001:db8::/32", "10.1.2.3"),
}


def origin(_: object) -> Origin:
    return Origin("file")


class Draw:
    """Random values of the wire, secrets in clear."""

    def __init__(self, seed: object) -> None:
        self._random = random.Random(str(seed))  # noqa: S311 - reproducible, not secret

    def some(self, shape: shapes.Variants, like: Json | None = None) -> Json:
        """A state; members of `like` are likely to stay."""
        tag = self._random.choice([*shape.objects])
        if like is not None and self._random.random() < 0.8:
            tag = like.get("@type", "")
        made: Json = {"@type": tag} if tag else {}
        for name, known in shape.objects[tag].fields.items():
            there = like is not None and name in like and like.get("@type", "") == tag
            if there and self._random.random() < 0.6 and like is not None:
                made[name] = json.loads(json.dumps(like[name]))
            else:
                made[name] = self.field(known, like[name] if there and like is not None else None)
        return made

    def field(self, known: shapes.Field, like: object = None) -> Any:  # noqa: ANN401 - JSON
        if known.nullable and self._random.random() < 0.3:
            return None
        return self.value(known.shape, like)

    def value(self, shape: shapes.Shape, like: object = None) -> Any:  # noqa: ANN401, C901, PLR0912 - JSON
        chance = self._random
        match shape:
            case shapes.Variants():
                return self.some(shape, like if isinstance(like, dict) else None)
            case shapes.ListOf(item, least):
                count = chance.randint(least, least + 3)
                old = [*like.values()] if isinstance(like, dict) else []
                items = [self.some(item, chance.choice(old) if old else None) for _ in range(count)]
                return {str(slot): one for slot, one in enumerate(items)}
            case shapes.TextSet(member=member, minimum=least):
                count = chance.randint(least, least + 2)
                found: dict[str, bool] = {}
                while len(found) < count:
                    found[self.value(member)] = True
                    count = min(count, least + len(found) + chance.randint(0, 1))
                return found
            case shapes.ValueMap(key, inner):
                return {self.value(key): self.value(inner) for _ in range(chance.randint(0, 3))}
            case shapes.Text(form):
                return chance.choice(_TEXTS[form]) + (
                    chance.choice("abc") if form in {"trimmed", "exact"} else ""
                )
            case shapes.Choice(choices):
                return chance.choice(choices)
            case shapes.Boolean():
                return chance.choice([True, False])
            case shapes.Integer(low, high) | shapes.Size(low, high) | shapes.Duration(low, high):
                return chance.choice([low, high, min(high, low + chance.randint(0, 5))])
            case shapes.Float(low, high):
                lowest = 0.0 if low is None else float(low)
                highest = lowest + 5 if high is None else float(high)
                return chance.choice([lowest, highest, (lowest + highest) / 2])
            case shapes.Id():
                return chance.choice(["a", "b", "c"])
            case shapes.UrlText():
                return chance.choice(
                    ["redis://a.example.com", "redis://u:pw1@b.example.com", "https://c/d?x=1"]
                )
            case shapes.SecretText():
                return chance.choice(["secret-1", "secret-2"])


def sealed(tree: Tree, stored: Any, vault: Vault) -> Tree:  # noqa: ANN401 - JSON
    """A tree with the secrets of a stored state."""
    match tree:
        case Object():
            members = tree.members.items()
            return Object(
                tree.tag, {name: sealed(one, stored[name], vault) for name, one in members}
            )
        case Items():
            items = enumerate(tree.items)
            found = (sealed(one, stored[str(slot)], vault) for slot, one in items)
            return Items(tuple(one for one in found if isinstance(one, Object)))
        case Secret():
            return vault.seal(stored)
        case _:
            return tree


def same(one: Any, other: Any) -> bool:  # noqa: ANN401 - JSON
    """True for equal states, types apart; the order of sets and of members does not count."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def without_one(update: Json) -> Iterator[Json]:
    """The update without each of its entries and of its leaves."""
    for name, value in update.items():
        rest = {one: of for one, of in update.items() if one != name}
        yield rest
        if isinstance(value, dict) and "@type" not in update:
            yield from ({**rest, name: less} for less in _less(value))


def _less(value: Json) -> Iterator[Json]:
    for name, member in value.items():
        if name == "@type":
            continue
        rest = {one: of for one, of in value.items() if one != name}
        yield rest
        if isinstance(member, dict):
            yield from ({**rest, name: less} for less in _less(member))


def closed(name: str, stored: Json, wanted: Json) -> Json:
    """The update from one stored state to another, checked: reached, stable, minimal."""
    kind, of, vault = KINDS[name], builtin().type(f"x:{name}"), Vault()

    def shown(state: Json) -> Live:
        view: Any = rules.get_view(state, of)
        return from_wire(kind, view, vault)

    live = shown(stored)
    assert live.unrecognised == ()
    desired = sealed(shown(wanted).tree, wanted, vault)
    assert isinstance(desired, Object)
    found = difference(live.tree, desired, kind.shape, origin)
    update = update_json(patch(found), vault)
    result = rules.update(stored, update, of)
    assert isinstance(result, rules.Updated), (update, result)
    assert same(result.stored, wanted), update
    left = difference(shown(result.stored).tree, desired, kind.shape, origin)
    assert left.changes == ()
    assert "****" not in json.dumps(update)
    if not found.unknown:
        for less in without_one(update):
            other = rules.update(stored, less, of)
            assert not (isinstance(other, rules.Updated) and same(other.stored, wanted)), less
    return update


@pytest.mark.parametrize("name", KINDS)
def test_every_state_of_every_object_is_reached_by_the_smallest_update(name: str) -> None:
    shape, stored = KINDS[name].shape, None
    draw = Draw(name)
    for _ in range(PAIRS):
        state = draw.some(shape, stored)
        assert UNSET_ID not in json.dumps(state)
        closed(
            name,
            rules.defaults(of=builtin().type(f"x:{name}")) if stored is None else stored,
            state,
        )
        stored = state
