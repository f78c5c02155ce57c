"""Demonstration: bring a drifted server back.

Starts the embedded server on a free port, runs a user's commands and prints their output. Ends with
status 1 if a command has an unexpected exit status.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
CONFSYNC = (sys.executable, "-m", "confsync")
CONFIG = """\
targets:
  production:
    url: {url}
    files: [stores/in-memory.yaml]
"""

# Commands and their expected exit statuses.
STEPS = (
    ("confsync validate", 0),
    ("confsync plan --detailed-exitcode", 2),
    ("confsync apply --yes", 0),
    ("confsync plan --detailed-exitcode", 0),
)


def main() -> int:
    """Run the demonstration. Returns the number of failed steps."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        state = directory / "state.json"
        shutil.copy(HERE / "drifted.json", state)
        shutil.copytree(HERE / "stores", directory / "stores")
        command = (*CONFSYNC, "sandbox", "--state", str(state))
        with subprocess.Popen(  # noqa: S603 - our own program
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as server:
            try:
                url = server.stdout.readline().strip() if server.stdout else ""
                (directory / "confsync.yaml").write_text(CONFIG.format(url=url))
                return sum(_step(line, status, directory) for line, status in STEPS)
            finally:
                server.terminate()


def _step(line: str, status: int, directory: Path) -> bool:
    """Run one command in a directory. Returns True if it failed."""
    environment = os.environ | {
        "STALWART_USER": "admin",
        "STALWART_PASSWORD": "sandbox",
        "REDIS_PASSWORD": "the password of this year",
    }
    print(f"$ {line}", flush=True)  # noqa: T201 - a demonstration prints
    arguments = (*CONFSYNC, *line.split()[1:])
    done = subprocess.run(  # noqa: S603 - our own program
        arguments, cwd=directory, env=environment, stdin=subprocess.DEVNULL, check=False
    )
    wrong = done.returncode != status
    told = f"exit status {done.returncode}"
    print(f"({told}; expected {status})\n" if wrong else f"({told})\n", flush=True)  # noqa: T201 - a demonstration prints
    return wrong


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
