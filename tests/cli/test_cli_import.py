"""`confsync import` as a process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.process import Desk

HTTP = json.dumps({"@type": "update", "object": "Http", "value": {"enableHsts": True}})
STORE = json.dumps(
    {
        "@type": "update",
        "object": "InMemoryStore",
        "value": {"@type": "Redis", "url": "rediss://u:Canary@cache.example.com:6379"},
    }
)
DESTROY = json.dumps({"@type": "destroy", "object": "Domain"})
YAML = """\
Http:
  enableHsts: true
InMemoryStore:
  '@type': Redis
  url:
    address: rediss://cache.example.com:6379
    username: u
    password: {env: FILL_IN_1}
"""
TOTALS = "2 settings objects imported, 1 operation not imported, 1 reference to fill in\n"


def test_a_plan_becomes_store_files_that_are_valid(offline: Desk) -> None:
    file = offline.file("plan.ndjson", f"{DESTROY}\n{HTTP}\n{STORE}\n")
    ran = offline.run("import", file, "--into", "stores", env={"STALWART_TOKEN": None})
    assert ran.status == 0
    assert ran.out == f"stores/http.yaml: new file\nstores/in-memory-store.yaml: new file\n{TOTALS}"
    assert ran.err.startswith(
        "plan.ndjson:1: warning: not imported: destroy of Domain [not-imported]\n  hint: "
    )
    assert offline.run("validate", "stores").status == 0
    assert offline.run("fmt", "--check", "stores").status == 0
    again = offline.run("import", file, "--into", "stores")
    assert (again.status, again.out) == (1, "")
    assert again.err.startswith(
        "error: these files exist: stores/http.yaml and stores/in-memory-store.yaml\nhint: "
    )


def test_one_store_file_or_standard_output(offline: Desk) -> None:
    file = offline.file("plan.ndjson", f"{DESTROY}\n{HTTP}\n{STORE}\n")
    ran = offline.run("import", file)
    assert (ran.status, ran.out) == (0, YAML)
    assert ran.err.endswith(TOTALS)
    ran = offline.run("import", file, "--store", "all.yaml")
    assert (ran.status, ran.out) == (0, f"all.yaml: new file\n{TOTALS}")
    assert (offline.directory / "all.yaml").read_text() == YAML


def test_standard_input(offline: Desk) -> None:
    ran = offline.run("import", "-", given=f"{HTTP}\n".encode())
    assert (ran.status, ran.out) == (0, "Http:\n  enableHsts: true\n")


def test_invalid_lines_are_told_and_nothing_is_written(offline: Desk) -> None:
    file = offline.file("plan.ndjson", f"{HTTP}\nCanary\n")
    ran = offline.run("import", file, "--into", "stores")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("plan.ndjson:2: error: the line is not JSON")
    assert "error: 1 error in the plan\n" in ran.err
    assert not (offline.directory / "stores").exists()


def test_wrong_usage(offline: Desk) -> None:
    file = offline.file("plan.ndjson", HTTP)
    for words, told in (
        ((), "missing FILE"),
        (("missing",), "missing: error: no such file"),
        ((file, "--into", "a", "--store", "b"), "--into and --store cannot be combined"),
        ((file, "--into", file), "--into: not a directory"),
        ((file, "--store", file), "--store would overwrite another file of this run"),
    ):
        ran = offline.run("import", *words)
        assert (ran.status, ran.out) == (1, "")
        assert told in ran.err
