"""`confsync sandbox` as a process: when it is ready, how it ends, what it keeps."""

from __future__ import annotations

import copy
import gzip
import json
import os
import select
import signal
import stat
import sys
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import pytest

from confsync.sandbox.schema import builtin
from tests.cli.process import CONFSYNC, ENV_SECRET, PLAN_KEY, STORE, Desk, ended
from tests.cli.test_cli_edition import SHARDS

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from confsync.sandbox import Server
    from tests.cli.process import Ran

ADMIN = {"STALWART_TOKEN": None, "STALWART_USER": "admin", "STALWART_PASSWORD": "sandbox"}


class Running(NamedTuple):
    """A sandbox that says that it is ready."""

    process: subprocess.Popen[bytes]
    url: str

    def end(self, number: int = signal.SIGTERM) -> Ran:
        """Send a signal and wait. The URL line was read before and is not in the result."""
        self.process.send_signal(number)
        return ended(self.process)


@contextmanager
def running(desk: Desk, *options: str) -> Iterator[Running]:
    process = desk.start("sandbox", *options)
    assert process.stdout is not None
    try:
        ready, _, _ = select.select([process.stdout], [], [], 20)
        assert ready, "the sandbox did not become ready"
        yield Running(process, os.read(process.stdout.fileno(), 1000).decode().removesuffix("\n"))
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_url_is_the_only_line_and_a_signal_ends_it_with_0(offline: Desk, number: int) -> None:
    with running(offline) as sandbox:
        parts = urlsplit(sandbox.url)
        assert (parts.scheme, parts.hostname) == ("http", "127.0.0.1")
        assert parts.port
        assert sandbox.url == f"http://127.0.0.1:{parts.port}"
        assert sandbox.process.stderr is not None
        select.select([sandbox.process.stderr], [], [], 20)
        ran = sandbox.end(number)
    assert (ran.status, ran.out) == (0, "")
    assert ran.err == (
        "# To use it in another terminal (Ctrl-C stops it). If confsync.yaml has a URL, add"
        f" --url {sandbox.url}\n"
        f"export STALWART_URL={sandbox.url}\n"
        "export STALWART_USER=admin\n"
        "export STALWART_PASSWORD=sandbox\n"
        "unset STALWART_TOKEN  # a token comes before user and password\n"
    )


def test_the_lines_that_it_shows_are_all_that_a_shell_needs_to_use_it(offline: Desk) -> None:
    with running(offline) as sandbox:
        assert sandbox.process.stderr is not None
        select.select([sandbox.process.stderr], [], [], 20)
        lines = os.read(sandbox.process.stderr.fileno(), 1000).decode()
        shell = ("sh", "-c", f'{lines}exec "$@"', "sh", *CONFSYNC)
        assert offline.run("show", command=shell).out == "InMemoryStore:\n  '@type': Default\n"


def test_without_a_token_in_the_environment_none_is_unset(offline: Desk) -> None:
    process = offline.start("sandbox", env={"STALWART_TOKEN": None})
    assert process.stdout is not None
    select.select([process.stdout], [], [], 20)
    process.terminate()
    assert "STALWART_TOKEN" not in ended(process).err


EARLY = """\
import os, signal, sys
from socketserver import BaseServer
from confsync.__main__ import main
serve = BaseServer.serve_forever
def early(server, seconds):
    os.kill(os.getpid(), signal.SIGTERM)
    serve(server, seconds)
BaseServer.serve_forever = early
sys.argv = ["confsync", "sandbox"]
main()
"""


def test_a_signal_while_it_starts_ends_it_too(offline: Desk) -> None:
    assert offline.run(command=(sys.executable, "-c", EARLY)).status == 0


def test_when_the_url_is_printed_the_sandbox_answers(offline: Desk) -> None:
    with running(offline) as sandbox:
        ran = offline.run("show", "--url", sandbox.url, env=ADMIN)
        assert (ran.status, ran.out) == (0, "InMemoryStore:\n  '@type': Default\n")
        assert sandbox.end().status == 0


def test_the_port_can_be_chosen_and_one_that_is_taken_is_told(offline: Desk) -> None:
    with running(offline) as sandbox:
        port = str(urlsplit(sandbox.url).port)
        ran = offline.run("sandbox", "--port", port)
        assert (ran.status, ran.out) == (1, "")
        assert ran.err.startswith(f"error: port {port} is in use\nhint: choose another with --port")
        assert "server" not in ran.err
        assert sandbox.end().status == 0
    with running(offline, "--port", port) as again:
        assert again.url == f"http://127.0.0.1:{port}"


def test_the_state_survives_a_restart_in_a_file_for_its_owner_alone(offline: Desk) -> None:
    file = offline.file("a.yaml", STORE)
    for command in (("apply", "--yes", file), ("plan", file)):
        with running(offline, "--state", "state.json") as sandbox:
            ran = offline.run(*command, "--url", sandbox.url, env=ADMIN)
            assert ran.status == 0
            assert sandbox.end(signal.SIGINT).status == 0
    assert "No visible changes." in ran.out
    kept = offline.directory / "state.json"
    assert ENV_SECRET in kept.read_text(encoding="utf-8")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_key_has_its_permissions_alone(offline: Desk) -> None:
    key = f"{PLAN_KEY}=authenticate,sysInMemoryStoreGet"
    file = offline.file("a.yaml")
    token = {"STALWART_TOKEN": PLAN_KEY}
    with running(offline, "--key", key) as sandbox:
        assert offline.run("plan", file, "--url", sandbox.url, env=token).status == 0
        assert offline.run("apply", "--yes", file, "--url", sandbox.url, env=token).status == 1
        shown = offline.run("show", "--url", sandbox.url, env=token)
    assert shown.out == "InMemoryStore:\n  '@type': Default\n"


@pytest.mark.parametrize("key", [PLAN_KEY, "=authenticate", ""])
def test_a_key_without_permissions_is_wrong_usage(offline: Desk, key: str) -> None:
    ran = offline.run("sandbox", "--key", key)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("error: --key is not NAME=PERMISSION,…\nhint: ")


def test_a_state_file_that_no_sandbox_wrote_is_not_overwritten(offline: Desk) -> None:
    name = offline.file("state.json", '{"mine": true}')
    ran = offline.run("sandbox", "--state", name)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("error: state.json: not written by a sandbox\nhint: ")
    assert (offline.directory / name).read_text(encoding="utf-8") == '{"mine": true}'


def test_another_schema_plays_another_version_of_the_server(offline: Desk) -> None:
    content = copy.deepcopy(builtin().content)
    del content["fields"]["x:RedisStore"]["properties"]["timeout"]
    schema = offline.file("schema.json", json.dumps(content))
    with running(offline, "--schema", schema) as sandbox:
        authorization = {"Authorization": "Basic YWRtaW46c2FuZGJveA=="}
        request = urllib.request.Request(f"{sandbox.url}/api/schema", headers=authorization)  # noqa: S310 - http, our own
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - the same
            assert json.loads(gzip.decompress(answer.read())) == content
        assert sandbox.end().status == 0


def test_a_file_without_a_schema_is_wrong_usage(offline: Desk) -> None:
    offline.file("schema.json", '{"objects": {}}')
    ran = offline.run("sandbox", "--schema", "schema.json")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("error: schema.json: not the schema of a server\nhint: ")
    ran = offline.run("sandbox", "--schema", "nowhere.json")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("error: nowhere.json: cannot be read\nhint: ")


def test_the_sandbox_needs_no_credentials_and_no_server(desk: Desk, server: Server) -> None:
    with running(Desk(desk.directory, environment={"PATH": ""})) as sandbox:
        assert sandbox.end().status == 0
    assert server.requests == []


def test_a_sandbox_of_the_enterprise_edition_takes_shards(offline: Desk) -> None:
    offline.file("a.yaml", SHARDS)
    for options, status in (((), 3), (("--edition", "enterprise"), 0)):
        with running(offline, *options) as sandbox:
            assert offline.run("plan", "a.yaml", "--url", sandbox.url, env=ADMIN).status == status
            assert sandbox.end().status == 0
