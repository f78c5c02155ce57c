"""What `init` writes, and what it leaves alone."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
import yaml  # type: ignore[import-untyped]  # it has no types

from confsync.config.scaffold import HOOK_LINES
from confsync.errors import ConnectionFailed, InvalidFiles, OutputFailed, Problem, WrongUsage
from confsync.kinds import KINDS
from confsync.report.file_results import begun_text
from confsync.store.mistakes import INSTEAD
from confsync.workflow.fmt import fmt
from confsync.workflow.init import init
from confsync.workflow.targets import NOTHING_ASKED, Access, Asked, configuration
from confsync.workflow.validate import check, validate

if TYPE_CHECKING:
    from collections.abc import Sequence

PROJECT = Path(__file__).parent.parent.parent
VARIANTS = list(KINDS["InMemoryStore"].shape.objects)
NO_SERVER = Access(
    url=None,
    insecure_http=False,
    ca_file=None,
    client_cert=None,
    client_key=None,
    proxy=None,
    timeout=300,
    retries=3,
)
FILES = ("confsync.yaml", "stores/in-memory.yaml", ".pre-commit-config.yaml")
TODAY = date(2027, 1, 31)
FILL_IN = Problem("a.yaml", 1, 1, "fill-in", "authSecret is a secret", INSTEAD, "warning")


def access(url: str, *, ca_file: str | None = None, proxy: str | None = None) -> Access:
    return replace(NO_SERVER, url=url, ca_file=ca_file, proxy=proxy)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that each test works in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def nobody(file: str) -> NoReturn:
    raise AssertionError(f"a server is asked for {file}")


def files_in(directory: Path) -> Sequence[str]:
    return sorted(
        path.relative_to(directory).as_posix()
        for path in directory.rglob("*")
        if not path.is_dir() and ".git/" not in path.as_posix()
    )


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_template_is_a_valid_store_in_canonical_form(tmp_path: Path, variant: str) -> None:
    begun = init(str(tmp_path), NO_SERVER, variant, nobody)
    assert files_in(tmp_path) == sorted(FILES)
    assert validate([begun.store]) == ()
    assert f"'@type': {variant}" in Path(begun.store).read_text()
    assert not any(one.changed or one.problems for one in fmt(Asked((begun.store,)), write=False))


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_comment_of_a_template_is_a_field_as_it_is_written(
    tmp_path: Path, variant: str
) -> None:
    store = Path(init(str(tmp_path), NO_SERVER, variant, nobody).store)
    text, fields = re.subn(r"(?m)^( +)# (\w+: )", r"\1\2", store.read_text())
    store.write_text(text)
    assert validate([str(store)]) == ()
    shape = KINDS["InMemoryStore"].shape.objects[variant]
    assert fields > 0 or len(shape.fields) < 2
    assert all(f" {name}: " in text or f" {name}:\n" in text for name in shape.fields)


def test_without_a_server_the_address_is_a_placeholder_which_is_refused(tmp_path: Path) -> None:
    begun = init(str(tmp_path), NO_SERVER, None, nobody)
    with pytest.raises(InvalidFiles) as caught:
        configuration(tmp_path)
    (problem,) = caught.value.problems
    lines = Path(begun.config).read_text().splitlines()
    assert lines[problem.line - 1] == "    url: https://CHANGE-ME.invalid"
    assert problem.message == "targets/production/url is the placeholder of `confsync init`"


def test_without_a_variant_it_is_what_a_fresh_server_has(tmp_path: Path) -> None:
    store = init(str(tmp_path), NO_SERVER, None, nobody).store
    assert "'@type': Default  # or " in Path(store).read_text()


def test_a_server_is_asked_for_the_store_and_named_in_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def pull(file: str) -> tuple[Problem, ...]:
        asked.append(file)
        Path(file).write_text("InMemoryStore: {'@type': Default}\n")
        return (FILL_IN, FILL_IN)

    directory = tmp_path / "new" / "mail"
    begun = init(str(directory), access("HTTPS://mail.example.com/"), None, pull)
    assert asked == [str(directory / "stores/in-memory.yaml")]
    assert begun.live
    told = begun_text(begun)
    assert "1. 2 secrets of the server will be kept (hidden_secrets: keep)." in told
    assert f"\n  2. cd {directory}\n  3. confsync plan\n" in told
    assert "\n    hidden_secrets: keep\n" in Path(begun.config).read_text()
    assert "\n    url: https://mail.example.com\n" in Path(begun.config).read_text()
    monkeypatch.chdir(directory)
    assert check(NOTHING_ASKED, directory, today=TODAY).problems == ()


@pytest.mark.parametrize(
    ("given", "leads"), [("/etc/ca: 1.pem", "/etc/ca: 1.pem"), ("ca.pem", "../ca.pem")]
)
def test_the_way_to_the_server_is_written_as_it_leads_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, leads: str
) -> None:
    way = access("https://mail.example.com", ca_file=given, proxy="http://proxy.example.com:3128")
    init("mail", way, "Redis", nobody)
    monkeypatch.chdir("mail")
    written = yaml.safe_load(Path("confsync.yaml").read_text())["targets"]["production"]
    assert written["ca_file"] == leads
    assert written["proxy"] == "http://proxy.example.com:3128"
    found = check(NOTHING_ASKED, tmp_path / "mail", today=TODAY).problems
    assert [problem.rule for problem in found] == ["pem-file"]


@pytest.mark.parametrize(
    "way",
    [
        access("https://admin:Canary@mail.example.com"),
        access("https://mail.example.com", proxy="http://u:Canary@proxy.example.com:1"),
        access("https://mail.example.com", ca_file="redis://u:Canary@cache.example.com"),
        access("https://mail.example.com", ca_file="-----BEGIN PRIVATE KEY-----\nCanary\n"),
        access("http://mail.example.com"),
    ],
    ids=["credentials", "proxy-credentials", "url-as-file", "key-itself", "http"],
)
def test_an_address_that_is_none_is_refused_and_nothing_is_written(
    tmp_path: Path, way: Access
) -> None:
    with pytest.raises(WrongUsage) as caught:
        init(str(tmp_path / "new"), way, "Redis", nobody)
    assert "Canary" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_where_a_server_cannot_be_read_nothing_is_written(tmp_path: Path) -> None:
    def pull(file: str) -> NoReturn:
        raise ConnectionFailed("nobody listens", where=file)

    with pytest.raises(ConnectionFailed):
        init(str(tmp_path / "new" / "mail"), access("https://mail.example.com"), None, pull)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("there", FILES)
def test_what_is_there_is_left_alone(tmp_path: Path, there: str) -> None:
    path = tmp_path / there
    path.parent.mkdir(exist_ok=True)
    path.write_text("Somebody's own.\n")
    begun = init(str(tmp_path), NO_SERVER, None, nobody)
    assert path.read_text() == "Somebody's own.\n"
    assert {Path(file).relative_to(tmp_path).as_posix() for file in begun.written} == {
        file for file in FILES if file != there
    }
    assert re.search(f"{there}: (already exists, not changed|not written)", begun_text(begun))


def test_a_link_that_leads_nowhere_is_there(tmp_path: Path) -> None:
    (tmp_path / "confsync.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    begun = init(str(tmp_path), NO_SERVER, None, nobody)
    assert begun.config not in begun.written
    assert not (tmp_path / "elsewhere.yaml").exists()


def test_a_second_time_changes_nothing_and_asks_no_server(tmp_path: Path) -> None:
    init(str(tmp_path), NO_SERVER, "Redis", nobody)
    before = [(tmp_path / file).read_bytes() for file in FILES]
    begun = init(str(tmp_path), access("https://other.example.com"), None, nobody)
    assert begun.written == frozenset()
    assert begun.to_add == ""
    assert [(tmp_path / file).read_bytes() for file in FILES] == before


def test_a_second_time_lists_the_secrets_to_fill_in_again(tmp_path: Path) -> None:
    store = tmp_path / "stores" / "in-memory.yaml"
    store.parent.mkdir()
    store.write_text("InMemoryStore: {'@type': Redis, url: {env: FILL_IN_1}}\n")
    for _ in range(2):
        (problem,) = init(str(tmp_path), NO_SERVER, None, nobody).fill_in
        assert (problem.file, problem.line, problem.rule) == (str(store), 1, "fill-in")


def test_hooks_that_somebody_has_already_get_the_lines_to_add(tmp_path: Path) -> None:
    config = tmp_path / ".pre-commit-config.yaml"
    config.write_text("repos:\n")
    begun = init(str(tmp_path), NO_SERVER, None, nobody)
    assert begun.to_add == HOOK_LINES
    assert HOOK_LINES in begun_text(begun)
    config.write_text(config.read_text() + begun.to_add)
    assert init(str(tmp_path), NO_SERVER, None, nobody).to_add == ""


def test_below_the_root_of_a_repository_the_lines_are_for_the_root(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    begun = init(str(tmp_path / "mail"), NO_SERVER, None, nobody)
    assert files_in(tmp_path) == ["mail/confsync.yaml", "mail/stores/in-memory.yaml"]
    assert Path(begun.hooks).resolve() == tmp_path / ".pre-commit-config.yaml"
    assert begun.to_add == HOOK_LINES


@pytest.mark.parametrize("directory", ["", "https://u:Canary@mail.example.com"])
def test_what_can_be_no_directory_is_refused(tmp_path: Path, directory: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        init(directory, NO_SERVER, None, nobody)
    assert "Canary" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_file_where_a_directory_belongs_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("")
    for directory in ("mail", "mail/below"):
        with pytest.raises(OutputFailed, match="the directory cannot be created"):
            init(str(tmp_path / directory), NO_SERVER, None, nobody)


def test_the_hooks_are_those_that_need_no_server_as_the_manifest_has_them() -> None:
    same = ("id", "name", "entry", "args", "types", "require_serial")
    manifest = yaml.safe_load((PROJECT / ".pre-commit-hooks.yaml").read_text())
    (local,) = yaml.safe_load(HOOK_LINES)
    assert [{name: hook[name] for name in same} for hook in local["hooks"]] == [
        {name: hook[name] for name in same} for hook in manifest if "pre-commit" in hook["stages"]
    ]


def test_a_configuration_of_another_name_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "confsync.yml").write_text("targets: {}\n")
    with pytest.raises(WrongUsage, match=r"but confsync reads confsync\.yaml"):
        init(str(tmp_path), NO_SERVER, None, nobody)
    assert [file.name for file in tmp_path.iterdir()] == ["confsync.yml"]
