"""The page of apply's promises names the tests that hold them, and each of these exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

PROJECT = Path(__file__).parent.parent
PAGE = (PROJECT / "docs" / "apply.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def functions_of(file: str) -> set[str]:
    tree = ast.parse((PROJECT / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_each_of_the_eight_promises_names_tests_that_exist() -> None:
    promises = re.split(r"^\d\. ", PAGE.partition("## The promises")[2], flags=re.MULTILINE)[1:]
    assert len(promises) == 8
    for promise in promises:
        named = NAMED.findall(promise)
        assert named, promise
        for file, name in named:
            assert name in functions_of(file), f"{file}::{name}"
