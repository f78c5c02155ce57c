"""Completion in the shells themselves: someone types the beginning of a word, and Tab."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.shell_completion import BashComplete

from confsync.cli.main import COMMANDS, confsync
from confsync.kinds import RISKS
from confsync.report import PLANS, PROBLEMS
from tests.cli.process import ENVIRONMENT
from tests.cli.terminal import terminal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cli.process import Desk

PAGE = Path(__file__).parents[2] / "docs" / "completion.md"
TYPED: Mapping[str, str] = {
    "confsync vali": "validate",
    "confsync plan --allow plain": "plaintext-secret",
    "confsync apply --output js": "json",
    "confsync validate in-mem": "in-memory.yaml",
    "confsync plan --ca-file in-mem": "in-memory.yaml",
    "confsync nonsense vali": "validate",
}
"""What is typed before Tab, and what its last word is then."""

# To the beginning of the line, to have another program show the words.
SHOW = "\x01printf '<%s>' \n"


def needs(shell: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"there is no {shell} here")


def line(shell: str) -> str:
    """What the page says for a shell."""
    found = re.search(rf"^```{shell}\n(.*)\n```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    return found[1]


@pytest.fixture
def shell_environment(offline: Desk) -> Mapping[str, str]:
    offline.file("in-memory.yaml")
    path = os.pathsep.join([str(Path(sys.executable).parent), ENVIRONMENT["PATH"]])
    return {"PATH": path, "HOME": str(offline.directory), "TERM": "dumb"}


@pytest.mark.parametrize(
    ("command", "first"),
    [
        pytest.param("bash --norc --noprofile -i", "", marks=needs("bash"), id="bash"),
        pytest.param(
            "zsh -f -i", "autoload -Uz compinit; compinit -D\n", marks=needs("zsh"), id="zsh"
        ),
    ],
)
def test_tab_completes_a_word(
    command: str, first: str, offline: Desk, shell_environment: Mapping[str, str]
) -> None:
    shell, *options = command.split()
    program = (shutil.which(shell) or "", *options)
    with terminal(offline, env=shell_environment, command=program) as desk:
        desk.press(f"{first}{line(shell)}\n".encode())
        for text, last in TYPED.items():
            desk.press(f"{text}\t{SHOW}".encode())
            words = [*text.split()[:-1], last]
            desk.wait_for("".join(f"<{word}>" for word in words))
        desk.press(b"exit\n")
        ran = desk.ended()
    assert "error:" not in ran.out


@needs("fish")
def test_fish_completes_a_word(offline: Desk, shell_environment: Mapping[str, str]) -> None:
    """Without a terminal, because fish has a command for it."""
    asked = "".join(f"complete --do-complete '{text}'; echo\n" for text in TYPED)
    program = (shutil.which("fish") or "", "--no-config", "-c", f"{line('fish')}\n{asked}")
    ran = offline.run(env=shell_environment, command=program)
    assert ran.err == ""
    proposed = [part.partition("\t")[0] for part in ran.out.split("\n\n")]
    assert proposed == [*TYPED.values(), ""]


@pytest.mark.parametrize(
    ("words", "proposed"),
    [
        ("", list(COMMANDS)),
        ("schema --l", ["--layer"]),
        ("audit ", ["check", "pending"]),
        ("plan --allow ", list(RISKS)),
        ("show --output ", ["text", "json"]),
        ("validate --output ", list(PROBLEMS)),
        ("plan --hidden-secrets ", ["send", "keep", "changed", "fail"]),
        ("apply --color ", ["auto", "always", "never"]),
        ("plan --url ", []),
        ("explain plain", ["plaintext-secret", "plaintext-transport"]),
        ("explain authS", ["authSecret"]),
        ("explain RedisC", ["RedisCluster"]),
    ],
)
def test_everything_that_fits_is_proposed(words: str, proposed: list[str]) -> None:
    shell = BashComplete(confsync, {}, "confsync", "_CONFSYNC_COMPLETE")
    *before, last = words.split(" ")
    assert [item.value for item in shell.get_completions(before, last)] == proposed


TARGETS = """\
targets:
  production: {url: https://mail.example.com, files: [a.yaml]}
  preview: {url: https://preview.example.com, files: [a.yaml]}
  staging: {url: https://staging.example.com, files: [a.yaml]}
"""


@pytest.mark.parametrize("command", ["plan", "apply", "pull", "show"])
def test_targets_are_proposed(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shell = BashComplete(confsync, {}, "confsync", "_CONFSYNC_COMPLETE")
    words = [command, "--target"]
    assert shell.get_completions(words, "") == []
    (tmp_path / "confsync.yaml").write_text(TARGETS)
    assert [one.value for one in shell.get_completions(words, "pr")] == ["production", "preview"]
    for broken in ("targets: [", "\0", "targets: {a: {url: 'https://u:Canary@h'}}"):
        (tmp_path / "confsync.yaml").write_text(broken)
        assert shell.get_completions(words, "") == []
    assert capfd.readouterr() == ("", "")


def test_completion_writes_nothing_else_and_no_secret(offline: Desk) -> None:
    words = "confsync plan --output "
    asked = {"_CONFSYNC_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": "3"}
    ran = offline.run(env=asked)
    assert (ran.status, ran.out, ran.err) == (0, "".join(f"plain,{name}\n" for name in PLANS), "")
