"""A program that has loaded confsync, and ends a run of it in the middle for each line it reads.

A line is a job as JSON: `arguments`, `cwd`, `environ`, the files `out` and `err`, and where the run
is to be ended a `signal` and the seconds `after` which it comes. The answer is a line of JSON: the
exit status, negative for a signal that ended it, and how many seconds it took.

The run is a process of its own, a fork, which begins with `confsync.__main__.main` and ends as
Python ends; with `bare` it is `python -m confsync`, whose start can be interrupted as well.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import pkgutil
import signal
import sys
import time

import confsync
from confsync.__main__ import main as program

PATIENCE = 120
"""Seconds after which a run counts as hanging."""
HELD = {signal.SIGINT, signal.SIGTERM}


def main() -> None:
    """Serve jobs until standard input ends. What runs load late is loaded once, before."""
    for module in pkgutil.walk_packages(confsync.__path__, "confsync."):
        if not module.name.endswith("__main__"):
            __import__(module.name)
    __import__("deepdiff")
    gc.freeze()
    with os.fdopen(os.dup(1), "w") as answers:
        for line in sys.stdin:
            answers.write(json.dumps(ran(json.loads(line))) + "\n")
            answers.flush()


def ran(job: dict[str, object]) -> dict[str, object]:
    """What became of one run. It is not waited for before its signal is sent: its id stays its own
    until then, even if it has ended.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, HELD)
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        run(job)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)
    if "signal" in job:
        time.sleep(float(str(job["after"])))
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, int(str(job["signal"])))
    _, ended = os.waitpid(child, 0)
    seconds = time.monotonic() - start
    return {"status": os.waitstatus_to_exitcode(ended), "seconds": seconds}


def run(job: dict[str, object]) -> None:
    """In the child: become the run. Never returns."""
    signal.alarm(PATIENCE)
    # As in the foreground of a terminal, wherever the tests run.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    environ = {str(name): str(value) for name, value in dict(job["environ"]).items()}  # type: ignore[call-overload]  # from JSON
    arguments = [str(argument) for argument in list(job["arguments"])]  # type: ignore[call-overload]  # from JSON
    os.chdir(str(job["cwd"]))
    for number, name, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, str(job["out"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, str(job["err"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        os.dup2(os.open(name, flags, 0o600), number)
    if job.get("bare"):
        command = [sys.executable, "-m", "confsync", *arguments]
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)
        os.execve(sys.executable, command, environ)  # noqa: S606 - our own program
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = ["confsync", *arguments]
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)
    program()


if __name__ == "__main__":
    main()
