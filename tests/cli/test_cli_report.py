"""`confsync report`, and reports for CI of `plan` and `apply`."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from confsync.report import OUTCOMES, PLANS, REPORTS
from confsync.sandbox import Server
from tests.cli.process import APPLY_KEY, KEYS
from tests.report.documents import apply_document, plan_document
from tests.report.runner import commands
from tests.reported import rendered

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.process import Desk

STORE = "InMemoryStore: {'@type': Redis, url: 'redis://wanted'}\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(desk: Desk, name: str, document: object) -> str:
    return desk.file(name, json.dumps(document))


def shards(desk: Desk, document: Any, number: int = 3) -> list[str]:  # noqa: ANN401 - JSON
    """Reports of all shards, each with some targets of a document."""
    files = []
    for shard in range(1, number + 1):
        part = deepcopy(document)
        part["targets"] = part["targets"][shard - 1 :: number]
        words = f"group production, shard {shard}/{number}"
        counts = {"chosen": len(part["targets"]), "of": 40, "by": words}
        part["selection"] = {**counts, "shard": {"number": shard, "of": number}}
        files.append(written(desk, f"shard-{shard}.json", part))
    return files


# One run


@pytest.mark.parametrize("format_", REPORTS)
def test_a_plan_writes_what_a_report_of_it_shows(desk: Desk, format_: str) -> None:
    desk.file("a.yaml")
    live = desk.run("plan", "a.yaml", "--output", format_, "--output", "json=plan.json")
    assert live.status == 0
    shown = desk.run("report", "plan.json", "--output", format_, env={"STALWART_TOKEN": None})
    assert (shown.status, shown.err) == (0, "")
    if format_ != "json":
        assert shown.out == live.out
    else:
        assert json.loads(shown.out)["targets"] == json.loads(live.out)["targets"]


def test_a_report_without_output_is_markdown(offline: Desk) -> None:
    name = written(offline, "plan.json", plan_document())
    ran = offline.run("report", name)
    assert ran.status == 0
    assert ran.out == rendered("markdown", plan_document())


def test_every_format_of_a_plan_and_an_apply_is_one_of_a_report() -> None:
    assert {*PLANS, *OUTCOMES} - {"text", "jsonl"} == {*REPORTS}


# Shards


@pytest.mark.parametrize("make", [plan_document, apply_document])
def test_the_report_of_all_shards_is_that_of_the_run(offline: Desk, make: Any) -> None:  # noqa: ANN401
    document = make()
    files = shards(offline, document)
    ran = offline.run("report", *files, "--output", "json")
    assert (ran.status, ran.err) == (0, "")
    found = json.loads(ran.out)
    names = {one["name"] for one in document["targets"]}
    assert [one["name"] for one in found["targets"]] == sorted(names)
    for name, value in document["summary"].items():
        assert found["summary"][name] == value, name
    assert found["commit"] == document["commit"]
    counts = {"chosen": len(names), "of": 40, "by": "group production", "shard": None}
    assert found["selection"] == {**counts, "shards": 3, "missing": []}


def test_missing_shards_are_named_in_the_report_and_by_the_status(offline: Desk) -> None:
    files = shards(offline, plan_document(), 4)
    ran = offline.run("report", files[0], files[2])
    fact = "shards 2, 4 of 4 are missing"
    assert ran.status == 1
    assert ran.err == f"error: {fact}\nhint: name the report of each shard\n"
    assert f"**Incomplete: {fact}.**" in ran.out
    ran = offline.run("report", files[0], files[2], "--output", "github")
    assert commands(ran.out)[0].data == fact
    ran = offline.run("report", *files[:3], "--output", "json=part.json")
    assert "error: shard 4 of 4 is missing\n" in ran.err
    assert offline.run("report", "part.json", files[3], "--output", "json").status == 0
    ran = offline.run("report", "part.json", files[1])
    assert "shard-2.json: has the target eu-02 that part.json has too" in ran.err


def test_the_report_of_a_shard_alone_says_that_it_is_not_the_run(offline: Desk) -> None:
    document = plan_document()
    document["targets"] = document["targets"][:6]
    files = shards(offline, {**document, "digest": "2:ab"}, 2)
    shown = offline.run("report", files[0], "--output", "json=part.json", "--output", "prometheus")
    assert shown.status == 1
    assert "confsync_run_complete 0\n" in shown.out
    assert json.loads((offline.directory / "part.json").read_text())["digest"] is None
    whole = offline.run("report", *files, "--output", "prometheus")
    assert "confsync_run_complete 1\n" in whole.out


def test_a_shard_without_targets_counts(offline: Desk) -> None:
    document = plan_document()
    document["targets"] = document["targets"][:2]
    ran = offline.run("report", *shards(offline, document, 4))
    assert ran.status == 0
    assert "2 targets: 2 to update." in ran.out


# Refused


def test_a_target_in_two_reports_is_refused(offline: Desk) -> None:
    document = plan_document()
    ran = offline.run("report", written(offline, "a", document), written(offline, "b", document))
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("error: b: has the target eu-01 that a has too\nhint: ")
    document["targets"] += document["targets"][:1]
    ran = offline.run("report", written(offline, "a", document))
    assert ran.err.startswith("error: a: has the target eu-01 twice\n")
    ran = offline.run("report", "b", "b")
    assert ran.err.startswith("error: a report is named twice\n")


def test_reports_of_several_commits_or_commands_are_refused(offline: Desk) -> None:
    first, second, third = shards(offline, plan_document())
    other = json.loads((offline.directory / second).read_text())
    for commit, told in (("f" * 40, "f" * 12), (None, "an unknown one")):
        written(offline, second, {**other, "commit": commit})
        ran = offline.run("report", first, second, third)
        assert (ran.status, ran.out) == (1, "")
        fact = f"is of another commit than shard-1.json: {told}, not 0123456789ab"
        assert ran.err.startswith(f"error: shard-2.json: {fact}\n")
    written(offline, second, {**other, "targets": apply_document()["targets"][4:5]})
    ran = offline.run("report", first, second, third)
    fact = "is a report of apply, but shard-1.json one of plan"
    assert ran.err.startswith(f"error: shard-2.json: {fact}\n")


@pytest.mark.parametrize(
    ("selection", "fact"),
    [
        ({"shard": {"number": 1, "of": 3}}, "is of shard 1/3, and so is shard-1.json"),
        ({"shard": {"number": 2, "of": 4}}, "is one of 4 shards, others of 3"),
        ({"shard": {"number": 5, "of": 3}}, "has no shard 5/3"),
        ({"shard": {"number": 1, "of": 10**9}}, "has no shard 1/1000000000"),
        ({"by": "group other"}, "is of another choice of targets"),
    ],
)
def test_shards_of_several_runs_are_refused(offline: Desk, selection: object, fact: str) -> None:
    files = shards(offline, plan_document())
    other = json.loads((offline.directory / files[1]).read_text())
    other["selection"] |= selection
    written(offline, files[1], other)
    ran = offline.run("report", *files)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith(f"error: shard-2.json: {fact}\n")


WRONG = "is not a report of plan or apply: "
DEEP = '{"format_version": "1", "targets": ' + "[" * 100 + "]" * 100 + "}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not a whole JSON document"),
        ('{"targets": [', "is not a whole JSON document"),
        ('{"format_version": "1", "targets": NaN}', "is not a whole JSON document"),
        ("[" * 200_000, "is not a whole JSON document"),
        ("\udcff".encode("utf-8", "surrogateescape"), "is not a whole JSON document"),
        ("[]", "is not a JSON report of plan or apply"),
        ('{"problems": [], "format_version": "1"}', "is not a JSON report of plan or apply"),
        ('{"targets": []}', "has the format version none instead of 1"),
        ('{"format_version": "2", "targets": []}', "has the format version 2 instead of 1"),
        (DEEP, "is nested deeper than 64"),
        ('{"format_version": "1", "targets": 1}', f"{WRONG}targets is not a list"),
        ('{"format_version": "1", "targets": [1]}', f"{WRONG}targets[0] is not an object"),
        ('{"format_version": "1", "targets": [], "x": 1e999}', "has a number that is too great"),
        (
            '{"format_version": "1", "targets": [{"objects": [{"changes": [{"action": "x"}]}]}]}',
            f"{WRONG}targets[0].objects[0].changes[0].action is not one of add, remove, ",
        ),
        (
            '{"format_version": "1", "targets": [], "selection": {"chosen": -1}}',
            f"{WRONG}selection.chosen is not a number from 0",
        ),
    ],
)
def test_a_file_that_is_no_report_is_named_with_the_reason(
    offline: Desk, text: str | bytes, reason: str
) -> None:
    content = text if isinstance(text, bytes) else text.encode()
    (offline.directory / "a.json").write_bytes(content)
    ran = offline.run("report", "a.json")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith(f"error: a.json: {reason}")
    assert "\nhint: write one with `confsync plan --output json=FILE`" in ran.err


def test_a_url_is_no_file_and_not_shown(offline: Desk) -> None:
    ran = offline.run("report", "https://u:Canary@mail.example.com/plan.json", "-v")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("error: no file name, or a URL instead\n")


def test_a_file_that_cannot_be_read_or_is_too_large_is_named(offline: Desk) -> None:
    ran = offline.run("report", "none.json")
    assert ran.err.startswith("error: none.json: no such file\n")
    with (offline.directory / "large.json").open("wb") as file:
        file.truncate(33 * 1024 * 1024)
    ran = offline.run("report", "large.json")
    assert ran.err.startswith("error: large.json: is larger than 32 MiB\n")
    ran = offline.run(
        "report", written(offline, "a.json", plan_document()), "--output", "json=a.json"
    )
    assert ran.status == 1
    assert json.loads((offline.directory / "a.json").read_text()) == plan_document()


# A step of GitHub Actions


def test_github_is_told_of_a_refused_apply(desk: Desk) -> None:
    desk.file("a.yaml")
    env = {"GITHUB_STEP_SUMMARY": "summary.md", "GITHUB_OUTPUT": "output"}
    ran = desk.run("apply", "a.yaml", "--expect", f"2:{'0' * 32}", "--output", "github", env=env)
    assert ran.status == 3
    (told,) = commands(ran.out)
    assert (told.name, told.properties["title"]) == ("error", "confsync (refused)")
    assert told.data.startswith("error: ")
    assert ran.err == f"{told.data}\nnothing was changed on the server\n"
    summary = (desk.directory / "summary.md").read_text()
    assert summary == f"### confsync: refused\n\n```text\n{told.data}\n```\n"
    assert not (desk.directory / "output").exists()


def test_a_plan_appends_to_the_summary_and_the_outputs_of_a_step(desk: Desk) -> None:
    desk.file("a.yaml")
    env = {"GITHUB_STEP_SUMMARY": "summary.md", "GITHUB_OUTPUT": "output"}
    # What an earlier command of the step has written, without a newline.
    desk.file("output", "a=b")
    desk.file("summary.md", "# Before\n")
    words = ("plan", "a.yaml", "--output", "text", "--output", "github=log", "--output", "json=j")
    ran = desk.run(*words, env=env)
    assert ran.status == 0
    digest = json.loads((desk.directory / "j").read_text())["targets"][0]["digest"]
    outputs = (desk.directory / "output").read_text()
    assert outputs == f"a=b\nchanged=true\ndigest={digest}\nrestart_required=yes\npending=true\n"
    summary = (desk.directory / "summary.md").read_text()
    assert summary.startswith("# Before\n<!-- confsync plan ")
    assert [one.name for one in commands((desk.directory / "log").read_text())] == [
        *("warning", "notice"),
    ]


def test_without_its_variables_or_another_format_nothing_is_appended(desk: Desk) -> None:
    desk.file("a.yaml")
    before = {*desk.directory.iterdir()}
    assert desk.run("plan", "a.yaml", "--output", "github").status == 0
    env = {"GITHUB_STEP_SUMMARY": "summary.md", "GITHUB_OUTPUT": "output"}
    assert desk.run("plan", "a.yaml", "--output", "markdown", env=env).status == 0
    assert {*desk.directory.iterdir()} == before


def test_an_apply_whose_step_cannot_be_written_is_stored_and_says_so(desk: Desk) -> None:
    desk.file("a.yaml", STORE)
    with Server(keys=KEYS) as server:
        words = ("apply", "a.yaml", "--url", server.url, "--yes", "--output", "github")
        env = {"GITHUB_STEP_SUMMARY": "no/such/file", "STALWART_TOKEN": APPLY_KEY}
        ran = desk.run(*words, env=env)
    assert ran.status == 5
    assert "error: cannot append to the file of GITHUB_STEP_SUMMARY\n" in ran.err
    assert "applied" in ran.out


def test_an_apply_has_outputs_too(desk: Desk) -> None:
    desk.file("a.yaml", STORE)
    with Server(keys=KEYS) as server:
        words = ("apply", "a.yaml", "--url", server.url, "--yes", "--output", "github")
        env = {"GITHUB_OUTPUT": "output", "STALWART_TOKEN": APPLY_KEY}
        assert desk.run(*words, env=env).status == 0
        assert desk.run(*words, env=env).status == 0
    lines = (desk.directory / "output").read_text().splitlines()
    assert [line for line in lines if "digest" not in line] == [
        *("changed=true", "restart_required=yes", "changed=false", "restart_required=no"),
    ]
