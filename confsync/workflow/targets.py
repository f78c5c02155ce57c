"""Targets of a run, with their files and options: product page, section 2.

The command line and CONFSYNC_* count before `confsync.yaml`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from confsync.config.config_file import found_from, nothing_found, read_config
from confsync.disk.read import STANDARD_INPUT
from confsync.errors import ConfsyncError, Fault, InvalidFiles, WrongUsage
from confsync.guard import alone
from confsync.kinds import KINDS, RISKS, WARNINGS, using
from confsync.kinds.table_file import NAME
from confsync.secrets import RESOLVERS
from confsync.store.mistakes import listed
from confsync.sync.findings import Lapse
from confsync.sync.names import nearest
from confsync.sync.values import Failed, Target
from confsync.workflow.load import NOTHING_OWN, Own, check_names
from confsync.workflow.once import Once
from confsync.workflow.selection import NO_FILTERS, Filters, selected, some_of
from confsync.workflow.tables import tables_at
from confsync.yaml.read import content

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from contextlib import AbstractContextManager
    from datetime import date

    from confsync.config.target import Config, TargetConfig
    from confsync.sync.values import Desired, HiddenSecrets, Live, Unlisted
    from confsync.workflow.base import Base


R = TypeVar("R")


@dataclass(frozen=True)
class Access:
    """A server, and how to reach it; None: not given."""

    url: str | None = None
    insecure_http: bool = False
    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    proxy: str | None = None
    timeout: float = 30
    retries: int = 3


@dataclass(frozen=True)
class Asked:
    """Subject of a run: files, or targets by their names, or all targets. `alone`: the files
    alone, without `confsync.yaml`. `source`: the option or variable that the targets are from.
    `single`: the run takes one target. `filters`: what narrows the targets. `base`: the revision
    to compare with.
    """

    files: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    all: bool = False
    alone: bool = False
    source: str = "--target"
    single: bool = False
    filters: Filters = NO_FILTERS
    base: str | None = None

    @property
    def select(self) -> bool:
        """True if they say which targets to take."""
        return bool(self.targets) or self.all or self.filters.select


@dataclass(frozen=True)
class Wanted:
    """Options on the command line, laid over those of a target; None: not given."""

    unlisted: Unlisted | None = None
    hidden_secrets: HiddenSecrets | None = None
    allow: frozenset[str] = frozenset()
    fail_on: frozenset[str] = frozenset()
    send: tuple[str, ...] = ()


@dataclass(frozen=True)
class Options:
    """Options of a comparison.

    `unlisted`: fields not set in any file. `hidden_secrets`: secrets that the server hides.
    `allow`: risks that do not stop an apply. `ignore`: fields that keep the server's value, like
    `OBJECT/FIELD`. `lapses`: allowances that have expired. `fail_on`: warnings that are risks.
    `own`: what a target says beside its files. `base`: what it said at an earlier revision. `send`:
    hidden secrets to send all the same, by path or reference.
    """

    unlisted: Unlisted = "default"
    hidden_secrets: HiddenSecrets = "send"
    allow: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    lapses: tuple[Lapse, ...] = ()
    fail_on: frozenset[str] = frozenset()
    own: Own = NOTHING_OWN
    base: Base | None = None
    send: tuple[str, ...] = ()

    def ignored(self, name: str) -> set[str]:
        """The ignored fields of an object."""
        paths = (path.partition("/") for path in self.ignore)
        return {field for of, _, field in paths if of == name}

    def completed(self, desired: Desired, live: Live) -> Desired:
        """The desired state with the live values of fields that keep the server's value: ignored
        ones, and unlisted ones that no file sets.
        """
        from confsync.sync.plan import keep_ignored, keep_unlisted  # noqa: PLC0415 - with deepdiff

        fields = KINDS[desired.object].shape.fields_of(desired.tree.tag)
        left = [name for name, one in fields.items() if one.kept or self.unlisted == "keep"]
        return keep_ignored(keep_unlisted(desired, live, left), live, self.ignored(desired.object))

    def check(self) -> None:
        """Raise WrongUsage for an unknown risk or field."""
        check_rules(self.allow, self.fail_on)
        if self.hidden_secrets == "changed" and self.base is None:
            raise needs_base()
        if self.ignore:
            from confsync.config.target import ignored_wrongly  # noqa: PLC0415
        for path in self.ignore:
            if wrong := ignored_wrongly(path):
                raise WrongUsage(f"a path to ignore {wrong[0]}", hint=wrong[1])


def needs_base(names: Sequence[str] = ()) -> WrongUsage:
    """The error for a run that sends changed secrets, and has no base to tell which have changed.
    `names`: of its targets.
    """
    of = f" of {some_of(names)}" if names else ""
    hint = "add --base REF, the revision that was applied last, or --hidden-secrets keep or send"
    return WrongUsage(f"hidden_secrets: changed{of} needs --base", hint=hint)


def check_rules(allow: Collection[str], fail_on: Collection[str] = ()) -> None:
    """Raise WrongUsage for a rule that cannot be allowed, or that is no warning to fail on."""
    for option, what, names, known in (
        ("--allow", "risk", allow, (*RISKS, *WARNINGS)),
        ("--fail-on", "warning", fail_on, WARNINGS),
    ):
        for name in names:
            if name not in known:
                hint = nearest(name, known).rstrip() or f"known: {', '.join(known)}"
                if "," in name:
                    hint = f"repeat {option} for each name"
                raise WrongUsage(f"{option}: unknown {what}", hint=hint)


_WITHOUT_CONFIG = "run `confsync init`, or pass the store file, like stores/in-memory.yaml"
NOTHING_WANTED = Wanted()
NO_ACCESS = Access()
NOTHING_ASKED = Asked()
DEFAULTS = Options()


@dataclass(frozen=True)
class Aim:
    """One server of a run, perhaps a target of `confsync.yaml`, which has `of` targets. `alone`:
    the only one. `schema`: the path of the tables that count where the target names none.
    """

    files: tuple[str, ...]
    options: Options
    access: Access
    config: TargetConfig | None = None
    alone: bool = True
    schema: str = NAME
    of: int = 1

    @property
    def name(self) -> str:
        """The target's name; empty without a `confsync.yaml`."""
        return "" if self.config is None else self.config.name


def configuration(directory: Path, once: Once | None = None) -> Config | None:
    """The `confsync.yaml` that counts in a directory, or None. `once`: of a run that reads it
    several times. Raises InvalidFiles.
    """
    file = found_from(directory)
    if file is None:
        return None
    return (once or Once())(("configuration", file), partial(read_configuration, file))


def nothing_named(directory: Path, source: str = "") -> WrongUsage:
    """The error for a run without a file, or for the option or variable `source` that names
    targets, in a directory without a `confsync.yaml`.
    """
    fact, hint = nothing_found(directory)
    fact = f"{source}: {fact}" if source else f"{fact}, and no file given"
    return WrongUsage(fact, hint=hint or _WITHOUT_CONFIG)


def read_configuration(file: str) -> Config:
    """Read a `confsync.yaml`. Raises InvalidFiles with all of its problems."""
    # A validation without a configuration loads neither.
    from confsync.config.target import Known  # noqa: PLC0415
    from confsync.net.endpoint import endpoint, proxy_origin  # noqa: PLC0415

    # Connecting decides on http.
    server = partial(endpoint, insecure_http=True)

    def tables(schema: str | None) -> AbstractContextManager[None] | None:
        path = schema or str(Path(file).parent / NAME)
        try:
            return using(tables_at(path, target="" if schema is None else schema))
        except InvalidFiles:
            return None

    def check_proxy(proxy: str, url: str, name: str) -> object:
        return proxy_origin(proxy, server(url), name)

    return read_config(file, Known(RESOLVERS, server, check_proxy, tables))


def aims(
    directory: Path, asked: Asked, wanted: Wanted, access: Access, *, today: date
) -> tuple[Aim, ...]:
    """Servers of a run in a directory, in the order asked for. `today` is a day in UTC.

    Files that a target uses stand for that target, with all of its files and options: the only one,
    or the one asked for. If that does not use them, they replace its files. If files are `alone` or
    have a URL, no `confsync.yaml` is read. Raises InvalidFiles for an invalid one, WrongUsage for
    unknown targets and risks, or where the choice is open.
    """
    check_rules(wanted.allow, wanted.fail_on)
    several_named = len(set(asked.targets)) > 1 or asked.filters != NO_FILTERS
    if asked.files and (asked.all or several_named):
        several = "several targets" if asked.filters == NO_FILTERS else asked.source
        several = "--all" if asked.all else several
        hint = f"leave out the files, or {several}: each target has its own files"
        raise WrongUsage(f"files and {several} cannot be combined", hint=hint)
    if asked.alone and asked.select:
        hint = "targets come from confsync.yaml: remove one option"
        raise WrongUsage(f"--no-config and {asked.source} cannot be combined", hint=hint)
    if asked.files:
        check_names(asked.files)
    alone = asked.alone or (asked.files and access.url and not asked.targets)
    config = None if alone else configuration(directory)
    if config is None:
        if asked.select:
            raise nothing_named(directory, asked.source)
        return (without_config(asked.files, wanted, access),)
    if asked.files and not asked.targets:
        chosen = _using(config, asked.files, pulling=asked.single)
    else:
        chosen = chosen_of(config, asked)
    if asked.single and len(chosen) > 1:
        fact = f"takes one target, not {', '.join(one.name for one in chosen)}"
        raise WrongUsage(f"{asked.source}: {fact}", hint="choose one")
    if access.url and len(chosen) > 1:
        hint = "leave out --url (CONFSYNC_URL), or choose one target"
        raise WrongUsage("--url cannot be used with several targets", hint=hint)
    return tuple(
        aim if _uses(aim, asked.files) else replace(aim, files=asked.files)
        for aim in aimed(config, chosen, wanted, access, today=today)
    )


def aimed(
    config: Config,
    chosen: Collection[TargetConfig],
    wanted: Wanted = NOTHING_WANTED,
    access: Access = NO_ACCESS,
    *,
    today: date,
) -> tuple[Aim, ...]:
    """The servers of chosen targets. `today` is a day in UTC."""
    alone, schema, of = len(chosen) == 1, str(Path(config.file).parent / NAME), len(config.targets)
    return tuple(
        Aim(one.files, options(wanted, one, today), access, one, alone, schema, of)
        for one in chosen
    )


def attempted(aim: Aim | None, act: Callable[[], R]) -> R | Failed:
    """The result of `act`, or its error with one of several targets, which hides no other."""
    try:
        return act()
    except Fault:
        raise
    except ConfsyncError as error:
        if aim is None or aim.config is None or aim.alone:
            raise
        from confsync.net.endpoint import origin  # noqa: PLC0415 - a validation loads nothing of it

        return Failed(Target(aim.name, origin(aim.config.url)), alone(error))


def replaced_url(directory: Path, aim: Aim) -> tuple[str, str]:
    """The URL of a target that another one is given for, and the target that the given URL is of;
    empty where there is none.
    """
    target, url = aim.config, aim.access.url
    if target is None or not url:
        return "", ""
    from confsync.net.endpoint import origin, server_key  # noqa: PLC0415 - rarely used

    if server_key(url) == server_key(target.url):
        return "", ""
    config = configuration(directory)
    others = () if config is None else config.targets
    same = (one.name for one in others if server_key(one.url) == server_key(url))
    return origin(target.url), next(same, "")


def _uses(one: Aim | TargetConfig, files: Iterable[str]) -> bool:
    return {*map(os.path.realpath, files)} <= {*map(os.path.realpath, one.files)}


def checked_of(config: Config | None, asked: Asked) -> tuple[TargetConfig, ...]:
    """The targets that are asked for; all if nothing is. Raises WrongUsage."""
    narrowed = asked.select or asked.filters != NO_FILTERS
    if narrowed and asked.files:
        hint = "leave out the files: each target has its own"
        raise WrongUsage(f"files and {asked.source} cannot be combined", hint=hint)
    if config is None:
        if narrowed:
            raise nothing_named(Path(), asked.source)
        return ()
    every = asked.all or not (asked.targets or asked.filters.select)
    return chosen_of(config, replace(asked, all=every)) if narrowed else config.targets


def chosen_of(config: Config, asked: Asked) -> tuple[TargetConfig, ...]:
    """The targets that are asked for; the only one if nothing is. Raises WrongUsage."""
    if asked.all and asked.targets:
        raise WrongUsage("--all and --target cannot be combined", hint="leave out one of the two")
    if len(config.targets) > 1 and not asked.select:
        hint = "choose with --target NAME or --group NAME, which can be repeated, or use --all"
        if asked.single:
            hint = "choose one with --target NAME"
        names = some_of([target.name for target in config.targets])
        raise WrongUsage(f"{config.file} has several targets: {names}", hint=hint)
    return selected(config, asked.targets, asked.filters)


def _using(config: Config, files: tuple[str, ...], *, pulling: bool) -> tuple[TargetConfig, ...]:
    """The one target that uses all of the files. Raises WrongUsage for several or none.

    `pulling`: a missing file can be made.
    """
    found = [one for one in config.targets if _uses(one, files)]
    if len(found) == 1:
        return (found[0],)
    check_not_targets(config, files)
    these = listed(["standard input" if one == STANDARD_INPUT else one for one in files])
    hint = "add --target NAME, or --no-config to use no target"
    if found:
        names = listed([one.name for one in found])
        raise WrongUsage(f"several targets of {config.file} use {these}: {names}", hint=hint)
    missing = [one for one in files if one != STANDARD_INPUT and not os.path.lexists(one)]
    if missing:
        known = (file for target in config.targets for file in target.files)
        hint = f"{nearest(missing[0], known)}check the path"
        if pulling and missing[0].endswith((".yaml", ".yml")):
            hint += "; `confsync pull --no-config FILE` creates a new file"
        elif missing[0].endswith("plan"):
            hint += "; `confsync plan --out FILE` saves a plan"
        raise WrongUsage("no such file, and no target uses it", where=missing[0], hint=hint)
    for file in files:
        if file != STANDARD_INPUT and content(file) == b"":
            raise WrongUsage("is empty", where=file, hint="make it again, or check the path")
    if any(os.path.realpath(one) == os.path.realpath(config.file) for one in files):
        raise WrongUsage("confsync.yaml is read anyway", hint="leave it out of the files")
    raise WrongUsage(f"no target of {config.file} uses {these}", hint=hint)


def check_not_targets(config: Config | None, files: Iterable[str]) -> None:
    """Raise WrongUsage for missing files with the names of targets."""
    known = {} if config is None else {target.name for target in config.targets}
    words = [word for word in files if word in known and not os.path.lexists(word)]
    if words:
        hint = f"use {' '.join(f'--target {word}' for word in words)}"
        these = " is a target, not a file" if len(words) == 1 else " are targets, not files"
        raise WrongUsage(listed(words) + these, hint=hint)


def without_config(files: tuple[str, ...], wanted: Wanted, access: Access) -> Aim:
    """The aim of a run without a `confsync.yaml`."""
    unlisted = wanted.unlisted or DEFAULTS.unlisted
    hidden_secrets = wanted.hidden_secrets or DEFAULTS.hidden_secrets
    chosen = Options(
        unlisted, hidden_secrets, wanted.allow, fail_on=wanted.fail_on, send=wanted.send
    )
    return Aim(files, chosen, access)


def options(wanted: Wanted, target: TargetConfig, today: date) -> Options:
    """The options for a target: either side can allow a risk."""
    over = [one for one in target.allow if one.until is not None and one.until < today]
    return Options(
        unlisted=wanted.unlisted or target.unlisted or DEFAULTS.unlisted,
        hidden_secrets=wanted.hidden_secrets or target.hidden_secrets or DEFAULTS.hidden_secrets,
        allow=wanted.allow | {one.risk for one in target.allow if one not in over},
        ignore=target.ignore,
        fail_on=wanted.fail_on,
        lapses=tuple(Lapse(one.risk, str(one.until), one.origin) for one in over),
        own=Own(target.set, target.secrets),
        send=wanted.send,
    )


def inputs(aims: Iterable[Aim]) -> tuple[str, ...]:
    """The files that a run reads: stores, their schema tables, and `confsync.yaml` if it has
    targets.
    """
    known = [*aims]
    read = next((aim.config.read for aim in known if aim.config is not None), ())
    tables = ((aim.config and aim.config.schema) or aim.schema for aim in known)
    stores = (file for aim in known for file in aim.files)
    return (*stores, *dict.fromkeys(tables), *read)


def same_server(targets: Iterable[TargetConfig]) -> tuple[tuple[TargetConfig, ...], ...]:
    """Groups of targets with equal servers, in order. Two names of one host count as two."""
    # A validation without a configuration loads nothing of net/.
    from confsync.net.endpoint import server_key  # noqa: PLC0415

    found: dict[object, list[TargetConfig]] = {}
    for target in targets:
        found.setdefault(server_key(target.url), []).append(target)
    return tuple(tuple(same) for same in found.values() if len(same) > 1)


def same_server_facts(aims: Iterable[Aim]) -> tuple[str, ...]:
    """`one and two share a server`, for each server of several targets."""
    groups = same_server(aim.config for aim in aims if aim.config is not None)
    return tuple(f"{' and '.join(one.name for one in group)} share a server" for group in groups)
