"""The search for secrets in clear, in files that are no valid store, or none at all."""

from __future__ import annotations

from datetime import date
from itertools import product
from typing import TYPE_CHECKING

import pytest

from confsync.errors import WrongUsage
from confsync.sync.names import SEARCHABLE
from confsync.workflow.targets import NOTHING_ASKED, Asked
from confsync.workflow.validate import CREDENTIAL, search
from tests.pace import Baseline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from confsync.errors import Problem

TODAY = date(2027, 1, 31)
SECRETS: Mapping[str, str] = {
    "plain": "  authSecret:\n    '@type': Value\n    secret: Canary\n",
    "quoted": "  authSecret:\n    '@type': Value\n    'secret' : 'it''s Canary'\n",
    "double": '  authSecret:\n    "@type": Value\n    "secret": "Canary # 1"\n',
    "block": "  authSecret:\n    '@type': Value\n    secret: |-\n      Canary\n",
    "number": "  authSecret:\n    '@type': Value\n    secret: 123456\n",
    "braces": "  authSecret: {'@type': Value, secret: Canary}\n",
    "json": '  authSecret: {"@type":"Value","secret":"Canary"}\n',
    "url": "  urls:\n    - redis://user:Canary@cache.example.com\n",
    "url in braces": "  urls: ['redis://a', 'redis://:Canary@b']\n",
    "parameter": "  urls: [redis://a?password=Canary]\n",
    "mapping": "  urls: [{address: redis://a, username: u, password: Canary}]\n",
}
HARMLESS: Mapping[str, str] = {
    "environment": "  authSecret:\n    '@type': Value\n    secret: {env: NAME}\n",
    "below": "  authSecret:\n    '@type': Value\n    secret:\n      file: /run/secrets/a\n",
    "none": "  authSecret: {'@type': None}\n",
    "server's own": "  authSecret: {'@type': EnvironmentVariable, variableName: A}\n",
    "mapping": "  urls: [{address: redis://a, username: u, password: {env: A}}]\n",
    "port": "  urls: ['redis://user@a.example.com:6379/1']\n",
}
HEAD = "InMemoryStore:\n  '@type': RedisCluster\n"
SETTINGS: Mapping[str, Callable[[str], str | bytes]] = {
    "a store": lambda store: store,
    "a mistake in a field": lambda store: store + "  timeout: 10\n",
    "no type": lambda store: store.replace("  '@type': RedisCluster\n", "", 1),
    "not YAML": lambda store: store + "  x: [\n",
    "second document": lambda store: "a: 1\n---\n" + store,
    "first of two": lambda store: store + "---\na: 1\n",
    "deeper": lambda store: "a:\n  b:\n" + store.replace("\n", "\n    ").replace("In", "    In", 1),
    "in a list": lambda store: "- " + store.replace("\n", "\n  "),
    "an anchor": lambda store: store.replace("InMemoryStore:", "InMemoryStore: &store"),
    "a template": lambda store: "{{- if .x }}\n" + store + "{{- end }}\n",
    "twice": lambda store: store + "  '@type': RedisCluster\n",
    "not UTF-8": lambda store: store.encode() + b"# \xff\n",
    "Windows": lambda store: ("\ufeff" + store + "  x: [\n").replace("\n", "\r\n"),
    "UTF-16": lambda store: store.encode("utf-16"),
    "more than 64 KiB": lambda store: store + "#" * 70_000 + "\n",
    "many values": lambda store: store + "x: [" + "1," * 11_000 + "]\n",
    "control character": lambda store: store + "x: \x01\n",
}


def found(path: Path, content: str | bytes, *rules: str) -> tuple[Problem, ...]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    chosen = rules or ("plaintext-secret",)
    return search(Asked((str(path),)), path.parent, chosen, today=TODAY).problems


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_secret_in_clear_is_found_whatever_surrounds_it(tmp_path: Path, setting: str) -> None:
    for name, secret in SECRETS.items():
        problems = found(tmp_path / "a.yaml", SETTINGS[setting](HEAD + secret))
        assert [problem.rule for problem in problems] == ["plaintext-secret"], name
        assert problems[0].severity == "error"
        assert "Canary" not in str(problems)


@pytest.mark.parametrize("setting", SETTINGS)
def test_what_is_no_secret_is_not_told_whatever_surrounds_it(tmp_path: Path, setting: str) -> None:
    for name, harmless in HARMLESS.items():
        assert found(tmp_path / "a.yaml", SETTINGS[setting](HEAD + harmless)) == (), name


def test_no_place_tells_how_long_a_secret_is(tmp_path: Path) -> None:
    """Two of them in a line: the second one's column would."""
    for setting, (first, second) in product(
        SETTINGS.values(), [("a", "b"), ("secret: c", "d"), ("authSecret: 'e'", "secret: f")]
    ):
        short, long = (
            found(tmp_path / "a.yaml", setting(f"{HEAD}  x: {{{first}{more}, {second}{more}}}\n"))
            for more in ("", "Canary" * 9)
        )
        assert short == long


@pytest.mark.parametrize(
    "text", ["{", "{{", "[", '"', "secret", "secret: ", "://", "a:", "&a ", "\n"]
)
def test_no_text_takes_long(tmp_path: Path, text: str) -> None:
    """Twenty times the text takes at most a hundred times as long: not its square, 400 times."""

    def search(length: int) -> object:
        return found(tmp_path / "a.yaml", "InMemoryStore: {\n" + text * (length // len(text)))

    assert Baseline(lambda: search(50_000)).times(lambda: search(1_000_000), 100) <= 100


def test_a_file_that_is_too_large_to_be_searched_is_told(tmp_path: Path) -> None:
    (problem,) = found(tmp_path / "a.yaml", "a" * 2_000_000 + "\nInMemoryStore: {}\n")
    assert (problem.rule, problem.message) == (
        "unreadable",
        "is larger than 1 MiB, and not searched",
    )


def test_the_name_is_found_across_the_pieces_that_are_read(tmp_path: Path) -> None:
    for before in range(1024 * 1024 - 15, 1024 * 1024):
        assert found(tmp_path / "a.yaml", "#" * (before - 1) + "\nInMemoryStore: {}\n")


def test_a_name_is_looked_for_in_the_first_64_mib_and_no_further(tmp_path: Path) -> None:
    for megabytes, told in ((63, 1), (65, 0)):
        with (tmp_path / "a.yaml").open("wb") as file:
            file.truncate(megabytes * 1024 * 1024)
            file.seek(0, 2)
            file.write(b"\nInMemoryStore: {}\n")
        asked = Asked((str(tmp_path / "a.yaml"),))
        found = search(asked, tmp_path, SEARCHABLE, today=TODAY).problems
        assert len(found) == told


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    asked = Asked((str(tmp_path / "a.yaml"),))
    (problem,) = search(asked, tmp_path, SEARCHABLE, today=TODAY).problems
    assert problem.message == "cannot be searched"


@pytest.mark.parametrize(
    ("member", "line"),
    [
        ("token: Canary", 5),
        ("user: admin\n    password: Canary", 6),
        ("token: Canary\n    x: [", 5),
        ("token: {env: A}", 0),
        ("token: {env: A}\n    x: [", 0),
        ("nope: 1", 0),
    ],
)
def test_credentials_in_clear_are_found_in_every_configuration(
    tmp_path: Path, member: str, line: int
) -> None:
    target = f"targets:\n  a:\n    url: https://a.example.com\n    files: [a.yaml]\n    {member}\n"
    problems = found(tmp_path / "confsync.yaml", target, CREDENTIAL)
    assert [problem.line for problem in problems] == ([line] if line else [])
    assert "Canary" not in str(problems)


@pytest.mark.parametrize("until", ["2027-01-31", "2027-01-30"])
def test_what_every_target_allows_is_a_warning_until_its_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "confsync.yaml").write_text(
        "targets:\n  a:\n    url: https://a.example.com\n    files: [a.yaml]\n"
        f"    allow: [{{risk: plaintext-secret, until: {until}}}]\n"
    )
    (problem,) = found(tmp_path / "a.yaml", HEAD + SECRETS["plain"])
    assert problem.severity == ("warning" if until == "2027-01-31" else "error")


def test_only_rules_that_can_be_searched_for_are_taken(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="did you mean plaintext-secret"):
        found(tmp_path / "a.yaml", HEAD, "plaintext-secrets")
    with pytest.raises(WrongUsage, match="no file given"):
        search(NOTHING_ASKED, tmp_path, SEARCHABLE, today=TODAY)


def test_a_credential_in_an_included_file_is_found_in_that_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "confsync.yaml").write_text("include: [eu.yaml]\n")
    target = "targets: {eu: {url: 'https://eu.example.com', files: [a.yaml], token: Canary}}\n"
    (tmp_path / "eu.yaml").write_text(target)
    for files in ([], ["eu.yaml"], ["confsync.yaml"]):
        found = search(Asked(tuple(files)), tmp_path, [CREDENTIAL], today=TODAY)
        assert [one.file for one in found.problems] == ["eu.yaml"], files
        assert "Canary" not in repr(found)
