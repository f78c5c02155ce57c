"""The Python API for the targets of a `confsync.yaml`: product page, section 8."""

from __future__ import annotations

import os
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from confsync import __version__
from confsync.config.config_file import check_ours
from confsync.errors import WrongUsage
from confsync.guard import discreet
from confsync.jmap.client import RETRIES
from confsync.kinds import documented
from confsync.net.http import SECONDS
from confsync.report.json import plans_document
from confsync.report.lines import changes_in_words
from confsync.report.run import Run
from confsync.sync.scrub import scrubbing
from confsync.sync.secret import Vault
from confsync.sync.tree import path_text
from confsync.sync.values import Failed, HiddenSecrets, Unlisted
from confsync.workflow.jobs import Jobs
from confsync.workflow.plan import plans
from confsync.workflow.selection import Filters, shard_of
from confsync.workflow.session import Reach, each, flat
from confsync.workflow.targets import (
    Access,
    Asked,
    Wanted,
    aimed,
    attempted,
    check_rules,
    checked_of,
    chosen_of,
    read_configuration,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from os import PathLike
    from types import TracebackType
    from typing import Self

    from confsync.config.target import Config
    from confsync.errors import ConfsyncError
    from confsync.report.printable import Json
    from confsync.sync.values import Change, Finding, Plan
    from confsync.workflow.server import Session
    from confsync.workflow.targets import Aim

_MOST_JOBS = 64


@dataclass(frozen=True)
class PlannedChange:
    """A change of an object. `str` is its line in a plan, masked."""

    object: str
    path: str
    action: Literal["add", "remove", "update", "replace", "reorder"]
    text: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.object}: {self.text}"


@dataclass(frozen=True)
class PlanResult:
    """The plan of a target, or the error that prevented it; then `digest` is None. No secret is in
    it.

    `to_send`: the places of secrets that an apply sends. `restart`: whether the Stalwart nodes must
    be restarted after an apply.
    """

    name: str
    url: str
    groups: tuple[str, ...]
    digest: str | None
    changes: tuple[PlannedChange, ...]
    findings: tuple[Finding, ...]
    to_send: tuple[str, ...]
    error: ConfsyncError | None
    restart: Literal["yes", "if-secret-changed", "no"]
    _json: Mapping[str, Json] = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """The target as in the JSON output of `plan` (docs/json.md)."""
        return deepcopy(dict(self._json))


class Fleet:
    """The targets of a `confsync.yaml`; `open` makes one. At the end of a `with` statement all
    secrets that it looked up are forgotten.

    Targets are chosen as by the options of the commands: names and patterns, groups (`A,B`: in
    both), files, a shard like `1/4`. Each but `shard` and `all` is one text or several.
    """

    def __init__(
        self,
        config: Config,
        environment: Mapping[str, str],
        access: Access,
        today: date,
        *,
        allow_commands: bool,
    ) -> None:
        self._config, self._access, self._today = config, access, today
        self._environment, self._allow_commands = environment, allow_commands
        self._vault: Vault | None = Vault(documented)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._vault = None

    @discreet
    def targets(  # noqa: PLR0913 - one parameter an option
        self,
        *,
        target: str | Sequence[str] = (),
        group: str | Sequence[str] = (),
        using: str | Sequence[str] = (),
        exclude: str | Sequence[str] = (),
        shard: str | None = None,
        all: bool = False,  # noqa: A002 - as the option
    ) -> tuple[str, ...]:
        """The names of the chosen targets, or of all. Raises WrongUsage."""
        asked = _asked(target, group, using, exclude, shard, every=all)
        return tuple(one.name for one in checked_of(self._config, asked))

    @discreet
    def plan(  # noqa: PLR0913 - one parameter an option
        self,
        *,
        target: str | Sequence[str] = (),
        group: str | Sequence[str] = (),
        using: str | Sequence[str] = (),
        exclude: str | Sequence[str] = (),
        shard: str | None = None,
        all: bool = False,  # noqa: A002 - as the option
        jobs: int = 8,
        allow: str | Sequence[str] = (),
        fail_on: str | Sequence[str] = (),
        unlisted: Unlisted | None = None,
        hidden_secrets: HiddenSecrets | None = None,
    ) -> tuple[PlanResult, ...]:
        """Plan the chosen targets, or the only one; `jobs` are read at once. Nothing is changed.

        Results are in the order of `target` or of the file. A target that cannot be planned has an
        `error`. Raises WrongUsage for a wrong choice or an unknown risk, and Declined for a server
        that is not among CONFSYNC_HOSTS.
        """
        if self._vault is None:
            raise WrongUsage("the fleet is closed", hint="plan inside of the `with` statement")
        if not 1 <= jobs <= _MOST_JOBS:
            raise WrongUsage("jobs: out of range", hint=f"allowed: 1 to {_MOST_JOBS}")
        _check_choice("unlisted", unlisted, get_args(Unlisted))
        _check_choice("hidden_secrets", hidden_secrets, get_args(HiddenSecrets))
        wanted = Wanted(
            unlisted, hidden_secrets, frozenset(_words(allow)), frozenset(_words(fail_on))
        )
        check_rules(wanted.allow, wanted.fail_on)
        chosen = chosen_of(self._config, _asked(target, group, using, exclude, shard, every=all))
        aims = aimed(self._config, chosen, wanted, self._access, today=self._today)
        way = Reach(
            self._environment,
            self._vault,
            allow_commands=self._allow_commands,
            jobs=Jobs(jobs),
        )
        with scrubbing(self._vault.scrub):
            found = _planned(aims, way)
            groups = {one.name: one.groups for one in chosen}
            run = Run(__version__, "", groups=groups, seconds=way.seconds)
            targets = cast("list[dict[str, Json]]", plans_document(flat(found), run)["targets"])
            return tuple(map(_result, found, targets))


def _planned(aims: Sequence[Aim], way: Reach) -> tuple[tuple[Plan, ...] | Failed, ...]:
    """The plans of each target; an error of the only one is a result too."""

    def planned(aim: Aim, session: Session) -> tuple[Plan, ...]:
        return plans(aim.files, session, environment=way.environment, options=aim.options)

    if len(aims) != 1:
        return each(aims, way, planned)
    found = attempted(replace(aims[0], alone=False), partial(each, aims, way, planned))
    return (found,) if isinstance(found, Failed) else found


def _result(found: tuple[Plan, ...] | Failed, document: dict[str, Any]) -> PlanResult:
    known = () if isinstance(found, Failed) else found
    return PlanResult(
        name=document["name"],
        url=document["url"],
        groups=tuple(document["groups"]),
        digest=document["digest"],
        changes=tuple(_change(one, change) for one in known for change in one.difference.changes),
        findings=tuple(finding for one in known for finding in one.findings),
        to_send=tuple(
            path_text((one.desired.object, *sent.path)) for one in known for sent in one.to_send
        ),
        error=found.error if isinstance(found, Failed) else None,
        restart=document["restart"]["required"],
        _json=document,
    )


def _change(plan: Plan, change: Change) -> PlannedChange:
    path = path_text(change.path) or "@type"
    return PlannedChange(plan.desired.object, path, change.action, changes_in_words([change]))


def _check_choice(name: str, given: str | None, allowed: Sequence[str]) -> None:
    """Raise WrongUsage for another value than the allowed ones and None."""
    if given is not None and given not in allowed:
        raise WrongUsage(f"{name}: unknown value", hint=f"allowed: {', '.join(allowed)}")


def _words(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _asked(  # noqa: PLR0913 - one parameter an option
    target: str | Sequence[str],
    group: str | Sequence[str],
    using: str | Sequence[str],
    exclude: str | Sequence[str],
    shard: str | None,
    *,
    every: bool,
) -> Asked:
    filters = Filters(
        exclude=_words(exclude),
        groups=tuple(tuple(names.split(",")) for names in _words(group)),
        using=_words(using),
        shard=None if shard is None else shard_of(shard, "shard"),
    )
    return Asked(targets=_words(target), all=every, filters=filters)


@discreet
def open(  # noqa: A001, PLR0913 - as users call it; each part by its name
    file: str | PathLike[str] = "confsync.yaml",
    *,
    environment: Mapping[str, str],
    allow_commands: bool = False,
    timeout: float = SECONDS,
    retries: int = RETRIES,
    today: date | None = None,
) -> Fleet:
    """The targets of a `confsync.yaml`. Nothing is contacted.

    `environment` has the variables of credentials and references, and CONFSYNC_HOSTS; no option is
    read from it. `allow_commands` runs `{command: …}` for credentials. `timeout` and `retries` are
    as in `connect`. `today`: a day in UTC, for allowances that end (None: the current one). Raises
    InvalidFiles with every problem of the file, and WrongUsage for a file of another user.
    """
    path = os.path.relpath(file)
    if os.path.lexists(path):
        check_ours(path, Path(path))
    day = today or datetime.now(UTC).date()
    access = Access(timeout=timeout, retries=retries)
    return Fleet(read_configuration(path), environment, access, day, allow_commands=allow_commands)
