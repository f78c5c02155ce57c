"""Runs of confsync without starting Python for each: forks of a process that has loaded it.

As a program: argv[1] is the directory that confsync is loaded from; each line of standard input is
a job as JSON, each line of standard output what became of it.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import pkgutil
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PATIENCE = 120
"""Seconds after which a run counts as hanging."""
HELD = {signal.SIGINT, signal.SIGTERM}
STORE = "InMemoryStore:\n  url: {env: A}\n  timeout: 5\n  authSecret: {unknown: B}\n"
"""A file with mistakes, whose lines are shown."""
LEFT = "left the program"
"""Said on standard error where an exception leaves an unscrubbed run."""


class Job(NamedTuple):
    """A run: `python -m confsync`. `bare` starts Python for it.

    What it writes goes to the files `out` and `err`, or to pipes and into the answer.

    Without `scrubbed`, the command line runs as the Python function that it is, without the
    scrubber. `signal` is sent `after` some seconds.
    """

    arguments: Sequence[str]
    cwd: str
    environ: Mapping[str, str]
    out: str | None = None
    err: str | None = None
    given: str = os.devnull
    scrubbed: bool = True
    bare: bool = False
    signal: int | None = None
    after: float = 0.0


class Ended(NamedTuple):
    """How a run ended (a negative status: by that signal), and what came through the pipes."""

    status: int
    seconds: float
    out: bytes
    err: bytes


class Fork:
    """The process that forks. A context manager; one run at a time."""

    def __init__(self, root: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", __file__, str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def start(self, job: Job) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()

    def over(self) -> bool:
        """Whether a run that was started has ended."""
        assert self._process.stdout is not None
        return bool(select.select([self._process.stdout], [], [], 0)[0])

    def ended(self) -> Ended:
        """Wait for a started run."""
        assert self._process.stdout is not None
        status, seconds, *streams = json.loads(self._process.stdout.readline())
        return Ended(status, seconds, *(text.encode("latin-1") for text in streams))

    def run(self, job: Job) -> Ended:
        self.start(job)
        return self.ended()


def serve() -> None:
    """Serve jobs until standard input ends. Modules that runs load late are loaded once, before."""
    sys.path.insert(0, sys.argv[1])
    import confsync  # noqa: PLC0415 - from that directory

    for module in pkgutil.walk_packages(confsync.__path__, "confsync."):
        if not module.name.endswith("__main__"):
            __import__(module.name)
    # httpx loads httpcore, and that h11, only for its first connection.
    for name in ("deepdiff", "httpcore", "pydantic"):
        __import__(name)
    warm()
    gc.freeze()
    with os.fdopen(os.dup(1), "w") as answers:
        for line in sys.stdin:
            answers.write(json.dumps(ran(Job(*json.loads(line)))) + "\n")
            answers.flush()


def warm() -> None:
    """Fill what a first run fills: patterns, tables, the list of resolvers."""
    from confsync.cli.main import run  # noqa: PLC0415 - from that directory

    with (
        tempfile.NamedTemporaryFile("w", suffix=".yaml") as file,
        os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        file.write(STORE)
        file.flush()
        for command in (("validate",), ("plan", "--url", "http://127.0.0.1:1")):
            run([*command, file.name], scrubbed=False)


def ran(job: Job) -> tuple[int, float, str, str]:
    """Fork a run. It is not waited for before its signal is sent, so that its id stays its own."""
    pipes = {} if job.out else {1: os.pipe(), 2: os.pipe()}
    signal.pthread_sigmask(signal.SIG_BLOCK, HELD)
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        for number, (reading, writing) in pipes.items():
            os.dup2(writing, number)
            os.close(reading)
            os.close(writing)
        become(job)
    for _, writing in pipes.values():
        os.close(writing)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)
    if job.signal is not None:
        time.sleep(job.after)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, job.signal)
    written = drained([reading for reading, _ in pipes.values()])
    _, ended = os.waitpid(child, 0)
    status, seconds = os.waitstatus_to_exitcode(ended), time.monotonic() - start
    out, err = written or (b"", b"")
    return status, seconds, out.decode("latin-1"), err.decode("latin-1")


def drained(pipes: Sequence[int]) -> list[bytes]:
    """Read some pipes to their ends."""
    written = dict.fromkeys(pipes, b"")
    left = set(pipes)
    while left:
        for pipe in select.select(left, [], [])[0]:
            piece = os.read(pipe, 65536)
            written[pipe] += piece
            if not piece:
                left.remove(pipe)
                os.close(pipe)
    return list(written.values())


def become(job: Job) -> None:
    """In the child: become the run. Never returns."""
    signal.alarm(PATIENCE)
    # As in the foreground of a terminal, wherever the tests run.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.chdir(job.cwd)
    for number, name, flags in (
        (0, job.given, os.O_RDONLY),
        (1, job.out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, job.err, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        if name is not None:
            os.dup2(os.open(name, flags, 0o600), number)
    # A signal between an open and its `with` leaves the file to the garbage collector.
    if job.signal is not None:
        warnings.simplefilter("ignore", ResourceWarning)
    if job.bare:
        unclosed = "ignore::ResourceWarning" if job.signal else "error::ResourceWarning"
        warned = ("-W", "error", "-W", unclosed)
        command = [sys.executable, *warned, "-m", "confsync", *job.arguments]
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)
        os.execve(sys.executable, command, dict(job.environ))  # noqa: S606 - our own program
    os.environ.clear()
    os.environ.update(job.environ)
    sys.argv = ["confsync", *job.arguments]
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)
    if job.scrubbed:
        from confsync.__main__ import main  # noqa: PLC0415 - from that directory

        try:
            main()
        except SystemExit as ended:
            leave(ended)
    os._exit(unscrubbed(job.arguments))


def leave(ended: SystemExit) -> None:
    """Exit as Python does, but leave the objects to the system: to free each of them copies all
    pages that the fork shares, which takes ten times as long as a run of `--version`.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(ended.code if isinstance(ended.code, int) else int(ended.code is not None))


def unscrubbed(arguments: Sequence[str]) -> int:
    from confsync.cli.main import run  # noqa: PLC0415 - from that directory

    try:
        status = run(list(arguments), scrubbed=False)
    except BaseException as error:  # noqa: BLE001 - nothing may leave: the test looks at it
        sys.stderr.write(f"{type(error).__name__} {LEFT}: {error!r}")
        status = 99
    sys.stdout.flush()
    sys.stderr.flush()
    return status


if __name__ == "__main__":
    serve()
