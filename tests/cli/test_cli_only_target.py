"""Reports of the only target of a run, if it cannot be planned."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.process import APPLY_KEY, STORE
from tests.reported import check_report

if TYPE_CHECKING:
    from confsync.sandbox import Server
    from tests.cli.process import Desk

NOBODY = "http://127.0.0.1:9"
COMMANDS = [("plan",), ("apply", "--yes")]
FILES = ("json", "jsonl", "prometheus", "markdown", "github", "text")
OUTPUTS = [word for name in FILES for word in ("--output", f"{name}={name}.out")]


def configure(desk: Desk, url: str, store: str = STORE) -> None:
    desk.file("a.yaml", store)
    desk.file("confsync.yaml", f"targets: {{mail: {{url: '{url}', files: [a.yaml]}}}}\n")


def read(desk: Desk, name: str) -> str:
    return (desk.directory / f"{name}.out").read_text()


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize(
    ("store", "env", "message"),
    [
        (STORE, {}, "cannot connect to"),
        (STORE, {"STALWART_TOKEN": None}, "no credentials for the server"),
        ("InMemoryStore: {'@type': Nothing}\n", {}, "unknown '@type'"),
    ],
    ids=["nobody listens", "no credentials", "an invalid file"],
)
def test_files_of_a_run_have_the_error_that_is_told(
    desk: Desk, words: tuple[str, ...], store: str, env: dict[str, str | None], message: str
) -> None:
    configure(desk, NOBODY, store)
    alone = desk.run(*words, env=env)
    ran = desk.run(*words, *OUTPUTS, env=env)
    assert (ran.status, ran.out, ran.err) == (1, "", alone.err)
    document: Any = json.loads(read(desk, "json"))
    check_report(words[0], document)
    (target,) = document["targets"]
    error = (target["outcome"] if words[0] == "apply" else target)["error"]
    assert (target["name"], target["url"], error["refused"]) == ("mail", NOBODY, False)
    assert error["message"] in ran.err
    assert (document["summary"]["failed"], document["digest"]) == (1, None)
    lines = [json.loads(line) for line in read(desk, "jsonl").splitlines()]
    assert [line.get("name") for line in lines] == [None, "mail", None]
    for name in ("markdown", "github"):
        assert message in read(desk, name)
    assert message in ran.err


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_document_on_standard_output_has_the_error_too(
    desk: Desk, server: Server, words: tuple[str, ...]
) -> None:
    configure(desk, server.url)
    ran = desk.run(*words, "--output", "json", env={"STALWART_TOKEN": "API_Canary-wrong"})
    check_report(words[0], json.loads(ran.out))
    assert (ran.status, json.loads(ran.out)["targets"][0]["name"]) == (1, "mail")
    assert "the server refused STALWART_TOKEN (HTTP 401)" in ran.err
    assert not any("/set" in str(one.body) for one in server.requests)


def test_metrics_say_that_the_server_cannot_be_read(desk: Desk, server: Server) -> None:
    run = ("plan", "--output", "prometheus=metrics.out")
    configure(desk, server.url)
    assert desk.run(*run).status == 0
    up = re.compile(r'^confsync_plan_up\{target="mail",.*\} (\d)$', re.MULTILINE)
    assert up.findall(read(desk, "metrics")) == ["1"]
    configure(desk, NOBODY)
    assert desk.run(*run).status == 1
    assert up.findall(read(desk, "metrics")) == ["0"]


def test_a_server_without_a_configuration_is_named_by_its_url(desk: Desk) -> None:
    run = ("plan", desk.file("a.yaml"), "--output", "json=json.out")
    assert desk.run(*run, "--url", NOBODY).status == 1
    assert json.loads(read(desk, "json"))["targets"][0]["name"] == NOBODY
    assert desk.run(*run, env={"STALWART_URL": f"{NOBODY}/"}).status == 1
    assert json.loads(read(desk, "json"))["targets"][0]["url"] == NOBODY


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_without_a_target_there_is_no_report(desk: Desk, words: tuple[str, ...]) -> None:
    run = (*words, "--output", "json=json.out", "--output", "github")
    for url in (None, "ftp://mail.example.com"):
        ran = desk.run(*run, desk.file("a.yaml"), env={"STALWART_URL": url})
        assert (ran.status, ran.out) == (1, "")
    desk.file("confsync.yaml", "targets: {mail: {url: 'https://mail.example.com'}}\n")
    assert desk.run(*run).status == 1
    assert not (desk.directory / "json.out").exists()


def test_a_refusal_after_the_plan_of_an_apply_has_no_report(desk: Desk, server: Server) -> None:
    configure(desk, server.url)
    run = ("apply", "--yes", "--max-changes", "0", "--output", "json=json.out")
    assert desk.run(*run, env={"STALWART_TOKEN": APPLY_KEY}).status == 3
    assert not (desk.directory / "json.out").exists()


def test_an_output_that_cannot_be_written_is_told_beside_the_error(desk: Desk) -> None:
    configure(desk, NOBODY)
    ran = desk.run("plan", "--output", "json=/dev/full")
    assert ran.status == 1
    assert "error: cannot write the json output to /dev/full\n" in ran.err
    assert "error: cannot connect to" in ran.err
