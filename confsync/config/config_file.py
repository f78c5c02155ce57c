"""`confsync.yaml`: where it is found, and the targets that it names."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from confsync.config import fields as members
from confsync.config.fields import Gathering
from confsync.config.target import Known, disarmed, read_target
from confsync.config.values import Config, TargetConfig
from confsync.errors import InvalidFiles, Problem, WrongUsage
from confsync.store.decode import first_columns
from confsync.store.mistakes import Mistake, Mistakes, quoted_name
from confsync.sync.spelling import nearest
from confsync.yaml.nodes import Mark
from confsync.yaml.read import read

if TYPE_CHECKING:
    from pathlib import Path

    from confsync.yaml.nodes import MappingNode, Node

NAME = "confsync.yaml"
_TARGETS = "targets"
_TARGET_NAME = re.compile(r"\w[\w.-]{0,62}")
_EXAMPLE = f"write `{_TARGETS}:` at its top, a target's name under it, and its members under that"
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
    """Read a `confsync.yaml`. Raises InvalidFiles with everything that is wrong with it."""
    parsed = read(file)
    problems = [_with_example(problem) for problem in parsed.problems]
    found: tuple[TargetConfig, ...] = ()
    if parsed.document is not None:
        try:
            found = _config(parsed.document, known, silent=bool(problems))
        except Mistakes as wrong:
            problems += (_problem(file, mistake) for mistake in wrong.mistakes)
    if problems:
        raise InvalidFiles(first_columns(problems), NAME)
    return Config(file, found)


def _config(document: MappingNode, known: Known, *, silent: bool) -> tuple[TargetConfig, ...]:
    """Every target of a document. `silent`: what seems to be missing may have been unreadable.

    Raises Mistakes.
    """
    gathering = Gathering()
    for key, _ in document.entries:
        if key.text != _TARGETS:
            gathering.add(key.mark, disarmed(key.text) or _unknown(key.text))
    entry = document.get(_TARGETS)
    if entry is None and not gathering.mistakes and not silent:
        gathering.add(
            document.mark, Mistake("missing-field", "the file names no targets", _EXAMPLE)
        )
    targets = entry and gathering.tried(
        entry[1], _TARGETS, lambda node, name: _targets(node, name, known)
    )
    gathering.end()
    return targets or ()


def _targets(node: Node, name: str, known: Known) -> tuple[TargetConfig, ...]:
    listed = members.mapping(node, name, "write each target's name, and its members under it")
    if not listed.entries:
        raise Mistake("blank-text", f"{name} is empty", _EXAMPLE)
    gathering = Gathering()
    found = []
    for key, value in listed.entries:
        named = key.text
        if not _TARGET_NAME.fullmatch(named):
            fact = "the name of a target holds what no name can"
            hint = "use letters, digits, `_`, `-` and `.`, and no more than 63 of them"
            gathering.add(key.mark, Mistake("target-name", fact, hint))
            named = "…"
        found.append(gathering.tried(value, named, lambda node, own: read_target(own, node, known)))
    gathering.end()
    return tuple(target for target in found if target is not None)


def _unknown(name: str) -> Mistake:
    hint = f"{nearest(name, [_TARGETS])}it has `{_TARGETS}` alone"
    return Mistake("unknown-field", f"the top of {NAME} has no {quoted_name(name)}", hint)


def _with_example(problem: Problem) -> Problem:
    return replace(problem, hint=_EXAMPLE) if problem.message in _NO_MAPPING else problem


def _problem(file: str, mistake: Mistake) -> Problem:
    mark = mistake.mark or Mark(file, 0, 0)
    return Problem(mark.file, mark.line, mark.column, mistake.rule, mistake.message, mistake.hint)
