"""Check files, alone or as the targets of `confsync.yaml` use them: no network, no secret."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from confsync.errors import InvalidFiles, Problem, WrongUsage
from confsync.guard import discreet
from confsync.kinds import KINDS, documented
from confsync.store.detect import may_be_store
from confsync.sync.findings import (
    as_problem,
    breaches_told,
    check_allowed,
    guessable_findings,
    judged,
    lapsed,
)
from confsync.sync.secret import Vault
from confsync.workflow.configuration import configuration
from confsync.workflow.load import load
from confsync.workflow.targets import Wanted, options, same_server
from confsync.yaml.nodes import Mark

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date
    from pathlib import Path

    from confsync.config.target import Config, TargetConfig


@dataclass(frozen=True)
class Checked:
    """The files that were read, each once, and everything that is wrong with them."""

    files: tuple[str, ...]
    problems: tuple[Problem, ...]


@discreet
def check(
    files: Sequence[str],
    directory: Path,
    *,
    allow: frozenset[str] = frozenset(),
    today: date,
    skip_others: bool = False,
) -> Checked:
    """Check files, or without any the `confsync.yaml` of a directory with all of its targets.

    A file that targets use is checked as they use it, with all of their files; any other is a
    state of its own. A `confsync.yaml` that is wrong is all that is checked. `skip_others`: files
    that no target uses, and that are not meant as stores, are of no concern. Raises WrongUsage
    where there is nothing to check, and for the name of a risk that there is not.
    """
    check_allowed(allow)
    try:
        config = configuration(directory)
    except InvalidFiles as invalid:
        file = invalid.problems[0].file
        if files and skip_others and not any(same([file], one) or _concerns(one) for one in files):
            return Checked((), ())
        return Checked((file,), invalid.problems)
    if not files and config is None:
        raise WrongUsage("no file is named", hint="name the files, like stores/in-memory.yaml")
    checking = _Checking(allow, today)
    if config is not None and (not files or same(files, config.file)):
        checking.files[config.file] = None
        checking.servers(config)
    if not files and config is not None:
        checking.targets(config.targets)
    for file in files:
        used = () if config is None else _users(file, config)
        if used:
            checking.targets(used)
        elif not skip_others or _concerns(file):
            checking.alone(file)
    return Checked(tuple(checking.files), tuple(checking.problems()))


def _users(file: str, config: Config) -> Sequence[TargetConfig]:
    """The targets that use a file; all of them use the configuration itself."""
    if same([file], config.file):
        return config.targets
    return [target for target in config.targets if same(target.files, file)]


def _concerns(file: str) -> bool:
    """Whether a file is meant as a store, even if it is none."""
    return may_be_store(file, KINDS, (tag for kind in KINDS.values() for tag in kind.shape.objects))


def same(files: Iterable[str], other: str) -> bool:
    """Whether a file is among some, however it is spelt."""
    return os.path.realpath(other) in map(os.path.realpath, files)


@dataclass
class _Checking:
    """What was checked so far: problems with the targets that have them, in their order."""

    allow: frozenset[str]
    today: date
    files: dict[str, None] = field(default_factory=dict)
    users: dict[str, list[str]] = field(default_factory=dict)
    found: dict[Problem, list[str]] = field(default_factory=dict)

    def alone(self, file: str) -> None:
        """Check a file as a state of its own."""
        self._add("", [file], problems_of([file], self.allow))

    def targets(self, targets: Iterable[TargetConfig]) -> None:
        """Check the states of some targets, each once."""
        done = {name for names in self.users.values() for name in names}
        for target in targets:
            if target.name not in done:
                chosen = options(Wanted(allow=self.allow), target, self.today)
                problems = problems_of(target.files, chosen.allow, chosen.ignore)
                self._add(target.name, target.files, problems)
                self._add(target.name, [], map(as_problem, lapsed(chosen.lapses, problems)))

    def servers(self, config: Config) -> None:
        """Check that no two targets have one server."""
        for first, *others in same_server(config.targets):
            for target in others:
                mark = target.url_mark or Mark(config.file, 0, 0)
                place = (mark.file, mark.line, mark.column)
                fact = f"{target.name} has the same server as {first.name}"
                hint = f"correct one of the two URLs, or make one target of {first.name} and it"
                problem = Problem(*place, "same-server-twice", fact, hint, "warning")
                self.found[problem] = []

    def problems(self) -> Iterable[Problem]:
        """Each problem once; of one that not every target has that uses its file, whose it is."""
        for problem, having in self.found.items():
            if len(having) < len(self.users.get(problem.file, having)):
                names = " and ".join(having)
                yield replace(problem, message=f"{problem.message} (target {names})")
            else:
                yield problem

    def _add(self, name: str, files: Iterable[str], problems: Iterable[Problem]) -> None:
        for file in files:
            self.files[file] = None
            self.users.setdefault(file, []).append(name)
        for problem in problems:
            self.found.setdefault(problem, []).append(name)


@discreet
def validate(files: Sequence[str], *, allow: Collection[str] = ()) -> tuple[Problem, ...]:
    """Every problem of every file, each file taken as a state of its own, in the order given.

    A risk that is allowed is a warning. Raises WrongUsage for the name of a risk that there is
    not.
    """
    check_allowed(allow)
    return tuple(problem for file in files for problem in problems_of([file], allow))


def problems_of(
    files: Sequence[str], allow: Collection[str], ignore: Collection[str] = ()
) -> tuple[Problem, ...]:
    """Every problem of some files laid over each other, and every risk of the state they make but
    for ignored fields.
    """
    try:
        loaded = load(files, Vault(documented))
    except InvalidFiles as invalid:
        return tuple(judged(problem, allow) for problem in invalid.problems)
    desired = loaded.desired
    stated = breaches_told(
        desired,
        (
            breach
            for breach in KINDS[desired.object].breaches(desired.tree)
            if f"{desired.object}/{breach.path[0]}" not in ignore
        ),
    )
    found = sorted(
        (*loaded.problems, *loaded.shown(stated), *map(as_problem, guessable_findings(desired))),
        key=lambda problem: (files.index(problem.file), problem),
    )
    return tuple(judged(problem, allow) for problem in found)
