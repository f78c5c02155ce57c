"""Reports for CI, each read by what reads it: Markdown, Prometheus, GitLab's widget, GitHub.

CONFSYNC_WRITE_CASES=1 writes the files of `tests/cases/reports`. Read them before they are kept.
"""

from __future__ import annotations

import json
import os
import re
from copy import deepcopy
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from prometheus_client.parser import text_string_to_metric_families

from confsync.cli.output import COMMANDING
from confsync.report import OUTCOMES, PLANS, REPORTS, STEP
from confsync.report.document import Document
from confsync.report.json import outcomes_document, plans_document
from confsync.report.markdown import LIMIT
from confsync.sync.scrub import without_commands
from confsync.sync.values import Failed
from tests.report.documents import (
    CANARY,
    OLD,
    REDIS,
    apply_document,
    ends,
    plan_document,
    planned,
    plans,
    target,
)
from tests.report.runner import commands, obeyed
from tests.reported import RUN, rendered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CASES = Path(__file__).parent.parent / "cases" / "reports"
DOCUMENTS: dict[str, Callable[[], Any]] = {"plan": plan_document, "apply": apply_document}
ENDINGS = {
    "markdown": "md",
    "prometheus": "prom",
    "gitlab": "gitlab.json",
    "github": "github.txt",
    "html": "html",
    "json": "json",
}
HOSTILE = (
    *("`", "``", "` `` ```", "```\n# x", "~~~", "a|b|c", "a\nb", "a\r\n\r\n# b", "-->", "<!-- x"),
    *("<script>alert(1)</script>", "</details></pre></code>", "<img src=x onerror=alert(1)>"),
    *("@octocat", "#1", "https://evil.example.com", "www.evil.example.com", "a@example.com"),
    *("[x](https://evil.example.com)", "![x](y)", "**x**", "\\", "\\`", "&lt;", "&#64;octocat"),
    *("::set-output name=digest::evil", "  ::stop-commands::x", "##[add-mask]a"),
    *("##vso[task.complete]", "a\n::error::x", "a\r::error::x", "a\u2028::error::x"),
    *("digest<<X", "changed=true", "a\nchanged=true\n", "${{ secrets.A }}", "$`x`$", "$x$"),
    *('"', "'", '"} 1', 'a",b="c', "\\n", "a\\", "/close", "- [ ] x", "===", "---", "    x", " "),
    *("\u202e", "\ufeff", "\x00", "\x1b[31m", "\ud800", "javascript:alert(1)", "{{x}}", "%0A::x"),
)
OURS = {"action", "severity", "required", "result", "cause", "reload", "format_version", "why"}
"""Members with words of confsync's own."""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)


def with_text(value: Any, text: str, name: str = "") -> Any:  # noqa: ANN401 - JSON
    """A document with a text in every place where one from outside can stand."""
    match value:
        case dict():
            return {key: with_text(member, text, key) for key, member in value.items()}
        case list():
            return [with_text(item, text, name) for item in value]
        case str() if name not in OURS:
            return text
        case _:
            return value


@pytest.mark.parametrize("format_", REPORTS)
@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_report_is_the_one_that_is_kept(kind: str, format_: str) -> None:
    """One run with errors, risks, drift, equal plans and unchanged targets."""
    text = rendered(format_, DOCUMENTS[kind]())
    file = CASES / f"{kind}.{ENDINGS[format_]}"
    if os.environ.get("CONFSYNC_WRITE_CASES"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")
    assert CANARY not in text


@pytest.mark.parametrize("format_", REPORTS)
def test_a_live_command_and_a_report_say_the_same(format_: str) -> None:
    for document, renderers in (
        (plans_document(plans(), RUN), PLANS),
        (outcomes_document(ends(), RUN), OUTCOMES),
    ):
        read = json.loads(renderers["json"](document))
        assert renderers[format_](document) == rendered(format_, read)


@pytest.mark.parametrize("format_", REPORTS)
def test_a_report_of_nothing_can_be_made(format_: str) -> None:
    assert rendered(format_, {"format_version": "1", "targets": []}) is not None


def test_the_page_lists_every_format() -> None:
    page = Path(__file__).parents[2] / "docs" / "plan-reports.md"
    listed = re.findall(r"^\| \[`([a-z]+)`\]", page.read_text("utf-8"), re.MULTILINE)
    assert listed == list(REPORTS)


# Text from outside


def structure(format_: str, text: str) -> Any:  # noqa: ANN401 - of each format
    """What a reader of a format sees of a report besides the texts in it."""
    match format_:
        case "markdown":
            return [*markup(text)]
        case "prometheus":
            return [(name, len(labels), value) for name, labels, value in samples(text)]
        case "github":
            return [(one.name, sorted(one.properties)) for one in commands(text)]
        case "html":
            return tags(text)
        case _:
            return shape(json.loads(text))


def shape(value: Any) -> Any:  # noqa: ANN401 - JSON
    match value:
        case dict():
            return {name: shape(member) for name, member in value.items()}
        case list():
            return [shape(item) for item in value]
        case _:
            return None if isinstance(value, str) else value


def markup(text: str) -> Iterator[tuple[str, ...]]:
    """The tokens of a Markdown text without the contents of code, and no link, image or mention."""
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        for one in (token, *(token.children or ())):
            if one.type == "fence":
                assert one.info in {"diff", "text"}
                yield one.type, one.info, str(one.content.count("\n"))
            elif one.type == "code_inline":
                assert "\n" not in one.content
                yield (one.type,)
            else:
                content = one.content if not one.children else ""
                # A marker is made of the texts.
                yield one.type, one.tag, re.sub("[0-9a-f]{16} -->", "-->", content)


def tags(text: str) -> list[tuple[str, ...]]:
    """The tags of an HTML document with their attributes: all values but those of the texts."""
    found: list[tuple[str, ...]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            free = {"value"} | {name for name, _ in attrs if name.startswith("data-")}
            found.append((tag, *(f"{name}={'' if name in free else one}" for name, one in attrs)))

        def handle_endtag(self, tag: str) -> None:
            found.append((f"/{tag}",))

        def handle_comment(self, data: str) -> None:
            found.append(("comment", data))

    Reader().feed(text)
    return found


def samples(text: str) -> list[tuple[str, dict[str, str], float]]:
    families = text_string_to_metric_families(text)
    return [(one.name, one.labels, one.value) for family in families for one in family.samples]


@pytest.mark.parametrize("format_", REPORTS)
@pytest.mark.parametrize("kind", DOCUMENTS)
def test_no_text_from_outside_changes_the_structure_of_a_report(kind: str, format_: str) -> None:
    document = DOCUMENTS[kind]()
    plain = structure(format_, rendered(format_, with_text(document, "x")))
    for text in HOSTILE:
        for hostile in (text, f"x{text}x"):
            report = rendered(format_, with_text(document, hostile))
            assert structure(format_, report) == plain, hostile


@given(st.text(max_size=20))
def test_no_text_at_all_changes_it(text: str) -> None:
    for format_ in REPORTS:
        plain = structure(format_, rendered(format_, with_text(_DOCUMENT, "x")))
        assert structure(format_, rendered(format_, with_text(_DOCUMENT, f"x{text}x"))) == plain


_DOCUMENT = json.loads((CASES / "plan.json").read_text("utf-8"))
_DOCUMENT["targets"] = [_DOCUMENT["targets"][number] for number in (0, 5, 6)]


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_no_text_from_outside_is_a_command_to_a_runner(kind: str) -> None:
    document = DOCUMENTS[kind]()
    for text in HOSTILE:
        document = with_text(document, text)
        for format_ in REPORTS:
            out = rendered(format_, document)
            if format_ in COMMANDING:
                assert {one.name for one in commands(out)} <= {"error", "warning", "notice"}
                assert not re.search(r"##\w*\[", out)
            else:
                assert obeyed(without_commands(out)) == [], format_
        assert obeyed(without_commands(STEP["GITHUB_STEP_SUMMARY"](Document(document)))) == []


def test_no_text_from_outside_is_an_output_of_a_step() -> None:
    for text in HOSTILE:
        for make in DOCUMENTS.values():
            document = {**with_text(make(), text), "digest": text}
            lines = STEP["GITHUB_OUTPUT"](Document(document)).split("\n")
            assert lines[:3] == ["changed=true", "digest=", "restart_required=yes"]
            assert lines[3:] in (["pending=", "drift=true", ""], [""])


# Markdown


def test_no_word_of_markdown_is_outside_of_code_but_our_own() -> None:
    """No name is a mention, no URL a link."""
    for make in DOCUMENTS.values():
        text = rendered("markdown", with_text(make(), "@octocat/x"))
        outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text, flags=re.DOTALL)
        assert "octocat" in text
        assert "octocat" not in outside


def many(number: int, *, length: int = 40) -> Any:  # noqa: ANN401 - JSON
    """A plan of targets that all differ."""
    document = plan_document()
    first = document["targets"][0]
    targets = []
    for count in range(number):
        one = deepcopy(first)
        one["name"] = f"eu-{count}"
        one["objects"][0]["changes"][0]["after"] = f"{count} \U0001f600{'ü' * length}"
        targets.append(one)
    return {**document, "targets": [*targets, *document["targets"][6:]]}


def test_a_comment_has_at_most_as_many_characters_as_github_takes() -> None:
    for number, length in ((5, 10), (60, 40), (400, 400), (3000, 1)):
        text = rendered("markdown", many(number, length=length))
        assert len(text) <= LIMIT
        assert text.startswith("<!-- confsync plan ")
        assert text.endswith("</sub>\n")
        shown = len(re.findall("^#### ", text, re.MULTILINE)) - 1
        left = re.search(r"too long: (\d+) targets? \((\d+) to update\)", text)
        assert shown + (int(left[1]) if left else 0) == number
        assert (left is not None) == (number > 60)
        # Errors come first, so they are never what is left out.
        assert "cannot connect" in text
        assert text.count("```") % 2 == 0
    assert len(text) > LIMIT * 3 // 4


def test_one_plan_that_is_too_long_is_left_out_whole() -> None:
    document = many(1)
    changes = document["targets"][0]["objects"][0]["changes"]
    changes += [{**changes[0], "after": f"{count}{'x' * 200}"} for count in range(900)]
    text = rendered("markdown", document)
    assert len(text) <= LIMIT
    assert "too long: 1 target (1 to update).**" in text
    assert "904 changes" in text


def test_unchanged_targets_are_folded_however_many_they_are() -> None:
    document = plan_document()
    same = document["targets"][2]
    document["targets"] = [{**same, "name": f"{count}{'n' * 400}"} for count in range(5000)]
    text = rendered("markdown", document)
    assert len(text) <= LIMIT
    assert "5000 targets unchanged" in text


def first_line(**selection: object) -> str:
    document = plan_document()
    document["selection"] |= selection
    return str(rendered("markdown", document).partition("\n")[0])


def test_the_marker_stays_from_commit_to_commit_and_differs_between_selections() -> None:
    first = first_line()
    assert re.fullmatch("<!-- confsync plan [0-9a-f]{16} -->", first)
    later = plan_document([planned("us-01", f"{REDIS}  timeout: 9s\n", OLD)])
    later |= {"commit": "f" * 40, "generated_at": "2027-01-01T00:00:00Z"}
    assert rendered("markdown", later).startswith(f"{first}\n")
    assert first_line(chosen=9, of=41) == first
    others = [
        first_line(by="group staging"),
        first_line(shard={"number": 1, "of": 8}),
        first_line(shard={"number": 2, "of": 8}),
        first_line(by=None, chosen=1),
        first_line(by=None, chosen=40),
        rendered("markdown", apply_document()).partition("\n")[0],
    ]
    assert len({first, *others}) == 7


def test_the_marker_of_targets_that_are_named_is_theirs() -> None:
    lines = []
    for name in ("us-01", "us-02"):
        document = plan_document([planned(name, REDIS, OLD)])
        del document["selection"]
        lines.append(rendered("markdown", document).partition("\n")[0])
    assert lines[0] != lines[1]


def test_the_summary_of_a_step_is_at_most_1_mib_with_what_is_there_already() -> None:
    document = many(1200, length=400)
    room = 1024 * 1024
    for taken in (room // 2, room - 2000, room - 10, room + 10):
        size = len(STEP["GITHUB_STEP_SUMMARY"](Document(document), taken).encode())
        assert size + taken <= max(room, taken)
    assert len(STEP["GITHUB_STEP_SUMMARY"](Document(document)).encode()) > room // 2


# Prometheus


def test_prometheus_reads_each_name_as_it_is() -> None:
    names = ['a"b', "a\\b", "a\\", "größe", 'x",y="z', "{}", "a b"]
    document = plan_document([planned(f"us-{name}", REDIS, OLD) for name in names])
    found = {
        labels["target"] for _, labels, _ in samples(rendered("prometheus", document)) if labels
    }
    assert found == {f"us-{name}" for name in names}


def test_a_target_that_failed_is_down_and_has_no_number_of_changes() -> None:
    found = samples(rendered("prometheus", plan_document()))
    by = {(name, labels.get("target")): value for name, labels, value in found}
    assert by["confsync_plan_up", "us-03"] == 0
    assert ("confsync_plan_changes", "us-03") not in by
    assert ("confsync_plan_success_timestamp_seconds", "us-03") not in by
    assert by["confsync_plan_up", "eu-01"] == 1
    assert by["confsync_plan_changes", "eu-01"] == 4
    assert by["confsync_plan_unknown", "eu-01"] == 1
    assert by["confsync_plan_changes", "staging-1"] == 0
    assert by["confsync_run_timestamp_seconds", None] == 1795822590
    (groups,) = {labels["groups"] for _, labels, _ in found if labels.get("target") == "eu-01"}
    assert groups == "all,production,eu"


def test_after_an_apply_what_is_left_counts() -> None:
    found = samples(rendered("prometheus", apply_document()))
    left = {labels["target"]: value for name, labels, value in found if "changes" in name}
    # Stored; stored with a difference; refused; skipped. Nobody knows about eu-04.
    assert (left["eu-01"], left["us-01"], left["eu-03"], left["eu-05"]) == (0, 1, 4, 4)
    assert "eu-04" not in left


def test_no_two_samples_have_the_same_labels() -> None:
    """Prometheus would take none of the file."""
    document = with_text(plan_document(), "same")
    found = [(name, *sorted(labels.items())) for name, labels, _ in samples_of(document)]
    assert len(found) == len(set(found))


def samples_of(document: dict[str, Any]) -> list[tuple[str, dict[str, str], float]]:
    return samples(rendered("prometheus", document))


def test_a_report_without_a_time_has_no_time() -> None:
    document = {**plan_document(), "generated_at": "yesterday"}
    assert "timestamp" not in rendered("prometheus", document)


# GitLab


def test_gitlab_gets_the_numbers_of_all_targets() -> None:
    found = plan_document(plans()[:6])
    assert json.loads(rendered("gitlab", found)) == {"create": 2, "update": 6, "delete": 2}


def test_gitlab_gets_no_numbers_that_are_not_the_whole() -> None:
    """The widget then says that the report could not be made."""
    assert json.loads(rendered("gitlab", plan_document())).keys() == {"error"}
    found = plan_document(plans()[:6])
    found["selection"] |= {"missing": [2], "shards": 3}
    assert json.loads(rendered("gitlab", found)).keys() == {"error"}


# GitHub


def test_github_gets_at_most_ten_annotations_of_each_kind_and_a_word_about_the_others() -> None:
    document = plan_document()
    findings = document["targets"][5]["objects"][0]["findings"]
    for severity, number in (("error", 12), ("warning", 40), ("note", 3)):
        one = {"severity": severity, "message": "m", "hint": "", "source": None}
        findings += [{**one, "rule": f"{severity}-{count}"} for count in range(number)]
    found = [(one.name, one.data) for one in commands(rendered("github", document))]
    kinds = [name for name, _ in found]
    assert [kinds.count(kind) for kind in ("error", "warning", "notice")] == [10, 10, 4]
    assert sum("more of this kind" in data for _, data in found) == 2
    assert ("error", "6 more of this kind, which GitHub would not show: see the summary") in found


def test_github_annotates_the_line_of_a_finding_with_its_targets() -> None:
    found = commands(rendered("github", plan_document()))
    (drop,) = [one for one in found if "drop-tls" in one.properties["title"]]
    assert drop.properties == {
        "file": "stores/mixed.yaml",
        "line": "3",
        "col": "10",
        "title": "confsync (drop-tls)",
    }
    assert drop.data.startswith("us-02: urls/0 (b) loses TLS")
    assert found[0].data.startswith("2 targets: us-03, us-04\n")


def test_github_annotates_a_problem_once_at_its_line() -> None:
    document = plan_document()
    place = {"file": "confsync.yaml", "line": 6, "column": 12}
    problem = {"rule": "secret-unavailable", "severity": "error", "message": "no", "hint": ""}
    document["targets"] = document["targets"][-1:]
    document["targets"][0]["error"]["problems"] = [{**problem, **place}]
    errors = [one for one in commands(rendered("github", document)) if one.name == "error"]
    assert [(one.properties["line"], one.data) for one in errors] == [("6", "us-04: no")]


def test_the_outputs_of_a_step_are_those_of_the_run() -> None:
    changed = planned("us-01", f"{REDIS}  timeout: 5s\n", OLD)
    same = replace(planned("us-01", REDIS, OLD), target=target("us-01"))
    assert outputs([changed]) == {
        "changed": "true",
        "digest": changed.digest,
        "restart_required": "yes",
        "pending": "true",
        "drift": "false",
    }
    assert outputs([same]) == {
        "changed": "false",
        "digest": same.digest,
        "restart_required": "no",
        "pending": "false",
        "drift": "false",
    }
    pool = planned("us-01", f"{REDIS}  poolMaxConnections: 5\n", OLD)
    assert outputs([changed, replace(pool, target=target("us-02"))])["drift"] == "true"
    lost = [one for one in plans() if isinstance(one, Failed)]
    assert outputs([same, *lost])["pending"] == ""
    document = plan_document([changed])
    del document["summary"]["base"]
    assert "drift" not in STEP["GITHUB_OUTPUT"](Document(document))
    secret = "  authSecret: {'@type': Value, secret: {env: REDIS_PASSWORD}}\n"
    cluster = "InMemoryStore:\n  '@type': RedisCluster\n  urls: [rediss://b.example.com]\n"
    live = {"@type": "RedisCluster", "urls": {"rediss://b.example.com": True}}
    live["authSecret"] = {"@type": "Value", "secret": CANARY}
    hidden = planned("us-01", f"{cluster}{secret}", live)
    assert outputs([hidden])["changed"] == "false"
    assert outputs([hidden])["pending"] == "true"


def test_a_secret_that_only_an_apply_needs_is_no_finding_of_a_report() -> None:
    for name in ("markdown", "html", "github"):
        assert "is not set" not in rendered(name, plan_document()), name


def test_targets_without_visible_changes_are_folded_where_there_are_others() -> None:
    hidden = "InMemoryStore:\n  '@type': Redis\n  url: {env: REDIS_URL}\n"
    one, same = planned("us-01", hidden, OLD), planned("us-02", REDIS, OLD)
    document = plan_document([one, replace(one, target=target("us-03")), same])
    for name in ("markdown", "html"):
        text = rendered(name, document)
        assert "3 targets: 2 without visible changes, 1 unchanged</summary>" in text, name
        assert "not comparable" not in text
        assert "not comparable" in rendered(name, plan_document([one])), name


def test_an_object_that_no_restart_needs_says_when_its_changes_take_effect() -> None:
    fact = "Takes effect when the server reloads its settings (apply --reload) or restarts."
    document = plan_document([planned("us-01", f"{REDIS}  timeout: 5s\n", OLD)])
    (found,) = document["targets"]
    assert fact not in rendered("markdown", document)
    found["objects"].append({**found["objects"][0], "object": "Http"})
    for name in ("markdown", "html"):
        assert f"Takes effect at restart. {fact}" in rendered(name, document), name
    applied = apply_document()
    stored = applied["targets"][0]
    stored["objects"][0]["object"], stored["restart"] = "Http", {"required": "no", "because": []}
    applied["targets"] = [stored]
    assert fact in rendered("markdown", applied)
    assert fact not in rendered("markdown", {**applied, "targets": [{**stored, "reload": "done"}]})


def test_the_advice_about_the_lock_out_is_there_once() -> None:
    for name in ("markdown", "html"):
        assert rendered(name, plan_document()).count("explain lock-out") == 1, name


def test_the_digest_of_a_run_is_in_its_outputs_and_its_comment() -> None:
    found = [planned("us-01", REDIS, OLD), planned("us-02", f"{REDIS}  timeout: 5s\n", OLD)]
    document = plan_document(found)
    assert outputs(found)["digest"] == document["digest"]
    text = rendered("markdown", document)
    assert f"\nDigest of the run `{document['digest']}`\n" in text
    assert "Digest of the run" not in rendered("markdown", plan_document(found[:1]))


def outputs(found: Any) -> dict[str, str]:  # noqa: ANN401 - plans
    text = STEP["GITHUB_OUTPUT"](Document(plan_document(found)))
    return dict(line.split("=", 1) for line in text.splitlines())
