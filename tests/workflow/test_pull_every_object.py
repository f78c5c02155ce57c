"""Pull of every settings object that differs from its defaults: into a file, into a directory."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import pytest

from confsync.errors import InvalidFiles, NotWritten, ServerRefused, WrongUsage
from confsync.kinds import KINDS
from confsync.report import OUTCOMES
from confsync.report.file_results import pulled_text
from confsync.sandbox import Server
from confsync.sync.outcome import Stored
from confsync.workflow.apply import apply
from confsync.workflow.plan import plans
from confsync.workflow.pull import pull
from confsync.workflow.pull_into import file_name, pull_into
from confsync.workflow.session import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from confsync.workflow.server import Session

ALL: Literal["every"] = "every"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as found:
        found.put("x:Http", {"enableHsts": True})
        found.put("x:Imap", {"maxAuthFailures": 7})
        yield found


def session(server: Server) -> AbstractContextManager[Session]:
    return connect(server.url, user="admin", password="sandbox")


def calls(server: Server) -> list[int]:
    sent: list[Any] = [one.body for one in server.requests if one.path == "/jmap/"]
    return [len(body["methodCalls"]) for body in sent]


def test_all_objects_that_differ_from_their_defaults_are_written_in_four_requests(
    server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "a.yaml"
    with session(server) as one:
        pulled = pull([str(file)], one, environment={}, objects=ALL)
        assert calls(server) == [16, 16, 16, len(KINDS) - 48]
        assert file.read_text() == (
            "DataStore:\n  '@type': RocksDb\n  path: /var/lib/stalwart\n"
            "Http:\n  enableHsts: true\nImap:\n  maxAuthFailures: 7\n"
        )
        assert pulled.new
        assert all(plan.empty for plan in plans([str(file)], one, environment={}))


def test_objects_in_the_file_stay_in_it_even_at_their_defaults(
    server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("# mine\nCache: {}  # kept\nHttp:\n  enableHsts: false\n")
    with session(server) as one:
        pull([str(file)], one, environment={}, objects=ALL)
    assert file.read_text() == (
        "# mine\nCache: {}  # kept\nHttp:\n  enableHsts: true\n"
        "DataStore:\n  '@type': RocksDb\n  path: /var/lib/stalwart\nImap:\n  maxAuthFailures: 7\n"
    )


GIVEN = "SystemSettings: {defaultHostname: mail.example.com, defaultDomainId: b}\n"


def test_an_object_that_was_never_set_is_pulled_without_the_fields_that_have_no_value(
    server: Server, tmp_path: Path
) -> None:
    new, old = tmp_path / "new.yaml", tmp_path / "old.yaml"
    old.write_text(f"{GIVEN}Http: {{enableHsts: true}}\n")
    with session(server) as one:
        pull([str(new)], one, environment={}, objects=["SystemSettings"])
        pulled = pull([str(old)], one, environment={}, objects=ALL)
        for file in (new, old):
            assert all(plan.empty for plan in plans([str(file)], one, environment={}))
    assert new.read_text() == "SystemSettings: {}\n"
    assert old.read_text().startswith("SystemSettings: {}\nHttp: {enableHsts: true}\n")
    removed = "removed: SystemSettings/defaultDomainId, SystemSettings/defaultHostname\n"
    assert removed in pulled_text(pulled)


def test_an_object_at_its_defaults_that_comes_into_a_file_is_told(
    server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("Http: {enableHsts: true}\n")
    with session(server) as one:
        wanted = ["Http", "Cache", "WebDav"]
        pulled = pull([str(file)], one, environment={}, objects=wanted)
        assert pulled_text(pulled) == f"{file}: added, at their defaults: Cache, WebDav\n"
        again = pull([str(file)], one, environment={}, objects=wanted)
        assert pulled_text(again) == f"{file}: unchanged: already matches the server\n"


def test_every_object_of_a_fresh_server_is_pulled_by_name(tmp_path: Path) -> None:
    with Server() as fresh, session(fresh) as one:
        for name in KINDS:
            file = tmp_path / f"{name}.yaml"
            pull([str(file)], one, environment={}, objects=[name])
            assert all(
                not found.difference.changes for found in plans([str(file)], one, environment={})
            )
        assert (
            tmp_path / "SieveSystemInterpreter.yaml"
        ).read_text() == "SieveSystemInterpreter: {}\n"


def test_an_expression_that_was_never_set_stops_no_update(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("SieveSystemInterpreter: {maxRedirects: 7}\n")
    with session(server) as one:
        assert isinstance(apply([str(file)], one, environment={}), Stored)
        file.write_text(
            "SieveSystemInterpreter: {maxRedirects: 7, defaultReturnPath: {match: []}}\n"
        )
        with pytest.raises(InvalidFiles) as caught:
            plans([str(file)], one, environment={})
    assert [one.rule for one in caught.value.problems] == ["missing-field"]


def test_a_value_of_an_earlier_file_that_the_server_lacks_is_no_fault(
    server: Server, tmp_path: Path
) -> None:
    below, file = tmp_path / "below.yaml", tmp_path / "a.yaml"
    below.write_text(GIVEN)
    with session(server) as one, pytest.raises(NotWritten, match="SystemSettings/defaultHostname"):
        pull([str(below), str(file)], one, environment={}, objects=["SystemSettings"])


def test_a_field_without_a_default_that_no_file_sets_keeps_the_servers_value(
    server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("SystemSettings: {maxConnections: 9}\n")
    with session(server) as one:
        (found,) = plans([str(file)], one, environment={})
        assert [(one.rule, one.message) for one in found.refusals] == [
            ("missing-field", f"{name} is missing: neither the server nor a file has it")
            for name in ("defaultDomainId", "defaultHostname")
        ]
        server.put("x:SystemSettings", {"defaultHostname": "a.test", "defaultDomainId": "b"})
        (found,) = plans([str(file)], one, environment={})
    assert found.refusals == ()
    assert [change.path for change in found.difference.changes] == [("maxConnections",)]
    assert found.unmanaged == (("defaultDomainId",), ("defaultHostname",))


def test_the_way_back_of_an_object_that_was_never_set_restores_what_it_can(
    server: Server, tmp_path: Path
) -> None:
    file, back = tmp_path / "a.yaml", tmp_path / "back.yaml"
    file.write_text(GIVEN.replace("}", ", maxConnections: 9}"))
    with session(server) as one:
        ended = apply([str(file)], one, environment={}, backup=str(back))
        told = " ".join(OUTCOMES["text"]([ended]).split())
        assert "defaultDomainId and defaultHostname had no value: going back leaves the new" in told
        apply([str(back)], one, environment={})
    stored: Any = server.get("x:SystemSettings")
    assert (stored["defaultHostname"], stored["maxConnections"]) == ("mail.example.com", 8192)


@pytest.mark.parametrize("stored", ["::ffff:102:304", "::ffff:1.2.3.4"])
def test_both_spellings_of_an_ipv4_address_in_ipv6_are_one(
    server: Server, tmp_path: Path, stored: str
) -> None:
    server.put(
        "x:SystemSettings",
        {
            "defaultHostname": stored,
            "defaultDomainId": "b",
            "proxyTrustedNetworks": {f"{stored}/120": True},
        },
    )
    with session(server) as one:
        for address in ("::FFFF:0102:0304", "::ffff:1.2.3.4"):
            file = tmp_path / "a.yaml"
            file.write_text(
                f"SystemSettings: {{defaultDomainId: b, defaultHostname: '{address}',"
                f" proxyTrustedNetworks: ['{address}/120']}}\n"
            )
            assert all(found.empty for found in plans([str(file)], one, environment={}))
        assert pull([str(file)], one, environment={}).changed == ()


def test_a_key_that_may_not_read_all_gets_all_permissions_named_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    some = {"authenticate", *(f"sys{name}Get" for name in KINDS if name not in {"Asn", "WebDav"})}
    file = tmp_path / "a.yaml"
    with (
        Server(keys={"API_a": frozenset(some)}) as server,
        connect(server.url, token="API_a") as one,
        pytest.raises(ServerRefused) as caught,
    ):
        pull([str(file)], one, environment={}, objects=ALL)
    assert str(caught.value) == (
        "2 permissions are missing: sysAsnGet, sysWebDavGet (forbidden)\n"
        "hint: give the account or API key these permissions"
    )
    assert not file.exists()


def test_each_object_gets_a_file_of_its_own_in_a_new_directory(
    server: Server, tmp_path: Path
) -> None:
    into = tmp_path / "new" / "stores"
    with session(server) as one:
        shown = pull_into(str(into), one, environment={}, objects=ALL, write=False)
        assert not into.parent.exists()
        pulled = pull_into(str(into), one, environment={}, objects=ALL)
        assert shown == pulled
        files = [str(into / name) for name in ("data-store.yaml", "http.yaml", "imap.yaml")]
        assert [one.file for one in pulled] == files
        assert sorted(map(str, into.iterdir())) == files
        assert (into / "http.yaml").read_text() == "Http:\n  enableHsts: true\n"
        assert all(plan.empty for plan in plans(files, one, environment={}))


def test_an_object_stays_in_the_file_of_the_directory_that_has_it(
    server: Server, tmp_path: Path
) -> None:
    (tmp_path / "web.yaml").write_text("# c\nHttp: {enableHsts: false}\nWebDav: {}\n")
    (tmp_path / "imap.yaml").write_text("Imap:\n  # many\n  maxAuthFailures: 3\n")
    with session(server) as one:
        pull_into(str(tmp_path), one, environment={}, objects=ALL)
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {
        "web.yaml": "# c\nHttp: {enableHsts: true}\nWebDav: {}\n",
        "imap.yaml": "Imap:\n  # many\n  maxAuthFailures: 7\n",
        "data-store.yaml": "DataStore:\n  '@type': RocksDb\n  path: /var/lib/stalwart\n",
    }


def test_references_to_fill_in_are_numbered_over_all_files(tmp_path: Path) -> None:
    secret = {"@type": "Value", "secret": "hidden one"}
    with Server() as server, session(server) as one:
        for name in ("InMemoryStore", "Coordinator"):
            urls = {"redis://a": True}
            server.put(f"x:{name}", {"@type": "RedisCluster", "urls": urls, "authSecret": secret})
        pulled = pull_into(
            str(tmp_path), one, environment={}, objects=["InMemoryStore", "Coordinator"]
        )
    assert len(pulled) == 2
    text = "".join(path.read_text() for path in tmp_path.iterdir())
    assert sorted(re.findall(r"FILL_IN_\d", text)) == ["FILL_IN_1", "FILL_IN_2"]


def test_nothing_is_written_if_one_file_cannot_be(server: Server, tmp_path: Path) -> None:
    (tmp_path / "imap.yaml").write_text("Imap: {nope: 1}\n")
    with session(server) as one:
        with pytest.raises(InvalidFiles):
            pull_into(str(tmp_path), one, environment={}, objects=ALL)
        (tmp_path / "imap.yaml").unlink()
        (tmp_path / "imap.yaml").mkdir()
        with pytest.raises(InvalidFiles):
            pull_into(str(tmp_path), one, environment={}, objects=ALL)
    assert [path.name for path in tmp_path.iterdir()] == ["imap.yaml"]


def test_an_object_in_several_files_of_a_directory_is_refused(
    server: Server, tmp_path: Path
) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("Http: {}\n")
    with session(server) as one, pytest.raises(WrongUsage, match="Http is in several files"):
        pull_into(str(tmp_path), one, environment={}, objects=ALL)
    assert calls(server) == []


def test_a_server_at_its_defaults_leaves_nothing_to_write(tmp_path: Path) -> None:
    """The sandbox's data store has a path, which has no default."""
    with Server() as server, session(server) as one:
        file = tmp_path / "a.yaml"
        with pytest.raises(NotWritten, match="no settings object differs from its defaults"):
            pull([str(file)], without(one, "DataStore"), environment={}, objects=ALL)
        assert not file.exists()


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("InMemoryStore", "in-memory-store.yaml"),
        ("Http", "http.yaml"),
        ("MtaStageEhlo", "mta-stage-ehlo.yaml"),
        ("DkimReportSettings", "dkim-report-settings.yaml"),
    ],
)
def test_a_file_is_named_like_its_object(name: str, file: str) -> None:
    assert file_name(name) == file


def test_no_two_objects_have_one_file_name() -> None:
    assert len({file_name(name) for name in KINDS}) == len(KINDS)


def without(found: Session, name: str) -> Session:
    """A session with an older server that does not know an object."""

    class Older:
        def read_all(self, wanted: Any) -> Any:  # noqa: ANN401 - passed on
            known = {one: how for one, how in wanted.items() if one != name}
            return found.server.read_all(known)

    older: Any = Older()
    return replace(found, server=older)


def test_an_object_that_an_older_server_does_not_know_is_left_out(
    server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "a.yaml"
    with session(server) as one:
        old = without(one, "Http")
        pull([str(file)], old, environment={}, objects=ALL)
        assert "Http" not in file.read_text()
        with pytest.raises(ServerRefused, match="does not know Http"):
            pull([str(file)], old, environment={}, objects=["Http", "Imap"])
