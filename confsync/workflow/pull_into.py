"""Pull into a directory: one store file an object."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from confsync.config.scaffold import directories
from confsync.disk.write import StoreFile
from confsync.errors import InvalidFiles, OutputFailed, WrongUsage
from confsync.guard import discreet
from confsync.kinds import using
from confsync.store.mistakes import listed
from confsync.workflow.load import named_in, stores_beside
from confsync.workflow.pull import drafted, layers_of, states_for, words_for
from confsync.yaml.read import read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from confsync.report.file_results import Pulled
    from confsync.sync.values import Live
    from confsync.workflow.pull import Draft, Objects
    from confsync.workflow.server import Session
    from confsync.yaml.nodes import MappingNode

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def file_name(name: str) -> str:
    """The name of the file of an object: its words in lower case, with hyphens."""
    return f"{_WORD.sub('-', name).lower()}.yaml"


@discreet
def pull_into(
    directory: str,
    session: Session,
    *,
    environment: Mapping[str, str],
    objects: Objects = (),
    write: bool = True,
) -> tuple[Pulled, ...]:
    """Write the live state of objects into a directory, each into a file of its own, as `pull`
    does. An object that a file of the directory has already stays in that file. A missing
    directory is made. Without `write`, find out what that would change.

    Nothing is written before all new files are known. Raises the errors of `pull`, and WrongUsage
    for an object in several files: they are layers.
    """
    with using(session.tables):
        drafts = _drafts(directory, session, environment, objects)
    if write:
        _write(directory, drafts)
    return tuple(draft.pulled for draft in drafts)


def _write(directory: str, drafts: Sequence[Draft]) -> None:
    with directories(Path(directory)):
        for number, draft in enumerate(drafts):
            try:
                draft.write()
            except OutputFailed as failed:
                if number:
                    files = listed([one.pulled.file for one in drafts[:number]])
                    failed.hint = f"{failed.hint}; written before: {files}"
                raise


def _drafts(
    directory: str, session: Session, environment: Mapping[str, str], objects: Objects
) -> list[Draft]:
    check_directory(directory)
    documents = _documents(directory)
    places = _places(documents)
    states = states_for(objects, tuple(places), session)
    by_file: dict[str, list[Live]] = {}
    for live in states:
        file = places.get(live.object) or str(Path(directory, file_name(live.object)))
        by_file.setdefault(file, []).append(live)
    words = words_for(documents.values(), session, environment)
    drafts: list[Draft] = []
    for file, some in by_file.items():
        layers = layers_of([file], _store(directory, file), session.vault)
        draft, words = drafted(layers, some, words, session.vault, environment)
        drafts.append(draft)
    return drafts


def check_directory(directory: str) -> None:
    """Raise WrongUsage for an empty name, a URL, and a file."""
    if not directory:
        raise WrongUsage("--into: empty name", hint="check that the shell variable is set")
    hint = "write --into DIRECTORY"
    if "://" in directory:
        raise WrongUsage("--into: a URL, not a directory", hint=hint)
    if os.path.lexists(directory) and not Path(directory).is_dir():
        raise WrongUsage("--into: not a directory", where=directory, hint=hint)


def _documents(directory: str) -> dict[str, MappingNode]:
    """The documents of the store files in a directory. Raises InvalidFiles and OutputFailed."""
    try:
        files = stores_beside(directory) if os.path.lexists(directory) else []
    except OSError:
        hint = "check owner and mode of the directory"
        raise OutputFailed("cannot be read", where=directory, hint=hint) from None
    found = {file: read(file) for file in files}
    if problems := [problem for parsed in found.values() for problem in parsed.problems]:
        raise InvalidFiles(tuple(problems))
    return {file: one.document for file, one in found.items() if one.document is not None}


def _places(documents: Mapping[str, MappingNode]) -> dict[str, str]:
    """The file of each object. Raises WrongUsage for an object in several files."""
    found: dict[str, list[str]] = {}
    for file, document in documents.items():
        for name in named_in([document]):
            found.setdefault(name, []).append(file)
    for name, files in found.items():
        if len(files) > 1:
            hint = "pull without --into, which writes the last file of a target"
            raise WrongUsage(f"{name} is in several files: {listed(files)}", hint=hint)
    return {name: file for name, (file,) in found.items()}


def _store(directory: str, file: str) -> StoreFile:
    if os.path.lexists(directory):
        return StoreFile.at(file)
    return StoreFile(file, Path(os.path.realpath(file)), None, None)
