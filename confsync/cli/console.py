"""The two streams of a run: data on standard output, words for people on standard error."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from confsync.errors import OutputFailed, ReaderGone
from confsync.sync.secret import Vault


@dataclass(frozen=True)
class Console:
    """What one run of the program writes to, and the vault that holds the run's secrets."""

    vault: Vault = field(default_factory=Vault)

    def say(self, text: str) -> None:
        """Tell people something: everything that is not data goes to standard error."""
        if sys.stderr is not None:
            with suppress(OSError):
                sys.stderr.write(text)
                sys.stderr.flush()

    def print(self, text: str) -> None:
        """Write data to standard output. Raises OutputFailed."""
        if sys.stdout is None:
            hint = "write to a file: --output text=FILE"
            raise OutputFailed("standard output is closed", hint=hint)
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError as error:
            # What is left in the buffer must not fail again when the process ends.
            with Path(os.devnull).open("w") as nowhere:
                os.dup2(nowhere.fileno(), sys.stdout.fileno())
            if isinstance(error, BrokenPipeError):
                raise ReaderGone("the reader of standard output is gone") from None
            hint = "is the disk full?"
            raise OutputFailed("standard output cannot be written", hint=hint) from None
