"""A store file that is written anew: whole or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from confsync.disk.write import StoreFile
from confsync.errors import OutputFailed, WrongUsage
from confsync.workflow.pull import pull
from tests.workflow.stored import session

if TYPE_CHECKING:
    from pathlib import Path


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, OSError, MemoryError])
def test_a_write_that_is_interrupted_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interruption: type[BaseException]
) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"old\n")
    store = StoreFile.at(str(file))

    def broken(_: int) -> None:
        raise interruption

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OutputFailed if interruption is OSError else interruption):
        store.write(b"new\n")
    assert (names(tmp_path), file.read_bytes()) == (["a.yaml"], b"old\n")


@pytest.mark.parametrize("before", [b"old\n", None])
def test_what_somebody_else_wrote_meanwhile_is_not_lost(
    tmp_path: Path, before: bytes | None
) -> None:
    file = tmp_path / "a.yaml"
    if before is not None:
        file.write_bytes(before)
    store = StoreFile.at(str(file))
    file.write_bytes(b"theirs\n")
    with pytest.raises(OutputFailed, match="another process changed it"):
        store.write(b"new\n")
    assert file.read_bytes() == b"theirs\n"


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", "/dev/null", tmp_path, tmp_path / "no" / "a.yaml", "a\0b"):
        with pytest.raises(OutputFailed) as caught:
            StoreFile.at(str(path))
        assert caught.value.hint


@pytest.mark.parametrize(
    ("closed", "told"),
    [("a.yaml", "is not writable"), ("", "its directory is not writable")],
)
def test_what_may_not_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str, told: str
) -> None:
    """The system's answer is put in its mouth: tests may run as root, who may write everywhere."""
    file = tmp_path / "a.yaml"
    file.write_bytes(b"old\n")
    monkeypatch.setattr(os, "access", lambda path, _: path != tmp_path / closed)
    with pytest.raises(OutputFailed) as caught:
        StoreFile.at(str(file))
    assert caught.value.message == told
    assert caught.value.hint


def test_a_file_below_itself_is_wrong_usage(tmp_path: Path) -> None:
    file, link = tmp_path / "a.yaml", tmp_path / "b.yaml"
    file.write_text("InMemoryStore: {'@type': Redis}\n")
    link.symlink_to(file)
    with pytest.raises(WrongUsage, match="also an earlier file"):
        pull([str(link), str(file)], session({"@type": "Default"}), environment={})
