"""Check files, alone or as the targets of `confsync.yaml` use them, or search them for secrets in
clear: no network, no secret.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from confsync.config.config_file import NAME, by_config, found_from
from confsync.disk.read import read_regular
from confsync.errors import InvalidFiles, Problem, WrongUsage
from confsync.guard import discreet
from confsync.kinds import KINDS, documented, using
from confsync.kinds.in_memory_store_risks import redis_places
from confsync.secrets import RESOLVERS
from confsync.store.detect import mentions, searchable
from confsync.store.mistakes import INSTEAD
from confsync.sync.findings import (
    Facts,
    as_problem,
    guessable_findings,
    judged,
    lapsed,
    state_problems,
)
from confsync.sync.names import SEARCHABLE, nearest
from confsync.sync.secret import Secret, Vault
from confsync.sync.tree import leaves
from confsync.sync.url import Url
from confsync.sync.values import KEEPING
from confsync.workflow.load import check_names, in_order, load, meant, stores_in, world_readable
from confsync.workflow.once import Once
from confsync.workflow.tables import beside, tables_at, tables_of
from confsync.workflow.targets import (
    NO_ACCESS,
    NOTHING_WANTED,
    Wanted,
    aimed,
    check_rules,
    checked_of,
    configuration,
    nothing_named,
    options,
    read_configuration,
    same_server,
    without_config,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from confsync.config.target import Config, TargetConfig
    from confsync.sync.values import Desired, Origin
    from confsync.workflow.targets import Aim, Asked
    from confsync.yaml.nodes import Mark

    Result: TypeAlias = tuple[tuple[Problem, ...], tuple[Desired, ...]]

_MOST_PEM = 16 * 1024 * 1024

PLAINTEXT, CREDENTIAL = SEARCHABLE

_FACTS = {
    "secret": "this line seems to contain a secret in plain text",
    "url": "this line seems to contain a URL with a password",
}


@dataclass(frozen=True)
class Checked:
    """The files that were read, each once, and their problems."""

    files: tuple[str, ...]
    problems: tuple[Problem, ...]


@discreet
def validate(files: Sequence[str], *, allow: Collection[str] = ()) -> tuple[Problem, ...]:
    """Every problem of every file, each file taken as a state of its own, in the order given.

    An allowed risk is a warning. Raises WrongUsage for an unknown risk.
    """
    check_rules(allow)
    wanted = Wanted(allow=frozenset(allow))
    return tuple(
        problem
        for file in files
        for problem in _checked_files(_alone(file, wanted), Vault(documented), Once())[0]
    )


@discreet
def check(
    asked: Asked,
    directory: Path,
    *,
    wanted: Wanted = NOTHING_WANTED,
    today: date,
    skip_others: bool = False,
) -> Checked:
    """Check files, or without any the `confsync.yaml` of a directory with all of its targets, or
    those that are asked for.

    A file of targets is checked as they use it, with all of their files; any other is a state of
    its own. After an invalid `confsync.yaml` nothing else is checked. `skip_others`: pass over
    files that no target uses, and that are not meant as stores. Raises WrongUsage for an unknown
    risk, and with nothing to check.
    """
    check_rules(wanted.allow, wanted.fail_on)
    use = partial(_check, wanted=wanted, today=today, asked=asked, skip_others=skip_others)
    try:
        return _by_config(asked.files, directory, use)
    except InvalidFiles as invalid:
        return Checked((invalid.problems[0].file,), invalid.problems)


def _by_config(
    files: Sequence[str], directory: Path, use: Callable[[Sequence[str], Path], Checked]
) -> Checked:
    """Use files by the directory whose `confsync.yaml` counts for them, with the tables there."""
    with using(tables_at(beside(directory))):
        groups = by_config(stores_in(files), directory) or {directory: ()}
    parts: list[Checked] = []
    for near, some in groups.items():
        with using(tables_at(beside(near))):
            parts.append(use(some, near))
    return Checked(
        tuple(dict.fromkeys(file for one in parts for file in one.files)),
        tuple(dict.fromkeys(problem for one in parts for problem in one.problems)),
    )


def _check(  # noqa: PLR0913 - one parameter an option
    files: Sequence[str],
    directory: Path,
    *,
    wanted: Wanted,
    today: date,
    asked: Asked,
    skip_others: bool,
) -> Checked:
    try:
        config = configuration(directory)
    except InvalidFiles as invalid:
        file = invalid.problems[0].file
        if files and skip_others and not any(_same([file], one) or meant(one) for one in files):
            return Checked((), ())
        return Checked((file,), invalid.problems)
    if not files and config is None:
        raise nothing_named(directory)
    own, targets = () if config is None else config.files, checked_of(config, asked)
    itself = {*map(os.path.realpath, own)}
    paths = {one.name: itself | {*map(os.path.realpath, one.files)} for one in targets}
    states: dict[tuple[str, str], Aim] = {}
    for file in files or own[:1]:
        real = os.path.realpath(file)
        users = [one for one in targets if real in paths[one.name]]
        if config is not None:
            states |= {(aim.name, ""): aim for aim in aimed(config, users, wanted, today=today)}
        if files and not users and (not skip_others or meant(file)):
            states["", file] = _alone(file, wanted)
    named = not itself.isdisjoint(map(os.path.realpath, files))
    return _checked(config if not files or named else None, states.values())


def _alone(file: str, wanted: Wanted) -> Aim:
    """A file that no target uses, by the tables in use."""
    return replace(without_config((file,), wanted, NO_ACCESS), schema="")


def _checked(config: Config | None, states: Iterable[Aim]) -> Checked:
    """Check a configuration itself, and the states of targets and files."""
    users: dict[str, list[str]] = {file: [] for file in config.files} if config else {}
    own = (*_same_servers(config), *_unencrypted(config), *_pem_files(config)) if config else ()
    found: dict[Problem, list[str]] = {one: [] for one in own}
    desired: dict[str, tuple[Desired, ...]] = {}
    vault, once = Vault(documented), Once()
    for aim in states:
        for file in aim.files:
            users.setdefault(file, []).append(aim.name)
        problems, desired[aim.name] = _checked_files(aim, vault, once)
        lapses = lapsed(aim.options.lapses, problems)
        if config:
            lapses = tuple(lapse.finding for lapse in aim.options.lapses)
        for problem in (*problems, *map(as_problem, lapses)):
            found.setdefault(problem, []).append(aim.name)
    for problem in _shared_redis(config, desired) if config else ():
        found[problem] = users.get(problem.file, [])
    facts = (
        # Targets are named if others use the file without this problem.
        replace(problem, message=f"{problem.message} (target {' and '.join(having)})")
        if len(having) < len(users.get(problem.file, having))
        else problem
        for problem, having in found.items()
    )
    return Checked(tuple(users), tuple(facts))


def _same(files: Iterable[str], other: str) -> bool:
    """True for a file that is among some, in any spelling."""
    return os.path.realpath(other) in map(os.path.realpath, files)


def _same_servers(config: Config) -> Iterator[Problem]:
    """Warnings for targets with the server of an earlier one."""
    for first, *others in same_server(config.targets):
        for target in others:
            fact = f"{target.name} has the same server as {first.name}"
            hint = f"correct one of the two URLs, or merge {target.name} into {first.name}"
            yield _warning(target.url_mark, "same-server-twice", fact, hint)


def _unencrypted(config: Config) -> Iterator[Problem]:
    """Warnings for targets that are reached over http."""
    from confsync.net.endpoint import is_protected  # noqa: PLC0415 - with a configuration alone

    for target in config.targets:
        if not is_protected(target.url):
            fact = f"targets/{target.name}/url has no TLS: it needs --insecure-http"
            hint = "write https://, or pass --insecure-http to each command"
            yield _warning(target.url_mark, "unencrypted-server", fact, hint)


def _pem_files(config: Config) -> Iterator[Problem]:
    """Warnings for files of certificates and keys that cannot be used here. A file may exist only
    where `apply` runs.
    """
    from confsync.config.target import PEM_FILES  # noqa: PLC0415 - with a configuration alone

    for target in config.targets:
        for member, mark in target.pem_marks:
            name, kind = f"the file of targets/{target.name}/{member}", PEM_FILES[member]
            try:
                content = read_regular(getattr(target, member), _MOST_PEM)
            except (OSError, ValueError):
                hint = "check the path, which starts at confsync.yaml;"
                hint += " ignore this if only CI has the file"
                yield _warning(mark, "pem-file", f"{name} cannot be read", hint)
                continue
            if f"{kind}-----".encode() not in content:
                hint = f"write the path of a file with -----BEGIN {kind}-----"
                yield _warning(mark, "pem-file", f"{name} holds no PEM {kind.lower()}", hint)


def _shared_redis(config: Config, states: Mapping[str, tuple[Desired, ...]]) -> Iterator[Problem]:
    """Warnings for targets that certainly use a Redis of an earlier target with another server."""
    again = {one.name for _, *same in same_server(config.targets) for one in same}
    users: dict[object, str] = {}
    for name in (name for name in states if name not in again):
        shared: dict[str, Origin] = {}
        for desired in states[name]:
            for path, place in redis_places(desired.written):
                first = users.setdefault(place, name)
                shared.setdefault(first, desired.origin(path, written=True))
        for first, at in shared.items():
            if first != name:
                fact = f"{name} uses the same Redis and database as {first}"
                message = f"{fact}: they would share rate limits and locks"
                hint = "write another database in one of the URLs, or another Redis"
                yield _warning(at, "shared-redis", message, hint)


def _warning(at: Mark | Origin, rule: str, message: str, hint: str) -> Problem:
    return Problem(at.file, at.line, at.column, rule, message, hint, "warning")


def _checked_files(aim: Aim, vault: Vault, once: Once) -> Result:
    """Problems of the files of a target, and their states if these are valid."""
    try:
        with using(tables_of(aim)):
            return _problems(aim, vault, once)
    except InvalidFiles as invalid:
        chosen = aim.options
        return tuple(judged(one, chosen.allow, chosen.fail_on) for one in invalid.problems), ()


def _problems(aim: Aim, vault: Vault, once: Once) -> Result:
    """Like `_checked_files`. Ignored fields have no problems. Raises InvalidFiles."""
    chosen, loaded = aim.options, load(aim.files, vault, aim.options.own, once)
    keep = chosen.hidden_secrets in KEEPING
    stated: list[Problem] = []
    warnings: list[Problem] = []
    for desired in loaded.desired:
        facts = Facts(world_readable=world_readable(desired), unlisted=chosen.unlisted)
        ignored = [(field,) for field in chosen.ignored(desired.object)]
        rules = KINDS[desired.object].state_rules
        stated += state_problems(desired, rules, facts, ignored)
        stated += _placeholders(desired, keep=keep)
        warnings += map(as_problem, guessable_findings(desired))
    found = in_order(aim.files, (*loaded.problems, *loaded.shown(stated), *warnings))
    return tuple(judged(one, chosen.allow, chosen.fail_on) for one in found), loaded.desired


def _placeholders(desired: Desired, *, keep: bool) -> Iterator[Problem]:
    """Warnings for references that `pull` and `init` left to be filled in."""
    for path, leaf in leaves(desired.tree):
        hint = "write a reference to this secret"
        secrets: tuple[Secret, ...] = leaf.secrets if isinstance(leaf, Url) else ()
        if isinstance(leaf, Secret) and not keep:
            secrets = (leaf,)
            hint += ", or set `hidden_secrets: keep` in confsync.yaml to keep the server's"
        at = desired.origin(path)
        for ref in (secret.ref for secret in secrets):
            if ref is not None and ref.placeholder:
                yield _warning(at, "fill-in", f"{ref} is a placeholder", hint)


@discreet
def search(
    asked: Asked,
    directory: Path,
    rules: Collection[str],
    *,
    allow: frozenset[str] = frozenset(),
    today: date,
) -> Checked:
    """Breaches of some rules in files that hold a known object, or are a `confsync.yaml`; without
    files, in the `confsync.yaml` of a directory and in the files of its targets, or of those that
    are asked for.

    Risks allowed here, or by every target of a file, are warnings. Raises WrongUsage for a rule
    that cannot be searched for, an unknown risk, and with nothing to search.
    """
    check_rules(allow)
    for rule in rules:
        if rule not in SEARCHABLE:
            hint = f"{nearest(rule, SEARCHABLE)}allowed: {', '.join(SEARCHABLE)}"
            raise WrongUsage("--only: unknown rule", hint=hint)
    if asked.files:
        check_names(asked.files)
    use = partial(_search, rules=rules, allow=allow, today=today, asked=asked)
    return _by_config(asked.files, directory, use)


def _search(  # noqa: PLR0913 - one parameter an option
    files: Sequence[str],
    directory: Path,
    *,
    rules: Collection[str],
    allow: frozenset[str],
    today: date,
    asked: Asked,
) -> Checked:
    here = found_from(directory)
    own = [] if here is None else [here]
    targets: list[TargetConfig] = []
    for file in own:
        try:
            targets += checked_of(read_configuration(file), asked)
        except InvalidFiles as invalid:  # the search of the file itself tells of it
            broken = [problem.file for problem in invalid.problems]
            files = (*files, *own) if files and any(_same(broken, one) for one in files) else files
    wanted: dict[str, str] = {}
    for file in files or [*own, *(file for one in targets for file in one.files)]:
        wanted.setdefault(os.path.realpath(file), file)
    if not wanted:
        raise nothing_named(directory)
    searched = [
        file for file in wanted.values() if Path(file).name == NAME or mentions(file, KINDS)
    ]
    found: list[Problem] = []
    for file in searched:
        users = [one for one in targets if _same(one.files, file)]
        each = [options(NOTHING_WANTED, one, today).allow for one in users]
        allowed = allow.union(frozenset.intersection(*each) if each else ())
        found += (judged(problem, allowed) for problem in _in_clear(file))
    # An unreadable file can break any rule.
    counted = (one for one in found if one.rule not in SEARCHABLE or one.rule in rules)
    return Checked(tuple(searched), tuple(counted))


def _in_clear(file: str) -> Sequence[Problem]:
    """Secrets or credentials in clear of a file. The lines of an invalid one are searched too."""
    is_config = Path(file).name == NAME
    rule = CREDENTIAL if is_config else PLAINTEXT
    try:
        if is_config:
            read_configuration(file)
            return ()
        return [one for one in load([file], Vault()).problems if one.rule == rule]
    except InvalidFiles as invalid:
        found = [one for one in invalid.problems if one.rule == rule]
    text = searchable(file)
    if isinstance(text, Problem):
        return [text]
    from confsync.masking.document import secret_names  # noqa: PLC0415 - a check never loads them
    from confsync.masking.plaintext_scan import Words, in_clear  # noqa: PLC0415

    lines = {problem.line for problem in found}
    wanted = Words(KINDS, secret_names(KINDS.values()), RESOLVERS)
    if is_config:
        wanted = Words(["targets"], ["token", "password"], RESOLVERS)
    besides = (
        Problem(file, one.line, one.column, rule, _FACTS[one.what], INSTEAD, risk=rule == PLAINTEXT)
        for one in in_clear(text, wanted)
        if one.line not in lines
    )
    return sorted([*found, *besides])
