"""Which targets a run is about, and with which files and options: product page, section 2.

What the command line and CONFSYNC_* say comes before what `confsync.yaml` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.errors import WrongUsage
from confsync.store.mistakes import quoted_name
from confsync.sync.findings import Lapse, check_allowed
from confsync.sync.names import nearest
from confsync.sync.values import Origin
from confsync.workflow.configuration import configuration
from confsync.workflow.options import DEFAULTS, Options

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path

    from confsync.config.values import Allowance, Config, TargetConfig
    from confsync.sync.values import HiddenSecrets, Unlisted


@dataclass(frozen=True)
class Access:
    """Which server, and how it may be reached; None: nothing was said of it."""

    url: str | None
    insecure_http: bool
    ca_file: str | None
    client_cert: str | None
    client_key: str | None
    proxy: str | None
    timeout: float
    retries: int


@dataclass(frozen=True)
class Asked:
    """What a run is asked to be about: files, or targets by their names, or all targets."""

    files: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    all: bool = False


@dataclass(frozen=True)
class Wanted:
    """The options that were given, to be laid over those of a target; None: not given."""

    unlisted: Unlisted | None = None
    hidden_secrets: HiddenSecrets | None = None
    allow: frozenset[str] = frozenset()


NOTHING_WANTED = Wanted()


@dataclass(frozen=True)
class Aim:
    """What a run does to one server. `config` is its target in `confsync.yaml`, if it has one;
    `alone`: it is the only one of this run.
    """

    files: tuple[str, ...]
    options: Options
    access: Access
    config: TargetConfig | None = None
    alone: bool = True

    @property
    def name(self) -> str:
        """What the target is called; nothing without a `confsync.yaml`."""
        return "" if self.config is None else self.config.name


def aims(
    directory: Path, asked: Asked, wanted: Wanted, access: Access, *, today: date
) -> tuple[Aim, ...]:
    """What a run in a directory is about, in the order asked for; `today` is a day in UTC.

    Files mean: no `confsync.yaml`, which is not even read. Raises InvalidFiles for one that is
    wrong, WrongUsage for targets and risks that there are not, or where it is not said which one.
    """
    check_allowed(wanted.allow)
    if asked.files:
        if asked.targets or asked.all:
            hint = "leave out the files, or --target and --all: each target has its own files"
            raise WrongUsage("files are named, and targets too", hint=hint)
        return (without_config(asked.files, wanted, access),)
    config = configuration(directory)
    if config is None:
        if asked.targets or asked.all:
            hint = "write one with `confsync init`, or name the store's files in place of targets"
            raise WrongUsage("targets are named, and there is no confsync.yaml", hint=hint)
        return (without_config((), wanted, access),)
    chosen = _chosen(config, asked)
    if access.url and len(chosen) > 1:
        hint = "leave out --url (CONFSYNC_URL), or choose one target"
        raise WrongUsage("one server is named, and several targets are chosen", hint=hint)
    return tuple(
        Aim(target.files, options(wanted, target, today), access, target, len(chosen) == 1)
        for target in chosen
    )


def same_server(targets: Iterable[TargetConfig]) -> tuple[tuple[TargetConfig, ...], ...]:
    """The targets that share a server with another one, together, in their order. Two names of one
    host cannot be told from their URLs.
    """
    # Here, so that a validation without a configuration loads nothing of the network's room.
    from confsync.net.endpoint import server_key  # noqa: PLC0415

    found: dict[object, list[TargetConfig]] = {}
    for target in targets:
        found.setdefault(server_key(target.url), []).append(target)
    return tuple(tuple(same) for same in found.values() if len(same) > 1)


def same_server_facts(aims: Iterable[Aim]) -> tuple[str, ...]:
    """`one and two are one server`, for each server that several of the targets share."""
    targets = [aim.config for aim in aims if aim.config is not None]
    return tuple(
        f"{' and '.join(target.name for target in same)} are one server"
        for same in same_server(targets)
    )


def without_config(files: tuple[str, ...], wanted: Wanted, access: Access) -> Aim:
    """What a run is about that says all of it itself."""
    return Aim(
        files,
        Options(
            unlisted=wanted.unlisted or DEFAULTS.unlisted,
            hidden_secrets=wanted.hidden_secrets or DEFAULTS.hidden_secrets,
            allow=wanted.allow,
        ),
        access,
    )


def options(wanted: Wanted, target: TargetConfig, today: date) -> Options:
    """The options for a target: a risk is allowed if either side allows it."""
    return Options(
        unlisted=wanted.unlisted or target.unlisted or DEFAULTS.unlisted,
        hidden_secrets=wanted.hidden_secrets or target.hidden_secrets or DEFAULTS.hidden_secrets,
        allow=wanted.allow | {one.risk for one in target.allow if not _over(one, today)},
        ignore=target.ignore,
        lapses=tuple(_lapse(one) for one in target.allow if _over(one, today)),
    )


def _chosen(config: Config, asked: Asked) -> tuple[TargetConfig, ...]:
    known = {target.name: target for target in config.targets}
    if asked.all and asked.targets:
        raise WrongUsage("--all and --target contradict each other", hint="leave out one of them")
    if asked.targets:
        for name in asked.targets:
            if name not in known:
                hint = f"{nearest(name, known)}it names {', '.join(known)}"
                fact = f"{config.file} has no target {quoted_name(name)}"
                raise WrongUsage(fact, hint=hint)
        return tuple(known[name] for name in dict.fromkeys(asked.targets))
    if len(known) > 1 and not asked.all:
        hint = "choose with --target NAME, which repeats, or take every one with --all"
        raise WrongUsage(f"{config.file} has several targets: {', '.join(known)}", hint=hint)
    return config.targets


def _over(allowance: Allowance, today: date) -> bool:
    return allowance.until is not None and allowance.until < today


def _lapse(allowance: Allowance) -> Lapse:
    mark = allowance.mark
    origin = Origin("file", mark.file, mark.line, mark.column)
    return Lapse(allowance.risk, str(allowance.until), origin)
