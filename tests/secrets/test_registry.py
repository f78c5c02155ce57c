"""Resolvers of other packages, and when each resolver may be asked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from confsync.sandbox import Server
from confsync.secrets import BUILT_IN, RESOLVERS
from confsync.secrets.resolver import At, Moment, Unavailable
from confsync.sync.secret import Ref
from tests.cli.process import KEYS, Desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STORE = """\
InMemoryStore:
  '@type': RedisCluster
  authSecret:
    '@type': Value
    secret: {%s: cache}
  authUsername: stalwart
"""

MODULE = """\
from confsync.secrets.resolver import Unavailable
from confsync.sync.secret import Form

class Keychain:
    form = Form("an entry's name", "{keychain: NAME}")
    moment = "apply"

    def __call__(self, ref, environment):
        if ref.argument == "locked":
            raise Unavailable(f"{ref} is locked", "unlock it")
        return {"cache": "Canary-of-a-keychain", "number": 7}[ref.argument]

keychain = Keychain()
nothing = object()
env = Keychain()
raise_ = 1
"""

POINTS = """\
[confsync.resolvers]
keychain = keychain_for_confsync:keychain
nothing = keychain_for_confsync:nothing
absent = keychain_for_confsync:absent
env = keychain_for_confsync:env
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk with another package installed beside confsync."""
    packages = tmp_path / "packages"
    about = packages / "keychain_for_confsync-1.0.dist-info"
    about.mkdir(parents=True)
    (packages / "keychain_for_confsync.py").write_text(MODULE)
    (about / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: keychain-for-confsync\nVersion: 1.0\n"
    )
    (about / "entry_points.txt").write_text(POINTS)
    with Server(initial={"@type": "RedisCluster"}, keys=KEYS) as server:
        path = {"PYTHONPATH": os.pathsep.join([str(packages), os.environ.get("PYTHONPATH", "")])}
        plain = Desk(tmp_path, server.url)
        yield Desk(tmp_path, server.url, {**plain.environment, **path})


def test_another_packages_resolver_is_used_by_an_apply_and_not_by_a_plan(desk: Desk) -> None:
    file = desk.file("a.yaml", STORE % "keychain")
    assert desk.run("validate", file).status == 0
    planned = desk.run("plan", file)
    assert planned.status == 0
    assert "Value, secret from keychain cache" in planned.out
    assert "a plan does not run keychain cache; only an apply needs it" in planned.out
    assert desk.run("apply", "--yes", file).status == 0
    assert desk.run("plan", file).out.count("not comparable; sent from") == 1


@pytest.mark.parametrize(
    ("entry", "fact"),
    [
        ("locked", "keychain locked is locked"),
        ("other", "keychain other could not be resolved: its resolver failed"),
        ("number", "keychain number did not resolve to a string"),
    ],
)
def test_what_goes_wrong_in_it_stops_the_apply(desk: Desk, entry: str, fact: str) -> None:
    file = desk.file("a.yaml", (STORE % "keychain").replace("cache", entry))
    ran = desk.run("apply", "--yes", file)
    assert (ran.status, ran.out) == (1, "")
    assert f"error: {fact} [secret-unavailable]" in ran.err
    assert "nothing was changed on the server" in ran.err


@pytest.mark.parametrize(
    ("name", "what"), [("nothing", "is not a resolver"), ("absent", "be loaded")]
)
def test_what_is_no_resolver_is_named(desk: Desk, name: str, what: str) -> None:
    ran = desk.run("validate", desk.file("a.yaml", STORE % name))
    assert ran.status == 1
    assert f"the resolver of `{name}` references (keychain_for_confsync:{name}) " in ran.err
    assert what in ran.err


def test_ours_cannot_be_replaced(desk: Desk) -> None:
    file = desk.file("a.yaml", (STORE % "env").replace("cache", "REDIS_PASSWORD"))
    assert "env REDIS_PASSWORD" in desk.run("plan", file).out
    assert "not run by a plan" not in desk.run("plan", file).out


def test_a_misspelt_one_is_named_among_the_known(desk: Desk) -> None:
    ran = desk.run("validate", desk.file("a.yaml", STORE % "keychian"))
    assert "unknown reference `keychian`" in ran.out
    assert "did you mean keychain?" in ran.out


def test_without_other_packages_there_are_ours() -> None:
    assert list(RESOLVERS)[: len(BUILT_IN)] == list(BUILT_IN) == ["env", "file", "command"]
    assert len(RESOLVERS) >= len(BUILT_IN)
    assert "env" in RESOLVERS
    assert "no-such" not in RESOLVERS


@pytest.mark.parametrize(
    ("now", "asked"),
    [
        ("plan", {"env", "file"}),
        ("apply", {"env", "file"}),
        ("allowed", {"env", "file", "command"}),
    ],
)
def test_each_resolver_has_its_moment(now: Moment, asked: set[str]) -> None:
    at = At(BUILT_IN, now)
    assert {kind for kind in at if at[kind] is BUILT_IN[kind]} == asked
    assert [at[kind].form for kind in at] == [found.form for found in BUILT_IN.values()]
    assert [at[kind].moment for kind in at] == [found.moment for found in BUILT_IN.values()]
    assert len(at) == len(BUILT_IN)
    for kind in set(at) - asked:
        with pytest.raises(Unavailable, match=r"does not run|is not run"):
            at[kind](Ref(kind, "false"), {})
