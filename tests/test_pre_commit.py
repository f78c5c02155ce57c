"""What this repository offers to pre-commit, tried with the real program in a repository."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

PROJECT = Path(__file__).parent.parent
GOOD = "InMemoryStore:\n  '@type': Redis\n  url: rediss://cache.example.com\n"
BAD = "InMemoryStore:\n  '@type': Redis\n  timeout: 10\n"
NO_INDEX = re.compile("Could not find a version|No matching distribution|NewConnectionError")

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("pre_commit") is None, reason="pre-commit is not installed"
    ),
    pytest.mark.skipif(shutil.which("git") is None, reason="there is no git program"),
    pytest.mark.skipif(
        not (PROJECT / ".git").exists(), reason="the project is no git repository here"
    ),
]


class Repository(NamedTuple):
    """A git repository with some files in it, and a home for the programs that run there."""

    root: Path
    home: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("GIT_")
        }
        return subprocess.run(
            command,
            cwd=self.root,
            env={
                **environment,
                "HOME": str(self.home),
                "PRE_COMMIT_HOME": str(self.home / "pre-commit"),
                "PRE_COMMIT_COLOR": "never",
                "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                "PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR", str(_cache())),
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": "safe.directory",
                "GIT_CONFIG_VALUE_0": "*",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            timeout=300,
        )

    def hook(self, *files: str) -> subprocess.CompletedProcess[str]:
        """Run the hook over some files."""
        done = self.run(
            *(sys.executable, "-m", "pre_commit", "try-repo", str(PROJECT), "confsync-validate"),
            *("--files", *files),
        )
        if NO_INDEX.search(done.stdout + done.stderr):
            pytest.skip("no package index can be reached to install the hook from")
        return done


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "repository", tmp_path / "home")
    repository.home.mkdir()
    stores = repository.root / "stores"
    stores.mkdir(parents=True)
    (stores / "good.yaml").write_text(GOOD, encoding="utf-8")
    (stores / "bad.yaml").write_text(BAD, encoding="utf-8")
    (repository.root / "playbook.yaml").write_text("- hosts: all\n", encoding="utf-8")
    for command in (("git", "init", "--quiet"), ("git", "add", ".")):
        assert repository.run(*command).returncode == 0
    return repository


def test_the_hook_passes_good_stores_and_tells_of_bad_ones(repository: Repository) -> None:
    """One hook environment serves one run: two of them, for two verdicts."""
    passed = repository.hook("stores/good.yaml", "playbook.yaml")
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert re.search(r"^confsync validate\.+Passed$", passed.stdout, re.MULTILINE)

    failed = repository.hook("stores/good.yaml", "stores/bad.yaml", "playbook.yaml")
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert re.search(r"^confsync validate\.+Failed$", failed.stdout, re.MULTILINE)
    assert (
        "stores/bad.yaml:3:12: error: timeout is a number without a unit [duration-without-unit]\n"
        "  hint: did you mean 10s or 10ms?\n"
        "2 files checked, 1 error.\n"
    ) in failed.stdout
    assert "playbook" not in failed.stdout


def _cache() -> Path:
    """Where pip keeps what it has already fetched: found before HOME is changed."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "pip"
