"""The built-in resolvers: `{env: NAME}`, `{file: PATH}` and `{command: [PROGRAM, ARGUMENT, …]}`."""

from __future__ import annotations

import os
import re
import signal
import time
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from confsync.disk.read import NotRegular, read_regular
from confsync.secrets.resolver import MAX_BYTES, Moment, Unavailable, text_of
from confsync.sync.secret import Form

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from subprocess import Popen

    from confsync.sync.secret import Ref

_PIECE = 4096

_RUNNING: set[Popen[bytes]] = set()
"""The programs that `Command` runs, in any thread."""


def end_commands() -> None:
    """Kill the programs that references run in threads, which no signal reaches."""
    for process in tuple(_RUNNING):
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def running(start: Callable[[], Popen[bytes]]) -> Iterator[Popen[bytes]]:
    """A program that leads a session of its own; at the end it and its children are killed. Raises
    RuntimeError without a thread, and the errors of `start`.
    """
    from concurrent.futures import Future  # noqa: PLC0415
    from threading import Thread  # noqa: PLC0415

    future: Future[Popen[bytes]] = Future()

    def work() -> None:
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(start())
            except BaseException as error:  # noqa: BLE001 - raised by the thread of the caller
                future.set_exception(error)

    try:
        # In a thread: an interrupt raised inside of the start would leave the program running.
        Thread(target=work, name="confsync-start").start()
        process = future.result()
        _RUNNING.add(process)
        yield process
    finally:
        # An interrupt may have come before the thread began, which then starts nothing.
        if not future.cancel() and future.exception() is None:
            process = future.result()
            _RUNNING.discard(process)
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            with process:
                pass


class Env:
    """Read an environment variable of confsync."""

    form = Form(
        "a variable's name", "{env: NAME}", re.compile(r"[A-Za-z_][A-Za-z0-9_]*"), relative=False
    )
    moment: Moment = "plan"

    def __call__(self, ref: Ref, environment: Mapping[str, str]) -> str:
        """Return the variable's value. Raises Unavailable if it is not set, or a placeholder."""
        if ref.placeholder:
            hint = "rename the reference: write the variable that holds the secret"
            raise Unavailable(f"{ref} is a placeholder", hint)
        if ref.argument not in environment:
            raise Unavailable(f"{ref} is not set", f"set {ref.argument} in the environment")
        return environment[ref.argument]


class File:
    """Read a file on the machine that confsync runs on."""

    form = Form("a file's path", "{file: PATH}")
    moment: Moment = "plan"

    def __call__(self, ref: Ref, environment: Mapping[str, str]) -> str:
        """Return the text of a regular file: UTF-8, at most 64 KiB, without one trailing newline.

        A relative path starts at the directory of the file that holds the reference. Raises
        Unavailable.
        """
        del environment
        hint = (
            "check that it exists and is readable; paths are relative to the file with the"
            " reference"
        )
        try:
            content = read_regular(Path(ref.base, ref.argument), MAX_BYTES)
        except NotRegular as found:
            hint = "save the secret as a file, or use {command: […]}"
            raise Unavailable(f"{ref} is {found.what}, not a regular file", hint) from None
        except OSError:
            raise Unavailable(f"{ref} cannot be read", hint) from None
        return text_of(content, ref, "check that this is the file with the secret")


class Command:
    """Run a program. `seconds`: its time limit."""

    form = Form(
        "the program, then each of its arguments",
        "{command: [PROGRAM, ARGUMENT]}",
        # No blanks: what follows them in a line of a shell may be a secret, and this is shown.
        re.compile(r"[^\s\x00-\x20\x7f]+"),
        words=True,
    )
    moment: Moment = "allowed"

    def __init__(self, seconds: float = 30) -> None:
        self._seconds = seconds

    def __call__(self, ref: Ref, environment: Mapping[str, str]) -> str:
        """Return standard output: UTF-8, at most 64 KiB, without one trailing newline.

        The program runs without a shell, in the directory of the file that holds the reference, in
        a session of its own, without a terminal or standard input. Standard error is dropped, since
        it may hold the secret. The program and its children are killed if it takes longer than 30
        seconds, writes too much or is interrupted. Raises Unavailable.
        """
        try:
            with running(partial(_start, ref, environment)) as process:
                content = self._output(process, ref)
        except RuntimeError:
            raise Unavailable(f"{ref} cannot be started", "raise the limit on threads") from None
        text = text_of(content, ref, "the command must print only the secret")
        if status := process.returncode:
            ended = "was killed by signal" if status < 0 else "exited with status"
            raise Unavailable(f"{ref} {ended} {abs(status)}", "run it by hand to see its output")
        return text

    def _output(self, process: Popen[bytes], ref: Ref) -> bytes:
        """Read output until the program ends or the output is too large. Raises Unavailable."""
        import select  # noqa: PLC0415
        from subprocess import TimeoutExpired  # noqa: PLC0415

        end = time.monotonic() + self._seconds
        output = process.stdout.fileno() if process.stdout is not None else -1
        content = b""
        with suppress(TimeoutExpired):
            while select.select([output], [], [], max(0.0, end - time.monotonic()))[0]:
                piece = os.read(output, _PIECE)
                content += piece
                if len(content) > MAX_BYTES:
                    return content
                if not piece:
                    process.wait(max(0.0, end - time.monotonic()))
                    return content
        hint = "it has no terminal: check that it does not ask for input"
        raise Unavailable(f"{ref} did not end within {self._seconds:g} s", hint)


def _start(ref: Ref, environment: Mapping[str, str]) -> Popen[bytes]:
    from subprocess import DEVNULL, PIPE, Popen  # noqa: PLC0415

    try:
        return Popen(  # noqa: S603 - the user's own command, and allowed by the user
            [ref.argument, *ref.rest],
            cwd=ref.base or None,
            env=dict(environment),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError):
        hint = "check that it is installed, executable and on the PATH"
        raise Unavailable(f"{ref} cannot be started", hint) from None
