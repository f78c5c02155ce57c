"""One reviewed plan for many targets: saved in one file, or known by one digest."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from confsync.sandbox import Server
from tests.cli.process import APPLY_KEY, KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.process import Desk, Ran

STORE = "InMemoryStore: {'@type': Redis, url: 'redis://wanted'}\n"
SENDS = "InMemoryStore: {'@type': RedisCluster, urls: ['redis://wanted'], authUsername: u,"
SENDS += " authSecret: {'@type': Value, secret: {env: REDIS_PASSWORD}}}\n"
WANTED = "redis://wanted"
BEFORE = {"@type": "Redis", "url": "redis://before"}
OTHER = {"@type": "Redis", "url": "redis://other"}
NOBODY = "http://127.0.0.1:9"
KEY = {f"T{number}": APPLY_KEY for number in range(3)}
APPLY = ("apply", "--all", "--output", "json")


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    with Server(keys=KEYS) as one, Server(keys=KEYS) as two, Server(keys=KEYS) as three:
        for server in (one, two, three):
            server.stored = BEFORE
        yield [one, two, three]


def configure(desk: Desk, *urls: str, store: str = STORE) -> None:
    """Targets `t0` and so on, in the order of their URLs."""
    desk.file("a.yaml", store)
    lines = (
        f"  t{number}: {{url: '{url}', files: [a.yaml], token: {{env: T{number}}}}}\n"
        for number, url in enumerate(urls)
    )
    desk.file("confsync.yaml", "targets:\n" + "".join(lines))


def of(servers: list[Server]) -> list[str]:
    return [server.url for server in servers]


def sent(servers: list[Server]) -> list[bool]:
    return [any("/set" in str(one.body) for one in server.requests) for server in servers]


def results(ran: Ran) -> list[str]:
    return [target["outcome"]["result"] for target in json.loads(ran.out)["targets"]]


def digest_of_run(ran: Ran) -> str:
    (found,) = re.findall(r"^Digest of the run (\S+)$", ran.out, re.MULTILINE)
    return str(found)


def test_one_file_holds_the_plans_of_all_targets(desk: Desk, servers: list[Server]) -> None:
    configure(desk, *of(servers))
    planned = desk.run("plan", "--all", "--out", "run.plan", env=KEY)
    assert planned.status == 0
    assert planned.err == (
        "saved the plan of 3 targets to run.plan; apply it with `confsync apply run.plan`\n"
    )
    shown = desk.run("show", "run.plan")
    assert (shown.status, shown.out) == (0, planned.out)
    ran = desk.run("apply", "run.plan", "--output", "json", env=KEY)
    assert (ran.status, results(ran)) == (0, ["stored"] * 3)
    assert [server.stored["url"] for server in servers] == [WANTED] * 3
    again = desk.run("apply", "run.plan", env=KEY)
    assert again.status == 0
    assert again.err == "nothing to do: the servers already have the state of this plan\n"


def test_a_target_that_has_the_state_already_stops_no_other(
    desk: Desk, servers: list[Server]
) -> None:
    configure(desk, *of(servers))
    desk.run("plan", "--all", "--out", "run.plan", env=KEY)
    assert desk.run("apply", "--target", "t1", "--yes", env=KEY).status == 0
    ran = desk.run("apply", "run.plan", "--output", "json", env=KEY)
    assert (ran.status, results(ran)) == (0, ["stored", "not-sent", "stored"])


def test_a_stale_target_stops_the_run_before_anything_is_sent(
    desk: Desk, servers: list[Server]
) -> None:
    configure(desk, *of(servers))
    desk.run("plan", "--all", "--out", "run.plan", env=KEY)
    servers[1].stored = OTHER
    ran = desk.run("apply", "run.plan", env=KEY)
    assert ran.status == 3
    since = "the server's state has changed since the plan was made"
    assert f"error: t1: {since}: url redis://before → redis://other\n" in ran.err
    assert ran.out.startswith("Not applied. Current plan:\n\n")
    assert sent(servers) == [False] * 3


def test_with_keep_going_a_stale_target_stops_only_itself(
    desk: Desk, servers: list[Server]
) -> None:
    configure(desk, *of(servers))
    desk.run("plan", "--all", "--out", "run.plan", env=KEY)
    servers[1].stored = OTHER
    text = desk.run("apply", "run.plan", "--keep-going", "--output", "json", env=KEY)
    assert (text.status, results(text)) == (5, ["stored", "failed", "stored"])
    assert sent(servers) == [True, False, True]
    assert text.err.startswith("error: target t1: the server's state has changed since")
    again = desk.run("apply", "run.plan", "--keep-going", env=KEY)
    assert again.status == 3
    assert "\nerror: this is the current plan, not the saved one: not applied" in again.out
    assert not again.out.startswith("Not applied")
    assert again.out.endswith("\n3 targets: 2 unchanged, 1 refused.\n")


def test_a_target_that_is_gone_from_the_configuration_is_told(
    desk: Desk, servers: list[Server]
) -> None:
    configure(desk, *of(servers))
    desk.run("plan", "--all", "--out", "run.plan", env=KEY)
    configure(desk, *of(servers[:2]))
    ran = desk.run("apply", "run.plan", "--keep-going", env=KEY)
    assert ran.status == 1
    assert "confsync.yaml has no target t2, which the plan is for" in ran.err
    (desk.directory / "confsync.yaml").unlink()
    ran = desk.run("apply", "run.plan", env=KEY)
    assert ran.status == 1
    assert "this plan is for 3 targets" in ran.err
    ran = desk.run("apply", "run.plan", "--url", servers[0].url, env=KEY)
    assert ran.status == 1
    assert "--url cannot be used with a plan of several targets" in ran.err
    assert sent(servers) == [False] * 3


def test_nothing_is_saved_while_a_target_cannot_be_planned(
    desk: Desk, servers: list[Server]
) -> None:
    configure(desk, *of(servers))
    desk.run("plan", "--all", "--out", "run.plan", env=KEY)
    before = (desk.directory / "run.plan").read_bytes()
    configure(desk, servers[0].url, NOBODY, servers[2].url)
    ran = desk.run("plan", "--all", "--out", "run.plan", env=KEY)
    assert ran.status == 1
    assert (
        "the plan was not saved: t1 could not be planned\n"
        "hint: mend it, or leave it out with --exclude t1\n"
    ) in ran.err
    assert "Digest of the run" not in ran.out
    assert (desk.directory / "run.plan").read_bytes() == before
    ran = desk.run("plan", "--all", "--exclude", "t1", "--out", "run.plan", env=KEY)
    assert ran.status == 0


def test_the_digest_of_a_run_is_all_that_is_needed(desk: Desk, servers: list[Server]) -> None:
    configure(desk, *of(servers))
    planned = desk.run("plan", "--all", env=KEY)
    digest = digest_of_run(planned)
    document = json.loads(desk.run("plan", "--all", "--output", "json", env=KEY).out)
    assert document["digest"] == digest
    assert digest not in [target["digest"] for target in document["targets"]]
    ran = desk.run(*APPLY, "--expect", digest, env=KEY)
    assert (ran.status, results(ran)) == (0, ["stored"] * 3)


def test_another_state_of_one_target_has_another_digest(desk: Desk, servers: list[Server]) -> None:
    configure(desk, *of(servers))
    digest = digest_of_run(desk.run("plan", "--all", env=KEY))
    servers[2].stored = OTHER
    ran = desk.run("apply", "--all", "--keep-going", "--expect", digest, env=KEY)
    assert ran.status == 3
    assert "the plan does not have the expected digest: it is now 2:" in ran.err
    assert sent(servers) == [False] * 3


def test_another_selection_has_another_digest(desk: Desk, servers: list[Server]) -> None:
    configure(desk, *of(servers))
    digest = digest_of_run(desk.run("plan", "--all", env=KEY))
    ran = desk.run("apply", "--all", "--exclude", "t2", "--expect", digest, env=KEY)
    assert ran.status == 3
    assert sent(servers) == [False] * 3
    two = ("--target", "t0", "--target", "t2")
    digest = digest_of_run(desk.run("plan", *two, env=KEY))
    assert desk.run("apply", *two, "--expect", digest, env=KEY).status == 0
    assert sent(servers) == [True, False, True]


def test_a_digest_cannot_be_compared_while_a_target_cannot_be_planned(
    desk: Desk, servers: list[Server]
) -> None:
    configure(desk, *of(servers))
    digest = digest_of_run(desk.run("plan", "--all", env=KEY))
    configure(desk, servers[0].url, NOBODY, servers[2].url)
    ran = desk.run("apply", "--all", "--expect", digest, env=KEY)
    assert (ran.status, sent(servers)) == (1, [False] * 3)
    ran = desk.run("apply", "--all", "--keep-going", "--expect", digest, env=KEY)
    assert ran.status == 1
    assert "the digest of the run cannot be compared: t1 could not be planned\n" in ran.err
    assert sent(servers) == [False] * 3


def test_one_target_has_the_digest_of_its_plan(desk: Desk, servers: list[Server]) -> None:
    configure(desk, *of(servers))
    planned = desk.run("plan", "--target", "t0", env=KEY)
    assert "Digest of the run" not in planned.out
    document = json.loads(desk.run("plan", "--target", "t0", "--output", "json", env=KEY).out)
    assert document["digest"] == document["targets"][0]["digest"]


def test_no_secret_is_needed_to_plan_and_every_one_to_apply(
    desk: Desk, servers: list[Server]
) -> None:
    configure(desk, *of(servers), store=SENDS)
    absent = {"REDIS_PASSWORD": None}
    words = ("plan", "--all", "--allow", "change-variant", "--out", "run.plan")
    planned = desk.run(*words, env={**KEY, **absent})
    assert planned.status == 0
    ran = desk.run("apply", "run.plan", env={**KEY, **absent})
    assert ran.status == 1
    assert "REDIS_PASSWORD is not set" in ran.err
    assert sent(servers) == [False] * 3
    assert desk.run("apply", "run.plan", env=KEY).status == 0


def test_a_part_without_any_target_has_a_plan_too(desk: Desk, servers: list[Server]) -> None:
    configure(desk, servers[0].url)
    parts = [f"{number}/8" for number in range(1, 9)]
    plans = [desk.run("plan", "--shard", part, "--out", "run.plan", env=KEY) for part in parts]
    assert [ran.status for ran in plans] == [0] * 8
    assert sum("saved the plan of 0 targets" in ran.err for ran in plans) == 7
    empty = next(part for part, ran in zip(parts, plans, strict=True) if "of 0" in ran.err)
    desk.run("plan", "--shard", empty, "--out", "run.plan", env=KEY)
    assert desk.run("show", "run.plan").status == 0
    assert desk.run("apply", "run.plan", env=KEY).status == 0
    assert sent(servers) == [False] * 3
