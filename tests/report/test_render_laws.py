"""The text of `render` is a store file of the same state, over states of every settings object."""

from __future__ import annotations

import pytest

from confsync.kinds import KINDS
from confsync.report.render import Rendered, rendered_text
from confsync.secrets import BUILT_IN
from confsync.store.decode import from_file
from confsync.store.encode import to_store
from confsync.sync.plan import state_json
from confsync.sync.secret import Vault
from confsync.sync.values import Desired, Target
from confsync.yaml.emit import yaml_text
from confsync.yaml.read import parse
from tests.store.test_every_object import live_of
from tests.sync.test_all_objects import Draw

STATES = 20


def read(text: str, vault: Vault) -> Desired:
    """The state that a file without mistakes says."""
    parsed = parse("store.yaml", text)
    assert parsed.problems == (), text
    assert parsed.document is not None
    reading = from_file(parsed.document, KINDS, vault, BUILT_IN)
    assert reading.problems == (), text
    (desired,) = reading.desired
    return desired


@pytest.mark.parametrize("name", KINDS)
def test_a_rendered_state_is_read_as_that_state_and_every_value_has_a_place(name: str) -> None:
    draw, kind = Draw(f"render {name}"), KINDS[name]
    for _ in range(STATES):
        vault = Vault()
        source = yaml_text(to_store(live_of(name, draw.some(kind.shape), vault), kind))
        desired = read(source, vault)
        text = rendered_text([Rendered(Target("", ""), (), ((desired, kind.shape),))])
        assert state_json(read(text, vault).tree) == state_json(desired.tree), text
        # What the file says has the number of a line that is there.
        for line in text.splitlines():
            _, _, place = line.rpartition("  # ")
            assert line.endswith(":") or place == "default" or place.startswith("store.yaml:"), line
            if place.startswith("store.yaml:"):
                assert 1 <= int(place.removeprefix("store.yaml:")) <= len(source.splitlines())
