"""The two streams of a run: data on standard output, words for people on standard error."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self, TextIO

from confsync.cli.signals import hold_interrupts, raise_held_interrupts
from confsync.errors import OutputFailed, ReaderGone
from confsync.sync.characters import without_commands
from confsync.sync.scrub import scrubbing
from confsync.sync.secret import Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from confsync.workflow.server import Sending

_FINISHING = "interrupted: finishing the update, for a few seconds; again gives it up\n"
_CREDENTIALS = ("STALWART_TOKEN", "STALWART_PASSWORD")


class Console:
    """What one run of the program writes to, and the vault that holds the run's secrets.

    Secrets are sealed from door to door, and nothing here gets to see one. As a last line of
    defence every text from outside goes through the vault's scrubber before it is laid out; only
    the tests that prove the first line do without (`scrubbed=False`). `asking`: the run asks a
    server, so its credentials are secrets from the start.

    What is written holds no command to a CI runner, whoever made it.
    """

    def __init__(self, *, scrubbed: bool = True, asking: bool = False) -> None:
        self.vault = Vault(_documented)
        self._updates = 0
        self._scrubbed = scrubbed
        self._end = ExitStack()
        for name in _CREDENTIALS if asking else ():
            if value := os.environ.get(name):
                self.vault.seal(value)

    def __enter__(self) -> Self:
        self._end.enter_context(scrubbing(self.scrub))
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()

    def sending(self, how: Sending) -> None:
        """Take note of an update: see `workflow.server.Session`. While it is told what came of it,
        nothing interrupts that.
        """
        match how:
            case "under way":
                raise_held_interrupts()
                self._updates += 1
            case "not sent":
                self._updates -= 1
            case "finishing":
                self.say(_FINISHING)
            case "known":
                hold_interrupts()

    @property
    def sent(self) -> bool:
        """Whether an update may have left, to one server at least."""
        return self._updates > 0

    def at_end(self, action: Callable[[], None]) -> None:
        """Do something when the run is over."""
        self._end.callback(action)

    @property
    def at_terminal(self) -> bool:
        """Whether what is told is read at a terminal."""
        return sys.stderr is not None and sys.stderr.isatty()

    def scrub(self, text: str) -> str:
        """A text from outside as it may be shown, wherever."""
        return self.vault.scrub(text) if self._scrubbed else text

    def say(self, text: str) -> None:
        """Tell people something: everything that is not data goes to standard error."""
        if sys.stderr is not None:
            try:
                sys.stderr.write(without_commands(text))
                sys.stderr.flush()
            except OSError:
                _drop(sys.stderr)

    def print(self, text: str, *, commands: bool = False) -> None:
        """Write data to standard output. `commands`: they are meant. Raises OutputFailed."""
        if sys.stdout is None:
            hint = "open it, or let it write to a file, with `> FILE`"
            raise OutputFailed("standard output is closed", hint=hint)
        try:
            sys.stdout.write(text if commands else without_commands(text))
            sys.stdout.flush()
        except OSError as error:
            _drop(sys.stdout)
            if isinstance(error, BrokenPipeError):
                raise ReaderGone("the reader of standard output is gone") from None
            hint = "is the disk full?"
            raise OutputFailed("standard output cannot be written", hint=hint) from None


def _documented() -> Collection[str]:
    from confsync.kinds.documented import documented  # noqa: PLC0415 - paid for when needed

    return documented()


def _drop(stream: TextIO) -> None:
    """Lead a broken stream nowhere: its buffer must not fail again when the process ends."""
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
