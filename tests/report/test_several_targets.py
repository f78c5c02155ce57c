"""Plans and outcomes of many targets: what is equal is told once, with the names."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from confsync.errors import ConnectionFailed
from confsync.report import OUTCOMES, PLANS
from confsync.report.printable import PLAIN
from confsync.sync.outcome import NotBegun, NotSent, Refusal, Rejected, Stored
from confsync.sync.secret import Vault
from confsync.sync.values import Difference, Failed, Target
from confsync.workflow.plan import plan
from confsync.workflow.server import Session
from confsync.workflow.targets import Options
from tests.states import completed
from tests.workflow.stored import Stored as Server

if TYPE_CHECKING:
    from confsync.sync.outcome import Ended
    from confsync.sync.values import Plan
    from tests.states import Json

REDIS: Json = {"@type": "Redis", "url": "redis://a.example.com"}
SAME = "InMemoryStore:\n  '@type': Redis\n  url: redis://a.example.com\n"
SECRET = {"@type": "Value", "secret": "Canary-of-the-server"}
SENTINEL: Json = {"@type": "RedisSentinel", "serviceName": "main", "authUsername": "u",
            "authSecret": SECRET}  # fmt: skip
HIDDEN = (
    "InMemoryStore: {'@type': RedisSentinel, serviceName: main, authUsername: u,"
    " authSecret: {'@type': Value, secret: {env: REDIS_PASSWORD}}}\n"
)
EACH = replace(PLAIN, each=True)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def planned(
    here: Path, text: str, name: str = "t", *, file: str = "a.yaml", live: Json = REDIS
) -> Plan:
    (here / file).write_text(text)
    target = Target(name, f"https://{name}.example.com")
    session = Session(target, Server(completed(live)), Vault())
    return plan([file], session, environment={}, options=Options("default"))


def named(found: Plan, *names: str) -> list[Plan]:
    return [replace(found, target=Target(name, f"https://{name}.example.com")) for name in names]


def failed(name: str, fact: str = "connection refused") -> Failed:
    url = f"https://{name}.example.com"
    return Failed(Target(name, url), ConnectionFailed(f"cannot connect to {url}: {fact}"))


def stored(found: Plan) -> Ended:
    return NotSent(found) if found.empty else Stored(found, found.live, Difference())


def test_equal_plans_are_told_once_errors_first_and_unchanged_targets_in_one_line(
    here: Path,
) -> None:
    changed = planned(here, f"{SAME}  timeout: 5s\n")
    same = planned(here, SAME)
    found = [*named(same, "a", "b"), *named(changed, "c", "d"), failed("e"), failed("f")]
    assert (
        PLANS["text"](found)
        == """\
2 targets: e, f

No plan: cannot connect to the server: connection refused.

2 targets: c, d

InMemoryStore · Redis
  ~ timeout  10s → 5s   a.yaml:4

Plan: 1 to change.
Takes effect at restart. After the apply, restart one node first: a wrong
address or password locks out every remote client (confsync explain lock-out).

2 targets unchanged: a, b

6 targets: 2 to update, 2 unchanged, 2 failed. 2 changes.
"""
    )


def test_the_page_shows_such_a_plan(here: Path) -> None:
    (here / "stores").mkdir()
    changed = planned(here, f"{SAME}  timeout: 5s\n", file="stores/in-memory.yaml")
    found = [
        *named(changed, *(f"production-eu-{number:02}" for number in range(1, 6))),
        *named(planned(here, SAME), *(f"staging-{number}" for number in range(31))),
        *map(failed, ("production-us-01", "production-us-02")),
    ]
    page = Path(__file__).parents[2] / "docs/plan.md"
    assert f"```text\n{PLANS['text'](found)}```\n" in page.read_text("utf-8")


def test_each_shows_every_target_in_the_order_of_the_run(here: Path) -> None:
    found = [*named(planned(here, SAME), "a", "b"), failed("e")]
    lines = PLANS["text"](found, look=EACH).splitlines()
    titles = [line for line in lines if re.match(r"\w  https:", line)]
    assert titles == [f"{name}  https://{name}.example.com" for name in "abe"]
    assert sum(line.startswith("Digest 2:") for line in lines) == 2
    assert lines[-1] == "3 targets: 2 unchanged, 1 failed."


def test_targets_that_an_apply_refuses_come_before_the_others(here: Path) -> None:
    plain = "InMemoryStore: {'@type': Redis, url: 'redis://u:Canary-in-clear@b.example.com'}\n"
    found = [
        *named(planned(here, f"{SAME}  timeout: 5s\n"), "a"),
        *named(planned(here, plain, file="b.yaml"), "b"),
    ]
    text = PLANS["text"](found)
    assert text.startswith("b  https://b.example.com\n")
    assert text.endswith("\n2 targets: 1 to update, 1 refused. 2 changes, 1 secret to send.\n")


def test_a_value_from_another_line_is_another_plan(here: Path) -> None:
    one = planned(here, f"{SAME}  timeout: 5s\n")
    other = planned(here, f"{SAME}\n  timeout: 5s\n")
    text = PLANS["text"]([*named(one, "a", "c"), *named(other, "b")])
    assert text.startswith("2 targets: a, c\n")
    assert "a.yaml:4\n" in text
    assert "\nb  https://b.example.com\n" in text
    assert "a.yaml:5\n" in text


def test_values_that_differ_behind_the_part_that_is_shown_are_not_equal(here: Path) -> None:
    long = [
        planned(here, f"InMemoryStore: {{'@type': Redis, url: 'redis://h/{'x' * 600}{end}'}}\n")
        for end in "12"
    ]
    text = PLANS["text"]([*named(long[0], "a"), *named(long[1], "b")])
    assert "a  https://a.example.com\n" in text
    assert "b  https://b.example.com\n" in text


def test_equal_plans_do_not_tell_whether_servers_have_the_same_password(here: Path) -> None:
    vault_of_each = [
        planned(here, SAME, live={"@type": "Redis", "url": f"redis://u:{word}@b.example.com"})
        for word in ("Canary-one", "Canary-one", "Canary-two")
    ]
    found = [one for p, name in zip(vault_of_each, "abc", strict=True) for one in named(p, name)]
    assert PLANS["text"](found).startswith("3 targets: a, b, c\n")


def test_a_finding_of_an_unchanged_target_is_shown(here: Path) -> None:
    live = REDIS | {"url": "redis://u:Canary-in-clear@a.example.com"}
    plain = SAME.replace("//", "//u:Canary-in-clear@")
    warned = planned(here, plain, live=live)
    assert warned.empty
    text = PLANS["text"](named(warned, "a", "b"))
    assert text.startswith("2 targets: a, b\n")
    assert text.count("[plaintext-secret]") == 1


def test_a_variable_that_is_not_set_is_told_once_wherever_files_name_it(here: Path) -> None:
    found = [
        *named(planned(here, HIDDEN, live=SENTINEL), "a", "b"),
        *named(planned(here, f"\n{HIDDEN}", file="b.yaml", live=SENTINEL), "c"),
    ]
    text = " ".join(PLANS["text"](found).split())
    assert text.count("REDIS_PASSWORD is not set") == 1
    assert "only an apply needs it (3 targets)" in text


def test_a_thousand_targets_in_sync_are_under_20_lines(here: Path) -> None:
    names = [f"production-eu-{number:04}" for number in range(1000)]
    for found in (planned(here, SAME), planned(here, HIDDEN, live=SENTINEL)):
        every = named(found, *names)
        for text in (PLANS["text"](every), OUTCOMES["text"]([*map(stored, every)])):
            assert len(text.splitlines()) < 20
            assert max(map(len, text.splitlines())) <= 80


def test_long_lists_of_names_are_wrapped_and_cut_with_a_word_about_it(here: Path) -> None:
    changed = planned(here, f"{SAME}  timeout: 5s\n")
    names = [f"production-eu-{number:02}" for number in range(41)]
    all_shown, cut = (PLANS["text"](named(changed, *names[:most])) for most in (40, 41))
    assert all(name in all_shown for name in names[:40])
    assert "--each" not in all_shown
    head = " ".join(cut.partition("\n\n")[0].split())
    assert head.startswith("41 targets: production-eu-00, production-eu-01, ")
    assert head.endswith(", … and 31 more (--each shows every one)")


def test_equal_outcomes_are_told_once_with_one_way_back(here: Path) -> None:
    changed = planned(here, f"{SAME}  timeout: 5s\n", file="stores.yaml")
    secret = planned(here, HIDDEN, live=SENTINEL)
    every = [
        *map(stored, named(planned(here, SAME), "a")),
        *map(stored, named(changed, "b", "c")),
        *map(stored, named(secret, "d", "e")),
        failed("f"),
        failed("g"),
        *map(NotBegun, named(changed, "h", "i")),
    ]
    assert (
        OUTCOMES["text"](every)
        == """\
2 targets: f, g

Failed: cannot connect to the server: connection refused. Nothing was changed
there.

2 targets: b, c

Stored and verified: 1 change.
Not active yet: restart one Stalwart node, check that you can log in, then
restart the others (confsync explain lock-out).

To go back, save this as before-2.yaml and run:
  for name in b c; do confsync apply before-2.yaml --target "$name"; done

InMemoryStore:
  '@type': Redis
  url: redis://a.example.com
  timeout: 10s

2 targets: d, e

Nothing changed; 1 secret sent again.
Restart only if the secret was changed: one Stalwart node first, check that you
can log in, then the others (confsync explain lock-out).

2 targets: h, i

Skipped: the run stopped at f (failed).

1 target unchanged: a

9 targets: 4 applied, 1 unchanged, 2 failed, 2 skipped. 2 changes, 2 secrets
sent.
"""
    )


def test_what_stopped_inside_of_targets_that_fail_alike_names_none_of_them(here: Path) -> None:
    changed = planned(here, f"{SAME}  timeout: 5s\n")
    other = replace(changed, desired=replace(changed.desired, object="Http"))
    every = [
        ended
        for first, second in zip(named(changed, "a", "b"), named(other, "a", "b"), strict=True)
        for ended in (Rejected(first, Refusal("forbidden", "")), NotBegun(second))
    ]
    told = OUTCOMES["text"](every)
    assert told.startswith("2 targets: a, b\n\nInMemoryStore\nThe server refused the update")
    assert "\nHttp\nSkipped: the run stopped at InMemoryStore (failed).\n" in told


def test_outcomes_with_other_previous_settings_are_not_equal(here: Path) -> None:
    wanted = f"{SAME}  timeout: 5s\n"
    one = planned(here, wanted)
    other = planned(here, wanted, live=REDIS | {"timeout": 7000})
    text = OUTCOMES["text"]([*map(stored, [*named(one, "a"), *named(other, "b")])])
    assert "before-1.yaml --target a --url" in text
    assert "before-2.yaml --target b --url" in text


def test_a_target_with_several_objects_is_counted_once_by_what_needs_attention(
    here: Path,
) -> None:
    text = f"{SAME}  timeout: 5s\n"
    changed, same = planned(here, text), planned(here, SAME)
    other = replace(same, desired=replace(same.desired, object="Http"))
    every = [
        ended
        for name in ("a", "b")
        for ended in (
            *map(stored, named(changed, name)),
            *map(stored, named(other, name)),
        )
    ]
    told = OUTCOMES["text"](every)
    assert told.startswith("2 targets: a, b\n\nInMemoryStore\nStored and verified: 1 change.\n")
    assert "\nHttp\nNothing was sent: the server matches the files.\n" in told
    assert told.endswith("\n2 targets: 2 applied. 2 changes.\n")
