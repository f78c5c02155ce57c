"""`--output jsonl`: a line as each target ends."""

from __future__ import annotations

import json
import signal
from time import sleep
from typing import TYPE_CHECKING, Any

import pytest

from confsync.sandbox import Server
from tests.cli.hostile import Held, hostile, passes_to
from tests.cli.process import APPLY_KEY, KEYS, PATIENCE, ended, timeless
from tests.reported import check_report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.process import Desk

STORE = "InMemoryStore: {'@type': Redis, url: 'redis://wanted'}\n"
NOBODY = "http://127.0.0.1:9"
KEY = {"TOKEN": APPLY_KEY, "STALWART_TOKEN": None}
HEAD = ["format_version", "confsync", "generated_at", "commit", "selection"]


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    with Server(keys=KEYS) as one, Server(keys=KEYS) as two:
        yield [one, two]


def configure(desk: Desk, *urls: str) -> None:
    desk.file("a.yaml", STORE)
    lines = (
        f"  t{number}: {{url: '{url}', files: [a.yaml], token: {{env: TOKEN}}}}\n"
        for number, url in enumerate(urls)
    )
    desk.file("confsync.yaml", "targets:\n" + "".join(lines))


def read(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def file_of(desk: Desk) -> list[Any]:
    return read((desk.directory / "out.jsonl").read_text())


def wait_for_lines(desk: Desk, number: int) -> list[Any]:
    """The lines of the file, as soon as it has so many."""
    for _ in range(PATIENCE * 100):
        if len(found := file_of(desk)) >= number:
            return found
        sleep(0.01)
    pytest.fail(f"not {number} lines")


@pytest.mark.parametrize("words", [("plan",), ("apply", "--yes", "--keep-going")])
def test_the_lines_are_the_document_in_parts(
    desk: Desk, servers: list[Server], words: tuple[str, ...]
) -> None:
    configure(desk, servers[0].url, NOBODY, servers[1].url)
    run = (*words, "--all", "--jobs", "1", "--output", "json=out.json", "--output", "jsonl")
    ran = desk.run(*run, env=KEY)
    first, *targets, last = read(ran.out)
    assert [*first] == HEAD
    assert [*last] == [*HEAD, "digest", "summary"]
    names = [target["name"] for target in targets]
    # What could not be planned has ended before anything is sent.
    assert names == (["t0", "t1", "t2"] if words[0] == "plan" else ["t1", "t0", "t2"])
    document = {**last, "targets": sorted(targets, key=lambda one: str(one["name"]))}
    check_report(words[0], document)
    whole = json.loads((desk.directory / "out.json").read_text())
    assert timeless(json.dumps(document, sort_keys=True)) == timeless(
        json.dumps(whole, sort_keys=True)
    )


def test_a_target_s_line_is_there_when_it_is_read(desk: Desk, servers: list[Server]) -> None:
    held = Held(passes_to(servers[0]))
    with hostile(held) as between:
        configure(desk, between.url, servers[1].url)
        desk.file("out.jsonl", "of an earlier run\n" * 9)
        process = desk.start("plan", "--all", "--output", "jsonl=out.jsonl", env=KEY)
        assert held.arrived.wait(60)
        first, second = wait_for_lines(desk, 2)
        assert ([*first], second["name"]) == (HEAD, "t1")
        held.release.set()
        ran = ended(process)
    assert (ran.status, ran.out) == (0, "")
    assert [line.get("name") for line in file_of(desk)] == [None, "t1", "t0", None]


def test_a_killed_apply_leaves_what_was_done(desk: Desk, servers: list[Server]) -> None:
    def kills(request: bytes) -> bytes:
        if b"/set" in request:
            process.kill()
        return passes_to(servers[1])(request)

    with hostile(kills) as between:
        configure(desk, servers[0].url, between.url)
        process = desk.start("apply", "--all", "--yes", "--output", "jsonl=out.jsonl", env=KEY)
        process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    _, stored = file_of(desk)
    assert (stored["name"], stored["outcome"]["result"]) == ("t0", "stored")


def test_a_run_that_is_refused_has_no_last_line(desk: Desk, servers: list[Server]) -> None:
    configure(desk, *(server.url for server in servers))
    run = ("apply", "--all", "--yes", "--max-targets", "1", "--output", "jsonl=out.jsonl")
    assert desk.run(*run, env=KEY).status == 3
    assert [[*line] for line in file_of(desk)] == [HEAD]


def test_targets_that_were_not_begun_have_lines_too(desk: Desk, servers: list[Server]) -> None:
    configure(desk, NOBODY, servers[1].url)
    ran = desk.run("apply", "--all", "--yes", "--output", "jsonl", env=KEY)
    results = [line["outcome"]["result"] for line in read(ran.out)[1:-1]]
    assert (ran.status, results) == (1, ["failed", "not-begun"])


def test_without_its_first_line_nothing_is_sent(desk: Desk, servers: list[Server]) -> None:
    configure(desk, *(server.url for server in servers))
    before = [server.stored for server in servers]
    ran = desk.run("apply", "--all", "--yes", "--output", "jsonl=/dev/full", env=KEY)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("error: cannot write the jsonl output to /dev/full\n")
    assert [server.stored for server in servers] == before


def test_a_reader_that_leaves_stops_no_update(desk: Desk, servers: list[Server]) -> None:
    def closes(request: bytes) -> bytes:
        if b"/set" in request:
            assert process.stdout is not None
            process.stdout.close()
        return passes_to(servers[0])(request)

    with hostile(closes) as between:
        configure(desk, between.url, servers[1].url)
        process = desk.start("apply", "--all", "--yes", "--output", "jsonl", env=KEY)
        assert process.wait(120) == 5
    assert [server.stored["url"] for server in servers] == ["redis://wanted"] * 2
    assert process.stderr is not None
    assert b"the reader of standard output is gone" in process.stderr.read()
    process.stderr.close()


def test_a_file_of_the_run_is_not_overwritten(desk: Desk, servers: list[Server]) -> None:
    configure(desk, servers[0].url)
    before = (desk.directory / "confsync.yaml").read_bytes()
    assert desk.run("plan", "--output", "jsonl=confsync.yaml", env=KEY).status == 1
    assert (desk.directory / "confsync.yaml").read_bytes() == before
