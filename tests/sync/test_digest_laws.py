"""The digest: the same wherever secrets can or cannot be resolved, another for another plan."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from confsync.sandbox import patch_rules as rules
from confsync.sync.plan import make_plan
from confsync.sync.secret import Vault
from tests.states import (
    NAME,
    SHAPE,
    TYPE,
    Json,
    Wanted,
    edited,
    stored_states,
    wanted_states,
)
from tests.sync.runs import (
    TARGET,
    decoded,
    planned,
    read,
)


def test_the_digest_does_not_tell_that_two_references_lead_to_the_same() -> None:
    stored = {**rules.defaults("RedisCluster"), "urls": {"redis://h": True}}
    forms = [{"env": "A"}, {"env": "B"}, {"env": "A"}, "redis://h"]
    file = Wanted({NAME: {TYPE: "RedisCluster", "urls": forms}}, {}, stored)
    vault = Vault()
    live = read(stored, vault)
    digests = {
        make_plan(TARGET, decoded(file, vault, environment), live, SHAPE).digest
        for environment in (
            {},
            {"A": "redis://h", "B": "redis://h"},
            {"A": "redis://h", "B": "redis://g"},
        )
    }
    assert len(digests) == 1


@st.composite
def two_files(draw: st.DrawFn) -> tuple[Json, Wanted, Wanted]:
    """What is stored, and two files that say something like it."""
    live = draw(stored_states())
    one, other = (draw(wanted_states(draw(edited(live)))) for _ in range(2))
    return live, one, other


@given(two_files())
def test_the_digest_differs_where_a_field_differs_that_is_no_url_and_no_secret(
    found: tuple[Json, Wanted, Wanted],
) -> None:
    live, one, other = found
    here = planned(live, one).plan.digest
    if visible(one.stored) != visible(other.stored):
        assert planned(live, other).plan.digest != here
    if visible(live) != visible(other.stored):
        assert planned(other.stored, one).plan.digest != here


def visible(value: Any) -> Any:  # noqa: ANN401 - plain JSON
    """A state without secrets and URLs."""
    if not isinstance(value, dict):
        return value
    hidden = ("secret", "url", "urls")
    return {name: visible(part) for name, part in value.items() if name not in hidden}


def test_the_digest_differs_where_anything_that_can_be_read_of_a_url_differs() -> None:
    forms: list[object] = [
        "redis://h",
        "redis://g",
        "redis://u@h",
        {"env": "A"},
        {"env": "B"},
        {"address": "redis://h", "password": {"env": "A"}},
        {"address": "redis://h", "password": {"env": "B"}},
        {"address": "redis://h", "username": "u", "password": {"env": "A"}},
        {"address": "rediss://h", "username": "u", "password": {"env": "A"}},
    ]
    live = rules.defaults("Redis")
    files = [Wanted({NAME: {TYPE: "Redis", "url": form}}, {}, live) for form in forms]
    vault = Vault()
    digests = {
        make_plan(TARGET, decoded(file, vault, {}), read(live, vault), SHAPE).digest
        for file in files
    }
    assert len(digests) == len(forms)


def test_the_digest_tells_nothing_of_a_live_password() -> None:
    file = Wanted({NAME: {TYPE: "Redis"}}, {}, {})
    digests = {
        planned({**rules.defaults("Redis"), "url": f"redis://u:{password}@h"}, file).plan.digest
        for password in ("one", "another")
    }
    assert len(digests) == 1
