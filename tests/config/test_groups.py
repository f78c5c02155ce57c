"""Groups, included files, `set` and `secrets`: what counts for a target, and where it is from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from confsync.config import config_file
from confsync.errors import InvalidFiles, WrongUsage
from confsync.sync.secret import Ref
from confsync.workflow.targets import configuration

if TYPE_CHECKING:
    from pathlib import Path

    from confsync.config.target import Config, TargetConfig

URL = "https://mail.example.com"
ONE = f"targets: {{a: {{url: '{URL}', files: [a.yaml]}}}}\n"
FLEET = f"""\
groups:
  all:
    files: [stores/base.yaml]
    token: {{env: TOKEN, of: target}}
    proxy: http://all.example.com:3128
    ignore: [InMemoryStore/timeout]
    allow: [drop-tls, {{risk: change-variant, until: 2027-01-31}}]
    secrets: {{redis: {{env: REDIS}}, sentinel: {{file: secrets/sentinel, of: target}}}}
    set: {{InMemoryStore/poolMaxConnections: 1, InMemoryStore/timeout: 1s}}
  eu:
    in: [all]
    files: [stores/eu.yaml, stores/base.yaml]
    proxy: http://eu.example.com:3128
  production:
    in: [all]
    files: [stores/production.yaml]
    hidden_secrets: keep
    set: {{InMemoryStore/poolMaxConnections: 2}}
targets:
  eu-01:
    url: {URL}
    in: [production, eu]
    files: [stores/eu-01.yaml]
    allow: [change-variant]
    secrets: {{redis: {{env: REDIS_EU_01}}}}
    set: {{InMemoryStore/poolMaxConnections: 3}}
  plain:
    url: https://plain.example.com
    files: [stores/base.yaml]
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(here: Path, text: str) -> Config:
    (here / "confsync.yaml").write_text(text)
    found = configuration(here)
    assert found is not None
    return found


def first(here: Path, text: str) -> TargetConfig:
    return read(here, text).targets[0]


def facts(here: Path, text: str) -> list[str]:
    with pytest.raises(InvalidFiles) as raised:
        read(here, text)
    return [f"{one.file}:{one.line} {one.message}" for one in raised.value.problems]


def test_groups_count_depth_first_from_left_to_right_and_the_target_last(here: Path) -> None:
    target = first(here, FLEET)
    assert target.groups == ("all", "production", "eu")
    files = ("base", "production", "eu", "eu-01")
    assert target.files == tuple(f"stores/{name}.yaml" for name in files)
    assert target.proxy == "http://eu.example.com:3128"
    assert target.where["proxy"] == "confsync.yaml: groups/eu/proxy"
    assert target.hidden_secrets == "keep"
    assert target.ignore == {"InMemoryStore/timeout"}


def test_a_later_allowance_replaces_an_earlier_one(here: Path) -> None:
    allowed = {one.risk: (one.until, one.origin.line) for one in first(here, FLEET).allow}
    assert allowed == {"drop-tls": (None, 7), "change-variant": (None, 24)}


def test_values_that_are_set_have_the_place_of_their_key(here: Path) -> None:
    layers = first(here, FLEET).set
    entries = [document.entries[0] for document in layers]
    found = [(key.text, node.entries[0][0]) for key, node in entries]  # type: ignore[union-attr] # a mapping
    assert [(name, key.text, key.mark.line) for name, key in found] == [
        ("InMemoryStore", "timeout", 9),
        ("InMemoryStore", "poolMaxConnections", 26),
    ]


def test_references_are_those_of_the_target(here: Path) -> None:
    target = first(here, FLEET)
    assert target.token is not None
    assert (target.token.ref, target.token.mark.line) == (Ref("env", "TOKEN_EU_01"), 4)
    assert target.secrets == {
        "redis": Ref("env", "REDIS_EU_01"),
        "sentinel": Ref("file", "secrets/sentinel/eu-01", "."),
    }


def test_a_login_of_a_group_does_not_count_beside_that_of_a_target(here: Path) -> None:
    login = "{user: admin, password: {env: PASSWORD}, "
    with_user = FLEET.replace(
        f"url: {URL}", f"url: {URL}\n    user: admin\n    password: {{env: P}}"
    )
    target = first(here, with_user)
    assert (target.token, target.user) == (None, "admin")
    turned = (
        f"groups: {{all: {login} files: [a.yaml]}}}}\n"
        f"targets: {{one: {{url: '{URL}', in: [all], token: {{env: T}}}}}}\n"
    )
    target = first(here, turned)
    assert target.token is not None
    assert (target.user, target.password) == (None, None)


@pytest.mark.parametrize("version", ["", "    token: {env: TOKEN, of: target, version: 2}\n"])
def test_two_targets_with_one_variable_are_refused(here: Path, version: str) -> None:
    two = FLEET.replace("  plain:\n", f"  eu_01:\n    in: [all]\n{version}")
    assert facts(here, two) == [
        "confsync.yaml:27 targets/eu_01 and targets/eu-01 have the same variable: TOKEN_EU_01"
    ]


def test_included_files_have_targets_and_groups_with_paths_of_their_own(here: Path) -> None:
    (here / "targets").mkdir()
    (here / "targets/b.yaml").write_text(
        "groups: {b: {files: [b-store.yaml]}}\n"
        f"targets: {{b: {{url: '{URL}', in: [all, b]}}}}\n"
    )
    (here / "targets/a.yaml").write_text("targets: {a: {url: 'https://a.example.com', in: [b]}}\n")
    found = read(here, f"include: [targets/*.yaml, '*.yaml', targets/a.yaml]\n{FLEET}")
    assert [one.name for one in found.targets] == ["eu-01", "plain", "a", "b"]
    assert found.files == ("confsync.yaml", "targets/a.yaml", "targets/b.yaml")
    b = found.targets[-1]
    assert b.files == ("stores/base.yaml", "targets/b-store.yaml")
    assert b.where["proxy"] == "confsync.yaml: groups/all/proxy"
    assert b.where["url"] == "targets/b.yaml: targets/b/url"


def test_one_name_in_two_files_is_refused_with_both_places(here: Path) -> None:
    (here / "more.yaml").write_text(f"targets:\n  plain: {{url: '{URL}', files: [a.yaml]}}\n")
    told = facts(here, f"include: [more.yaml]\n{FLEET}")
    assert told == ["more.yaml:2 targets/plain is in confsync.yaml:28 already"]


def test_an_included_file_includes_none_and_sets_no_guard(here: Path) -> None:
    (here / "more.yaml").write_text("include: [a.yaml]\nyes: true\ntargets: {}\n")
    told = facts(here, f"include: [more.yaml]\n{FLEET}")
    assert told == [
        "more.yaml:1 unknown key `include`",
        "more.yaml:2 --yes cannot be set in the file: it disables a safety check",
        "more.yaml:3 targets is empty",
    ]


def test_an_included_file_of_another_user_is_refused(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "more.yaml").write_text(ONE)
    monkeypatch.setattr(config_file, "is_ours", lambda path: path.name != "more.yaml")
    with pytest.raises(WrongUsage, match="belongs to another user"):
        read(here, f"include: [more.yaml]\n{FLEET}")


def test_all_files_together_have_a_limit(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_file, "MAX_CONFIG_BYTES", len(FLEET) + 2048)
    (here / "more.yaml").write_text(
        f"# {'x' * 2048}\ntargets: {{a: {{url: '{URL}', files: [a]}}}}\n"
    )
    told = facts(here, f"include: [more.yaml]\n{FLEET}")
    assert told == ["more.yaml:0 is larger than 1 KiB"]


def test_many_targets_are_read(here: Path) -> None:
    more = "".join(f"  t{n}: {{url: 'https://t{n}.example.com', in: [eu]}}\n" for n in range(1500))
    found = read(here, FLEET + more)
    assert len(found.targets) == 1502
    assert found.targets[-1].groups == ("all", "eu")


def test_groups_in_groups_without_end_are_refused(here: Path) -> None:
    chain = "".join(f"  g{n}: {{in: [g{n + 1}]}}\n" for n in range(2000))
    told = facts(here, f"groups:\n{chain}  g2000: {{files: [a.yaml]}}\n{ONE}")
    assert any("more than 32 levels deep" in one for one in told)
