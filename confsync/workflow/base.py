"""The base of a run: what the files said at an earlier revision (product page, section 4)."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from confsync.disk.read import STANDARD_INPUT, reading_from, there
from confsync.disk.revision import opened_revision
from confsync.errors import InvalidFiles, WrongUsage
from confsync.kinds import using
from confsync.kinds.table_file import NAME
from confsync.net.endpoint import server_key
from confsync.sync.cause import alike
from confsync.sync.plan import state_json
from confsync.workflow.load import load
from confsync.workflow.once import Once
from confsync.workflow.tables import tables_of
from confsync.workflow.targets import (
    DEFAULTS,
    NO_ACCESS,
    NOTHING_WANTED,
    Aim,
    configuration,
    options,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from confsync.config.target import Config, TargetConfig
    from confsync.sync.secret import Vault
    from confsync.sync.values import Desired
    from confsync.workflow.targets import Options, Wanted


@dataclass(frozen=True)
class Base:
    """Desired states of a target at a revision, by their objects, and its options there. Without
    states: the target was not there.
    """

    revision: str
    desired: Mapping[str, Desired] = field(default_factory=dict)
    options: Options = DEFAULTS


def with_bases(  # noqa: PLR0913 - all that the states depend on
    aims: Sequence[Aim],
    revision: str,
    directory: Path,
    wanted: Wanted,
    vault: Vault,
    *,
    environment: Mapping[str, str],
    today: date,
) -> tuple[Aim, ...]:
    """The servers of a run, each with its base. Each file of the revision is read once.

    Raises WrongUsage for a revision that cannot be read, and InvalidFiles for invalid files there.
    """
    if any(STANDARD_INPUT in aim.files for aim in aims):
        hint = "name the file, or leave out --base"
        raise WrongUsage("--base: standard input is in no revision", hint=hint)
    once = Once()
    with ExitStack() as stack:
        source = stack.enter_context(opened_revision(revision, environment))
        stack.enter_context(reading_from(source))
        try:
            config = configuration(directory) if any(aim.config for aim in aims) else None
            known = {one.name: one for one in config.targets} if config is not None else {}
            found = []
            for aim in aims:
                target, base = known.get(aim.name), Base(revision)
                if aim.config is None:
                    base = _base(base, aim, aim.options, _there(aim.files), vault, once)
                elif target is not None and server_key(target.url) == server_key(aim.config.url):
                    own = aim.files == aim.config.files
                    files = target.files if own else _there(aim.files)
                    base = _base(base, aim, options(wanted, target, today), files, vault, once)
                found.append(replace(aim, options=replace(aim.options, base=base)))
        except InvalidFiles as invalid:
            problems = (replace(one, file=f"{revision}:{one.file}") for one in invalid.problems)
            raise InvalidFiles(tuple(problems), f"the files at {revision}") from None
    return tuple(found)


def _there(files: Iterable[str]) -> tuple[str, ...]:
    """Files that were named, without those that are new."""
    return tuple(file for file in files if there(file))


def _base(  # noqa: PLR0913, PLR0917 - all that the states depend on
    empty: Base, aim: Aim, chosen: Options, files: tuple[str, ...], vault: Vault, once: Once
) -> Base:
    """The base of a target, with its options there; empty without a file."""
    if not files:
        return empty
    with using(tables_of(aim)):
        found = load(files, vault, chosen.own, once).desired
    states = {one.object: one for one in found}
    return replace(empty, desired=states, options=chosen)


def changed(aims: Iterable[Aim], vault: Vault) -> tuple[Aim, ...]:
    """The targets whose desired states are not those of their bases, or cannot be read."""
    once = Once()
    return tuple(aim for aim in aims if _changed(aim, vault, once))


def changed_targets(  # noqa: PLR0913 - as `with_bases`
    config: Config,
    targets: Iterable[TargetConfig],
    revision: str,
    directory: Path,
    vault: Vault,
    *,
    environment: Mapping[str, str],
    today: date,
) -> tuple[TargetConfig, ...]:
    """Like `changed`, for targets of a configuration. Raises as `with_bases` does."""
    schema = str(Path(config.file).parent / NAME)
    aims = [
        Aim(one.files, options(NOTHING_WANTED, one, today), NO_ACCESS, one, schema=schema)
        for one in targets
    ]
    based = with_bases(
        *(aims, revision, directory, NOTHING_WANTED, vault), environment=environment, today=today
    )
    return tuple(aim.config for aim in changed(based, vault) if aim.config is not None)


def _changed(aim: Aim, vault: Vault, once: Once) -> bool:
    chosen, base = aim.options, aim.options.base
    if base is None:
        return True
    if (chosen.unlisted, chosen.ignore) != (base.options.unlisted, base.options.ignore):
        return True
    try:
        with using(tables_of(aim)):
            found = load(aim.files, vault, chosen.own, once).desired
    except InvalidFiles:
        return True
    was = [base.desired.get(one.object) for one in found]
    if len(was) != len(base.desired) or None in was:
        return True
    return any(
        old is None or not _same(one, old, chosen) for one, old in zip(found, was, strict=True)
    )


def _same(one: Desired, other: Desired, chosen: Options) -> bool:
    """True for states that want the same of a server, whatever it has: the order of sets counts."""
    trees, unset = [], []
    for state in (one, other):
        tree, ignored = state.written, chosen.ignored(one.object)
        members = {name: value for name, value in tree.members.items() if name not in ignored}
        trees.append(replace(tree, members=members))
        # Such a field keeps the server's value where unlisted fields do.
        unset.append([n for n in members if state.origin((n,), written=True).why == "default"])
    if chosen.unlisted == "keep" and unset[0] != unset[1]:
        return False
    return alike(*trees) and state_json(trees[0]) == state_json(trees[1])
