"""The line of a mistake: shown as far as it is harmless, with a caret at the right place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from confsync.errors import Excerpt, Problem
from confsync.masking.excerpt import excerpt
from confsync.report import PROBLEMS
from confsync.report.printable import Look
from confsync.report.problems import problems_text
from confsync.rules import rules
from confsync.workflow.validate import validate
from tests.leaks.planted import Canary

STORE = frozenset({"InMemoryStore"})
REFERENCES = ("env", "file", "command")
FEWER = max(10, settings.default.max_examples // 4) if settings.default else 10


def shown(line: str, column: int, told: str = "") -> tuple[str, str]:
    """The line as it is shown, and what stands at the caret and behind it."""
    found = excerpt(line, column, told, REFERENCES, STORE)
    assert found is not None
    return found.line, found.line[found.caret - 1 :]


@pytest.mark.parametrize(
    ("line", "at", "expected"),
    [
        ("  timeout: 10", "10", "  timeout: 10"),
        ("  timeout: 5 minutes # or more?", "5", "  timeout: 5 minutes"),
        ("  readFromReplicas: no", "no", "  readFromReplicas: no"),
        ("  protocolVersion: 3", "3", "  protocolVersion: 3"),
        ("  protocolVersion: word", "word", "  protocolVersion: ****"),
        ("  serviceName: ''", "''", "  serviceName: ''"),
        ("  secret: ''", "''", "  secret: ''"),
        ('  secret: ""', '""', '  secret: ""'),
        ("  secret: '' word", "''", "  secret: '' ****"),
        ("  poolMaxConnections: 5gb", "5gb", "  poolMaxConnections: 5gb"),
        ("  timout: 5gb", "5gb", "  timout: 5gb"),
        ("  timout: word", "word", "  timout: ****"),
        ("  pasword: 12345", "12345", "  pasword: ****"),
        ("  password: 12345", "12345", "  password: ****"),
        ("  secret: {env: 12345}", "{env", "  secret: {env: ****"),
        ("  url: redis://h:6379", "redis", "  url: redis://h:6379"),
        ("  url: 'redis://redis-1:6379/2'", "'redis", "  url: 'redis://redis-1:6379/2'"),
        ("  url: redis://h:6379/foo", "redis", "  url: redis://****"),
        ("  url: redis://h:6379@h", "redis", "  url: redis://****"),
        ("  url: redis://h:6379?x", "redis", "  url: redis://****"),
        ("  url: redis://longer-than-a-word:6379", "redis", "  url: redis://****"),
        ("  protocolVersion: RESP3", "RESP3", "  protocolVersion: RESP3"),
        ("  '@type': RedisClustr", "RedisClustr", "  '@type': RedisClustr"),
        ("    - redis://a.example.com:6379/1", "redis", "    - redis://a.example.com:6379/1"),
        ("    - http://a.example.com:6379", "http", "    - http://a.example.com:6379"),
        ("    - https://a.example.com/token", "https", "    - https://****"),
        ("    - http://u:word@a.example.com", "http", "    - http://****"),
        ("    - redis://[::1]:6379", "redis", "    - redis://[::1]:6379"),
        ("    redis://a.example.com: true", "redis", "    redis://a.example.com: true"),
        ("InMemoryStore: {'@type': Redis, timeout: 10}", "10}", None),
        ("\ttimeout: 10", "10", "\\x09timeout: 10"),
        ("  timeout:\u00a010", "timeout", "  timeout:\\xa010"),
        ("  secret: {env: NAME}", "{env", "  secret: {env: ****"),
        ("  secret: {env: NAME}", "NAME", "  secret: {env: ****"),
        ("  secret: true", "true", "  secret: ****"),
        ("  secret: 12345", "12345", "  secret: ****"),
        ("  secret: redis://h", "redis", "  secret: ****"),
        ("  secret: Default", "Default", "  secret: ****"),
        ("  secret: timeout", "timeout", "  secret: ****"),
        ("  secret: ,:=}]x", ",", "  secret: ****"),
        ("  secret: \u201cx\u201d", "\u201c", "  secret: ****"),
        ("  secret: - x", "-", "  secret: ****"),
        ("  secret: 10s, url: redis://a.b", "10s", "  secret: ****"),
        ("  authSecret: Value", "Value", "  authSecret: ****"),
        ("  secret: [10s]", "[", "  secret: [****"),
        ("  authSecret: 10s", "10s", "  authSecret: ****"),
        ("  url: redis://u:p@h", "redis", "  url: redis://****"),
        ("  url: redis://h?token=t", "redis", "  url: redis://****"),
        ("  url: redis://u:p", "redis", "  url: redis://****"),
        ("  url: redis://word", "redis", "  url: redis://****"),
        ("  timeout: word", "word", "  timeout: ****"),
        ("  timeout: 10s word", "10s", "  timeout: 10s ****"),
        ("  maxRetries: 1234567890123", "1234", "  maxRetries: ****"),
    ],
)
def test_a_line_is_shown_as_far_as_it_is_harmless(line: str, at: str, expected: str | None) -> None:
    text, behind = shown(line, line.index(at) + 1)
    assert text == (expected or line)
    assert behind.startswith(at if at in text else "****")


@pytest.mark.parametrize(
    "line",
    ["correct horse battery", "  - x", "  {x}", "  ? x", "  x: 1", "  \u6f22: 1", "   # x", ""],
)
def test_a_line_without_any_known_name_is_not_shown(line: str) -> None:
    assert excerpt(line, 3, "", REFERENCES, STORE) is None


def test_a_name_that_the_message_repeats_is_shown() -> None:
    assert excerpt("  evictionPolicy: lru", 3, "it has no field", (), STORE) is None
    assert shown("  evictionPolicy: lru", 3, "no field `evictionPolicy`")[0] == (
        "  evictionPolicy: ****"
    )


def test_of_a_key_that_the_message_repeats_only_a_harmless_value_is_shown() -> None:
    told = "no field `maxMemory`, `type`, `apiToken`, `evictionPolicy`"
    for line, expected in (
        ("  maxMemory: 5gb", "  maxMemory: 5gb"),
        ("  maxMemory: 1.5 GiB", "  maxMemory: 1.5 GiB"),
        ("  maxMemory: 123456", "  maxMemory: ****"),
        ("  maxMemory: ''", "  maxMemory: ''"),
        ("  type: Redis", "  type: Redis"),
        ("  type: word", "  type: ****"),
        ("  evictionPolicy: Redis", "  evictionPolicy: ****"),
        ("  apiToken: 12345", "  apiToken: ****"),
    ):
        assert shown(line, 3, told)[0] == expected


def test_no_line_is_shown_for_a_place_behind_the_mask() -> None:
    line = "  {authUsername: somebody, timeout: 10}"
    assert excerpt(line, line.index("timeout") + 1, "", REFERENCES, STORE) is None


PIECES = (
    *("timeout: ", "secret: ", "url: ", "{", "}", "[", "]", ", ", "- ", "'", '"', "env: ", "10s"),
    *("redis://", "@", ":", " ", "\t", "=", "#", "%", "&", "*", "!", "|", "<<: ", "'@type': "),
    *("Redis", "true", "null", "password: ", "\u00a0", "\u201c", "\u6f22", "\\", "urls:", "//"),
    *("authSecret: ", "command: [", "?token=", "0x", "1e", "PT", "${", "{{ ", "```", "<<<<<<< "),
)


@settings(max_examples=FEWER)
@given(st.lists(st.sampled_from(PIECES), max_size=8), st.lists(st.sampled_from(PIECES), max_size=4))
def test_a_secret_in_a_line_is_never_shown_nor_its_length(
    before: list[str], behind: list[str]
) -> None:
    """Wherever in a line it stands, also in one that is no YAML; comments are dropped."""
    start, end = "".join(before), "".join(behind)
    short, long = (Canary("line", length).plain for length in (20, 44))
    lines = [f"{start}{secret}{end}" for secret in (short, long)]
    for column in range(1, len(start) + 2):
        first, second = (excerpt(line, column, "", REFERENCES, STORE) for line in lines)
        assert first == second
        assert first is None or not {short[n : n + 6] for n in range(15)} & {
            first.line[n : n + 6] for n in range(len(first.line))
        }
    for line, secret in zip(lines, (short, long), strict=True):
        beyond = excerpt(line, len(start) + len(secret) + 1, "", REFERENCES, STORE)
        assert beyond is None or "#" in start


def test_every_example_is_shown_without_what_stands_in_a_secret_s_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = 0
    for wrong, _ in (pair for rule in rules().values() for pair in rule.examples):
        Path("store.yaml").write_text(wrong, encoding="utf-8", newline="")
        for problem in validate(["store.yaml"]):
            if problem.excerpt is not None:
                lines += 1
                assert "example" not in problem.excerpt.line.replace(".example.com", "")
                assert "my-password" not in problem.excerpt.line
    assert lines > 100


# How it is laid out


def told(line: str, caret: int) -> list[str]:
    problem = Problem("a.yaml", 1, 1, "x", "a fact", "a hint", excerpt=Excerpt(line, caret))
    return problems_text([problem], Look(people=True)).splitlines()


def test_the_line_stands_between_fact_and_hint() -> None:
    assert told("  timeout: 10", 12) == [
        "a.yaml:1:1: error: a fact [x]",
        "  1 |   timeout: 10",
        "    |            ^",
        "  hint: a hint",
        "",
    ]


@settings(max_examples=FEWER)
@given(st.integers(1, 400), st.data())
def test_a_long_line_is_cut_around_its_caret_at_80_columns(
    length: int, data: st.DataObject
) -> None:
    caret = data.draw(st.integers(1, length))
    line = "." * (caret - 1) + "X" + "." * (length - caret)
    _, text, mark, _, _ = told(line, caret)
    assert len(text) <= 80
    assert len(mark) <= 80
    assert text[mark.index("^")] in {"X", "…"}
    assert ("…" in text) == (length > 74)


def test_a_problem_without_a_line_to_show_keeps_its_form() -> None:
    problem = Problem("a.yaml", 0, 0, "x", "a fact", "a hint")
    told = "a.yaml: error: a fact [x]\n  hint: a hint\n\n"
    assert problems_text([problem], Look(people=True)) == told


def test_programs_get_no_line_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("InMemoryStore:\n  '@type': Redis\n  timeout: 10\n")
    problems = validate([str(file)])
    assert problems[0].excerpt is not None
    assert "excerpt" not in json.loads(PROBLEMS["json"]([str(file)], problems))["problems"][0]
    assert "  | " not in PROBLEMS["text"]([str(file)], problems)
