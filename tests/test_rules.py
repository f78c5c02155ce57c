"""Every rule has a page, every page is true, and no two kinds of mistake are told alike."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import confsync
from confsync.kinds import RISKS, WARNINGS
from confsync.rules import Rule, rules
from confsync.sync.findings import RULE
from confsync.workflow.validate import validate
from tests.store.test_strict_reading import CASES, NAMES, expected

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(confsync.__file__).parent
PAGES = ROOT / "rules.md"
CONFIGS = Path(__file__).parent / "cases" / "config"
PROBLEM = re.compile(
    r"^(?:store|confsync)\.yaml[:0-9]*: error: (.*) \[([a-z0-9-]+)\]$", re.MULTILINE
)

NO_CASE = {
    "unreadable": "a case's store.yaml is a file that can be read",
    "not-formatted": "it is said by fmt, of files that are valid",
    "unwritable": "it is said by fmt, and takes a place that may not be written to",
    "stale-plan": "it is said by apply, of a plan that was made before",
    "allowance-expired": "it is said by plan and apply, of a day",
    "layer-discarded": "it takes two files",
    "same-server-twice": "it is a warning, of a confsync.yaml that is valid",
    "shared-redis": "it takes two targets",
    "pem-file": "it is a warning, of a confsync.yaml that is valid",
    "unused-layer": "it takes two files",
    "unencrypted-server": "it is a warning, of a confsync.yaml that is valid",
    "ignored-replaced": "it is said by plan and apply, of a server",
    "invalid-plan": "it is said by import, of a plan of stalwart-cli",
    "not-imported": "it is a warning of import",
    "import-note": "it is a warning of import",
    "fill-in": "it is a warning, and said by pull",
    "lock-out": "it is a topic, not a rule",
    "drift": "it is a topic, not a rule",
    "digest": "it is a topic, not a rule",
    "exit-status": "it is a topic, not a rule",
    "uneditable": "it is said by pull, of files that are valid",
    "secret-unavailable": "it is said by plan and apply, of the place where they run",
    "hidden-secrets": "it is said by plan and apply, of a server",
    "guessable-secret": "it is a warning beside plaintext-secret, or of the place where they run",
    "sharded-needs-enterprise": "it is said by plan and apply, of a server",
    "mixed-tls": "it is a warning",
    "ignored-credentials": "it is a warning",
    "plaintext-transport": "it is a warning",
    "sentinel-port": "it is a warning",
    "unbounded-wait": "it is a warning",
    "crossed-retry-waits": "it is a warning",
    "world-readable-secret-file": "it is a warning",
    "change-variant": "it is said by plan and apply, of a change",
    "resize-shards": "it is said by plan and apply, of a change",
    "reorder-shards": "it is said by plan and apply, of a change",
    "change-database": "it is said by plan and apply, of a change",
    "change-server": "it is said by plan and apply, of a change",
    "remove-secret": "it is said by plan and apply, of a change",
    "kept-secret-elsewhere": "it is said by plan and apply, of a change",
    "drop-tls": "it is said by plan and apply, of a change",
    "resets-unknown": "it is said by plan and apply, of a change",
    "unknown-on-server": "it is said by plan and apply, of a newer server",
    "missing-on-server": "it is said by plan and apply, of an older server",
    "schema-file": "it is about confsync.schema.json",
}
"""The rules that no file in tests/cases/invalid can show, and why."""

# Where a rule stands among the arguments of what is called.
PLACES = {
    "Mistake": 0,
    "Complaint": 0,
    "Problem": 3,
    "Finding": 0,
    "_problem": 1,
    "_unreadable": 1,
    "_problem_after": 2,
}


def raised_by_stores() -> dict[str, list[tuple[str, str]]]:
    """The rules that store files break in cases, each with the messages it was seen with."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name in NAMES:
        for message, rule in PROBLEM.findall(expected(name)):
            found.setdefault(rule, []).append((name, message))
    return found


def raised() -> dict[str, list[tuple[str, str]]]:
    """The same with those of `confsync.yaml`."""
    found = raised_by_stores()
    for case in CONFIGS.glob("*/expected.txt"):
        for message, rule in PROBLEM.findall(case.read_text(encoding="utf-8")):
            found.setdefault(rule, []).append((case.parent.name, message))
    return found


def rules_in_code() -> Iterator[tuple[str, str]]:
    """Every rule that a call in the code names, with the module."""
    for path in sorted(ROOT.rglob("*.py")):
        module = path.relative_to(ROOT).as_posix()
        if module.startswith(("sandbox/", "report/")):
            continue
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.Module):
                yield from ((module, rule) for rule in rules_of(function))


def rules_of(function: ast.FunctionDef | ast.Module) -> Iterator[str]:
    """The rules in the calls of a function, also where a variable holds one."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            name = node.func.id if isinstance(node.func, ast.Name) else name
            place = PLACES.get(name)
            # `Problem(*place, rule, …)` gives three arguments at once.
            if any(isinstance(argument, ast.Starred) for argument in node.args[:1]):
                place = 1
            if place is not None and len(node.args) > place:
                rule = node.args[place]
                if isinstance(rule, ast.Constant) and isinstance(rule.value, str):
                    yield rule.value
                elif isinstance(rule, ast.Name):
                    yield from values_of(rule.id, function)


def values_of(name: str, function: ast.FunctionDef | ast.Module) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = (
                    zip(target.elts, node.value.elts, strict=True)
                    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
                    else [(target, node.value)]
                )
                yield from (
                    value.value
                    for part, value in pairs
                    if isinstance(part, ast.Name)
                    and part.id == name
                    and isinstance(value, ast.Constant)
                    and isinstance(value.value, str)
                )


def test_every_rule_that_code_can_raise_has_a_page() -> None:
    found = {rule for _, rule in rules_in_code()} | {*RISKS, *WARNINGS, RULE}
    assert len(found) > 80
    assert not found - set(rules())
    assert set(raised()) <= set(rules())


def test_every_page_is_of_a_rule_that_a_case_raises() -> None:
    assert set(rules()) - set(raised()) == set(NO_CASE)


def test_no_id_stands_for_two_rules() -> None:
    ids = re.findall(r"^## (.*)$", PAGES.read_text(encoding="utf-8"), re.MULTILINE)
    assert ids == [*rules()]
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule) for rule in ids)


def test_more_than_sixty_kinds_of_mistakes_have_cases() -> None:
    assert len(raised()) > 60


def blanked(message: str) -> str:
    """A message without its names and numbers: what is left is what it says."""
    known = r"(InMemoryStore|Default|Sharded|Redis[A-Za-z]*|Value|EnvironmentVariable|None|File)"
    path = r"[a-z]+[A-Z]?[A-Za-z]*(/[A-Za-z0-9]+)+|^[a-z]+[A-Z]?[A-Za-z]*(?= )"
    for pattern in (r"`[^`]*`", r"\d+[a-z]*", rf"\b{known}\b", path):
        message = re.sub(pattern, "_", message)
    return message


def test_no_two_kinds_of_mistakes_share_a_message() -> None:
    said: dict[str, set[str]] = {}
    for rule, seen in raised_by_stores().items():
        for _, message in seen:
            said.setdefault(blanked(message), set()).add(rule)
    assert not {message: rules for message, rules in said.items() if len(rules) > 1}


EXAMPLES = [(rule, *pair) for rule in rules().values() for pair in rule.examples]


@pytest.mark.parametrize(
    ("rule", "wrong", "right"), EXAMPLES, ids=lambda value: getattr(value, "id", "")
)
def test_the_examples_of_a_page_are_wrong_and_right(
    rule: Rule, wrong: str, right: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("wrong.yaml").write_text(wrong, encoding="utf-8", newline="")
    Path("right.yaml").write_text(right, encoding="utf-8", newline="")
    assert {problem.rule for problem in validate(["wrong.yaml"])} == {rule.id}
    assert validate(["right.yaml"]) == ()


def test_every_rule_that_a_file_can_show_has_examples() -> None:
    shown = {rule for rule, seen in raised_by_stores().items() if seen} - {*NO_CASE}
    assert {rule.id for rule in rules().values() if not rule.examples} & shown <= {"not-utf-8"}


def test_a_page_is_plain_sentences() -> None:
    for rule in rules().values():
        assert not rule.title.endswith(".")
        assert all(paragraph.endswith(".") for paragraph in rule.meaning)
        assert rule.why.endswith(".")


CANNOT_BE_A_CASE = {
    "missing": ("no-such-file", "no such file"),
    "directory": ("unreadable", "is a directory, not a store file"),
    "forbidden": ("unreadable", "cannot be read: permission denied"),
    "loop": ("unreadable", "cannot be read"),
    "large": ("too-large", "is larger than 64 KiB"),
    "many": ("too-large", "more than 10,000 keys and values"),
}


@pytest.mark.parametrize("kind", CANNOT_BE_A_CASE)
def test_what_cannot_be_a_case_is_told_too(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "store.yaml"
    match kind:
        case "directory":
            file.mkdir()
        case "forbidden":
            file.touch(mode=0o000)
            if os.access(file, os.R_OK):
                pytest.skip("root may read everything")
        case "loop":
            file.symlink_to(file)
        case "large":
            file.write_text("#" * (64 * 1024 + 1))
        case "many":
            file.write_text(f"InMemoryStore: [{'0,' * 10_000}]\n")
        case _:
            assert kind == "missing"
    (problem,) = validate([str(file)])
    assert (problem.rule, problem.message) == CANNOT_BE_A_CASE[kind]
    assert problem.hint


def test_every_mistake_has_a_file_that_follows_its_hint() -> None:
    """It is valid, and not the same."""
    for name in NAMES:
        if not expected(name):
            continue
        store, fixed = (CASES / name / file for file in ("store.yaml", "fixed.yaml"))
        assert fixed.exists(), name
        assert fixed.read_bytes() != store.read_bytes(), name
        assert validate([str(fixed)]) == (), name
