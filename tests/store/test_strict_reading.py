"""What is wrong with a file is told: each folder of tests/cases/invalid is a mistake and its words.

`store.yaml` is read as `confsync validate store.yaml` reads it; `expected.txt` holds every problem
as it is printed there, and is empty where the file is accepted. `fixed.yaml` is the file after
somebody followed the hints: tests/test_rules.py checks that it is valid.

CONFSYNC_WRITE_CASES=1 writes what is expected. Read it before it is kept.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from confsync.errors import Problem
from confsync.report.problems import problems_text
from confsync.workflow.validate import validate
from confsync.yaml.read import content

CASES = Path(__file__).parent.parent / "cases" / "invalid"
NAMES = sorted(case.name for case in CASES.iterdir())
SECRET = re.compile("correct.horse", re.IGNORECASE)
# A fact and a hint start with a small letter, or with a name.
FACT = re.compile(
    r"store\.yaml(:[1-9][0-9]*(:[1-9][0-9]*)?)?: error: "
    r"([^A-Z]|YAML |[A-Z][A-Za-z]+ (has|is|must|cannot) ).*[^.] \[[a-z0-9-]+\]"
)
HINT = re.compile(r"  hint: ([^A-Z]|Stalwart ).*[^.]")


def expected(name: str) -> str:
    return (CASES / name / "expected.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_mistake_is_told_in_exactly_these_words(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(CASES / name)
    text = problems_text(validate(["store.yaml"]))
    if os.environ.get("CONFSYNC_WRITE_CASES"):
        Path("expected.txt").write_text(text, encoding="utf-8")
    assert text == expected(name)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_told_has_one_form_and_no_secret(name: str) -> None:
    text = expected(name)
    assert not SECRET.search(text)
    lines = text.splitlines()
    for fact, hint in zip(lines[::2], lines[1::2], strict=True):
        assert FACT.fullmatch(fact)
        assert HINT.fullmatch(hint)
    assert name.startswith("accepted-") == (text == "")


@pytest.mark.parametrize("name", NAMES)
def test_problems_stand_in_the_order_of_the_lines(name: str) -> None:
    places = [
        tuple(int(number) for number in match[1].split(":") if number)
        for match in re.finditer(r"^store\.yaml((?::[0-9]+)*): error", expected(name), re.MULTILINE)
    ]
    assert places == sorted(places)


@pytest.mark.process
def test_one_run_over_all_files_tells_of_each_file_what_a_run_of_its_own_tells() -> None:
    files = [f"{name}/store.yaml" for name in NAMES]
    done = subprocess.run(
        [sys.executable, "-m", "confsync", "validate", *files],
        cwd=CASES,
        capture_output=True,
        check=False,
        timeout=300,
        stdin=subprocess.DEVNULL,
    )
    assert (done.returncode, done.stderr) == (1, b"")
    wanted = [expected(name).replace("store.yaml", f"{name}/store.yaml") for name in NAMES]
    errors = sum(text.count(": error: ") for text in wanted)
    total = f"{len(NAMES)} files checked, {errors} errors.\n"
    assert done.stdout.decode() == "".join([*wanted, total])


def test_a_file_that_cannot_be_opened_among_so_many_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: b\n")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        found = content(str(path))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert isinstance(found, Problem)
    assert (found.message, found.hint) == (
        "cannot be read: too many files are open",
        "raise `ulimit -n`",
    )
