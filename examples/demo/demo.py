"""Show confsync at work: a server that has drifted, and how it is brought back.

Starts the embedded server on a free port, runs the commands that a user would, and prints each
with its real output. Ends with status 1 if any of them does not do what it should.
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
STORE = "stores/in-memory.yaml"

# What a user types, and the exit status that it should have.
STEPS = (
    (f"confsync validate {STORE}", 0),
    (f"confsync plan {STORE} --detailed-exitcode", 2),
    (f"confsync apply {STORE} --yes", 0),
    (f"confsync plan {STORE} --detailed-exitcode", 0),
)


def main() -> int:
    """Run the demonstration; the number of steps that went wrong."""
    with tempfile.TemporaryDirectory() as directory:
        state = Path(directory, "state.json")
        shutil.copy(HERE / "drifted.json", state)
        command = (*CONFSYNC, "sandbox", "--state", str(state))
        with subprocess.Popen(  # noqa: S603 - our own program
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as server:
            try:
                url = server.stdout.readline().strip() if server.stdout else ""
                return sum(_step(line, status, url) for line, status in STEPS)
            finally:
                server.terminate()


def _step(line: str, status: int, url: str) -> bool:
    """Run one command as a user would; whether it went wrong."""
    environment = os.environ | {
        "STALWART_URL": url,
        "STALWART_USER": "admin",
        "STALWART_PASSWORD": "sandbox",
        "REDIS_PASSWORD": "the password of this year",
    }
    print(f"$ {line}", flush=True)  # noqa: T201 - showing is what a demonstration is for
    arguments = (*CONFSYNC, *line.split()[1:])
    done = subprocess.run(  # noqa: S603 - our own program
        arguments, cwd=HERE, env=environment, stdin=subprocess.DEVNULL, check=False
    )
    wrong = done.returncode != status
    told = f"exit status {done.returncode}"
    print(f"({told}; expected {status})\n" if wrong else f"({told})\n", flush=True)  # noqa: T201 - the same
    return wrong


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
