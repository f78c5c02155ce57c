"""What a pull writes, case by case: `live.json` over `before.yaml` gives `after.yaml`.

`below.yaml` is a layer under it, `environment.json` the variables that are set, and `said.txt` what
is said of it. A case without `after.yaml` is refused, and its file stays as it is.

CONFSYNC_WRITE_CASES=1 writes `said.txt`, and `after.yaml` if it exists. Read it before it is kept.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from confsync.errors import ConfsyncError, InvalidFiles
from confsync.report.file_results import diff_text, pulled_text
from confsync.report.problems import problems_text
from confsync.workflow.pull import pull
from tests.states import completed
from tests.workflow.stored import session

CASES = Path(__file__).parent / "pull"
NAMES = sorted(path.name for path in CASES.iterdir())


def read(case: Path, name: str, default: Any) -> Any:  # noqa: ANN401 - plain JSON
    file = case / name
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else default


def said(directory: Path, case: Path) -> str:
    """Run a pull in a directory, and what it says."""
    stored = completed(read(case, "live.json", {}))
    files = [name for name in ("below.yaml", "before.yaml") if (directory / name).exists()]
    files += [] if "before.yaml" in files else ["before.yaml"]
    environment = read(case, "environment.json", {})
    try:
        shown = pull(files, session(stored), environment=environment, write=False)
        pulled = pull(files, session(stored), environment=environment)
    except InvalidFiles as invalid:
        return problems_text(invalid.problems)
    except ConfsyncError as error:
        return f"{error}\n"
    assert shown == pulled
    return f"{problems_text(pulled.fill_in)}{pulled_text(pulled)}{diff_text([pulled])}"


@pytest.mark.parametrize("name", NAMES)
def test_a_case(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = CASES / name
    for file in ("below.yaml", "before.yaml"):
        if (case / file).exists():
            (tmp_path / file).write_bytes((case / file).read_bytes())
    monkeypatch.chdir(tmp_path)
    text = said(tmp_path, case)
    expected = [case / name for name in ("after.yaml", "before.yaml") if (case / name).exists()]
    written = tmp_path / "before.yaml"
    if os.environ.get("CONFSYNC_WRITE_CASES"):
        (case / "said.txt").write_text(text, encoding="utf-8")
        if (case / "after.yaml").exists():
            (case / "after.yaml").write_bytes(written.read_bytes())
    assert written.exists() == bool(expected)
    if expected:
        assert written.read_bytes() == expected[0].read_bytes()
    assert text == (case / "said.txt").read_text(encoding="utf-8")
    assert "Canary" not in text
    if (case / "below.yaml").exists():
        assert (tmp_path / "below.yaml").read_bytes() == (case / "below.yaml").read_bytes()


def test_there_are_cases() -> None:
    assert len(NAMES) > 25
