"""Where results go: each format to standard output or to a file, `jsonl` as targets end."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from confsync.cli.console import look
from confsync.errors import ConfsyncError, Declined, OutputFailed, WrongUsage
from confsync.report import PLANS, STEP
from confsync.report.printable import PLAIN, printable
from confsync.sync.scrub import without_commands
from confsync.sync.values import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from confsync.cli.console import Console
    from confsync.report import Renderers
    from confsync.report.document import Document
    from confsync.report.printable import Look
    from confsync.report.run import Run

    Make: TypeAlias = Callable[[], Document]

T = TypeVar("T")


@dataclass(frozen=True)
class Sink:
    """One `--output`: a format, and a file or None for standard output."""

    format: str
    file: str | None


STDOUT = Sink("text", None)
"""The result of most commands, if no output is asked for."""

COMMANDING = frozenset({"github"})
"""The formats that are commands to a CI runner."""

_LINES = "jsonl"
"""The format that is written a line at a time, from the start of a run."""


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

    def write_all(self, renderers: Renderers, *found: object, document: Make | None = None) -> None:
        """Write every output of what was found. `document`: of a plan or an apply; what GitHub's
        runner takes of it is written too.
        """
        for sink in self.sinks:
            self.write(sink, self.text(sink, renderers, document, *found))
        if document is not None:
            self.append_step(document)

    def text(self, sink: Sink, renderers: Renderers, document: Make | None, *found: object) -> str:
        """The text of an output: of what was found, or of the document of a plan or an apply."""
        if document is None or sink.format == "text":
            return renderers[sink.format](*found, look=self.look(sink))
        return renderers[sink.format](document())

    def append_step(self, document: Make) -> None:
        """If `github` is an output, append the texts of a step to the files that variables of
        GitHub's runner name. Raises OutputFailed.
        """
        if all(sink.format != "github" for sink in self.sinks):
            return
        made = document()
        for variable, render in STEP.items():
            _append(variable, partial(render, made))

    def refused(self, error: Declined) -> None:
        """If `github` is an output, write there why nothing was sent. Raises OutputFailed."""
        sinks = [one for one in self.sinks if one.format == "github"]
        if sinks:
            from confsync.report.github_step import refusal

            annotation, summary = refusal(error.message, error.hint)
            for sink in sinks:
                self.write(sink, annotation)
            _append("GITHUB_STEP_SUMMARY", lambda _: summary)


def _append(variable: str, render: Callable[[int], str]) -> None:
    """Append to the file that a variable of GitHub's runner names. Raises OutputFailed."""
    if not (name := os.environ.get(variable)):
        return
    from confsync.disk.write import append_lines

    try:
        append_lines(name, render)
    except OSError:
        hint = f"{variable} is the runner's; without it nothing is appended"
        raise OutputFailed(f"cannot append to the file of {variable}", hint=hint) from None


class Lines(Generic[T]):
    """The `jsonl` outputs of a run, which are written from its start. `others` are all other
    outputs; `document` makes the document of some results. `failed` is the first output that could
    not be written: a run goes on without it. Raises OutputFailed for a first line.
    """

    def __init__(
        self, outputs: Outputs, run: Run, document: Callable[[Sequence[T], Run], Document]
    ) -> None:
        others = tuple(one for one in outputs.sinks if one.format != _LINES)
        self.others = replace(outputs, sinks=others)
        self.failed: OutputFailed | None = None
        self._document, self._outputs, self._run = document, outputs, run
        self._files: dict[Sink, FileIO | None] = {}
        self._written: set[str] = set()
        self._ended: Sequence[T] = ()
        for sink in outputs.sinks:
            if sink.format == _LINES:
                self._files[sink] = None if sink.file is None else self._open(sink, sink.file)
        if self._files:
            self._write(_lines(document((), run))[0])
        self.check()

    def check(self) -> None:
        """Raise OutputFailed if an output could not be written."""
        if self.failed is not None:
            raise self.failed

    def add(self, found: Sequence[T]) -> None:
        """Write the lines of targets that have ended, each once."""
        self._ended = found
        if self._files:
            self._add(self._document(found, self._run))

    def _add(self, document: Document) -> str:
        """Write the lines of targets that are not written; return the last line of all."""
        _, *lines, last = _lines(document)
        for target, line in zip(document["targets"], lines, strict=True):
            if target["name"] not in self._written:
                self._write(line)
                self._written.add(target["name"])
        return last

    @contextmanager
    def before_error(self, write: Callable[[Sequence[T]], None]) -> Iterator[None]:
        """If the only target fails, have its outputs written before its error is raised. Texts for
        people are not: the error says it. A refusal is told to GitHub's runner.
        """
        try:
            yield
        except ConfsyncError as error:
            try:
                if any(isinstance(one, Failed) and one.error is error for one in self._ended):
                    left = tuple(one for one in self.others.sinks if one != STDOUT)
                    self.others = replace(self.others, sinks=left)
                    write(self._ended)
                elif isinstance(error, Declined):
                    self.others.refused(error)
            except OutputFailed as unwritten:
                self.others.console.say(f"error: {printable(unwritten.message)}\n")
            raise

    def end(self, found: Sequence[T], now: str) -> Make:
        """Write the lines that are missing, and the last one. `now` is the time of all reports.
        Return what makes the document of the run, once for all outputs.
        """
        document = cache(partial(self._document, found, replace(self._run, generated_at=now)))
        if self._files:
            self._write(self._add(document()))
        return document

    def _open(self, sink: Sink, file: str) -> FileIO:
        """A file without a buffer: none is left to be written when it is closed."""
        try:
            return self._outputs.console.end.enter_context(FileIO(file, "wb"))
        except (OSError, ValueError):
            raise unwritable(sink) from None

    def _write(self, line: str) -> None:
        """Write a line to each output, for whoever reads while the run goes on."""
        for sink, file in [*self._files.items()]:
            try:
                if file is None:
                    self._outputs.console.print(line)
                else:
                    left = line.encode()
                    while left:
                        left = left[file.write(left) or 0 :]
            except OutputFailed as failed:
                self._drop(sink, failed)
            except OSError:
                self._drop(sink, unwritable(sink))

    def _drop(self, sink: Sink, failed: OutputFailed) -> None:
        del self._files[sink]
        self.failed = self.failed or failed


def _lines(document: Document) -> list[str]:
    return PLANS[_LINES](document).splitlines(keepends=True)


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
    sink = Sink(name, None if file in {"", "-"} else file)
    if sink.file is not None and not _writable(Path(sink.file)):
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
