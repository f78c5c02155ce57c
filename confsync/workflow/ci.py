"""What the environment says of a run: its user, and the job of a CI system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.report.printable import printable
from confsync.sync.url import masked

if TYPE_CHECKING:
    from collections.abc import Mapping

_SYSTEMS = {
    "GITHUB_ACTIONS": (
        "github",
        "GITHUB_ACTOR",
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


def who(environment: Mapping[str, str], uid: int | None = None) -> dict[str, str]:
    """`user`, or else `uid`, and in a known CI system `ci`, `job` and `commit`; none is empty."""
    sign = next(sign for sign in _SYSTEMS if not sign or environment.get(sign))
    ci, users, jobs, commit = _SYSTEMS[sign]
    user, job = (
        [environment[name] for name in names.split() if environment.get(name)]
        for names in (users, jobs)
    )
    said = {
        "user": "".join(user[:1]),
        "uid": "" if user or uid is None else str(uid),
        "ci": ci,
        "job": " ".join(job),
        "commit": environment.get(commit, ""),
    }
    return {name: printable(masked(text)) for name, text in said.items() if text}
