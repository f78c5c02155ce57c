"""`{command: [PROGRAM, ARGUMENT, …]}`: the output of a program."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from confsync.secrets.resolver import MAX_BYTES, Moment, Unavailable, text_of
from confsync.sync.secret import Form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.sync.secret import Ref

SECONDS = 30.0
_PIECE = 4096


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

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds

    def __call__(self, ref: Ref, environment: Mapping[str, str]) -> str:
        """Return standard output: UTF-8, at most 64 KiB, without one trailing newline.

        The program runs without a shell, in the directory of the file that holds the reference, in
        a session of its own, without a terminal or standard input. Standard error is dropped, since
        it may hold the secret. The program and its children are killed if it takes longer than 30
        seconds, writes too much or is interrupted. Raises Unavailable.
        """
        # In a thread: an interrupt raised inside of the start would leave the program running.
        with ThreadPoolExecutor(1) as starter:
            try:
                starting = starter.submit(_start, ref, environment)
            except RuntimeError:
                hint = "may the process have more threads?"
                raise Unavailable(f"{ref} cannot be started", hint) from None
            try:
                process = starting.result()
                content = self._output(process, ref)
            finally:
                if starting.exception() is None:
                    process = starting.result()
                    if process.returncode is None:
                        with suppress(ProcessLookupError):
                            os.killpg(process.pid, signal.SIGKILL)
                    with process:
                        pass
        text = text_of(content, ref, "does the command print the secret alone?")
        if status := process.returncode:
            ended = (
                f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
            )
            raise Unavailable(f"{ref} {ended}", "run it by hand to see what it says")
        return text

    def _output(self, process: subprocess.Popen[bytes], ref: Ref) -> bytes:
        """Read output until the program ends or the output is too large."""
        end = time.monotonic() + self._seconds
        content = b""
        try:
            while len(content) <= MAX_BYTES and (piece := _piece(process, end)):
                content += piece
            if len(content) <= MAX_BYTES:
                process.wait(max(0.0, end - time.monotonic()))
        except (TimeoutError, subprocess.TimeoutExpired):
            raise Unavailable(
                f"{ref} did not end within {self._seconds:g} s",
                "does it wait for an answer? it has no terminal to ask at",
            ) from None
        return content


def _start(ref: Ref, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - the user's own command, and allowed by the user
            [ref.argument, *ref.rest],
            cwd=ref.base or None,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError):
        hint = "is it installed, executable and on the PATH?"
        raise Unavailable(f"{ref} cannot be started", hint) from None


def _piece(process: subprocess.Popen[bytes], end: float) -> bytes:
    """Return the next bytes of output, none at the end. Raises TimeoutError."""
    output = process.stdout.fileno() if process.stdout is not None else -1
    ready, _, _ = select.select([output], [], [], max(0.0, end - time.monotonic()))
    if not ready:
        raise TimeoutError
    return os.read(output, _PIECE)
