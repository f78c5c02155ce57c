"""Problems for code hosts: with paths from the repository's root, and fingerprints."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from confsync.report.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from confsync.errors import Problem


@dataclass(frozen=True)
class Located:
    """A problem with its path and line, 1 for the file as a whole.

    `told`: the message, and the hint in a second line. `fingerprint`: 128 bits in hexadecimal, made
    of path, rule and message. It is equal in each run, and stays if the line moves.
    """

    problem: Problem
    path: str
    line: int
    told: str
    fingerprint: str


def located(problems: Sequence[Problem]) -> Iterator[Located]:
    """Each problem with its place, in their order."""
    paths = from_root({problem.file for problem in problems})
    seen = Counter[tuple[str, str, str]]()
    for problem in problems:
        path = paths[problem.file]
        same = (path, problem.rule, problem.message)
        seen[same] += 1
        text = "\0".join((*same, str(seen[same])))
        digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
        hint = f"\nhint: {printable(problem.hint)}" if problem.hint else ""
        told = printable(problem.message) + hint
        yield Located(problem, path, max(problem.line, 1), told, digest[:32])


def from_root(files: Iterable[str]) -> Mapping[str, str]:
    """Paths from the root of the repository around the working directory, or without one from the
    working directory. An absolute path to another place stays.
    """
    try:
        here = Path.cwd()
        parents = (here, *here.parents)
        root = next((folder for folder in parents if (folder / ".git").exists()), here)
        return {file: _from(root, here, file) for file in files}
    except (OSError, ValueError):
        return {file: file for file in files}


def _from(root: Path, here: Path, file: str) -> str:
    named = Path(os.path.normpath(here / file))
    for path in (named, named.parent.resolve() / named.name):
        if path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return file if Path(file).is_absolute() else os.path.relpath(named, root)
