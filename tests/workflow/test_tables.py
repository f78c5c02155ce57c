"""Which tables count for a server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import confsync
from confsync.errors import InvalidFiles, WrongUsage
from confsync.jmap.published import version
from confsync.kinds import KINDS, in_use
from confsync.kinds.table import BUILT_IN
from confsync.kinds.table_file import NAME, text_of
from confsync.sandbox import Server
from confsync.workflow.tables import beside, tables_at
from confsync.workflow.targets import Asked, Wanted, aims, inputs, without_config
from tests.versions import newer, served
from tests.workflow.test_backup import ACCESS

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

NEWER = text_of(version(json.dumps(newer()).encode(), "h" * 43))
KEEP = "InMemoryStore: {'@type': Keep, hosts: ['a:1'], clusterDiscovery: true}\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keep.yaml").write_text(KEEP)
    return tmp_path


def test_from_python_a_session_has_the_tables_of_a_file(here: Path) -> None:
    (here / "other.json").write_text(NEWER)
    with Server(schema=served(newer()), initial={"@type": "Default"}) as server:
        login = {"user": "admin", "password": "sandbox"}
        with (
            confsync.connect(server.url, **login) as plain,  # type: ignore[arg-type] # all are texts
            confsync.connect(server.url, **login, schema="other.json") as session,  # type: ignore[arg-type] # so
        ):
            plan = confsync.plan(["keep.yaml"], session, environment={})
            assert plan.desired.tree.tag == "Keep"
            # The tables of one session are not those of another.
            with pytest.raises(InvalidFiles):
                confsync.plan(["keep.yaml"], plain, environment={})
            done = confsync.apply(["keep.yaml"], session, environment={})
            assert getattr(done, "as_wanted", False)
            assert confsync.show(session)[0].tree.tag == "Keep"
            assert confsync.show(plain)[0].unrecognised == ("@type",)
    assert in_use() is BUILT_IN
    assert "Keep" not in KINDS["InMemoryStore"].shape.objects


def test_a_file_that_is_named_must_be_there(here: Path) -> None:
    del here
    assert tables_at(NAME) is None
    for call in (
        lambda: tables_at("none.json", target="a"),
        lambda: confsync.connect("http://127.0.0.1:1", user="a", password="b", schema="none.json"),
    ):
        with pytest.raises(InvalidFiles) as caught:
            call()
        assert [one.rule for one in caught.value.problems] == ["schema-file"]


def test_tables_are_read_once_while_their_file_stays(here: Path) -> None:
    file = here / NAME
    file.write_text(NEWER)
    first = tables_at(NAME)
    assert first is tables_at(NAME)
    file.unlink()
    file.write_text(NEWER + "\n")
    with pytest.raises(InvalidFiles, match="1 error in the schema tables"):
        tables_at(NAME)


def test_the_file_counts_beside_confsync_yaml_and_is_an_input_of_the_run(here: Path) -> None:
    (here / ".git").mkdir()
    deep = here / "deep"
    deep.mkdir()
    assert beside(deep) == NAME
    (here / "confsync.yaml").write_text(
        "targets:\n"
        "  a: {url: 'https://a.example.com', files: [keep.yaml]}\n"
        "  b: {url: 'https://b.example.com', files: [keep.yaml], schema: s/b.json}\n"
    )
    assert beside(deep) == NAME
    (deep / "confsync.yaml").write_text("targets: {}\n")
    assert beside(deep) == f"deep/{NAME}"
    found = aims(here, Asked(all=True), Wanted(), ACCESS, today=_today())
    assert [aim.schema for aim in found] == [NAME, NAME]
    assert set(inputs(found)) == {"keep.yaml", NAME, "s/b.json", "confsync.yaml"}
    assert without_config((), Wanted(), ACCESS).schema == NAME
    (here / "confsync.yaml").rename(here / "confsync.yml")
    with pytest.raises(WrongUsage):
        beside(here)


def _today() -> date:
    from datetime import UTC, datetime  # noqa: PLC0415 - a day of no matter

    return datetime.now(UTC).date()
