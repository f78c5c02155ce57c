"""`confsync.yaml`: finding it, and reading its targets."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from confsync.disk.read import from_disk, matching, there
from confsync.errors import InvalidFiles, WrongUsage
from confsync.store.mistakes import Mistake
from confsync.sync.tree import path_text
from confsync.yaml.nodes import Mark
from confsync.yaml.read import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from confsync.config.groups import Entry
    from confsync.config.target import Config, Known
    from confsync.errors import Problem
    from confsync.store.records import RecordReading
    from confsync.store.urls import References
    from confsync.sync.shape import Record
    from confsync.sync.tree import Path as Place

NAME = "confsync.yaml"
MAX_CONFIG_BYTES, MAX_CONFIG_VALUES = 8 * 1024 * 1024, 1_000_000
"""The limits of `confsync.yaml`, with all that it includes; and of each of these files."""
_NO_MAPPING = {"empty-file", "no-object", "not-key-value"}
"""Rules about a file without a mapping: they get an example as their hint."""


def repository(directory: Path) -> Path | None:
    """The root of the repository around a directory: the nearest one with `.git`, or None.

    Raises OSError if the working directory is gone.
    """
    here = Path(os.path.abspath(directory))  # noqa: PTH100 - links in it stay
    return next((path for path in (here, *here.parents) if os.path.lexists(path / ".git")), None)


def found_from(directory: Path) -> str | None:
    """The path of the `confsync.yaml` of a directory, from the working directory, or None.

    It is searched upward to the root of the repository; without a repository in the directory
    alone. A directory that is gone has none.

    Raises WrongUsage for a `confsync.yml` instead, and for a file of another user: it can name any
    variable and any file as a credential, and any server (like git, CVE-2022-24765).
    """
    try:
        here = Path(os.path.abspath(directory))  # noqa: PTH100 - links in it stay
    except OSError:
        return None
    top = repository(here) or here
    above = [path / NAME for path in (here, *here.parents) if path.is_relative_to(top)]
    found = next(filter(there, above), None)
    if found is None:
        for other in (path.with_suffix(".yml") for path in above):
            if there(other):
                fact = f"found {os.path.relpath(other, here)}, but confsync reads {NAME}"
                raise WrongUsage(fact, hint=f"rename it to {NAME}")
        return None
    check_ours(os.path.relpath(found, here), found)
    return os.path.relpath(found)


def by_config(files: Iterable[str], directory: Path) -> dict[Path, tuple[str, ...]]:
    """Files by the directory whose `confsync.yaml` counts for them: the nearest one at or above the
    file, below `directory`; else `directory` itself, with what is above it.
    """
    found: dict[Path, list[str]] = {}
    for file in files:
        above = Path(file).parents if ".." not in Path(file).parts else ()
        below = (one for one in above if one not in {directory, *directory.parents})
        near = next((one for one in below if there(one / NAME)), directory)
        found.setdefault(near, []).append(file)
    return {one: tuple(some) for one, some in found.items()}


def check_ours(file: str, path: Path) -> None:
    """Raise WrongUsage for a file of another user."""
    if from_disk() and not is_ours(path):
        fact = "belongs to another user: it could use any variable or file as a credential"
        hint = "review it, then chown it and its directory, or run as its owner"
        raise WrongUsage(fact, where=file, hint=hint)


def nothing_found(directory: Path) -> tuple[str, str]:
    """The message for a directory without a `confsync.yaml`: the places that were searched. With a
    hint, if there is one near; else the hint is empty.
    """
    try:
        here = Path(os.path.abspath(directory))  # noqa: PTH100 - links in it stay
        above = " or above" if repository(here) not in {None, here} else ""
    except OSError:
        return f"no {NAME} found", ""
    fact = f"no {NAME} found in {here}{above}"
    near = next((one.parent for one in _near(here)), None)
    if near is None:
        return fact, ""
    there = os.path.relpath(near, here)
    why = ""
    if near in here.parents:
        why = ": parent directories are searched only inside a git repository"
    return f"{fact}; there is one in {there}", f"run `cd {quote(there)}` first{why}"


def _near(here: Path) -> Iterator[Path]:
    """Every `confsync.yaml` in a directory below, or above but in no common repository."""
    with suppress(OSError):
        yield from sorted(here.glob(f"*/{NAME}"))
    yield from (path / NAME for path in here.parents if os.path.lexists(path / NAME))


def is_ours(file: Path) -> bool:
    """Return True if a file, the link to it, and its directory belong to this user or to root. For
    root with sudo: or to the user who called it, as for git.
    """
    user, caller = os.geteuid(), os.environ.get("SUDO_UID", "")
    ours = {"0", str(user), *([caller] if user == 0 else [])}
    owners = {file.lstat().st_uid, file.parent.stat().st_uid}
    with suppress(OSError):  # reading the file reports a link to nowhere
        owners.add(file.stat().st_uid)
    return {str(owner) for owner in owners} <= ours


def read_config(file: str, known: Known) -> Config:
    """Read a `confsync.yaml` and the files that it includes. Raises InvalidFiles with all of their
    problems, and WrongUsage for a file of another user.
    """
    # A run without a configuration loads none of these.
    from confsync.config.groups import Lineages  # noqa: PLC0415
    from confsync.config.layout import CONFIG, EXAMPLE, INCLUDED  # noqa: PLC0415
    from confsync.config.target import Config, Target, same_variables  # noqa: PLC0415
    from confsync.store.decode import first_columns  # noqa: PLC0415

    files = _Files(known.references, MAX_CONFIG_BYTES)
    main = files.decoded(file, CONFIG)
    for path in files.included(main):
        files.decoded(path, INCLUDED)
    entries, invalid = files.entries()
    lineages = Lineages(entries["groups"], invalid)
    targets = [Target(one, lineages.together(one)) for one in entries["targets"].values()]
    for group in entries["groups"].values():
        lineages.of(group)
    wrong_in = (one for target in targets for one in target.mistakes(known))
    wrong = (*lineages.mistakes, *wrong_in, *same_variables(targets))
    files.problems += (mistake.problem(mark) for mark, mistake in wrong)
    if not targets and not files.problems:
        nothing = Mistake("missing-field", "missing key `targets`", EXAMPLE)
        files.problems.append(nothing.problem(Mark(file, 1, 1)))
    if files.problems:
        raise InvalidFiles(first_columns(dict.fromkeys(files.problems)), NAME)
    paths = tuple(files.read)
    made = tuple(target.config(paths) for target in targets)
    return Config(file, made, paths, tuple(entries["groups"]))


@dataclass
class _Files:
    """Reads `confsync.yaml` and what it includes: 8 MiB in all."""

    references: References
    left: int
    read: list[str] = field(default_factory=list)
    readings: list[RecordReading] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def decoded(self, file: str, shape: Record) -> RecordReading | None:
        """Read a file, and collect its problems. Returns None for one without a mapping."""
        from confsync.config.layout import EXAMPLE  # noqa: PLC0415
        from confsync.store.records import record_from_file  # noqa: PLC0415

        self.read.append(file)
        parsed = read(file, self.left, MAX_CONFIG_VALUES)
        self.left -= sum(len(line.encode("utf-8")) + 1 for line in parsed.lines)
        problems = [
            replace(problem, hint=EXAMPLE) if problem.rule in _NO_MAPPING else problem
            for problem in parsed.problems
        ]
        found = None
        if parsed.document is not None:
            found = record_from_file(parsed.document, shape, self.references)
            self.readings.append(found)
            # Without targets another problem says why: a misspelt or an unreadable key.
            whole = any((key,) in found.keys for key in shape.fields)
            own = [one for one in found.problems if whole or one.rule != "missing-field"]
            problems += own or (() if problems else found.problems)
        self.problems += problems
        return found

    def included(self, main: RecordReading | None) -> Iterator[str]:
        """The files that a `confsync.yaml` includes, each once, without itself."""
        patterns = None if main is None else main.values["include"]
        known = {*map(os.path.realpath, self.read)}
        for index, pattern in enumerate(patterns if isinstance(patterns, tuple) else ()):
            found = matching(str(pattern))
            if pattern is not None and main is not None and not found:
                fact = f"include/{index} matches no file"
                hint = "check the path; it is relative to this file"
                wrong = Mistake("no-such-file", fact, hint)
                self.problems.append(wrong.problem(main.marks["include", index]))
            for path in found:
                if (real := os.path.realpath(path)) not in known:
                    known.add(real)
                    check_ours(path, Path(path))
                    yield path

    def entries(self) -> tuple[dict[str, dict[str, Entry]], frozenset[str]]:
        """The valid `groups` and `targets` of all files, and the names of invalid groups."""
        from confsync.config.groups import Entry  # noqa: PLC0415

        known: dict[str, dict[str, Entry]] = {"groups": {}, "targets": {}}
        invalid: set[str] = set()
        for reading in self.readings:
            for kind, found in known.items():
                listed = reading.values.get(kind)
                for name, values in (listed if isinstance(listed, dict) else {}).items():
                    at: Place = (kind, name)
                    if name in found:
                        first = found[name].read.keys[at]
                        fact = f"{path_text(at)} is in {first.file}:{first.line} already"
                        twice = Mistake(
                            "duplicate-key", fact, "rename one of the two, or remove it"
                        )
                        self.problems.append(twice.problem(reading.keys[at]))
                    elif isinstance(values, dict):
                        found[name] = Entry(at, values, reading)
                    elif kind == "groups":
                        invalid.add(name)
        return known, frozenset(invalid)
