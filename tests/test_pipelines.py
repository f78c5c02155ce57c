"""The pipelines of the examples do what their READMEs say, against sandboxes."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from base64 import b64decode
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from confsync.sandbox import Server
from tests.pipelines import EXAMPLES, INSTALL, GitHub, component, gitlab, loaded, shell
from tests.repository import commit, git
from tests.test_fleets_page import Fleet

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = EXAMPLES.parent
ONE_SERVER = EXAMPLES / "one-server"
GITLAB_CI_LOCAL = ROOT / "tests/npm/node_modules/gitlab-ci-local/src/index.js"
WORKFLOWS = sorted(EXAMPLES.glob("*/.github/workflows/*.yml"))
READ = frozenset({"authenticate", "sysInMemoryStoreGet"})
KEYS = {"API_plan": READ, "API_apply": READ | {"sysInMemoryStoreUpdate"}}
SECRETS = {
    "STALWART_PLAN_TOKEN": "API_plan",
    "STALWART_APPLY_TOKEN": "API_apply",
    "REDIS_PASSWORD": "a-long-canary",
}


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(keys=KEYS) as running:
        yield running


@pytest.fixture
def repository(tmp_path: Path, server: Server) -> Path:
    """A repository with the files of the example for one server, and the sandbox as the server."""
    directory = tmp_path / "repository"
    shutil.copytree(ONE_SERVER, directory)
    change(directory, "https://mail.example.com", server.url, "confsync.yaml")
    git(directory, "init", "-q", "-b", "main")
    git(directory, "remote", "add", "origin", str(directory))
    commit(directory)
    return directory


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with ExitStack() as stack:
        made = Fleet(tmp_path / "fleet", stack)
        git(made.directory, "init", "-q", "-b", "main")
        git(made.directory, "remote", "add", "origin", str(made.directory))
        commit(made.directory)
        yield made


def change(directory: Path, old: str, new: str, file: str = "stores/in-memory.yaml") -> None:
    text = (directory / file).read_text()
    assert old in text
    (directory / file).write_text(text.replace(old, new))


@pytest.fixture
def hub(repository: Path) -> GitHub:
    return GitHub(repository, SECRETS)


PULL_REQUEST = {"github_event_name": "pull_request"}


def merged(hub: GitHub) -> dict[str, str]:
    """The outputs of the plan after a merge, as the apply gets them."""
    planned = hub.run("plan", github_event_name="push")
    assert planned.status == 0, planned.log
    assert "InMemoryStore" in planned.summary
    return {f"needs_plan_outputs_{key}": value for key, value in planned.outputs.items()}


def test_a_pull_request_has_one_comment_with_the_digest_that_its_merge_applies(
    hub: GitHub, server: Server
) -> None:
    assert hub.run("validate", **PULL_REQUEST).status == 0
    assert hub.run("plan", **PULL_REQUEST).status == 0
    change(hub.directory, "poolMaxConnections: 32", "poolMaxConnections: 33")
    assert hub.run("plan", **PULL_REQUEST).status == 0
    (comment,) = hub.comments
    assert "poolMaxConnections" in comment
    assert "33" in comment
    known = merged(hub)
    assert f"Digest `{known['needs_plan_outputs_digest']}`" in comment
    assert known["needs_plan_outputs_pending"] == "true"
    applied = hub.run("apply", **known)
    assert applied.status == 0, applied.log
    assert server.stored["poolMaxConnections"] == 33
    assert "1 target: 1 applied." in applied.summary


PULL = {"number": 1, "merged_at": "2026-11-28T05:00:00Z"}


def test_a_plan_that_the_pull_request_showed_is_called_reviewed(hub: GitHub) -> None:
    assert hub.run("plan", **PULL_REQUEST).status == 0
    hub.state["pulls"] = [{"number": 3, "merged_at": None}, PULL]
    planned = hub.run("plan", github_event_name="push")
    assert "**As reviewed**: pull request #1 shows this plan." in planned.summary
    assert "::warning" not in planned.log


def test_a_plan_that_no_pull_request_showed_is_told_before_the_approval(
    hub: GitHub, server: Server
) -> None:
    def told() -> bool:
        planned = hub.run("plan", github_event_name="push")
        assert (planned.status, planned.outputs["pending"]) == (0, "true")
        warned = "::warning title=confsync::Not as reviewed" in planned.log
        assert warned == ("> Not as reviewed: no pull request shows this plan" in planned.summary)
        assert warned == ("**As reviewed**" not in planned.summary)
        return warned

    assert told(), "no pull request"
    assert hub.run("plan", **PULL_REQUEST).status == 0
    assert told(), "a pull request that was not merged"
    hub.state["pulls"] = [PULL]
    assert not told()
    server.stored = {"@type": "RedisCluster", "urls": {"rediss://old.example.com": True}}
    assert told(), "another state of the server"
    assert hub.run("plan", **PULL_REQUEST).status == 0
    assert not told()
    for comment in hub.state["comments"]:
        comment["user"] = {"login": "mallory"}
    assert told(), "a comment of somebody else"


def test_a_comment_of_somebody_else_is_left_alone(hub: GitHub) -> None:
    assert hub.run("plan", **PULL_REQUEST).status == 0
    (forged,) = hub.comments
    hub.state["comments"] = [{"id": 1, "user": {"login": "mallory"}, "body": forged}]
    change(hub.directory, "poolMaxConnections: 32", "poolMaxConnections: 33")
    assert hub.run("plan", **PULL_REQUEST).status == 0
    first, own = hub.comments
    assert first == forged
    assert "33" in own


def test_a_plan_that_cannot_be_made_fails_the_pull_request(hub: GitHub, server: Server) -> None:
    hub.secrets = {**SECRETS, "STALWART_PLAN_TOKEN": "wrong"}
    failed = hub.run("plan", **PULL_REQUEST)
    assert failed.status == 1
    assert "the server refused STALWART_TOKEN (HTTP 401)" in failed.log
    (comment,) = hub.comments
    assert "the server refused STALWART_TOKEN (HTTP 401)" in comment
    hub.secrets = SECRETS
    assert hub.run("plan", **PULL_REQUEST).status == 0
    (comment,) = hub.comments
    assert "Digest `" in comment
    assert server.stored == {"@type": "Default"}


def test_a_server_that_changed_after_the_review_is_refused_until_it_is_planned_again(
    hub: GitHub, server: Server
) -> None:
    known = merged(hub)
    server.stored = {"@type": "RedisCluster", "urls": {"rediss://old.example.com": True}}
    refused = hub.run("apply", **known)
    assert refused.status == 3, refused.log
    assert server.stored["urls"] == {"rediss://old.example.com": True}
    assert hub.run("apply", **merged(hub)).status == 0


def test_an_older_run_does_not_apply_what_a_newer_commit_has_taken_back(
    hub: GitHub, server: Server
) -> None:
    known = merged(hub)
    hub.state["newest"] = 5
    refused = hub.run("apply", **known)
    assert refused.status == 1
    assert "::error title=confsync::there is a newer run" in refused.log
    assert server.stored == {"@type": "Default"}


def test_a_digest_that_is_given_by_hand_counts(hub: GitHub, server: Server) -> None:
    reviewed = merged(hub)["needs_plan_outputs_digest"]
    server.stored = {"@type": "RedisCluster", "urls": {"rediss://old.example.com": True}}
    assert hub.run("apply", inputs_digest=reviewed, **merged(hub)).status == 3


def test_a_rotated_password_is_sent_and_with_keep_nothing_is_pending(
    hub: GitHub, server: Server
) -> None:
    assert hub.run("apply", **merged(hub)).status == 0
    known = merged(hub)
    assert known["needs_plan_outputs_pending"] == "true"
    hub.secrets = {**SECRETS, "REDIS_PASSWORD": "a-rotated-canary"}
    assert hub.run("apply", **known).status == 0
    assert "a-rotated-canary" in str(server.stored)
    config = hub.directory / "confsync.yaml"
    config.write_text(config.read_text() + "    hidden_secrets: keep\n")
    assert merged(hub)["needs_plan_outputs_pending"] == "false"


def test_drift_opens_an_issue_in_the_second_night_and_closes_it(
    hub: GitHub, server: Server
) -> None:
    assert hub.run("apply", **merged(hub)).status == 0
    assert hub.run("drift").status == 0
    good = server.stored
    server.stored = good | {"poolMaxConnections": 99}
    first = hub.run("drift")
    assert first.status == 1, first.log
    assert hub.state["issue"] == ""
    hub.state["night"] = "failure"
    assert hub.run("drift").status == 1
    assert "[drift]" in hub.state["issue"]
    assert hub.run("drift").status == 1
    assert hub.state["issue"] == "edited"
    server.stored = good
    assert hub.run("drift").status == 0
    assert hub.state["issue"] == ""


def test_a_commit_that_waits_for_its_apply_is_not_called_drift(hub: GitHub, server: Server) -> None:
    assert hub.run("apply", **merged(hub)).status == 0
    hub.state["applied"] = git(hub.directory, "rev-parse", "HEAD").strip()
    change(hub.directory, "timeout: 5s", "timeout: 6s")
    commit(hub.directory)
    waiting = hub.run("drift")
    assert waiting.status == 0, waiting.log
    assert "::warning title=confsync::a commit waits for its apply" in waiting.log
    assert "[from files]" in waiting.summary
    assert "[drift]" not in waiting.summary
    assert server.stored["timeout"] == 5000


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.parts[-4])
def test_every_job_has_pinned_actions_few_permissions_and_the_same_confsync(path: Path) -> None:
    workflow = loaded(path)
    assert workflow["permissions"] == {}
    assert {"pull_request", "push", "workflow_dispatch"} <= {*workflow["on"]}
    for event in ("pull_request", "push"):
        assert "confsync.yaml" in workflow["on"][event]["paths"]
    for name, job in workflow["jobs"].items():
        assert {"run": INSTALL} in job["steps"], name
        assert job["permissions"]["contents"] == "read", name
        assert job["timeout-minutes"], name
        if "environment" in job:
            assert job["concurrency"]["cancel-in-progress"] is False
        else:
            assert "APPLY" not in json.dumps(job), f"{name} has a key to apply"
    used = re.findall(r"uses: (.*)", path.read_text())
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v[\d.]+", action) for action in used)
    assert len({*used}) == 2


# GitLab


def included(example: str) -> list[Any]:
    """The jobs of each component that the pipeline of an example includes."""
    pipeline = loaded(EXAMPLES / example / ".gitlab-ci.yml")
    return [component(one["inputs"]) for one in pipeline["include"]]


def test_the_gitlab_pipeline_applies_the_plan_that_was_reviewed(
    repository: Path, server: Server
) -> None:
    (jobs,) = included("one-server")
    known = {"STALWART_TOKEN": "API_apply", "REDIS_PASSWORD": "a-long-canary"}
    for job, variables in (
        ("confsync-validate", {}),
        ("plan-production", known | {"STALWART_TOKEN": "API_plan"}),
        ("apply-production", known),
    ):
        status, log = gitlab(jobs[job], repository, **variables)
        assert status == 0, log
    assert server.stored["poolMaxConnections"] == 32
    assert json.loads((repository / "plan.json").read_text())["update"] == 1
    server.stored = server.stored | {"poolMaxConnections": 99}
    assert gitlab(jobs["apply-production"], repository, **known)[0] == 3
    status, log = gitlab(jobs["drift-production"], repository, STALWART_TOKEN="API_plan")
    assert (status, log.endswith("drift\n")) == (1, True), log
    assert "Traceback" not in log  # nobody answers for GitLab: the base is HEAD


def test_an_older_pipeline_of_gitlab_applies_nothing(repository: Path, server: Server) -> None:
    (jobs,) = included("one-server")
    known = {"STALWART_TOKEN": "API_apply", "REDIS_PASSWORD": "a-long-canary"}
    assert gitlab(jobs["plan-production"], repository, **known)[0] == 0
    old = git(repository, "rev-parse", "HEAD").strip()
    commit(repository)
    status, log = gitlab(jobs["apply-production"], repository, **known, CI_COMMIT_SHA=old)
    assert (status, log) == (1, "there is a newer commit\n")
    assert server.stored == {"@type": "Default"}
    assert gitlab(jobs["apply-production"], repository, **known)[0] == 0


class Deployments(BaseHTTPRequestHandler):
    """GitLab's list of deployments, for the job's token."""

    asked: ClassVar[list[str]] = []
    sha = ""

    def do_GET(self) -> None:
        self.asked.append(self.path)
        found = [{"id": 9, "status": "success", "sha": self.sha}] if self.sha else []
        self.send_response(200 if self.headers["JOB-TOKEN"] == "job" else 401)
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_gitlab_s_drift_tells_a_commit_that_waits_from_drift(
    repository: Path, server: Server
) -> None:
    (jobs,) = included("one-server")
    key = {"STALWART_TOKEN": "API_apply", "REDIS_PASSWORD": "a-long-canary"}
    assert shell("confsync apply --all --yes", repository, **key).returncode == 0
    Deployments.sha = git(repository, "rev-parse", "HEAD").strip()
    change(repository, "timeout: 5s", "timeout: 6s")
    commit(repository)
    with HTTPServer(("127.0.0.1", 0), Deployments) as api:
        Thread(target=api.serve_forever, daemon=True).start()
        known = {"CI_API_V4_URL": f"http://127.0.0.1:{api.server_port}/api/v4"}
        known |= {"CI_PROJECT_ID": "5", "CI_JOB_TOKEN": "job", "STALWART_TOKEN": "API_plan"}
        status, log = gitlab(jobs["drift-production"], repository, **known)
        assert status == 0, log
        assert "(from files)" in log
        change(repository, "timeout: 6s", "timeout: 5s")
        status, log = gitlab(jobs["drift-production"], repository, **known)
        assert status == 0, log
        change(repository, "timeout: 5s", "timeout: 6s")
        Deployments.sha = ""
        status, log = gitlab(jobs["drift-production"], repository, **known)
        assert (status, "(drift)" in log) == (1, True), log
        api.shutdown()
    assert Deployments.asked[0] == (
        "/api/v4/projects/5/deployments?environment=production&status=success"
        "&order_by=id&sort=desc&per_page=1"
    )
    assert server.stored["timeout"] == 5000


def test_only_the_job_that_somebody_starts_has_the_keys_to_apply() -> None:
    for jobs in (*included("one-server"), *included("fleet")):
        (apply,) = [name for name in jobs if name.startswith("apply-")]
        assert jobs[apply]["rules"][-1]["when"] == "manual"
        # `rules` with `manual` block what comes after.
        assert "allow_failure" not in jobs[apply]["rules"][-1]
        assert jobs[apply]["interruptible"] is False
        for name, job in jobs.items():
            if name != apply and not name.startswith("."):
                environment = job.get("environment", {"name": "/plan", "action": "prepare"})
                assert environment["name"].endswith("/plan"), name
                assert environment["action"] == "prepare", name


WAVES = ("staging", "canary", "production")
PLANS = [f"plan-{wave} [confsync-validate]" for wave in WAVES]
MERGE_REQUEST = {
    "CI_PIPELINE_SOURCE": "merge_request_event",
    "CI_COMMIT_BRANCH": "",
    "CI_MERGE_REQUEST_PROJECT_ID": "1",
}


@pytest.mark.skipif(not GITLAB_CI_LOCAL.exists(), reason="no gitlab-ci-local: `make npm`")
@pytest.mark.parametrize(
    ("variables", "started"),
    [
        (MERGE_REQUEST | {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1"}, PLANS),
        (MERGE_REQUEST | {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "2"}, []),
        (
            {"CI_PIPELINE_SOURCE": "push"},
            [
                *PLANS,
                "apply-staging manual [plan-staging,apply-]",
                "apply-canary manual [plan-canary,apply-staging]",
                "apply-production manual [plan-production,apply-canary]",
            ],
        ),
        ({"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "another"}, []),
        ({"CI_PIPELINE_SOURCE": "schedule"}, [f"drift-{wave} []" for wave in WAVES]),
    ],
    ids=["merge request", "fork", "main", "another branch", "schedule"],
)
def test_gitlab_starts_these_jobs(
    variables: dict[str, str], started: list[str], tmp_path: Path
) -> None:
    """As gitlab-ci-local reads rules, inputs and `needs`. `apply-` is optional."""
    pipeline = (EXAMPLES / "fleet/.gitlab-ci.yml").read_text()
    local = re.sub(r"component: .*", "local: deploy.yml", pipeline)
    (tmp_path / ".gitlab-ci.yml").write_text(local)
    shutil.copy(ROOT / "templates/deploy.yml", tmp_path)
    commit(tmp_path)
    git(tmp_path, "remote", "add", "origin", str(tmp_path))
    chosen = [f"--variable={name}={value}" for name, value in variables.items()]
    done = shell(shlex.join(["node", str(GITLAB_CI_LOCAL), "--list-csv", *chosen]), tmp_path)
    assert done.returncode == 0, done.stdout
    rows = [line.split(";") for line in done.stdout.splitlines() if line.count(";") == 5]
    jobs = [
        " ".join(filter(None, [name, when.removeprefix("on_success"), needs]))
        for name, _, _, when, _, needs in rows[1:]
    ]
    assert sorted(jobs) == sorted(["confsync-validate []", *started])


def test_an_apply_of_gitlab_waits_for_the_wave_before() -> None:
    applies = {name: job for jobs in included("fleet") for name, job in jobs.items()}
    waits = [applies[f"apply-{of}"]["needs"][1] for of in WAVES]
    assert [one["job"] for one in waits] == ["apply-", "apply-staging", "apply-canary"]
    assert all(one["optional"] for one in waits), "the first wave waits for none"
    assert {"apply-staging", "apply-canary"} < {*applies}
    # A name that no include has cannot be extended.
    after = [applies[f"apply-{of}"]["extends"][1] for of in WAVES]
    assert after == [".confsync-after-", ".confsync-after-staging", ".confsync-after-canary"]
    assert {*after} < {*applies}


def test_the_gitlab_pipeline_of_a_fleet_reaches_every_server(fleet: Fleet) -> None:
    passwords = {f"REDIS_PASSWORD{of}": "a long canary" for of in ("", "_STAGING", "_PRODUCTION")}
    for jobs, stored in zip(included("fleet"), (16, 19, 40), strict=True):
        for name, job in jobs.items():
            known = fleet.tokens | (passwords if name.startswith("apply") else {})
            if name.startswith(("plan-", "apply-")):
                status, log = gitlab(job, fleet.directory, **known)
                assert status == 0, log
        assert len(fleet.stored) == stored


# Other runners


def test_the_timer_writes_metrics_of_drift(repository: Path) -> None:
    unit = (ONE_SERVER / "systemd/confsync-drift.service").read_text()
    (script,) = re.findall(r"^ExecStart=/usr/local/bin/(.*)$", unit, re.MULTILINE)
    done = shell(script.replace("/var/lib/confsync/", ""), repository, STALWART_TOKEN="API_plan")
    assert done.returncode == 2, done.stdout
    metrics = repository / "confsync.prom"
    assert 'confsync_plan_changes{target="production"' in metrics.read_text()
    done = shell(script.replace("/var/lib/confsync/", ""), repository, STALWART_TOKEN="wrong")
    assert done.returncode == 1, done.stdout
    assert 'confsync_plan_up{target="production",groups=""} 0' in metrics.read_text()


KUBERNETES = EXAMPLES / "fleet/kubernetes"


def test_the_jobs_of_kubernetes_find_drift_and_apply_the_plans_that_were_read(fleet: Fleet) -> None:
    cron, job = loaded(KUBERNETES / "drift.yaml"), loaded(KUBERNETES / "apply.yaml")
    (drift,) = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    (apply,) = job["spec"]["template"]["spec"]["containers"]
    assert fleet.run(shlex.join(drift["command"]))[0] == 2
    readme = (EXAMPLES / "fleet/README.md").read_text()
    (save,) = re.findall(r"^ +(mkdir plans\n(?:.*\n)*?) +done$", readme, re.MULTILINE)
    others = re.findall(r"`(--group production.*?)`", readme.partition("## Kubernetes")[2])
    (mount,) = apply["volumeMounts"]
    script = apply["command"][-1].replace(mount["mountPath"], "plans")
    first = "--group staging --group testing"
    waves = [fleet.run(f"confsync targets --output names {wave}")[1] for wave in (first, *others)]
    assert [len(re.findall(r"^\w+-\w+-\d+$", names, re.MULTILINE)) for names in waves] == [
        16,
        3,
        21,
    ]
    # The smallest wave, in which some parts have no server.
    status, log = fleet.run(f"{save}done".replace(first, others[0]))
    assert status == 0, log
    for index in range(job["spec"]["completions"]):
        status, log = fleet.run(script, JOB_COMPLETION_INDEX=str(index))
        assert status == 0, log
    assert fleet.stored == [f"production-{region}-01" for region in ("eu", "us", "ap")]
    assert {one["secretRef"]["name"] for one in (drift["envFrom"][0], apply["envFrom"][0])} == {
        *("confsync-plan-keys", "confsync-apply-keys"),
    }


def test_a_part_of_a_wave_whose_server_has_changed_is_refused(fleet: Fleet) -> None:
    job = loaded(KUBERNETES / "apply.yaml")
    script = job["spec"]["template"]["spec"]["containers"][0]["command"][-1]
    status, log = fleet.run("confsync plan --target production-eu-01 --out 1.plan")
    assert status == 0, log
    server = fleet.servers["production-eu-01"]
    server.stored = {"@type": "Redis", "url": "redis://elsewhere"}
    assert fleet.run(script.replace("/plans/", ""), JOB_COMPLETION_INDEX="0")[0] == 3
    assert fleet.stored == []


def test_the_units_are_those_of_systemd(tmp_path: Path) -> None:
    units = shutil.copytree(ONE_SERVER / "systemd", tmp_path / "systemd")
    change(units, "/usr/local/bin", str(Path(sys.executable).parent), "confsync-drift.service")
    linter("systemd-analyze", "verify", *map(str, units.iterdir()))


def test_the_secrets_of_kubernetes_have_the_names_and_keys_of_the_readme(tmp_path: Path) -> None:
    (tmp_path / "plan.env").write_text("STALWART_TOKEN_PRODUCTION_EU_01=API_x\n")
    (tmp_path / "apply.env").write_text("REDIS_PASSWORD=a long $canary's\n")
    readme = (EXAMPLES / "fleet/README.md").read_text()
    made = re.findall(r"kubectl create (?:secret|configmap) [^\\\n]*", readme)
    names: dict[str, dict[str, str]] = {}
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans/1.plan").write_text("{}")
    for command in made:
        if shutil.which("kubectl") is None:
            pytest.skip("kubectl is not installed")
        one = json.loads(shell(f"{command} --dry-run=client --output json", tmp_path).stdout)
        names[one["metadata"]["name"]] = one["data"]
    known = "".join(file.read_text() for file in KUBERNETES.iterdir())
    assert {*names} == set(re.findall(r"(?:Ref|configMap): {name: (.*)}", known))
    assert names["confsync-hosts"] == {"CONFSYNC_HOSTS": ".example.com"}
    assert b64decode(names["confsync-apply-keys"]["REDIS_PASSWORD"]) == b"a long $canary's"


# The action


def test_the_action_installs_its_own_commit_or_a_version(tmp_path: Path) -> None:
    *_, step = loaded(ROOT / "action.yml")["runs"]["steps"]
    script = step["run"].replace("pip install", "echo")
    for version, installed in (("", "/actions/confsync"), ("1.2.3", "confsync==1.2.3")):
        done = shell(script, tmp_path, VERSION=version, HERE="/actions/confsync")
        assert done.stdout == f"{installed}\n"


# Linters


GITHUB = [*map(str, WORKFLOWS), str(ROOT / "action.yml")]


def linter(*words: str) -> None:
    if shutil.which(words[0], path=f"{Path(sys.executable).parent}:{os.environ['PATH']}") is None:
        pytest.skip(f"{words[0]} is not installed")
    done = shell(shlex.join(words), ROOT)
    assert done.returncode == 0, done.stdout


def test_zizmor_finds_nothing() -> None:
    linter("zizmor", "--offline", *GITHUB)


def test_actionlint_finds_nothing() -> None:
    linter("actionlint", *map(str, WORKFLOWS))


def test_the_pipelines_have_the_schemas_of_their_runners(tmp_path: Path) -> None:
    check = ("check-jsonschema", "--builtin-schema")
    linter(*check, "vendor.github-workflows", *map(str, WORKFLOWS))
    linter(*check, "vendor.github-actions", str(ROOT / "action.yml"))
    pipelines = [str(path) for path in EXAMPLES.glob("*/.gitlab-ci.yml")]
    assert len(pipelines) == 2
    for number, jobs in enumerate([*included("one-server"), *included("fleet")]):
        (tmp_path / f"{number}.json").write_text(json.dumps(jobs))
        pipelines.append(str(tmp_path / f"{number}.json"))
    linter(*check, "vendor.gitlab-ci", "--data-transform", "gitlab-ci", *pipelines)


def test_the_manifests_have_the_schemas_of_kubernetes() -> None:
    linter("kubernetes-validate", "--strict", *map(str, KUBERNETES.iterdir()))


# The fleet


def keys(fleet: Fleet) -> dict[str, str]:
    """The secrets of the fleet's workflow: lines of variables."""
    passwords = [f"REDIS_PASSWORD{of}='a long canary'" for of in ("", "_STAGING", "_PRODUCTION")]
    tokens = [f"{name}={token}" for name, token in fleet.tokens.items()]
    return {"PLAN_KEYS": "\n".join(tokens), "APPLY_KEYS": "\n".join([*tokens, *passwords])}


def test_a_pull_request_of_a_fleet_shows_the_servers_that_it_changes(fleet: Fleet) -> None:
    hub = GitHub(fleet.directory, keys(fleet))
    change(fleet.directory, "8s", "9s", "stores/ap.yaml")
    commit(fleet.directory)
    assert hub.run("validate", **PULL_REQUEST).status == 0
    reviewed = hub.run("review", **PULL_REQUEST)
    assert reviewed.status == 0, reviewed.log
    (comment,) = hub.comments
    assert "11 of 40 targets" in comment
    assert "Digest of the run" in comment


def test_a_fleet_s_change_is_compared_with_the_review(fleet: Fleet) -> None:
    hub = GitHub(fleet.directory, keys(fleet))
    push = {"github_event_name": "push", "github_event_before": "HEAD^1"}
    change(fleet.directory, "8s", "9s", "stores/ap.yaml")
    commit(fleet.directory)
    assert hub.run("review", **PULL_REQUEST).status == 0
    hub.state["pulls"] = [PULL]
    planned = hub.run("plan", **push)
    assert planned.status == 0, planned.log
    assert "**As reviewed** on the servers that pull request #1 changes." in planned.summary
    fleet.servers["production-ap-01"].stored = {"@type": "Redis", "url": "redis://elsewhere"}
    planned = hub.run("plan", **push)
    assert "> Not as reviewed: no pull request shows these plans." in planned.summary
    (fleet.directory / "change.json").unlink()
    first = hub.run("plan", **push | {"github_event_before": "0" * 40})
    assert (first.status, len({*first.outputs.values()} - {""})) == (0, 3), first.log
    assert "> Not as reviewed: no pull request shows these plans." in first.summary
    assert "::warning title=confsync::Not as reviewed" in planned.log
    assert "**As reviewed**" not in planned.summary


def test_a_merge_that_changes_no_server_is_not_compared_with_a_review(fleet: Fleet) -> None:
    hub = GitHub(fleet.directory, keys(fleet))
    commit(fleet.directory)
    planned = hub.run("plan", github_event_name="push", github_event_before="HEAD^1")
    assert planned.status == 0, planned.log
    assert "This push changes no server" in planned.summary
    assert "s reviewed" not in planned.summary + planned.log


def test_the_waves_of_a_fleet_reach_every_server_once_as_reviewed(fleet: Fleet) -> None:
    hub = GitHub(fleet.directory, keys(fleet))
    planned = hub.run("plan", github_event_name="workflow_dispatch")
    assert planned.status == 0, planned.log
    digests = {f"needs_plan_outputs_{wave}": digest for wave, digest in planned.outputs.items()}
    assert len({*digests.values()} - {""}) == 3
    stored: list[int] = []
    for wave in WAVES:
        applied = hub.run(wave, **digests)
        assert applied.status == 0, applied.log
        stored.append(len(fleet.stored))
    assert stored == [16, 19, 40]


def test_the_drift_of_a_fleet_opens_an_issue_that_tells_it_from_a_waiting_commit(
    fleet: Fleet,
) -> None:
    hub = GitHub(fleet.directory, keys(fleet))
    assert fleet.run("confsync apply --all --yes")[0] == 0
    hub.state["applied"] = git(fleet.directory, "rev-parse", "HEAD").strip()
    assert hub.run("drift").status == 0
    change(fleet.directory, "8s", "9s", "stores/ap.yaml")
    commit(fleet.directory)
    waiting = hub.run("drift")
    assert (waiting.status, hub.state["issue"]) == (0, ""), waiting.log
    assert "[from files]" in waiting.summary
    assert "[drift]" not in waiting.summary
    server = fleet.servers["production-eu-01"]
    server.stored = server.stored | {"poolMaxConnections": 99}
    hub.state["night"] = "failure"
    assert hub.run("drift").status == 1
    assert "[drift]" in hub.state["issue"]


def test_a_wave_is_refused_if_one_of_its_servers_has_changed(fleet: Fleet) -> None:
    hub = GitHub(fleet.directory, keys(fleet))
    digests = hub.run("plan", github_event_name="workflow_dispatch").outputs
    fleet.servers["production-us-01"].stored = {"@type": "Redis", "url": "redis://elsewhere"}
    known = {f"needs_plan_outputs_{wave}": digest for wave, digest in digests.items()}
    assert hub.run("canary", **known).status == 3
    assert fleet.stored == []
    assert hub.run("staging", **known).status == 0
