"""The facts of a run that its reports and its audit begin with, and its user and CI job."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from confsync import __version__
from confsync.errors import InvalidFiles
from confsync.report.printable import printable
from confsync.report.run import Run, Selection
from confsync.store.mistakes import listed
from confsync.sync.url import masked
from confsync.workflow.selection import NO_FILTERS
from confsync.workflow.targets import configuration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from confsync.workflow.once import Once
    from confsync.workflow.targets import Aim, Asked

_SYSTEMS = {
    "GITHUB_ACTIONS": (
        "github",
        "GITHUB_TRIGGERING_ACTOR GITHUB_ACTOR",
        "GITHUB_REPOSITORY GITHUB_WORKFLOW GITHUB_JOB GITHUB_RUN_ID",
        "GITHUB_SHA",
    ),
    "GITLAB_CI": (
        "gitlab",
        "GITLAB_USER_LOGIN",
        "CI_PROJECT_PATH CI_JOB_NAME CI_JOB_ID",
        "CI_COMMIT_SHA",
    ),
    "JENKINS_URL": ("jenkins", "BUILD_USER_ID", "JOB_NAME BUILD_NUMBER", "GIT_COMMIT"),
    "": ("", "SUDO_USER USER LOGNAME", "", ""),
}
"""CI systems by the variable that shows them: name, and variables of user, job and commit."""

_RUN_URLS = {
    "github": "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}",
    "gitlab": "{CI_JOB_URL}",
    "jenkins": "{BUILD_URL}",
}
_CHANGES = {
    "github": ("GITHUB_REF", "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/pull/{number}"),
    "gitlab": (
        "CI_MERGE_REQUEST_IID",
        "{CI_MERGE_REQUEST_PROJECT_URL}/-/merge_requests/{number}",
    ),
    "jenkins": ("CHANGE_ID", "{CHANGE_URL}"),
}
"""The variable with the number of a pull or merge request, and its URL."""
_NUMBER = re.compile(r"(?:refs/pull/)?([0-9]{1,18})(?:/merge)?", re.ASCII)


def utc_text(moment: datetime) -> str:
    """An aware time in reports and audits: in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def run_of(  # noqa: PLR0913, PLR0917 - all that reports tell of a run
    aims: Sequence[Aim],
    asked: Asked,
    environment: Mapping[str, str],
    now: datetime,
    seconds: Mapping[str, float],
    once: Once | None = None,
) -> Run:
    """The facts of a run over some targets. A saved plan has no aims: its target's groups are those
    of today's `confsync.yaml`, none if that is invalid. `once`: see `configuration`.
    """
    selection = selection_of(aims, asked)
    targets = [aim.config for aim in aims if aim.config is not None]
    if selection is None and not aims:
        with suppress(InvalidFiles):
            config = configuration(Path(), once)
            targets = [] if config is None else [*config.targets]
    groups = {one.name: one.groups for one in targets}
    commit = who(environment).get("commit", "")
    return Run(__version__, utc_text(now), commit, selection, groups, seconds)


def selection_of(aims: Sequence[Aim], asked: Asked) -> Selection | None:
    """The number of targets that were chosen, and how; None without a `confsync.yaml`."""
    filters = asked.filters
    if aims:
        every = 0 if aims[0].config is None else aims[0].of
    else:
        config = None if filters == NO_FILTERS else configuration(Path())
        every = 0 if config is None else len(config.targets)
    names = f"target {listed(asked.targets, 'or')}" if asked.targets else ""
    by = ", ".join(filter(None, [names, filters.words]))
    return Selection(len(aims), every, by, filters.shard) if every else None


def who(environment: Mapping[str, str], uid: int | None = None) -> dict[str, str]:
    """`user`, or else `uid`, and in a known CI system `ci`, `job` and `commit`; none is empty. If
    somebody else ran a job of GitHub again, `actor` is who started it first.
    """
    ci, users, jobs, commit = _system(environment)
    user, job = (
        [environment[name] for name in names.split() if environment.get(name)]
        for names in (users, jobs)
    )
    first = user[-1] if ci == "github" and user else ""
    said = {
        "user": "".join(user[:1]),
        "actor": "" if first in user[:1] else first,
        "uid": "" if user or uid is None else str(uid),
        "ci": ci,
        "job": " ".join(job),
        "commit": environment.get(commit, ""),
    }
    return {name: _shown(text) for name, text in said.items() if text}


def run_url(environment: Mapping[str, str]) -> str:
    """The page of this run in a known CI system, or empty."""
    ci, *_ = _system(environment)
    url = _filled(_RUN_URLS.get(ci, ""), environment)
    attempt = environment.get("GITHUB_RUN_ATTEMPT")
    return _shown(f"{url}/attempts/{attempt}" if url and ci == "github" and attempt else url)


def change(environment: Mapping[str, str]) -> dict[str, int | str]:
    """`number` and `url` of the pull or merge request that a CI job is for; empty for another."""
    ci, *_ = _system(environment)
    variable, pattern = _CHANGES.get(ci, ("", ""))
    found = _NUMBER.fullmatch(environment.get(variable, ""))
    url = _filled(pattern, {**environment, "number": found[1]}) if found else ""
    return {"number": int(found[1]), "url": _shown(url)} if found and url else {}


def _system(environment: Mapping[str, str]) -> tuple[str, str, str, str]:
    return _SYSTEMS[next(sign for sign in _SYSTEMS if not sign or environment.get(sign))]


def _filled(pattern: str, environment: Mapping[str, str]) -> str:
    """A pattern with its variables; empty if one of them is not set."""
    names = re.findall(r"\{(\w+)\}", pattern)
    known = {name: environment.get(name, "") for name in names}
    return pattern.format_map(known) if all(known.values()) else ""


def _shown(text: str) -> str:
    return printable(masked(text))
