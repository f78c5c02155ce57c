"""What is wrong with `confsync.yaml` is told: each folder of tests/cases/config is a mistake.

`expected.txt` holds every problem as it is printed, and is empty where the file is accepted.
`fixed.yaml` is what its author makes of it with the hint. CONFSYNC_WRITE_CASES=1 writes what is
expected. Read it before it is kept.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft7Validator

from confsync.config.config_file import found_from
from confsync.config.layout import TARGET
from confsync.errors import InvalidFiles, WrongUsage
from confsync.report.problems import problems_text
from confsync.store.scalars import beside
from confsync.workflow.documentation import schema
from confsync.workflow.targets import configuration
from tests.cli.process import Desk
from tests.editor.core_yaml import NoYaml, load

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = Path(__file__).parent.parent / "cases" / "config"
NAMES = sorted(case.name for case in CASES.iterdir())
WRITE = bool(os.environ.get("CONFSYNC_WRITE_CASES"))
STRANGER = 54_321
"""A user that nobody is."""
SECRET = re.compile("correct.horse", re.IGNORECASE)
FACT = re.compile(
    r"confsync\.yaml(:[1-9][0-9]*(:[1-9][0-9]*)?)?: error: ([^A-Z]|YAML ).*[^.] \[[a-z-]+\]|"
)
HINT = re.compile(r"  hint: ([^A-Z]|InMemoryStore/|Basic ).*[^.]")


def told(directory: Path) -> str:
    try:
        assert configuration(directory) is not None
    except InvalidFiles as invalid:
        return problems_text(invalid.problems)
    return ""


@pytest.mark.parametrize("name", NAMES)
def test_a_mistake_is_told_in_exactly_these_words(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(CASES / name)
    found = told(Path.cwd())
    if WRITE:
        Path("expected.txt").write_text(found, "utf-8")
    assert found == Path("expected.txt").read_text("utf-8")
    assert name.startswith("accepted-") == (found == "")
    assert not SECRET.search(found)
    lines = found.splitlines()
    for fact, hint in zip(lines[::2], lines[1::2], strict=True):
        assert FACT.fullmatch(fact), fact
        assert HINT.fullmatch(hint), hint


def test_what_the_hint_says_makes_each_of_them_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wrong = [name for name in NAMES if not name.startswith("accepted-")]
    assert len(wrong) > 60
    for name in wrong:
        shutil.copy(CASES / name / "fixed.yaml", tmp_path / "confsync.yaml")
        assert told(tmp_path) == "", name


UNSEEN = {
    *(
        "client-key-alone",
        "password-alone",
        "token-with-password",
        "user-alone",
        "user-with-password",
    ),
    *("proxy-for-http", "proxy-without-port"),
    *("url-of-redis", "url-variable", "url-with-path", "url-with-token"),
    *("url-without-scheme", "url-placeholder", "until-no-day", "files-twice", "files-pattern"),
    "user-with-password",
    *("allow-twice", "ignore-deeper", "ignore-field-alone", "ignore-misspelt", "ignore-object"),
    *("ignore-other-object", "ignore-type", "ignore-unknown"),
    *("anchor", "member-twice", "target-twice"),
    *("group-cycle", "group-unknown", "group-unknown-without-any", "group-without-files"),
    *("include-nothing", "set-misspelt"),
}
"""Cases whose mistake lies in several members, in how YAML spells them, or in an address, a day or
a field's name."""


def test_the_schema_says_of_a_file_what_its_reader_says() -> None:
    found = json.loads(json.dumps(schema(config=True)))
    Draft7Validator.check_schema(found)
    validator = Draft7Validator(found)
    unseen = set()
    for name in NAMES:
        good = "confsync.yaml" if name.startswith("accepted-") else "fixed.yaml"
        assert validator.is_valid(load((CASES / name / good).read_bytes())), name
        try:
            wrong = load((CASES / name / "confsync.yaml").read_bytes())
        except NoYaml:
            continue
        if good == "fixed.yaml" and validator.is_valid(wrong):
            unseen.add(name)
    assert unseen == UNSEEN


def test_the_page_lists_every_key_of_a_target() -> None:
    page = (CASES.parents[2] / "docs" / "targets.md").read_text("utf-8")
    table = page.partition("## Keys of a target")[2].partition("are required")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert re.findall(r"`(\w+)`", " ".join(rows)) == sorted(
        TARGET.fields, key=lambda member: table.index(f"`{member}`")
    )


def find(directory: Path) -> str | None:
    """The file that counts in a directory, as a path from there."""
    file = found_from(directory)
    return None if file is None else os.path.relpath(file, directory)


def test_it_is_searched_upward_to_the_root_of_the_repository(tmp_path: Path) -> None:
    deep = tmp_path / "repository" / "stores" / "deep"
    deep.mkdir(parents=True)
    (tmp_path / "confsync.yaml").touch()
    (tmp_path / "repository" / ".git").mkdir()
    assert find(deep) is None
    (tmp_path / "repository" / "confsync.yaml").touch()
    assert find(deep) == "../../confsync.yaml"
    assert find(tmp_path / "repository") == "confsync.yaml"
    (deep.parent / "confsync.yaml").touch()
    assert find(deep) == "../confsync.yaml"


def test_a_worktree_whose_git_is_a_file_is_a_repository_too(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: elsewhere\n")
    (tmp_path / "stores").mkdir()
    (tmp_path / "confsync.yaml").touch()
    assert find(tmp_path / "stores") == "../confsync.yaml"


def test_without_a_repository_it_is_searched_in_the_directory_alone(tmp_path: Path) -> None:
    (tmp_path / "stores").mkdir()
    (tmp_path / "confsync.yaml").touch()
    assert find(tmp_path / "stores") is None
    assert find(tmp_path) == "confsync.yaml"


def test_in_a_directory_that_is_gone_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert find(Path()) is None


def test_a_link_that_leads_nowhere_is_told_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "confsync.yaml").symlink_to("nowhere.yaml")
    monkeypatch.chdir(tmp_path)
    assert told(tmp_path).startswith("confsync.yaml: error: no such file")


@pytest.fixture
def give_away(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Give a file to another user; without root's right to do so, become another user."""
    user = os.geteuid()

    def give(path: Path) -> None:
        if user == 0:
            os.chown(path, STRANGER, -1, follow_symlinks=False)
        else:
            monkeypatch.setattr(os, "geteuid", lambda: STRANGER)

    monkeypatch.delenv("SUDO_UID", raising=False)
    return give


@pytest.mark.parametrize("owned", ["confsync.yaml", "", "linked/confsync.yaml", "linked"])
def test_one_that_belongs_to_somebody_else_is_refused(
    tmp_path: Path, give_away: Callable[[Path], None], owned: str
) -> None:
    """The file or the link that leads to it, and the directory that it stands in."""
    below = tmp_path / "linked" / "stores"
    below.mkdir(parents=True)
    (tmp_path / "linked" / ".git").mkdir()
    (tmp_path / "confsync.yaml").touch()
    (tmp_path / "linked" / "confsync.yaml").symlink_to("../confsync.yaml")
    directory = below if owned.startswith("linked") else tmp_path
    assert find(directory) is not None
    give_away(tmp_path / owned)
    with pytest.raises(WrongUsage) as caught:
        find(directory)
    assert caught.value.where == ("../" if directory == below else "") + "confsync.yaml"
    assert "belongs to another user" in caught.value.message


def test_a_link_to_a_file_of_somebody_else_is_refused(
    tmp_path: Path, give_away: Callable[[Path], None]
) -> None:
    (tmp_path / "theirs.yaml").touch()
    (tmp_path / "confsync.yaml").symlink_to("theirs.yaml")
    give_away(tmp_path / "theirs.yaml")
    with pytest.raises(WrongUsage, match="belongs to another user"):
        find(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_with_sudo_that_of_the_user_who_called_it_counts_as_one_s_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (tmp_path, tmp_path / "confsync.yaml"):
        path.touch()
        os.chown(path, STRANGER, -1)
    monkeypatch.setenv("SUDO_UID", str(STRANGER))
    assert find(tmp_path) == "confsync.yaml"
    for other in (str(STRANGER + 1), "", "nobody", "9" * 5000):
        monkeypatch.setenv("SUDO_UID", other)
        with pytest.raises(WrongUsage):
            find(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_that_of_root_counts_for_everybody_and_a_sudo_uid_for_root_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "confsync.yaml").touch()
    monkeypatch.setattr(os, "geteuid", lambda: STRANGER)
    assert find(tmp_path) == "confsync.yaml"
    os.chown(tmp_path / "confsync.yaml", STRANGER + 1, -1)
    monkeypatch.setenv("SUDO_UID", str(STRANGER + 1))
    with pytest.raises(WrongUsage):
        find(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("words", [["plan"], ["apply", "--yes"], ["validate"], ["show"], ["pull"]])
def test_no_command_takes_credentials_or_a_server_from_one_that_is_refused(
    tmp_path: Path, words: list[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        target = f"{{url: '{url}', files: [a.yaml], token: {{env: STALWART_TOKEN}}}}"
        (tmp_path / "confsync.yaml").write_text(f"targets: {{t: {target}}}\n")
        (tmp_path / "a.yaml").write_text("InMemoryStore: {'@type': Default}\n")
        os.chown(tmp_path / "confsync.yaml", STRANGER, -1)
        ran = Desk(tmp_path).run(*words)
        listening.settimeout(0)
        with pytest.raises(BlockingIOError):
            listening.accept()
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("error: confsync.yaml: belongs to another user")


@pytest.mark.parametrize(
    ("file", "written", "path"),
    [
        ("confsync.yaml", "stores/base.yaml", "stores/base.yaml"),
        ("confsync.yaml", "./stores//base.yaml", "stores/base.yaml"),
        ("confsync.yaml", "stores/../base.yaml", "stores/../base.yaml"),
        ("confsync.yaml", "../base.yaml", "../base.yaml"),
        ("../../confsync.yaml", "stores/base.yaml", "../../stores/base.yaml"),
        ("../confsync.yaml", "../base.yaml", "../../base.yaml"),
        ("../confsync.yaml", "/etc/base.yaml", "/etc/base.yaml"),
    ],
)
def test_paths_start_beside_the_file_and_are_shown_from_the_working_directory(
    file: str, written: str, path: str
) -> None:
    assert beside(file, written) == path
