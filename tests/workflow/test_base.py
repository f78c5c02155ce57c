"""The base of many targets: each file of the revision is read once."""

from __future__ import annotations

import os
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

from confsync.disk.revision import Revision
from confsync.sync.secret import Vault
from confsync.workflow.base import changed, with_bases
from confsync.workflow.targets import NO_ACCESS, NOTHING_WANTED, Asked, aims
from tests.repository import commit

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

DAY = date(2026, 1, 1)


def test_a_file_of_many_targets_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    targets = "".join(
        f"  t{n}: {{url: 'https://{n}.example.com', files: [base.yaml, own.yaml],"
        f" set: {{InMemoryStore/poolMaxConnections: {n + 1}}}}}\n"
        for n in range(20)
    )
    (tmp_path / "confsync.yaml").write_text(f"include: [more.yaml]\ntargets:\n{targets}")
    (tmp_path / "more.yaml").write_text(
        "targets: {more: {url: 'https://m.example.com', files: [base.yaml]}}\n"
    )
    (tmp_path / "base.yaml").write_text("InMemoryStore:\n  '@type': Redis\n  url: rediss://a\n")
    (tmp_path / "own.yaml").write_text("InMemoryStore:\n  timeout: 5s\n")
    commit(tmp_path)
    (tmp_path / "own.yaml").write_text("InMemoryStore:\n  timeout: 6s\n")
    read: Counter[str] = Counter()
    content = Revision.content

    def counted(revision: Revision, path: str, limit: int) -> bytes:
        read[path] += 1
        return content(revision, path, limit)

    monkeypatch.setattr(Revision, "content", counted)
    chosen = aims(tmp_path, Asked(all=True), NOTHING_WANTED, NO_ACCESS, today=DAY)
    based = with_bases(
        *(chosen, "HEAD", tmp_path, NOTHING_WANTED, Vault()), environment=os.environ, today=DAY
    )
    assert read == {"confsync.yaml": 1, "more.yaml": 1, "base.yaml": 1, "own.yaml": 1}
    assert [aim.name for aim in changed(based, Vault())] == [f"t{n}" for n in range(20)]
