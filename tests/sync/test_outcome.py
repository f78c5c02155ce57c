"""What is said of an update, from the states that were read around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from confsync.jmap.decode import from_wire
from confsync.kinds import KINDS
from confsync.sandbox import patch_rules as rules
from confsync.sync.outcome import Outcome, Overtaken, Refusal, Rejected, Stored, changed, stored
from confsync.sync.outcome import judged as outcome_of
from confsync.sync.plan import make_plan
from confsync.sync.secret import Vault
from confsync.sync.values import Origin, Target
from tests.sync.runs import as_desired, executed, read, send

if TYPE_CHECKING:
    from confsync.sync.tree import Path
    from confsync.sync.values import Change, Live, Plan
    from tests.states import Json

KIND = KINDS["InMemoryStore"]
TARGET = Target("mail", "https://mail.example.com")


def live(vault: Vault, **members: object) -> Live:
    view: Any = {**rules.get_view(rules.defaults("RedisCluster")), **members}
    return from_wire(KIND, view, vault)


def paths(changes: tuple[Change, ...]) -> tuple[Path, ...]:
    return tuple(change.path for change in changes)


def planned(vault: Vault) -> Plan:
    """A plan that turns a timeout of 1 s into one of 2 s."""
    wanted = as_desired(live(vault, timeout=2000))
    return make_plan(TARGET, wanted, live(vault, timeout=1000), KIND.shape)


def judged(before: dict[str, object], after: dict[str, object]) -> Stored:
    vault = Vault()
    return stored(planned(vault), live(vault, **before), live(vault, **after), KIND.shape)


def test_what_is_as_wanted_is_verified() -> None:
    outcome = judged({"timeout": 1000}, {"timeout": 2000})
    assert outcome.verified
    assert (paths(outcome.foreign), paths(outcome.overwritten), outcome.remaining.changes) == (
        (),
        (),
        (),
    )


def test_what_differs_afterwards_remains() -> None:
    outcome = judged({"timeout": 1000}, {"timeout": 2000, "maxRetries": 3})
    assert not outcome.verified
    assert [change.path for change in outcome.remaining.changes] == [("maxRetries",)]


def test_a_foreign_change_elsewhere_is_noticed_and_not_overwritten() -> None:
    outcome = judged({"timeout": 1000, "maxRetries": 3}, {"timeout": 2000, "maxRetries": 3})
    assert paths(outcome.foreign) == (("maxRetries",),)
    assert paths(outcome.overwritten) == ()


def test_a_foreign_change_that_the_update_replaced_is_overwritten() -> None:
    outcome = judged({"timeout": 1500, "maxRetries": 3}, {"timeout": 2000, "maxRetries": 3})
    assert paths(outcome.foreign) == (("timeout",), ("maxRetries",))
    assert paths(outcome.overwritten) == (("timeout",),)


def test_a_foreign_change_to_what_was_wanted_is_overwritten_by_nobody() -> None:
    outcome = judged({"timeout": 2000}, {"timeout": 2000})
    assert paths(outcome.foreign) == (("timeout",),)
    assert paths(outcome.overwritten) == ()
    assert outcome.verified


def test_a_path_that_changed_twice_over_is_named_once() -> None:
    vault = Vault()
    old = live(vault, urls={"redis://a": True, "redis://b": True})
    new = live(vault, urls={"redis://c": True, "redis://d": True})
    assert changed(old, new, KIND.shape) == (("urls",),)


def test_a_live_state_taken_as_desired_is_what_it_is() -> None:
    state = live(Vault(), authSecret={"@type": "Value", "secret": "****"})
    desired = as_desired(state)
    assert (desired.object, desired.tree, desired.written) == (
        "InMemoryStore",
        state.tree,
        state.tree,
    )
    assert desired.file == ""
    assert desired.origin(("timeout",)) == Origin("file")
    assert changed(state, state, KIND.shape) == ()


def test_members_of_a_set_overwrite_only_themselves() -> None:
    a, b, c = "redis://a", "redis://b", "redis://c"
    vault = Vault()
    wanted = as_desired(live(vault, urls={a: True, b: True}))
    plan = make_plan(TARGET, wanted, live(vault, urls={a: True}), KIND.shape)

    def outcome(before: list[str], after: list[str]) -> Stored:
        first, last = (live(vault, urls=dict.fromkeys(urls, True)) for urls in (before, after))
        return stored(plan, first, last, KIND.shape)

    added_beside = outcome([a, c], [a, c, b])
    assert (paths(added_beside.foreign), paths(added_beside.overwritten)) == ((("urls",),), ())
    assert not added_beside.verified
    replaced = outcome([a, c], [a, b])
    assert paths(replaced.overwritten) == (("urls",),)
    assert replaced.verified


def test_an_object_built_anew_overwrites_what_they_changed_in_it() -> None:
    vault = Vault()
    old, new = live(vault, timeout=1000), live(vault, timeout=7000)
    other: Any = rules.get_view(rules.defaults("Redis"))
    redis = from_wire(KIND, other, vault)
    plan = make_plan(TARGET, as_desired(redis), old, KIND.shape)
    assert paths(stored(plan, new, redis, KIND.shape).overwritten) == (("timeout",),)


def test_a_default_that_came_with_what_they_built_is_nothing_of_theirs() -> None:
    vault = Vault()
    other: Any = rules.get_view(rules.defaults("Redis"))
    before, after = (from_wire(KIND, {**other, "timeout": t}, vault) for t in (10_000, 2000))
    outcome = stored(planned(vault), before, after, KIND.shape)
    assert (paths(outcome.foreign), paths(outcome.overwritten)) == (((),), ())
    assert not outcome.verified


def test_an_object_built_anew_overwrites_the_members_that_they_added() -> None:
    vault = Vault()
    other: Any = rules.get_view(rules.defaults("Redis"))
    redis = from_wire(KIND, other, vault)
    plan = make_plan(TARGET, as_desired(redis), live(vault), KIND.shape)
    theirs = live(vault, urls={"redis://127.0.0.1": True, "redis://c": True})
    assert paths(stored(plan, theirs, redis, KIND.shape).overwritten) == (("urls",),)


def test_a_set_sent_whole_overwrites_the_order_that_they_gave_it() -> None:
    a, b, c = "rediss://a", "redis://b", "redis://c"
    vault = Vault()
    old, theirs, new = (
        live(vault, urls=dict.fromkeys(urls, True)) for urls in ([a, b], [b, a], [a, b, c])
    )
    plan = make_plan(TARGET, as_desired(new), old, KIND.shape)
    outcome = stored(plan, theirs, new, KIND.shape)
    assert (paths(outcome.foreign), paths(outcome.overwritten)) == ((("urls",),), (("urls",),))


def redis(**members: object) -> Json:
    return {**rules.defaults("Redis"), **members}


def cluster(**members: object) -> Json:
    return {**rules.defaults("RedisCluster"), "urls": {URL: True}, **members}


def sharded(*urls: str, timeout: int = 10_000) -> Json:
    shards = {str(slot): redis(url=url) for slot, url in enumerate(urls)}
    shards[str(len(urls) - 1)]["timeout"] = timeout
    return {**rules.defaults("Sharded"), "stores": shards}


def raced(planned_on: Json, theirs: Json, ours: Json) -> Stored:
    """What is said where somebody stores `theirs` between the planning read and the update."""
    vault = Vault()
    old = read(planned_on, vault)
    plan = make_plan(TARGET, as_desired(read(ours, vault)), old, KIND.shape)
    after = executed(theirs, send(plan, vault))
    return stored(plan, read(theirs, vault), read(after, vault), KIND.shape)


URL, THEIRS, OURS = "redis://planned", "redis://theirs", "redis://ours"
RACES = {
    "another variant": (
        rules.defaults("Default"),
        redis(url=THEIRS, timeout=1),
        redis(url=OURS, timeout=30_000),
        [("url",), ("timeout",)],
    ),
    "from a cluster": (
        cluster(),
        redis(url=THEIRS),
        redis(url=OURS),
        [("url",)],
    ),
    "the same slot": (
        sharded(URL, URL),
        sharded(URL, URL, THEIRS),
        sharded(URL, URL, OURS),
        [("stores", 2, "url")],
    ),
    "a nested object": (
        cluster(),
        cluster(authSecret={"@type": "File", "filePath": "/theirs"}),
        cluster(authSecret={"@type": "File", "filePath": "/ours"}),
        [("authSecret", "filePath")],
    ),
    "what we want too": (
        rules.defaults("Default"),
        redis(url=OURS, timeout=1),
        redis(url=OURS, timeout=1),
        [],
    ),
    "what is wanted of the variant": (
        rules.defaults("Default"),
        redis(url=OURS),
        redis(url=OURS, timeout=1),
        [],
    ),
    "a shard that goes": (
        sharded(URL, URL, URL),
        sharded(URL, URL, THEIRS),
        sharded(URL, URL),
        [("stores", 2, "url")],
    ),
    "a shard before one that stays": (
        sharded("redis://a", "redis://b", "redis://c"),
        sharded("redis://b", "redis://b", "redis://c"),
        sharded("redis://b", "redis://c"),
        [("stores", 0, "url")],
    ),
}


@pytest.mark.parametrize("name", RACES)
def test_a_race_that_loses_a_leaf_of_theirs_is_not_as_wanted(name: str) -> None:
    planned_on, theirs, ours, lost = RACES[name]
    outcome = raced(planned_on, theirs, ours)
    assert outcome.verified
    assert list(paths(outcome.overwritten)) == lost
    assert outcome.as_wanted == (not lost)


def test_a_member_that_they_took_away_and_that_is_there_again_is_told() -> None:
    a, b, c = "redis://a", "redis://b", "rediss://c"
    vault = Vault()
    old, theirs, new = (
        live(vault, urls=dict.fromkeys(urls, True)) for urls in ([a, b], [a], [c, a, b])
    )
    plan = make_plan(TARGET, as_desired(new), old, KIND.shape)
    outcome = stored(plan, theirs, new, KIND.shape)
    (change,) = outcome.overwritten
    assert (change.path, change.action) == (("urls",), "remove")


@pytest.mark.parametrize(
    ("theirs", "kind", "outcome"),
    [
        (cluster(), "invalidPatch", Overtaken),
        (sharded(URL), "validationFailed", Overtaken),
        (cluster(), "forbidden", Rejected),
        (sharded(URL, URL, URL), "invalidPatch", Rejected),
    ],
)
def test_an_update_that_a_race_made_invalid_is_overtaken(
    theirs: Json, kind: str, outcome: type[Outcome]
) -> None:
    vault = Vault()
    ours = as_desired(read(sharded(URL, URL, URL, timeout=2000), vault))
    plan = make_plan(TARGET, ours, read(sharded(URL, URL, URL), vault), KIND.shape)
    now = read(theirs, vault)
    found = outcome_of(plan, now, Refusal(kind, ""), now, KIND.shape)
    assert isinstance(found, outcome)
