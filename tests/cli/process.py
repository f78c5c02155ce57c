"""The command line as a process: a working directory, a clean environment, and what came back.

Every run is searched for the secrets that these tests plant: each of them holds the word `Canary`.
"""

from __future__ import annotations

import atexit
import base64
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import confsync
from confsync.report import SCHEMAS
from tests.fork import Fork, Job
from tests.reported import check_report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PLAN_KEY = "API_Canary-key-that-may-plan"
APPLY_KEY = "API_Canary-key-that-may-apply"
NO_KEY = "API_Canary-key-that-may-nothing"
ENV_SECRET = "Canary-of-the-environment"
FILE_SECRET = "Canary-of-a-file"
LIVE_SECRET = "Canary-stored-on-the-server"
LIVE_URL_SECRET = "Canary-in-a-live-url"
WRONG_PASSWORD = "Canary-that-is-wrong"

KEYS: Mapping[str, frozenset[str]] = {
    PLAN_KEY: frozenset({"authenticate", "sysInMemoryStoreGet"}),
    APPLY_KEY: frozenset({"authenticate", "sysInMemoryStoreGet", "sysInMemoryStoreUpdate"}),
    NO_KEY: frozenset({"sysInMemoryStoreGet"}),
}
LIVE: Mapping[str, object] = {
    "@type": "RedisCluster",
    "urls": {f"redis://stalwart:{LIVE_URL_SECRET}@old.example.com:6379": True},
    "authSecret": {"@type": "Value", "secret": LIVE_SECRET},
}
"""What the server has before a test: secrets in both of their places."""

STORE = """\
InMemoryStore:
  '@type': RedisCluster
  urls:
    - rediss://cache-1.example.com:6379
  authSecret:
    '@type': Value
    secret: {env: REDIS_PASSWORD}
  poolMaxConnections: 32
  authUsername: stalwart
"""
"""A desired state that differs from `LIVE`, with a secret from the environment."""

CONFSYNC = (sys.executable, "-W", "error", "-m", "confsync")
ENVIRONMENT: Mapping[str, str] = {
    "PATH": os.environ.get("PATH", ""),
    "LANG": "C.UTF-8",
    "STALWART_TOKEN": APPLY_KEY,
    "REDIS_PASSWORD": ENV_SECRET,
    # What fails is told at once; the tests of retries say how many they want.
    "CONFSYNC_RETRIES": "0",
}
PATIENCE = 120
"""Seconds after which a run counts as hanging."""


@dataclass(frozen=True)
class Ran:
    """How a run ended, and what it wrote."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Desk:
    """Where the command line runs: a directory, an environment, and the server it is told of."""

    directory: Path
    url: str = ""
    environment: Mapping[str, str] = field(default_factory=lambda: ENVIRONMENT)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def file(self, name: str, text: str = STORE) -> str:
        """Write a file and return its name."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return name

    def variables(self, changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
        """The environment, with some variables set and others (None) taken away."""
        named = {"STALWART_URL": self.url} if self.url else {}
        changed = {**self.environment, **named, **(changes or {})}
        return {name: value for name, value in changed.items() if value is not None}

    def run(
        self,
        *arguments: str,
        env: Mapping[str, str | None] | None = None,
        command: Sequence[str] | None = None,
        given: bytes | None = None,
        encoding: str = "utf-8",
    ) -> Ran:
        """Run `confsync` to its end: standard input is /dev/null, or holds the bytes given.

        Without a command, and where starting Python makes no difference, the run is a fork of a
        loaded confsync.
        """
        variables = self.variables(env)
        if command is None and given is None and _starts_plainly(variables):
            run = forking().run(Job(arguments, str(self.directory), variables))
            return _checked_report(arguments, checked(run.status, run.out, run.err, encoding))
        done = subprocess.run(
            [*(command or CONFSYNC), *arguments],
            cwd=self.directory,
            env=variables,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
            stdin=subprocess.DEVNULL if given is None else None,
            input=given,
        )
        ran = checked(done.returncode, done.stdout, done.stderr, encoding)
        return _checked_report(arguments, ran)

    def start(
        self,
        *arguments: str,
        env: Mapping[str, str | None] | None = None,
        command: Sequence[str] = CONFSYNC,
    ) -> subprocess.Popen[bytes]:
        """Start `confsync`; its output goes to pipes, which `ended` reads."""
        process = subprocess.Popen(
            [*command, *arguments],
            cwd=self.directory,
            env=self.variables(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.started.append(process)
        return process

    def close(self) -> None:
        """End what a failed test left running."""
        for process in self.started:
            process.kill()
            process.communicate()


def _starts_plainly(variables: Mapping[str, str]) -> bool:
    """Whether Python starts with these variables as it starts with those of `ENVIRONMENT`."""
    special = [name for name in variables if name.startswith(("PYTHON", "LC_", "COVERAGE"))]
    return not special and variables.get("LANG") == ENVIRONMENT["LANG"]


@cache
def forking() -> Fork:
    """A confsync that forks until the tests end."""
    started = Fork(Path(confsync.__file__).parent.parent)
    atexit.register(started.__exit__)
    return started


def ended(process: subprocess.Popen[bytes]) -> Ran:
    """Wait for a started process and take what it wrote."""
    out, err = process.communicate(timeout=PATIENCE)
    return checked(process.returncode, out, err)


def checked(status: int, out: bytes, err: bytes, encoding: str = "utf-8") -> Ran:
    """What a run wrote, after the promises that hold for each: no secret, no traceback."""
    for stream in (out, err):
        assert not leaks(stream), "a planted secret was shown"
        assert b"Traceback" not in stream, stream.decode("utf-8", "replace")
        assert b"internal error in confsync" not in stream, stream.decode("utf-8", "replace")
    return Ran(status, out.decode(encoding), err.decode(encoding))


def _checked_report(arguments: Sequence[str], ran: Ran) -> Ran:
    """A run whose JSON report, if it wrote one, is what its schema says."""
    if ran.out.startswith('{\n  "format_version"'):
        document, words = json.loads(ran.out), {*arguments, "-".join(arguments[:2])}
        name = next((name for name in SCHEMAS if name in words), "")
        if "summary" in document and name in {"", "show"}:
            name = "apply" if "outcomes" in document["summary"] else "plan"
        check_report(name, document)
    return ran


def leaks(written: bytes) -> bool:
    """Whether planted secrets can be read in what was written: in clear, or in Basic's base64."""
    coded = (base64.b64encode(f"admin:{secret}".encode()) for secret in ("sandbox", WRONG_PASSWORD))
    return b"canary" in written.lower() or any(secret in written for secret in coded)


CHANGING = re.compile(r'("generated_at"|"seconds"): ("[^"]*"|null|[0-9.]+)')


def timeless(report: str) -> str:
    """A JSON report without its time, and without the times that reading took."""
    return CHANGING.sub(r"\1", report)
