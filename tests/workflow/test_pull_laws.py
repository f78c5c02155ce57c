"""What is true of every pull, whatever the server has and whatever the file says."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.errors import NotWritten
from confsync.kinds import KINDS
from confsync.kinds.from_wire import from_wire
from confsync.sandbox import rules
from confsync.sync.secret import Vault
from confsync.sync.values import Target
from confsync.workflow.plan import plan
from confsync.workflow.pull import pull
from confsync.workflow.server import Session
from confsync.files.read import read
from tests.scribe import Scribe
from tests.states import (
    MASK,
    NAME,
    TYPE,
    Json,
    Pair,
    holds_password,
    pairs,
    stored_states,
    wanted_states,
)
from tests.sync.runs import strings

if TYPE_CHECKING:
    from pathlib import Path

    from confsync.sync.values import Live

TARGET = Target("t", "https://mail.example.com")


@dataclass(frozen=True)
class Stored:
    """A server that has a state, by the sandbox's rules."""

    state: Json
    vault: Vault

    def read(self, name: str, decode: Any) -> Live:  # noqa: ANN401
        view: Any = rules.get_view(self.state)
        return decode(view)

    def update(self, *_: object) -> Any:  # noqa: ANN401
        raise AssertionError


def session(state: Json) -> Session:
    vault = Vault()
    return Session(TARGET, Stored(state, vault), vault)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pulled")


def names(path: Path) -> list[str]:
    document = read(str(path)).document
    assert document is not None
    entry = document.get(NAME)
    return [key.text for key, _ in entry[1].entries]


@given(pair=pairs(), seed=st.integers(0, 2**32), known=st.booleans())
def test_pull(folder: Path, pair: Pair, seed: int, known: bool) -> None:
    scribe = Scribe(Random(seed))
    file = folder / "a.yaml"
    text = scribe.written(pair.wanted.document)
    file.write_bytes(text.encode())
    environment = pair.wanted.environment if known else {}
    before = names(file)
    try:
        pulled = pull([str(file)], session(pair.live), environment=environment)
    except NotWritten:
        assert file.read_bytes() == text.encode()
        assert any(holds_password(t) or t == MASK for t in strings(pair.live))
        return
    after = file.read_bytes().decode()
    planned = plan([str(file)], session(pair.live), environment=environment)
    assert planned.difference.changes == ()
    pull([str(file)], session(pair.live), environment=environment)
    assert file.read_bytes().decode() == after
