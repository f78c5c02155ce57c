"""docs/reports.md shows every format, and what it shows is what is written.

CONFSYNC_WRITE_CASES=1 writes it. Read it before it is kept.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from confsync import __version__
from confsync.report import PROBLEMS
from confsync.workflow.validate import validate

PAGE = Path(__file__).parent.parent.parent / "docs" / "reports.md"
FILE = "stores/in-memory.yaml"


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_page_shows_what_is_written(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = PAGE.read_text("utf-8")
    store = re.search(
        "`stores/in-memory.yaml`:\n\n```yaml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE
    )
    assert store is not None
    monkeypatch.chdir(tmp_path)
    Path("stores").mkdir()
    Path(FILE).write_text(store[1], "utf-8")
    problems = validate([FILE])
    assert len(problems) == 2
    written = PROBLEMS[name]([FILE], problems).replace(f'"{__version__}"', '"0.1.0"')
    shown = re.search(f"^## `{name}`\n\n```[a-z]+\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert shown is not None, f"{name} is not on the page"
    if os.environ.get("CONFSYNC_WRITE_CASES"):
        start, end = shown.span(1)
        PAGE.write_text(page[:start] + written + page[end:], "utf-8")
        return
    assert shown[1] == written


def test_the_table_of_the_page_lists_every_format() -> None:
    assert re.findall(r"^\| \[`([a-z]+)`\]", PAGE.read_text("utf-8"), re.MULTILINE) == list(
        PROBLEMS
    )
