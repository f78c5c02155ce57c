"""Validates each file of a directory, in the order of their names, and tells what that took.

A process of its own, because the peak of a process's memory never comes down. On standard output:
for each file its name, the CPU time of its longest step as a multiple of the baseline's, and the
peak so far in MB. The baseline validates an ordinary file of the largest size that is allowed.
"""

from __future__ import annotations

import json
import resource
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from confsync.report import PROBLEMS
from confsync.workflow.validate import validate
from tests.pace import Baseline

if TYPE_CHECKING:
    from confsync.errors import Problem

MANY = 9000
"""Problems from which on rendering them is weighed too."""


def main(directory: str, ordinary: str, limit: str) -> None:
    baseline = Baseline(partial(validate, [ordinary]))
    for path in sorted(Path(directory).iterdir()):
        files = [str(path)]
        problems: list[Problem] = []

        def check(files: list[str] = files, problems: list[Problem] = problems) -> None:
            problems[:] = validate(files)

        longest = baseline.times(check, float(limit))
        for render in PROBLEMS.values() if len(problems) > MANY else ():
            step = partial(render, files, problems)
            longest = max(longest, baseline.times(step, float(limit)))
        sys.stdout.write(f"{json.dumps([path.name, longest, peak()])}\n")


def peak() -> float:
    """The most memory so far, in MB. On Linux `ru_maxrss` begins with that of the process which
    started this one, so the kernel is asked for this program's own.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / (1 << 10)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20 if sys.platform == "darwin" else 1 << 10)


if __name__ == "__main__":
    main(*sys.argv[1:])
