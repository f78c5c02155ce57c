"""Search files for secrets in clear, whatever else they are: no network, no secret."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from confsync.config.config_file import NAME, find
from confsync.errors import InvalidFiles, Problem, WrongUsage
from confsync.guard import discreet
from confsync.kinds import KINDS
from confsync.masking.document import secret_names
from confsync.masking.plaintext_scan import in_clear, words
from confsync.secrets import RESOLVERS
from confsync.store.detect import mentions, searchable
from confsync.store.mistakes import INSTEAD
from confsync.sync.findings import check_allowed, judged
from confsync.sync.names import SEARCHABLE, nearest
from confsync.sync.secret import Vault
from confsync.workflow.configuration import configuration, read_configuration
from confsync.workflow.load import check_names, load
from confsync.workflow.targets import NOTHING_WANTED, options
from confsync.workflow.validate import Checked, same

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from confsync.config.values import Config
    from confsync.masking.plaintext_scan import Words

PLAINTEXT, CREDENTIAL = SEARCHABLE

_FACTS = {
    "secret": "a secret seems to stand in this line in clear",
    "url": "a URL with a password seems to stand in this line",
}


@discreet
def search(
    files: Sequence[str],
    directory: Path,
    rules: Collection[str],
    *,
    allow: frozenset[str] = frozenset(),
    today: date,
) -> Checked:
    """Everything that breaks one of some rules in files that hold an object that confsync knows,
    or are a `confsync.yaml`; without files, in that of a directory and in those of its targets.

    No other file is of concern, whatever it holds. What is allowed, or allowed by every target
    that uses the file, is a warning. What cannot be read is searched line by line. Raises
    WrongUsage for a rule that cannot be searched for, the name of a risk that there is not, and
    where there is nothing to search.
    """
    check_allowed(allow)
    for rule in rules:
        if rule not in SEARCHABLE:
            hint = f"{nearest(rule, SEARCHABLE)}there are {' and '.join(SEARCHABLE)}"
            raise WrongUsage("there is no rule of that name to look for alone", hint=hint)
    if files:
        check_names(files)
    config = _configuration(directory)
    wanted = dict.fromkeys(files or _all(directory, config))
    if not wanted:
        raise WrongUsage("no file is named", hint="name the files, like stores/in-memory.yaml")
    found: dict[str, Sequence[Problem]] = {}
    for file in wanted:
        if Path(file).name == NAME:
            found[file] = _credentials(file)
        elif mentions(file, KINDS):
            allowed = allow | _allowed(file, config, today)
            found[file] = [judged(problem, allowed) for problem in _secrets(file)]
    every = (problem for problems in found.values() for problem in problems)
    # What cannot be read at all may break any rule.
    told = tuple(
        problem for problem in every if problem.rule not in SEARCHABLE or problem.rule in rules
    )
    return Checked(tuple(found), told)


def _configuration(directory: Path) -> Config | None:
    """What counts in a directory. One that is wrong is told of where it is searched itself."""
    try:
        return configuration(directory)
    except InvalidFiles:
        return None


def _all(directory: Path, config: Config | None) -> Sequence[str]:
    file = find(directory)
    targets = () if config is None else config.targets
    return [*([] if file is None else [file]), *(file for one in targets for file in one.files)]


def _allowed(file: str, config: Config | None, today: date) -> frozenset[str]:
    """The risks that every target allows that uses a file."""
    used = [one for one in (config.targets if config else ()) if same(one.files, file)]
    each = [options(NOTHING_WANTED, target, today).allow for target in used]
    return frozenset.intersection(*each) if each else frozenset()


def _secrets(file: str) -> Sequence[Problem]:
    """The secrets in clear of a file that mentions an object."""
    try:
        risks = load([file], Vault()).problems
    except InvalidFiles as invalid:
        found = [problem for problem in invalid.problems if problem.rule == PLAINTEXT]
    else:
        return [problem for problem in risks if problem.rule == PLAINTEXT]
    return _with_lines(
        file, found, words(KINDS, secret_names(KINDS.values()), RESOLVERS), PLAINTEXT
    )


def _credentials(file: str) -> Sequence[Problem]:
    """The credentials in clear of a `confsync.yaml`."""
    try:
        read_configuration(file)
    except InvalidFiles as invalid:
        found = [problem for problem in invalid.problems if problem.rule == CREDENTIAL]
        return _with_lines(
            file, found, words(["targets"], ["token", "password"], RESOLVERS), CREDENTIAL
        )
    return ()


def _with_lines(file: str, found: Sequence[Problem], wanted: Words, rule: str) -> Sequence[Problem]:
    """What was found in a file, and what a search of its lines finds besides."""
    text = searchable(file)
    if isinstance(text, Problem):
        return [text]
    told = {problem.line for problem in found}
    besides = (
        Problem(file, one.line, one.column, rule, _FACTS[one.what], INSTEAD)
        for one in in_clear(text, wanted)
        if one.line not in told
    )
    return sorted([*found, *besides])
