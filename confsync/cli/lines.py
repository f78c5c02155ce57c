"""The `jsonl` outputs of plan and apply: a line as each target ends."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from io import FileIO
from typing import TYPE_CHECKING, Generic, TypeVar

from confsync.cli.output import STDOUT, unwritable
from confsync.errors import ConfsyncError, OutputFailed
from confsync.report.printable import printable
from confsync.sync.values import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from confsync.cli.output import Outputs, Sink
    from confsync.report.printable import Json
    from confsync.report.run import Run

T = TypeVar("T")

FORMAT = "jsonl"


class Lines(Generic[T]):
    """The `jsonl` outputs of a run, which are written from its start. `others` are all other
    outputs; `document` makes the document of some results. `failed` is the first output that could
    not be written: a run goes on without it. Raises OutputFailed for a first line.
    """

    def __init__(
        self,
        outputs: Outputs,
        run: Run,
        document: Callable[[Sequence[T], Run], Mapping[str, Json]],
    ) -> None:
        self.others = replace(
            outputs, sinks=tuple(one for one in outputs.sinks if one.format != FORMAT)
        )
        self.failed: OutputFailed | None = None
        self.run = run
        self._document, self._outputs = document, outputs
        self._files: dict[Sink, FileIO | None] = {}
        self._written: set[str] = set()
        self._ended: Sequence[T] = ()
        self._begin()

    def _begin(self) -> None:
        """Empty each file and write the first line."""
        for sink in self._outputs.sinks:
            if sink.format == FORMAT:
                self._files[sink] = None if sink.file is None else self._open(sink, sink.file)
        if self._files:
            from confsync.report.json_lines import first_line

            self._write(first_line(self.run))
        self.check()

    def check(self) -> None:
        """Raise OutputFailed if an output could not be written."""
        if self.failed is not None:
            raise self.failed

    def add(self, found: Sequence[T]) -> None:
        """Write the lines of targets that have ended, each once."""
        self._ended = found
        if self._files:
            from confsync.report.json_lines import line_of

            targets = self._document(found, self.run)["targets"]
            for target in targets if isinstance(targets, list) else ():
                if target["name"] not in self._written:
                    self._write(line_of(target))
                    self._written.add(target["name"])

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

    def end(self, found: Sequence[T], now: str) -> None:
        """Write the lines that are missing, and the last one. `now` is the time of all reports."""
        self.run = replace(self.run, generated_at=now)
        if self._files:
            from confsync.report.json_lines import last_line

            self.add(found)
            self._write(last_line(self._document(found, self.run)))

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
