"""Problems as code hosts take them: a path from the repository's root, a line, a fingerprint."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.report.printable import printable
from confsync.report.repository import from_root

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from confsync.errors import Problem


@dataclass(frozen=True)
class Located:
    """A problem, and where it is. `line`: 1 where the file as a whole is wrong.

    `fingerprint`: 128 bits in hexadecimal, the same in each run, and also where the problem's line
    moves. It is made of what is told, never of what stands in the file.
    """

    problem: Problem
    path: str
    line: int
    fingerprint: str

    @property
    def fact(self) -> str:
        """What is wrong, in one line."""
        return printable(self.problem.message)

    @property
    def hint(self) -> str:
        """What to do, in one line; may be empty."""
        return printable(self.problem.hint)

    @property
    def told(self) -> str:
        """What is wrong and what to do."""
        return f"{self.fact}\nhint: {self.hint}" if self.hint else self.fact


def located(problems: Sequence[Problem]) -> Iterator[Located]:
    """Where each problem is, in their order."""
    paths = from_root({problem.file for problem in problems})
    seen = Counter[tuple[str, str, str]]()
    for problem in problems:
        same = (paths[problem.file], problem.rule, problem.message)
        seen[same] += 1
        text = "\0".join((*same, str(seen[same])))
        digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
        yield Located(problem, paths[problem.file], max(problem.line, 1), digest[:32])
