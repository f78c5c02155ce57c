"""Where results go: each format to standard output or to a file."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from confsync.cli.console import look
from confsync.errors import OutputFailed, WrongUsage
from confsync.report import STEP
from confsync.report.printable import PLAIN
from confsync.sync.scrub import without_commands

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from confsync.cli.console import Console
    from confsync.report.printable import Look
    from confsync.report.run import Document

    Renderers: TypeAlias = Mapping[str, Callable[..., str]]


@dataclass(frozen=True)
class Sink:
    """One `--output`: a format, and a file or None for standard output."""

    format: str
    file: str | None


STDOUT = Sink("text", None)
"""The result of most commands, if no output is asked for."""

COMMANDING = frozenset({"github"})
"""The formats that are commands to a CI runner."""


@dataclass(frozen=True)
class Outputs:
    """All outputs for the result of a command. `color`: auto, always, never. `each`: texts show
    every target by itself.
    """

    sinks: tuple[Sink, ...]
    color: str
    console: Console
    each: bool = False

    def check(self, inputs: Iterable[str], **others: str | None) -> None:
        """Raise WrongUsage if a file of the run, or another output, would be overwritten. `others`:
        the files of more options.
        """
        from confsync.workflow.load import check_output

        taken = [*inputs]
        outputs = [(f"--output {sink.format}=FILE", sink.file) for sink in self.sinks]
        for option, file in (*outputs, *((f"--{one}", file) for one, file in others.items())):
            check_output(option, file, taken)
            if file is not None and (file == "" or _is_replaced(Path(file))):
                taken.append(file)

    def look(self, sink: Sink | None) -> Look:
        """The look of a result: of its stream, or the plain one of a file; or of a result on
        standard error (None).
        """
        if sink is None:
            found = self.console.look(self.color)
        else:
            found = look(sys.stdout, self.color) if sink.file is None else PLAIN
        return replace(found, each=self.each)

    def write(self, sink: Sink, text: str) -> None:
        """Write a result whole. Raises OutputFailed."""
        commands = sink.format in COMMANDING
        if sink.file is None:
            self.console.print(text, commands=commands)
            return
        try:
            file = Path(sink.file)
            content = (text if commands else without_commands(text)).encode()
            if not _is_replaced(file):
                file.write_bytes(content)
                return
            from confsync.disk.write import replace_whole

            target = file.resolve()
            replace_whole(target, content, 0o666, target.stat() if target.exists() else None)
        except (OSError, ValueError):
            raise unwritable(sink) from None

    def write_all(
        self,
        renderers: Renderers,
        *found: object,
        document: Callable[[], Document] | None = None,
    ) -> None:
        """Write every output of what was found. `document`: of a plan or an apply; what GitHub's
        runner takes of it is written too.
        """
        for sink in self.sinks:
            self.write(sink, self.text(sink, renderers, *found, document=document))
        if document is not None:
            self.append_step(document)

    def text(
        self,
        sink: Sink,
        renderers: Renderers,
        *found: object,
        document: Callable[[], Document] | None,
    ) -> str:
        """The text of an output: of what was found, or of the document of a plan or an apply."""
        if document is None or sink.format == "text":
            return renderers[sink.format](*found, look=self.look(sink))
        return renderers[sink.format](document())

    def append_step(self, document: Callable[[], Document]) -> None:
        """If `github` is an output, append the texts of a step to the files that variables of
        GitHub's runner name. Raises OutputFailed.
        """
        if all(sink.format != "github" for sink in self.sinks):
            return
        for variable, render in STEP.items():
            if not (name := os.environ.get(variable)):
                continue
            from confsync.disk.write import append_lines

            try:
                append_lines(name, partial(render, document()))
            except OSError:
                hint = f"{variable} is the runner's; without it nothing is appended"
                raise OutputFailed(f"cannot append to the file of {variable}", hint=hint) from None


def sinks(outputs: Iterable[str], formats: Collection[str], source: str) -> tuple[Sink, ...]:
    """The outputs asked for by `source`, an option or a variable, or the first format on standard
    output.

    Raises WrongUsage and OutputFailed.
    """
    found = tuple(_sink(output, formats, source) for output in outputs)
    found = found or (Sink(next(iter(formats)), None),)
    if sum(sink.file is None for sink in found) > 1:
        raise WrongUsage(
            f"{source}: only one result can go to standard output",
            hint="add =FILE to the others, like --output json=plan.json",
        )
    return found


def _sink(output: str, formats: Collection[str], source: str) -> Sink:
    name, equals, file = output.partition("=")
    if name not in formats:
        hint = f"allowed: {', '.join(formats)}, each alone or as FORMAT=FILE"
        raise WrongUsage(f"{source}: unknown format", hint=hint)
    hint = f"write {name}=FILE, or {name} for standard output"
    if equals and not file:
        raise WrongUsage(f"{source}: missing file after {name}=", hint=hint)
    if "://" in file:
        raise WrongUsage(f"{source}: a URL instead of a file after {name}=", hint=hint)
    sink = Sink(name, file or None)
    if file and not _writable(Path(file)):
        raise unwritable(sink)
    return sink


def unwritable(sink: Sink) -> OutputFailed:
    """The error for an output that cannot be written."""
    hint = "check that its directory exists and is writable, and that the disk has room"
    return OutputFailed(f"cannot write the {sink.format} output to {sink.file}", hint=hint)


def _writable(file: Path) -> bool:
    """True if a file can be expected to be writable. Asked before anything is sent."""
    if file.exists() and (file.is_dir() or not os.access(file, os.W_OK)):
        return False
    return not _is_replaced(file) or os.access(file.resolve().parent, os.W_OK)


def _is_replaced(file: Path) -> bool:
    """True for a regular or new file. Not for a pipe, a device or an open file (/dev/stdout)."""
    is_open = file.absolute().is_relative_to("/dev") or file.absolute().is_relative_to("/proc")
    return not is_open and (file.is_file() or not file.exists())
