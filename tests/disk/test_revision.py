"""Files at a git revision: contents and names alone, and nothing of the repository runs."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from confsync.disk import revision
from confsync.disk.read import NotRegular, from_disk, matching, read_regular, reading_from, there
from confsync.disk.revision import opened_revision
from confsync.errors import WrongUsage
from confsync.yaml.read import content
from tests.repository import commit, git

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = {
    "a.yaml": "now",
    "targets/one.yaml": "one",
    "targets/.hidden.yaml": "hidden",
    "targets/deep/er/two.yaml": "two",
    "strange [name].yaml": "strange",
    ":(glob)*": "magic",
    "large": "x" * 200_000,
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, in a repository whose files are gone."""
    directory = tmp_path / "repository"
    for name, text in FILES.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (directory / "link.yaml").symlink_to("targets/one.yaml")
    (directory / "linked").symlink_to("targets")
    (directory / "out.yaml").symlink_to("/etc/passwd")
    (directory / "nowhere.yaml").symlink_to("gone.yaml")
    commit(directory)
    for name in FILES:
        (directory / name).unlink()
    monkeypatch.chdir(directory)
    return directory


@contextmanager
def at(ref: str = "HEAD", **more: str) -> Iterator[None]:
    with opened_revision(ref, {**os.environ, **more}) as source, reading_from(source):
        assert not from_disk()
        yield
    assert from_disk()


def test_files_are_read_as_they_were_seen_from_the_working_directory(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with at():
        assert read_regular("a.yaml", 10) == b"now"
        assert read_regular("./targets/../a.yaml", 10) == b"now"
        assert read_regular(here / "a.yaml", 10) == b"now"
        assert read_regular("strange [name].yaml", 10) == b"strange"
        assert read_regular(":(glob)*", 10) == b"magic"
    monkeypatch.chdir(here / "targets")
    with at():
        assert read_regular("../a.yaml", 10) == b"now"
        assert read_regular("one.yaml", 10) == b"one"
        assert matching("../targets/*.yaml") == ["one.yaml"]


def test_what_is_there_is_what_was_there(here: Path) -> None:
    (here / "new.yaml").touch()
    with at():
        assert there("a.yaml")
        assert there("targets")
        assert there("nowhere.yaml")
        assert not there("new.yaml")
        assert not there("a.*")
        assert there(":(glob)*")
    assert there("new.yaml")


def test_patterns_match_as_they_do_on_the_disk(here: Path) -> None:
    git(here, "checkout", "--quiet", ".")
    (here / "linked").unlink()
    git(here, "rm", "--quiet", "--cached", "linked")
    commit(here)
    for pattern in (
        *("*.yaml", "targets/*.yaml", "targets/*", "**/*.yaml", "targets/**", "targets/**/t*.yaml"),
        *("t*/*.yaml", "*/deep/er/two.yaml", "**/.hidden.yaml", "[t]argets/one.yaml", "gone/*"),
        *("targets/one.yaml", "./targets/*.yaml", "targets/?ne.yaml"),
    ):
        found = {os.path.normpath(one) for one in matching(pattern) if not Path(one).is_dir()}
        with at():
            assert {*matching(pattern)} == found, pattern


def test_links_are_followed_within_the_repository_alone(here: Path) -> None:
    del here
    with at():
        assert read_regular("link.yaml", 10) == b"one"
        assert read_regular("linked/one.yaml", 10) == b"one"
        for outside in ("out.yaml", "nowhere.yaml"):
            with pytest.raises(NotRegular):
                read_regular(outside, 10)
        assert read_regular("a.yaml", 10) == b"now"


def test_what_is_no_file_is_told_as_on_the_disk(here: Path) -> None:
    del here
    with at():
        for name in ("gone.yaml", "a\nb", "targets/gone"):
            with pytest.raises(FileNotFoundError):
                read_regular(name, 10)
        with pytest.raises(NotADirectoryError):
            read_regular("a.yaml/b", 10)
        with pytest.raises(IsADirectoryError):
            read_regular("targets", 10)
        with pytest.raises(WrongUsage, match="outside of the repository"):
            content("../a.yaml")


def test_no_more_is_read_than_the_limit(here: Path) -> None:
    del here
    with at():
        assert read_regular("large", 100) == b"x" * 101
        assert read_regular("a.yaml", 10) == b"now"
        assert read_regular("large", 199_999) == b"x" * 200_000
        assert read_regular("large", 200_000) == b"x" * 200_000


def test_nothing_of_the_repository_runs(here: Path, tmp_path: Path) -> None:
    """Its configuration and its hooks are those of whoever made it."""
    ran = tmp_path / "ran"
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\necho \"$0 $*\" >> '{ran}'\nexit 1\n")
    trap.chmod(trap.stat().st_mode | stat.S_IXUSR)
    git(here, "checkout", "--quiet", ".")
    (here / ".gitattributes").write_text("* filter=trap diff=trap\n")
    commit(here)
    blob = git(here, "rev-parse", "HEAD:targets/one.yaml").strip()
    for name in (
        *("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass"),
        *("filter.trap.smudge", "filter.trap.clean", "filter.trap.process", "diff.external"),
        *("diff.trap.textconv", "diff.trap.command", "credential.helper", "core.gitProxy"),
        *("remote.origin.uploadpack", "pager.cat-file", "pager.ls-tree", "alias.cat-file"),
    ):
        git(here, "config", name, str(trap))
    for hook in (
        "post-checkout",
        "post-index-change",
        "reference-transaction",
        "fsmonitor-watchman",
    ):
        (here / ".git/hooks" / hook).write_text(trap.read_text())
        (here / ".git/hooks" / hook).chmod(0o755)
    # A clone without contents, which git fetches when it needs them, from a program.
    git(here, "config", "core.repositoryFormatVersion", "1")
    git(here, "config", "extensions.partialClone", "origin")
    git(here, "config", "remote.origin.promisor", "true")
    git(here, "config", "remote.origin.url", f"ext::{trap} %S")
    git(here, "config", "protocol.ext.allow", "always")
    (here / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with at(GIT_PAGER=str(trap), GIT_EXTERNAL_DIFF=str(trap), GIT_DIR="/nowhere"):
        assert read_regular("a.yaml", 10) == b"now"
        assert matching("t*/*.yaml") == ["targets/one.yaml"]
        with pytest.raises(WrongUsage, match="its content is not in this clone"):
            read_regular("targets/one.yaml", 10)
    assert not ran.exists()


def test_objects_are_not_replaced(here: Path) -> None:
    other = git(here, "hash-object", "-w", "targets/../.git/HEAD").strip()
    git(here, "replace", "HEAD:a.yaml", other)
    with at():
        assert read_regular("a.yaml", 10) == b"now"


def test_no_process_stays_behind(here: Path) -> None:
    del here
    with opened_revision("HEAD", os.environ) as source, reading_from(source):
        read_regular("a.yaml", 10)
        running = source._cat
        assert running is not None
        assert running.poll() is None
    assert running.returncode is not None


def fake_git(directory: Path, script: str) -> dict[str, str]:
    path = directory / "bin/git"
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return {"PATH": f"{path.parent}:{os.environ['PATH']}"}


def test_the_repository_of_another_user_is_refused_by_git(tmp_path: Path) -> None:
    told = "fatal: detected dubious ownership in repository at '/x'"
    more = fake_git(tmp_path, f'echo "{told}" >&2; exit 128')
    with pytest.raises(WrongUsage, match="belongs to another user"), at(**more):
        pass


def test_a_git_that_does_not_answer_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revision, "SECONDS", 0.2)
    more = fake_git(tmp_path, "exec sleep 60")
    with pytest.raises(WrongUsage, match="did not answer within"), at(**more):
        pass


def test_too_many_names_are_an_error(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del here
    with at():
        monkeypatch.setattr(revision, "_MOST_NAMES", 10)
        with pytest.raises(WrongUsage, match="too many files"):
            matching("*")
