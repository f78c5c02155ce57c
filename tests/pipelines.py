"""Run the scripts of the pipelines in examples/ as their runners do, with a stand-in for `gh`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from tests.repository import git

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EXAMPLES = Path(__file__).parent.parent / "examples"
INSTALL = 'pip install "$CONFSYNC"'
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")

GH = Path(__file__).with_name("gh.py")


def loaded(path: Path) -> Any:  # noqa: ANN401 - a document of another tool
    return YAML(typ="safe").load(path.read_text())


def shell(script: str, directory: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script as a runner does."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],  # noqa: S607 - the runner's own shell
        cwd=directory,
        env={"PATH": path, "CONFSYNC_HOSTS": "127.0.0.1", **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )


@dataclass
class Job:
    """How a job ended, what it wrote to its log and its summary, and the outputs of its steps."""

    status: int = 0
    log: str = ""
    summary: str = ""
    outputs: dict[str, str] = field(default_factory=dict)


class GitHub:
    """A repository whose jobs are run by hand, and what GitHub keeps of it."""

    def __init__(self, directory: Path, secrets: Mapping[str, str]) -> None:
        self.directory, self.secrets = directory, secrets
        self._files = directory.parent
        self.state: dict[str, Any] = {"comments": [], "pulls": [], "applied": "HEAD"}
        self.state |= {"night": "success", "issue": "", "newest": 1}
        gh = self._files / "bin/gh"
        gh.parent.mkdir()
        gh.write_text(f'#!/bin/sh\nexec {sys.executable} {GH} "$@"\n')
        gh.chmod(0o755)
        self.workflow = loaded(directory / ".github/workflows/confsync.yml")

    @property
    def comments(self) -> list[str]:
        """The texts of the pull request's comments."""
        return [one["body"] for one in self.state["comments"]]

    def run(self, name: str, **known: str) -> Job:
        """Run the scripts of a job. `known`: other expressions of the workflow, with `_` for `.`"""
        job, ended = self.workflow["jobs"][name], Job()
        known = {"github_event_number": "1", "github_token": "t", **known}
        for step in job["steps"]:
            if step.get("run", INSTALL) == INSTALL or not self._wanted(step, known, ended):
                continue
            written = {**job.get("env", {}), **step.get("env", {})}
            known["job_status"] = "failure" if ended.status else "success"
            self._step(
                step, {key: self._value(text, known) for key, text in written.items()}, ended
            )
            for key, value in self._outputs().items():
                known[f"steps_{step.get('id')}_outputs_{key}"] = value
        ended.outputs = {
            key: self._value(text, known) for key, text in job.get("outputs", {}).items()
        }
        return ended

    def _step(self, step: Mapping[str, str], variables: Mapping[str, str], ended: Job) -> None:
        summary, output = self._files / "summary", self._files / "output"
        summary.write_text("")
        output.write_text("")
        (self._files / "gh.json").write_text(json.dumps(self.state))
        done = shell(
            step["run"],
            self.directory,
            **{
                **variables,
                "PATH": f"{self._files / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
                "GITHUB_ACTIONS": "true",
                "GITHUB_REPOSITORY": "mail/config",
                "GITHUB_WORKFLOW": "confsync",
                "GITHUB_SHA": "a" * 40,
                "GITHUB_RUN_ID": "1",
                "GH_STATE": str(self._files / "gh.json"),
                "GITHUB_STEP_SUMMARY": str(summary),
                "GITHUB_OUTPUT": str(output),
            },
        )
        self.state = json.loads((self._files / "gh.json").read_text())
        ended.status = ended.status or done.returncode
        ended.log += done.stdout
        ended.summary += summary.read_text()

    def _outputs(self) -> dict[str, str]:
        lines = (self._files / "output").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def _wanted(self, step: Mapping[str, str], known: Mapping[str, str], ended: Job) -> bool:
        condition = step.get("if", "success()")
        for event in re.findall(r"event_name == '(\w+)'", condition):
            if known.get("github_event_name") != event:
                return False
        asked = re.findall(r"(steps[.\w]+) (==|!=) '(\w+)'", condition)
        for name, sign, value in asked:
            if (known.get(name.replace(".", "_")) == value) != (sign == "=="):
                return False
        if "hashFiles" in condition and not (self.directory / "plan.md").exists():
            return False
        return "!cancelled()" in condition or not ended.status

    def _value(self, text: str, known: Mapping[str, str]) -> str:
        """The value of a variable: an expression is a name, or the first of several that is set."""
        (expression,) = EXPRESSION.findall(text)
        for name in expression.split(" || "):
            where, _, rest = name.partition(".")
            found = self.secrets[rest] if where == "secrets" else known.get(name.replace(".", "_"))
            if found := "127.0.0.1" if name == "vars.CONFSYNC_HOSTS" else found:
                return found
        return ""


def component(inputs: Mapping[str, str]) -> Any:  # noqa: ANN401 - a document of GitLab
    """The jobs of the component for GitLab, with inputs."""
    spec, jobs = (EXAMPLES.parent / "templates/deploy.yml").read_text().split("\n---\n")
    known = YAML(typ="safe").load(spec)["spec"]["inputs"]
    assert YAML(typ="safe").load(jobs), "not YAML before the inputs are filled in"
    assert {*inputs} <= {*known}
    for name, about in known.items():
        jobs = jobs.replace(f"$[[ inputs.{name} ]]", inputs.get(name) or about["default"])
    assert "$[[" not in jobs
    return YAML(typ="safe").load(jobs)


def gitlab(job: Mapping[str, Any], directory: Path, **variables: str) -> tuple[int, str]:
    """Run the script of a job. Returns its status and its log."""
    commit = git(directory, "rev-parse", "HEAD").strip()
    given = {"CI": "true", "GITLAB_CI": "true", "CI_JOB_ID": "1", "CI_COMMIT_SHA": commit}
    given["CI_DEFAULT_BRANCH"] = "main"
    done = shell("\n".join(job["script"]), directory, **(given | variables))
    return done.returncode, done.stdout


def scripts(node: Any, within: str = "") -> Iterator[str]:  # noqa: ANN401 - a document of a runner
    """The shell scripts of a document: of `run`, of `script`, and of a `command` with a shell."""
    match node:
        case dict():
            for key, value in node.items():
                yield from scripts(value, key)
        case ["sh", "-c", str(script)]:
            yield script
        case list():
            for item in node:
                yield from scripts(item, within)
        case str() if within in {"run", "script"}:
            yield node
