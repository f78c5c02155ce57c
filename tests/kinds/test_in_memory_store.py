"""The model says what the wire page's table says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from confsync.jmap.decode import from_wire
from confsync.kinds import KINDS
from confsync.kinds.kind import default_object
from confsync.sandbox import patch_rules as rules
from confsync.sync.secret import Vault
from confsync.sync.shape import Duration, Integer

KIND = KINDS["InMemoryStore"]
PAGE = (Path(__file__).parents[2] / "docs/development/wire.md").read_text()


@pytest.mark.parametrize("tag", ["Default", "Redis", "RedisCluster", "RedisSentinel"])
def test_the_defaults_are_those_of_the_second_opinion(tag: str) -> None:
    view: Any = rules.get_view(rules.defaults(tag))
    live = from_wire(KIND, view, Vault())
    assert live.tree == default_object(KIND.shape, tag)
    assert live.unrecognised == ()


def test_every_field_of_the_wire_page_is_in_the_model_and_no_other() -> None:
    section = PAGE.split("## 4.")[1].split("## 5.")[0]
    named = set(re.findall(r"`([a-z]+[A-Z]?[A-Za-z]*)`", section))
    fields = {name for variant in KIND.shape.objects.values() for name in variant.fields}
    assert fields <= named


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("timeout", (1, 2**64 - 1)),
        ("maxRetryWait", (1, 1024)),
        ("minRetryWait", (1, 1024)),
        ("maxRetries", (1, 1024)),
        ("poolMaxConnections", (1, 8192)),
        ("poolTimeoutRecycle", (1, 2**64 - 1)),
    ],
)
def test_limits_are_those_of_the_wire_page(name: str, limits: tuple[int, int]) -> None:
    shape = KIND.shape.objects["RedisCluster"].fields[name].shape
    assert isinstance(shape, Duration | Integer)
    assert (shape.minimum, shape.maximum) == limits


def test_every_field_says_what_it_is_for() -> None:
    for variant in KIND.shape.objects.values():
        assert all(field.summary for field in variant.fields.values())
