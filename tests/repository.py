"""A git repository for a test, without any configuration of this machine."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_AUTHOR = ("-c", "user.name=test", "-c", "user.email=test@example.com")
_QUIET = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
}


def git(directory: Path, *arguments: str) -> str:
    """What git writes."""
    environment = {name: one for name, one in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", *_AUTHOR, *arguments],  # noqa: S607 - the git of this machine
        cwd=directory,
        env={**environment, **_QUIET},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def commit(directory: Path, message: str = "a change") -> str:
    """Commit all files, in a repository that is made if there is none. Returns the commit."""
    if not (directory / ".git").exists():
        git(directory, "init", "--quiet", "--initial-branch", "main")
    git(directory, "add", "--all")
    git(directory, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(directory, "rev-parse", "HEAD").strip()
