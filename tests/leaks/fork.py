"""A program that has loaded confsync, and runs it in a fork for each line that it reads.

argv[1] is the directory that confsync is loaded from. A line is a job as JSON: `arguments`, `cwd`,
`environ`, and the files `in`, `out` and `err`. The answer is a line with the exit status.
"""

from __future__ import annotations

import json
import os
import pkgutil
import signal
import sys

sys.path.insert(0, sys.argv[1])

import confsync
from confsync.cli import main as program

PATIENCE = 120
"""Seconds after which a run counts as hanging."""


def main() -> None:
    """Serve jobs until standard input ends. What runs load late is loaded once, before."""
    for module in pkgutil.walk_packages(confsync.__path__, "confsync."):
        if not module.name.endswith("__main__"):
            __import__(module.name)
    __import__("deepdiff")
    with os.fdopen(os.dup(1), "w") as answers:
        for line in sys.stdin:
            answers.write(f"{ran(json.loads(line))}\n")
            answers.flush()


def ran(job: dict[str, object]) -> int:
    """The status of one run in a child of its own, which is killed when it takes too long."""
    child = os.fork()
    if child == 0:
        os._exit(run(job))
    _, ended = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(ended)


def run(job: dict[str, object]) -> int:
    """In the child: what `python -m confsync` does, without the scrubber."""
    signal.alarm(PATIENCE)
    os.chdir(str(job["cwd"]))
    os.environ.clear()
    os.environ.update(dict(job["environ"]))  # type: ignore[call-overload]  # from JSON
    for number, name, flags in (
        (0, str(job["in"]), os.O_RDONLY),
        (1, str(job["out"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, str(job["err"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        os.dup2(os.open(name, flags, 0o600), number)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
    try:
        status = program.run(list(job["arguments"]), scrubbed=False)  # type: ignore[call-overload]  # from JSON
    except BaseException as error:  # noqa: BLE001 - nothing may leave: the test looks at it
        sys.stderr.write(f"{type(error).__name__} left the program: {error!r}")
        status = 99
    sys.stdout.flush()
    sys.stderr.flush()
    return status


if __name__ == "__main__":
    main()
