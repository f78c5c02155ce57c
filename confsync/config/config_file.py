"""`confsync.yaml`: finding it, and reading its targets."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from confsync.errors import InvalidFiles, WrongUsage
from confsync.yaml.read import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.config.target import Config, Known, Target

NAME = "confsync.yaml"
_NO_MAPPING = {"empty-file", "no-object", "not-key-value"}
"""Rules about a file without a mapping: they get an example as their hint."""


def repository(directory: Path) -> Path | None:
    """The root of the repository around a directory: the nearest one with `.git`, or None.

    Raises OSError if the working directory is gone.
    """
    here = Path(os.path.abspath(directory))  # noqa: PTH100 - links in it stay
    return next((path for path in (here, *here.parents) if os.path.lexists(path / ".git")), None)


def find(directory: Path) -> str | None:
    """The path of the `confsync.yaml` of a directory, relative to that, or None.

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
    found = next(filter(os.path.lexists, above), None)
    if found is None:
        for other in (path.with_suffix(".yml") for path in above):
            if os.path.lexists(other):
                fact = f"found {os.path.relpath(other, here)}, but confsync reads {NAME}"
                raise WrongUsage(fact, hint=f"rename it to {NAME}")
        return None
    file = os.path.relpath(found, here)
    if not is_ours(found):
        fact = "belongs to another user: it could use any variable or file as a credential"
        hint = "review it, then chown it and its directory, or run as its owner"
        raise WrongUsage(fact, where=file, hint=hint)
    return file


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
    """Read a `confsync.yaml`. Raises InvalidFiles with all of its problems."""
    # A run without a configuration loads none of these.
    from confsync.config.layout import CONFIG, EXAMPLE  # noqa: PLC0415
    from confsync.config.target import Config, Target  # noqa: PLC0415
    from confsync.store.decode import first_columns  # noqa: PLC0415
    from confsync.store.records import record_from_file  # noqa: PLC0415

    parsed = read(file)
    problems = [
        replace(problem, hint=EXAMPLE) if problem.rule in _NO_MAPPING else problem
        for problem in parsed.problems
    ]
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
                targets.append(Target(reading, values, ("targets", name)))
                problems += (wrong.problem(mark) for mark, wrong in targets[-1].mistakes(known))
    if problems:
        raise InvalidFiles(first_columns(problems), NAME)
    return Config(file, tuple(target.config() for target in targets))
