"""From files to desired states."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field, replace
from functools import partial
from os.path import lexists
from pathlib import Path
from typing import TYPE_CHECKING

from confsync.disk.read import STANDARD_INPUT
from confsync.errors import InvalidFiles, Problem, WrongUsage
from confsync.kinds import FIRST, KINDS, in_use
from confsync.kinds.not_managed import not_managed
from confsync.secrets import RESOLVERS
from confsync.store.decode import from_file
from confsync.store.detect import may_be_store
from confsync.store.layers import discarded, lay_over, unused
from confsync.store.mistakes import listed
from confsync.sync.findings import makes_invalid
from confsync.sync.names import nearest
from confsync.sync.tree import secrets
from confsync.workflow.once import Once
from confsync.yaml.read import content, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from confsync.sync.secret import Ref, Vault
    from confsync.sync.values import Desired
    from confsync.yaml.nodes import MappingNode
    from confsync.yaml.read import Parsed


@dataclass(frozen=True)
class Loaded:
    """Desired states in the files' order, and the risks and warnings of the files. `lines` may hold
    secrets.
    """

    desired: tuple[Desired, ...]
    problems: tuple[Problem, ...]
    lines: Mapping[str, Sequence[str]] = field(repr=False)

    def shown(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """Problems of values of the desired state, with excerpts of their lines."""
        return _with_excerpts(problems, self.lines, hints=False)


@dataclass(frozen=True)
class Own:
    """The values of a target beside its files. `set`: documents that are laid over theirs.
    `secrets`: what `{secret: NAME}` stands for; None: no target is known.
    """

    set: tuple[MappingNode, ...] = ()
    secrets: Mapping[str, Ref] | None = None


NOTHING_OWN = Own()


def named_in(documents: Iterable[MappingNode | None]) -> tuple[str, ...]:
    """The names of the objects in documents, in their order."""
    keys = (key.text for one in documents if one is not None for key, _ in one.entries)
    return tuple(dict.fromkeys(name for name in keys if name in KINDS))


def objects_in(files: Iterable[str], once: Once) -> tuple[str, ...]:
    """Like `named_in`, for files; the first object without any."""
    return named_in(read_once(file, once).document for file in files) or (FIRST,)


def check_objects(names: Iterable[str]) -> None:
    """Raise WrongUsage for a name of no object."""
    for name in names:
        if name not in KINDS:
            if fact := not_managed(name):
                hint = "`confsync explain` lists the objects that it manages"
                raise WrongUsage(f"--object: {fact}", hint=hint)
            hint = nearest(name, KINDS).rstrip() or "`confsync explain` lists all objects"
            raise WrongUsage("--object: unknown object", hint=hint)


def check_names(files: Sequence[str]) -> None:
    """Raise WrongUsage for missing or invalid names of files."""
    if not files:
        raise WrongUsage("no file given", hint="pass the store file, like stores/in-memory.yaml")
    if "" in files:
        raise WrongUsage("empty file name", hint="check that the shell variable is set")
    if any("://" in file for file in files):
        raise WrongUsage("a URL, not a file", hint="pass a server's URL as --url URL")


def stores_in(files: Iterable[str]) -> tuple[str, ...]:
    """Files, each once, with the store files below a directory in its place. Raises WrongUsage for
    a directory without any.
    """
    found: dict[str, str] = {}
    for file in files:
        below = _below(file) if os.path.isdir(file) else [file]  # noqa: PTH112 - any name, none raises
        if not below:
            hint = "name a store file, or a directory with one"
            raise WrongUsage("no store file in this directory", where=file, hint=hint)
        for one in below:
            found.setdefault(os.path.realpath(one), one)
    return tuple(found.values())


def one_each(files: Iterable[str]) -> tuple[str, ...]:
    """Files, with the only store file below a directory in its place. Raises WrongUsage."""
    named: list[str] = []
    for file in files:
        found = stores_in([file])
        if len(found) > 1:
            fact = f"several store files in this directory: {listed(found)}"
            raise WrongUsage(
                fact,
                where=file,
                hint="pass one file, or all files of one state in the order of the layers",
            )
        named += found
    return tuple(named)


def _below(directory: str) -> list[str]:
    """The YAML files below a directory that are meant as stores, sorted, and directories that
    cannot be read. Hidden ones are skipped.
    """
    found: list[str] = []
    unreadable: list[OSError] = []
    for folder, folders, names in os.walk(directory, onerror=unreadable.append):
        folders[:] = (name for name in folders if not name.startswith("."))
        paths = (str(Path(folder, name)) for name in names if not name.startswith("."))
        found += filter(_is_store, paths)
    return sorted([*found, *(str(error.filename) for error in unreadable)])


def stores_beside(directory: str) -> list[str]:
    """The YAML files in a directory itself that are meant as stores, sorted."""
    names = (name for name in os.listdir(directory) if not name.startswith("."))  # noqa: PTH208 - names as given
    paths = (str(Path(directory, name)) for name in names)
    return sorted(filter(_is_store, paths))


def _is_store(path: str) -> bool:
    return path.endswith((".yaml", ".yml")) and meant(path)


def meant(file: str) -> bool:
    """True for a file that is meant as a store, even an invalid one."""
    return may_be_store(file, KINDS, KINDS[FIRST].shape.objects)


def check_output(option: str, path: str | None, inputs: Iterable[str]) -> None:
    """Raise WrongUsage for an output without a name, a URL, and a file that the run reads."""
    if path == "":
        hint = "check that the shell variable is set"
        raise WrongUsage(f"{option}: empty file name", hint=hint)
    if path is not None and "://" in path:
        raise WrongUsage(f"{option}: a URL, not a file", hint=f"write {option} FILE")
    if path is not None and os.path.realpath(path) in map(os.path.realpath, filter(None, inputs)):
        fact = f"{option} would overwrite another file of this run"
        raise WrongUsage(fact, where=path, hint="use another file")


def check_there(files: Sequence[str]) -> None:
    """Raise InvalidFiles for missing files, and WrongUsage for invalid names."""
    if files:
        check_names(files)
    found = [content(file) for file in files if file != STANDARD_INPUT and not lexists(file)]
    if missing := tuple(one for one in found if isinstance(one, Problem)):
        raise InvalidFiles(missing)


def load(
    files: Sequence[str], vault: Vault, own: Own = NOTHING_OWN, once: Once | None = None
) -> Loaded:
    """The desired states of files laid over each other, the last one on top, and over that what a
    target sets itself. `once`: for several targets, of one vault.

    Raises InvalidFiles with every problem of every file, WrongUsage without a file.
    """
    check_names(files)
    shared = once or Once()

    def made() -> Loaded:
        return loaded(files, [read_once(file, shared) for file in files], vault, own)

    secrets = None if own.secrets is None else frozenset(own.secrets.items())
    return shared((*files, own.set, secrets, in_use()), made)


def read_once(file: str, once: Once) -> Parsed:
    """A parsed file. The targets of a run read it once."""
    return once(file, partial(read, file))


def loaded(
    files: Sequence[str], layers: Sequence[Parsed], vault: Vault, own: Own = NOTHING_OWN
) -> Loaded:
    """Like `load`, for files that are already parsed. Raises InvalidFiles."""
    problems = [problem for parsed in layers for problem in parsed.problems]
    documents = [parsed.document for parsed in layers if parsed.document is not None]
    lines = {file: parsed.lines for file, parsed in zip(files, layers, strict=True)}
    if len(documents) < len(files):
        raise InvalidFiles(_with_excerpts(problems, lines))
    whole = lay_over([*documents, *own.set])
    reading = from_file(whole, KINDS, vault, RESOLVERS, own.secrets)
    problems += (*reading.problems, *_discarded(documents, reading.problems))
    problems += _unused(documents, whole)
    found = _with_excerpts(in_order(files, problems), lines)
    if any(map(makes_invalid, found)):
        raise InvalidFiles(found)
    desired = tuple(replace(one, file=files[-1]) for one in reading.desired)
    return Loaded(desired, found, lines)


def in_order(files: Sequence[str], problems: Iterable[Problem]) -> list[Problem]:
    """Problems in the order of their files; those of other files come last."""
    order = {file: number for number, file in enumerate(files)}
    return sorted(problems, key=lambda one: (order.get(one.file, len(files)), one))


def world_readable(desired: Desired) -> frozenset[str]:
    """The `{file: …}` references of a state to files that every user can read."""
    refs = {secret.ref for _, secret in secrets(desired.written) if secret.ref is not None}
    files = (ref for ref in refs if ref.kind == "file")
    return frozenset(str(ref) for ref in files if _is_open(Path(ref.base, ref.argument)))


def _is_open(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except (OSError, ValueError):
        return False


def _discarded(documents: Sequence[MappingNode], problems: Iterable[Problem]) -> Iterator[Problem]:
    # A column beside another problem could tell the length of a secret before it.
    taken = {(problem.file, problem.line) for problem in problems}
    for one in discarded(documents):
        mark = one.mark
        fact = f"the '@type' in {mark.file} discards all of {one.name} in {listed(one.files)}"
        hint = "use one '@type' in all layers, or remove the earlier files"
        column = 0 if (mark.file, mark.line) in taken else mark.column
        place = (mark.file, mark.line, column)
        yield Problem(*place, "layer-discarded", fact, hint, severity="warning")


def _unused(documents: Sequence[MappingNode], whole: MappingNode) -> Iterator[Problem]:
    """Warnings for files whose every value is replaced, but for discarded ones."""
    told = {file for one in discarded(documents) for file in one.files}
    for document in unused(documents, whole):
        if document.mark.file not in told:
            mark = document.entries[0][0].mark
            fact = "later files replace every value of this file"
            hint = "remove the file from this target, or the values that later files repeat"
            yield Problem(mark.file, mark.line, 0, "unused-layer", fact, hint, severity="warning")


def _with_excerpts(
    problems: Iterable[Problem], lines: Mapping[str, Sequence[str]], *, hints: bool = True
) -> tuple[Problem, ...]:
    """The problems, each with the masked line at its column, if it has one. `hints`: the names in
    messages and hints are no secrets.
    """
    found = tuple(problems)
    if not found:
        return ()
    from confsync.masking import excerpt  # noqa: PLC0415 - valid files never load it

    files = {one.file for one in found} & lines.keys()
    objects = {file: excerpt.objects_in(lines[file]) for file in files}

    def with_excerpt(one: Problem) -> Problem:
        source = lines.get(one.file, ())
        if not one.column or one.line > len(source):
            return one
        line, known = source[one.line - 1], f"{one.message} {one.hint}" if hints else ""
        shown = excerpt.excerpt(line, one.column, known, RESOLVERS, objects[one.file])
        return replace(one, excerpt=shown)

    return (*map(with_excerpt, found),)
