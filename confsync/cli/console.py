"""A run's streams (data on standard output, words on standard error), its vault and interrupts."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack, suppress
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from types import FrameType

    from confsync.report.printable import Look
    from confsync.sync.secret import Vault
    from confsync.workflow.server import Sending

_CLEAR = "\r\x1b[K"
"""Takes a line of progress away."""

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that interrupt a run."""


class _Interrupts:
    """Ctrl-C, SIGTERM and SIGHUP, from the start of the process to its end.

    `_raises`: the number of the interrupt that raises KeyboardInterrupt. `_ends_telling`: of the
    one that raises it while results are reported.
    """

    def __init__(self) -> None:
        self._came = 0
        self._raises = 1
        self._ends_telling = 2
        self._hung_up = False

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal."""
        if number == signal.SIGHUP:
            # The kernel and the shell both send it when a terminal is closed.
            if self._hung_up:
                return
            self._hung_up = True
        self._came += 1
        self._check()

    def _check(self) -> None:
        if self._came >= self._raises:
            raise KeyboardInterrupt

    def start(self) -> None:
        """Raise KeyboardInterrupt for each signal that the process was not started to ignore."""
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self)

    def dropped(self) -> None:
        """Raise KeyboardInterrupt again, soon: Python drops exceptions of destructors."""
        signal.signal(signal.SIGALRM, lambda *_: self._check())
        signal.setitimer(signal.ITIMER_REAL, 0.01)

    def hold(self) -> None:
        """Hold interrupts back: an outcome has to be kept and written down first."""
        self._raises, self._ends_telling = sys.maxsize, max(2, self._came + 1)

    def release(self) -> None:
        """End `hold`, for the next update. Raises KeyboardInterrupt if one was held back."""
        self._raises = 1
        self._check()

    def let_second_end_telling(self) -> None:
        """After `hold`, let the second interrupt raise, or the next one if two came before."""
        if self._raises == sys.maxsize:
            self._raises = self._ends_telling
            self._check()

    def ignore(self) -> None:
        """Ignore interrupts, so that none changes the exit status while Python cleans up."""
        for number in (*ENDING, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)


interrupts = _Interrupts()


class Console:
    """The output streams of one run of the program, and the vault that holds the run's secrets.

    The vault scrubs every text from outside before it is laid out, as a last line of defence;
    `scrubbed=False` is for tests of the first line. `server`: the run talks to a server, so its
    credentials are secrets from the start. `writes`: it may update one, so its errors say what was
    not changed there. `quiet`: notes are dropped. `end` is closed when the run is over.

    Commands to a CI runner are broken in all that is written.
    """

    def __init__(
        self, *, scrubbed: bool = True, server: bool = False, writes: bool = False
    ) -> None:
        self.server = server
        self.writes = writes
        self.quiet = False
        self.end = ExitStack()
        self._scrubbed = scrubbed
        self._sent = self._under_way = False
        self._lock = Lock()
        self._progress = False

    @cached_property
    def vault(self) -> Vault:
        """The vault of this run, with the credentials of the environment."""
        from confsync.kinds import documented
        from confsync.sync.secret import Vault

        vault = Vault(documented)
        for name in ("STALWART_TOKEN", "STALWART_PASSWORD") if self.server else ():
            if value := os.environ.get(name):
                vault.seal(value)
        return vault

    def sending(self, how: Sending) -> None:
        """Note a step of an update (see `workflow.server.Session`); hold interrupts at its end."""
        match how:
            case "under way":
                self._under_way = True
                interrupts.release()
            case "not sent":
                self._under_way = False
                interrupts.hold()
            case "finishing":
                fact = "finishing the update (a few seconds); interrupt again to stop"
                self.say(f"interrupted: {fact}\n")
            case "reloading" | "restarting":
                interrupts.release()
            case "known":
                self._sent = True
                interrupts.hold()

    @property
    def sent(self) -> bool:
        """True if an update may have been sent, to one server at least."""
        return self._sent or self._under_way

    @property
    def at_terminal(self) -> bool:
        """True if standard error is a terminal."""
        return at_terminal(sys.stderr)

    @property
    def descriptor(self) -> int | None:
        """The descriptor of standard error, for what other programs write. None: it is closed."""
        return None if sys.stderr is None else sys.stderr.fileno()

    def look(self, color: str = "auto") -> Look:
        """The look of text on standard error."""
        return look(sys.stderr, color)

    def scrub(self, text: str) -> str:
        """A text from outside without the secrets of the run."""
        return self.vault.scrub(text) if self._scrubbed else text

    def note(self, text: str) -> None:
        """Write a note, a warning or progress to standard error, unless the run is quiet."""
        if not self.quiet:
            self.say(text)

    def show_progress(self, text: str) -> None:
        """Replace the line of progress at a terminal; an empty text removes it."""
        if not self.quiet and (text or self._progress):
            self.say(text)
            self._progress = bool(text)

    def say(self, text: str) -> None:
        """Write an error or a question to standard error, in place of a line of progress."""
        from confsync.sync.scrub import without_commands

        # Threads that read targets write too.
        with self._lock:
            clear, self._progress = _CLEAR if self._progress else "", False
            if sys.stderr is not None:
                try:
                    sys.stderr.write(clear + without_commands(text))
                    sys.stderr.flush()
                except OSError:
                    _drop(sys.stderr)

    def read_input(self, limit: int) -> bytes:
        """Read standard input, at most one byte more than a limit. Raises WrongUsage."""
        from confsync.errors import WrongUsage

        with suppress(OSError):
            if sys.stdin is not None:
                return sys.stdin.buffer.read(limit + 1)
        hint = "pipe a file into it, or use a file instead of `-`"
        raise WrongUsage("cannot read standard input", hint=hint)

    def print(self, text: str, *, commands: bool = False) -> None:
        """Write data to standard output; with `commands` leave those to CI. Raises OutputFailed."""
        from confsync.errors import OutputFailed, ReaderGone
        from confsync.sync.scrub import without_commands

        if sys.stdout is None:
            hint = "redirect it to a file with `> FILE`"
            raise OutputFailed("standard output is closed", hint=hint)
        try:
            sys.stdout.write(text if commands else without_commands(text))
            sys.stdout.flush()
        except OSError as error:
            _drop(sys.stdout)
            if isinstance(error, BrokenPipeError):
                raise ReaderGone("the reader of standard output is gone") from None
            hint = "check disk space"
            raise OutputFailed("cannot write to standard output", hint=hint) from None


def at_terminal(stream: TextIO | None) -> bool:
    """True if a stream is open and a terminal."""
    return stream is not None and stream.isatty()


def look(stream: TextIO | None, color: str) -> Look:
    """The look of text on a stream. `color`: auto, always, never; it beats NO_COLOR, which beats
    FORCE_COLOR. COLUMNS counts before the width of the terminal; 60 to 160 are used.
    """
    from confsync.report.printable import WIDTH, Look

    terminal, columns = at_terminal(stream), os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isdecimal() else WIDTH
    if terminal and stream is not None and not columns.isdecimal():
        with suppress(OSError):
            width = os.get_terminal_size(stream.fileno()).columns or WIDTH
    width = min(max(width, 60), 160)
    if stream is not None and not stream.encoding.lower().startswith("utf"):
        # An arrow may take one column more there.
        width -= 1
    automatic = terminal and os.environ.get("TERM") != "dumb"
    if os.environ.get("NO_COLOR"):
        automatic = False
    elif os.environ.get("FORCE_COLOR", "0") != "0":
        automatic = True
    painted = color == "always" or (color == "auto" and automatic)
    return Look(width, painted, terminal or painted)


def _drop(stream: TextIO) -> None:
    """Redirect a broken stream to /dev/null: its buffer must not fail again at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
