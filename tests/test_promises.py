"""Each promise of docs/apply.md has tests, listed in docs/development/promises.md."""

from __future__ import annotations

import ast
import re
from pathlib import Path

PROJECT = Path(__file__).parent.parent
PROMISES = (PROJECT / "docs/apply.md").read_text(encoding="utf-8")
TESTS = (PROJECT / "docs/development/promises.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def functions_of(file: str) -> set[str]:
    tree = ast.parse((PROJECT / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_each_promise_names_tests_that_exist() -> None:
    promised = re.findall(r"^(\d\. )\*\*(.*)\*\*", PROMISES, re.MULTILINE)
    listed = re.findall(r"^(\d\. )(.*)\n((?: +- .*\n)+)", TESTS, re.MULTILINE)
    assert len(promised) == 8
    assert [(number, promise) for number, promise, _ in listed] == promised
    for file, name in NAMED.findall(TESTS):
        assert name in functions_of(file), f"{file}::{name}"
    for _, promise, tests in listed:
        assert NAMED.findall(tests), promise
