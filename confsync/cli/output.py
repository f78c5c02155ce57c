"""Where results go: each format to standard output or to a file."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from confsync.errors import OutputFailed, ReaderGone, WrongUsage
from confsync.report.colour import coloured

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable


@dataclass(frozen=True)
class Sink:
    """One `--output`: a format, and a file or None for standard output."""

    format: str
    file: str | None


def sinks(outputs: Iterable[str], formats: Collection[str]) -> tuple[Sink, ...]:
    """The outputs asked for; text on standard output where none was.

    Raises WrongUsage, and OutputFailed for a file that can be seen not to be writable.
    """
    found = tuple(_sink(output, formats) for output in outputs) or (Sink("text", None),)
    if sum(sink.file is None for sink in found) > 1:
        raise WrongUsage(
            "two outputs cannot both go to standard output",
            hint="give all but one a file, like --output json=plan.json",
        )
    return found


def write(sink: Sink, text: str, color: str) -> None:
    """Write a result whole. Colour only for text on standard output."""
    if sink.file is None:
        _print(coloured(text) if sink.format == "text" and _colour(color) else text)
        return
    try:
        Path(sink.file).write_text(text, encoding="utf-8")
    except OSError:
        raise _unwritable(sink) from None


def _print(text: str) -> None:
    if sys.stdout is None:
        raise OutputFailed("standard output is closed", hint="write to a file: --output text=FILE")
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


def _unwritable(sink: Sink) -> OutputFailed:
    return OutputFailed(
        f"the {sink.format} output cannot be written to {sink.file}",
        hint="check that its directory exists and may be written to, and that the disk has room",
    )


def write_all(found: Iterable[Sink], render: Callable[[str], str], color: str) -> None:
    """Write every output that was asked for."""
    for sink in found:
        write(sink, render(sink.format), color)


def _sink(output: str, formats: Collection[str]) -> Sink:
    name, equals, file = output.partition("=")
    if name not in formats:
        raise WrongUsage(
            f"there is no output format {name!r}", hint=f"known are {', '.join(formats)}"
        )
    if equals and not file:
        raise WrongUsage(f"--output {name}= names no file", hint=f"write --output {name}=FILE")
    sink = Sink(name, file or None)
    if file and not _writable(Path(file)):
        raise _unwritable(sink)
    return sink


def _writable(file: Path) -> bool:
    """Whether a file can be expected to be writable: to be known before anything is sent."""
    if file.exists():
        return not file.is_dir() and os.access(file, os.W_OK)
    return os.access(file.parent, os.W_OK)


def _colour(color: str) -> bool:
    if color == "auto":
        return sys.stdout is not None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return color == "always"
