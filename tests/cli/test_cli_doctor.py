"""`confsync doctor`, as a process against sandboxes and real Redis servers."""

from __future__ import annotations

import json
import re
import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest

from confsync.sandbox import Server
from tests.cli.hostile import hostile, http
from tests.cli.process import APPLY_KEY, CONFSYNC, KEYS, NO_KEY, PLAN_KEY, Desk
from tests.net.tls_server import Authority
from tests.redis_servers import Redises, free_port, needs_redis

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD, WRONG = "Canary-of-redis", "Canary-that-redis-refuses"
PROTECTED = f"requirepass {PASSWORD}"
OPEN = ""
CLUSTER = "cluster-enabled yes"
NOBODY = "http://127.0.0.1:9"
ENV = {"REDIS_PASSWORD": PASSWORD, "OTHER": WRONG}


@pytest.fixture(scope="module")
def redises(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redises]:
    made = Redises(tmp_path_factory.mktemp("redis"))
    yield made
    made.end()


def single(port: int, password: str = "", path: str = "", scheme: str = "redis") -> str:
    login = f":{password}@" if password else ""
    url = f"{scheme}://{login}127.0.0.1:{port}{path}"
    return f"InMemoryStore:\n  '@type': Redis\n  url: '{url}'\n"


def referring(port: int, reference: str = "{env: REDIS_PASSWORD}") -> str:
    return (
        f"InMemoryStore:\n  '@type': Redis\n  url:\n    address: redis://127.0.0.1:{port}\n"
        f"    username: default\n    password: {reference}\n"
    )


def several(tag: str, ports: list[int], more: str = "", secret: str = "") -> str:
    urls = ", ".join(f'"redis://127.0.0.1:{port}"' for port in ports)
    text = f"InMemoryStore:\n  '@type': {tag}\n  urls: [{urls}]\n{more}"
    if secret:
        text += f"  authSecret: {{'@type': Value, secret: {{env: {secret}}}}}\n"
    return text


def found(desk: Desk, store: str, *words: str, **env: str | None) -> dict[str, Any]:
    """The report on the only target, with the status of the run."""
    ran = desk.run(
        "doctor", desk.file("a.yaml", store), "--output", "json", *words, env={**ENV, **env}
    )
    (target,) = json.loads(ran.out)["targets"]
    return {**target, "status": ran.status}


def told(report: dict[str, Any], check: str = "redis") -> list[tuple[str, str]]:
    rows = (one for one in report["checks"] if one["check"] == check)
    return [(one["result"], one["message"]) for one in rows]


# The server


def test_a_block_tells_server_credentials_permissions_edition_and_verdict(desk: Desk) -> None:
    ran = desk.run("doctor", desk.file("a.yaml", "InMemoryStore: {'@type': Default}\n"))
    assert (ran.status, ran.err) == (0, "")
    assert (
        ran.out
        == f"""\
{desk.url}
  server        ok          reached; it is a Stalwart, of unknown version
  credentials   ok          accepted: STALWART_TOKEN
  permissions   ok          InMemoryStore: read and update
  edition       ok          community
  verdict       starts
"""
    )


def test_nothing_is_changed_and_nothing_but_reading_is_asked(desk: Desk, server: Server) -> None:
    before = server.stored
    assert found(desk, single(9))["status"] == 0
    assert server.stored == before


def test_a_server_that_is_not_reached_fails_and_the_rest_is_not_asked(offline: Desk) -> None:
    report = found(offline, single(9), STALWART_URL=NOBODY)
    assert report["status"] == 1
    assert told(report, "server") == [
        ("failed", "cannot connect to http://127.0.0.1:9: connection refused")
    ]
    for check in ("credentials", "permissions", "edition"):
        assert told(report, check) == [("cannot-tell", "not asked")]


def test_no_credentials_are_sent_to_a_server_that_is_no_stalwart(offline: Desk) -> None:
    asked: list[bytes] = []

    def nothing(request: bytes) -> bytes:
        asked.append(request)
        return http(404, b"{}")

    with hostile(nothing) as server:
        report = found(offline, single(9), STALWART_URL=server.url)
    assert report["status"] == 1
    assert told(report, "server")[0][0] == "failed"
    assert asked
    assert not any(b"authorization" in one.lower() for one in asked)


def test_refused_credentials_are_named(desk: Desk) -> None:
    report = found(desk, single(9), STALWART_TOKEN="API_Canary-unknown")
    assert report["status"] == 1
    assert told(report, "credentials") == [
        ("failed", "the server refused STALWART_TOKEN (HTTP 401)")
    ]


@pytest.mark.parametrize(
    ("key", "status", "told_of"),
    [
        (APPLY_KEY, 0, ("ok", "read and update")),
        (
            PLAN_KEY,
            0,
            ("ok", "enough to plan, not to apply: sysInMemoryStoreUpdate is missing"),
        ),
        ("API_Canary-update-alone", 1, ("failed", "sysInMemoryStoreGet is missing")),
    ],
)
def test_permissions_are_told_for_each_object(
    tmp_path: Path, key: str, status: int, told_of: tuple[str, str]
) -> None:
    alone = {"API_Canary-update-alone": frozenset({"authenticate", "sysInMemoryStoreUpdate"})}
    with Server(keys={**KEYS, **alone}) as server:
        report = found(
            Desk(tmp_path, server.url), "InMemoryStore: {'@type': Default}\n", STALWART_TOKEN=key
        )
    assert (report["status"], told(report, "permissions")) == (status, [told_of])


def test_a_missing_permission_to_log_in_is_a_refusal_of_the_credentials(desk: Desk) -> None:
    report = found(desk, single(9), STALWART_TOKEN=NO_KEY)
    assert (report["status"], told(report, "credentials")[0][0]) == (1, "failed")


def test_shards_without_a_licence_lock_out(desk: Desk) -> None:
    shards = "{'@type': Redis, url: 'redis://127.0.0.1:9'}"
    report = found(desk, f"InMemoryStore: {{'@type': Sharded, stores: [{shards}, {shards}]}}\n")
    assert (report["status"], report["verdict"]) == (1, "locks-out")
    assert told(report, "state")[0][0] == "failed"


def test_a_url_that_no_server_starts_with_locks_out(desk: Desk) -> None:
    report = found(desk, "InMemoryStore: {'@type': Redis, url: cache.example.com}\n")
    assert (report["status"], report["verdict"]) == (1, "locks-out")
    assert "has no scheme" in told(report, "state")[0][1]


def test_fields_that_the_server_keeps_count(tmp_path: Path, server: Server) -> None:
    """`unlisted: keep`: the user is that of the server."""
    port = free_port()
    server.stored = {
        "@type": "RedisCluster",
        "urls": {f"redis://127.0.0.1:{port}": True},
        "authSecret": {"@type": "Value", "secret": "x"},
    }
    desk = Desk(tmp_path)
    desk.file("a.yaml", "InMemoryStore:\n  '@type': RedisCluster\n  poolMaxConnections: 5\n")
    desk.file(
        "confsync.yaml",
        f"targets:\n  a:\n    url: {server.url}\n    files: [a.yaml]\n    unlisted: keep\n",
    )
    ran = desk.run("doctor", "--output", "json")
    (target,) = json.loads(ran.out)["targets"]
    assert told(target) == [("cannot-tell", "authSecret is not known here")]


# Several targets


def test_equal_targets_are_told_once_and_the_first_line_says_how_many(
    tmp_path: Path, server: Server
) -> None:
    desk = Desk(tmp_path)
    desk.file("a.yaml", "InMemoryStore: {'@type': Default}\n")
    row = f"{{url: {server.url}, files: [a.yaml], token: {{env: STALWART_TOKEN}}}}"
    desk.file("confsync.yaml", f"targets:\n  one: {row}\n  two: {row}\n  six: {row}\n")
    ran = desk.run("doctor", "--all", "--exclude", "six")
    assert ran.status == 0
    assert ran.err == "note: 2 of 3 targets: without six\n"
    assert ran.out.startswith("2 targets: one, two\n")
    assert ran.out.count("verdict") == 1
    assert desk.run("doctor", "--all", "--each").out.count("verdict") == 3


def test_of_several_targets_the_worst_counts(tmp_path: Path, server: Server) -> None:
    desk = Desk(tmp_path)
    desk.file("a.yaml", "InMemoryStore: {'@type': Default}\n")
    row = "files: [a.yaml], token: {env: STALWART_TOKEN}"
    desk.file(
        "confsync.yaml",
        f"targets:\n  up: {{url: {server.url}, {row}}}\n  down: {{url: {NOBODY}, {row}}}\n"
        f"  none: {{url: {server.url}, files: [a.yaml], token: {{env: NOT_SET}}}}\n",
    )
    ran = desk.run("doctor", "--all", "--output", "json")
    assert ran.status == 1
    assert json.loads(ran.out)["summary"] == {
        "targets": 3,
        "failed": 2,
        "starts": 2,
        "locks_out": 0,
        "cannot_tell": 0,
    }
    assert "NOT_SET" in ran.err


# Redis


@needs_redis
@pytest.mark.parametrize(
    ("settings", "password", "path", "result", "fact"),
    [
        (OPEN, "", "", "ok", "answers, and takes the login"),
        (OPEN, PASSWORD, "", "failed", "refuses the password"),
        (OPEN, "", "/99", "failed", "refuses database 99"),
        (PROTECTED, PASSWORD, "/3", "ok", "answers, and takes the login"),
        (PROTECTED, WRONG, "", "failed", "refuses the password"),
        (PROTECTED, "", "", "failed", "asks for a password, and none is set"),
        (CLUSTER, "", "", "failed", "is a node of a cluster"),
        (
            "user default on nopass ~* +@all -setex",
            *("", "", "failed", "its ACL does not let this user run SETEX"),
        ),
        (
            "user default on nopass ~stalwart:* +@all",
            *("", "", "cannot-tell", "its ACL limits the keys of this user"),
        ),
        (
            "user default on nopass ~* +@all -multi",
            *("", "", "failed", "its ACL does not let this user run MULTI"),
        ),
        ("replicaof 127.0.0.1 9", "", "", "failed", "is a read-only replica"),
        (
            "replicaof 127.0.0.1 9\nreplica-serve-stale-data no",
            *("", "", "cannot-tell", "it refuses commands at present"),
        ),
        (
            "user default on nopass ~* +@all -select",
            *("", "/3", "failed", "its ACL does not let this user run SELECT"),
        ),
        ("maxmemory 1", "", "", "cannot-tell", "it refuses EXISTS at present"),
    ],
)
def test_a_redis_says_if_the_server_can_use_it(  # noqa: PLR0913, PLR0917 - a row of the table
    desk: Desk,
    redises: Redises,
    settings: str,
    password: str,
    path: str,
    result: str,
    fact: str,
) -> None:
    report = found(desk, single(redises.port(settings), password, path))
    assert told(report) == [(result, fact)]
    verdict = {"ok": "starts", "failed": "locks-out"}.get(result, "cannot-tell")
    assert (report["verdict"], report["status"]) == (verdict, int(result == "failed"))


@needs_redis
def test_nothing_is_written_to_redis(desk: Desk, redises: Redises) -> None:
    port = redises.port("appendonly no")
    assert told(found(desk, single(port)))[0][0] == "ok"
    with socket.create_connection(("127.0.0.1", port)) as asked:
        asked.sendall(b"DBSIZE\r\nINFO commandstats\r\n")
        asked.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: asked.recv(65536), b""))
    assert answer.startswith(b":0\r\n")
    assert b"cmdstat_multi:" in answer
    assert not re.search(rb"cmdstat_(set|setex|incrby|expire|del):", answer)


@needs_redis
@pytest.mark.parametrize(
    ("more", "secret", "fact"),
    [
        ("  authUsername: stalwart\n", "REDIS_PASSWORD", "cluster lacks 16384 of 16384 slots"),
        ("  authUsername: stalwart\n", "OTHER", "refuses the user stalwart or its password"),
        ("  authUsername: null\n", "REDIS_PASSWORD", "refuses the password"),
        ("", "", "asks for a password, and none is set"),
    ],
)
def test_the_fields_of_a_cluster_are_its_login(
    desk: Desk, redises: Redises, more: str, secret: str, fact: str
) -> None:
    acl = f"{CLUSTER}\nuser default off\nuser stalwart on >{PASSWORD} ~* +@all"
    report = found(desk, several("RedisCluster", [redises.port(acl)], more, secret))
    ((result, message),) = told(report)
    assert (result, report["verdict"], report["status"]) == ("failed", "locks-out", 1)
    assert message.endswith(fact)


@needs_redis
def test_the_default_user_where_there_is_only_a_password_locks_out(
    desk: Desk, redises: Redises
) -> None:
    port = redises.port(PROTECTED, CLUSTER)
    report = found(desk, several("RedisCluster", [port], secret="REDIS_PASSWORD"))
    assert told(report) == [("failed", "refuses the user stalwart or its password")]
    hints = [one["hint"] for one in report["checks"]]
    assert any("authUsername: null" in hint for hint in hints)


@needs_redis
def test_a_single_redis_is_no_cluster(desk: Desk, redises: Redises) -> None:
    report = found(desk, several("RedisCluster", [redises.port(OPEN), free_port()]))
    assert told(report) == [("failed", "is no cluster"), ("cannot-tell", "not reached from here")]
    assert report["verdict"] == "locks-out"


@needs_redis
@pytest.mark.parametrize(
    ("name", "result", "fact"),
    [
        ("mymaster", "ok", "answers, and takes the login"),
        ("other", "failed", "knows no master of this serviceName"),
    ],
)
def test_a_sentinel_leads_to_its_master(
    desk: Desk, redises: Redises, name: str, result: str, fact: str
) -> None:
    master = redises.port(PROTECTED)
    sentinel = redises.port(f"sentinel monitor mymaster 127.0.0.1 {master} 1", sentinel=True)
    more = f"  serviceName: {name}\n  authUsername: null\n"
    report = found(desk, several("RedisSentinel", [sentinel], more, "REDIS_PASSWORD"))
    ((known, message),) = told(report)
    assert (known, report["verdict"]) == (result, "starts" if result == "ok" else "locks-out")
    assert message.endswith(fact)
    report = found(desk, several("RedisSentinel", [sentinel], more, "OTHER"))
    assert report["verdict"] == "locks-out"


@needs_redis
def test_a_redis_that_is_no_sentinel_fails(desk: Desk, redises: Redises) -> None:
    report = found(desk, several("RedisSentinel", [redises.port(OPEN)]))
    assert told(report) == [("failed", "is no sentinel")]


@needs_redis
def test_each_shard_is_asked(tmp_path: Path, redises: Redises) -> None:
    shards = ", ".join(
        f"{{'@type': Redis, url: 'redis://127.0.0.1:{port}'}}"
        for port in (redises.port(OPEN), redises.port(PROTECTED))
    )
    with Server(keys=KEYS, edition="enterprise") as server:
        desk = Desk(tmp_path, server.url)
        report = found(desk, f"InMemoryStore: {{'@type': Sharded, stores: [{shards}]}}\n")
    paths = [one["path"] for one in report["checks"] if one["check"] == "redis"]
    assert paths == ["InMemoryStore/stores/0/url", "InMemoryStore/stores/1/url"]
    assert [result for result, _ in told(report)] == ["ok", "failed"]
    assert report["verdict"] == "locks-out"


@needs_redis
def test_tls_is_checked_and_an_unknown_ca_is_no_verdict(
    desk: Desk, redises: Redises, tmp_path: Path
) -> None:
    authority = Authority.made(tmp_path / "ca")
    leaf = authority.ca.issue_cert("127.0.0.1")
    cert, key = tmp_path / "leaf.pem", tmp_path / "leaf.key"
    leaf.cert_chain_pems[0].write_to_path(str(cert))
    leaf.private_key_pem.write_to_path(str(key))
    files = (f"tls-cert-file {cert}", f"tls-key-file {key}", f"tls-ca-cert-file {authority.file}")
    port = redises.port(*files, "tls-auth-clients no", tls=True)
    secure = single(port, scheme="rediss")
    assert told(found(desk, secure)) == [("cannot-tell", "its certificate is not trusted here")]
    assert told(found(desk, secure.replace(f":{port}", f":{port}/#insecure")))[0][0] == "ok"
    if "SSL_CERT_FILE" in str(ssl.get_default_verify_paths()):
        log = tmp_path / "keys.log"
        report = found(desk, secure, SSL_CERT_FILE=authority.file, SSLKEYLOGFILE=str(log))
        assert (told(report)[0][0], report["verdict"]) == ("ok", "starts")
        assert not log.exists()
    plain = found(desk, single(port))
    assert (told(plain)[0][0], plain["verdict"], plain["status"]) == ("cannot-tell",) * 2 + (0,)


def test_a_redis_that_is_not_reached_is_no_verdict(desk: Desk) -> None:
    report = found(desk, single(free_port()))
    assert told(report) == [("cannot-tell", "not reached from here")]
    assert (report["verdict"], report["status"]) == ("cannot-tell", 0)


def test_a_reference_that_is_not_resolved_is_no_verdict(desk: Desk) -> None:
    report = found(desk, referring(9), REDIS_PASSWORD=None)
    assert told(report, "state") == [("cannot-tell", "env REDIS_PASSWORD is not set")]
    assert told(report) == [("cannot-tell", "its password is not known here")]
    assert (report["verdict"], report["status"]) == ("cannot-tell", 0)


@needs_redis
def test_commands_run_only_where_they_are_allowed(desk: Desk, redises: Redises) -> None:
    store = referring(redises.port(PROTECTED), "{command: [printenv, REDIS_PASSWORD]}")
    report = found(desk, store)
    assert told(report) == [("cannot-tell", "its password is not known here")]
    assert told(report, "state") == [
        ("cannot-tell", "command printenv is not run without --allow-commands")
    ]
    assert found(desk, store, "--allow-commands")["verdict"] == "starts"


def test_a_secret_of_the_server_is_no_verdict(desk: Desk) -> None:
    more = "  authSecret: {'@type': EnvironmentVariable, variableName: REDIS_PASSWORD}\n"
    report = found(desk, several("RedisCluster", [9], more))
    assert told(report) == [("cannot-tell", "authSecret is known to the server alone")]


def test_no_redis_is_asked_that_confsync_hosts_does_not_list(desk: Desk) -> None:
    """A password goes there: a file alone must not say where."""
    here = desk.url.removeprefix("http://")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)  # noqa: FBT003 - socket's own
        port = listening.getsockname()[1]
        report = found(desk, referring(port), CONFSYNC_HOSTS=here)
        assert told(report) == [("cannot-tell", f"127.0.0.1:{port} is not in CONFSYNC_HOSTS")]
        with pytest.raises(BlockingIOError):
            listening.accept()


def test_without_redis_py_these_checks_cannot_tell(desk: Desk) -> None:
    script = "import sys; sys.modules['redis'] = None; from confsync.__main__ import main; main()"
    store = desk.file("a.yaml", single(9))
    ran = desk.run("doctor", store, command=(CONFSYNC[0], "-c", script))
    assert ran.status == 0
    assert "redis-py is not installed" in ran.out
    assert "install the extra `doctor` (docs/doctor.md)" in ran.out
