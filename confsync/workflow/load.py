"""From files to desired states."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from confsync.errors import InvalidFiles, Problem, WrongUsage
from confsync.kinds import KINDS
from confsync.secrets import RESOLVERS
from confsync.store.decode import discarded, from_file, lay_over
from confsync.store.mistakes import listed
from confsync.sync.findings import makes_invalid
from confsync.yaml.read import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from confsync.sync.secret import Vault
    from confsync.sync.values import Desired
    from confsync.yaml.nodes import MappingNode
    from confsync.yaml.read import Parsed


@dataclass(frozen=True)
class Loaded:
    """A desired state, and the risks and warnings in the files themselves.

    `lines` are the lines of each file; secrets may stand there.
    """

    desired: Desired
    problems: tuple[Problem, ...]
    lines: Mapping[str, Sequence[str]] = field(repr=False)

    def shown(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """Problems of values of the desired state, with excerpts of their lines."""
        return tuple(_with_excerpt(problem, self.lines, "") for problem in problems)


def check_names(files: Sequence[str]) -> None:
    """Raise WrongUsage for invalid names of files, or none."""
    if not files:
        raise WrongUsage(
            "no file is named", hint="name the store's file, like stores/in-memory.yaml"
        )
    if "" in files:
        raise WrongUsage("the name of a file is empty", hint="is a shell variable not set?")
    if any("://" in file for file in files):
        raise WrongUsage("a URL stands where a file belongs", hint="the server's goes to --url")


def load(files: Sequence[str], vault: Vault) -> Loaded:
    """The desired state of files laid over each other, the last one on top.

    Raises InvalidFiles with every problem of every file, WrongUsage without a file.
    """
    check_names(files)
    return loaded(files, [read(file) for file in files], vault)


def loaded(files: Sequence[str], layers: Sequence[Parsed], vault: Vault) -> Loaded:
    """Like `load`, for files that are already parsed. Raises InvalidFiles."""
    documents: list[MappingNode] = []
    problems: list[Problem] = []
    lines: dict[str, tuple[str, ...]] = {}
    for file, parsed in zip(files, layers, strict=True):
        problems += parsed.problems
        lines[file] = parsed.lines
        if parsed.document is not None:
            documents.append(parsed.document)
    if len(documents) < len(files):
        raise InvalidFiles(_with_excerpts(problems, lines))
    reading = from_file(lay_over(documents), KINDS, vault, RESOLVERS)
    problems += (*reading.problems, *_discarded(documents, reading.problems))
    order = {file: number for number, file in enumerate(files)}
    ordered = sorted(problems, key=lambda problem: (order[problem.file], problem))
    found = _with_excerpts(ordered, lines)
    if any(map(makes_invalid, found)):
        raise InvalidFiles(found)
    (desired,) = reading.desired
    return Loaded(replace(desired, file=files[-1]), found, lines)


def _discarded(documents: Sequence[MappingNode], problems: Iterable[Problem]) -> Iterator[Problem]:
    """Warnings for layers that discard earlier files. The column is 0 if the line has another
    problem: a secret in plain text before it would be told by the column.
    """
    taken = {(problem.file, problem.line) for problem in problems}
    for one in discarded(documents):
        mark = one.mark
        fact = f"the '@type' in {mark.file} discards all of {one.name} in {listed(one.files)}"
        hint = "lay only files with one '@type' over each other, or leave out the earlier ones"
        column = 0 if (mark.file, mark.line) in taken else mark.column
        place = (mark.file, mark.line, column)
        yield Problem(*place, "layer-discarded", fact, hint, severity="warning")


def _with_excerpts(
    problems: Iterable[Problem], lines: Mapping[str, Sequence[str]]
) -> tuple[Problem, ...]:
    return tuple(
        _with_excerpt(problem, lines, f"{problem.message} {problem.hint}") for problem in problems
    )


def _with_excerpt(problem: Problem, lines: Mapping[str, Sequence[str]], told: str) -> Problem:
    """The problem with the masked line it is in, if it has a column. `told`: see `excerpt`."""
    from confsync.masking.excerpt import excerpt  # noqa: PLC0415 - valid files never load it

    source = lines.get(problem.file, ())
    if not problem.column or problem.line > len(source):
        return problem
    shown = excerpt(source[problem.line - 1], problem.column, told, RESOLVERS)
    return replace(problem, excerpt=shown)
