"""What is true of every pull, whatever the server has and whatever the files say."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.errors import NotWritten
from confsync.kinds import RISKS, WARNINGS
from confsync.workflow.plan import plan
from confsync.workflow.pull import pull
from tests.scribe import Scribe
from tests.states import MASK, NAME, SHAPE, TYPE, Json, Pair, default_of, holds_password, pairs
from tests.sync.runs import strings
from tests.workflow.stored import session

if TYPE_CHECKING:
    from pathlib import Path

    from confsync.report.file_results import Pulled
    from confsync.sync.values import Desired


@dataclass(frozen=True)
class Scene:
    """Files as somebody wrote them, what the server has, and what it had when they were written."""

    files: tuple[Path, ...]
    named: tuple[str, ...]
    scribe: Scribe
    pair: Pair
    environment: dict[str, str]

    @property
    def last(self) -> Path:
        return self.files[-1]

    def pull(self) -> Pulled:
        files = [str(file) for file in self.files]
        return pull(files, session(self.pair.live), environment=self.environment)

    def same(self, name: str) -> bool:
        """Whether a field has the value that the files say, and its variant is theirs."""
        live, stored = self.pair.live, self.pair.wanted.stored
        return live[TYPE] == stored[TYPE] and str(live[name]) == str(stored[name])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pulled")


def layers(document: Json, random: Random) -> list[Json]:
    """A document as it is, in two layers, or over one that says something else."""
    state = document[NAME]
    match random.randrange(6):
        case 0:
            other = "Redis" if state[TYPE] != "Redis" else "RedisCluster"
            return [{NAME: {TYPE: other, "timeout": "7s"}}, document]
        case 1 | 2 if len(state) > 1:
            lower, upper = _split(state, random)
            return [{NAME: lower}, {NAME: upper}]
        case _:
            return [document]


def _split(state: Json, random: Random) -> tuple[Json, Json]:
    """An object in two layers, its nested objects too; the upper one may leave out its variant."""
    lower: Json = {TYPE: state[TYPE]}
    upper: Json = {}
    for name, value in state.items():
        where = random.randrange(4)
        if name == TYPE:
            upper |= {name: value} if where else {}
        elif isinstance(value, dict) and TYPE in value and where > 1:
            lower[name], upper[name] = _split(value, random)
        elif where:
            lower[name] = value
            upper |= {name: value} if where == 1 else {}
        else:
            upper[name] = value
    return lower, upper or {TYPE: state[TYPE]}


def written(folder: Path, pair: Pair, seed: int) -> Scene:
    """Files that say what is wanted, each in a hand of its own."""
    random = Random(seed)  # noqa: S311 - which files are tried is no secret
    files: list[Path] = []
    documents = layers(pair.wanted.document, random)
    for number, document in enumerate(documents):
        scribe = Scribe(random)
        files.append(folder / f"{number}.yaml")
        files[-1].write_bytes(scribe.written(document).encode())
    environment = pair.wanted.environment if random.randrange(2) else {}
    return Scene(tuple(files), tuple(documents[-1][NAME]), scribe, pair, environment)


@given(pair=pairs(), seed=st.integers(0, 2**32))
def test_a_pull_makes_the_files_say_what_the_server_has_and_leaves_the_rest_alone(
    folder: Path, pair: Pair, seed: int
) -> None:
    """Every pull makes sure of the difference itself; some are planned after and pulled again."""
    scene = written(folder, pair, seed)
    before = scene.last.read_bytes()
    try:
        pulled = scene.pull()
    except NotWritten:
        assert scene.last.read_bytes() == before
        assert any(holds_password(text) or text == MASK for text in strings(pair.live))
        return
    after = scene.last.read_bytes()
    check_comments(scene, before.decode(), after.decode(), pulled.comments)
    if seed % 3 == 0:
        files = [str(file) for file in scene.files]
        planned = plan(files, session(pair.live), environment=scene.environment)
        assert planned.difference.changes == ()
        assert all(
            finding.severity == "note"
            or finding.rule in {*RISKS, *WARNINGS, "layer-discarded", "unused-layer"}
            for finding in planned.findings
        )
        check_fields(scene, planned.desired)
    if seed % 9 == 0:
        assert scene.pull().changed == ()
        assert scene.last.read_bytes() == after


def check_fields(scene: Scene, said: Desired) -> None:
    """Named fields stay named, in their order; of the others come those that have to be said."""
    live = scene.pair.live
    fields = SHAPE.objects[live[TYPE]].fields
    origins = {name: said.origins[name,] for name in fields}
    places = {
        name: (at.line, at.column)
        for name, at in origins.items()
        if at.file == scene.last.as_posix()
    }
    now = sorted(places, key=places.__getitem__)
    assert [name for name in now if name in scene.named] == [
        name for name in scene.named if name in fields
    ]
    new = [name for name in now if name not in scene.named]
    if len(scene.files) == 1:
        assert sorted(new) == sorted(
            name
            for name, known in fields.items()
            if name not in scene.named and (known.required or live[name] != default_of(known))
        )
    elif all(map(scene.same, fields)):
        assert new == []


def ambiguous(scene: Scene) -> bool:
    """Whether references that are not looked up stand for several URLs with passwords: which is
    which cannot be told then, and where their order counts a pull puts them into the server's.
    """
    return not scene.environment and sum(map(holds_password, strings(scene.pair.live))) > 1


def check_comments(scene: Scene, before: str, after: str, lost: int) -> None:
    """Comments of what stays stay, and lines of what is so already stay to the byte."""
    live = scene.pair.live
    fields = SHAPE.objects[live[TYPE]].fields
    assert after.count("# note") == len(scene.scribe.notes) - lost
    lines = set(after.split("\n"))
    for note in scene.scribe.notes:
        field = note.path[1] if len(note.path) > 1 else TYPE
        if len(note.path) < 3 and (field == TYPE or field in fields):
            assert note.text in after
        if field in fields and scene.same(str(field)) and not scene.scribe.brace:
            start = before.index(note.text)
            end = before.find("\n", start)
            line = before[before.rfind("\n", 0, start) + 1 : end if end >= 0 else None]
            assert line in lines or (end < 0 and f"{line}\r" in lines)
    if before == after:
        assert lost == 0
    elif len(scene.files) == 1 and not ambiguous(scene):
        assert not (live[TYPE] == scene.pair.wanted.stored[TYPE] and all(map(scene.same, fields)))
