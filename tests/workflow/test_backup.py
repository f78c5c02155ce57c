"""A backup is the way back, written before anything is sent, or nothing is sent."""

from __future__ import annotations

import stat
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import yaml  # type: ignore[import-untyped]  # it has no types

from confsync.errors import ConfsyncError, Declined, NotWritten, OutputFailed, WrongUsage
from confsync.report import OUTCOMES
from confsync.sandbox import Server
from confsync.sync.secret import Vault
from confsync.workflow.apply import How, apply_all
from confsync.workflow.session import Reach
from confsync.workflow.targets import Access, Asked, Wanted, aims
from tests.cli.process import APPLY_KEY, KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from confsync.sync.outcome import Ended

ACCESS = Access(None, insecure_http=False, ca_file=None, client_cert=None, client_key=None,
                proxy=None, timeout=5, retries=0)  # fmt: skip
BEFORE = {
    "@type": "RedisCluster",
    "urls": {
        "redis://u:Canary-1@same.example.com": True,
        "redis://u:Canary-2@other.example.com": True,
    },
    "authSecret": {"@type": "Value", "secret": "Canary-3"},
}
STORE = """\
InMemoryStore:
  '@type': RedisCluster
  urls:
    - {address: redis://same.example.com, username: u, password: {env: CACHE}}
  authSecret: {'@type': Value, secret: {file: secret}}
  authUsername: stalwart
"""


CORRECT = "correct it on the server: it is empty or a mask, or has a password or white space"


@pytest.fixture
def server() -> Iterator[Server]:
    others = {f"sys{name}{right}" for name in ("Imap", "Jmap") for right in ("Get", "Update")}
    with Server(initial=BEFORE, keys={APPLY_KEY: KEYS[APPLY_KEY] | others}) as server:
        yield server


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stores").mkdir()
    (tmp_path / "stores" / "secret").write_text("a secret of some length")
    (tmp_path / "stores" / "a.yaml").write_text(STORE)
    configure(tmp_path, server.url)
    return tmp_path


def configure(directory: Path, *urls: str) -> None:
    targets = (
        f"  t{number}: {{url: '{url}', files: [stores/a.yaml], token: {{env: KEY}}}}\n"
        for number, url in enumerate(urls)
    )
    (directory / "confsync.yaml").write_text(f"targets:\n{''.join(targets)}")


def apply(here: Path, backup: str, *, answer: bool = True) -> tuple[Ended, ...]:
    environment = {"KEY": APPLY_KEY, "CACHE": "Canary-1"}
    chosen = aims(here, Asked(all=True), Wanted(), ACCESS, today=date(2027, 1, 31))
    how = How(ask=lambda _: answer, backup=backup)
    return apply_all(chosen, Reach(environment, Vault()), how)


def content(file: Path) -> Any:  # noqa: ANN401 - parsed YAML
    return yaml.safe_load(file.read_text())["InMemoryStore"]


def sets(server: Server) -> int:
    return sum("InMemoryStore/set" in str(request.body) for request in server.requests)


def test_it_has_the_state_before_with_the_references_that_the_files_have(
    here: Path, server: Server
) -> None:
    (here / "backups").mkdir()
    ended = apply(here, "backups/before.yaml")
    assert sets(server) == 1
    file = here / "backups" / "before.yaml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    same, other = sorted(content(file)["urls"], key=lambda url: -len(url["password"]["env"]))
    assert other == {
        "address": "redis://same.example.com", "username": "u", "password": {"env": "CACHE"}
    }  # fmt: skip
    assert same["password"] == {"env": "FILL_IN_1"}
    assert content(file)["authSecret"]["secret"] == {"file": "../stores/secret"}
    assert "Canary" not in file.read_text()
    told = OUTCOMES["text"](ended)
    assert told.endswith(
        "To go back (replace each FILL_IN_… with a reference to the earlier secret; its references"
        " must lead to the earlier secrets): confsync apply backups/before.yaml"
        f" --target t0 --url {server.url}\n"
    )
    assert "InMemoryStore:" not in told


def test_on_the_terminal_the_way_back_has_the_references_too(here: Path) -> None:
    environment = {"KEY": APPLY_KEY, "CACHE": "Canary-1"}
    chosen = aims(here, Asked(), Wanted(), ACCESS, today=date(2027, 1, 31))
    told = OUTCOMES["text"](apply_all(chosen, Reach(environment, Vault()), How()))
    # Its value is another one than the server has.
    assert "{env: FILL_IN_1}" in told
    assert "{file: secret}" in told


@pytest.mark.parametrize("backup", ["nowhere/before.yaml", "stores"])
def test_where_it_cannot_be_written_nothing_is_sent(
    here: Path, server: Server, backup: str
) -> None:
    with pytest.raises(OutputFailed, match=f"--backup: {backup} cannot be written") as caught:
        apply(here, backup)
    assert caught.value.unchanged
    assert sets(server) == 0


@pytest.mark.parametrize(
    ("stored", "fact", "hint"),
    [
        (
            {"newer": 1},
            "--backup: the server has fields that confsync does not know: InMemoryStore/newer",
            "run `confsync schema --update`; or apply without --backup",
        ),
        (
            {"authUsername": "****"},
            "--backup: cannot write the server's value to a store file: InMemoryStore/authUsername",
            f"{CORRECT}; or apply without --backup",
        ),
    ],
)
def test_what_no_file_can_hold_is_told_and_nothing_is_sent(
    here: Path, server: Server, stored: dict[str, Any], fact: str, hint: str
) -> None:
    server.stored = {**BEFORE, **stored}
    with pytest.raises(NotWritten) as caught:
        apply(here, "before.yaml")
    assert (caught.value.message, caught.value.hint) == (fact, hint)
    assert sets(server) == 0


def test_what_no_file_can_hold_is_told_in_place_of_the_way_back(here: Path, server: Server) -> None:
    server.stored = {**BEFORE, "authUsername": "****"}
    environment = {"KEY": APPLY_KEY, "CACHE": "Canary-1"}
    chosen = aims(here, Asked(), Wanted(), ACCESS, today=date(2027, 1, 31))
    told = OUTCOMES["text"](apply_all(chosen, Reach(environment, Vault()), How()))
    fact = "Previous settings not printed: cannot write the server's value to a store file:"
    assert f"{fact} InMemoryStore/authUsername." in " ".join(told.split())


def test_it_has_only_what_the_apply_changes(here: Path, server: Server) -> None:
    server.put("x:Jmap", {**server.get("x:Jmap"), "newer": 1})
    with (here / "stores" / "a.yaml").open("a") as file:
        file.write("Imap: {timeoutIdle: 10m}\nJmap: {}\n")
    apply(here, "before.yaml")
    assert [*yaml.safe_load((here / "before.yaml").read_text())] == ["InMemoryStore", "Imap"]


def test_where_nothing_is_sent_nothing_is_written(here: Path, server: Server) -> None:
    with pytest.raises(Declined):
        apply(here, "before.yaml", answer=False)
    (here / "stores" / "a.yaml").write_text("InMemoryStore: {'@type': Default}\n")
    server.stored = {"@type": "Default"}
    apply(here, "before.yaml")
    assert not (here / "before.yaml").exists()


@pytest.mark.parametrize(
    "backup", ["stores/a.yaml", "confsync.yaml", "./stores/../stores/a.yaml", "https://h/Canary"]
)
def test_a_file_of_the_run_is_not_overwritten(here: Path, server: Server, backup: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        apply(here, backup)
    assert caught.value.message.startswith("--backup")
    assert "Canary" not in str(caught.value)
    assert server.requests == []
    assert (here / "stores" / "a.yaml").read_text() == STORE


def test_the_backup_of_another_apply_is_not_overwritten(here: Path, server: Server) -> None:
    (here / "before.yaml").write_text("InMemoryStore: {'@type': Default}\n")
    with pytest.raises(OutputFailed, match=r"before\.yaml exists"):
        apply(here, "before.yaml")
    assert sets(server) == 0


def test_it_is_for_one_target(here: Path, server: Server) -> None:
    configure(here, server.url, "http://127.0.0.1:9")
    with pytest.raises(ConfsyncError, match="--backup takes one target"):
        apply(here, "before.yaml")
    assert server.requests == []
