"""The `jsonl` outputs of plan and apply: a line as each target ends."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from io import FileIO
from typing import TYPE_CHECKING, Generic, TypeVar

from confsync.cli.output import STDOUT, unwritable
from confsync.errors import ConfsyncError, OutputFailed
from confsync.report import PLANS
from confsync.report.printable import printable
from confsync.sync.values import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from confsync.cli.output import Outputs, Sink
    from confsync.report.run import Document, Run

T = TypeVar("T")

FORMAT = "jsonl"


def _lines(document: Document) -> list[str]:
    return PLANS[FORMAT](document).splitlines(keepends=True)


class Lines(Generic[T]):
    """The `jsonl` outputs of a run, which are written from its start. `others` are all other
    outputs; `document` makes the document of some results. `failed` is the first output that could
    not be written: a run goes on without it. Raises OutputFailed for a first line.
    """

    def __init__(
        self,
        outputs: Outputs,
        run: Run,
        document: Callable[[Sequence[T], Run], Document],
    ) -> None:
        self.others = replace(
            outputs, sinks=tuple(one for one in outputs.sinks if one.format != FORMAT)
        )
        self.failed: OutputFailed | None = None
        self._document, self._outputs, self._run = document, outputs, run
        self._files: dict[Sink, FileIO | None] = {}
        self._written: set[str] = set()
        self._ended: Sequence[T] = ()
        for sink in outputs.sinks:
            if sink.format == FORMAT:
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
        people are not: the error says it.
        """
        try:
            yield
        except ConfsyncError as error:
            if any(isinstance(one, Failed) and one.error is error for one in self._ended):
                left = tuple(one for one in self.others.sinks if one != STDOUT)
                self.others = replace(self.others, sinks=left)
                try:
                    write(self._ended)
                except OutputFailed as unwritten:
                    self.others.console.say(f"error: {printable(unwritten.message)}\n")
            raise

    def end(self, found: Sequence[T], now: str) -> Callable[[], Document]:
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
