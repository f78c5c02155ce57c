"""Every recording of requests and permissions, and a sample of updates, through real HTTP."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

from confsync.sandbox import Server

TESTS = Path(__file__).parent.parent
WIRE = TESTS / "wire"

GET, UPDATE = "sysInMemoryStoreGet", "sysInMemoryStoreUpdate"
KEYS = {
    "API_plan": frozenset({"authenticate", GET}),
    "API_apply": frozenset({"authenticate", GET, UPDATE}),
    "API_set": frozenset({"authenticate", UPDATE}),
    "API_nothing": frozenset({"authenticate"}),
    "API_outside": frozenset({GET}),
}


def replayed(recordings: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({key: sorted(held) for key, held in KEYS.items()}))
    with Server(keys=KEYS) as server:
        script = str(TESTS / "replay.py")
        command = [sys.executable, script, str(recordings), "--url", server.url]
        return subprocess.run(
            [*command, "--keys", str(keys), "-v"],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


def test_every_recorded_request_is_answered_alike(tmp_path: Path) -> None:
    done = replayed(WIRE / "recordings.jsonl", tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == ("agree 196 of 196\n", "", 0)


def test_every_recorded_set_of_permissions_is_answered_alike(tmp_path: Path) -> None:
    done = replayed(WIRE / "permissions.jsonl", tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == ("agree 15 of 15\n", "", 0)


def test_a_sample_of_random_updates_is_answered_alike(tmp_path: Path) -> None:
    lines = gzip.decompress((WIRE / "random-updates.jsonl.gz").read_bytes()).splitlines()
    sample = tmp_path / "sample.jsonl.gz"
    sample.write_bytes(gzip.compress(b"\n".join(lines[::40])))
    done = replayed(sample, tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == ("agree 500 of 500\n", "", 0)


def test_replay_finds_an_answer_that_differs(tmp_path: Path) -> None:
    lines = gzip.decompress((WIRE / "random-updates.jsonl.gz").read_bytes()).splitlines()
    line = json.loads(lines[2])
    line["after"]["poolMaxConnections"] += 1
    changed = tmp_path / "changed.jsonl"
    changed.write_bytes(b"\n".join([lines[0], json.dumps(line).encode(), lines[4]]))
    done = replayed(changed, tmp_path)
    assert done.returncode == 1
    assert done.stdout.endswith("agree 2 of 3\n")
    assert "changed.jsonl:2 good" in done.stdout
