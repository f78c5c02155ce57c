"""No file, however it is made, ends a validation otherwise than in problems, or makes it slow."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from confsync.report import PROBLEMS
from confsync.workflow.validate import validate
from tests.pace import Baseline
from tests.yaml.bombs import BOMBS, SIZE
from tests.yaml.drawn import documents

if TYPE_CHECKING:
    from confsync.errors import Problem

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
DOCUMENTS = 1_000_000 if LONG else 20_000
PARTS = 40 if LONG else 8
"""Tests that share the documents, so that they run side by side."""
LIMIT = 12.0
"""CPU time as a multiple of the baseline: validating `ORDINARY` on the same machine."""
ORDINARY = BOMBS["URLs"]
"""A valid store as large as a file may be."""
MEGABYTES = 150
RENDERED_EVERY = 20

FACT = re.compile("[^\x00-\x1f\x7f-\x9f]+")
RULE = re.compile("[a-z0-9]+(-[a-z0-9]+)*")
WEIGH = Path(__file__).with_name("weigh.py")
ROOT = WEIGH.parent.parent.parent


@pytest.mark.parametrize("part", range(PARTS))
def test_no_document_that_chance_draws_breaks_a_promise(part: int, tmp_path: Path) -> None:
    """A million documents in the long profile, others each time."""
    seed = random.SystemRandom().randrange(10**9) if LONG else part
    file = tmp_path / "store.yaml"
    ordinary = tmp_path / "ordinary.yaml"
    ordinary.write_bytes(ORDINARY)
    baseline = Baseline(lambda: validate([str(ordinary)]))
    for number, content in enumerate(documents(seed, DOCUMENTS // PARTS)):
        # Some file systems wait for the disk where a file is written over.
        file.unlink(missing_ok=True)
        file.write_bytes(content)
        start = time.process_time()
        broken = broken_promise(str(file), content, render=number % RENDERED_EVERY == 0)
        if not broken and time.process_time() - start > baseline.seconds:
            times = baseline.times(lambda: everything(str(file)), LIMIT)
            broken = f"it takes {times:.1f} times the baseline" if times > LIMIT else ""
        assert not broken, f"document {number} of seed {seed}: {broken}: {content[:2000]!r}"


def broken_promise(file: str, content: bytes, *, render: bool) -> str:
    """What is wrong with how a file is treated; nothing where all is well."""
    try:
        problems = everything(file) if render else validate([file])
    except Exception as error:  # noqa: BLE001 - any at all: a file that is wrong is no exception
        return f"{type(error).__name__} is raised, {error}"
    lines = content.count(b"\n") + content.count(b"\r") + 1
    odd = [problem for problem in problems if not sound(problem, file, lines)]
    return f"this is no sound problem: {odd[0]}" if odd else ""


def everything(file: str) -> tuple[Problem, ...]:
    """The problems of a file, each renderer tried on them."""
    problems = validate([file])
    for write in PROBLEMS.values():
        write([file], problems).encode("utf-8")
    return problems


def sound(problem: Problem, file: str, lines: int) -> bool:
    place = 0 <= problem.line <= lines and 0 <= problem.column <= SIZE + 1
    words = FACT.fullmatch(problem.message) and FACT.fullmatch(problem.hint)
    return bool(problem.file == file and place and words and RULE.fullmatch(problem.rule))


@pytest.mark.parametrize("part", range(2))
def test_no_bomb_takes_much_longer_than_an_ordinary_file_or_more_than_150_mb(
    part: int, tmp_path: Path
) -> None:
    names = list(BOMBS)[part::2]
    bombs, ordinary = tmp_path / "bombs", tmp_path / "ordinary.yaml"
    bombs.mkdir()
    ordinary.write_bytes(ORDINARY)
    for name in names:
        (bombs / name).write_bytes(BOMBS[name])
    done = subprocess.run(
        [sys.executable, str(WEIGH), str(bombs), str(ordinary), str(LIMIT)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    weighed = [json.loads(line) for line in done.stdout.splitlines()]
    assert [name for name, _, _ in weighed] == sorted(names)
    assert not {name: times for name, times, _ in weighed if times > LIMIT}
    assert not {name: peak for name, _, peak in weighed if peak > MEGABYTES}


def test_bombs_are_as_large_as_a_file_may_be() -> None:
    sizes = {name: len(content) for name, content in BOMBS.items()}
    assert max(sizes.values()) == SIZE + 1
    assert sum(size > 0.9 * SIZE for size in sizes.values()) > 100


def test_the_same_seed_draws_the_same_documents_and_another_one_others() -> None:
    first, again, other = (list(documents(seed, 200)) for seed in (1, 1, 2))
    assert first == again
    assert len({*first, *other}) > 350
    assert sum(content.isascii() for content in first) > 100


def test_what_is_drawn_is_sometimes_valid_and_mostly_not(tmp_path: Path) -> None:
    file = tmp_path / "store.yaml"
    found: list[str] = []
    valid = 0
    for content in documents(0, 1000):
        file.write_bytes(content)
        rules = {problem.rule for problem in validate([str(file)])}
        valid += not rules
        found += rules
    assert 20 < valid < 500
    assert len(set(found)) > 12
