"""Plans and snapshots of stalwart-cli become store files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from confsync.errors import InvalidFiles, NotWritten, OutputFailed, WrongUsage
from confsync.kinds import KINDS
from confsync.report.file_results import imported_text
from confsync.report.problems import problems_text
from confsync.sandbox import Server
from confsync.workflow.import_plan import import_plan
from confsync.workflow.plan import plan
from confsync.workflow.session import connect
from tests.sync.test_all_objects import Draw

if TYPE_CHECKING:
    from pathlib import Path

Anything: TypeAlias = "Any"
"""Any JSON, and a function that writes lines of it."""

PLAN = """\
{"@type":"destroy","object":"Domain"}
{"@type":"create","object":"Domain","value":{"domain-b":{"name":"example.com"}}}

{"@type":"upsert","object":"Account","matchOn":["name"],"value":{"a":{"secret":"Canary"}}}
{"@type":"update","object":"x:http","id":"singleton","value":{"enableHsts":true}}
{"@type":"update","object":"InMemoryStore","value":{"@type":"RedisCluster",\
"urls":{"rediss://u:Canary@cache.example.com:6379":true},\
"authSecret":{"@type":"Value","secret":"Canary"},"timeout":10000}}
{"@type":"update","object":"Http","value":{"enableHsts":false}}
{"@type":"destroy","object":"Http"}
{"@type":"reload","object":"Canary of no name"}
"""
STORE = """\
Http:
  enableHsts: false
InMemoryStore:
  '@type': RedisCluster
  urls:
    - address: rediss://cache.example.com:6379
      username: u
      password: {env: FILL_IN_1}
  timeout: 10s
  authUsername: stalwart
  authSecret:
    '@type': Value
    secret: {env: FILL_IN_2}
"""
SAID = """\
p:1: warning: not imported: destroy of Domain [not-imported]
p:2: warning: not imported: create of Domain [not-imported]
p:4: warning: not imported: upsert of Account [not-imported]
p:6: warning: InMemoryStore: sets 3 of 13 fields; an apply sets the others to their defaults \
[import-note]
p:7: warning: Http: sets 1 of 8 fields; an apply sets the others to their defaults [import-note]
p:8: warning: not imported: destroy of Http [not-imported]
p:9: warning: not imported: unknown operation of an invalid name [not-imported]
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Anything:
    monkeypatch.chdir(tmp_path)

    def written(*lines: object) -> str:
        texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
        (tmp_path / "p").write_text("\n".join(texts), encoding="utf-8")
        return "p"

    return written


def update(name: str, value: object) -> dict[str, object]:
    return {"@type": "update", "object": name, "value": value}


def said(problems: Anything) -> str:
    lines = problems_text(problems).splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("  hint: "))


def test_settings_objects_become_a_store_and_all_else_is_named_and_counted(write: Anything) -> None:
    found = import_plan(write(PLAN))
    assert found.texts == {"": STORE}
    assert said(found.problems) == SAID
    assert imported_text(found) == (
        "2 settings objects imported, 5 operations not imported, 2 references to fill in\n"
    )
    assert "Canary" not in repr(found)


def test_each_object_is_written_into_a_file_of_its_own(write: Anything, tmp_path: Path) -> None:
    file = write(PLAN)
    import_plan(file, into="a/b")
    files = {path.name: path.read_text() for path in (tmp_path / "a/b").iterdir()}
    http, store = STORE.split("InMemoryStore:\n")
    assert files == {"http.yaml": http, "in-memory-store.yaml": f"InMemoryStore:\n{store}"}


def test_existing_files_and_objects_are_refused_and_nothing_is_written(
    write: Anything,
    tmp_path: Path,
) -> None:
    file = write(PLAN)
    (tmp_path / "in-memory-store.yaml").write_text("# mine\n")
    with pytest.raises(WrongUsage, match=r"these files exist: in-memory-store\.yaml"):
        import_plan(file, into=".")
    (tmp_path / "p2").write_text("")
    with pytest.raises(WrongUsage, match="these files exist: p2"):
        import_plan(file, store="p2")
    (tmp_path / "in-memory-store.yaml").rename(tmp_path / "mine.yaml")
    (tmp_path / "mine.yaml").write_text("Http: {}\n")
    with pytest.raises(WrongUsage, match="has Http already"):
        import_plan(file, into=".")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.yaml", "p", "p2"]


def test_wrong_usage(write: Anything) -> None:
    file = write(PLAN)
    for given in ({"into": "a", "store": "b"}, {"into": ""}, {"store": ""}, {"store": "p"}):
        with pytest.raises(WrongUsage):
            import_plan(file, **given)
    with pytest.raises(InvalidFiles):
        import_plan("missing")


def test_every_invalid_line_is_told_and_nothing_is_written(write: Anything, tmp_path: Path) -> None:
    file = write(
        "nope",
        update("Sharing", {"maxShares": "x"}),
        update("Cache", {"accounts": 12}),
        update("Http", {"nope": "Canary"}),
        update("MtaStageEhlo", {"rejectNonFqdn": {"match": []}}),
        update("DataRetention", {"holdTracesFor": 0}),
        {**update("Jmap", {}), "id": "x"},
        update("Imap", "Canary"),
        update("InMemoryStore", {"@type": "Redis", "redis://u:Canary@h": 1}),
        update("SystemSettings", {"defaultHostname": "not a host", "defaultDomainId": "b"}),
        update("Enterprise", {"logoUrl": " padded "}),
        update("CalendarAlarm", {"fromEmail": "nobody"}),
    )
    with pytest.raises(InvalidFiles) as caught:
        import_plan(file, into="new")
    told = said(caught.value.problems)
    places = [line.split(" error: ")[0] for line in told.splitlines()]
    assert places == [f"p:{number}:" for number in range(1, 13)]
    for part in (
        "Cache: accounts must be at least 2KiB",
        "Http: nope is unknown",
        "MtaStageEhlo: rejectNonFqdn/match is an array",
        "DataRetention: holdTracesFor is not a whole number from 1",
        "Jmap: the id is not singleton",
        "Imap: value is not an object",
        "SystemSettings: defaultHostname has no form in a store file",
        "Enterprise: logoUrl has no form in a store file",
        "CalendarAlarm: fromEmail must be an e-mail address",
    ):
        assert part in told
    assert "Canary" not in told
    assert not (tmp_path / "new").exists()


def test_an_object_with_the_id_of_one_that_the_plan_creates_is_left_out(write: Anything) -> None:
    value = {"defaultDomainId": "#dom-a", "defaultHostname": "mail.example.com"}
    found = import_plan(write(update("SystemSettings", value)))
    assert found.texts == {}
    assert said(found.problems) == (
        "p:1: warning: not imported: SystemSettings: defaultDomainId is the id of an object that"
        " the plan creates [not-imported]\n"
    )
    assert imported_text(found) == "0 settings objects imported, 1 operation not imported\n"


def test_a_file_over_64_kib_is_refused(write: Anything) -> None:
    headers = {f"x-{number}": "y" * 100 for number in range(900)}
    with pytest.raises(NotWritten, match="64 KiB"):
        import_plan(write(update("Http", {"responseHeaders": headers})), store="new")


@pytest.mark.usefixtures("write")
def test_what_is_no_text_and_what_is_too_large_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\n\xff")
    with pytest.raises(InvalidFiles) as caught:
        import_plan("bytes")
    assert said(caught.value.problems).startswith("bytes:2: error: the file is not UTF-8")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(33 * 1024 * 1024)
    with pytest.raises(InvalidFiles) as caught:
        import_plan("large")
    assert "is larger than 32 MiB" in said(caught.value.problems)


def test_files_that_were_written_are_removed_if_a_later_one_fails(
    write: Anything,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = write(PLAN)
    written: list[str] = []

    def failing(path: Path, text: str) -> None:
        if written:
            raise OutputFailed("cannot be written")
        written.append(text)
        path.write_text(text)

    monkeypatch.setattr("confsync.workflow.import_plan.write_new", failing)
    with pytest.raises(OutputFailed):
        import_plan(file, into="new")
    assert not (tmp_path / "new").exists()


@pytest.fixture(scope="module")
def server() -> Anything:
    with Server() as found:
        yield found


@pytest.mark.parametrize("name", KINDS)
def test_a_snapshot_of_an_object_is_imported_as_its_state(
    name: str,
    server: Server,
    write: Anything,
    tmp_path: Path,
) -> None:
    """A plan straight after shows no change."""
    draw, shape = Draw(f"import {name}"), KINDS[name].shape
    state: Anything = None
    for number in range(3):
        state = draw.some(shape, state)
        server.put(f"x:{name}", state)
        shown = {**server.get(f"x:{name}")}
        file = str(tmp_path / f"{number}.yaml")
        found = import_plan(write(update(name, shown)), store=file)
        if found.defaults:
            continue
        with connect(server.url, user="admin", password="sandbox") as session:
            assert plan([file], session, environment={}).difference.changes == ()


def test_an_object_at_its_defaults_is_left_out_and_named(write: Anything) -> None:
    with Server() as fresh:
        shown = fresh.get("x:Asn")
    found = import_plan(write(update("Asn", shown)))
    assert found.texts == {}
    assert imported_text(found) == (
        "left out, at their defaults: 1 object: Asn\n0 settings objects imported\n"
    )
