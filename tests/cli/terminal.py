"""A run at a real terminal: a pseudo-terminal that is the process's own."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.cli.process import CONFSYNC, PATIENCE, Ran, checked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.cli.process import Desk

QUESTION = "? Type yes: "
SGR = re.compile(rb"\x1b\[[0-9;]*m")
CTRL_C, CTRL_D = b"\x03", b"\x04"
# A terminal becomes a session's own only from within that session.
_TAKE = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    " os.execv(sys.argv[1], sys.argv[1:])"
)


@dataclass
class Terminal:
    """The other end of a terminal: what was shown there, and a keyboard."""

    process: subprocess.Popen[bytes]
    master: int
    shown: bytearray = field(default_factory=bytearray)
    closed: bool = False

    def wait_for(self, text: str) -> None:
        """Read until a text was shown."""
        end = time.monotonic() + PATIENCE
        while text.encode() not in self.shown:
            assert self._read(end), self.shown.decode("utf-8", "replace")

    def press(self, keys: bytes) -> None:
        """Press keys: control characters go through the terminal, as at a desk."""
        os.write(self.master, keys)

    def hang_up(self) -> None:
        """Close it, as when a window is closed or a connection of ssh breaks."""
        if not self.closed:
            self.closed = True
            os.close(self.master)

    def ended(self, *, colours: bool = False) -> Ran:
        """Read to the end. Both streams are in `out`, with the line ends of a file and, unless
        asked for, without colours.
        """
        end = time.monotonic() + PATIENCE
        while self._read(end):
            pass
        status = self.process.wait(timeout=PATIENCE)
        shown = bytes(self.shown).replace(b"\r\n", b"\n")
        return checked(status, shown if colours else SGR.sub(b"", shown), b"")

    def _read(self, end: float) -> bool:
        ready, _, _ = select.select([self.master], [], [], max(0.0, end - time.monotonic()))
        assert ready, "the process neither ended nor wrote"
        try:
            piece = os.read(self.master, 4096)
        except OSError:
            return False
        self.shown += piece
        return bool(piece)


@contextmanager
def terminal(
    desk: Desk,
    *arguments: str,
    env: Mapping[str, str | None] | None = None,
    command: Sequence[str] = CONFSYNC,
    columns: int = 0,
) -> Iterator[Terminal]:
    """Run `confsync` at a terminal of its own. What still runs at the end is killed.

    `columns`: its width; 0: it has none, as in many containers.
    """
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, columns))
    process = subprocess.Popen(
        [sys.executable, "-c", _TAKE, *command, *arguments],
        cwd=desk.directory,
        env=desk.variables({"TERM": "xterm", **(env or {})}),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    screen = Terminal(process, master)
    with process:
        try:
            yield screen
        finally:
            if process.poll() is None:
                process.kill()
            screen.hang_up()
