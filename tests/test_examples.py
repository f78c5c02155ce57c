"""The examples are valid, and the scripts of both pipelines do what their READMEs say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from confsync.sandbox import Server
from confsync.workflow.validate import validate

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parent.parent / "examples"
WORKFLOW = EXAMPLES / "github-actions/confsync.yml"
PIPELINE = EXAMPLES / "gitlab-ci/.gitlab-ci.yml"
ONE_SERVER = EXAMPLES / "one-server"
FLEET = EXAMPLES / "fleet"
READ = frozenset({"authenticate", "sysInMemoryStoreGet"})
KEYS = {"API_plan": READ, "API_apply": READ | {"sysInMemoryStoreUpdate"}}


def loaded(path: Path) -> Any:  # noqa: ANN401 - a document of another tool
    return YAML(typ="safe").load(path.read_text())


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(keys=KEYS) as running:
        yield running


@pytest.fixture
def repository(tmp_path: Path, server: Server) -> Path:
    """A repository with the files of the example for one server, and the sandbox as the server."""
    (tmp_path / "repository/stores").mkdir(parents=True)
    for name in ("confsync.yaml", "stores/in-memory.yaml"):
        text = (ONE_SERVER / name).read_text()
        text = text.replace("https://mail.example.com", server.url)
        (tmp_path / "repository" / name).write_text(text)
    return tmp_path / "repository"


def shell(script: str, repository: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script as a runner does."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        ["bash", "-e", "-c", script],  # noqa: S607 - the runner's own shell
        cwd=repository,
        env={"PATH": path, "CONFSYNC_HOSTS": "127.0.0.1", **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )


def github(job: str, repository: Path, **variables: str) -> tuple[int, str, str, str]:
    """Run the named step of a job. Returns its status, its log, its summary and its outputs."""
    summary, outputs = repository.parent / "summary", repository.parent / "outputs"
    for file in (summary, outputs):
        file.write_text("")
    (script,) = (
        step["run"]
        for step in loaded(WORKFLOW)["jobs"][job]["steps"]
        if step.get("name") == job.capitalize()
    )
    done = shell(
        script,
        repository,
        GITHUB_STEP_SUMMARY=str(summary),
        GITHUB_OUTPUT=str(outputs),
        **variables,
    )
    return done.returncode, done.stdout, summary.read_text(), outputs.read_text()


PLAN = {"STALWART_TOKEN": "API_plan"}
APPLY = {"STALWART_TOKEN": "API_apply", "REDIS_PASSWORD": "canary"}


def test_every_file_of_the_examples_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    stores = [str(path) for path in EXAMPLES.glob("**/stores/*.yaml") if FLEET not in path.parents]
    assert len(stores) > 1
    assert validate(stores) == ()
    monkeypatch.chdir(ONE_SERVER)
    assert shell("confsync validate", ONE_SERVER).stdout == "2 files checked, no errors.\n"


def test_the_fleet_has_forty_servers_and_says_nothing_twice() -> None:
    assert shell("confsync validate", FLEET).stdout == "9 files checked, no errors.\n"
    names = shell("confsync targets --output names", FLEET).stdout.split()
    assert len(names) == 40
    assert len({name.split("-")[0] for name in names}) == 3
    assert len({name.split("-")[1] for name in names}) == 3
    eu = shell(
        "confsync targets --quiet --group production,eu --output names", FLEET
    ).stdout.split()
    assert eu == [name for name in names if name.startswith("production-eu-")]
    lines = [
        line.strip()
        for file in FLEET.glob("**/*.yaml")
        for line in file.read_text().splitlines()
        if line.strip() and not line.endswith(":") and "'@type'" not in line
    ]
    twice = {line for line in lines if lines.count(line) > 1}
    assert twice == {"in: [all]"}


def test_the_page_on_targets_shows_how_the_desired_state_begins() -> None:
    page = (EXAMPLES.parent / "docs/targets.md").read_text()
    shown = page.partition("begins with\n\n```text\n")[2].partition("```")[0]
    assert shown.count("\n") > 5
    assert shell("confsync render --target production-eu-03", FLEET).stdout.startswith(shown)


def test_the_github_workflow_applies_the_plan_that_was_reviewed(
    repository: Path, server: Server
) -> None:
    status, log, summary, outputs = github("plan", repository, **PLAN)
    assert (status, outputs) == (0, "apply=true\n"), log
    assert "::notice title=confsync::changes are pending; secrets to send: 1\n" in log
    assert "\n    InMemoryStore" in summary
    status, log, summary, _ = github("apply", repository, **APPLY)
    assert (status, server.stored["poolMaxConnections"]) == (0, 32), log
    assert "\n    Stored and verified" in summary


def test_the_github_workflow_sends_a_rotated_password(repository: Path, server: Server) -> None:
    github("plan", repository, **PLAN)
    github("apply", repository, **APPLY)
    status, log, _, outputs = github("plan", repository, **PLAN)
    assert (status, outputs) == (0, "apply=true\n")
    assert "::notice title=confsync::no visible changes; secrets to send: 1\n" in log
    assert github("apply", repository, **(APPLY | {"REDIS_PASSWORD": "rotated"}))[0] == 0
    assert "rotated" in str(server.stored)

    config = repository / "confsync.yaml"
    config.write_text(config.read_text() + "    hidden_secrets: keep\n")
    status, log, _, outputs = github("plan", repository, **PLAN)
    assert (status, outputs) == (0, "apply=false\n")
    assert "::notice title=confsync::no changes\n" in log


def test_the_github_workflow_shows_errors_in_the_summary(repository: Path, server: Server) -> None:
    status, _, summary, outputs = github("plan", repository, STALWART_TOKEN="wrong")
    assert (status, outputs) == (1, "")
    assert "\n    error: " in summary
    github("plan", repository, **PLAN)
    server.stored = {"@type": "Redis", "url": "redis://elsewhere.example.com"}
    status, _, summary, _ = github("apply", repository, **APPLY)
    assert status == 3
    assert "\n    error: " in summary


def test_drift_fails_the_scheduled_jobs(repository: Path) -> None:
    assert github("drift", repository, **PLAN)[0] == 2
    assert gitlab("drift", repository)[0] == 2


def test_each_job_of_the_github_workflow_has_pinned_actions_and_the_same_confsync() -> None:
    jobs = loaded(WORKFLOW)["jobs"]
    assert set(jobs) == {"validate", "plan", "apply", "drift"}
    for job in jobs.values():
        assert {"run": 'pip install "$CONFSYNC"'} in job["steps"]
    used = re.findall(r"uses: (.*)", WORKFLOW.read_text())
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v[\d.]+", action) for action in used)
    assert len(set(used)) == 4


def gitlab(job: str, repository: Path) -> tuple[int, str]:
    """Run the script of a job. Returns its status and its log."""
    script = "\n".join(loaded(PIPELINE)[job]["script"])
    variables = {"STALWART_PLAN_TOKEN": "API_plan", "STALWART_APPLY_TOKEN": "API_apply"}
    done = shell(script, repository, **variables, REDIS_PASSWORD="canary")
    return done.returncode, done.stdout


def test_the_gitlab_pipeline_applies_the_plan_that_was_reviewed(
    repository: Path, server: Server
) -> None:
    for job in ("validate", "plan", "apply"):
        status, log = gitlab(job, repository)
        assert status == 0, log
    assert server.stored["poolMaxConnections"] == 32
    assert loaded(PIPELINE)["apply"]["rules"][-1]["when"] == "manual"
    assert loaded(PIPELINE)["plan"]["artifacts"]["paths"] == ["production.plan"]


def test_the_hooks_of_the_example_are_those_that_init_writes_and_the_plan(
    tmp_path: Path,
) -> None:
    shell("confsync init", tmp_path)
    (written,) = loaded(tmp_path / ".pre-commit-config.yaml")["repos"]
    (example,) = loaded(ONE_SERVER / ".pre-commit-config.yaml")["repos"]
    assert example["hooks"][:-1] == written["hooks"]
    assert example["hooks"][-1]["entry"] == "confsync plan --all"
