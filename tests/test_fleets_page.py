"""Every command of docs/fleets.md is run on the fleet of the examples, one sandbox a server."""

from __future__ import annotations

import json
import re
import shutil
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from confsync.sandbox import Server
from tests.pipelines import scripts, shell
from tests.repository import git
from tests.test_examples import FLEET
from tests.test_pages import blocks, lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = "docs/fleets.md"
TOKEN, NOBODYS = "API_example", "API_of-one-who-left"
KEYS = {
    NOBODYS: frozenset[str](),
    TOKEN: frozenset(
        f"sys{name}{what}" for name in ("InMemoryStore", "Http") for what in ("Get", "Update")
    )
    | {"authenticate"},
}

RUNNERS = {
    "GitHub Actions": {"TARGET": "production-eu-02", "GITHUB_OUTPUT": "output"},
    "GitLab CI": {"CI_NODE_INDEX": "2", "CI_NODE_TOTAL": "8"},
    "Kubernetes": {"JOB_COMPLETION_INDEX": "1"},
    "Argo Workflows": {},
}
"""The variables that each runner sets."""


class Fleet:
    """The example, with a sandbox for each of its servers."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.directory, self.servers = directory, dict[str, Server]()
        shutil.copytree(FLEET, directory)
        for file in (directory / "targets").iterdir():
            text = file.read_text()
            for name, url in re.findall(
                r"^  ([\w-]+):\s+(?:\{url: |url: )(https://[\w.-]+)", text, re.MULTILINE
            ):
                self.servers[name] = stack.enter_context(Server(keys=KEYS))
                text = re.sub(rf"{re.escape(url)}\b(?!\.)", self.servers[name].url, text, count=1)
            file.write_text(text)
        self.tokens = {
            f"STALWART_TOKEN_{name.upper().replace('-', '_')}": TOKEN for name in self.servers
        }

    def run(self, script: str, **variables: str) -> tuple[int, str]:
        """Run a script as a runner does. Returns its status and what it wrote."""
        passwords = {
            f"REDIS_PASSWORD{of}": "a-long-canary" for of in ("", "_STAGING", "_PRODUCTION")
        }
        done = shell(script, self.directory, **(self.tokens | passwords | variables))
        return done.returncode, done.stdout

    @property
    def stored(self) -> list[str]:
        """The names of the servers that have the state of the files."""
        return [
            name for name, server in self.servers.items() if server.stored.get("timeout") == 5000
        ]


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with ExitStack() as stack:
        yield Fleet(tmp_path / "fleet", stack)


def test_every_command_of_the_page_runs_on_the_fleet(fleet: Fleet) -> None:
    found = lines(PAGE)
    assert len(found) > 15
    script = fleet.directory / "restart-node"
    script.write_text("#!/bin/sh\ntrue\n")
    script.chmod(0o755)
    git(fleet.directory, "init", "-q", "-b", "main")
    git(fleet.directory, "add", ".")
    git(fleet.directory, "commit", "-qm", "fleet")
    git(fleet.directory, "commit", "-qm", "the next one", "--allow-empty")
    git(fleet.directory, "update-ref", "refs/remotes/origin/main", "HEAD")
    for line in found:
        for server in fleet.servers.values():
            server.stored = {"@type": "Default"}
        match line:
            case str() if line.startswith("git diff"):
                path = fleet.directory / "stores/ap.yaml"
                path.write_text(path.read_text().replace("8s", "9s"))
                status, log = fleet.run(line)
                assert (status, log.splitlines()[0]) == (
                    0,
                    "note: 11 of 40 targets: using stores/ap.yaml",
                )
            case str() if "--keep-going" in line:
                status, log = fleet.run(line, STALWART_TOKEN_STAGING_US_02="wrong")
                assert (status, len(fleet.stored)) == (5, 9), log
            case str() if "--expect" in line:
                fleet.run("confsync plan --all --output json=plan.json")
                digest = json.loads((fleet.directory / "plan.json").read_text())["digest"]
                status, log = fleet.run(re.sub(r"2:\w+", digest, line))
                assert (status, len(fleet.stored)) == (0, 40), log
            case str() if "--targets-from" in line:
                status, log = fleet.run(line)
                assert (status, fleet.stored) == (0, ["staging-us-02"]), log
            case _:
                status, log = fleet.run(line)
                assert status == 0, (line, log)
                assert bool(fleet.stored) == (" apply " in line), line


def test_waves_reach_every_server_once(fleet: Fleet) -> None:
    waves = [
        line
        for line in lines(PAGE)
        if re.match(r"confsync apply --group \S+ .*--yes( --max.*)?$", line)
    ]
    asked = [re.sub(r"apply (.*?) --yes.*", r"targets \1 --output names", line) for line in waves]
    names = [name for line in asked for name in fleet.run(line)[1].split() if name in fleet.servers]
    assert sorted(names) == sorted(fleet.servers)


@pytest.mark.parametrize("runner", RUNNERS)
def test_the_jobs_of_a_runner_run_its_commands(runner: str, fleet: Fleet) -> None:
    """With the variables that the runner sets, and its expressions replaced."""
    (text,) = [one for one in blocks(PAGE, "yaml") if one.startswith(f"# {runner}\n")]
    found = [*scripts(YAML(typ="safe").load(text))]
    assert found
    log = ""
    for script in found:
        status, log = fleet.run(
            script.replace("{{inputs.parameters.part}}", "2"), **RUNNERS[runner]
        )
        assert status == 0, (script, log)
    if runner == "GitHub Actions":
        name, _, matrix = (fleet.directory / "output").read_text().partition("=")
        assert (name, len(json.loads(matrix)["target"])) == ("matrix", 24)
        assert fleet.stored == ["production-eu-02"]
    else:
        names = fleet.run("confsync targets --all --shard 2/8 --output names 2>&1")[1].split()
        assert fleet.stored == [name for name in names if name in fleet.servers]
        assert 1 < len(fleet.stored) < 10


HIDDEN = """\
InMemoryStore:
  '@type': RedisCluster
  urls: [redis://127.0.0.1:6379]
  timeout: 5s
  authSecret:
    '@type': Value
    secret: {secret: redis}
  authUsername: stalwart
Http:
  enableHsts: true
"""
"""A base with a password that servers hide."""


def report(fleet: Fleet, file: str) -> Any:  # noqa: ANN401 - a document
    return json.loads((fleet.directory / file).read_text())


def restarts(document: Any) -> set[str]:  # noqa: ANN401 - a document
    """All that a report says of restarts."""
    of = {target["restart"]["required"] for target in document["targets"]}
    return of | {document["summary"]["restart_required"]}


def asked_for(log: str) -> set[str]:
    """All that a text says of restarts, by the sentence."""
    sentences = " ".join(log.split()).split(". ")
    return {one for one in sentences if "restart" in one.lower()}


def updates(fleet: Fleet) -> int:
    """Updates that have reached any server."""
    return sum("/set" in str(one.body) for of in fleet.servers.values() for one in of.requests)


def test_a_team_applies_the_digest_of_its_plan_and_a_second_merge_restarts_nobody(
    fleet: Fleet,
) -> None:
    (fleet.directory / "stores/base.yaml").write_text(HIDDEN)
    for words in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-qm", "fleet")):
        git(fleet.directory, *words)
    status, log = fleet.run("confsync plan --all --output text --output json=plan.json")
    plan = report(fleet, "plan.json")
    assert (status, plan["summary"]["changed"], updates(fleet)) == (0, 40, 0), log
    outputs = "--output text --output json=run.json"
    status, log = fleet.run(f"confsync apply --all --expect {plan['digest']} {outputs}")
    assert (status, updates(fleet), len(fleet.stored)) == (0, 80, 40), log
    assert re.search(r"^40 targets: 40 applied\.", log, re.MULTILINE), log
    run = report(fleet, "run.json")
    assert (run["summary"]["as_wanted"], run["summary"]["outcomes"]["stored"]) == (True, 80)
    assert restarts(run) == {"yes"}

    again = "--base HEAD --hidden-secrets changed"
    status, log = fleet.run(f"confsync plan --all {again}")
    assert (status, asked_for(log)) == (0, set()), log
    status, log = fleet.run(f"confsync apply --all --yes {again} {outputs}")
    run = report(fleet, "run.json")
    assert (status, updates(fleet), run["summary"]["outcomes"]["not-sent"]) == (0, 80, 80), log
    assert (asked_for(log), restarts(run)) == ({"No restart is needed"}, {"no"}), log
    assert run["summary"]["as_wanted"] is True
    # Without the base, staging and testing would get their passwords again.
    fleet.run("confsync plan --all --output json=plan.json")
    assert report(fleet, "plan.json")["summary"]["to_send"] == 16


def test_one_silent_and_one_that_refuses_stop_none_of_38_others(fleet: Fleet) -> None:
    silent, refusing = "staging-us-02", "production-eu-05"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = f"http://127.0.0.1:{listener.getsockname()[1]}"
        targets = fleet.directory / "targets/staging.yaml"
        targets.write_text(targets.read_text().replace(fleet.servers[silent].url, nobody))
        status, log = fleet.run(
            "confsync apply --all --yes --keep-going --output text --output json=run.json",
            STALWART_TOKEN_PRODUCTION_EU_05=NOBODYS,
            CONFSYNC_TIMEOUT="4",
        )
    assert status == 5, log
    assert {*fleet.stored} == fleet.servers.keys() - {silent, refusing}
    assert f"error: target {silent}: no answer from {nobody} within 4 s" in log
    assert f"error: target {refusing}: the permission authenticate is missing" in log
    assert re.search(r"^40 targets: 38 applied, 2 failed\.", log, re.MULTILINE), log
    run = report(fleet, "run.json")
    assert {name: n for name, n in run["summary"]["outcomes"].items() if n} == {
        "stored": 76,
        "failed": 2,
    }
    assert (run["summary"]["targets"], run["summary"]["failed"]) == (40, 2)
    assert (run["summary"]["as_wanted"], run["summary"]["restart_required"]) == (False, "yes")
    failed = {one["name"] for one in run["targets"] if "error" in one}
    assert failed == {silent, refusing}
