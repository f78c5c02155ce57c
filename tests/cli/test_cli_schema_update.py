"""`confsync schema --update` as a process, and what every command makes of its file."""

from __future__ import annotations

import gzip
import json
import os
import threading
import zlib
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from confsync.sandbox import Server
from confsync.sandbox.schema import builtin
from tests.cli.process import APPLY_KEY, KEYS, NO_KEY, PLAN_KEY, Desk
from tests.versions import Json, newer, older, served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

FILE = "confsync.schema.json"
KEEP = """\
InMemoryStore:
  '@type': Keep
  hosts:
    - a.example.com:6380
    - b.example.com:6380
  clusterDiscovery: true
  secret:
    '@type': Value
    secret: {env: REDIS_PASSWORD}
  tls:
    '@type': RawPublicKeys
    keyPath: /etc/stalwart/keep.key
    serverKeysPath: /etc/stalwart/keep.pub
"""
REDIS = "InMemoryStore:\n  '@type': Redis\n  url: redis://a.example.com\n"
LIMITER = "Limiter:\n  '@type': 'On'\n  rate: 4\n"
CHANGES = """\
+ object Limiter
+ Coordinator · Redis: brandNew (unsignedInteger)
+ InMemoryStore: variant Keep
+ InMemoryStore · Redis: brandNew (unsignedInteger)
+ InMemoryStoreBase · Redis: brandNew (unsignedInteger)
"""
GONE = """\
- Coordinator · Redis: poolTimeoutRecycle
- Coordinator · RedisCluster: maxRetries
- InMemoryStore: variant RedisSentinel
- InMemoryStore · Redis: poolTimeoutRecycle
- InMemoryStore · RedisCluster: maxRetries
- InMemoryStoreBase · Redis: poolTimeoutRecycle
- InMemoryStoreBase · RedisCluster: maxRetries
"""
LIMITED = frozenset({"sysLimiterGet", "sysLimiterUpdate"})


@contextmanager
def desk_of(schema: Json | None, directory: Path, initial: object = None) -> Iterator[Desk]:
    keys = {**KEYS, APPLY_KEY: KEYS[APPLY_KEY] | LIMITED}
    state = {"@type": "Redis", "url": "redis://a.example.com"} if initial is None else initial
    played = None if schema is None else served(schema)
    with Server(keys=keys, initial=state, schema=played) as server:
        made = Desk(directory, server.url)
        yield made
        made.close()


@pytest.fixture
def newer_desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_of(newer(), tmp_path) as desk:
        yield desk


@pytest.fixture
def older_desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_of(older(), tmp_path) as desk:
        yield desk


def test_a_variant_of_a_newer_server_is_planned_and_applied_after_one_update(
    newer_desk: Desk,
) -> None:
    desk = newer_desk
    desk.file("keep.yaml", KEEP)
    assert "unknown '@type'" in desk.run("validate", "keep.yaml").out
    ran = desk.run("schema", "--update", env={"STALWART_TOKEN": PLAN_KEY})
    assert (ran.status, ran.out) == (0, CHANGES)
    assert ran.err == (
        f"written: {FILE}, the schema of {desk.url}, compared with the built-in schema\n"
    )
    assert desk.run("validate", "keep.yaml").status == 0
    assert desk.run("fmt", "--check", "keep.yaml").status == 0
    planned = desk.run("plan", "keep.yaml", "--allow", "change-variant")
    assert planned.status == 0
    assert "InMemoryStore will be replaced: Redis → Keep" in planned.out
    applied = desk.run("apply", "keep.yaml", "--yes", "--allow", "change-variant")
    assert applied.status == 0
    assert "Stored and verified: 1 change. 1 secret sent" in applied.out
    assert "To go back, save this as before.yaml and run:" in applied.out
    again = desk.run("plan", "keep.yaml", "--hidden-secrets", "keep", "--detailed-exitcode")
    assert again.status == 0
    assert "No visible changes." in again.out
    shown = desk.run("show", "--output", "json")
    assert json.loads(shown.out)["state"]["InMemoryStore"]["hosts"][0] == "a.example.com:6380"


def test_a_secret_of_a_newer_variant_is_kept_as_one(newer_desk: Desk) -> None:
    """The table says that it is one: in clear it is a risk, and it is never shown."""
    desk = newer_desk
    desk.run("schema", "--update")
    desk.file("keep.yaml", KEEP.replace("{env: REDIS_PASSWORD}", "Canary-in-clear"))
    ran = desk.run("validate", "keep.yaml")
    assert ran.status == 1
    assert "[plaintext-secret]" in ran.out
    assert desk.run("validate", "keep.yaml", "--only", "plaintext-secret").status == 1


def test_a_field_and_an_object_of_a_newer_server_are_planned_and_applied(
    newer_desk: Desk,
) -> None:
    desk = newer_desk
    desk.file("redis.yaml", f"{REDIS}  brandNew: 4\n")
    desk.file("limiter.yaml", LIMITER)
    before = desk.run("plan", "redis.yaml")
    assert "Redis has no field `brandNew`" in before.err
    desk.run("schema", "--update")
    for file, change in (("redis.yaml", "brandNew  3 → 4"), ("limiter.yaml", "Off → On")):
        assert change in desk.run("plan", file).out
        assert desk.run("apply", file, "--yes").status == 0
        assert "No changes." in desk.run("plan", file).out
    desk.file("redis.yaml", f"{REDIS}  brandNew: 10\n")
    assert "brandNew must be at most 9" in desk.run("validate", "redis.yaml").out


def test_the_json_schema_and_the_explanations_know_a_newer_server(newer_desk: Desk) -> None:
    desk = newer_desk
    assert "clusterDiscovery" not in desk.run("schema").out
    desk.run("schema", "--update")
    for arguments in (("schema",), ("schema", "--layer")):
        printed = desk.run(*arguments).out
        assert "clusterDiscovery" in printed
        assert "Limiter" in printed
        assert "One Redis server." in printed  # the words about what is known stay
    assert "Keep" in desk.run("explain", "clusterDiscovery").out


def test_a_plan_of_the_newer_servers_own_client_is_imported(newer_desk: Desk) -> None:
    desk = newer_desk
    value = {"@type": "Redis", "url": "redis://a.example.com", "brandNew": 4}
    one = {"@type": "update", "object": "InMemoryStore", "value": value}
    desk.file("plan.ndjson", f"{json.dumps(one)}\n")
    assert "brandNew" in desk.run("import", "plan.ndjson").err
    desk.run("schema", "--update")
    ran = desk.run("import", "plan.ndjson")
    assert (ran.status, "brandNew: 4" in ran.out) == (0, True)


def test_unknown_fields_of_a_newer_server_point_to_the_update(newer_desk: Desk) -> None:
    desk = newer_desk
    desk.file("redis.yaml", REDIS)
    ran = desk.run("plan", "redis.yaml")
    assert "unknown field on the server: brandNew [unknown-on-server]" in ran.out
    assert "run `confsync schema --update`" in ran.out
    desk.run("schema", "--update")
    assert "unknown-on-server" not in desk.run("plan", "redis.yaml").out


def test_an_older_server_is_planned_without_an_error_before_and_after_an_update(
    older_desk: Desk,
) -> None:
    desk = older_desk
    desk.file("redis.yaml", f"{REDIS}  timeout: 5s\n")
    before = desk.run("plan", "redis.yaml")
    assert before.status == 0
    told = [line for line in before.out.splitlines() if "poolTimeoutRecycle" in line]
    assert told == ["note: the server does not have poolTimeoutRecycle: not compared, not sent"]
    assert "poolTimeoutRecycle" not in desk.run("show").out
    assert desk.run("plan", "redis.yaml", "--unlisted", "keep").status == 0
    ran = desk.run("schema", "--update")
    assert (ran.status, ran.out) == (0, GONE)
    after = desk.run("plan", "redis.yaml")
    assert after.status == 0
    assert "does not have" not in after.out
    assert "timeout  10s → 5s" in after.out
    assert desk.run("apply", "redis.yaml", "--yes").status == 0
    assert "No changes." in desk.run("plan", "redis.yaml").out


def test_an_older_server_is_applied_to_with_the_newer_tables(older_desk: Desk) -> None:
    desk = older_desk
    desk.file("redis.yaml", f"{REDIS}  timeout: 5s\n")
    ran = desk.run("apply", "redis.yaml", "--yes")
    assert ran.status == 0
    assert "Stored and verified: 1 change." in ran.out
    assert "No changes." in desk.run("plan", "redis.yaml").out


def test_a_file_that_sets_a_field_which_the_server_lacks_is_an_error_there(
    older_desk: Desk,
) -> None:
    desk = older_desk
    desk.file("redis.yaml", f"{REDIS}  poolTimeoutRecycle: 30s\n  timeout: 5s\n")
    ran = desk.run("plan", "redis.yaml")
    assert ran.status == 3
    told = " ".join(ran.out.split())
    fact = "poolTimeoutRecycle is set in a file, but the server does not have it"
    assert f"redis.yaml:4: error: {fact} [missing-on-server]" in told
    saved = desk.run("plan", "redis.yaml", "--out", "saved.plan")
    assert saved.status == 3
    for arguments in (("redis.yaml", "--yes"), ("saved.plan",)):
        assert desk.run("apply", *arguments).status == 3


def test_an_update_says_nothing_where_nothing_differs(tmp_path: Path) -> None:
    with desk_of(None, tmp_path) as desk:
        ran = desk.run("schema", "--update")
        assert (ran.status, ran.out) == (0, "")
        assert ran.err.endswith("compared with the built-in schema; no setting differs\n")
        first = (tmp_path / FILE).read_bytes()
        again = desk.run("schema", "--update")
        assert (again.status, again.out) == (0, "")
        assert again.err == f"{FILE} is the schema of {desk.url}\n"
        assert (tmp_path / FILE).read_bytes() == first
        assert desk.run("schema", "--update", "--check").status == 0
        assert [*tmp_path.iterdir()] == [tmp_path / FILE]
    lines = first.decode().splitlines()
    assert len(lines) < 120
    assert len(first) < 128 * 1024
    assert f'"server": "{builtin().hash}",' in lines


def test_a_check_says_what_would_change_and_writes_nothing(newer_desk: Desk) -> None:
    ran = newer_desk.run("schema", "--update", "--check")
    assert (ran.status, ran.out) == (1, CHANGES)
    assert ran.err.startswith(f"would be written: {FILE}, ")
    assert not (newer_desk.directory / FILE).exists()


def test_the_file_is_beside_confsync_yaml_and_keeps_its_mode(newer_desk: Desk) -> None:
    desk = newer_desk
    desk.file(".git/config", "")
    desk.file("confsync.yaml", f"targets:\n  one: {{url: '{desk.url}', files: [keep.yaml]}}\n")
    desk.file("keep.yaml", KEEP)
    below = Desk(desk.directory / "deep", "")
    below.directory.mkdir()
    assert below.run("schema", "--update").status == 0
    file = desk.directory / FILE
    assert file.stat().st_mode & 0o777 == 0o666 & ~_umask()
    assert not [*below.directory.iterdir()]
    assert below.run("validate").status == 0
    assert "Redis → Keep" in below.run("plan", "--allow", "change-variant").out
    file.chmod(0o640)
    with file.open("a") as cut:
        cut.write(" ")
    assert below.run("schema", "--update").status == 0
    assert file.stat().st_mode & 0o777 == 0o640


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


FLEET = """\
targets:
  new:
    url: {}
    files: [keep.yaml]
    token: {{env: TOKEN}}
    schema: schemas/new.json
    allow: [change-variant]
    ignore: [InMemoryStore/clusterDiscovery]
  old: {{url: {}, files: [redis.yaml], token: {{env: TOKEN}}}}
"""


def test_each_target_can_have_a_schema_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "schemas").mkdir()
    with desk_of(newer(), tmp_path) as desk, desk_of(older(), tmp_path) as other:
        desk.file("keep.yaml", KEEP)
        desk.file("redis.yaml", f"{REDIS}  timeout: 5s\n")
        desk.file("confsync.yaml", FLEET.format(desk.url, other.url))
        fleet = Desk(tmp_path)
        missing = fleet.run("validate")
        assert missing.status == 1
        assert "schemas/new.json: error: does not exist or cannot be read [schema-file]" in (
            missing.out
        )
        assert "hint: run `confsync schema --update --target new`" in missing.out
        token: dict[str, str | None] = {"TOKEN": APPLY_KEY, "STALWART_TOKEN": None}
        assert fleet.run("schema", "--update", "--target", "new", env=token).out == CHANGES
        assert fleet.run("validate", env=token).status == 0
        planned = fleet.run("plan", "--all", env=token)
        assert planned.status == 0
        assert "Redis → Keep" in planned.out
        assert "timeout  10s → 5s" in planned.out
        assert "clusterDiscovery" in fleet.run("schema", "--target", "new").out
        assert "clusterDiscovery" not in fleet.run("schema").out
        saved = fleet.run("plan", "--target", "new", "--out", "new.plan", env=token)
        assert saved.status == 0
        assert "Keep" in fleet.run("show", "new.plan", env=token).out
        applied = fleet.run("apply", "--all", "--yes", env=token)
        assert applied.status == 0
        assert applied.out.count("Stored and verified") == 2
        assert fleet.run("plan", "--all", env=token).out.count("No visible changes.") == 1


def edited(content: bytes) -> bytes:
    return content.replace(b'"max":8192', b'"max":9999', 1)


BROKEN: Mapping[str, tuple[Callable[[bytes], bytes], str, bool]] = {
    "edited": (edited, "is edited or cut off", True),
    "cut": (lambda content: content[:-200], "is edited or cut off", True),
    "empty": (lambda _: b"", "is edited or cut off", True),
    "in conflict": (lambda c: c.replace(b'"server"', b'<<<<<<< HEAD\n"server"', 1),
                    "is edited or cut off", True),
    "of another version": (lambda c: c.replace(b": 1,", b": 9,", 1),
                           "is from another version of confsync", True),
    "not text": (lambda _: b"\xff\xfe\x00", "is edited or cut off", False),
    "nested": (lambda _: b"[" * 100_000, "is edited or cut off", False),
    "other JSON": (lambda _: b'{"a": 1}', "holds no tables of a server's schema", False),
    "for editors": (lambda _: b'{"$schema": "http://json-schema.org/draft-07/schema#"}',
                    "is a JSON Schema for editors", False),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_an_error_of_every_command(name: str, newer_desk: Desk) -> None:
    breaking, fact, ours = BROKEN[name]
    desk = newer_desk
    desk.file("redis.yaml", REDIS)
    desk.run("schema", "--update")
    file = desk.directory / FILE
    whole = file.read_bytes()
    broken = breaking(whole)
    assert broken != whole
    file.write_bytes(broken)
    for arguments in (
        *(("validate", "redis.yaml"), ("fmt", "--check", "redis.yaml"), ("schema",), ("show",)),
        *(("plan", "redis.yaml"), ("apply", "redis.yaml", "--yes"), ("pull", "redis.yaml")),
        ("import", "redis.yaml"),
    ):
        ran = desk.run(*arguments)
        assert ran.status == 1, arguments
        assert f"{FILE}: error: {fact} [schema-file]" in ran.out + ran.err, arguments
        assert "hint: " in ran.out + ran.err
    assert desk.run("explain", "schema-file").status == 0
    ran = desk.run("schema", "--update")
    assert ran.status == (0 if ours else 1), ran.err
    assert file.read_bytes() == (whole if ours else broken)


def test_line_ends_of_another_system_are_no_edit(newer_desk: Desk) -> None:
    desk = newer_desk
    desk.run("schema", "--update")
    file = desk.directory / FILE
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    desk.file("keep.yaml", KEEP)
    assert desk.run("validate", "keep.yaml").status == 0


@pytest.mark.parametrize(
    ("arguments", "fact"),
    [
        (("--check",), "--check needs --update"),
        (("--update", "--layer"), "--update and --layer cannot be combined"),
        (("--update", "--target", "none"), "--target: no confsync.yaml found"),
    ],
)
def test_options_that_do_not_fit_are_wrong_usage(
    arguments: tuple[str, ...], fact: str, offline: Desk
) -> None:
    ran = offline.run("schema", *arguments)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith(f"error: {fact}")


@pytest.mark.parametrize(
    ("key", "fact"),
    [
        ("wrong", "the server refused STALWART_TOKEN (HTTP 401)"),
        (NO_KEY, "the permission authenticate is missing"),
    ],
)
def test_credentials_are_checked_as_for_a_plan(key: str, fact: str, newer_desk: Desk) -> None:
    ran = newer_desk.run("schema", "--update", env={"STALWART_TOKEN": key})
    assert (ran.status, ran.out) == (1, "")
    assert fact in ran.err
    assert not (newer_desk.directory / FILE).exists()


# Odd answers.

PLACE = "/api/schema/" + "h" * 43
PACKED = builtin().zipped
PLAIN = gzip.decompress(PACKED)
GZIP = {"Content-Encoding": "gzip"}
MOVED = (302, {"Location": PLACE}, b"")

Reply = tuple[int, "Mapping[str, str]", bytes]


def bomb() -> bytes:
    """A gigabyte of blanks in a megabyte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    blank = b" " * (1 << 20)
    # Packed once: behind a full flush, the same bytes stand for the same blanks again.
    first = packer.compress(blank) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(blank) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + again * 1023


def document(**changes: object) -> bytes:
    return json.dumps({**builtin().content, **changes}).encode()


ODD: Mapping[str, tuple[Reply, Reply, str]] = {
    "another host": ((302, {"Location": f"https://evil.example.com{PLACE}"}, b""), MOVED,
                     "it is said to be at another address"),
    "another scheme's host": ((302, {"Location": f"//evil.example.com{PLACE}"}, b""), MOVED,
                              "it is said to be at another address"),
    "another path": ((302, {"Location": "/api/schema/../account"}, b""), MOVED,
                     "it is said to be at another address"),
    "a query": ((302, {"Location": f"{PLACE}?a=b"}, b""), MOVED,
                "it is said to be at another address"),
    "no location": ((302, {}, b""), MOVED, "it is said to be at another address"),
    "a second redirect": (MOVED, MOVED, "the server answered with a redirect"),
    "none": ((404, {}, b""), MOVED, "the server publishes no schema at /api/schema (HTTP 404)"),
    "none at its hash": (MOVED, (404, {}, b""), "the server publishes no schema"),
    "an error": (MOVED, (500, {}, b"Canary"), "the server returned an error"),
    "not gzip": (MOVED, (200, GZIP, PLAIN), "it is no gzip"),
    "cut gzip": (MOVED, (200, GZIP, PACKED[:-30]), "its gzip is cut off, or followed by more"),
    "more behind": (MOVED, (200, GZIP, PACKED + PACKED), "its gzip is cut off, or followed"),
    "another packing": (MOVED, (200, {"Content-Encoding": "br"}, PACKED),
                        "the answer is compressed, but confsync did not ask for that"),
    "packed unsaid": (MOVED, (200, {}, PACKED), "the answer is not JSON"),
    "huge": (MOVED, (200, {}, b" " * (9 << 20)), "the answer is larger than 8 MiB"),
    "a bomb": (MOVED, (200, GZIP, bomb()), "it is larger than 16 MiB"),
    "nested": (MOVED, (200, GZIP, gzip.compress(b'{"a":' * 200_000)), "the answer is not JSON"),
    "a list": (MOVED, (200, {}, b"[]"), "it is not of the known form"),
    "a web page": (MOVED, (200, {}, b"<html>Canary"), "the answer is not JSON"),
    "no objects": (MOVED, (200, {}, document(objects={})), "no settings object that confsync"),
    "no types": (MOVED, (200, {}, document(schemas={})), "a type is missing"),
    "cut": (MOVED, (200, {}, PLAIN[:-1]), "the answer is not JSON"),
}  # fmt: skip


@contextmanager
def answering(first: Reply, second: Reply) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """A server with two answers: at /api/schema, and everywhere else."""
    asked: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("Authorization", "")))
            status, headers, body = first if self.path == "/api/schema" else second
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("name", ODD)
def test_an_odd_answer_is_refused_in_our_words(name: str, offline: Desk) -> None:
    """Nothing of the server's text is shown, nothing is written, and no third address is asked."""
    first, second, fact = ODD[name]
    with answering(first, second) as (url, asked):
        ran = offline.run("schema", "--update", "--url", url)
    assert (ran.status, ran.out) == (1, "")
    assert fact in ran.err
    assert "hint: " in ran.err
    assert not [*offline.directory.iterdir()]
    assert [path for path, _ in asked] == ["/api/schema", PLACE][: len(asked)]
    assert all(key == f"Bearer {APPLY_KEY}" for _, key in asked)


GOOD: Mapping[str, tuple[Reply, Reply]] = {
    "packed": (MOVED, (200, GZIP, PACKED)),
    "plain": (MOVED, (200, {}, PLAIN)),
    "at once": ((200, GZIP, PACKED), (404, {}, b"")),
}


@pytest.mark.parametrize("name", GOOD)
def test_the_schema_is_taken_packed_and_plain_with_one_redirect_or_none(
    name: str, offline: Desk
) -> None:
    with answering(*GOOD[name]) as (url, _):
        ran = offline.run("schema", "--update", "--url", url)
    assert (ran.status, ran.out) == (0, "")
    assert f'"server": "{"h" * 43}"' in (offline.directory / FILE).read_text() or name == "at once"


def test_a_redirect_with_the_servers_own_address_is_followed(offline: Desk) -> None:
    moved: dict[str, str] = {}
    with answering((302, moved, b""), (200, GZIP, PACKED)) as (url, _):
        moved["Location"] = f"{url}{PLACE}"
        assert offline.run("schema", "--update", "--url", url).status == 0
