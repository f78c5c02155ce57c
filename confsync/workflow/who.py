"""Who runs this, as the environment says: nobody has checked it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.report.printable import printable
from confsync.sync.url import masked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class _System:
    """A CI system: the variable that tells it, and those that say user, job and commit."""

    sign: str
    name: str
    user: Sequence[str]
    job: Sequence[str]
    commit: str


_SYSTEMS = (
    _System(
        "GITHUB_ACTIONS",
        "github",
        ("GITHUB_ACTOR",),
        ("GITHUB_REPOSITORY", "GITHUB_WORKFLOW", "GITHUB_JOB", "GITHUB_RUN_ID"),
        "GITHUB_SHA",
    ),
    _System(
        "GITLAB_CI",
        "gitlab",
        ("GITLAB_USER_LOGIN",),
        ("CI_PROJECT_PATH", "CI_JOB_NAME", "CI_JOB_ID"),
        "CI_COMMIT_SHA",
    ),
    _System(
        "JENKINS_URL", "jenkins", ("BUILD_USER_ID",), ("JOB_NAME", "BUILD_NUMBER"), "GIT_COMMIT"
    ),
    _System("", "", ("SUDO_USER", "USER", "LOGNAME"), (), ""),
)


def who(environment: Mapping[str, str]) -> dict[str, str]:
    """`user`, and in the known CI systems `ci`, `job` and `commit`: those that are there."""
    system = next(known for known in _SYSTEMS if not known.sign or environment.get(known.sign))
    said = {
        "user": next((environment[name] for name in system.user if environment.get(name)), ""),
        "ci": system.name,
        "job": " ".join(environment[name] for name in system.job if environment.get(name)),
        "commit": environment.get(system.commit, ""),
    }
    return {name: printable(masked(text)) for name, text in said.items() if text}
