"""Somebody else stores something between the planning read and the update: what is lost is told.

The sandbox executes the update; what is lost is said a second time, on plain JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import event, given
from hypothesis import strategies as st

from confsync.sandbox import patch_rules as rules
from confsync.sync.outcome import stored
from confsync.sync.shape import ListOf, SecretText, TextSet, Variants
from tests.states import (
    SHAPE,
    TYPE,
    Json,
    Pair,
    default_of,
    edited,
    neighbours,
    pairs,
    stored_states,
)
from tests.sync.runs import KIND, planned, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.sync.shape import Shape

Place = tuple[str, ...]
GONE = None


def leaves(value: object, shape: Shape, path: Place = ()) -> Iterator[tuple[Place, object]]:
    """Each leaf of a state that can be read, and each slot."""
    match shape:
        case Variants(objects=variants):
            assert isinstance(value, dict)
            yield (*path, TYPE), value[TYPE]
            for name, known in variants[value[TYPE]].fields.items():
                yield from leaves(value[name], known.shape, (*path, name))
        case ListOf(item):
            assert isinstance(value, dict)
            for slot, part in value.items():
                yield (*path, slot), "slot"
                yield from leaves(part, item, (*path, slot))
        case TextSet():
            assert isinstance(value, dict)
            yield from (((*path, f"member {url}"), "member") for url in value)
        case SecretText():
            return
        case _:
            yield path, ("value", type(value).__name__, value)


def built(old: Json | None, new: Json, shape: Variants, path: Place = ()) -> Iterator[Place]:
    """The places in the objects that they built of all that stands at its default."""
    anew = old is None or old[TYPE] != new[TYPE]
    for name, known in shape.objects[new[TYPE]].fields.items():
        was, here = None if old is None else old.get(name), (*path, name)
        if anew and not known.required and new[name] == default_of(known):
            yield here
        elif isinstance(known.shape, Variants):
            yield from built(was, new[name], known.shape, here)
        elif isinstance(known.shape, ListOf):
            for slot, part in new[name].items():
                yield from built((was or {}).get(slot), part, known.shape.item, (*here, slot))


def after_slots(place: Place, before: Json, patch: Json) -> Place | None:
    """Where a leaf is after an update: the slots that are left are numbered anew."""
    if place[0] != "stores" or "stores" in patch or TYPE in patch:
        return place
    named = {key.split("/")[1]: value for key, value in patch.items() if key.startswith("stores/")}
    whole = {
        key.split("/")[1] for key in patch if key.count("/") == 1 and key.startswith("stores/")
    }
    slots = {*before.get("stores", {}), *named} - {
        slot for slot in whole if patch[f"stores/{slot}"] is None
    }
    order = sorted(slots, key=int)
    return ("stores", str(order.index(place[1])), *place[2:]) if place[1] in order else None


def lost(old: Json, before: Json, after: Json, patch: Json) -> set[Place]:
    """The places of what they made that is not there at the end."""
    was, now, left = (dict(leaves(state, SHAPE)) for state in (old, before, after))
    ours = tuple(built(old, before, SHAPE))
    found = set()
    for place in {*was, *now}:
        if was.get(place) == now.get(place) or any(place[: len(one)] == one for one in ours):
            continue
        if place not in now and not place[-1].startswith("member ") and was[place] != "slot":
            continue  # it went with the object around it, or with a slot
        if place not in now and _is_there(before, place[:-1]) != _is_there(old, place[:-1]):
            continue
        there = after_slots(place, before, patch)
        if (left.get(there) if there is not None else GONE) != now.get(place):
            found.add(place)
    return found


def _is_there(state: object, place: Place) -> bool:
    """True if a state has something at a place: a set or a list can go with its variant."""
    for name in place:
        if not isinstance(state, dict) or name not in state:
            return False
        state = state[name]
    return True


def told(place: Place) -> Place:
    """A place as a path: a member of a set has the set's, an `@type` the object's."""
    return place[:-1] if place[-1] == TYPE or place[-1].startswith("member ") else place


@st.composite
def races(draw: st.DrawFn) -> tuple[Pair, Json]:
    pair = draw(st.one_of(pairs(), pairs(), neighbours()))
    kind = draw(st.sampled_from(["live", "wanted", "wanted", "same", "any", "alike"]))
    match kind:
        case "live":
            theirs = draw(edited(pair.live))
        case "wanted":
            theirs = draw(edited(pair.wanted.stored))
        case "same":
            theirs = pair.wanted.stored
        case "alike":
            theirs = draw(stored_states(pair.wanted.stored[TYPE]))
        case _:
            theirs = draw(stored_states())
    return pair, theirs


@given(race=races())
def test_what_is_lost_of_theirs_is_told_and_nothing_else_is(race: tuple[Pair, Json]) -> None:
    pair, theirs = race
    run = planned(pair.live, pair.wanted)
    outcome = rules.update(theirs, run.sent)
    if run.plan.empty or not isinstance(outcome, rules.Updated):
        event("refused")
        return
    after = outcome.stored
    before_read, after_read = read(theirs, run.vault), read(after, run.vault)
    found = stored(run.plan, before_read, after_read, KIND.shape)
    old, now, left = (rules.get_view(state) for state in (pair.live, theirs, after))
    gone = lost(old, now, left, run.sent)
    paths = {
        tuple(map(str, change.path)) for change in found.overwritten if change.action != "reorder"
    }
    event(f"lost: {bool(gone)}, verified: {found.verified}")
    assert paths == set(map(told, gone))
    if gone:
        assert not found.as_wanted
    elif found.verified and not any(change.action == "reorder" for change in found.overwritten):
        assert found.as_wanted
