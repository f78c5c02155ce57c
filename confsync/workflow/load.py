"""From files to desired states."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from confsync.errors import InvalidFiles, Problem, WrongUsage
from confsync.files.overlay import lay_over
from confsync.files.read import read
from confsync.kinds import KINDS
from confsync.kinds.from_file import from_file
from confsync.secrets import RESOLVERS
from confsync.sync.risk import RISKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.files.read import Parsed
    from confsync.sync.document import MappingNode
    from confsync.sync.secret import Vault
    from confsync.sync.values import Desired


@dataclass(frozen=True)
class Loaded:
    """A desired state, and the risks that are in the files themselves."""

    desired: Desired
    risks: tuple[Problem, ...]


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
    for parsed in layers:
        problems += parsed.problems
        if parsed.document is not None:
            documents.append(parsed.document)
    if len(documents) < len(files):
        raise InvalidFiles(tuple(problems))
    reading = from_file(lay_over(documents), KINDS, vault, RESOLVERS)
    problems += reading.problems
    order = {file: number for number, file in enumerate(files)}
    found = tuple(sorted(problems, key=lambda problem: (order[problem.file], problem)))
    if any(problem.rule not in RISKS for problem in found):
        raise InvalidFiles(found)
    (desired,) = reading.desired
    return Loaded(replace(desired, file=files[-1]), found)
