"""The diff of `confsync fmt --check` tells nothing of a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from confsync.workflow.fmt import fmt
from confsync.workflow.targets import Asked

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("'a'", "'b'"),
        ("'a'", '"abcdefghijklmnop"'),
        ("'yes'", "'a'"),
        ("|\n        a", "|\n        a\n        b"),
        ("'a'", "|\n        a\n        b"),
        ("a b", "a\n        b"),
        ("[a]", "[b]"),
    ],
)
def test_a_diff_is_the_same_for_every_secret(tmp_path: Path, one: str, other: str) -> None:
    """Its length, its lines and the quotes that it needs included."""
    file = tmp_path / "a.yaml"
    shown = []
    for secret in (one, other):
        text = f"InMemoryStore:\n    '@type': Redis\n    secret: {secret}\n    timeout:  5s\n"
        file.write_text(text, encoding="utf-8")
        shown.append(fmt(Asked((str(file),)), write=False)[0].diff)
    assert shown[0] == shown[1]
    assert "    ****: " in shown[0]
