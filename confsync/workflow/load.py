"""From files to desired states."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from confsync.errors import InvalidFiles, Problem, WrongUsage
from confsync.files.overlay import lay_over
from confsync.files.read import read
from confsync.kinds import KINDS
from confsync.kinds.from_file import from_file
from confsync.secrets import RESOLVERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.sync.document import MappingNode
    from confsync.sync.secret import Vault
    from confsync.sync.values import Desired


def load(files: Sequence[str], vault: Vault) -> Desired:
    """The desired state that some files describe, later ones laid over earlier ones.

    Raises InvalidFiles with every problem of every file, WrongUsage without a file.
    """
    if not files:
        raise WrongUsage(
            "no file is named", hint="name the store's file, like stores/in-memory.yaml"
        )
    if "" in files:
        raise WrongUsage("the name of a file is empty", hint="is a shell variable not set?")
    documents: list[MappingNode] = []
    problems: list[Problem] = []
    for file in files:
        parsed = read(file)
        problems += parsed.problems
        if parsed.document is not None:
            documents.append(parsed.document)
    if len(documents) < len(files):
        raise InvalidFiles(tuple(problems))
    reading = from_file(lay_over(documents), KINDS, vault, tuple(RESOLVERS))
    problems += reading.problems
    if problems:
        order = {file: number for number, file in enumerate(files)}
        raise InvalidFiles(tuple(sorted(problems, key=lambda found: (order[found.file], found))))
    (desired,) = reading.desired
    return replace(desired, file=files[-1])
