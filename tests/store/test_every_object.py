"""Store files of every settings object: text and state, there and back."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from confsync.jmap.decode import from_wire
from confsync.kinds import ALL
from confsync.sandbox import patch_rules as rules
from confsync.sandbox.schema import builtin
from confsync.secrets import BUILT_IN
from confsync.store.decode import from_file
from confsync.store.encode import to_store
from confsync.sync.compare import difference
from confsync.sync.secret import Vault
from confsync.yaml.emit import yaml_text
from confsync.yaml.read import parse
from tests.sync.test_all_objects import Draw, origin

if TYPE_CHECKING:
    from confsync.sync.values import Live

STATES = 20


def live_of(name: str, stored: object, vault: Vault) -> Live:
    view = rules.get_view(stored, builtin().type(f"x:{name}"))
    return from_wire(ALL[name], view, vault)


@pytest.mark.parametrize("name", ALL)
def test_the_file_of_a_state_is_read_as_that_state(name: str) -> None:
    draw, kind = Draw(f"file {name}"), ALL[name]
    for _ in range(STATES):
        vault = Vault()
        live = live_of(name, draw.some(kind.shape), vault)
        document = to_store(live, kind)
        assert document is not None
        text = yaml_text(document)
        parsed = parse("store.yaml", text)
        assert parsed.problems == ()
        reading = from_file(parsed.document, ALL, vault, BUILT_IN)
        assert reading.problems == (), text
        (desired,) = reading.desired
        found = difference(live.tree, desired.tree, kind.shape, origin)
        assert found.changes == (), text
