"""Choose the targets of `confsync.yaml` for a run, and list them: product page, section 2.

The values of one option are alternatives; what several options say must hold at once.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from confsync.config.target import Written
from confsync.disk.read import MAX_PLAN_BYTES
from confsync.errors import Problem, WrongUsage
from confsync.report.targets import Listed
from confsync.store.layers import lay_over
from confsync.store.mistakes import listed, quoted_name
from confsync.store.urls import NAMED, parted
from confsync.sync.names import nearest
from confsync.sync.secret import Ref
from confsync.yaml.nodes import MappingNode, ScalarNode, members_of
from confsync.yaml.read import content, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from confsync.config.target import Config, TargetConfig
    from confsync.yaml.nodes import Node
    from confsync.yaml.read import Parsed

Part: TypeAlias = Literal["failed", "changed", "stored"]
"""Of the targets of a report: those that failed, have changes or are stored."""


@dataclass(frozen=True)
class Filters:
    """Filters on the targets of a run.

    `exclude`: names and patterns. `groups`: each some groups that a target is in at once. `using`:
    files. `reported`: names from a report, with the words for them. `shard`: the number, from 1,
    and the number of shards. `changed`: the revision from which desired states differ, or empty;
    `workflow/base.py` finds out.
    """

    exclude: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    using: tuple[str, ...] = ()
    reported: tuple[str, frozenset[str]] | None = None
    shard: tuple[int, int] | None = None
    changed: str = ""

    @property
    def select(self) -> bool:
        """True if they say what to take, and not only what to leave out."""
        return bool(self.groups or self.using or self.changed) or self.reported is not None

    def __str__(self) -> str:
        parts = [self.words] if self.words else []
        parts += ["shard {}/{}".format(*self.shard)] if self.shard else []
        return ", ".join(parts)

    @property
    def words(self) -> str:
        """The filters in words, without the shard."""
        parts = [f"group {' and '.join(names)}" for names in self.groups]
        parts = [" or ".join(parts)] if parts else []
        # The empty name stands for an empty list of files.
        files = [one or "no file" for one in self.using]
        parts += [f"using {listed(files, 'or')}"] if files else []
        parts += [self.reported[0]] if self.reported else []
        parts += [f"changed since {self.changed}"] if self.changed else []
        parts += [f"without {listed(self.exclude)}"] if self.exclude else []
        return ", ".join(parts)


NO_FILTERS = Filters()


def listing(targets: Iterable[TargetConfig]) -> tuple[Listed, ...]:
    """The targets as they are listed. Variables in files that cannot be read are left out."""
    parsed = cache(read)
    return tuple(
        Listed(one.name, one.url, one.groups, one.files, tuple(dict.fromkeys(_needed(one, parsed))))
        for one in targets
    )


def _needed(target: TargetConfig, parsed: Callable[[str], Parsed]) -> Iterator[str]:
    credentials = (target.token, target.user, target.password)
    refs = [one.ref for one in credentials if isinstance(one, Written)]
    documents = [one for file in target.files if (one := parsed(file).document)]
    whole = lay_over([*documents, *target.set]) if documents else None
    refs += _references(whole, target.secrets) if whole else ()
    yield from (ref.argument for ref in refs if ref.kind == "env")


def _references(node: Node, secrets: Mapping[str, Ref]) -> Iterator[Ref]:
    """The references to variables in a document, and those that a target's secrets are."""
    for key, value in members_of(node):
        alone = isinstance(node, MappingNode) and len(parted(node)[0].entries) == 1
        if key is not None and isinstance(value, ScalarNode) and alone:
            if key.text == "env":
                yield Ref("env", value.text)
            elif key.text == NAMED and value.text in secrets:
                yield secrets[value.text]
        yield from _references(value, secrets)


def selected(config: Config, names: Sequence[str], filters: Filters) -> tuple[TargetConfig, ...]:
    """The targets that are named, in this order, or all, and pass the filters. Raises WrongUsage
    for an unknown name or group, and where groups and names leave none.
    """
    known = {target.name: target for target in config.targets}
    found = [*config.targets]
    if names:
        found = [known[name] for name in matching(config, names, "--target")]
    without = {*matching(config, filters.exclude, "--exclude")}
    found = [one for one in found if one.name not in without]
    if filters.groups:
        _check_groups(config, filters)
        found = [one for one in found if any({*some} <= {*one.groups} for some in filters.groups)]
    if not found and config.targets:
        raise WrongUsage(f"no target of {config.file} is selected", hint="check the options")
    if filters.using:
        files = {*map(os.path.realpath, filters.using)}
        found = [one for one in found if not files.isdisjoint(_files(one))]
    if filters.reported is not None:
        found = [one for one in found if one.name in filters.reported[1]]
    if filters.shard is not None:
        found = [one for one in found if in_shard(one.name, *filters.shard)]
    return tuple(found)


def _files(target: TargetConfig) -> Iterable[str]:
    return map(os.path.realpath, (*target.files, *target.read))


def matching(config: Config, names: Iterable[str], option: str) -> tuple[str, ...]:
    """The names of targets for names and patterns, each once. Raises WrongUsage for one that is the
    name of none: a misspelt name to exclude would be taken.
    """
    known = {target.name: None for target in config.targets}
    found: dict[str, None] = {}
    for name in names:
        some = [name] if name in known else [one for one in known if fnmatchcase(one, name)]
        if not some:
            hint = f"{nearest(name, known)}known: {some_of([*known])}"
            if "," in name:
                hint = f"repeat {option} for each name"
            raise WrongUsage(f"{config.file} has no target {quoted_name(name)}", hint=hint)
        found |= dict.fromkeys(some)
    return tuple(found)


_MANY = 20


def some_of(names: Sequence[str]) -> str:
    """Names for people; of many, the first ones and the number of the others."""
    left = len(names) - _MANY
    return ", ".join(names[:_MANY]) + (f" and {left} more" if left > 0 else "")


def _check_groups(config: Config, filters: Filters) -> None:
    for name in (name for names in filters.groups for name in names):
        if name not in config.groups:
            known = ", ".join(config.groups)
            hint = f"{nearest(name, config.groups)}{f'known: {known}' if known else ''}".rstrip()
            hint = hint or "add `groups` to confsync.yaml"
            raise WrongUsage(f"{config.file} has no group {quoted_name(name)}", hint=hint)


def in_shard(name: str, number: int, shards: int) -> bool:
    """True for a target in a shard: SHA-256 of its name in UTF-8, as a number, modulo the number of
    shards, counted from 1.
    """
    return int.from_bytes(sha256(name.encode()).digest(), "big") % shards == number - 1


def shard_of(text: str, option: str) -> tuple[int, int]:
    """A shard like `1/4`. Raises WrongUsage."""
    first, _, last = text.partition("/")
    if not (first.isascii() and first.isdigit() and last.isascii() and last.isdigit()):
        raise WrongUsage(f"{option}: not a shard", hint=f"write it like {option} 1/4")
    number, shards = int(first[:9]), int(last[:9])
    if number == 0:
        hint = "shards count from 1: add 1 to an index that counts from 0"
        raise WrongUsage(f"{option}: there is no shard 0", hint=hint)
    if shards == 0:
        raise WrongUsage(f"{option}: there is no shard of 0", hint=f"write it like {option} 1/4")
    if number > shards:
        hint = f"write {option} 1/{shards} to {shards}/{shards}"
        raise WrongUsage(f"{option}: {number} is more than {shards}", hint=hint)
    return number, shards


def reported(file: str, part: Part | None) -> tuple[str, frozenset[str]]:
    """The names of targets in a JSON report of plan or apply: all, or a part. Raises WrongUsage."""
    found = content(file, MAX_PLAN_BYTES)
    if isinstance(found, Problem):
        raise WrongUsage(found.message, where=file, hint=found.hint)
    try:
        targets = json.loads(found)["targets"]
        names = frozenset(str(one["name"]) for one in targets if part is None or _is(one, part))
    except (ValueError, TypeError, KeyError, RecursionError):
        hint = "write one with `confsync plan --output json=FILE` or `apply --output json=FILE`"
        raise WrongUsage("is not a report of plan or apply", where=file, hint=hint) from None
    return f"{part or 'all'} in {file}", names


def _is(target: dict[str, Any], part: Part) -> bool:
    objects = target["objects"]
    ends = [one["outcome"] for one in (target, *objects) if one.get("outcome")]
    match part:
        case "failed":
            active = target.get("reload") in {None, "done"}
            active = active and target.get("after") in {None, "running"}
            return bool(target.get("error")) or not (active and all(map(_as_wanted, ends)))
        case "changed":
            return any(one["changes"] for one in objects)
        case "stored":
            return any(one["result"] == "stored" for one in ends)


def _as_wanted(end: dict[str, Any]) -> bool:
    """As `outcome.as_wanted`, for the outcome of a report (docs/json.md)."""
    if end["result"] == "stored":
        return bool(end["verified"]) and not end["overwritten"]
    return bool(end["result"] == "not-sent")
