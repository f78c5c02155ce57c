"""Only regular files are read: a pipe or a device would hang a run, or never end."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import confsync
from confsync.disk.read import NotRegular, read_regular
from confsync.secrets.built_in import File
from confsync.secrets.resolver import Unavailable
from confsync.sync.secret import Ref
from tests.cli.process import Desk

ROOT = Path(confsync.__file__).parent
STORE = "InMemoryStore:\n  '@type': Redis\n"
TARGET = (
    "targets:\n  t:\n    url: https://a.example.com\n    files: [a.yaml]\n    token: {env: T}\n"
)
DEVICES = ["/dev/zero", "/dev/null", "/dev/urandom", "fifo"]
MAY_OPEN = {
    "disk/read.py": "the door",
    "kinds/__init__.py": "a file of the package",
    "kinds/make_table.py": "`make schema-table` reads the recorded schema",
    "kinds/not_managed.py": "a file of the package",
    "kinds/table.py": "files of the package",
    "net/tls.py": "OpenSSL opens the files of certificates; these look why it could not",
    "report/html.py": "files of the package",
    "report/schemas.py": "a file of the package",
    "rules.py": "a file of the package",
    "sandbox/schema.py": "a file of the package",
    "sandbox/session.py": "a file of the package",
    "sandbox/storage.py": "the sandbox imports nothing of confsync",
}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "a.yaml").write_text(STORE)
    return Desk(tmp_path)


@pytest.mark.parametrize("path", DEVICES)
def test_what_is_no_regular_file_is_not_read(desk: Desk, path: str) -> None:
    with pytest.raises(NotRegular) as caught:
        read_regular(desk.directory / path, 10)
    assert caught.value.what == ("a pipe" if path == "fifo" else "a device")


def test_a_file_is_read_up_to_one_byte_more_than_the_limit(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abcdef")
    assert [read_regular(tmp_path / "a", limit) for limit in (3, 5, 6, 100)] == [
        *(b"abcd", b"abcdef", b"abcdef", b"abcdef"),
    ]


def test_no_descriptor_is_left_open_nor_inherited(desk: Desk) -> None:
    before = len([*Path("/proc/self/fd").iterdir()])
    for path in ("a.yaml", "fifo", ".", "nowhere"):
        try:
            read_regular(desk.directory / path, 10)
        except OSError:
            continue
    assert len([*Path("/proc/self/fd").iterdir()]) == before


@pytest.mark.parametrize("path", DEVICES)
def test_a_secret_comes_from_a_regular_file(desk: Desk, path: str) -> None:
    reference = Ref("file", path, base=str(desk.directory))
    with pytest.raises(Unavailable) as caught:
        File()(reference, {})
    assert "not a regular file" in str(caught.value)


@pytest.mark.parametrize("path", ["/dev/zero", "fifo"])
@pytest.mark.parametrize(
    "words",
    [
        ["validate"],
        ["validate", "--skip-others"],
        ["validate", "--only", "plaintext-secret"],
        ["fmt"],
        ["fmt", "--check"],
        ["plan", "--url", "https://a.example.com"],
        ["apply", "--url", "https://a.example.com", "--yes"],
        ["show"],
    ],
    ids=" ".join,
)
def test_no_command_reads_a_pipe_or_a_device(desk: Desk, words: list[str], path: str) -> None:
    done = desk.run(*words, path, env={"STALWART_TOKEN": "Canary"})
    assert done.status == 1
    assert "not a regular file" in done.out + done.err or words == ["show"]


@pytest.mark.parametrize("name", ["confsync.yaml", "a.yaml"])
def test_neither_the_configuration_nor_a_store_in_it_is_a_pipe(desk: Desk, name: str) -> None:
    (desk.directory / "confsync.yaml").write_text(TARGET)
    (desk.directory / name).unlink()
    os.mkfifo(desk.directory / name)
    done = desk.run("plan", env={"T": "Canary"})
    assert done.status == 1
    assert f"{name}: error: is a pipe, not a regular file" in done.err


def test_standard_input_is_read_where_it_is_a_file_and_refused_where_it_is_a_pipe(
    desk: Desk,
) -> None:
    arguments = [sys.executable, "-m", "confsync", "validate", "/dev/stdin"]
    options: Any = {"cwd": ROOT.parent, "capture_output": True, "text": True, "timeout": 30}
    done = subprocess.run(arguments, input=STORE, check=False, **options)
    assert done.returncode == 1
    assert "is a pipe, not a regular file" in done.stderr + done.stdout
    with (desk.directory / "a.yaml").open() as file:
        done = subprocess.run(arguments, stdin=file, check=False, **options)
    assert done.returncode == 0, done.stderr


def test_files_are_opened_to_read_through_one_door() -> None:
    reading = {"read_bytes", "read_text", "open"}
    found = set()
    for path in ROOT.rglob("*.py"):
        module = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
                words = {word.value for word in node.args if isinstance(word, ast.Constant)}
                on_disk = not ast.unparse(node.func).endswith(("os.open", "vault.open"))
                if name in reading and on_disk and not words & {"x", "w"}:
                    found.add(module)
    assert found - {"sync/secret.py"} == set(MAY_OPEN) - {"disk/read.py"}
