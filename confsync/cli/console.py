"""The two streams of a run: data on standard output, words for people on standard error."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from confsync.sync.secret import Vault
    from confsync.workflow.server import Sending

_FINISHING = "interrupted: finishing the update, for a few seconds; again gives it up\n"
_CREDENTIALS = ("STALWART_TOKEN", "STALWART_PASSWORD")


class Console:
    """The output streams of one run of the program, and the vault that holds the run's secrets.

    Secrets are sealed from door to door, and nothing here sees one. As a last line of defence every
    text from outside goes through the vault's scrubber before it is laid out; only the tests that
    prove the first line do without (`scrubbed=False`). `server`: the run talks to a server, so its
    credentials are secrets from the start.

    Commands to a CI runner are broken in all that is written, whoever made them.
    """

    def __init__(self, *, scrubbed: bool = True, server: bool = False) -> None:
        self._updates = 0
        self._scrubbed = scrubbed
        self._server = server
        self._end = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()

    @cached_property
    def vault(self) -> Vault:
        """The vault of this run, with the credentials of the environment."""
        from confsync.sync.secret import Vault

        vault = Vault(_documented)
        for name in _CREDENTIALS if self._server else ():
            if value := os.environ.get(name):
                vault.seal(value)
        return vault

    def begin(self) -> None:
        """Scrub every text from outside, from here to the end of the run."""
        from confsync.sync.scrub import scrubbing

        self._end.enter_context(scrubbing(self.scrub))

    def sending(self, how: Sending) -> None:
        """Take note of an update: see `workflow.server.Session`. Interrupts are held back while its
        outcome is reported.
        """
        from confsync.cli.signals import hold_interrupts, raise_held_interrupts

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
        """Whether standard error is a terminal."""
        return at_terminal(sys.stderr)

    def scrub(self, text: str) -> str:
        """A text from outside without the secrets of the run."""
        return self.vault.scrub(text) if self._scrubbed else text

    def say(self, text: str) -> None:
        """Write text for people to standard error: all that is not data."""
        from confsync.sync.scrub import without_commands

        if sys.stderr is not None:
            try:
                sys.stderr.write(without_commands(text))
                sys.stderr.flush()
            except OSError:
                _drop(sys.stderr)

    def print(self, text: str, *, commands: bool = False) -> None:
        """Write data to standard output. `commands`: they are meant. Raises OutputFailed."""
        from confsync.errors import OutputFailed, ReaderGone
        from confsync.sync.scrub import without_commands

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


def at_terminal(stream: TextIO | None) -> bool:
    """Whether a stream is open and a terminal."""
    return stream is not None and stream.isatty()


def _documented() -> Collection[str]:
    from confsync.kinds import documented

    return documented()


def _drop(stream: TextIO) -> None:
    """Lead a broken stream nowhere: its buffer must not fail again when the process ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
