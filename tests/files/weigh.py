"""Validates each file of a directory, in the order of their names, and tells what that took.

A process of its own, because the peak of a process's memory never comes down. On standard output:
for each file its name, the longest step in seconds of CPU, the peak so far in MB.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from itertools import pairwise
from pathlib import Path

from confsync.report import PROBLEMS
from confsync.workflow.validate import validate

MANY = 9000
"""Problems from which on rendering them is weighed too."""


def main(directory: str) -> None:
    for path in sorted(Path(directory).iterdir()):
        steps = [time.process_time()]
        problems = validate([str(path)])
        steps.append(time.process_time())
        for render in PROBLEMS.values() if len(problems) > MANY else ():
            render([str(path)], problems)
            steps.append(time.process_time())
        longest = max(end - start for start, end in pairwise(steps))
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
