"""From files to desired states."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from confsync.errors import InvalidFiles, Problem, WrongUsage
from confsync.kinds import KINDS
from confsync.masking.excerpt import excerpt
from confsync.secrets import RESOLVERS
from confsync.store.decode import from_file
from confsync.store.mistakes import listed
from confsync.store.overlay import discarded, lay_over
from confsync.sync.findings import makes_invalid
from confsync.yaml.read import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from confsync.errors import Excerpt
    from confsync.sync.secret import Vault
    from confsync.sync.values import Desired, Origin
    from confsync.yaml.nodes import MappingNode
    from confsync.yaml.read import Parsed


@dataclass(frozen=True)
class Loaded:
    """A desired state, and the risks and warnings that are in the files themselves.

    `excerpts` are the lines in which its values stand, as they may be shown, by file, line and
    column.
    """

    desired: Desired
    problems: tuple[Problem, ...]
    excerpts: Mapping[tuple[str, int, int], Excerpt | None]

    def shown(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """Problems with values of the desired state, with the lines in which these stand."""
        places = ((problem, (problem.file, problem.line, problem.column)) for problem in problems)
        return tuple(
            replace(problem, excerpt=self.excerpts.get(place)) for problem, place in places
        )


def check_names(files: Sequence[str]) -> None:
    """Raises WrongUsage without a file, and for what cannot be the name of one."""
    if not files:
        raise WrongUsage(
            "no file is named", hint="name the store's file, like stores/in-memory.yaml"
        )
    if "" in files:
        raise WrongUsage("the name of a file is empty", hint="is a shell variable not set?")
    if any("://" in file for file in files):
        raise WrongUsage("a URL stands where a file belongs", hint="the server's goes to --url")


def load(files: Sequence[str], vault: Vault) -> Loaded:
    """The desired state that some files describe, later ones laid over earlier ones.

    Raises InvalidFiles with every problem of every file, WrongUsage without a file.
    """
    check_names(files)
    return loaded(files, [read(file) for file in files], vault)


def loaded(files: Sequence[str], layers: Sequence[Parsed], vault: Vault) -> Loaded:
    """The same of files that have been read. Raises InvalidFiles."""
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
    places = {
        (origin.file, origin.line, origin.column): _excerpt(origin, lines[origin.file], "")
        for origin in desired.origins.values()
        if origin.line
    }
    return Loaded(replace(desired, file=files[-1]), found, places)


def _discarded(documents: Sequence[MappingNode], problems: Iterable[Problem]) -> Iterator[Problem]:
    """Warnings of layers that discard earlier files; without a column where the line has another
    problem, which may be a secret in clear in front of it.
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
    problems: Sequence[Problem], lines: Mapping[str, tuple[str, ...]]
) -> tuple[Problem, ...]:
    """The problems with the lines that they are in, as far as these may be shown."""
    return tuple(
        replace(
            problem,
            excerpt=_excerpt(problem, lines[problem.file], f"{problem.message} {problem.hint}"),
        )
        for problem in problems
    )


def _excerpt(place: Problem | Origin, lines: Sequence[str], told: str) -> Excerpt | None:
    if not place.column or place.line > len(lines):
        return None
    return excerpt(lines[place.line - 1], place.column, told, tuple(RESOLVERS))
