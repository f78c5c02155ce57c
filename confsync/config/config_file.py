"""`confsync.yaml`: where it is found, and the targets that it names."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from confsync.config.layout import CONFIG, EXAMPLE
from confsync.config.target import Known, Target
from confsync.config.values import Config
from confsync.errors import InvalidFiles, Problem, WrongUsage
from confsync.store.decode import first_columns
from confsync.store.records import record_from_file
from confsync.yaml.read import read

if TYPE_CHECKING:
    from pathlib import Path


NAME = "confsync.yaml"
_NO_MAPPING = {
    "the file is empty",
    "the file is a list, not a mapping",
    "the file is one text, not a mapping",
    "an equals sign stands where YAML wants a colon",
}
"""Messages about a file that holds no mapping: the hint is an example then."""


def find(directory: Path) -> str | None:
    """The path of the `confsync.yaml` that counts in a directory, from there; None without one.

    It is searched upward to the root of the repository, the directory that holds `.git`, and
    without a repository in the directory alone. In one that is gone there is none.

    Raises WrongUsage for one that belongs to another user: it can name any variable and any file
    as a credential, and any server (like git, CVE-2022-24765).
    """
    try:
        here = directory.absolute()
    except OSError:
        return None
    above = [here, *here.parents]
    root = next((number for number, path in enumerate(above) if _is_there(path / ".git")), 0)
    candidates = (path / NAME for path in above[: root + 1])
    found = next((path for path in candidates if _is_there(path)), None)
    if found is None:
        return None
    file = os.path.relpath(found, here)
    if not _is_ours(found):
        raise WrongUsage(
            "belongs to another user, who could name any variable or file as a credential",
            where=file,
            hint="read it, then make it and its directory your own, or work as its owner",
        )
    return file


def _is_ours(file: Path) -> bool:
    """Whether a file, the link that leads to it, and the directory that it stands in belong to
    this user or to root. For root with sudo the user who called it counts, as for git.
    """
    user, caller = os.geteuid(), os.environ.get("SUDO_UID", "")
    ours = {"0", str(user), *([caller] if user == 0 else [])}
    owners = {file.lstat().st_uid, file.parent.stat().st_uid}
    with suppress(OSError):  # a link that leads nowhere is told of where it is read
        owners.add(file.stat().st_uid)
    return {str(owner) for owner in owners} <= ours


def _is_there(path: Path) -> bool:
    """Whether there is something, even a link that leads nowhere."""
    return os.path.lexists(path)


def read_config(file: str, known: Known) -> Config:
    """Read a `confsync.yaml`. Raises InvalidFiles with all of its problems."""
    parsed = read(file)
    problems = [_with_example(problem) for problem in parsed.problems]
    targets: list[Target] = []
    if parsed.document is not None:
        reading = record_from_file(parsed.document, CONFIG, known.references)
        # Without `targets` another problem says why: a misspelt or an unreadable key.
        whole = ("targets",) in reading.keys
        found = [one for one in reading.problems if whole or one.rule != "missing-field"]
        problems += found or (() if problems else reading.problems)
        listed = reading.values["targets"]
        for name, values in (listed if isinstance(listed, dict) else {}).items():
            if isinstance(values, dict):
                targets.append(Target(reading, values, name))
        for target in targets:
            problems += (wrong.problem(mark) for mark, wrong in target.mistakes(known))
    if problems:
        raise InvalidFiles(first_columns(problems), NAME)
    return Config(file, tuple(target.config() for target in targets))


def _with_example(problem: Problem) -> Problem:
    return replace(problem, hint=EXAMPLE) if problem.message in _NO_MAPPING else problem
