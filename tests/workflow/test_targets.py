"""Which targets a run is about, and whose options count."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from confsync.errors import InvalidFiles, WrongUsage
from confsync.sync.values import Origin
from confsync.workflow.load import Own
from confsync.workflow.targets import DEFAULTS, NOTHING_WANTED, Access, Asked, Options, Wanted, aims

if TYPE_CHECKING:
    from pathlib import Path

    from confsync.workflow.targets import Aim

NO_ACCESS = Access(None, insecure_http=False, ca_file=None, client_cert=None, client_key=None,
                   proxy=None, timeout=30, retries=3)  # fmt: skip
TODAY = date(2027, 1, 31)
TWO = """\
targets:
  production:
    url: https://mail.example.com
    files: [stores/base.yaml, stores/production.yaml]
    unlisted: keep
    hidden_secrets: fail
    ignore: [InMemoryStore/poolMaxConnections]
    allow:
      - {risk: plaintext-secret, until: 2027-01-31}
  staging:
    url: https://staging.example.com
    files: [stores/base.yaml]
"""
ONE = TWO.partition("  staging")[0]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "confsync.yaml").write_text(TWO)
    return tmp_path


def chosen(
    here: Path,
    asked: Asked = Asked(),  # noqa: B008 - frozen
    wanted: Wanted = NOTHING_WANTED,
    today: date = TODAY,
) -> list[Aim]:
    return list(aims(here, asked, wanted, NO_ACCESS, today=today))


def names(found: list[Aim]) -> list[str]:
    return [aim.name for aim in found]


def test_one_target_alone_is_taken(here: Path) -> None:
    (here / "confsync.yaml").write_text(ONE)
    (aim,) = chosen(here)
    assert (aim.name, aim.alone) == ("production", True)
    assert aim.files == ("stores/base.yaml", "stores/production.yaml")


def test_of_several_targets_none_is_taken_that_was_not_named(here: Path) -> None:
    with pytest.raises(WrongUsage) as caught:
        chosen(here)
    assert caught.value.message == "confsync.yaml has several targets: production, staging"
    assert "--all" in caught.value.hint


def test_targets_come_in_the_order_that_they_are_named_in_each_once(here: Path) -> None:
    asked = Asked(targets=("staging", "production", "staging"))
    assert names(chosen(here, asked)) == ["staging", "production"]


def test_all_of_them_come_in_the_order_of_the_file(here: Path) -> None:
    found = chosen(here, Asked(all=True))
    assert names(found) == ["production", "staging"]
    assert not any(aim.alone for aim in found)


def test_a_target_that_there_is_not_is_told_with_the_nearest_name(here: Path) -> None:
    with pytest.raises(WrongUsage) as caught:
        chosen(here, Asked(targets=("staging", "produktion")))
    assert caught.value.message == "confsync.yaml has no target `produktion`"
    assert caught.value.hint == "did you mean production? known: production, staging"


def test_what_is_no_name_is_not_repeated(here: Path) -> None:
    with pytest.raises(WrongUsage) as caught:
        chosen(here, Asked(targets=("https://u:Canary@h",)))
    assert "Canary" not in str(caught.value)


@pytest.mark.parametrize(
    "asked",
    [
        Asked(files=("a.yaml",), targets=("staging", "production")),
        Asked(files=("a.yaml",), all=True),
        Asked(targets=("staging",), all=True),
        Asked(targets=("staging",), alone=True),
    ],
)
def test_what_contradicts_itself_is_wrong_usage(here: Path, asked: Asked) -> None:
    with pytest.raises(WrongUsage):
        chosen(here, asked)


def test_targets_without_a_configuration_are_wrong_usage(here: Path) -> None:
    (here / "confsync.yaml").unlink()
    with pytest.raises(WrongUsage, match=r"no confsync\.yaml found in "):
        chosen(here, Asked(targets=("production",)))
    with pytest.raises(WrongUsage, match=r"no confsync\.yaml found in "):
        chosen(here, Asked(all=True))


ALLOWING = Wanted(allow=frozenset({"plaintext-secret"}))


def test_a_file_of_one_target_means_that_target_with_all_of_its_files_and_guards(
    here: Path,
) -> None:
    for name in ("stores/production.yaml", "./stores/../stores/production.yaml"):
        (aim,) = chosen(here, Asked(files=(name,)))
        assert (aim.name, aim.alone) == ("production", True)
        assert aim.files == ("stores/base.yaml", "stores/production.yaml")
        assert aim.options.ignore == {"InMemoryStore/poolMaxConnections"}
    (aim,) = chosen(here, Asked(files=("stores/base.yaml", "stores/production.yaml")))
    assert aim.name == "production"


@pytest.mark.parametrize(
    ("file", "fact", "hint"),
    [
        (
            "stores/base.yaml",
            "several targets of confsync.yaml use {}: production and staging",
            "add --target NAME, or --no-config to use no target",
        ),
        ("nothere.yaml", "no such file, and no target uses it", "check the path"),
        (
            "store/base.yaml",
            "no such file, and no target uses it",
            "did you mean stores/base.yaml? check the path",
        ),
    ],
)
def test_a_file_of_several_targets_or_of_none_is_wrong_usage(
    here: Path, file: str, fact: str, hint: str
) -> None:
    with pytest.raises(WrongUsage) as caught:
        chosen(here, Asked(files=(file,)))
    assert (caught.value.message, caught.value.hint) == (fact.format(file), hint)


def test_a_confsync_yaml_is_no_store(here: Path) -> None:
    with pytest.raises(WrongUsage, match=r"confsync\.yaml is read anyway"):
        chosen(here, Asked(files=("confsync.yaml",)))


@pytest.mark.parametrize(
    ("file", "files"),
    [
        ("stores/base.yaml", ("stores/base.yaml", "stores/production.yaml")),
        ("before.yaml", ("before.yaml",)),
    ],
)
def test_a_file_for_one_target_means_its_files_or_replaces_them(
    here: Path, file: str, files: tuple[str, ...]
) -> None:
    access = Access(**{**vars(NO_ACCESS), "url": "https://mail.example.com"})
    for way in (NO_ACCESS, access):
        asked = Asked(files=(file,), targets=("production",))
        (aim,) = aims(here, asked, NOTHING_WANTED, way, today=TODAY)
        assert (aim.name, aim.files) == ("production", files)
        assert aim.options.ignore == {"InMemoryStore/poolMaxConnections"}


def test_files_alone_or_with_a_url_read_no_configuration_not_even_a_broken_one(here: Path) -> None:
    (here / "confsync.yaml").write_text("targets: 5\n")
    url = Access(**{**vars(NO_ACCESS), "url": "https://other.example.com"})
    for asked, access in (
        (Asked(files=("a.yaml",), alone=True), NO_ACCESS),
        (Asked(files=("a.yaml",)), url),
    ):
        (aim,) = aims(here, asked, ALLOWING, access, today=TODAY)
        assert (aim.config, aim.files) == (None, ("a.yaml",))
        assert aim.options == Options(allow=frozenset({"plaintext-secret"}))
    for asked in (Asked(files=("a.yaml",)), Asked()):
        with pytest.raises(InvalidFiles, match=r"1 error in confsync\.yaml"):
            chosen(here, asked)


def test_one_server_for_several_targets_is_wrong_usage(here: Path) -> None:
    access = Access(**{**vars(NO_ACCESS), "url": "https://other.example.com"})
    with pytest.raises(WrongUsage, match="cannot be used with several targets"):
        aims(here, Asked(all=True), NOTHING_WANTED, access, today=TODAY)
    (aim,) = aims(here, Asked(targets=("staging",)), NOTHING_WANTED, access, today=TODAY)
    assert aim.access.url == "https://other.example.com"


def test_a_target_says_how_it_is_compared(here: Path) -> None:
    production, staging = chosen(here, Asked(all=True))
    assert production.options == Options(
        "keep",
        "fail",
        frozenset({"plaintext-secret"}),
        ignore=frozenset({"InMemoryStore/poolMaxConnections"}),
        own=Own(secrets={}),
    )
    assert staging.options == replace(DEFAULTS, own=Own(secrets={}))


def test_what_was_given_comes_before_what_a_target_says(here: Path) -> None:
    wanted = Wanted("default", "send")
    (aim,) = chosen(here, Asked(targets=("production",)), wanted)
    assert (aim.options.unlisted, aim.options.hidden_secrets) == ("default", "send")


def test_a_risk_is_allowed_on_the_last_day_and_not_after_it(here: Path) -> None:
    (last,) = chosen(here, Asked(targets=("production",)))
    assert last.options.allow == {"plaintext-secret"}
    assert last.options.lapses == ()
    (after,) = chosen(here, Asked(targets=("production",)), today=date(2027, 2, 1))
    assert after.options.allow == frozenset()
    (lapse,) = after.options.lapses
    assert lapse.message == "the allowance of plaintext-secret expired after 2027-01-31"
    assert lapse.origin == Origin("file", "confsync.yaml", 9, 9)


def test_what_is_allowed_by_hand_is_allowed_whatever_the_day(here: Path) -> None:
    wanted = Wanted(allow=frozenset({"plaintext-secret"}))
    (aim,) = chosen(here, Asked(targets=("production",)), wanted, date(2030, 1, 1))
    assert aim.options.allow == {"plaintext-secret"}


def test_a_configuration_near_by_is_named(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "confsync.yaml").write_text("targets: {}\n")
    with pytest.raises(WrongUsage, match=r"no confsync\.yaml found in .*; there is one in sub"):
        chosen(tmp_path, Asked(all=True))
    (tmp_path / "other").mkdir()
    (tmp_path / "confsync.yaml").write_text("targets: {}\n")
    with pytest.raises(WrongUsage, match=r"; there is one in \.\."):
        chosen(tmp_path / "other", Asked(all=True))


def test_an_empty_file_is_told_as_such(here: Path) -> None:
    (here / "lost.plan").write_text("")
    with pytest.raises(WrongUsage, match="is empty"):
        chosen(here, Asked(files=("lost.plan",)))
